(* The boxes of CellsBoxes.v cover what they should, and points reach no further than it says:
   Theorem 52(c)1 to 3. *)

From Coq Require Import ZArith Lia.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Cells Reading Values ClaimSound Definite CellsBoxes.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma downE a : down a = Z.div a grid.
Proof. by rewrite /down Z.shiftr_div_pow2. Qed.

Lemma half_downE a : half_down a = Z.div a 2.
Proof. by rewrite /half_down Z.shiftr_div_pow2. Qed.

Lemma term_bitsE a : Z.shiftr a term_bits = Z.div a (Z.mul 2 grid).
Proof. by rewrite Z.shiftr_div_pow2. Qed.

(* Or unification would compute with them. *)
Global Opaque grid grid_bits term_bits two root_steps.

Section Quotients.

Variable R : rcfType.
Notation of_Z := (@of_Z R).

Lemma of_Z_div_le a b : positive b -> of_Z (Z.div a b) <= of_Z a / of_Z b.
Proof.
move=> b0; rewrite ler_pdivl_mulr ?of_Z_gt0 // -of_ZM of_Z_le //.
by apply/Z.leb_le; rewrite Z.mul_comm; apply: Z.mul_div_le; apply/Z.ltb_lt.
Qed.

Lemma of_Z_div_up a b : positive b -> of_Z a / of_Z b <= of_Z (Z.opp (Z.div (Z.opp a) b)).
Proof.
by move=> b0; rewrite of_ZN ler_oppr -mulNr -of_ZN; apply: of_Z_div_le.
Qed.

Lemma grid_gt0 : positive grid.
Proof. by vm_compute. Qed.

Lemma of_grid_gt0 : 0 < of_Z grid.
Proof. exact: of_Z_gt0 grid_gt0. Qed.

Lemma of_grid_neq0 : of_Z grid != 0.
Proof. by rewrite gt_eqF // of_grid_gt0. Qed.

Lemma of_grid_square : of_Z grid_square = of_Z grid ^+ 2.
Proof. by rewrite /grid_square (of_ZM _ grid) expr2. Qed.

Lemma down_le a : of_Z (down a) <= of_Z a / of_Z grid.
Proof. by rewrite downE; apply: of_Z_div_le grid_gt0. Qed.

Lemma up_ge a : of_Z a / of_Z grid <= of_Z (up a).
Proof. by rewrite /up downE; apply: of_Z_div_up grid_gt0. Qed.

Lemma half_down_up a : of_Z a / 2%:R <= of_Z (half_down (Z.add a 1)).
Proof.
rewrite ler_pdivr_mulr ?ltr0n // mulrC -[2%:R]/(of_Z 2) -of_ZM of_Z_le //; apply/Z.leb_le.
rewrite half_downE.
have : Z.add a 1 = Z.add (Z.mul 2 (Z.div (Z.add a 1) 2)) (Z.modulo (Z.add a 1) 2).
  by apply: Z.div_mod.
have [_] := Z.mod_pos_bound (Z.add a 1) 2 (erefl Lt).
by move: (Z.div _ _) (Z.modulo _ _) => q r r2 E; apply: Znot_gt_le; lia.
Qed.

Lemma of_Z_maxl a b : of_Z a <= of_Z (Z.max a b).
Proof. by rewrite of_Z_le //; apply/Z.leb_le/Z.le_max_l. Qed.

Lemma of_Z_maxr a b : of_Z b <= of_Z (Z.max a b).
Proof. by rewrite of_Z_le //; apply/Z.leb_le/Z.le_max_r. Qed.

Lemma of_Z_minl a b : of_Z (Z.min a b) <= of_Z a.
Proof. by rewrite of_Z_le //; apply/Z.leb_le/Z.le_min_l. Qed.

Lemma of_Z_minr a b : of_Z (Z.min a b) <= of_Z b.
Proof. by rewrite of_Z_le //; apply/Z.leb_le/Z.le_min_r. Qed.

Lemma of_Z_ltW a b : Z.ltb a b -> of_Z a <= of_Z b.
Proof. by move=> /Z.ltb_lt/Z.lt_le_incl/Z.leb_le/(of_Z_le R). Qed.

End Quotients.

Section Boxes.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation G := (of_Z grid).
Implicit Types (y : seq R) (b : box) (x : Checker.row) (s : side).

Definition in_side s (t : R) : bool := (of_Z (low s) <= G * t) && (G * t <= of_Z (high s)).

Fixpoint in_box b y : bool :=
  match b, y with
  | [::], [::] => true
  | s :: b', t :: y' => in_side s t && in_box b' y'
  | _, _ => false
  end.

Fixpoint squared b y : R :=
  match b, y with
  | s :: b', t :: y' => t ^+ 2 *+ round s + squared b' y'
  | _, _ => 0
  end.

(* A direction in a box. *)
Definition in_cell b y : Prop := in_box b y /\ squared b y = 1.

Lemma squared_ge0 b y : 0 <= squared b y.
Proof.
by elim: b y => [|s b IH] [|t y] //=; rewrite addr_ge0 //; case: round; rewrite ?sqr_ge0.
Qed.

Lemma size_in_box b y : in_box b y -> size y = size b.
Proof. by elim: b y => [|s b IH] [|t y] //= /andP[_ /IH ->]. Qed.


(* How far a point reaches. *)

Lemma corner_term_ge a s (t : R) : in_side s t -> G * (of_Z a * t) <= of_Z (corner_term a s).
Proof.
case/andP => tl th; rewrite mulrCA /corner_term; case: ifP => [/(of_Z_ge0 R)|/negbT] a0.
  by rewrite of_ZM ler_wpmul2l.
have {}a0 : of_Z a <= 0.
  by rewrite -oppr_ge0 -of_ZN (of_Z_ge0 R) //; move: a0; case: (a).
by rewrite of_ZM ler_wnmul2l.
Qed.

Lemma corner_from_sound sum x b y : in_box b y ->
  of_Z sum + G * value x y <= of_Z (corner_from sum x b).
Proof.
elim: b x y sum => [|s b IH] [|a x] [|t y] sum //= => [_|_|_|]; rewrite ?mulr0 ?addr0 //.
case/andP => st /(IH x _ (Z.add sum (corner_term a s))) H.
apply: le_trans H; rewrite of_ZD mulrDr addrA ler_add2r ler_add2l; exact: corner_term_ge.
Qed.

Lemma corner_sound x b y : in_box b y -> value x y <= of_Z (corner x b).
Proof.
move=> /(corner_from_sound Z0 x); rewrite add0r => H; apply: le_trans (up_ge _ _).
by rewrite ler_pdivl_mulr ?of_grid_gt0 // mulrC.
Qed.

Lemma end_term_ge length a z : Z.leb 0 length ->
  of_Z a * (of_Z z / G) - of_Z length / 2%:R * (of_Z z / G) ^+ 2 <= of_Z (end_term length a z).
Proof.
move=> l0; rewrite /end_term of_ZB ler_sub //.
  by rewrite mulrA -of_ZM; apply: up_ge.
rewrite term_bitsE.
apply: le_trans (of_Z_div_le _ _ _) _; first by vm_compute.
have p : 0 < of_Z 2 * G by rewrite mulr_gt0 ?of_grid_gt0 ?(of_Z_gt0 R (isT : positive 2)).
rewrite [of_Z (Z.mul 2 grid)]of_ZM ler_pdivr_mulr //.
have G0 := of_grid_neq0 R; have -> : of_Z 2 = 2%:R by [].
have -> : of_Z length / 2%:R * (of_Z z / G) ^+ 2 * (2%:R * G) =
    of_Z length * (of_Z (Z.mul z z) / G).
  by rewrite of_ZM; move: (of_Z length) (of_Z z) G G0 => c b g g0; field.
by rewrite of_ZM ler_wpmul2l ?of_Z_ge0 ?down_le.
Qed.

Lemma length_term_ge length a s (t : R) : positive length -> in_side s t ->
  of_Z a * t - of_Z length / 2%:R * (t ^+ 2 *+ round s) <= of_Z (length_term length a s).
Proof.
move=> l0 st; have l1 := of_Z_gt0 R l0; have G0 := of_grid_gt0 R; rewrite /length_term.
have l2 : Z.leb 0 length by apply/Z.leb_le/Z.lt_le_incl/Z.ltb_lt.
case: round; last first.
  rewrite mulr0n mulr0 subr0; apply: le_trans (up_ge _ _).
  by rewrite ler_pdivl_mulr // mulrC; apply: corner_term_ge.
have /andP[tl th] := st; rewrite mulr1n; case: ifP => [/(of_Z_le R)|_].
  rewrite (of_ZM _ a) (of_ZM _ length) => H; apply: le_trans (end_term_ge _ _ l2).
  apply: term_at_low (ltW l1) _ _.
    by rewrite ler_pdivr_mulr // mulrC.
  by rewrite mulrA ler_pdivl_mulr.
case: ifP => [/(of_Z_le R)|_].
  rewrite (of_ZM _ a) (of_ZM _ length) => H; apply: le_trans (end_term_ge _ _ l2).
  apply: term_at_high (ltW l1) _ _.
    by rewrite ler_pdivl_mulr // mulrC.
  by rewrite mulrA ler_pdivr_mulr.
apply: le_trans (term_at_peak _ _ l1) _; apply: le_trans (of_Z_div_up _ _ _); last first.
  by apply/Z.ltb_lt/Z.mul_pos_pos; [|apply/Z.ltb_lt].
by rewrite (of_ZM _ a) (of_ZM _ two) expr2.
Qed.

Lemma reach_from_sound sum length x b y : positive length -> in_box b y ->
  of_Z sum + (value x y - of_Z length / 2%:R * squared b y) <= of_Z (reach_from sum length x b).
Proof.
move=> l0; have l1 : 0 <= of_Z length / 2%:R by rewrite divr_ge0 ?ler0n // ltW // of_Z_gt0.
elim: b x y sum => [|s b IH] [|a x] [|t y] sum //=.
- by rewrite mulr0 subr0 addr0.
- by rewrite mulr0 subr0 addr0.
- by rewrite sub0r ger_addl oppr_le0 mulr_ge0 // (squared_ge0 (s :: b) (t :: y)).
case/andP => st /(IH x _ (Z.add sum (length_term length a s))); apply: le_trans.
rewrite of_ZD -addrA ler_add2l mulrDr opprD addrACA ler_add2r; exact: length_term_ge.
Qed.

Lemma reach_sound length x b y : positive length -> in_cell b y ->
  value x y <= of_Z (reach length x b).
Proof.
move=> l0 [inside sphere]; apply: le_trans (reach_from_sound _ _ l0 inside).
by rewrite sphere mulr1 addrCA ler_addl subr_ge0 half_down_up.
Qed.

Lemma length_for_gt0 octave k : positive (length_for octave k).
Proof. by apply/Z.ltb_lt/Z.lt_le_trans/Z.le_max_l. Qed.

Lemma value_minus x y : value x (map -%R y) = - value x y.
Proof. by elim: x y => [|a x IH] [|t y] //=; rewrite ?oppr0 // IH mulrN opprD. Qed.

Lemma mirrored_cell b y : in_cell b y -> in_cell (mirrored b) (map -%R y).
Proof.
case=> inside sphere; split; last first.
  by rewrite -sphere; elim: b y {inside sphere} => [|s b IH] [|t y] //=; rewrite IH sqrrN.
elim: b y inside {sphere} => [|s b IH] [|t y] //= /andP[/andP[tl th] /IH ->].
by rewrite /in_side /= !of_ZN mulrN !ler_opp2 tl th.
Qed.

(* What the sphere leaves of a box. *)

Lemma nearest_le s (t : R) : in_side s t -> of_Z (nearest s) <= G ^+ 2 * (t ^+ 2 *+ round s).
Proof.
case/andP => tl th; rewrite /nearest; case: round => //=; last by rewrite mulr0.
rewrite mulr1n -exprMn; case: ifP => [/orP[]|_]; last by rewrite sqr_ge0.
  move=> /(of_Z_ltW R) l0; apply: le_trans (of_Z_minl _ _ _) _.
  by rewrite of_ZM -expr2 ler_pexpn2r ?nnegrE // (le_trans l0).
move=> /(of_Z_ltW R) h0; apply: le_trans (of_Z_minr _ _ _) _.
rewrite of_ZM -expr2 -sqrrN -[X in _ <= X]sqrrN ler_pexpn2r ?nnegrE ?ler_opp2 ?oppr_ge0 //.
exact: le_trans th h0.
Qed.

Lemma farthest_ge s (t : R) : in_side s t -> G ^+ 2 * (t ^+ 2 *+ round s) <= of_Z (farthest s).
Proof.
case/andP => tl th; rewrite /farthest; case: round => //=; last by rewrite mulr0.
rewrite mulr1n -exprMn; case: (lerP 0 (G * t)) => t0.
  apply: le_trans (of_Z_maxr _ _ _); rewrite of_ZM -expr2 ler_pexpn2r ?nnegrE //.
  exact: le_trans th.
apply: le_trans (of_Z_maxl _ _ _); rewrite of_ZM -expr2 -sqrrN -[X in _ <= X]sqrrN.
by rewrite ler_pexpn2r ?nnegrE ?ler_opp2 ?oppr_ge0 ?(ltW t0) // (le_trans tl) // ltW.
Qed.

Lemma sum_nearest b y : in_box b y ->
  of_Z (foldr Z.add Z0 (map nearest b)) <= G ^+ 2 * squared b y.
Proof.
elim: b y => [|s b IH] [|t y] //=; first by rewrite mulr0.
by case/andP => /nearest_le H /IH K; rewrite of_ZD mulrDr ler_add.
Qed.

Lemma sum_farthest b y : in_box b y ->
  G ^+ 2 * squared b y <= of_Z (foldr Z.add Z0 (map farthest b)).
Proof.
elim: b y => [|s b IH] [|t y] //=; first by rewrite mulr0.
by case/andP => /farthest_ge H /IH K; rewrite of_ZD mulrDr ler_add.
Qed.

Lemma cut_side_sound rest s (t : R) : in_side s t ->
  G ^+ 2 * (t ^+ 2 *+ round s) <= of_Z rest + of_Z (nearest s) ->
  in_side (cut_side rest s) t.
Proof.
move=> st; rewrite -of_ZD /cut_side; case E : (~~ round s || _) => //; set r := Z.add _ 1.
case: ifP => // /andP[/(of_Z_le R) left r0].
have -> : round s by move: E; case: round.
rewrite mulr1n -exprMn => /le_trans/(_ left); rewrite of_ZM -expr2.
have /andP[tl th] := st.
rewrite -real_normK ?num_real // ler_pexpn2r ?nnegrE ?(of_Z_ge0 R r0) //.
rewrite ler_norml => /andP[t1 t2]; rewrite /in_side /=; apply/andP; split.
  by case: (Z.max_spec (low s) (Z.opp r)) => -[_ ->] //; rewrite of_ZN.
by case: (Z.min_spec (high s) r) => -[_ ->].
Qed.

Lemma round_cut rest s : round (cut_side rest s) = round s.
Proof. by rewrite /cut_side; case: ifP => // _; case: ifP. Qed.

Lemma cut_sound rest b y : in_box b y ->
  G ^+ 2 * squared b y <= of_Z rest + of_Z (foldr Z.add Z0 (map nearest b)) ->
  in_box (map (cut_side rest) b) y.
Proof.
elim: b y => [|s b IH] [|t y] //= /andP[st bt]; rewrite of_ZD mulrDr => H.
have K := sum_nearest bt; have L := nearest_le st; apply/andP; split.
  apply: cut_side_sound => //; rewrite -(ler_add2r (of_Z (foldr Z.add Z0 (map nearest b)))) -addrA.
  by apply: le_trans H; rewrite ler_add2l.
apply: IH => //; rewrite -(ler_add2l (of_Z (nearest s))) addrCA.
by apply: le_trans H; rewrite ler_add2r.
Qed.

Lemma squared_cut rest b y : squared (map (cut_side rest) b) y = squared b y.
Proof. by elim: b y => [|s b IH] [|t y] //=; rewrite IH round_cut. Qed.

(* Theorem 52(c)1. *)
Theorem trimmed_sound b y : in_cell b y -> exists2 b', trimmed b = Some b' & in_cell b' y.
Proof.
case=> inside sphere; rewrite /trimmed.
have := sum_nearest inside; have := sum_farthest inside; rewrite sphere mulr1.
rewrite -of_grid_square.
set near := foldr _ _ (map nearest b); set far := foldr _ _ _ => Hfar Hnear.
have -> : Z.ltb grid_square near = false.
  apply: contraTF Hnear => /Z.ltb_lt H; rewrite -ltNge -subr_gt0 -of_ZB of_Z_gt0 //.
  by apply/Z.ltb_lt/Z.lt_0_sub.
have -> : Z.ltb far grid_square = false.
  apply: contraTF Hfar => /Z.ltb_lt H; rewrite -ltNge -subr_gt0 -of_ZB of_Z_gt0 //.
  by apply/Z.ltb_lt/Z.lt_0_sub.
exists (map (cut_side (Z.sub grid_square near)) b) => //; split; last by rewrite squared_cut.
apply: cut_sound => //; rewrite sphere mulr1 -/near of_ZB subrK.
by rewrite of_grid_square.
Qed.

(* The step of Theorem 52(c)2. *)
Theorem halves_cover j place b y : in_cell b y ->
  in_cell (changed j (until place) b) y \/ in_cell (changed j (from place) b) y.
Proof.
case=> inside sphere; rewrite /in_cell.
have same (change : side -> side) : (forall s, round (change s) = round s) ->
    squared (changed j change b) y = squared b y.
  move=> H; elim: b y j {inside sphere} => [|s b IH] [|t y] [|j] //=; first by rewrite H.
  by rewrite IH.
rewrite !same // sphere.
suff : in_box (changed j (until place) b) y || in_box (changed j (from place) b) y.
  by case/orP => ->; [left|right].
elim: b y j inside {same sphere} => [|s b IH] [|t y] [|j] //= /andP[st bt].
  rewrite bt !andbT; move: st; rewrite /in_side /= => /andP[-> ->]; rewrite andbT /=.
  by case: (lerP (G * t)) => //= /ltW ->.
by rewrite st /= IH.
Qed.

End Boxes.
