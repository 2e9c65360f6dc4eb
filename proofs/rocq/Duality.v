(* From a bound on neurons to a bound on the training objective of networks of every width:
   Theorems 2, 3 and 37 to 39 of ../01-duality.md and ../09-losses-and-biases.md. This is the claim
   layer: what it says of losses and biases knows nothing of how a bound on neurons is proved. *)

From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* kappa bounds what a neuron adds to <Z, F> by its decay, whatever its bias is. *)
Definition neuron_bound (hidden : bias) n d c (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R) :
    Prop :=
  forall (u : 'cV[R]_d) (h : 'rV[R]_1) (v : 'cV[R]_c), possible hidden h ->
  2%:R * inner (neurons X u h) (Z *m v) <= kappa * (square u + decay hidden h + square v).

(* A term of the loss, of those that are sums of rational ones. *)
Definition has_terms (l : loss) : bool :=
  match l with Logistic | Softmax => false | _ => true end.

Definition loss_term (l : loss) (y f : R) : R :=
  match l with
  | HalfSquared => (f - y) ^+ 2 / 2%:R
  | Huber delta => huber (double R delta) (f - y)
  | Hinge => relu (1 - y * f)
  | SquaredHinge => relu (1 - y * f) ^+ 2 / 2%:R
  | Logistic | Softmax => 0
  end.

(* Where the conjugate of a loss is finite (Theorem 39), at -w for the target y; for softmax that is
   not a matter of one entry. *)
Definition conjugate_finite (l : loss) (w y : R) : Prop :=
  match l with
  | HalfSquared | Softmax => True
  | Huber delta => `|w| <= double R delta
  | Hinge | Logistic => [/\ y ^+ 2 = 1, 0 <= w * y & w * y <= 1]
  | SquaredHinge => y ^+ 2 = 1 /\ 0 <= w * y
  end.

(* The square that is in the conjugate. *)
Definition curvature (l : loss) n c (Z : 'M[R]_(n, c)) : R := if has_square l then square Z else 0.

(* What a decayed output bias costs (Theorem 38). *)
Definition output_cost (output : bias) n c (Z : 'M[R]_(n, c)) (reg : R) : R :=
  if output is Decayed then square ((const_mx 1 : 'rV[R]_n) *m Z) / reg else 0.

(* kappa is at least the dual norm of Z: 2 v^T Z^T (Xu)_+ <= kappa (|u|^2 + |v|^2) for all u, v.
   See dual_norm_leP below for the same without v. *)
Definition dual_norm_le n d c (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R) : Prop :=
  forall (u : 'cV[R]_d) (v : 'cV[R]_c),
  2%:R * inner (map_mx (@relu R) (X *m u)) (Z *m v) <= kappa * (square u + square v).

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

Lemma col_neurons n d m (X : 'M[R]_(n, d)) (U : 'M[R]_(d, m)) h j :
  col j (neurons X U h) = neurons X (col j U) (col j h).
Proof.
apply/matrixP => i k; rewrite !mxE; congr (relu (_ + _)).
  by apply: eq_bigr => l _; rewrite !mxE.
by apply: eq_bigr => l _; rewrite !mxE.
Qed.

Lemma inner_ones n c (Z : 'M[R]_(n, c)) (b : 'rV[R]_c) :
  inner Z (const_mx 1 *m b) = inner ((const_mx 1 : 'rV[R]_n) *m Z) b.
Proof.
rewrite /inner exchange_big /= big_ord1; apply: eq_bigr => j _.
rewrite mxE mulr_suml; apply: eq_bigr => i _.
by rewrite !mxE big_ord1 !mxE !mul1r.
Qed.

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

End Bounds.

(* Theorem 39: of each loss, what the proof of weak duality needs of its conjugate. *)
Lemma conjugate_term l (w y f : R) : has_terms l -> conjugate_finite l w y ->
  w * y - (if has_square l then w ^+ 2 else 0) / 2%:R <= loss_term l y f + w * f.
Proof.
have half (t : R) : 0 <= t ^+ 2 / 2%:R by rewrite divr_ge0 ?sqr_ge0 ?ler0n.
case: l => [|delta||||] //= _.
- move=> _; rewrite -subr_ge0; apply: ge0_eq (half (f - y + w)) _; by field.
- set e := double R delta; move=> we; rewrite /huber; case: ifP => [_|/negbT].
    by rewrite -subr_ge0; apply: ge0_eq (half (f - y + w)) _; field.
  rewrite -ltNge => ef; set t := `|f - y| in ef *.
  have wt : 0 <= `|w| * t + w * (f - y).
    by rewrite -[w * _]opprK subr_ge0 /t -normrM -normrN ler_norm.
  have slope : 0 <= (e - `|w|) * (t - e) by rewrite mulr_ge0 ?subr_ge0 // ltW.
  rewrite -subr_ge0; apply: ge0_eq (addr_ge0 (addr_ge0 wt slope) (half (e - `|w|))) _.
  have -> : w ^+ 2 = `|w| ^+ 2 by rewrite real_normK // num_real.
  by field.
- case=> y1 p0; rewrite -subr_ge0 => p1; rewrite mul0r subr0 /relu -subr_ge0.
  have -> : w * f = w * y * (y * f) by rewrite -[LHS]mulr1 -y1; ring.
  set p := w * y in p0 p1 *; set g := y * f.
  case: (lerP 0 (1 - g)) => g1.
    by apply: ge0_eq (mulr_ge0 g1 p1) _; ring.
  have : 0 <= - (1 - g) by rewrite oppr_ge0 ltW.
  by move/(mulr_ge0 p0)/ge0_eq; apply; ring.
case=> y1 p0; rewrite /relu -subr_ge0.
have -> : w * f = w * y * (y * f) by rewrite -[LHS]mulr1 -y1; ring.
have -> : w ^+ 2 = (w * y) ^+ 2 by rewrite exprMn y1 mulr1.
set p := w * y in p0 *; set g := y * f.
case: (lerP 0 (1 - g)) => g1.
  by apply: ge0_eq (half (1 - g - p)) _; field.
have : 0 <= - (1 - g) by rewrite oppr_ge0 ltW.
move/(mulr_ge0 p0) => H; apply: ge0_eq (addr_ge0 H (half p)) _; by field.
Qed.

Lemma total_lossE exp log l n c (Y F : 'M[R]_(n, c)) : has_terms l ->
  total_loss exp log l Y F = \sum_i \sum_j loss_term l (Y i j) (F i j).
Proof. by case: l. Qed.

Lemma conjugate exp log l n c (Y Z : 'M[R]_(n, c)) (s : R) : has_terms l ->
  (forall i j, conjugate_finite l (s * Z i j) (Y i j)) ->
  forall F, s * inner Z Y - s ^+ 2 * curvature l Z / 2%:R <=
    total_loss exp log l Y F + s * inner Z F.
Proof.
move=> terms finite F; rewrite total_lossE //.
have -> : s ^+ 2 * curvature l Z / 2%:R =
    \sum_i \sum_j (if has_square l then (s * Z i j) ^+ 2 else 0) / 2%:R.
  have -> : curvature l Z = \sum_i \sum_j (if has_square l then Z i j ^+ 2 else 0).
    by rewrite /curvature; case: has_square => //; symmetry; rewrite big1 // => i _; rewrite big1.
  rewrite mulr_sumr mulr_suml; apply: eq_bigr => i _.
  rewrite mulr_sumr mulr_suml; apply: eq_bigr => j _.
  by case: has_square; rewrite ?mulr0 // exprMn.
rewrite /inner !mulr_sumr -sumrN -!big_split /=; apply: ler_sum => i _.
rewrite !mulr_sumr -sumrN -!big_split /=; apply: ler_sum => j _.
by rewrite !mulrA; apply: conjugate_term.
Qed.

Section Networks.

Variables (hidden : bias) (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).
Variable neuron : neuron_bound hidden X Z kappa.

Lemma network_bound m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) : possible hidden h ->
  2%:R * inner Z (neurons X U h *m V) <= kappa * (square U + decay hidden h + square V).
Proof.
move=> H; have -> : decay hidden h = \sum_j decay hidden (col j h).
  by case: (hidden) => /=; [rewrite big1|exact: square_cols|rewrite big1].
rewrite inner_col -(square_tr V) (square_cols U) (square_cols V^T) -!big_split /= !mulr_sumr.
apply: ler_sum => j _; rewrite col_neurons -tr_row; apply: neuron.
by case: (hidden) H => //= ->; apply/matrixP => i k; rewrite !mxE.
Qed.

(* Theorems 37 and 38, with the scaling of Z by s. *)
Theorem weak_duality (output : bias) (ell : 'M[R]_(n, c) -> R) (reg s D : R) :
  0 < reg -> 0 <= s -> s * kappa <= reg ->
  (is_free output -> (const_mx 1 : 'rV[R]_n) *m Z = 0) ->
  (forall F, D <= ell F + s * inner Z F) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  D - s ^+ 2 * output_cost output Z reg / 2%:R <= ell (layer (neurons X U h) V b) +
    reg / 2%:R * (square U + square V + decay hidden h + decay output b).
Proof.
move=> reg0 s0 sk free conj m U h V b Hh Hb.
have := conj (layer (neurons X U h) V b); set loss := ell _.
rewrite {1}/layer innerDr inner_ones; set g := _ *m Z in free *.
have decay0 k (a : bias) (x : 'rV[R]_k) : 0 <= decay a x by case: a => //=; apply: square_ge0.
have D0 : 0 <= square U + decay hidden h + square V by rewrite !addr_ge0 ?square_ge0.
have := ler_wpmul2l s0 (network_bound U V Hh); rewrite [s * (kappa * _)]mulrA.
move/le_trans/(_ (ler_wpmul2r D0 sk)); set F := inner Z _ => HF HD.
have HB : 2%:R * (s * inner g b) <= s ^+ 2 * output_cost output Z reg + reg * decay output b.
  rewrite /output_cost -/g; case: (output) free Hb => /= [_ ->|_ _|-> //].
  - by rewrite innerC -[0](scale0r 0) innerZl mul0r !mulr0 addr0.
  - rewrite -subr_ge0 -(pmulr_rge0 _ reg0).
    have := square_ge0 (s *: g - reg *: b).
    rewrite {1}/square !(innerDl, innerDr, innerNl, innerNr, innerZl, innerZr) -!squareE.
    move/ge0_eq; apply; rewrite (innerC b g); by field; rewrite gt_eqF.
  by rewrite -[0](scale0r 0) innerZl mul0r !mulr0 addr0.
rewrite -subr_ge0 in HB; rewrite -subr_ge0 in HF; rewrite -subr_ge0 in HD.
rewrite -(ler_pmul2l (ltr0Sn R 1)) -subr_ge0.
apply: ge0_eq (addr_ge0 (addr_ge0 HB HF) (addr_ge0 HD HD)) _; by field.
Qed.

End Networks.

(* What a neuron adds to <Z, F>, and what it costs, are those of one with another column in X. *)
Section Columns.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).

Lemma no_bias : dual_norm_le X Z kappa -> neuron_bound NoBias X Z kappa.
Proof. by move=> H u h v /= ->; rewrite addr0 /neurons /layer mulmx0 addr0; apply: H. Qed.

(* Theorem 4. *)
Lemma decayed_bias :
  dual_norm_le (row_mx X (const_mx 1 : 'cV[R]_n)) Z kappa -> neuron_bound Decayed X Z kappa.
Proof.
move=> H u h v _; have := H (col_mx u h) v; rewrite mul_row_col.
suff -> : square (col_mx u h) = square u + square h by [].
rewrite /square /inner big_split_ord /=.
by congr (_ + _); apply: eq_bigr => i _; apply: eq_bigr => j _; rewrite ?col_mxEu ?col_mxEd.
Qed.

End Columns.
End Theory.
