(* What the checker of PhasesChecker.v accepts is true of every network over every real closed
   field: Theorems 19(b) and 20(a) of ../05-phases.md. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Regions Phases Reading Values ClaimSound.
From Certnn Require Import PsdCheckerSound DirectionsChecker DirectionsSound DefiniteSound.
From Certnn Require Import PhasesChecker PhasesFormSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation row_of := (@row_of R).
Notation "c @ i" := (of_Z (nth Z0 c i)) (at level 20).

Lemma never_negative_sound s c k : never_negative s c k ->
  [/\ 0 <= of_Z c, 0 <= of_Z k & of_Z s * of_Z s <= 4%:R * (of_Z c * of_Z k)].
Proof.
case/and3P => /(of_Z_ge0 R) c0 /(of_Z_ge0 R) k0 /(of_Z_le R).
by rewrite (of_ZM _ s) (of_ZM _ 4) (of_ZM _ c).
Qed.

Lemma weight_scale (a w q u : R) : q != 0 -> u != 0 -> a * (u^-1 * w) = q * w * a / (q * u).
Proof. by move=> q0 u0; field; rewrite u0 q0. Qed.

Lemma bound_scale (h q u : R) : q != 0 -> u != 0 -> h / u = q * h / (q * u).
Proof. by move=> q0 u0; field; rewrite u0 q0. Qed.

Section Points.

Variables (n : nat) (X : rows) (uX : Z) (y : seq R) (rho : R).
Variables (nX : size X = n) (X0 : positive uX) (rho0 : 0 <= rho).
Let t i : R := value (nth [::] X i) y.
Let a i : R := relu (t i).
Variable bounded : forall i, t i ^+ 2 <=
  of_Z (dot (nth [::] X i) (nth [::] X i)) / of_Z uX ^+ 2 * rho ^+ 2.

Lemma outside i : (n <= i)%N -> t i = 0.
Proof. by move=> ni; rewrite /t nth_default ?nX // value_nil. Qed.

Lemma point_sound sign w s c k i : 0 <= of_Z sign * t i ->
  point_fits uX sign w (nth Z0 [seq dot x x | x <- X] i) s c k ->
  rho * (of_Z w * a i) <= quadratic (of_Z s) (of_Z c) (of_Z k) rho (t i).
Proof.
move=> cons; rewrite /point_fits (nth_map0 (s0 := [::])) //; case: ifP => sign0.
  case/orP.
    case/andP => /never_negative_sound[c0 k0 disc] /(of_Z_le R); rewrite (of_ZM _ 2) => ws.
    exact: mixed_majorant.
  case/and5P => /(of_Z_ge0 R) k0 /(of_Z_le R) s0 /(of_Z_le R) ws /(of_Z_le R) low /(of_Z_le R) high.
  have u0 : 0 < of_Z uX ^+ 2 by rewrite exprn_gt0 // of_Z_gt0.
  move: ws low high; rewrite !of_ZM !of_ZB subr_ge0 => ws low high.
  by apply: (negative_majorant k0 s0 ws rho0 _ _ (bounded i));
    rewrite mulrA ler_pdivr_mulr // !expr2.
case/and3P => /(of_Z_ge0 R) c0 /(of_Z_ge0 R) k0; case: ifP => sign1 /(of_Z_le R) ws.
  by apply: active_majorant => //; rewrite -(pmulr_rge0 _ (of_Z_gt0 R sign1)).
apply: inactive_majorant => //; have sm : positive (Z.opp sign) by case: (sign) sign0 sign1.
by rewrite -oppr_ge0 -(pmulr_rge0 _ (of_Z_gt0 R sm)) of_ZN mulrNN.
Qed.

Lemma differenceE i j p q : value (difference X i j p q) y = of_Z p * t i - of_Z q * t j.
Proof. by rewrite value_plus !value_scaled of_ZN mulNr. Qed.

(* Weights of the points, at what their neurons have. *)
Definition weighted (x : Checker.row) : R := \sum_(i < n) x @ i * a i.

Lemma weighted_plus x x' : weighted (plus_row x x') = weighted x + weighted x'.
Proof. by rewrite -big_split; apply: eq_bigr => i _; rewrite nth_plus_row of_ZD mulrDl. Qed.

Lemma weighted_one i v : weighted (ncons i Z0 [:: v]) = of_Z v * a i.
Proof.
have entry j : (ncons i Z0 [:: v]) @ j = if j == i then of_Z v else 0.
  rewrite nth_ncons; case: ltngtP => [ji|ij|->]; last by rewrite subnn.
    exact: of_Z0.
  by rewrite nth_default ?of_Z0 // subn_gt0.
have [ni|ni] := leqP n i.
  rewrite /a outside // /relu maxxx mulr0 /weighted big1 // => j _.
  by rewrite entry ltn_eqF ?mul0r // (leq_trans (ltn_ord j)).
rewrite /weighted (bigD1 (Ordinal ni)) //= entry eqxx big1 ?addr0 // => j ji.
by rewrite entry ifN ?mul0r.
Qed.

Definition moved (one : point_pair) : R :=
  let: PointPair i j p q := one in of_Z p * a i - `|of_Z q| * a j.
Let no_pair := PointPair 0 0 0 0.

Lemma weighted_left pairs given weights : weighted weights =
  weighted (left_over pairs given weights) +
  \sum_(k < size pairs) 2%:R * given @ k * moved (nth no_pair pairs k).
Proof.
elim: pairs given => [|[i j p q] pairs IH] [|s given] /=; rewrite ?big_ord0 ?addr0 //.
  by rewrite big1 ?addr0 // => k _; rewrite nth_nil mulr0 mul0r.
rewrite big_ord_recl /= !weighted_plus !weighted_one (IH given).
rewrite of_ZN (of_ZM _ (Z.mul 2 s)) (of_ZM _ (Z.mul 2 s)) (of_ZM _ 2) of_Z_abs.
have -> : of_Z 2 = 2%:R by [].
by move: (\sum_(k < _) _) => rest; ring.
Qed.

Lemma pairs_fit_nth s c k i : pairs_fit s c k ->
  Z.leb 0 (nth Z0 s i) && never_negative (nth Z0 s i) (nth Z0 c i) (nth Z0 k i).
Proof.
elim: s c k i => [|b s IH] [|e c] [|f k] [|i] //=; rewrite ?nth_nil //.
  by case/and3P => -> ->.
by case/and3P => _ _; exact: IH.
Qed.

Lemma pairs_sound pairs s c k : all (fun one => Z.leb 0 (one_share one)) pairs ->
  pairs_fit s c k -> rho * (\sum_(i < size pairs) 2%:R * s @ i * moved (nth no_pair pairs i)) <=
  rho * (\sum_(i < size pairs) s @ i * value (nth [::] (halves X pairs) i) y) +
  \sum_(i < size pairs) c @ i * value (nth [::] (roots X pairs) i) y ^+ 2 +
  of_Z (foldr Z.add Z0 k) * rho ^+ 2.
Proof.
move=> /(all_nthP no_pair) shares fits.
have k0 : all (Z.leb 0) k.
  apply/(all_nthP Z0) => i _; by case/andP: (pairs_fit_nth i fits) => _ /and3P[].
have r2 : 0 <= rho ^+ 2 by exact: sqr_ge0.
apply: le_trans (_ : _ <=
    rho * (\sum_(i < size pairs) s @ i * value (nth [::] (halves X pairs) i) y)
  + \sum_(i < size pairs) c @ i * value (nth [::] (roots X pairs) i) y ^+ 2
  + (\sum_(i < size pairs) k @ i) * rho ^+ 2) _; last first.
  by rewrite ler_add2l ler_wpmul2r // of_Z_sum_le.
rewrite mulr_suml !mulr_sumr -!big_split; apply: ler_sum => i _ /=.
have /andP[/(of_Z_ge0 R) s0 /never_negative_sound[c0 k0' disc]] := pairs_fit_nth i fits.
rewrite !(nth_map no_pair) //; have := shares i (ltn_ord i).
case: (nth no_pair pairs i) => [one other p q] /= /(of_Z_ge0 R) p0.
rewrite !differenceE of_Z_abs [X in _ <= X + _ + _]mulrCA.
exact: pair_majorant.
Qed.

Lemma product_sound signs one : (forall i, 0 <= signs @ i * t i) ->
  positive (Z.mul (product_factor one)
    (Z.mul (nth Z0 signs (one_fixed one)) (nth Z0 signs (other_fixed one)))) ->
  0 <= of_Z (product_factor one) * (t (one_fixed one) * t (other_fixed one)).
Proof.
case: one => i j f cons /= /(of_Z_gt0 R); rewrite (of_ZM _ f) of_ZM.
have := mulr_ge0 (cons i) (cons j); move: (of_Z f) (_ @ i) (_ @ j) => F p q st pos.
have pq : 0 < (p * q) ^+ 2.
  by rewrite lt_def sqr_ge0 andbT sqrf_eq0; case: eqP pos => // ->; rewrite mulr0 ltxx.
rewrite -(pmulr_lge0 _ pq); apply: ge0_eq (mulr_ge0 (ltW pos) st) _; ring.
Qed.

End Points.

Section Direction.

Variables (n d c : nat) (X Z' : rows) (uX uZ uh : Z) (w : Checker.row) (h : Z).
Variables (pairs : seq point_pair).
Variables (nX : size X = n) (WX : within n d X) (FZ : full n c Z').
Variables (X0 : positive uX) (Z0' : positive uZ) (h0 : positive uh).
Variable shares : all (fun one => Z.leb 0 (one_share one)) pairs.

Let x : 'M[R]_(n, false + d) := (of_Z uX)^-1 *: M n (false + d) X.
Let z : 'M[R]_(n, c) := (of_Z uZ)^-1 *: M n c Z'.
Let ray : 'cV[R]_c := (row_of c w)^T.
Let sigma := map (fun z => dot z w) Z'.
Let bound : R := of_Z h / of_Z uh.
Let no_product := SignProduct 0 0 0.

Lemma phases_accepted_sound signs leaf :
  phases_accepted n d X uX [seq dot x x | x <- X] sigma uZ h uh pairs (halves X pairs)
    (roots X pairs) signs leaf ->
  direction_bound x z ray bound (consistent x signs).
Proof.
case: leaf => unit mu [s k1 k] [s' c' k'] given /and5P[/and4P[U0 uZd uhd size_k]].
move=> /allP points fits /(all_nthP no_product) products definite u cons beside.
set rho := norm (dsubmx u); have rho0 : 0 <= rho by exact: norm_ge0.
pose y := list_of ((of_Z uX)^-1 *: u); have size_y : size y = d by exact: size_list_of.
pose t i := value (nth [::] X i) y; have uX1 := of_Z_gt0 R X0.
have tE (i : 'I_n) : (x *m u) i 0 = t i.
  rewrite /t (value_sum _ size_y) /x -scalemxAl !mxE mulr_sumr; apply: eq_bigr => j _.
  by rewrite /y nth_list_of !mxE mulrCA.
have lengthE : of_Z uX ^+ 2 * (\sum_(j < d) nth 0 y j ^+ 2) = rho ^+ 2.
  rewrite norm_square; have <- : square u = square (dsubmx u).
    by rewrite -{1}[u]vsubmxK {1}/square inner_split [inner (usubmx u) _]big_ord0 add0r.
  rewrite mulr_sumr; apply: eq_bigr => j _; rewrite big_ord1 /y nth_list_of mxE.
  by rewrite exprMn exprVn mulVKf ?expf_neq0 ?gt_eqF // expr2.
have size_row i : (size (nth [::] X i) <= d)%N.
  apply: (@nth_size X i (fun x => (size x <= d)%N)) => //; case/andP: WX => _.
  by apply: sub_all => r; rewrite eqnE subn_eq0.
have bounded i : t i ^+ 2 <=
    of_Z (dot (nth [::] X i) (nth [::] X i)) / of_Z uX ^+ 2 * rho ^+ 2.
  rewrite -lengthE mulrA divfK ?expf_neq0 ?gt_eqF // (row_of_square R (size_row i)).
  have := @cauchy_schwarz R _ _ (row_of d (nth [::] X i))^T (column_of d y).
  rewrite square_tr; congr (_ ^+ 2 <= _ * _).
    by rewrite innerE trmxK -(valueE _ size_y).
  by apply: eq_bigr => j _; rewrite big_ord1 !mxE expr2.
have signed i : 0 <= of_Z (nth Z0 signs i) * t i.
  have [i_n|ni] := ltnP i n; first by rewrite -(tE (Ordinal i_n)); exact: (cons (Ordinal i_n)).
  by rewrite /t [nth [::] X i]nth_default ?nX // value_nil mulr0.
have U1 := of_Z_gt0 R U0; have uZ1 := of_Z_gt0 R Z0'; have uh1 := of_Z_gt0 R h0.
have unit_over v : divides v unit ->
    of_Z (Z.div unit v) != 0 /\ of_Z unit = of_Z (Z.div unit v) * of_Z v.
  move/(of_Z_divides R) => E; split=> //; apply: contraTneq U1 => q0.
  by rewrite E q0 mul0r ltxx.
have [qZ unitZ] := unit_over uZ uZd; have [qh unith] := unit_over uh uhd.
set weights := map _ sigma in points.
have innerE : inner (map_mx (@relu R) (x *m u)) (z *m ray) = weighted n X y weights / of_Z unit.
  rewrite /z /ray (weightsE R uZ w FZ) /weighted mulr_suml /inner; apply: eq_bigr => i _.
  rewrite big_ord1 mxE tE !mxE /weights (nth_map0 (s0 := Z0)) ?Z.mul_0_r //.
  by rewrite (of_ZM _ (Z.div unit uZ)) unitZ -weight_scale // gt_eqF.
have sym := @form_sym R d X uX h uh (halves X pairs) (roots X pairs) unit mu s k1 k s' c' k' given.
have := positive_definite_sound sym definite.
move=> /(_ (col_mx rho%:M (column_of d y))); rewrite (form_at size_y).
rewrite pmulr_rge0 ?ltr0n // -mulrA lengthE.
have points_le : rho * weighted n X y (left_over pairs s' weights) <=
    \sum_(i < n) quadratic (of_Z (nth Z0 s i)) (of_Z (nth Z0 k1 i)) (of_Z (nth Z0 k i)) rho (t i).
  rewrite mulr_sumr; apply: ler_sum => i _.
  apply: (point_sound X0 rho0 bounded (signed i)); apply: points.
  by rewrite mem_iota /=.
have pairs_le := pairs_sound X y rho0 shares fits.
have products_ge : 0 <= \sum_(one <- given) of_Z (product_factor one) *
    (t (one_fixed one) * t (other_fixed one)).
  rewrite (big_nth no_product) big_mkord; apply: sumr_ge0 => i _.
  exact: (product_sound signed (products i (ltn_ord i))).
have quadraticE : \sum_(i < n) quadratic (of_Z (nth Z0 s i)) (of_Z (nth Z0 k1 i))
      (of_Z (nth Z0 k i)) rho (t i) =
    rho * (\sum_(i < n) of_Z (nth Z0 s i) * t i) + \sum_(i < n) of_Z (nth Z0 k1 i) * t i ^+ 2 +
    of_Z (foldr Z.add Z0 k) * rho ^+ 2.
  rewrite (@of_Z_sum _ _ n); last by rewrite -subn_eq0 -eqnE.
  rewrite mulr_suml mulr_sumr -!big_split; apply: eq_bigr => i _.
  by rewrite /quadratic mulrCA.
rewrite quadraticE in points_le.
rewrite /linear_part /square_part /constant_part !size_map nX.
move=> psd; have total : rho * weighted n X y weights <=
    of_Z (Z.mul (Z.div unit uh) h) * rho ^+ 2.
  rewrite (weighted_left y nX pairs s' weights) mulrDr -subr_ge0.
  rewrite -subr_ge0 /t in points_le; rewrite -subr_ge0 in pairs_le; rewrite /t in products_ge.
  apply: ge0_eq (addr_ge0 (addr_ge0 psd products_ge) (addr_ge0 points_le pairs_le)) _; ring.
have boundE : bound = of_Z (Z.mul (Z.div unit uh) h) / of_Z unit.
  by rewrite (of_ZM _ (Z.div unit uh)) unith -bound_scale // gt_eqF.
rewrite innerE boundE -/rho mulrAC ler_wpmul2r ?invr_ge0 ?(ltW U1) //.
have [r0|r0] := eqVneq rho 0; last first.
  have rp : 0 < rho by rewrite lt_def r0.
  by rewrite -(ler_pmul2l rp) mulrCA -expr2.
rewrite r0 mulr0 /weighted big1 // => i _.
have /eqP -> : value (nth [::] X i) y == 0.
  by rewrite -sqrf_eq0 eq_le sqr_ge0 andbT; apply: le_trans (bounded i) _; rewrite r0 expr0n mulr0.
by rewrite /relu maxxx mulr0.
Qed.

End Direction.

Lemma check_phases_sound n d c X point witness : size X = n ->
  check_phases n d c X point witness -> forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (false + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).
Proof.
case: point => uX uY col uZ Z' kp kq; case: witness => ball uh given cones nX /=.
case/and3P => /andP[WX FZ] cover each.
pose point := DualPoint uX uY col uZ Z' kp kq; pose witness := DirectionsProof ball uh given cones.
apply: (@directions_sound R _ false n d c X point witness cover) => /= X0 Z0' h0 one inside.
have : phases_direction_accepted n d X uX [seq dot x x | x <- X] Z' uZ uh one.
  clear cover witness.
  elim: given each inside => //= other others IH /andP[H Hs] [<- //|/IH]; exact.
case: one inside => w h [pairs tree] _ /andP[shares accepted].
refine (@regions_sound R _ false n d c _ _ _ _ _ _ tree accepted) => signs leaf.
exact: (phases_accepted_sound nX WX FZ X0 Z0' h0 shares).
Qed.

(* The checker is sound. *)
Theorem check_by_phases_sound statement point witness :
  check_by_phases statement point witness -> true_claim R statement.
Proof.
apply: verdict_beside_sound => -[|] n d c X nX //=; exact: check_phases_sound.
Qed.

End Theory.
