(* From a proved dual norm to a bound on the training objective of networks of every width:
   Theorems 2 and 3 of ../01-duality.md, over any real field. *)

From mathcomp Require Import all_ssreflect all_algebra ring.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* The ReLU. *)
Definition relu (t : R) : R := Num.max 0 t.

(* The Frobenius inner product, and the square of the Frobenius norm. *)
Definition inner p q (A B : 'M[R]_(p, q)) : R := \sum_i \sum_j A i j * B i j.
Definition square p q (A : 'M[R]_(p, q)) : R := inner A A.

(* The training objective 1/2 |(XU)_+ V - Y|^2 + reg/2 (|U|^2 + |V|^2). *)
Definition objective n d c m (X : 'M[R]_(n, d)) (Y : 'M[R]_(n, c)) (reg : R)
    (U : 'M[R]_(d, m)) (V : 'M[R]_(m, c)) : R :=
  square (map_mx relu (X *m U) *m V - Y) / 2%:R + reg / 2%:R * (square U + square V).

(* L(Z, kappa) of Theorem 3. *)
Definition scaled_bound n c (Y : 'M[R]_(n, c)) (reg kappa : R) (Z : 'M[R]_(n, c)) : R :=
  let s := Num.min (Num.max (inner Z Y / square Z) 0) (reg / kappa) in
  s * inner Z Y - s ^+ 2 * square Z / 2%:R.

(* kappa is at least the dual norm of Z: 2 v^T Z^T (Xu)_+ <= kappa (|u|^2 + |v|^2) for all u, v.
   See dual_norm_leP below for the same without v. *)
Definition dual_norm_le n d c (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R) : Prop :=
  forall (u : 'cV[R]_d) (v : 'cV[R]_c),
  2%:R * inner (map_mx relu (X *m u)) (Z *m v) <= kappa * (square u + square v).

End Definitions.

Section Theory.

Variable R : realFieldType.
Implicit Types s t : R.

(* How `ring` and `field` are used on inequalities. *)
Lemma ge0_eq s t : 0 <= s -> s = t -> 0 <= t.
Proof. by move=> s0 <-. Qed.

Lemma relu_ge0 t : 0 <= relu t.
Proof. by rewrite /relu le_maxr lexx. Qed.

Lemma relu_scale s t : 0 <= s -> relu (s * t) = s * relu t.
Proof. by move=> s0; rewrite /relu maxr_pmulr // mulr0. Qed.

Lemma reluN t : relu t - relu (- t) = t.
Proof.
rewrite /relu; case: (lerP 0 t) => t0.
  by rewrite max_l ?subr0 // oppr_le0.
by rewrite max_r ?sub0r ?opprK // oppr_ge0 ltW.
Qed.

Lemma relu_relu t : relu t * relu (- t) = 0.
Proof.
rewrite /relu; case: (lerP 0 t) => t0; last by rewrite mul0r.
by rewrite max_l ?mulr0 // oppr_le0.
Qed.

Section Inner.
Variables p q : nat.
Implicit Types A B : 'M[R]_(p, q).

Lemma innerC A B : inner A B = inner B A.
Proof. by apply: eq_bigr => i _; apply: eq_bigr => j _; rewrite mulrC. Qed.

Lemma innerDl A A' B : inner (A + A') B = inner A B + inner A' B.
Proof.
rewrite /inner -big_split; apply: eq_bigr => i _; rewrite -big_split.
by apply: eq_bigr => j _; rewrite mxE mulrDl.
Qed.

Lemma innerZl s A B : inner (s *: A) B = s * inner A B.
Proof.
rewrite /inner mulr_sumr; apply: eq_bigr => i _; rewrite mulr_sumr.
by apply: eq_bigr => j _; rewrite mxE mulrA.
Qed.

Lemma innerNl A B : inner (- A) B = - inner A B.
Proof. by rewrite -scaleN1r innerZl mulN1r. Qed.

Lemma innerDr A B B' : inner A (B + B') = inner A B + inner A B'.
Proof. by rewrite innerC innerDl !(innerC _ A). Qed.

Lemma innerZr s A B : inner A (s *: B) = s * inner A B.
Proof. by rewrite innerC innerZl innerC. Qed.

Lemma innerNr A B : inner A (- B) = - inner A B.
Proof. by rewrite innerC innerNl innerC. Qed.

Lemma squareE A : square A = inner A A.
Proof. by []. Qed.

Lemma square_ge0 A : 0 <= square A.
Proof. by apply: sumr_ge0 => i _; apply: sumr_ge0 => j _; rewrite -expr2 sqr_ge0. Qed.

End Inner.

(* The inner product of vectors as a product of matrices. *)
Lemma innerE k (x y : 'cV[R]_k) : inner x y = (x^T *m y) 0 0.
Proof.
by rewrite /inner !mxE; apply: eq_bigr => i _; rewrite big_ord1 mxE.
Qed.

Lemma inner_col n c m (A : 'M[R]_(n, m)) (B : 'M[R]_(n, c)) (V : 'M[R]_(m, c)) :
  inner B (A *m V) = \sum_j inner (col j A) (B *m (row j V)^T).
Proof.
transitivity (\sum_i \sum_k \sum_j B i k * (A i j * V j k)).
  by apply: eq_bigr => i _; apply: eq_bigr => k _; rewrite mxE mulr_sumr.
rewrite [RHS]exchange_big /=; apply: eq_bigr => i _.
rewrite exchange_big /=; apply: eq_bigr => j _; rewrite big_ord1 !mxE mulr_sumr.
by apply: eq_bigr => k _; rewrite !mxE mulrCA.
Qed.

Lemma square_cols p q (A : 'M[R]_(p, q)) : square A = \sum_j square (col j A).
Proof.
rewrite /square /inner exchange_big /=; apply: eq_bigr => j _; apply: eq_bigr => i _.
by rewrite big_ord1 !mxE.
Qed.

Lemma square_tr p q (A : 'M[R]_(p, q)) : square A^T = square A.
Proof.
rewrite /square /inner exchange_big /=; apply: eq_bigr => j _; apply: eq_bigr => i _.
by rewrite !mxE.
Qed.

Lemma col_relu n d m (X : 'M[R]_(n, d)) (U : 'M[R]_(d, m)) j :
  col j (map_mx (@relu R) (X *m U)) = map_mx (@relu R) (X *m col j U).
Proof. by apply/matrixP => i k; rewrite !mxE; congr relu; apply: eq_bigr => l _; rewrite !mxE. Qed.

Section Bounds.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Y Z : 'M[R]_(n, c)) (reg kappa : R).

Lemma dual_dotE u (v : 'cV_c) : inner (map_mx (@relu R) (X *m u)) (Z *m v) =
  inner (Z^T *m map_mx (@relu R) (X *m u)) v.
Proof. by rewrite !innerE trmx_mul trmxK mulmxA. Qed.

(* The dual norm in the usual words: |Z^T (Xu)_+|^2 <= kappa^2 |u|^2 for all u. *)
Lemma dual_norm_leP : 0 < kappa ->
  (forall u : 'cV[R]_d, square (Z^T *m map_mx (@relu R) (X *m u)) <= kappa ^+ 2 * square u) <->
  dual_norm_le X Z kappa.
Proof.
move=> k0; split=> H u => [v|].
  rewrite dual_dotE; have := H u; set g := Z^T *m _ => Hu.
  rewrite -(ler_pmul2l k0) -subr_ge0.
  have G := square_ge0 (g - kappa *: v).
  rewrite !squareE !(innerDl, innerDr, innerNl, innerNr, innerZl, innerZr) in G.
  rewrite (innerC v g) -!squareE in G.
  have K : 0 <= kappa ^+ 2 * square u - square g by rewrite subr_ge0.
  by apply: ge0_eq (addr_ge0 G K) _; ring.
have := H u (kappa^-1 *: (Z^T *m map_mx (@relu R) (X *m u))).
rewrite dual_dotE; set g := Z^T *m _ => G.
rewrite !squareE !(innerZl, innerZr) -!squareE in G.
rewrite -(ler_pmul2l k0) -subr_ge0 in G.
by rewrite -subr_ge0; apply: ge0_eq G _; field; rewrite gt_eqF.
Qed.

(* Theorem 2 with the scaling of Z by s, as Theorem 3 uses it. *)
Lemma weak_duality s : dual_norm_le X Z kappa -> 0 <= s -> s * kappa <= reg ->
  forall m (U : 'M[R]_(d, m)) (V : 'M[R]_(m, c)),
  s * inner Z Y - s ^+ 2 * square Z / 2%:R <= objective X Y reg U V.
Proof.
move=> Hk s0 sk m U V; rewrite /objective; set F := _ *m V.
have HF : 2%:R * inner Z F <= kappa * (square U + square V).
  rewrite inner_col square_cols -(square_tr V) (square_cols V^T) -big_split /= !mulr_sumr.
  by apply: ler_sum => j _; rewrite col_relu -tr_row; apply: Hk.
have D0 : 0 <= square U + square V by rewrite addr_ge0 ?square_ge0.
have H1 : s * (2%:R * inner Z F) <= reg * (square U + square V).
  apply: le_trans (ler_wpmul2l s0 HF) _.
  by rewrite mulrA ler_wpmul2r.
have G := square_ge0 (F - Y + s *: Z).
rewrite !squareE !(innerDl, innerDr, innerNl, innerNr, innerZl, innerZr) in G.
rewrite -(ler_pmul2l (ltr0Sn R 1)) -subr_ge0.
rewrite !squareE !(innerDl, innerDr, innerNl, innerNr).
rewrite -subr_ge0 in H1; apply: ge0_eq (addr_ge0 G H1) _.
rewrite (innerC F Y) (innerC F Z) (innerC Y Z) -!squareE.
by field.
Qed.

(* Theorem 3. *)
Theorem scaling : 0 <= reg -> 0 < kappa -> dual_norm_le X Z kappa ->
  forall m (U : 'M[R]_(d, m)) (V : 'M[R]_(m, c)),
  scaled_bound Y reg kappa Z <= objective X Y reg U V.
Proof.
move=> r0 k0 Hk m U V; apply: weak_duality => //.
  by rewrite le_minr le_maxr lexx orbT divr_ge0 // ltW.
by rewrite -ler_pdivl_mulr // le_minl lexx orbT.
Qed.

End Bounds.
End Theory.
