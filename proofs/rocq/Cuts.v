(* The proof of a dual norm by products of slacks and forms on sets of points: Theorems 29 to 31 of
   ../07-cuts.md, over any real closed field. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* The sum of absolute values. *)
Definition length_of d (r : 'rV[R]_d) : R := \sum_j `|r 0 j|.

(* A form f is at least -rho |u|, and its size at most G |u|; t is |u|. *)
Definition form_within (t f rho G : R) : Prop := - (rho * t) <= f /\ `|f| <= G * t.

(* Twice q of Theorem 31, for the variables (a, u) and v: W is the form of what is nonnegative, but
   for lost |u|^2. *)
Definition cuts_form n d c (Z : 'M[R]_(n, c)) (kappa lost : R) (W : 'M[R]_(n + d)) :
    'M[R]_(n + d + c) :=
  block_mx (diag_mx (row_mx 0 (const_mx (kappa - 2%:R * lost))) - (W + W^T)) (col_mx (- Z) 0)
    (col_mx (- Z) 0)^T kappa%:M.

End Definitions.

Section Theory.

Variable R : rcfType.

(* Theorem 29(b). *)
Lemma product_lower (t f rho G f' rho' G' : R) : 0 <= t -> 0 <= rho -> 0 <= rho' ->
  form_within t f rho G -> form_within t f' rho' G' ->
  - ((rho * G' + rho' * G + rho * rho') * t ^+ 2) <= f * f'.
Proof.
move=> t0 r0 r0' [low size] [low' size'].
have H1 : 0 <= (f + rho * t) * (f' + rho' * t).
  by rewrite mulr_ge0 // -[_ * t]opprK subr_ge0.
have H2 : 0 <= rho * t * (G' * t - f').
  by rewrite !mulr_ge0 // subr_ge0 (le_trans (ler_norm _)).
have H3 : 0 <= rho' * t * (G * t - f).
  by rewrite !mulr_ge0 // subr_ge0 (le_trans (ler_norm _)).
rewrite -subr_ge0; apply: ge0_eq (addr_ge0 (addr_ge0 H1 H2) H3) _; ring.
Qed.

Lemma row_product_le d (r : 'rV[R]_d) (u : 'cV[R]_d) : `|(r *m u) 0 0| <= length_of r * norm u.
Proof.
rewrite mxE mulr_suml; apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => j _.
rewrite normrM ler_wpmul2l // -(@ler_pexpn2r _ 2) // ?nnegrE ?norm_ge0 // norm_square.
rewrite real_normK ?num_real // /square /inner.
under eq_bigr do rewrite big_ord1.
by rewrite (bigD1 j) //= -expr2 ler_addl; apply: sumr_ge0 => k _; rewrite -expr2 sqr_ge0.
Qed.

Lemma relu_le_norm (s : R) : relu s <= `|s|.
Proof. by rewrite /relu le_maxl normr_ge0 ler_norm. Qed.

Section Slacks.

Variables (n d : nat) (X : 'M[R]_(n, d)) (u : 'cV[R]_d).

Let a : 'cV[R]_n := map_mx (@relu R) (X *m u).
Let b : 'cV[R]_n := map_mx (@relu R) (- (X *m u)).

Lemma points_diff : X *m u = a - b.
Proof. by apply/matrixP => i j; rewrite !mxE reluN. Qed.

Lemma point_le i : `|(X *m u) i 0| <= length_of (row i X) * norm u.
Proof. by have := row_product_le (row i X) u; rewrite -row_mul mxE. Qed.

Lemma a_within i : form_within (norm u) (a i 0) 0 (length_of (row i X)).
Proof.
split; first by rewrite mul0r oppr0 /a mxE relu_ge0.
rewrite ger0_norm; last by rewrite /a mxE relu_ge0.
by apply: le_trans (point_le i); rewrite /a mxE relu_le_norm.
Qed.

Lemma b_within i : form_within (norm u) (b i 0) 0 (length_of (row i X)).
Proof.
split; first by rewrite mul0r oppr0 /b mxE relu_ge0.
rewrite ger0_norm; last by rewrite /b mxE relu_ge0.
apply: le_trans (point_le i); rewrite /b [X in X <= _]mxE -normrN.
by apply: le_trans (relu_le_norm _) _; rewrite mxE.
Qed.

(* Theorem 29(a), for nonnegative combinations of all a and b. *)
Lemma slack_within i (p q : 'rV[R]_n) : (forall k, 0 <= p 0 k) -> (forall k, 0 <= q 0 k) ->
  form_within (norm u) ((p *m a + q *m b) 0 0 - a i 0)
    (length_of (row i X - (p - q) *m X))
    (length_of (row i X) + \sum_k (p + q) 0 k * length_of (row k X)).
Proof.
move=> p0 q0; set r := row i X - _.
have sums0 (w : 'rV[R]_n) (x : 'cV[R]_n) : (forall k, 0 <= w 0 k) -> (forall k, 0 <= x k 0) ->
    0 <= (w *m x) 0 0.
  by move=> w0 x0; rewrite mxE; apply: sumr_ge0 => k _; rewrite mulr_ge0.
have a0 k : 0 <= a k 0 by rewrite /a mxE relu_ge0.
have b0 k : 0 <= b k 0 by rewrite /b mxE relu_ge0.
have [pa qb] := (sums0 p a p0 a0, sums0 q b q0 b0).
have [pb qa] := (sums0 p b p0 b0, sums0 q a q0 a0).
have entry (A B : 'M[R]_1) : (A + B) 0 0 = A 0 0 + B 0 0 by rewrite mxE.
have entryN (A : 'M[R]_1) : (- A) 0 0 = - A 0 0 by rewrite mxE.
split.
  have small := row_product_le r u; have := ler_norm ((r *m u) 0 0) => /le_trans/(_ small).
  have : (X *m u) i 0 = (p *m a) 0 0 - (p *m b) 0 0 - ((q *m a) 0 0 - (q *m b) 0 0) +
      (r *m u) 0 0.
    have -> : (r *m u) 0 0 = (X *m u) i 0 - ((p - q) *m (a - b)) 0 0.
      by rewrite /r mulmxBl -row_mul -mulmxA -points_diff entry entryN [row i _ 0 0]mxE.
    rewrite mulmxBl !mulmxBr !(entry, entryN).
    move: ((p *m a) 0 0) ((p *m b) 0 0) ((q *m a) 0 0) ((q *m b) 0 0) => pa' pb' qa' qb'; ring.
  set s := length_of r * norm u in small *.
  have s0 : 0 <= s by apply: le_trans small.
  move=> split_x small_r; rewrite entry.
  have le_all : a i 0 <= (p *m a) 0 0 + (q *m b) 0 0 + s.
    have -> : a i 0 = relu ((X *m u) i 0) by rewrite [LHS]mxE.
    rewrite /relu le_maxl; apply/andP; split; first by rewrite !addr_ge0.
    rewrite -subr_ge0 in small_r; rewrite split_x -subr_ge0.
    by apply: ge0_eq (addr_ge0 (addr_ge0 pb qa) small_r) _; ring.
  by rewrite -subr_ge0 opprK addrAC subr_ge0.
apply: le_trans (ler_norm_sub _ _) _; rewrite mulrDl addrC [`|a i 0|]ger0_norm //.
apply: ler_add; first by have [_] := a_within i; rewrite ger0_norm.
rewrite entry ger0_norm ?addr_ge0 // [(p *m a) 0 0]mxE [(q *m b) 0 0]mxE -big_split mulr_suml /=.
apply: ler_sum => k _.
have [_] := a_within k; rewrite ger0_norm // => ak; have [_] := b_within k; rewrite ger0_norm // => bk.
by rewrite addmxE mulrDl mulrDl -!mulrA; apply: ler_add; apply: ler_wpmul2l.
Qed.

End Slacks.

(* Theorem 30. The forms are numbered: the a of the points, and then the b. *)
Section Sets.

Variables (k : nat) (P : nat -> nat -> R) (h : nat -> R).
Variables (h0 : forall r, 0 <= h r) (either : forall i, (i < k)%N -> h i * h (k + i)%N = 0).

Definition chosen (s : nat -> bool) (i : nat) : nat := if s i then (k + i)%N else i.

Definition choice_form (s : nat -> bool) : 'M[R]_k :=
  \matrix_(i, j) (P (chosen s i) (chosen s j) + P (chosen s j) (chosen s i)).

Let s (i : nat) : bool := h i == 0.

Lemma other0 i (F : nat -> R) : (i < k)%N ->
  h i * F i + h (k + i)%N * F (k + i)%N = h (chosen s i) * F (chosen s i).
Proof.
move=> ik; rewrite /chosen /s; have [hi|hi] := eqVneq (h i) 0; first by rewrite hi mul0r add0r.
have /eqP := either ik; rewrite mulf_eq0 (negPf hi) /= => /eqP ->.
by rewrite mul0r addr0.
Qed.

Lemma chosen_sum (F : nat -> R) :
  \sum_(r < k + k) h r * F r = \sum_(i < k) h (chosen s i) * F (chosen s i).
Proof.
by rewrite big_split_ord -big_split /=; apply: eq_bigr => i _; rewrite other0.
Qed.

Lemma copositive : (forall s, exists N : 'M[R]_k, (forall i j, 0 <= N i j) /\
    forall z, 0 <= bf (choice_form s - N) z z) ->
  0 <= \sum_(r < k + k) \sum_(r' < k + k) P r r' * (h r * h r').
Proof.
move=> /(_ s) [N [N0 psd]]; pose z : 'cV[R]_k := \col_i h (chosen s i).
have -> : \sum_(r < k + k) \sum_(r' < k + k) P r r' * (h r * h r') =
    \sum_(i < k) \sum_(j < k) P (chosen s i) (chosen s j) * (h (chosen s i) * h (chosen s j)).
  transitivity (\sum_(r < k + k) h r * \sum_(r' < k + k) h r' * P r r').
    by apply: eq_bigr => r _; rewrite mulr_sumr; apply: eq_bigr => r' _; ring.
  rewrite (chosen_sum (fun r => \sum_(r' < k + k) h r' * P r r')).
  apply: eq_bigr => i _; rewrite (chosen_sum (P (chosen s i))) mulr_sumr.
  by apply: eq_bigr => j _; ring.
have N1 : 0 <= bf N z z.
  by rewrite bf_sum; do 2?[apply: sumr_ge0 => ? _]; rewrite !mulr_ge0 // mxE.
have := addr_ge0 (psd z) N1; rewrite -bfD subrK bf_sum => H.
rewrite -(pmulr_rge0 _ (ltr0Sn R 1)) mulr_natl mulr2n; apply: ge0_eq H _.
under eq_bigr do under eq_bigr do rewrite !mxE mulrDr mulrDl.
under eq_bigr do rewrite big_split.
rewrite big_split /=; congr (_ + _); last rewrite exchange_big /=.
  by do 2?[apply: eq_bigr => ? _]; ring.
by do 2?[apply: eq_bigr => ? _]; ring.
Qed.

End Sets.

(* Theorem 31. *)
Section Form.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa lost : R).
Variable W : 'M[R]_(n + d).

Lemma cuts_form_sym : (cuts_form Z kappa lost W)^T = cuts_form Z kappa lost W.
Proof.
rewrite /cuts_form tr_block_mx trmxK tr_scalar_mx; congr block_mx.
by rewrite linearB /= tr_diag_mx [(W + W^T)^T]linearD /= trmxK [W^T + W]addrC.
Qed.

Theorem cuts_prove_kappa :
  (forall u, let z := col_mx (map_mx (@relu R) (X *m u)) u in - (lost * square u) <= bf W z z) ->
  (forall z, 0 <= bf (cuts_form Z kappa lost W) z z) -> dual_norm_le X Z kappa.
Proof.
move=> low psd u v; set a := map_mx _ _; have := low u; rewrite -/a /=.
have := psd (col_mx (col_mx a u) v); rewrite /cuts_form bf_block bfT bf_scalar.
rewrite bfD bfN bfD bfT.
have -> : bf (diag_mx (row_mx 0 (const_mx (kappa - 2%:R * lost)))) (col_mx a u) (col_mx a u) =
    (kappa - 2%:R * lost) * square u.
  rewrite bf_squares big_split_ord /= big1 ?add0r => [|i _]; last first.
    by rewrite row_mxEl mxE mul0r.
  rewrite /square /inner mulr_sumr; apply: eq_bigr => i _.
  by rewrite big_ord1 row_mxEr col_mxEd mxE expr2.
have -> : bf (col_mx (- Z) 0) (col_mx a u) v = - bf Z a v.
  have zero : inner u (0 : 'cV[R]_d) = 0 by rewrite innerE mulmx0 mxE.
  by rewrite /bf mul_col_mx inner_split mul0mx mulNmx innerNr zero addr0.
rewrite -/(bf Z a v); move: (bf W _ _) (bf Z a v) (square u) (square v) => w i su sv.
rewrite -subr_ge0 => psd0 low0; rewrite -subr_ge0 in low0.
rewrite -subr_ge0; apply: ge0_eq (addr_ge0 psd0 (addr_ge0 low0 low0)) _; ring.
Qed.

End Form.
End Theory.
