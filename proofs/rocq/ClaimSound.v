(* What the checks of a claim show: the bound, and the verdict from a bound on neurons. *)

From Coq Require Import ZArith.
From Certnn Require Import Logarithms Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Exponential Biases Reading LogarithmsSound LossesSound.
From Certnn Require Export DataSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Section Bound.

Variables (n c : nat) (Y : rows) (point : dual_point).
Variables (FZ : full n c (dual point)) (FY : full n c Y).
Variables (Y0 : positive (targets_unit point)) (Z0' : positive (dual_unit point)).

Let y : 'M[R]_(n, c) := (of_Z (targets_unit point))^-1 *: M n c Y.
Let z : 'M[R]_(n, c) := (of_Z (dual_unit point))^-1 *: M n c (dual point).

Lemma balanced_sound hidden output : balanced c hidden output (dual point) ->
  is_free hidden || is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0.
Proof.
move=> /implyP H /H /allP zero; rewrite -scalemxAr; apply/matrixP => i j.
rewrite ord1 mxE -(column_sumsE R _ FZ) [RHS]mxE.
have /zero/Z.eqb_eq <- : nth Z0 (column_sums c (dual point)) j \in column_sums c (dual point).
  by rewrite mem_nth // size_map size_transposed.
by rewrite of_Z0 mulr0.
Qed.

Lemma bound_arithmetic (p q sp sq uZ uY r D V G S K : R) :
  0 < q -> 0 < sq -> 0 < uZ -> 0 < uY -> 0 < r -> 0 < D -> 0 < V ->
  2%:R * p * (sq * sq * (V * (r * uY * (uZ * uZ)))) <=
    q * (2%:R * (sq * (r * uZ)) * G - V * (sp * sp * (uY * (r * S + D * K)))) ->
  p / q <= G / V / (sq * (uZ * uY)) - (sp / sq) ^+ 2 * (uZ^-1 * (uZ^-1 * S)) / 2%:R -
    (sp / sq) ^+ 2 * (uZ^-1 * (uZ^-1 * K) / (r / D)) / 2%:R.
Proof.
move=> q0 s0 z0 y0 r0 D0 V0 H; rewrite -subr_ge0 in H.
have E0 : 0 < q * (2%:R * (sq * sq * (V * (r * uY * (uZ * uZ))))) by rewrite !mulr_gt0 ?ltr0n.
rewrite -subr_ge0; apply: ge0_eq (divr_ge0 H (ltW E0)) _.
by field; rewrite !gt_eqF.
Qed.

Lemma check_scale_sound exp log l hidden output d (X : 'M[R]_(n, d)) reg p q kappa s :
  (l = Logistic \/ l = Softmax -> exponential exp log) -> positive (numerator reg) ->
  positive kappa.1 -> positive kappa.2 -> positive q ->
  check_scale l Y (bound_terms l output c Y (numerator reg) point) (numerator reg) p q kappa s
    point ->
  (is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0) ->
  neuron_bound hidden X z (of_Z kappa.1 / of_Z kappa.2) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  of_Z p / of_Z q <= objective exp log l hidden output X y (double R reg) U h V b.
Proof.
case: kappa s => kp kq [sp sq] /= E r0 kp0 kq0 q0 /and4P[/andP[sp0 sq0] Hs dom Hb] free bound.
move=> m U h V b.
have s0 := divr_ge0 (of_Z_ge0 R sp0) (ltW (of_Z_gt0 R sq0)).
have conj := gain_sound FZ FY Y0 Z0' E sp0 sq0 dom.
rewrite !(of_ZM R sq, of_ZM R (dual_unit _)) in conj.
move=> Hh Hout; move: (gain l Y sp sq point) conj (unit_128_gt0 R) Hb => G.
move: unit_128 => W conj W0 Hb.
move: positive_denominator Hs Hb; rewrite /double /bound_terms.
rewrite /y /z in conj free bound *; case: (point) FZ Y0 Z0' conj free bound.
move=> uX uY col uZ Z' a1 a2 /= FZ' Y1 Z1 conj free bound.
move: denominator (numerator reg) r0 => D r r0 D0 Hs Hb.
have reg0 : 0 < of_Z r / of_Z D by rewrite divr_gt0 // of_Z_gt0.
have sk : of_Z sp / of_Z sq * (of_Z kp / of_Z kq) <= of_Z r / of_Z D.
  move: Hs => /(of_Z_le R); rewrite !of_ZM => Hs; rewrite -subr_ge0; rewrite -subr_ge0 in Hs.
  have E0 : 0 <= of_Z sq * of_Z kq * of_Z D by rewrite !mulr_ge0 // ltW // of_Z_gt0.
  by apply: ge0_eq (divr_ge0 Hs E0) _; field; rewrite !of_Z_neq0.
have B := weak_duality bound reg0 s0 sk free conj U V Hh Hout.
rewrite /objective; apply: le_trans B.
move: Hb => /(of_Z_le R); rewrite !(of_ZM, of_ZB, of_ZD).
set S := of_Z (if _ then _ else _); set K := of_Z (if output is Decayed then _ else _).
have SE : S = of_Z r * (if has_square l then square (M n c Z') else 0).
  rewrite /S; case: has_square; rewrite ?mulr0 ?of_Z0 // of_ZM.
  by rewrite /inner_product (of_Z_inner R (full_size FZ') (full_size FZ') (full_within FZ')).
have KE : K = of_Z D * (if output is Decayed then square ((const_mx 1 : 'rV[R]_n) *m M n c Z')
    else 0).
  rewrite /K; case: (output); rewrite ?mulr0 ?of_Z0 // of_ZM; congr (_ * _).
  rewrite (@of_Z_dot _ _ _ c) ?size_map ?size_transposed ?leqnn // /square /inner big_ord1.
  apply: eq_bigr => j _; by rewrite (column_sumsE R _ FZ').
rewrite {}SE {}KE => /(bound_arithmetic (of_Z_gt0 R q0) (of_Z_gt0 R sq0) (of_Z_gt0 R Z1)
  (of_Z_gt0 R Y1) (of_Z_gt0 R r0) (of_Z_gt0 R D0) W0).
move=> /le_trans; apply; rewrite /curvature /output_cost -scalemxAr.
rewrite le_eqVlt; apply/orP; left; apply/eqP.
congr (_ - _ - _); congr (_ * _ / _).
  by case: has_square; rewrite ?mulr0 // [square (_ *: _)]squareE innerZl innerZr.
by case: (output); rewrite ?mulr0 ?mul0r // [square (_ *: _)]squareE innerZl innerZr.
Qed.

Lemma check_bound_sound exp log l hidden output d (X : 'M[R]_(n, d)) reg p q kappa :
  (l = Logistic \/ l = Softmax -> exponential exp log) ->
  check_bound l output c Y (numerator reg) p q kappa point ->
  (is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0) ->
  neuron_bound hidden X z (of_Z kappa.1 / of_Z kappa.2) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  of_Z p / of_Z q <= objective exp log l hidden output X y (double R reg) U h V b.
Proof.
move=> E /and3P[/and5P[_ _ r0 kp0 /and3P[kq0 q0 _]] _ /hasP[s _ accepted]] free bound m U h V b.
exact: check_scale_sound E _ _ _ _ accepted free bound _ _ _ _ _.
Qed.

End Bound.

(* The verdict is sound, if the check of neurons is. *)
Lemma verdict_sound (check_neurons : bias -> nat -> nat -> nat -> rows -> bool) kappa
    (statement : claim) (point : dual_point) :
  (forall n d c X, let hidden := hidden_bias (Checker.over statement) in
    full n d X -> full n c (dual point) -> positive (data_unit point) ->
    positive (dual_unit point) ->
    (is_free hidden -> (const_mx 1 : 'rV[R]_n) *m
      ((of_Z (dual_unit point))^-1 *: M n c (dual point)) = 0) ->
    check_neurons hidden n d c X ->
    neuron_bound hidden ((of_Z (data_unit point))^-1 *: M n d X)
      ((of_Z (dual_unit point))^-1 *: M n c (dual point)) (of_Z kappa.1 / of_Z kappa.2)) ->
  verdict check_neurons kappa statement point -> true_claim R statement.
Proof.
case: statement => [[n d c l hidden output X Y reg] p q] sound.
case/and4P => /andP[/and5P[/andP[FX FY] /andP[X0 Y0] _ /andP[HuX HuY] /andP[WX WY]] FZ].
move=> zero neurons bound exp log E m U h V b.
have Z0' : positive (dual_unit point) by case/and3P: bound => /and3P[].
have balanced := balanced_sound FZ zero.
have whole_full k q' A u : full n k A -> q' = k -> full n k (whole u A).
  case/andP => An FA _; rewrite /full size_map An all_map /=.
  by apply: sub_all FA => x /=; rewrite size_map.
rewrite (doubles_whole R _ _ X0 HuX WX) (doubles_whole R _ _ Y0 HuY WY).
apply: (check_bound_sound FZ (whole_full _ _ _ _ FY (erefl c)) Y0 Z0' E bound).
  by move=> free; apply: balanced; rewrite free orbT.
apply: sound neurons => //; first exact: whole_full FX (erefl d).
by move=> free; apply: balanced; rewrite free.
Qed.

(* And where the check of the dual norm is. *)
Lemma verdict_with_column_sound (check_dual_norm : nat -> nat -> nat -> rows -> bool)
    (statement : claim) (point : dual_point) :
  (forall n d c X, size X = n -> full n c (dual point) -> positive (data_unit point) ->
    check_dual_norm n d c X ->
    dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
      ((of_Z (dual_unit point))^-1 *: M n c (dual point))
      (of_Z (kappa_p point) / of_Z (kappa_q point))) ->
  verdict_with_column check_dual_norm statement point -> true_claim R statement.
Proof.
move=> sound; rewrite /verdict_with_column [stretch _]surjective_pairing.
apply: verdict_sound => n d c X hidden FX FZ X0 Z0' balanced; rewrite /check_with_column -/hidden.
have u1 := of_Z_neq0 R X0.
have columns number : (of_Z (data_unit point))^-1 *: M n (d + 1)
    (with_column n (Z.mul number (data_unit point)) X) =
    row_mx ((of_Z (data_unit point))^-1 *: M n d X) (const_mx (of_Z number)).
  rewrite (with_columnE R _ FX) scale_row_mx; congr row_mx.
  by apply/matrixP => i j; rewrite !mxE of_ZM; field.
have size_columns number : size (with_column n number X) = n.
  by rewrite size_map size_zip size_nseq (full_size FX) minnn.
rewrite !of_ZM; case: hidden balanced => balanced /=.
- by move/(sound _ _ _ _ (full_size FX) FZ X0)/no_bias; rewrite !mulr1.
- case/andP => /Z.eqb_eq one /(sound _ _ _ _ (size_columns _) FZ X0).
  by rewrite columns one => /decayed_bias; rewrite !mulr1.
case/and4P => T0 /allP long /andP[/(of_Z_gt0 R) kp0 /(of_Z_gt0 R) kq0].
move=> /(sound _ _ _ _ (size_columns _) FZ X0); rewrite columns => norm.
have -> : of_Z (kappa_p point) * of_Z 8193 / (of_Z (kappa_q point) * of_Z 8192) =
    of_Z (kappa_p point) / of_Z (kappa_q point) * (1 + (2%:R * (of_Z 64) ^+ 2)^-1).
  have -> : of_Z 8193 = of_Z 8192 + 1 by rewrite -[1]/(of_Z 1) -of_ZD.
  have -> : of_Z 8192 = 2%:R * of_Z 64 ^+ 2 by rewrite expr2 -[2%:R]/(of_Z 2) -!of_ZM.
  have : of_Z 64 != 0 by apply: of_Z_neq0.
  move: (of_Z 64) => a a0; field; rewrite a0 gt_eqF //.
apply: free_column norm.
- exact: balanced.
- exact: (of_Z_gt0 R (isT : positive 64)).
- move: T0; rewrite /positive => /(of_Z_gt0 R); rewrite of_ZM pmulr_lgt0 //; exact: of_Z_gt0.
- by rewrite divr_ge0 // ltW.
move=> i; have iX : nth [::] X i \in X by rewrite mem_nth ?(full_size FX).
have := long _ iX => /(of_Z_le R); rewrite !of_ZM (@of_Z_dot _ _ _ d); last first.
  by rewrite (eqP (allP (full_rows FX) _ iX)) leqnn.
have -> : of_Z 4096 = of_Z 64 ^+ 2 by rewrite expr2 -of_ZM.
set S := \sum_(j < d) _; have -> : square (row i ((of_Z (data_unit point))^-1 *: M n d X)) =
    (of_Z (data_unit point))^-1 ^+ 2 * S.
  rewrite /square /inner big_ord1 mulr_sumr; apply: eq_bigr => j _; rewrite !mxE; ring.
have u0 : 0 < of_Z (data_unit point) by apply: of_Z_gt0.
move: (of_Z (data_unit point)) (of_Z (column point)) (of_Z 64) S u0 u1 => u t a S u0 u1 H.
rewrite -subr_ge0; rewrite -subr_ge0 in H.
by apply: ge0_eq (divr_ge0 H (sqr_ge0 u)) _; field.
Qed.

End Theory.
