(* An executable checker for certificates of kind cuts, as PsdChecker.v is for kind psd.
   CutsCheckerSound.v proves that what it accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PsdChecker PartitionChecker DirectionsChecker RegionsChecker.
From Certnn Require Import Elimination.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* The sum of nonnegative multiples of all a and b, less the a of a point. *)
Record slack := Slack {
  target : nat;
  multiples_a : row;
  multiples_b : row;
}.

(* y f_r f_s; the a of all points come first, their b, and then the slacks. *)
Record term := Term {
  first_form : nat;
  second_form : nat;
  multiple : Z;
}.

(* A form in the a and then the b of some points; and for each choice of a or b at every point a
   matrix, of which only what is above the diagonal counts. *)
Record point_set := PointSet {
  set_points : seq nat;
  set_form : rows;
  set_parts : seq rows;
}.

Record cuts_proof := CutsProof {
  slacks_unit : Z;
  slacks : seq slack;
  terms_unit : Z;       (* of the multipliers, and of forms and parts of the sets *)
  multiplied : seq term;
  sets : seq point_set;
  cuts_form_proof : semidefinite_proof;
}.

(* A form of a and u over the units of slacks and of X; it is at least - defect |u|, and its size at
   most extent |u|. *)
Record form := Form {
  coefficients : row;
  defect : Z;
  extent : Z;
}.

Definition length_1 (x : row) : Z := foldr Z.add Z0 (map Z.abs x).

(* The choices of a or b, which is k after a, at each of these points. *)
Fixpoint choices (k : nat) (rest : seq nat) : seq (seq nat) :=
  if rest is i :: rest' then
    let others := choices k rest' in map (cons i) others ++ map (cons (k + i)) others
  else [:: [::]].

Fixpoint paired S T (fits : S -> T -> bool) (x : seq S) (y : seq T) : bool :=
  match x, y with
  | [::], [::] => true
  | a :: x', b :: y' => fits a b && paired fits x' y'
  | _, _ => false
  end.

(* Twice the form on a choice, less the part. *)
Definition chosen_form (k : nat) (P : rows) (choice : seq nat) (part : rows) : rows :=
  let both A i j := Z.add (entry A i j) (entry A j i) in
  mkseq (fun i => mkseq (fun j =>
    Z.sub (both P (nth 0 choice i) (nth 0 choice j)) (both part i j)) k) k.

Definition set_accepted (n : nat) (given : point_set) : bool :=
  let: PointSet points P parts := given in
  let k := size points in
  all (fun i => eqn (i.+1 - n) 0) points &&
  paired (fun choice part =>
    nonnegative part && eliminated k 1 (chosen_form k P choice part)) (choices k (iota 0 k)) parts.

Definition set_terms (n : nat) (given : point_set) : seq term :=
  let: PointSet points P _ := given in
  let forms := points ++ map (addn n) points in
  let places := iota 0 (size forms) in
  [seq Term (nth 0 forms r) (nth 0 forms s) (entry P r s) | r <- places, s <- places].

(* Adds a row to one of these. *)
Fixpoint added_at (place : nat) (x : row) (A : rows) : rows :=
  match place, A with
  | 0, y :: A' => plus_row x y :: A'
  | 0, [::] => [:: x]
  | place'.+1, y :: A' => y :: added_at place' x A'
  | place'.+1, [::] => [::] :: added_at place' x [::]
  end.

Section Forms.

Variables (n d : nat) (X : rows) (uX uT : Z).
(* X^T *)
Variable columns : rows.

Definition at_place (i : nat) (a : Z) : row := ncons i Z0 [:: a].
Definition combined (w : row) : row := [seq dot w column | column <- columns].

Definition form_a (i : nat) : form :=
  Form (at_place i (Z.mul uT uX)) Z0 (Z.mul uT (length_1 (nth [::] X i))).

Definition form_b (i : nat) : form :=
  Form (plus_row (at_place i (Z.mul uT uX))
      (ncons n Z0 (map (Z.mul (Z.opp uT)) (nth [::] X i))))
    Z0 (Z.mul uT (length_1 (nth [::] X i))).

Definition form_of (given : slack) : form :=
  let: Slack i p q := given in
  let x := nth [::] X i in
  let of_b := combined q in
  let of_a := plus_row (plus_row p q) (at_place i (Z.opp uT)) in
  let left := plus_row (map (Z.mul uT) x) (plus_row (map Z.opp (combined p)) of_b) in
  Form (plus_row (map (Z.mul uX) of_a) (ncons n Z0 (map Z.opp of_b)))
    (length_1 left) (Z.add (Z.mul uT (length_1 x)) (dot (plus_row p q) (map length_1 X))).

Definition slack_fits (given : slack) : bool :=
  let: Slack i p q := given in
  [&& eqn (i.+1 - n) 0, eqn (size p - n) 0 && all (Z.leb 0) p &
      eqn (size q - n) 0 && all (Z.leb 0) q].

Definition forms_of (given : seq slack) : seq form :=
  mkseq form_a n ++ mkseq form_b n ++ map form_of given.

End Forms.

Definition no_form : form := Form [::] Z0 Z0.

(* Only the products of a and b of the same point may have any multiplier. *)
Definition term_fits (n count : nat) (one : term) : bool :=
  let: Term r s y := one in
  [&& eqn (r.+1 - count) 0, eqn (s.+1 - count) 0 &
      Z.leb 0 y || (eqn (r.+1 - n) 0 && eqn s (n + r))].

(* What a product may be below zero, as a multiple of |u|^2. *)
Definition lost_by (forms : seq form) (one : term) : Z :=
  let: Term r s y := one in
  let: Form _ rho G := nth no_form forms r in
  let: Form _ rho' G' := nth no_form forms s in
  Z.mul y (Z.add (Z.mul rho G') (Z.add (Z.mul rho' G) (Z.mul rho rho'))).

(* For each form the sum of those that it is multiplied with. *)
Definition partners (forms : seq form) (terms : seq term) : rows :=
  foldl (fun A one =>
    let: Term r s y := one in
    added_at r (map (Z.mul y) (coefficients (nth no_form forms s))) A) [::] terms.

(* Twice q of Theorem 31, right as far as the diagonal, from the units' quotients. *)
Definition lower_cuts_form (n d c : nat) (Z' : rows) (kappa lost : Z) (W : rows)
    (of_W of_dual of_kappa : Z) : rows :=
  let k := Z.mul of_kappa kappa in
  let ku := Z.sub k (Z.mul 2 (Z.mul of_W lost)) in
  plus (diagonal_of (nseq n Z0 ++ nseq d ku))
    (scaled (Z.opp of_W) (plus W (transposed (n + d) W))) ++
  beside (scaled (Z.opp of_dual) (transposed c Z')) (beside (nseq c (nseq d Z0)) (diagonal c k)).

(* kappa bounds the dual norm of Z: for X in integers with n rows of d numbers. *)
Definition check_cuts (n d c : nat) (X : rows) (point : dual_point) (witness : cuts_proof) : bool :=
  let: DualPoint uX _ _ uZ Z' kp kq := point in
  let: CutsProof uT slacks uY products sets proof := witness in
  let uF := Z.mul uT uX in
  let uW := Z.mul uY (Z.mul uF uF) in
  let unit := Z.max uW (Z.max uZ kq) in
  let forms := forms_of n X uX uT (transposed d X) slacks in
  let lost := foldl (fun sum one => Z.add sum (lost_by forms one)) Z0 products in
  let terms := products ++ flatten (map (set_terms n) sets) in
  let W := crossed (n + d) (map coefficients forms) (partners forms terms) in
  [&& within n d X && full n c Z', all positive [:: uX; uT; uY; uZ; kq],
      [&& all (slack_fits n) slacks, all (term_fits n (size forms)) products &
          all (set_accepted n) sets],
      [&& divides uW unit, divides uZ unit & divides kq unit] &
      semidefinite (n + d + c) unit
        (lower_cuts_form n d c Z' kp lost W (Z.div unit uW) (Z.div unit uZ) (Z.div unit kq))
        proof].

Definition check_by_cuts (statement : claim) (point : dual_point) (witness : cuts_proof) : bool :=
  verdict_with_column (fun n d c X => check_cuts n d c X point witness) statement point.
