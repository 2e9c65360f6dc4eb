(* Lists of integers as linear forms on lists of numbers, both continued by zeros. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ.
From Certnn Require Import Checker Statement Reading.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Values.

Variable R : realFieldType.
Notation of_Z := (@of_Z R).
Notation row_of := (@row_of R).
Implicit Types (x : Checker.row) (y : seq R).

(* x^T y, for lists that are continued by zeros. *)
Fixpoint value x y : R :=
  match x, y with
  | a :: x', t :: y' => of_Z a * t + value x' y'
  | _, _ => 0
  end.

Lemma value_nil y : value [::] y = 0.
Proof. by case: y. Qed.

Lemma value_plus x x' y : value (plus_row x x') y = value x y + value x' y.
Proof.
elim: x x' y => [|a x IH] [|a' x'] [|t y] /=; rewrite ?addr0 ?add0r //.
rewrite IH of_ZD mulrDl -!addrA; congr (_ + _); rewrite addrCA.
by [].
Qed.

Lemma value_scaled w x y : value (map (Z.mul w) x) y = of_Z w * value x y.
Proof.
elim: x y => [|a x IH] [|t y] /=; rewrite ?mulr0 //.
by rewrite IH of_ZM mulrDr mulrA.
Qed.

Lemma value_opp x y : value (map Z.opp x) y = - value x y.
Proof.
elim: x y => [|a x IH] [|t y] /=; rewrite ?oppr0 //.
by rewrite IH of_ZN opprD mulNr.
Qed.
(* The same as a product of matrices. *)

Definition column_of k y : 'cV[R]_k := \col_j nth 0 y j.

Lemma value_sum k (x : Checker.row) y : size y = k ->
  value x y = \sum_(j < k) of_Z (nth Z0 x j) * nth 0 y j.
Proof.
elim: k x y => [|k IH] [|a x] [|t y] //=; rewrite ?big_ord0 //.
  by move=> _; rewrite big1 // => j _; rewrite nth_nil mul0r.
by case=> yk; rewrite big_ord_recl /= (IH x).
Qed.

Lemma valueE k (x : Checker.row) y : size y = k ->
  value x y = (row_of k x *m column_of k y) 0 0.
Proof. by move=> yk; rewrite mxE (value_sum _ yk); apply: eq_bigr => j _; rewrite !mxE. Qed.

Definition list_of k (y : 'cV[R]_k) : seq R := [seq y j 0 | j <- enum 'I_k].

Lemma size_list_of k (y : 'cV[R]_k) : size (list_of y) = k.
Proof. by rewrite size_map size_enum_ord. Qed.

Lemma nth_list_of k (y : 'cV[R]_k) (j : 'I_k) : nth 0 (list_of y) j = y j 0.
Proof. by rewrite (nth_map j) ?size_enum_ord // nth_ord_enum. Qed.

Lemma column_of_list k (y : 'cV[R]_k) : column_of k (list_of y) = y.
Proof. by apply/matrixP => i j; rewrite ord1 mxE nth_list_of. Qed.

End Values.
