(* An executable checker for certificates of kind psd. PsdCheckerSound.v proves that what it accepts
   is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* That a form is positive semidefinite. *)
Record semidefinite_proof := SemidefiniteProof {
  weights_unit : Z;
  weights : row;
  factor_unit : Z;
  factor : rows;        (* L *)
}.

(* The multipliers of a_i a_j, a_i b_j and b_i b_j. *)
Record multipliers := Multipliers {
  pairs_unit : Z;
  pairs_aa : rows;
  pairs_ab : rows;
  pairs_bb : rows;
}.

Fixpoint offdiagonal_nonnegative (before : nat) (A : rows) : bool :=
  if A is x :: A' then
    all (Z.leb 0) (take before x) && all (Z.leb 0) (drop before.+1 x) &&
    offdiagonal_nonnegative before.+1 A'
  else true.

(* unit 2S, row by row, right as far as the diagonal, from the units' quotients. *)
Definition lower_form (n d c : nat) (X Z' Naa Nab Nbb : rows) (kappa : Z)
    (of_aa of_au of_uu of_dual of_kappa : Z) : rows :=
  let N := plus Naa (plus Nab Nbb) in
  let squares := plus Nbb (transposed n Nbb) in
  let columns := transposed d X in
  let aa := scaled (Z.opp of_aa) (plus N (transposed n N)) in
  let ua := scaled of_au (products columns (plus Nab squares)) in
  let uu := scaled (Z.opp of_uu) (products columns (products columns squares)) in
  let va := scaled (Z.opp of_dual) (transposed c Z') in
  let k := Z.mul of_kappa kappa in
  aa ++ beside ua (plus (diagonal d k) uu) ++
  beside va (beside (nseq c (nseq d Z0)) (diagonal c k)).

(* The sum of the rows, each times an entry of x, without those where that is zero. *)
Fixpoint sparse_sum (x : row) (A : rows) : row :=
  match x, A with
  | a :: x', y :: A' =>
      let rest := sparse_sum x' A' in
      if Z.eqb a 0 then rest else plus_row (map (Z.mul a) y) rest
  | _, _ => [::]
  end.

(* A row of L L^T: where at most an eighth of the row of L is not zero by the columns of L, of which
   there are N, so that zeros take no time. *)
Fixpoint few (N : nat) (x : row) : bool :=
  if x is a :: x' then
    if Z.eqb a 0 then few N x' else if N is N'.+4.+4 then few N' x' else false
  else true.
Definition gram_row (N : nat) (x : row) (L columns : rows) : row :=
  if eqn (size x - N) 0 && few N x then sparse_sum x columns else [seq dot x l | l <- L].

(* E = of_form diag(w) form diag(w) - of_gram L L^T, row by row up to the diagonal. *)
Definition remainder (N : nat) (of_form of_gram : Z) (form : rows) (w : row) (L : rows) : rows :=
  let columns := transposed N L in
  mkseq (fun i =>
    plus_row
      (map (Z.mul (Z.mul of_form (nth Z0 w i)))
        (times_row (take i.+1 w) (nth [::] form i)))
      (map (Z.mul (Z.opp of_gram))
        (take i.+1 (gram_row N (nth [::] L i) (take i.+1 L) columns)))) N.

(* sum |E_ij| over j <= i, and over j >= i, is at most 3 E_ii: twice |E_ii| is in it. *)
Definition dominant (N : nat) (E : rows) : bool :=
  let absolute := map (map Z.abs) E in
  let below := foldr plus_row [::] absolute in
  all (fun i =>
    Z.leb (Z.add (foldr Z.add Z0 (nth [::] absolute i)) (nth Z0 below i))
      (Z.mul 3 (nth Z0 (nth [::] E i) i))) (iota 0 N).

(* Whether the witness proves the form of order N positive semidefinite, of which the rows are
   given right as far as the diagonal. *)
Definition semidefinite (N : nat) (unit : Z) (form : rows) (witness : semidefinite_proof) : bool :=
  let: SemidefiniteProof uw w uL L := witness in
  let u_form := Z.mul unit (Z.mul uw uw) in
  let u_gram := Z.mul uL uL in
  let unit_E := Z.max u_form u_gram in
  [&& eqn (size w) N && eqn (size L) N, all positive [:: unit; uw; uL] && all positive w,
      divides u_form unit_E, divides u_gram unit_E &
      dominant N (remainder N (Z.div unit_E u_form) (Z.div unit_E u_gram) form w L)].

(* Multipliers are nonnegative, but on the products a_i b_i they are free. *)
Definition multipliers_fit (n : nat) (given : multipliers) : bool :=
  let: Multipliers uN Naa Nab Nbb := given in
  [&& positive uN, within n n Naa, within n n Nab, within n n Nbb, nonnegative Naa,
      offdiagonal_nonnegative 0 Nab & nonnegative Nbb].

(* kappa bounds the dual norm of Z: for X in integers with n rows of d numbers. *)
Definition check_psd (n d c : nat) (X : rows) (point : dual_point) (given : multipliers)
    (witness : semidefinite_proof) : bool :=
  let: DualPoint uX _ _ uZ Z' kp kq := point in
  let: Multipliers uN Naa Nab Nbb := given in
  let N := n + (d + c) in
  let u_au := Z.mul uN uX in
  let u_uu := Z.mul u_au uX in
  let unit := Z.max uN (Z.max u_au (Z.max u_uu (Z.max uZ kq))) in
  let form := lower_form n d c X Z' Naa Nab Nbb kp
    (Z.div unit uN) (Z.div unit u_au) (Z.div unit u_uu) (Z.div unit uZ) (Z.div unit kq) in
  [&& full n c Z' && multipliers_fit n given, all positive [:: uX; uZ; kq],
      [&& divides uN unit, divides u_au unit, divides u_uu unit, divides uZ unit &
          divides kq unit] &
      semidefinite N unit form witness].

Definition check_by_psd (statement : claim) (point : dual_point) (given : multipliers)
    (witness : semidefinite_proof) : bool :=
  verdict_with_column (fun n d c X => check_psd n d c X point given witness) statement point.
