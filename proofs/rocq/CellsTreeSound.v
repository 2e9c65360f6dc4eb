(* A tree of boxes that CellsChecker.v accepts bounds a direction on the whole sphere, in integers
   (Theorem 52(c)2); and what is near in integers is near (52(b)). *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Cells Reading Values ClaimSound CellsBoxes.
From Certnn Require Import CellsBoxesSound CellsChecker CellsLeafSound CellsFormSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation G := (of_Z grid).

(* Theorem 52(c)2: a tree proves its level in the box of its root. *)
Theorem walked_sound h steps b linear points given given' (y : seq R) :
  walked h steps b linear points given = Some given' -> in_cell b y ->
  total linear points y <= of_Z h.
Proof.
elim: steps b linear points given given' => [|steps IH] b linear points given given' //=.
move=> walk cell; have [b' E cell'] := trimmed_sound cell; rewrite E in walk.
have halves j place ns : (let s := nth no_side b' j in
    let: (linear', points') := kept_points b' linear points in
    if Z.ltb (low s) place && Z.ltb place (high s) then
      if walked h steps (changed j (until place) b') linear' points'
        (Supply ns (codes given) (leaves given)) is Some next then
        walked h steps (changed j (from place) b') linear' points' next
      else None else None) = Some given' ->
    total linear points y <= of_Z h.
  have := kept_points_sound linear points cell'; case: kept_points => linear' points' /= ->.
  case: ifP => // _; case W : walked => [next|] // W'.
  by case: (halves_cover j place cell'); [apply: IH W|apply: IH W'].
case: (nodes given) walk => [|[|j|j] ns] //.
- have := settled_sound linear points cell'; case: settled => linear' mixed [-> between].
  by move/leaf_accepted_sound/(_ cell' between).
- exact: halves.
exact: halves.
Qed.

(* Rounding. *)

Lemma near_arithmetic (o u a b t : R) : 0 < o -> 0 < t -> 2%:R * `|o * a - u * b| <= u ->
  `|a / t - u / (o * t) * b| <= u / (o * t) / 2%:R.
Proof.
move=> o0 t0 H; have ot : 0 < o * t by apply: mulr_gt0.
have -> : a / t - u / (o * t) * b = (o * a - u * b) / (o * t) by field; rewrite !gt_eqF.
have i0 : 0 <= (o * t)^-1 by rewrite invr_ge0 ltW.
rewrite normrM normfV (gtr0_norm ot) [u / _ / _]mulrAC ler_wpmul2r //.
by rewrite ler_pdivl_mulr ?ltr0n // mulrC.
Qed.

Lemma near_sound over under a b (t : R) : positive over -> 0 < t -> near over under a b ->
  `|of_Z a / t - of_Z under / (of_Z over * t) * of_Z b| <= of_Z under / (of_Z over * t) / 2%:R.
Proof.
move=> o0 t0 /(of_Z_le R); rewrite (of_ZM _ two) of_two of_Z_abs of_ZB.
rewrite (of_ZM _ over) (of_ZM _ under); exact: near_arithmetic (of_Z_gt0 R o0) t0.
Qed.

(* The cube around the sphere. *)

Lemma size_cube (beside : bool) d : size (cube beside d) = (beside + d)%N.
Proof. by rewrite size_cat !size_nseq. Qed.

Lemma nth_cube (beside : bool) d j : (j < beside + d)%N ->
  nth no_side (cube beside d) j = Side (beside <= j)%N (Z.opp grid) grid.
Proof.
move=> jk; rewrite nth_cat size_nseq !nth_nseq; case: ltnP => // bj.
by rewrite ltn_subLR // jk.
Qed.

Lemma in_cube (beside : bool) d (y : 'cV[R]_(beside + d)) :
  square (dsubmx y) = 1 -> (forall j, `|y j 0| <= 1) -> in_cell (cube beside d) (list_of y).
Proof.
move=> sphere y1; have size_y := size_list_of y; split.
  apply: in_box_all => [|j]; rewrite size_cube // => jk; rewrite nth_cube //.
  have -> : nth 0 (list_of y) j = y (Ordinal jk) 0 by rewrite -nth_list_of.
  rewrite /in_side /= of_ZN; have := y1 (Ordinal jk); rewrite ler_norml => /andP[t1 t2].
  have G0 := of_grid_gt0 R; apply/andP; split.
    by rewrite -mulrN1 ler_wpmul2l // ltW.
  by rewrite -[X in _ <= X]mulr1 ler_wpmul2l // ltW.
rewrite (squaredE (size_cube beside d) size_y) -sphere big_mkcond big_split_ord /=.
rewrite big1 ?add0r => [|j _]; last first.
  rewrite nth_cube; last by apply: leq_trans (ltn_ord j) _; rewrite leq_addr.
  by rewrite leqNgt ltn_ord.
rewrite /square /inner; apply: eq_bigr => j _.
rewrite nth_cube; last by rewrite ltn_add2l.
rewrite leq_addr /=.
have -> : (beside + j)%N = rshift beside j by [].
by rewrite nth_list_of big_ord1 mxE expr2.
Qed.

End Theory.
