(* The proof of a bound of a direction by quadratics on boxes of the space of u: Theorem 52 of
   ../12-cells.md without its filter in floats, over any real closed field.

   How it is used. A tree cuts the cube around the sphere |y| = 1 into boxes; its induction is in
   CellsTreeSound.v, over lists for boxes and points. Here is what its steps need of real numbers: a
   quadratic that is nonnegative on an interval (`quadratic_on`), what one coordinate adds to a
   bound of x^T y (`term_at_low`, `term_at_high`, `term_at_peak`), the form of a leaf (`cell_leaf`),
   and the way from y, and points and weights that are rounded, back to u, x and sigma
   (`rounded_bound`, `turned_bound`).
   The checker finds what follows from box and points: intervals, quadratics from their codes, and a
   factor of the form. Nothing is proved of how it finds them; it checks what they are for. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Scalars.

Variable R : realFieldType.
Implicit Types a b c l h t x s : R.

(* A quadratic on an interval, by its ends and the place of its vertex, or its discriminant. *)
Lemma quadratic_on a b c l h t : l <= t -> t <= h ->
  0 <= a * l ^+ 2 + b * l + c -> 0 <= a * h ^+ 2 + b * h + c ->
  [|| a <= 0, 0 <= 2%:R * a * l + b, 2%:R * a * h + b <= 0 | b ^+ 2 <= 4%:R * a * c] ->
  0 <= a * t ^+ 2 + b * t + c.
Proof.
rewrite -(subr_ge0 l t) -(subr_ge0 t h) => lt th l0 h0.
have [a0|a0] := lerP a 0; move=> /= H.
  have [lh|lh] := lerP (h - l) 0.
    suff /eqP : t - l = 0 by rewrite subr_eq0 => /eqP ->.
    by apply/eqP; rewrite eq_le lt andbT; apply: le_trans lh; rewrite ler_add2r -subr_ge0.
  rewrite -(pmulr_rge0 _ lh); rewrite -oppr_ge0 in a0.
  apply: ge0_eq (addr_ge0 (addr_ge0 (mulr_ge0 th l0) (mulr_ge0 lt h0))
    (mulr_ge0 (mulr_ge0 a0 (mulr_ge0 lt th)) (ltW lh))) _; ring.
case/or3P: H => [s0|s0|disc].
- apply: ge0_eq (addr_ge0 (addr_ge0 l0 (mulr_ge0 lt s0)) (mulr_ge0 (ltW a0) (sqr_ge0 (t - l)))) _.
  by ring.
- rewrite -oppr_ge0 in s0.
  apply: ge0_eq (addr_ge0 (addr_ge0 h0 (mulr_ge0 th s0)) (mulr_ge0 (ltW a0) (sqr_ge0 (h - t)))) _.
  by ring.
have a4 : 0 < 4%:R * a by rewrite pmulr_rgt0 ?ltr0n.
rewrite -(pmulr_rge0 _ a4); rewrite -subr_ge0 in disc.
by apply: ge0_eq (addr_ge0 disc (sqr_ge0 (2%:R * a * t + b))) _; ring.
Qed.

(* The greatest x t - (s/2) t^2 for t from l to h. *)
Lemma term_at_low x s l t : 0 <= s -> l <= t -> x <= s * l ->
  x * t - s / 2%:R * t ^+ 2 <= x * l - s / 2%:R * l ^+ 2.
Proof.
rewrite -(subr_ge0 l t) -(subr_ge0 x) => s0 lt xl; rewrite -subr_ge0.
have half : 0 <= s / 2%:R by rewrite divr_ge0 ?ler0n.
apply: ge0_eq (addr_ge0 (mulr_ge0 lt xl) (mulr_ge0 half (sqr_ge0 (t - l)))) _.
by field.
Qed.

Lemma term_at_high x s h t : 0 <= s -> t <= h -> s * h <= x ->
  x * t - s / 2%:R * t ^+ 2 <= x * h - s / 2%:R * h ^+ 2.
Proof.
move=> s0 th xh; have := @term_at_low (- x) s (- h) (- t) s0.
by rewrite ler_oppl opprK mulrN ler_oppl opprK !mulrNN !sqrrN; apply.
Qed.

Lemma term_at_peak x s t : 0 < s -> x * t - s / 2%:R * t ^+ 2 <= x ^+ 2 / (2%:R * s).
Proof.
move=> s0; rewrite -subr_ge0.
have half : 0 <= (2%:R * s)^-1 by rewrite invr_ge0 mulr_ge0 ?ler0n ?ltW.
apply: ge0_eq (mulr_ge0 half (sqr_ge0 (x - s * t))) _.
by field; rewrite gt_eqF.
Qed.

Lemma relu_lipschitz x t : `|relu x - relu t| <= `|x - t|.
Proof.
rewrite /relu; case: (lerP 0 x) => x0; case: (lerP 0 t) => t0; rewrite ?subrr ?normr0 //.
- by rewrite subr0 !ger0_norm ?ler_paddr ?oppr_ge0 ?subr_ge0 ?(ltW t0) // (le_trans (ltW t0)).
rewrite sub0r normrN ger0_norm // distrC ger0_norm ?subr_ge0 ?(le_trans (ltW x0)) //.
by rewrite ler_paddr // oppr_ge0 ltW.
Qed.

Lemma relu_le_norm x : relu x <= `|x|.
Proof. by rewrite /relu le_maxl normr_ge0 ler_norm. Qed.

End Scalars.

Section Leaf.

Variables (R : realFieldType) (m k : nat) (A : 'M[R]_(m, k)).
(* Of each mixed point the weight times a and b of its quadratic; of all of them the sum of the
   weights times c; of the other points the linear part. *)
Variables (squares firsts : 'rV[R]_m) (constant : R) (linear : 'rV[R]_k).
(* The box, and whether a coordinate is a part of the length. *)
Variables (low high : 'rV[R]_k) (round : pred 'I_k).
Variables (h mu : R) (sides : 'rV[R]_k).

Definition cell_edges : 'rV[R]_k :=
  \row_j (linear 0 j + (firsts *m A) 0 j + sides 0 j * (low 0 j + high 0 j)).
Definition cell_corner : R := h - constant - mu + \sum_j sides 0 j * low 0 j * high 0 j.
Definition cell_diagonal : 'rV[R]_k := \row_j (sides 0 j + mu *+ round j).

(* Twice F of Theorem 52(a), as a form of (1, y). *)
Definition cell_form : 'M[R]_(1 + k) :=
  block_mx (2%:R * cell_corner)%:M (- cell_edges) (- cell_edges^T)
    (2%:R *: (diag_mx cell_diagonal - A^T *m diag_mx squares *m A)).

Lemma cell_form_sym : cell_form^T = cell_form.
Proof.
rewrite /cell_form tr_block_mx !linearN /= trmxK tr_scalar_mx linearZ linearB /= tr_diag_mx.
by rewrite !trmx_mul trmxK tr_diag_mx mulmxA.
Qed.

(* Theorem 52(a): the mixed points add no more than their quadratics. *)
Theorem cell_leaf (added : R) (y : 'cV[R]_k) :
  (forall z, 0 <= bf cell_form z z) ->
  (forall j, 0 <= sides 0 j) -> (forall j, low 0 j <= y j 0 <= high 0 j) ->
  \sum_(j | round j) y j 0 ^+ 2 = 1 ->
  added <= \sum_i (squares 0 i * (A *m y) i 0 ^+ 2 + firsts 0 i * (A *m y) i 0) + constant ->
  (linear *m y) 0 0 + added <= h.
Proof.
move=> psd sides0 inside sphere; set Q := \sum_i _ => mixed.
have QE : Q = bf (A^T *m diag_mx squares *m A) y y + (firsts *m A *m y) 0 0.
  rewrite -mulmxA bf_mull bf_mulr /bf -/(bf _ _ _) bf_squares -mulmxA [(firsts *m _) 0 0]mxE.
  by rewrite /Q big_split.
have ends : 0 <= \sum_j sides 0 j * ((y j 0 - low 0 j) * (high 0 j - y j 0)).
  apply: sumr_ge0 => j _; have /andP[H1 H2] := inside j.
  by rewrite !mulr_ge0 ?subr_ge0.
have := psd (col_mx 1%:M y); rewrite /cell_form bf_block bfZ bfD !bfN bf_squares.
have edges : bf cell_edges 1%:M y = (cell_edges *m y) 0 0.
  by rewrite /bf innerE trmx1 mul1mx.
rewrite bfT edges.
have -> : bf (2%:R * cell_corner)%:M 1%:M 1%:M = 2%:R * cell_corner.
  by rewrite bf_scalar /square /inner !big_ord1 mxE eqxx mulr1 mulr1.
have -> : (cell_edges *m y) 0 0 = (linear *m y) 0 0 + (firsts *m A *m y) 0 0 +
    \sum_j sides 0 j * (low 0 j + high 0 j) * y j 0.
  rewrite !mxE -!big_split; apply: eq_bigr => j _; rewrite /cell_edges mxE.
  by rewrite !mulrDl.
have -> : \sum_j cell_diagonal 0 j * y j 0 ^+ 2 = \sum_j sides 0 j * y j 0 ^+ 2 + mu.
  have -> : \sum_j cell_diagonal 0 j * y j 0 ^+ 2 =
      \sum_j sides 0 j * y j 0 ^+ 2 + \sum_j (mu *+ round j) * y j 0 ^+ 2.
    by rewrite -big_split; apply: eq_bigr => j _; rewrite mxE mulrDl.
  congr (_ + _); rewrite -[RHS]mulr1 -sphere mulr_sumr [RHS]big_mkcond.
  by apply: eq_bigr => j _; case: ifP; rewrite ?mulr1n // mulr0n mul0r.
rewrite /cell_corner.
have endsE : \sum_j sides 0 j * ((y j 0 - low 0 j) * (high 0 j - y j 0)) =
    \sum_j sides 0 j * (low 0 j + high 0 j) * y j 0 -
    \sum_j sides 0 j * low 0 j * high 0 j - \sum_j sides 0 j * y j 0 ^+ 2.
  rewrite -!sumrB; apply: eq_bigr => j _; ring.
rewrite {}endsE in ends; rewrite {}QE in mixed.
move: ends mixed; set L := (linear *m y) 0 0; set B := bf _ y y; set F := (_ *m y) 0 0.
set p := \sum_j _; set q := \sum_j _; set r := \sum_j _.
move=> ends mixed psd0; rewrite -subr_ge0 in mixed.
rewrite -subr_ge0 -(pmulr_rge0 _ (ltr0Sn R 1)).
apply: ge0_eq (addr_ge0 psd0 (addr_ge0 (addr_ge0 mixed mixed) (addr_ge0 ends ends))) _; ring.
Qed.

End Leaf.

Section Rounding.

Variables (R : rcfType) (n k : nat) (T X : 'M[R]_(n, k)) (sigma weights : 'cV[R]_n) (E F : R).

(* What rounding may change, in halves of both units. *)
Definition lost : R :=
  \sum_(i | sigma i 0 != 0) (\sum_j `|X i j| + (`|weights i 0| + 1) * k%:R).

(* Theorem 52(b), of points and weights. *)
Theorem rounded_bound (y : 'cV[R]_k) : 0 <= E -> 0 <= F ->
  (forall i j, `|T i j - E * X i j| <= E / 2%:R) ->
  (forall i, `|sigma i 0 - F * weights i 0| <= F / 2%:R) ->
  (forall i, sigma i 0 = 0 -> weights i 0 = 0) -> (forall j, `|y j 0| <= 1) ->
  inner (map_mx (@relu R) (T *m y)) sigma <=
    E * F * (\sum_i weights i 0 * relu ((X *m y) i 0) + lost / 2%:R).
Proof.
move=> E0 F0 TX sw zero y1; rewrite /lost mulrDr mulr_suml !mulr_sumr.
rewrite [X in _ <= _ + X]big_mkcond -big_split /inner.
apply: ler_sum => i _; rewrite big_ord1 mxE.
have [s0|s0] := eqVneq (sigma i 0) 0.
  by rewrite /= s0 (zero i s0) mulr0 mul0r mulr0 addr0.
rewrite /=; set t := (T *m y) i 0; set u := (X *m y) i 0; set s := sigma i 0; set w := weights i 0.
have uX : `|u| <= \sum_j `|X i j|.
  rewrite /u mxE; apply: le_trans (ler_norm_sum _ _ _) _; apply: ler_sum => j _.
  by rewrite normrM -[X in _ <= X]mulr1 ler_wpmul2l.
have tu : `|t - E * u| <= E / 2%:R * k%:R.
  rewrite /t /u !mxE mulr_sumr -sumrB; apply: le_trans (ler_norm_sum _ _ _) _.
  have -> : E / 2%:R * k%:R = \sum_(j < k) E / 2%:R by rewrite sumr_const card_ord mulr_natr.
  apply: ler_sum => j _; rewrite mulrA -mulrBl normrM -[X in _ <= X]mulr1.
  by rewrite ler_pmul.
have step1 : s * (relu t - E * relu u) <= F * (`|w| + 2%:R^-1) * (E / 2%:R * k%:R).
  apply: le_trans (ler_norm _) _; rewrite normrM ler_pmul //.
    have -> : s = F * w + (s - F * w) by rewrite addrC subrK.
    apply: le_trans (ler_norm_add _ _) _; rewrite mulrDr normrM (ger0_norm F0).
    by rewrite ler_add2l; exact: sw.
  by rewrite -relu_scale //; apply: le_trans (relu_lipschitz _ _) tu.
have step2 : (s - F * w) * (E * relu u) <= F / 2%:R * (E * \sum_j `|X i j|).
  have H : 0 <= E * relu u by rewrite mulr_ge0 ?relu_ge0.
  apply: le_trans (ler_norm _) _; rewrite normrM (ger0_norm H) ler_pmul //.
    exact: sw.
  by rewrite ler_wpmul2l //; apply: le_trans (relu_le_norm _) uX.
have slack : 0 <= F * E * k%:R / 4%:R by rewrite !mulr_ge0 ?invr_ge0 ?ler0n.
rewrite -subr_ge0 in step1; rewrite -subr_ge0 in step2; rewrite -subr_ge0.
apply: ge0_eq (addr_ge0 (addr_ge0 step1 step2) slack) _.
by move: (relu t) (relu u) (\sum_j _) (`|w|) => rt ru S w'; field.
Qed.

End Rounding.

Section Turned.

Variables (R : rcfType) (n e d : nat) (X : 'M[R]_(n, e + d)) (P : 'M[R]_d) (share : R).

(* The points in the coordinates y of u = Py; of a number beside u it is that over 1 + share. *)
Definition turned_points : 'M[R]_(n, e + d) :=
  row_mx ((1 + share) *: lsubmx X) (rsubmx X *m P).

Theorem turned_bound (sigma : 'cV[R]_n) (h : R) : 0 <= share < 1 -> 0 <= h ->
  (forall y : 'cV[R]_d, (1 - share) * square y <= square (P *m y)) ->
  (forall y : 'cV[R]_d, square (P *m y) <= (1 + 2%:R * share) * square y) ->
  (forall y : 'cV[R]_(e + d), square (dsubmx y) = 1 -> (forall j, `|y j 0| <= 1) ->
    inner (map_mx (@relu R) (turned_points *m y)) sigma <= (1 - share) * h) ->
  forall u : 'cV[R]_(e + d), beside_norm u ->
  inner (map_mx (@relu R) (X *m u)) sigma <= h * norm (dsubmx u).
Proof.
case/andP=> s0 s1 h0 below above bound u beside.
have s1' : 0 < 1 - share by rewrite subr_gt0.
have unit : P \in unitmx.
  rewrite -unitmx_tr -row_free_unit -kermx_eq0; apply/eqP/row_matrixP => i; rewrite row0.
  set r := row i _; have rP : P *m r^T = 0.
    apply: trmx_inj; rewrite trmx_mul trmxK trmx0.
    by have /sub_kermxP : (r <= kermx P^T)%MS by apply: row_sub.
  have := below r^T; rewrite rP {2}/square /inner big1 => [|j _]; last first.
    by rewrite big_ord1 mxE mul0r.
  rewrite pmulr_rle0 // => r0; apply: trmx_inj; rewrite trmx0; apply: square_eq0.
  by apply/eqP; rewrite eq_le r0 square_ge0.
pose v := invmx P *m dsubmx u; have vE : P *m v = dsubmx u by rewrite mulKVmx.
have [v0|v0] := eqVneq (norm v) 0.
  have z : v = 0 by apply: square_eq0; rewrite -norm_square v0 expr0n.
  have d0 : dsubmx u = 0 by rewrite -vE z mulmx0.
  have g0 : usubmx u = 0.
    apply/matrixP => j l; rewrite ord1 [RHS]mxE; apply/eqP; rewrite -sqrf_eq0 eq_le sqr_ge0 andbT.
    by apply: le_trans (beside j) _; rewrite d0 squareE innerE mulmx0 mxE.
  have -> : u = 0 by rewrite -[u]vsubmxK d0 g0 col_mx0.
  rewrite mulmx0; have -> : map_mx (@relu R) 0 = 0 :> 'cV[R]_n.
    by apply/matrixP => i j; rewrite !mxE /relu maxxx.
  by rewrite innerC innerE mulmx0 mxE mulr_ge0 ?norm_ge0.
have vp : 0 < norm v by rewrite lt_def v0 norm_ge0.
have t0 : 0 < 1 + share by apply: (ltr_paddr s0 ltr01).
pose y := col_mx ((1 + share)^-1 *: usubmx u) v : 'cV[R]_(e + d).
have XE : X *m u = turned_points *m y.
  rewrite /turned_points /y mul_row_col -scalemxAl -scalemxAr scalerA divff ?gt_eqF // scale1r.
  by rewrite -mulmxA vE -{1}[X]hsubmxK -{1}[u]vsubmxK mul_row_col.
have := bound ((norm v)^-1 *: y) _ _; rewrite -scalemxAr.
have -> : map_mx (@relu R) ((norm v)^-1 *: (turned_points *m y)) =
    (norm v)^-1 *: map_mx (@relu R) (X *m u).
  apply/matrixP => i j; rewrite -XE !mxE relu_scale // invr_ge0 norm_ge0.
  by [].
rewrite innerZl => H.
have {}H : inner (map_mx (@relu R) (X *m u)) sigma <= (1 - share) * h * norm v.
  rewrite -ler_pdivr_mulr // mulrC; apply: H => [|j].
    have -> : dsubmx ((norm v)^-1 *: y) = (norm v)^-1 *: v.
      by rewrite /y scale_col_mx col_mxKd.
    rewrite squareE innerZl innerZr -squareE -(norm_square v) mulrA -expr2 -exprMn.
    by rewrite mulVf // expr1n.
  rewrite mxE normrM normfV (gtr0_norm vp) mulrC ler_pdivr_mulr // mul1r.
  rewrite -(@ler_pexpn2r _ 2) ?nnegrE ?norm_ge0 // real_normK ?num_real // norm_square.
  rewrite /y; case: (split_ordP j) => l ->.
    rewrite col_mxEu mxE exprMn exprVn -ler_pdivl_mull ?invr_gt0 ?exprn_gt0 // invrK.
    apply: le_trans (beside l) _; rewrite -vE; apply: le_trans (above v) _.
    by rewrite ler_wpmul2r ?square_ge0 // -subr_ge0; apply: ge0_eq (sqr_ge0 share) _; ring.
  rewrite col_mxEd /square /inner (bigD1 l) //= big_ord1 -expr2 ler_addl.
  by apply: sumr_ge0 => i _; rewrite big_ord1 -expr2 sqr_ge0.
apply: le_trans H _; rewrite mulrAC mulrC ler_wpmul2l //.
rewrite -(@ler_pexpn2r _ 2) ?nnegrE ?mulr_ge0 ?norm_ge0 ?(ltW s1') // exprMn !norm_square -vE.
apply: le_trans (below v); rewrite ler_wpmul2r ?square_ge0 // -subr_ge0.
by apply: ge0_eq (mulr_ge0 s0 (ltW s1')) _; ring.
Qed.

End Turned.
