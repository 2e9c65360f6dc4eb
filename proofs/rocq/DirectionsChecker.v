(* Certificates that bound a dual norm by directions of the outputs: what those of the kinds regions,
   phases and cells share. DirectionsSound.v proves it sound. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PartitionChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Record direction (T : Type) := Direction {
  ray : row;            (* integers *)
  height : Z;           (* its bound h, over the unit of heights *)
  shown_by : T;
}.

(* Of a cone of outputs the directions that its rays are, and V of Theorem 18. *)
Record output_cone := OutputCone {
  members : seq nat;
  vector_unit : Z;
  vector : row;
}.

Record directions_proof (T : Type) := DirectionsProof {
  ball : option (row * Z);  (* center and radius, over the unit of X *)
  heights_unit : Z;
  directions : seq (direction T);
  output_cones : signs output_cone;
}.

Definition identity (c : nat) : rows :=
  mkseq (fun i => mkseq (fun j => if eqn i j then 1%Z else Z0) c) c.

(* kappa bounds |V| on a cone of outputs whose rays are directions (Theorem 18). *)
Definition output_cone_accepted (T : Type) (c : nat) (kp kq uh : Z) (given : seq (direction T))
    (rays : rows) (cone : output_cone) : bool :=
  let: OutputCone chosen uV V := cone in
  [&& positive uV, Z.leb (Z.mul (dot V V) (Z.mul kq kq)) (Z.mul (Z.mul kp uV) (Z.mul kp uV)),
      eqn (size V - c) 0 &
      all (fun j =>
        let place := nth 0 chosen j in
        let ray := nth [::] rays j in
        if drop place given is Direction w h _ :: _ then
          [&& eqn (size w) (size ray), all (fun e => Z.eqb e.1 e.2) (zip w ray) &
              Z.leb (Z.mul h uV) (Z.mul (dot ray V) uh)]
        else false) (iota 0 c)].

(* kappa bounds the dual norm of Z if the directions are proved. *)
Definition directions_cover (T : Type) (c : nat) (point : dual_point) (given : directions_proof T) :
    bool :=
  let: DualPoint uX _ _ uZ _ kp kq := point in
  all positive [:: uX; uZ; kp; kq; heights_unit given] &&
  signs_accepted c (output_cone_accepted c kp kq (heights_unit given) (directions given)) [::]
    (identity c) (output_cones given).

(* At a split of a point the region in which it is inactive, and that in which it is active. *)
Inductive regions (T : Type) :=
| Region of T
| Regions of nat & regions T & regions T.

(* Of n points the signs, which are 0 where they are not fixed; and what a leaf has to be. *)
Fixpoint regions_accepted (T : Type) (n : nat) (accepted : row -> T -> bool) (signs : row)
    (tree : regions T) : bool :=
  match tree with
  | Region leaf => accepted signs leaf
  | Regions i one other =>
      [&& eqn (i.+1 - n) 0, regions_accepted n accepted (set_nth Z0 signs i (-1)%Z) one &
          regions_accepted n accepted (set_nth Z0 signs i 1%Z) other]
  end.

(* The points from the center of the ball, with the radius beside u. *)
Definition in_ball (center : row) (radius : Z) (X : rows) : rows :=
  [seq radius :: plus_row x (map Z.opp center) | x <- X].

Definition check_ball (n d : nat) (center : row) (radius : Z) (X : rows) : bool :=
  [&& eqn (size center - d) 0, Z.leb 0 radius &
      all (fun x => let y := behead x in Z.leb (dot y y) (Z.mul radius radius))
        (in_ball center radius X)].

(* The verdict from a check of the dual norm for X in integers with n rows of d numbers; or with a
   number beside u, for all values of it that are not above |u|. *)
Definition verdict_beside (check_dual_norm : bool -> nat -> nat -> nat -> rows -> bool)
    (ball : option (row * Z)) (statement : claim) (point : dual_point) : bool :=
  if ball is Some (center, radius) then
    verdict (fun hidden n d c X =>
      [&& is_free hidden, check_ball n d center radius X &
          check_dual_norm true n d c (in_ball center radius X)])
      (kappa_p point, kappa_q point) statement point
  else
    verdict_with_column (fun n d c X => check_dual_norm false n d c X) statement point.
