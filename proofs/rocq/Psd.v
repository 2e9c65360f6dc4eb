(* The proof of a dual norm by a positive semidefinite matrix: Theorems 9 and 10 of
   ../03-certificates.md, over any real field. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* In every row the diagonal entry is at least the sum of the others' absolute values. *)
Definition diagonally_dominant k (E : 'M[R]_k) : Prop :=
  forall i, \sum_(j | j != i) `|E i j| <= E i i.

Section Form.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).
(* The multipliers y of the products a_i a_j, a_i b_j and b_i b_j. An unordered pair may be stored
   as (i, j), as (j, i), or in parts at both. *)
Variables (Naa Nab Nbb : 'M[R]_n).

(* The blocks of 2S in the table of Theorem 9, for the variables (a, (u, v)). *)
Definition form_aa : 'M[R]_n := - ((Naa + Nab + Nbb) + (Naa + Nab + Nbb)^T).
Definition form_au : 'M[R]_(n, d) := (Nab + Nbb + Nbb^T) *m X.
Definition form_uu : 'M[R]_d := - (X^T *m (Nbb + Nbb^T) *m X).
Definition form_across : 'M[R]_(n, d + c) := row_mx form_au (- Z).
Definition form_corner : 'M[R]_(d + c) := kappa%:M + block_mx form_uu 0 0 0.

(* 2S itself. *)
Definition form2S : 'M[R]_(n + (d + c)) :=
  block_mx form_aa form_across form_across^T form_corner.

(* Multipliers are nonnegative, but on the products a_i b_i they are free. *)
Definition admissible : Prop :=
  [/\ forall i j, 0 <= Naa i j, forall i j, i != j -> 0 <= Nab i j & forall i j, 0 <= Nbb i j].

End Form.
End Definitions.

Section Theory.

Variable R : realFieldType.

(* Entries, where mxE would unfold the matrices too. *)

Lemma addmxE p q (A B : 'M[R]_(p, q)) i j : (A + B) i j = A i j + B i j.
Proof. by rewrite mxE. Qed.

Lemma oppmxE p q (A : 'M[R]_(p, q)) i j : (- A) i j = - A i j.
Proof. by rewrite mxE. Qed.

Lemma scalemxE p q (a : R) (A : 'M[R]_(p, q)) i j : (a *: A) i j = a * A i j.
Proof. by rewrite mxE. Qed.

(* The bilinear form x^T M y. *)
Definition bf p q (M : 'M[R]_(p, q)) (x : 'cV[R]_p) (y : 'cV[R]_q) : R := inner x (M *m y).

Section Bilinear.
Variables p q : nat.
Implicit Types (M N : 'M[R]_(p, q)) (x : 'cV[R]_p) (y : 'cV[R]_q).

Lemma bfE M x y : bf M x y = (x^T *m M *m y) 0 0.
Proof. by rewrite /bf innerE mulmxA. Qed.

Lemma bf_sum M x y : bf M x y = \sum_i \sum_j x i 0 * M i j * y j 0.
Proof.
rewrite /bf /inner; apply: eq_bigr => i _; rewrite big_ord1 mxE mulr_sumr.
by apply: eq_bigr => j _; rewrite mulrA.
Qed.

Lemma bfD M N x y : bf (M + N) x y = bf M x y + bf N x y.
Proof. by rewrite /bf mulmxDl innerDr. Qed.

Lemma bfN M x y : bf (- M) x y = - bf M x y.
Proof. by rewrite /bf mulNmx innerNr. Qed.

Lemma bfZ s M x y : bf (s *: M) x y = s * bf M x y.
Proof. by rewrite /bf -scalemxAl innerZr. Qed.

Lemma bf0 x y : bf 0 x y = 0.
Proof. by rewrite /bf mul0mx innerE mulmx0 mxE. Qed.

Lemma bf_subl M x x' y : bf M (x - x') y = bf M x y - bf M x' y.
Proof. by rewrite /bf innerDl innerNl. Qed.

Lemma bf_subr M x y y' : bf M x (y - y') = bf M x y - bf M x y'.
Proof. by rewrite /bf mulmxBr innerDr innerNr. Qed.

End Bilinear.

Lemma bfT p q (M : 'M[R]_(p, q)) x y : bf M^T y x = bf M x y.
Proof. by rewrite /bf innerC !innerE trmx_mul trmxK mulmxA. Qed.

Lemma bf_mulr p k q (M : 'M[R]_(p, k)) (N : 'M[R]_(k, q)) x y :
  bf (M *m N) x y = bf M x (N *m y).
Proof. by rewrite /bf mulmxA. Qed.

Lemma bf_mull p k q (M : 'M[R]_(k, p)) (N : 'M[R]_(k, q)) x y :
  bf (M^T *m N) x y = bf N (M *m x) y.
Proof. by rewrite !bfE trmx_mul !mulmxA. Qed.

Lemma bf_gram p k (L : 'M[R]_(p, k)) (x : 'cV[R]_p) : bf (L *m L^T) x x = square (L^T *m x).
Proof. by rewrite /square bfE innerE trmx_mul trmxK !mulmxA. Qed.

Lemma bf_scalar p s (x : 'cV[R]_p) : bf s%:M x x = s * square x.
Proof. by rewrite /bf mul_scalar_mx innerZr. Qed.

Lemma bf_diag p q (M : 'M[R]_(p, q)) w w' x y :
  bf (diag_mx w *m M *m diag_mx w') x y = bf M (diag_mx w *m x) (diag_mx w' *m y).
Proof. by rewrite !bfE trmx_mul tr_diag_mx !mulmxA. Qed.

Lemma inner_split p q (x x' : 'cV[R]_p) (y y' : 'cV[R]_q) :
  inner (col_mx x y) (col_mx x' y') = inner x x' + inner y y'.
Proof. by rewrite !innerE tr_col_mx mul_row_col mxE. Qed.

Lemma bf_block p q p' q' (A : 'M[R]_(p, p')) (B : 'M[R]_(p, q')) (C : 'M[R]_(q, p'))
    (D : 'M[R]_(q, q')) x y x' y' :
  bf (block_mx A B C D) (col_mx x y) (col_mx x' y') =
  bf A x x' + bf B x y' + (bf C y x' + bf D y y').
Proof. by rewrite /bf mul_block_col inner_split !innerDr. Qed.

Lemma bf_row p q q' (A : 'M[R]_(p, q)) (B : 'M[R]_(p, q')) x y y' :
  bf (row_mx A B) x (col_mx y y') = bf A x y + bf B x y'.
Proof. by rewrite /bf mul_row_col innerDr. Qed.

Lemma double_product_le (x y e : R) : - (`|e| * (x ^+ 2 + y ^+ 2)) <= 2%:R * (x * e * y).
Proof.
have [e0|e0] := ger0P e; rewrite -subr_ge0.
  have: 0 <= e * (x + y) ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
  by move=> /ge0_eq; apply; ring.
have: 0 <= - e * (x - y) ^+ 2 by rewrite mulr_ge0 ?sqr_ge0 // oppr_ge0 ltW.
by move=> /ge0_eq; apply; ring.
Qed.

(* x^T C y is at least - 1/2 sum |C_ij| (x_i^2 + y_j^2). *)
Lemma bf_lower p q (C : 'M[R]_(p, q)) (x : 'cV[R]_p) (y : 'cV[R]_q) :
  - (\sum_i (\sum_j `|C i j|) * x i 0 ^+ 2 + \sum_j (\sum_i `|C i j|) * y j 0 ^+ 2)
  <= 2%:R * bf C x y.
Proof.
have ->: \sum_j (\sum_i `|C i j|) * y j 0 ^+ 2 = \sum_i \sum_j `|C i j| * y j 0 ^+ 2.
  by rewrite exchange_big /=; apply: eq_bigr => j _; rewrite mulr_suml.
rewrite -big_split /= -sumrN bf_sum mulr_sumr; apply: ler_sum => i _.
rewrite mulr_suml -big_split /= -sumrN mulr_sumr; apply: ler_sum => j _.
by rewrite -mulrDr double_product_le.
Qed.

(* The inequality in the proof of Theorem 10(a). *)
Lemma dominance_lower k (E : 'M[R]_k) (x : 'cV[R]_k) : E^T = E ->
  \sum_i (2%:R * E i i - \sum_j `|E i j|) * x i 0 ^+ 2 <= bf E x x.
Proof.
move=> symE; set F := \matrix_(i, j) (if j == i then 0 else E i j).
have EF : E = F + diag_mx (\row_i E i i).
  apply/matrixP => i j; rewrite !mxE [j == i]eq_sym; case: eqP => [->|_]; rewrite ?mulr1n ?add0r //.
  by rewrite mulr0n addr0.
have absF i : \sum_j `|F i j| = \sum_j `|E i j| - `|E i i|.
  rewrite [in RHS](bigD1 i) //= addrC addKr (bigD1 i) //= !mxE eqxx normr0 add0r.
  by apply: eq_bigr => j ji; rewrite !mxE (negPf ji).
have absT i : \sum_j `|F j i| = \sum_j `|F i j|.
  apply: eq_bigr => j _; rewrite !mxE eq_sym -[in E j i]symE mxE.
  by case: eqP.
rewrite {3}EF bfD.
have -> : bf (diag_mx (\row_i E i i)) x x = \sum_i E i i * x i 0 ^+ 2.
  rewrite bf_sum; apply: eq_bigr => i _; rewrite (bigD1 i) //= !mxE eqxx mulr1n big1.
    by rewrite addr0; ring.
  by move=> j ji; rewrite !mxE eq_sym (negPf ji) mulr0n mulr0 mul0r.
rewrite -(ler_pmul2l (ltr0Sn R 1)) mulrDr; apply: le_trans (ler_add (bf_lower F x x) (lexx _)).
rewrite -subr_ge0 -big_split /= mulr_sumr mulr_sumr -sumrN -sumrN -!big_split /=.
apply: sumr_ge0 => i _; rewrite absT absF; set S := \sum_j `|E i j|.
rewrite -/S.
have : 0 <= 2%:R * ((`|E i i| - E i i) * x i 0 ^+ 2).
  by rewrite mulr_ge0 ?ler0n // mulr_ge0 ?sqr_ge0 // subr_ge0 ler_norm.
by move=> /ge0_eq; apply; ring.
Qed.

(* The dominance condition, as `dominance_lower` needs it. *)
Lemma dominanceE k (E : 'M[R]_k) :
  diagonally_dominant E -> forall i, 0 <= 2%:R * E i i - \sum_j `|E i j|.
Proof.
move=> H i; rewrite (bigD1 i) //=; have Hi := H i.
have E0 : 0 <= E i i by apply: le_trans Hi; apply: sumr_ge0.
by rewrite ger0_norm // mulr_natl mulr2n opprD addrA addrK subr_ge0.
Qed.

Lemma dominant_psd k (E : 'M[R]_k) (x : 'cV[R]_k) :
  E^T = E -> diagonally_dominant E -> 0 <= bf E x x.
Proof.
move=> symE /dominanceE H; apply: le_trans (dominance_lower x symE).
by apply: sumr_ge0 => i _; rewrite mulr_ge0 ?sqr_ge0.
Qed.

(* A vector as the weights times another one. *)
Lemma weighted k (w : 'rV[R]_k) (x : 'cV[R]_k) : (forall i, 0 < w 0 i) ->
  exists y, x = diag_mx w *m y.
Proof.
move=> w0; exists (\col_i (x i 0 / w 0 i)); rewrite mul_diag_mx; apply/matrixP => i j.
by rewrite !mxE ord1 mulrC mulfVK // gt_eqF.
Qed.

(* Theorem 10(a). *)
Theorem psd_witness k p (S : 'M[R]_k) (w : 'rV[R]_k) (L : 'M[R]_(k, p)) :
  S^T = S -> (forall i, 0 < w 0 i) ->
  diagonally_dominant (diag_mx w *m S *m diag_mx w - L *m L^T) ->
  forall z : 'cV[R]_k, 0 <= bf S z z.
Proof.
move=> symS w0 dom z; have [y ->] := weighted z w0.
rewrite -bf_diag -[_ *m S *m _](subrK (L *m L^T)) bfD bf_gram addr_ge0 ?square_ge0 //.
apply: dominant_psd dom.
by rewrite linearB /= !trmx_mul trmxK !tr_diag_mx symS mulmxA.
Qed.

Section Form.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).
Variables (Naa Nab Nbb : 'M[R]_n).

Lemma form2S_sym : (form2S X Z kappa Naa Nab Nbb)^T = form2S X Z kappa Naa Nab Nbb.
Proof.
rewrite /form2S tr_block_mx trmxK; congr block_mx.
  by rewrite /form_aa linearN /= linearD /= trmxK addrC.
rewrite /form_corner linearD /= tr_scalar_mx tr_block_mx !trmx0; congr (_ + block_mx _ _ _ _).
by rewrite /form_uu linearN /= !trmx_mul trmxK linearD /= trmxK [_^T + _]addrC mulmxA.
Qed.

(* The part of 2q that the points contribute, in words: b = a - Xu. *)
Lemma form_pointsE (a : 'cV[R]_n) (u : 'cV[R]_d) (v : 'cV[R]_c) : let b := a - X *m u in
  bf (form_aa Naa Nab Nbb) a a + 2%:R * bf (form_across X Z Nab Nbb) a (col_mx u v) +
  bf (form_uu X Nbb) u u =
  - (2%:R * bf Z a v) - 2%:R * (bf Naa a a + bf Nab a b + bf Nbb b b).
Proof.
have E2 : bf (form_uu X Nbb) u u = - bf (Nbb + Nbb^T) (X *m u) (X *m u).
  by rewrite /form_uu bfN -mulmxA bf_mull bf_mulr.
rewrite /form_across bf_row bf_mulr E2 /form_aa !(bfN, bfD, bfT) /= !(bf_subl, bf_subr).
by rewrite [bf Nbb a (X *m u)]/bf; ring.
Qed.

(* On a neuron the products of forms are nonnegative, or free and zero. *)
Lemma admissible_products (u : 'cV[R]_d) a b : admissible Naa Nab Nbb ->
  a = map_mx (@relu R) (X *m u) -> b = a - X *m u ->
  0 <= bf Naa a a + bf Nab a b + bf Nbb b b.
Proof.
move=> [aa0 ab0 bb0] aE ->; set b' := a - _.
have bE i : b' i 0 = relu (- (X *m u) i 0).
  by rewrite /b' aE !mxE -[X in _ - X]reluN opprB addrC subrK.
have a0 i : 0 <= a i 0 by rewrite aE mxE relu_ge0.
have b0 i : 0 <= b' i 0 by rewrite bE relu_ge0.
rewrite !bf_sum !addr_ge0 // sumr_ge0 // => i _; rewrite sumr_ge0 // => j _.
- by rewrite !mulr_ge0.
- have [<-|ij] := eqVneq i j; last by rewrite !mulr_ge0 // ab0.
  by rewrite mulrAC bE aE mxE relu_relu mul0r.
- by rewrite !mulr_ge0.
Qed.

(* Theorem 9. *)
Theorem nonnegative_form : admissible Naa Nab Nbb ->
  (forall z, 0 <= bf (form2S X Z kappa Naa Nab Nbb) z z) -> dual_norm_le X Z kappa.
Proof.
move=> adm psd u v; set a := map_mx _ _.
have := psd (col_mx a (col_mx u v)).
have := form_pointsE a u v; have := admissible_products adm (erefl a) (erefl (a - X *m u)).
rewrite /form2S bf_block bfT /form_corner bfD bf_scalar bf_block !bf0 !addr0.
rewrite {1}/square inner_split -!squareE -/(bf Z a v) => H0 Hq Hpsd.
rewrite -subr_ge0; apply: ge0_eq (addr_ge0 Hpsd (addr_ge0 H0 H0)) _.
set p := bf _ a a in Hq *; set r := bf _ a (col_mx u v) in Hq *; set t := bf _ u u in Hq *.
have -> : p + r + (r + (kappa * (square u + square v) + t)) = p + 2%:R * r + t +
  kappa * (square u + square v) by ring.
by rewrite Hq; ring.
Qed.

End Form.
End Theory.
