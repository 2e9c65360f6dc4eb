(* An executable checker for certificates of kind partition, as PsdChecker.v is for kind psd.
   PartitionCheckerSound.v proves that what it accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* The splits of one cone: at a leaf its witness; at a split of rays i and j the integers p and q
   of the mediant, the cone in which it replaces ray j, and that in which it replaces ray i. *)
Inductive splits (T : Type) :=
| Leaf of T
| Split of nat & nat & Z & Z & splits T & splits T.

(* For every vector of a basis the cones with it, and those with its negative. *)
Inductive signs (T : Type) :=
| Cone of splits T
| Signs of signs T & signs T.

Record partition_proof := PartitionProof {
  basis_unit : Z;
  basis : rows;         (* one ray in each row, integers over the unit *)
  inverse_unit : Z;
  inverse : rows;       (* basis inverse^T is the unit matrix *)
  cones : signs row;
}.

(* Whether all leaves are accepted; the rays are rows, and there are k in each cone. *)
Section Cones.

Variables (k : nat) (T : Type) (accepted : rows -> T -> bool).

Fixpoint splits_accepted (rays : rows) (tree : splits T) : bool :=
  match tree with
  | Leaf w => accepted rays w
  | Split i j p q one other =>
      let mediant :=
        plus_row (map (Z.mul p) (nth [::] rays i)) (map (Z.mul q) (nth [::] rays j)) in
      [&& ~~ eqn i j, eqn (i.+1 - k) 0, eqn (j.+1 - k) 0, positive p, positive q,
          splits_accepted (set_nth [::] rays j mediant) one &
          splits_accepted (set_nth [::] rays i mediant) other]
  end.

Fixpoint signs_accepted (chosen rest : rows) (tree : signs T) : bool :=
  match rest, tree with
  | [::], Cone tree' => splits_accepted chosen tree'
  | b :: rest', Signs plus minus =>
      signs_accepted (rcons chosen b) rest' plus &&
      signs_accepted (rcons chosen (map Z.opp b)) rest' minus
  | _, _ => false
  end.

End Cones.

Definition positive_row : row -> row := map (Z.max Z0).
Definition negative_row (x : row) : row := positive_row (map Z.opp x).
Definition positive_part : rows -> rows := map positive_row.
Definition negative_part : rows -> rows := map negative_row.

(* A^T B, for matrices with k columns *)
Definition crossed (k : nat) (A B : rows) : rows := products (transposed k A) (transposed k B).

Section Leaf.

Variables (d c k : nat) (X Z' : rows).
(* 2 (kappa g / basis_unit)^2 and 1, over a common denominator; see leaf_form. *)
Variables (of_norm of_image : Z).

(* Q of Theorem 15 times a positive number; the rays are rows. *)
Definition leaf_form (rays : rows) (w : row) : rows :=
  let H := products X rays in
  let A := positive_part H in
  let E := [seq if Z.leb (dot h w) Z0 then positive_row h else negative_row h | h <- H] in
  let image (weights values : rows) := products (transposed c weights) (transposed k values) in
  let G := image Z' A in
  let P := image (positive_part Z') E in
  let N := image (negative_part Z') E in
  let twice := plus (scaled 2 G) (plus (scaled (-1) P) N) in
  let s := negative_part (products Z' (transposed k twice)) in
  let cross := crossed k in
  plus (scaled of_norm (products rays rays))
    (scaled (Z.opp of_image)
      (plus (scaled 2 (cross G G))
        (plus (plus (cross P N) (cross N P)) (plus (cross E s) (cross s E))))).

(* Q' w >= 0 *)
Definition leaf_accepted (rays : rows) (w : row) : bool :=
  let Q := leaf_form rays w in
  [&& eqn (size w) k, all positive w &
      all (fun i =>
        let row := nth [::] Q i in
        let kept := mkseq (fun j => let a := nth Z0 row j in
          if eqn i j then a else Z.min Z0 a) k in
        Z.leb Z0 (dot kept w)) (iota 0 k)].

End Leaf.

(* kappa bounds the dual norm of Z: for X in integers with n rows of d numbers. *)
Definition check_partition (n d c : nat) (X : rows) (point : dual_point)
    (witness : partition_proof) : bool :=
  let: DualPoint uX _ _ uZ Z' kp kq := point in
  let: PartitionProof ub basis ui inverse cones := witness in
  let image_unit := Z.mul uX uZ in
  let norm := Z.mul kp image_unit in
  [&& [&& all positive [:: uX; uZ; kp; kq; ub; ui], within n d X & full n c Z'],
      within d d basis && within d d inverse,
      all (all (Z.eqb Z0))
        (plus (products basis inverse) (diagonal d (Z.opp (Z.mul ub ui)))) &
      signs_accepted d
        (leaf_accepted c d X Z' (Z.mul 2 (Z.mul norm norm)) (Z.mul kq kq)) [::] basis cones].

Definition check_by_partition (statement : claim) (point : dual_point)
    (witness : partition_proof) : bool :=
  verdict_with_column (fun n d c X => check_partition n d c X point witness) statement point.
