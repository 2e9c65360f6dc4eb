(* The form that PhasesChecker.v makes of a leaf, at the length of u and u. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Reading Values PhasesChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : realFieldType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation row_of := (@row_of R).
Notation at_row A i := (nth [::] A i).
Notation "c @ i" := (of_Z (nth Z0 c i)) (at level 20).

Variables (d : nat) (y : seq R).
Variable size_y : size y = d.
Let u : 'cV[R]_d := column_of d y.

Lemma rows_at m (Y : rows) (i : 'I_m) : (M m d Y *m u) i 0 = value (at_row Y i) y.
Proof. by rewrite (valueE _ size_y) !mxE; apply: eq_bigr => j _; rewrite !mxE. Qed.

Lemma columns_within (Y : rows) : all (fun x => (size x <= size Y)%N) (transposed d Y).
Proof. by apply: sub_all (transposed_rows d Y) => x /eqP ->. Qed.

Lemma combinationE c Y : value (combination d c Y) y =
  \sum_(i < size Y) c @ i * value (at_row Y i) y.
Proof.
rewrite (valueE _ size_y).
have -> : row_of d (combination d c Y) = row_of (size Y) c *m M (size Y) d Y.
  apply/matrixP => i j; rewrite [LHS]mxE (nth_map [::]) ?size_transposed //.
  rewrite (@of_Z_dot _ _ _ (size Y)) ?(nth_size _ _ (columns_within Y)) ?orbT // mxE.
  by apply: eq_bigr => k _; rewrite nth_transposed // !mxE.
rewrite -mulmxA mxE; apply: eq_bigr => i _.
by rewrite -/u rows_at mxE.
Qed.

Lemma gramE c Y Z' : bf (M d d (gram d c Y Z')) u u =
  \sum_(i < size Y) c @ i * (value (at_row Y i) y * value (at_row Z' i) y).
Proof.
rewrite (@matrix_of_products _ _ (size Y)) ?columns_within // !matrix_of_transposed trmxK.
rewrite bf_mull /bf /inner; apply: eq_bigr => i _; rewrite big_ord1 !rows_at.
suff -> : value (at_row [seq map (Z.mul e.1) e.2 | e <- zip c Z'] i) y =
    c @ i * value (at_row Z' i) y by rewrite mulrC mulrAC mulrA.
elim: c Z' (val i) => [|a c IH] [|z Z''] [|k] //=; rewrite ?nth_nil ?value_nil ?mul0r ?mulr0 //.
by rewrite value_scaled.
Qed.

(* The form. *)

Variables (X : rows) (uX height uh : Z) (pairs_halves pairs_roots : rows).
Variables (unit mu : Z) (s c k s' c' k' : Checker.row) (given : seq sign_product).

Let leaf := PhasesLeaf unit mu (Majorants s c k) (Majorants s' c' k') given.
Let form := phases_form d X uX height uh pairs_halves pairs_roots leaf.

Definition linear_part : R :=
  \sum_(i < size X) s @ i * value (at_row X i) y +
  \sum_(i < size pairs_halves) s' @ i * value (at_row pairs_halves i) y.
Definition square_part : R :=
  \sum_(i < size X) c @ i * value (at_row X i) y ^+ 2 +
  \sum_(i < size pairs_roots) c' @ i * value (at_row pairs_roots i) y ^+ 2 +
  \sum_(one <- given) of_Z (product_factor one) *
    (value (at_row X (one_fixed one)) y * value (at_row X (other_fixed one)) y).
Definition constant_part : R := of_Z (foldr Z.add Z0 k) + of_Z (foldr Z.add Z0 k').

Let linear := plus_row (combination d s X) (combination d s' pairs_halves).
Let half := plus (gram d c X X) (plus (gram d c' pairs_roots pairs_roots)
  (gram d (map product_factor given) [seq at_row X (one_fixed one) | one <- given]
    [seq at_row X (other_fixed one) | one <- given])).
Let square := plus (diagonal d (Z.mul 2 (Z.mul mu (Z.mul uX uX))))
  (scaled (-1) (plus half (transposed d half))).
Let corner : Z := Z.mul 2 (Z.sub (Z.mul (Z.div unit uh) height)
  (Z.add mu (Z.add (foldr Z.add Z0 k) (foldr Z.add Z0 k')))).

Lemma size_linear : size linear = d.
Proof. by rewrite /linear size_merged !size_map !size_transposed maxnn. Qed.

Lemma size_square : size square = d.
Proof.
rewrite /square /diagonal /scaled /plus size_merged size_mkseq size_map size_merged size_transposed.
by rewrite /half /plus !size_merged !size_products !size_transposed !maxnn.
Qed.

Lemma of_minus_one : of_Z (Zneg xH) = -1.
Proof. by []. Qed.

Lemma square_matrixE : M d d square =
  (2%:R * (of_Z mu * of_Z uX ^+ 2))%:M - (M d d half + (M d d half)^T).
Proof.
rewrite matrix_of_plus matrix_of_diagonal matrix_of_scaled of_minus_one scaleN1r.
rewrite matrix_of_plus matrix_of_transposed (of_ZM _ 2) (of_ZM _ mu) (of_ZM _ uX) expr2.
by [].
Qed.

Lemma formE : M (1 + d) (1 + d) form =
  block_mx (of_Z corner)%:M (- row_of d linear) (- (row_of d linear)^T) (M d d square).
Proof.
have -> : form = [:: corner :: map Z.opp linear] ++ beside [seq [:: Z.opp a] | a <- linear] square.
  by [].
have oppE : row_of d (map Z.opp linear) = - row_of d linear.
  by apply/matrixP => i j; rewrite !mxE (nth_map0 (s0 := Z0)) // of_ZN.
rewrite matrix_of_cat // /block_mx; congr col_mx.
  rewrite matrix_of_row -cat1s row_of_cat // oppE; congr row_mx.
  by apply/matrixP => i j; rewrite !ord1 !mxE.
rewrite matrix_of_beside ?size_map ?size_linear //; last 2 first.
- exact: size_square.
- by rewrite all_map; apply/allP.
congr row_mx; apply/matrixP => i j; rewrite ord1 !mxE (nth_map Z0) ?size_linear //=.
by rewrite of_ZN.
Qed.

Lemma form_sym : (M (1 + d) (1 + d) form)^T = M (1 + d) (1 + d) form.
Proof.
rewrite formE tr_block_mx tr_scalar_mx !linearN /= trmxK square_matrixE !linearB /= tr_scalar_mx.
by rewrite linearD /= trmxK [X in _ - X]addrC.
Qed.

Lemma halfE : bf (M d d half) u u = square_part.
Proof.
rewrite !matrix_of_plus !bfD !gramE addrA /square_part; congr (_ + _ + _).
rewrite size_map -(big_mkord xpredT (fun i => map product_factor given @ i *
  (value (at_row [seq at_row X (one_fixed one) | one <- given] i) y *
   value (at_row [seq at_row X (other_fixed one) | one <- given] i) y))).
pose none := SignProduct 0 0 0.
rewrite [RHS](big_nth none); apply: eq_big_nat => i /andP[_ ig].
by rewrite !(nth_map none).
Qed.

Lemma form_at (rho : R) : bf (M (1 + d) (1 + d) form) (col_mx rho%:M u) (col_mx rho%:M u) =
  2%:R * (of_Z (Z.mul (Z.div unit uh) height) * rho ^+ 2 - of_Z mu * rho ^+ 2 -
    constant_part * rho ^+ 2 - rho * linear_part +
    of_Z mu * of_Z uX ^+ 2 * (\sum_(j < d) nth 0 y j ^+ 2) - square_part).
Proof.
rewrite formE bf_block bf_scalar square_matrixE !(bfD, bfN) bf_scalar.
rewrite [bf (M d d half)^T _ _]bfT halfE.
have linearE : bf (row_of d linear) rho%:M u = rho * linear_part.
  rewrite /bf innerE tr_scalar_mx mul_scalar_mx mxE -/u; congr (_ * _).
  by rewrite -(valueE _ size_y) value_plus !combinationE.
have -> : bf (row_of d linear)^T u rho%:M = rho * linear_part by rewrite bfT linearE.
rewrite linearE.
have -> : Statement.square (rho%:M : 'cV[R]_1) = rho ^+ 2.
  by rewrite /Statement.square /inner !big_ord1 !mxE expr2.
have -> : Statement.square u = \sum_(j < d) nth 0 y j ^+ 2.
  by apply: eq_bigr => j _; rewrite big_ord1 !mxE expr2.
rewrite (of_ZM _ 2) of_ZB of_ZD of_ZD -/constant_part.
have -> : of_Z 2 = 2%:R by [].
rewrite /constant_part; move: (\sum_(j < d) _) => S; ring.
Qed.

End Theory.
