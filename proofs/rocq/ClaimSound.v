(* What the checks of a claim show: the data, the bound, and the verdict from a bound on neurons. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Reading.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma positive_denominator : positive denominator.
Proof. by vm_compute. Qed.

Lemma numerator0 : numerator Z0 = Z0.
Proof. by vm_compute. Qed.

(* Or unification would write 2^1075 in unary. *)
Global Opaque denominator numerator of_Z.
Global Arguments Z.mul : simpl never.
Global Arguments Z.leb : simpl never.

Lemma nth_whole step A i j :
  nth Z0 (nth [::] (whole step A) i) j = Z.div (numerator (nth Z0 (nth [::] A i) j)) step.
Proof.
rewrite /whole (nth_map0 (s0 := [::]) (t0 := [::])); last by [].
by rewrite (nth_map0 (s0 := Z0) (t0 := Z0)); last by rewrite numerator0 Zdiv_0_l.
Qed.

Lemma is_whole_nth step A i j :
  is_whole step A -> divides step (numerator (nth Z0 (nth [::] A i) j)).
Proof.
move=> /allP H; have D0 : divides step (numerator Z0) by rewrite numerator0 /divides Zdiv_0_l.
have [i1|i1] := ltnP i (size A); last by rewrite [nth [::] _ _]nth_default // nth_nil.
have [j1|j1] := ltnP j (size (nth [::] A i)); last by rewrite nth_default.
by have /andP[] := allP (H _ (mem_nth [::] i1)) _ (mem_nth Z0 j1).
Qed.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Lemma of_Z_divides u unit : divides u unit -> of_Z unit = of_Z (Z.div unit u) * of_Z u.
Proof. by move=> /Z.eqb_eq H; rewrite -of_ZM H. Qed.

Lemma of_Z_neq0 a : positive a -> of_Z a != 0.
Proof. by move=> a0; rewrite gt_eqF // of_Z_gt0. Qed.

(* The data. *)

Lemma doubles_whole p q u words : positive u -> divides u denominator ->
  is_whole (Z.div denominator u) words ->
  doubles R p q words = (of_Z u)^-1 *: M p q (whole (Z.div denominator u) words).
Proof.
move=> u0 Hu H; apply/matrixP => i j; rewrite !mxE nth_whole.
have E := of_Z_divides Hu; move/is_whole_nth: H => /(_ i j) /of_Z_divides.
set step := Z.div denominator u in E *; set w := nth Z0 _ _; rewrite /double E => ->.
have : of_Z denominator != 0 by apply: of_Z_neq0; exact: positive_denominator.
rewrite E mulf_eq0 negb_or => /andP[s0 u1].
by field; rewrite s0 u1.
Qed.

Lemma full_size p q A : full p q A -> size A = p.
Proof. by case/andP => /eqP. Qed.

Lemma full_rows p q A : full p q A -> all (fun x => size x == q) A.
Proof. by case/andP. Qed.

Lemma full_within p q A : full p q A -> all (fun x => (size x <= q)%N) A.
Proof. by case/andP => _; apply: sub_all => x /eqP ->. Qed.

Lemma with_columnE n d number X : full n d X ->
  M n (d + 1) (with_column n number X) = row_mx (M n d X) (const_mx (of_Z number)).
Proof.
move=> FX; rewrite matrix_of_beside ?size_nseq ?(full_size FX) ?(full_rows FX) //.
by congr row_mx; apply/matrixP => i j; rewrite !mxE nth_nseq ltn_ord ord1.
Qed.

(* The domain of the conjugate. *)

Lemma all_entries_nth fits n c A B (i : 'I_n) (j : 'I_c) : all_entries fits A B ->
  full n c A -> full n c B ->
  fits (nth Z0 (nth [::] A i) j) (nth Z0 (nth [::] B i) j).
Proof.
move=> /allP H FA FB.
have size_row C : full n c C -> size (nth [::] C i) = c.
  by move=> FC; apply/eqP/(allP (full_rows FC)); rewrite mem_nth ?(full_size FC).
have := H (nth [::] A i, nth [::] B i); rewrite -nth_zip ?(full_size FA) ?(full_size FB) //.
move=> /(_ (mem_nth _ _)); rewrite size_zip (full_size FA) (full_size FB) minnn => /(_ _)/allP.
move=> /(_ (ltn_ord i)); rewrite nth_zip ?(full_size FA) ?(full_size FB) //= => Hi.
have := Hi (nth Z0 (nth [::] A i) j, nth Z0 (nth [::] B i) j).
rewrite -nth_zip ?size_row // => /(_ (mem_nth _ _)); rewrite nth_zip ?size_row //=; apply.
by rewrite size_zip !size_row // minnn.
Qed.

Lemma of_Z_inner n c A B : size A = n -> size B = n -> all (fun x => (size x <= c)%N) A ->
  of_Z (foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip A B]) = inner (M n c A) (M n c B).
Proof.
move=> An Bn H; have Sn : size (zip A B) = n by rewrite size_zip An Bn minnn.
rewrite (@of_Z_sum _ _ n) ?size_map ?Sn //; apply: eq_bigr => i _.
rewrite (nth_map ([::], [::])) ?Sn // nth_zip ?An ?Bn //= (@of_Z_dot _ _ _ c).
  by apply: eq_bigr => k _; rewrite !mxE.
by rewrite (nth_size _ _ H).
Qed.

Lemma column_sumsE n c Z' (j : 'I_c) : full n c Z' ->
  of_Z (nth Z0 (column_sums c Z') j) = ((const_mx 1 : 'rV[R]_n) *m M n c Z') 0 j.
Proof.
move=> FZ; rewrite (nth_map0 (s0 := [::])) // (@of_Z_sum _ _ n).
  by rewrite mxE; apply: eq_bigr => i _; rewrite nth_transposed // !mxE mul1r.
rewrite (eqP (allP (transposed_rows c Z') _ (mem_nth _ _))) ?size_transposed //.
by rewrite (full_size FZ).
Qed.

Section Bound.

Variables (n c : nat) (Y : rows) (point : dual_point).
Variables (FZ : full n c (dual point)) (FY : full n c Y).
Variables (Y0 : positive (targets_unit point)) (Z0' : positive (dual_unit point)).

Let y : 'M[R]_(n, c) := (of_Z (targets_unit point))^-1 *: M n c Y.
Let z : 'M[R]_(n, c) := (of_Z (dual_unit point))^-1 *: M n c (dual point).

Lemma huber_arithmetic (sp sq u a e D : R) : 0 < sq -> 0 < u -> 0 < D ->
  sp * a * D <= e * (sq * u) -> sp / sq * (u^-1 * a) <= e / D.
Proof.
move=> sq0 u0 D0; rewrite -subr_ge0 => H; rewrite -subr_ge0.
apply: ge0_eq (divr_ge0 H (ltW (mulr_gt0 (mulr_gt0 sq0 u0) D0))) _.
by field; rewrite !gt_eqF.
Qed.

Lemma in_domain_sound l sp sq : Z.leb 0 sp -> positive sq -> in_domain l Y sp sq point ->
  forall i j, conjugate_finite l (of_Z sp / of_Z sq * z i j) (y i j).
Proof.
rewrite /y /z; case: point FZ Y0 Z0' => _ uY _ uZ Z' _ _ /= FZ' /(of_Z_gt0 R) Y1 /(of_Z_gt0 R) Z1.
move=> /(of_Z_ge0 R) sp0 /(of_Z_gt0 R) sq0; have s0 := divr_ge0 sp0 (ltW sq0).
have label b : Z.eqb (Z.mul b b) (Z.mul uY uY) -> ((of_Z uY)^-1 * of_Z b) ^+ 2 = 1.
  move=> /Z.eqb_eq/(congr1 of_Z); rewrite !of_ZM => E.
  by rewrite exprMn [of_Z b ^+ 2]expr2 E; field; rewrite gt_eqF.
have product a b : Z.leb 0 (Z.mul a b) ->
    0 <= of_Z sp / of_Z sq * ((of_Z uZ)^-1 * of_Z a) * ((of_Z uY)^-1 * of_Z b).
  move=> /(of_Z_ge0 R); rewrite of_ZM => ab.
  have D0 : 0 <= (of_Z uZ)^-1 * (of_Z uY)^-1 by rewrite mulr_ge0 // invr_ge0 ltW.
  by apply: ge0_eq (mulr_ge0 (mulr_ge0 s0 D0) ab) _; field; rewrite !gt_eqF.
case: l => [//|delta||] /=.
- case/and3P => _ _ /allP H i j; rewrite !mxE /double.
  have {H} : Z.leb (Z.mul (Z.mul sp (Z.abs (nth Z0 (nth [::] Z' i) j))) denominator)
      (Z.mul (numerator delta) (Z.mul sq uZ)).
    apply: (allP (H _ (mem_nth [::] _))); first by rewrite (full_size FZ').
    by apply: mem_nth; rewrite (eqP (allP (full_rows FZ') _ (mem_nth _ _))) ?(full_size FZ').
  move: positive_denominator; move: denominator (numerator delta) => D e /(of_Z_gt0 R) D0.
  move=> /(of_Z_le R); rewrite !of_ZM of_Z_abs; move: (of_Z (nth _ _ _)) => a H.
  rewrite normrM (ger0_norm s0) normrM normfV (gtr0_norm Z1).
  exact: huber_arithmetic.
- move=> H i j; rewrite !mxE; have /= := all_entries_nth i j H FZ' FY.
  case/and3P => /label y1 /product p0 /(of_Z_le R); rewrite !of_ZM => p1; split=> //.
  rewrite -subr_ge0; rewrite -subr_ge0 in p1.
  apply: ge0_eq (divr_ge0 p1 (ltW (mulr_gt0 sq0 (mulr_gt0 Z1 Y1)))) _.
  by field; rewrite !gt_eqF.
move=> H i j; rewrite !mxE; have /= := all_entries_nth i j H FZ' FY.
by case/andP => /label y1 /product p0.
Qed.

Lemma balanced_sound hidden output : balanced c hidden output (dual point) ->
  is_free hidden || is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0.
Proof.
move=> /implyP H /H /allP zero; rewrite -scalemxAr; apply/matrixP => i j.
rewrite ord1 mxE -(column_sumsE _ FZ) [RHS]mxE.
have /zero/Z.eqb_eq <- : nth Z0 (column_sums c (dual point)) j \in column_sums c (dual point).
  by rewrite mem_nth // size_map size_transposed.
by rewrite of_Z0 mulr0.
Qed.

Lemma bound_arithmetic (p q sp sq uZ uY r D P S K : R) :
  0 < q -> 0 < sq -> 0 < uZ -> 0 < uY -> 0 < r -> 0 < D ->
  2%:R * p * (sq * sq * (r * uY * (uZ * uZ))) <=
    q * (2%:R * (sp * sq) * (r * uZ * P) - sp * sp * (uY * (r * S + D * K))) ->
  p / q <= sp / sq * (uZ^-1 * (uY^-1 * P)) - (sp / sq) ^+ 2 * (uZ^-1 * (uZ^-1 * S)) / 2%:R -
    (sp / sq) ^+ 2 * (uZ^-1 * (uZ^-1 * K) / (r / D)) / 2%:R.
Proof.
move=> q0 s0 z0 y0 r0 D0 H; rewrite -subr_ge0 in H.
have E0 : 0 < q * (2%:R * (sq * sq * (r * uY * (uZ * uZ)))) by rewrite !mulr_gt0 ?ltr0n.
rewrite -subr_ge0; apply: ge0_eq (divr_ge0 H (ltW E0)) _.
by field; rewrite !gt_eqF.
Qed.

Lemma check_scale_sound l hidden output d (X : 'M[R]_(n, d)) reg p q kappa s :
  positive (numerator reg) -> positive kappa.1 -> positive kappa.2 -> positive q ->
  check_scale l Y (bound_terms l output c Y (numerator reg) point) (numerator reg) p q kappa s
    point ->
  (is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0) ->
  neuron_bound hidden X z (of_Z kappa.1 / of_Z kappa.2) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  of_Z p / of_Z q <= objective l hidden output X y (double R reg) U h V b.
Proof.
case: kappa s => kp kq [sp sq] /= r0 kp0 kq0 q0 /and4P[/andP[sp0 sq0] Hs dom Hb] free bound.
move=> m U h V b.
have s0 := divr_ge0 (of_Z_ge0 R sp0) (ltW (of_Z_gt0 R sq0)).
have conj := conjugate (in_domain_sound sp0 sq0 dom).
move=> Hh Hout; move: positive_denominator Hs Hb; rewrite /double /bound_terms.
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
rewrite (of_Z_inner (full_size FZ') (full_size FY) (full_within FZ')).
set S := of_Z (if l is Hinge then _ else _); set K := of_Z (if output is Decayed then _ else _).
have SE : S = of_Z r * (if l is Hinge then 0 else square (M n c Z')).
  have E := of_Z_inner (full_size FZ') (full_size FZ') (full_within FZ').
  by rewrite /S; case: (l) => *; rewrite ?mulr0 ?of_Z0 // of_ZM E.
have KE : K = of_Z D * (if output is Decayed then square ((const_mx 1 : 'rV[R]_n) *m M n c Z')
    else 0).
  rewrite /K; case: (output); rewrite ?mulr0 ?of_Z0 // of_ZM; congr (_ * _).
  rewrite (@of_Z_dot _ _ _ c) ?size_map ?size_transposed ?leqnn // /square /inner big_ord1.
  apply: eq_bigr => j _; by rewrite (column_sumsE _ FZ').
rewrite {}SE {}KE => /(bound_arithmetic (of_Z_gt0 R q0) (of_Z_gt0 R sq0) (of_Z_gt0 R Z1)
  (of_Z_gt0 R Y1) (of_Z_gt0 R r0) (of_Z_gt0 R D0)).
move=> /le_trans; apply; rewrite innerZl innerZr /curvature /output_cost -scalemxAr.
rewrite le_eqVlt; apply/orP; left; apply/eqP.
congr (_ - _ - _); congr (_ * _ / _).
  by case: (l) => *; rewrite ?mulr0 // [square (_ *: _)]squareE innerZl innerZr.
by case: (output); rewrite ?mulr0 ?mul0r // [square (_ *: _)]squareE innerZl innerZr.
Qed.

Lemma check_bound_sound l hidden output d (X : 'M[R]_(n, d)) reg p q kappa :
  check_bound l output c Y (numerator reg) p q kappa point ->
  (is_free output -> (const_mx 1 : 'rV[R]_n) *m z = 0) ->
  neuron_bound hidden X z (of_Z kappa.1 / of_Z kappa.2) ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  of_Z p / of_Z q <= objective l hidden output X y (double R reg) U h V b.
Proof.
case/and3P => /and5P[_ _ r0 kp0 /and3P[kq0 q0 _]] _ /hasP[s _ accepted] free bound m U h V b.
exact: check_scale_sound accepted free bound _ _ _ _ _.
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
move=> zero neurons bound m U h V b.
have Z0' : positive (dual_unit point) by case/and3P: bound => /and3P[].
have balanced := balanced_sound FZ zero.
have whole_full k q' A u : full n k A -> q' = k -> full n k (whole u A).
  case/andP => An FA _; rewrite /full size_map An all_map /=.
  by apply: sub_all FA => x /=; rewrite size_map.
rewrite (doubles_whole _ _ X0 HuX WX) (doubles_whole _ _ Y0 HuY WY).
apply: (check_bound_sound FZ (whole_full _ _ _ _ FY (erefl c)) Y0 Z0' bound).
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
have u1 := of_Z_neq0 X0.
have columns number : (of_Z (data_unit point))^-1 *: M n (d + 1)
    (with_column n (Z.mul number (data_unit point)) X) =
    row_mx ((of_Z (data_unit point))^-1 *: M n d X) (const_mx (of_Z number)).
  rewrite (with_columnE _ FX) scale_row_mx; congr row_mx.
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
