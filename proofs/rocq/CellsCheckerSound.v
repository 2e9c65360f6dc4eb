(* What the checker of CellsChecker.v accepts is true of every network over every real closed
   field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Regions Cells Reading Values ClaimSound.
From Certnn Require Import DirectionsChecker DirectionsSound Definite DefiniteSound CellsBoxes.
From Certnn Require Import CellsBoxesSound CellsChecker CellsLeafSound CellsFormSound.
From Certnn Require Import CellsTreeSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma turn_unit_gt0 : positive turn_unit.
Proof. by vm_compute. Qed.

Lemma turn_unit_large : positive (Z.sub turn_unit 1).
Proof. by vm_compute. Qed.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation row_of := (@row_of R).
Notation share := (of_Z turn_unit)^-1.

Lemma one_of_Z : of_Z (Zpos xH) = 1.
Proof. by []. Qed.

Lemma share_range : 0 <= share < 1.
Proof.
have K0 := of_Z_gt0 R turn_unit_gt0; rewrite invr_ge0 (ltW K0) invf_lt1 //=.
by rewrite -subr_gt0 -one_of_Z -of_ZB (of_Z_gt0 R turn_unit_large).
Qed.

(* The points. *)

Section Turned.

Variables (beside : bool) (n d : nat) (X P : rows) (uX uP : Z).
Notation D := (beside + d)%N.
Variables (FX : full n D X) (FP : full d d P) (X0 : positive uX) (P0 : positive uP).

Let x : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D X.
Let p : 'M[R]_d := (of_Z uP)^-1 *: M d d P.

Lemma beside_scale (a u v k : R) : u != 0 -> v != 0 -> k != 0 ->
  (1 + k^-1) * (u^-1 * a) = (k + 1) * v * a / (u * v * k).
Proof. by move=> u0 v0 k0; field; rewrite u0 v0 k0. Qed.

Lemma inner_scale (a u v k : R) : u != 0 -> v != 0 -> k != 0 ->
  u^-1 * (v^-1 * a) = k * a / (u * v * k).
Proof. by move=> u0 v0 k0; field; rewrite u0 v0 k0. Qed.

Lemma turned_rowsE (i : 'I_n) (j : 'I_D) : turned_points x p share i j =
  of_Z (nth Z0 (nth [::] (turned_rows beside d uP P X) i) j) /
    of_Z (Z.mul (Z.mul uX uP) turn_unit).
Proof.
have u0 := of_Z_neq0 R X0; have v0 := of_Z_neq0 R P0; have k0 := of_Z_neq0 R turn_unit_gt0.
rewrite (of_ZM _ (Z.mul uX uP)) (of_ZM _ uX) (nth_map [::]); last by rewrite (full_size FX).
set r := nth [::] X i; have size_r : size r = D.
  by apply/eqP/(allP (full_rows FX)); rewrite mem_nth // (full_size FX).
have size_take : size (map (Z.mul (Z.mul (Z.add turn_unit 1) uP)) (take beside r)) = beside.
  by rewrite size_map size_takel // size_r leq_addr.
rewrite nth_cat size_take; case: (split_ordP j) => l ->.
  rewrite row_mxEl (nth_map0 (s0 := Z0)); last exact: Z.mul_0_r.
  rewrite (of_ZM _ (Z.mul _ uP)) (of_ZM _ (Z.add _ _)) of_ZD one_of_Z.
  rewrite nth_take; last exact: (ltn_ord l).
  rewrite !mxE; exact: beside_scale.
have -> : (rshift beside l - beside)%N = l by rewrite /= addKn.
rewrite row_mxEr (nth_map [::]); last by rewrite size_transposed.
rewrite (of_ZM _ turn_unit) (@of_Z_dot _ _ _ d); last by rewrite size_drop size_r addKn leqnn.
rewrite -(inner_scale _ u0 v0 k0) mxE !mulr_sumr; apply: eq_bigr => q _.
rewrite nth_transposed; last exact: ltn_ord.
rewrite nth_drop !mxE /r -!mulrA; congr (_ * _); exact: mulrCA.
Qed.

(* The rotation. *)

Lemma gram_columns : M d d (products (transposed d P) (transposed d P)) = (M d d P)^T *m M d d P.
Proof.
rewrite (@matrix_of_products _ _ d) ?matrix_of_transposed ?trmxK //.
apply/orP; left; apply: sub_all (transposed_rows d P) => y /eqP ->.
by rewrite (full_size FP).
Qed.

Lemma definite_square a b (y : 'cV[R]_d) :
  definite d (plus (scaled a (products (transposed d P) (transposed d P))) (diagonal d b)) ->
  0 <= of_Z a * square (M d d P *m y) + of_Z b * square y.
Proof.
set form := plus _ _.
have E : M d d form = of_Z a *: ((M d d P)^T *m M d d P) + (of_Z b)%:M.
  by rewrite matrix_of_plus matrix_of_scaled matrix_of_diagonal gram_columns.
have symE : (M d d form)^T = M d d form.
  by rewrite E linearD /= linearZ /= trmx_mul trmxK tr_scalar_mx.
have entry (i j : 'I_d) : (j <= i)%N -> of_Z (nth Z0 (nth [::] form i) j) = M d d form i j.
  by rewrite mxE.
move=> /(definite_sound symE entry)/(_ y).
by rewrite E bfD bfZ bf_scalar bf_mull.
Qed.

Lemma below_arithmetic (k u s t : R) : 0 < k -> 0 < u ->
  0 <= k * s + - ((k - 1) * (u * u)) * t -> (1 - k^-1) * t <= u^-1 * (u^-1 * s).
Proof.
move=> k0 u0 H; rewrite -subr_ge0.
apply: ge0_eq (divr_ge0 H (ltW (mulr_gt0 k0 (mulr_gt0 u0 u0)))) _.
by field; rewrite !gt_eqF.
Qed.

Lemma above_arithmetic (k u s t : R) : 0 < k -> 0 < u ->
  0 <= - k * s + (k + 2%:R) * (u * u) * t -> u^-1 * (u^-1 * s) <= (1 + 2%:R * k^-1) * t.
Proof.
move=> k0 u0 H; rewrite -subr_ge0.
apply: ge0_eq (divr_ge0 H (ltW (mulr_gt0 k0 (mulr_gt0 u0 u0)))) _.
by field; rewrite !gt_eqF.
Qed.

Lemma rotation_sound : rotation_fits d uP P -> forall y : 'cV[R]_d,
  (1 - share) * square y <= square (p *m y) /\ square (p *m y) <= (1 + 2%:R * share) * square y.
Proof.
have K0 := of_Z_gt0 R turn_unit_gt0; have u0 := of_Z_gt0 R P0.
case/and4P => _ _ below above y.
have -> : square (p *m y) = (of_Z uP)^-1 * ((of_Z uP)^-1 * square (M d d P *m y)).
  by rewrite /p -scalemxAl squareE innerZl innerZr -squareE.
have := definite_square y below; have := definite_square y above.
rewrite !of_ZN (of_ZM _ (Z.sub _ _)) (of_ZM _ (Z.add _ _)) (of_ZM _ uP) of_ZB of_ZD of_two one_of_Z.
by move=> /(above_arithmetic K0 u0) H1 /(below_arithmetic K0 u0) H2.
Qed.

End Turned.

(* A direction. *)

Section Direction.

Variables (beside : bool) (n d c : nat) (X P Z' X' : rows) (uX uP uZ uh over under : Z).
Variable deepest : nat.
Notation D := (beside + d)%N.
Let unit := Z.mul (Z.mul uX uP) turn_unit.
Variables (FX : full n D X) (FP : full d d P) (FX' : full n D X') (FZ : full n c Z').
Variables (X0 : positive uX) (P0 : positive uP) (Z0' : positive uZ) (h0 : positive uh).
Variables (over0 : positive over) (under0 : positive under).
Variable close : all_entries (near over under) (turned_rows beside d uP P X) X'.
Variable fits : rotation_fits d uP P.

Let x : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D X.
Let z : 'M[R]_(n, c) := (of_Z uZ)^-1 *: M n c Z'.

Lemma unit_gt0 : positive unit.
Proof.
apply/Z.ltb_lt/Z.mul_pos_pos; last exact/Z.ltb_lt/turn_unit_gt0.
by apply/Z.mul_pos_pos; apply/Z.ltb_lt.
Qed.

Lemma full_turned : full n D (turned_rows beside d uP P X).
Proof.
rewrite /full size_map (full_size FX) eqnE eqxx /= all_map; apply/allP => r rX /=.
have size_r : size r = D by apply/eqP/(allP (full_rows FX)).
rewrite size_cat !size_map size_takel ?size_r ?leq_addr // size_transposed.
exact: eqxx.
Qed.

Lemma nth_row A k (i : 'I_n) : full n k A -> size (nth [::] A i) = k.
Proof. by move=> FA; apply/eqP/(allP (full_rows FA)); rewrite mem_nth // (full_size FA). Qed.

(* The points that are counted are all that add anything. *)
Lemma counted_total weights (y : 'cV[R]_D) : size weights = n ->
  total [::] (counted_points beside X' weights) (list_of y) =
  \sum_(i < n) (row_of n weights)^T i 0 * relu ((M n D X' *m y) i 0).
Proof.
move=> sw; rewrite /total value_nil add0r /counted_points big_map big_filter big_mkcond.
have sz : size (zip X' weights) = n by rewrite size_zip (full_size FX') sw minnn.
rewrite (big_nth ([::], Z0)) big_mkord sz; apply: eq_bigr => i _.
rewrite nth_zip ?sw ?(full_size FX') //= /added /=.
have -> : (row_of n weights)^T i 0 = of_Z (nth Z0 weights i) by rewrite !mxE.
have -> : (M n D X' *m y) i 0 = value (nth [::] X' i) (list_of y).
  rewrite (valueE _ (size_list_of y)) column_of_list !mxE.
  by apply: eq_bigr => j _; rewrite !mxE.
case: ifP => // /negbT; rewrite negb_and !negbK => /orP[/Z.eqb_eq ->|/allP zero].
  by rewrite of_Z0 mul0r.
have -> : value (nth [::] X' i) (list_of y) = 0.
  rewrite (value_sum _ (size_list_of y)) big1 // => j _.
  have /zero/Z.eqb_eq <- : nth Z0 (nth [::] X' i) j \in nth [::] X' i.
    by apply: mem_nth; rewrite (nth_row i FX').
  by rewrite of_Z0 mul0r.
by rewrite relu_pos // mulr0.
Qed.

Lemma lostE (w weights : Checker.row) : size weights = n ->
  let sigma := [seq dot r w | r <- Z'] in
  of_Z (foldr Z.add Z0 (map point_lost (zip X' (zip sigma weights)))) =
  lost (M n D X') (z *m (row_of c w)^T) (row_of n weights)^T.
Proof.
move=> sw sigma; have ss : size sigma = n by rewrite size_map (full_size FZ).
have sz : size (zip sigma weights) = n by rewrite size_zip ss sw minnn.
have su := of_Z_neq0 R Z0'.
rewrite (@of_Z_sum _ _ n); last by rewrite size_map size_zip (full_size FX') sz minnn.
rewrite /lost [RHS]big_mkcond; apply: eq_bigr => i _.
rewrite (nth_map ([::], (Z0, Z0))); last by rewrite size_zip (full_size FX') sz minnn.
rewrite nth_zip ?(full_size FX') // nth_zip ?ss //= (weightsE R uZ w FZ) -/sigma.
have -> : ((of_Z uZ)^-1 *: (row_of n sigma)^T) i 0 = (of_Z uZ)^-1 * of_Z (nth Z0 sigma i).
  by rewrite !mxE.
rewrite mulf_eq0 invr_eq0 (negbTE su) /=; case: ifP => [/Z.eqb_eq ->|/negbT exact0].
  by rewrite of_Z0 eqxx.
case: eqP => [/of_Z_eq0|_]; first by rewrite (negbTE exact0).
rewrite (@of_Z_sum _ _ D); last by rewrite size_map (nth_row i FX').
have -> : D%:R = \sum_(j < D) 1 :> R by rewrite sumr_const card_ord.
rewrite mulr_sumr -big_split; apply: eq_bigr => j _.
rewrite (nth_map Z0); last by rewrite (nth_row i FX').
by rewrite of_ZD of_ZD one_of_Z !of_Z_abs !mxE mulr1.
Qed.

Lemma level_arithmetic (l o u o' u' t v h uh' k s : R) :
  0 < o -> 0 < o' -> 0 < t -> 0 < v -> 0 < uh' -> 0 < k ->
  (2%:R * l + s) * (u * u' * (uh' * k)) <= 2%:R * (h * (k - 1)) * (o * t * (o' * v)) ->
  u / (o * t) * (u' / (o' * v)) * (l + s / 2%:R) <= (1 - k^-1) * (h / uh').
Proof.
move=> o0 o1 t0 v0 u0 k0 H; rewrite -subr_ge0; rewrite -subr_ge0 in H.
have pos : 0 < 2%:R * (o * t) * (o' * v) * (uh' * k) by rewrite !mulr_gt0 ?ltr0n.
apply: ge0_eq (divr_ge0 H (ltW pos)) _; by field; rewrite !gt_eqF.
Qed.

Lemma direction_accepted_sound one given given' :
  direction_accepted beside n d Z' uZ uh X' over under unit deepest one given = Some given' ->
  direction_bound x z (row_of c (ray one))^T (of_Z (height one) / of_Z uh) (fun => True).
Proof.
case: one => w h [over' under' weights level]; rewrite /direction_accepted.
set sigma := map _ Z'; set sum := foldr _ _ _; case: ifP => // checks walk u _ beside_u.
case/and4P: checks => /eqP sw /and5P[over1 under1 hp level0 _] /allP close_w enough.
have ss : size sigma = n by rewrite size_map (full_size FZ).
have K0 := of_Z_gt0 R turn_unit_gt0; have unit0 := of_Z_gt0 R unit_gt0.
have z0 := of_Z_gt0 R Z0'; have uh0 := of_Z_gt0 R h0.
have hR : 0 <= of_Z h / of_Z uh by rewrite divr_ge0 // ltW // of_Z_gt0.
apply: turned_bound share_range hR (fun y => (rotation_sound FP P0 fits y).1)
  (fun y => (rotation_sound FP P0 fits y).2) _ u beside_u => y sphere y1.
pose E := of_Z under / (of_Z over * of_Z unit); pose F := of_Z under' / (of_Z over' * of_Z uZ).
have E0 : 0 <= E by rewrite divr_ge0 ?mulr_ge0 // ltW // of_Z_gt0.
have F0 : 0 <= F by rewrite divr_ge0 ?mulr_ge0 // ltW // of_Z_gt0.
have sigmaE (i : 'I_n) : (z *m (row_of c w)^T) i 0 = of_Z (nth Z0 sigma i) / of_Z uZ.
  by rewrite (weightsE R uZ w FZ) !mxE mulrC.
have weightE (i : 'I_n) : (row_of n weights)^T i 0 = of_Z (nth Z0 weights i) by rewrite !mxE.
have close_i (i : 'I_n) : near over' under' (nth Z0 sigma i) (nth Z0 weights i) &&
    (Z.eqb (nth Z0 sigma i) 0 ==> Z.eqb (nth Z0 weights i) 0).
  have := close_w (nth (Z0, Z0) (zip sigma weights) i); rewrite nth_zip ?ss ?sw //; apply.
  by rewrite -nth_zip ?ss ?sw // mem_nth // size_zip ss sw minnn.
have := @rounded_bound R n D (turned_points x ((of_Z uP)^-1 *: M d d P) share) (M n D X')
  (z *m (row_of c w)^T) (row_of n weights)^T E F y E0 F0 _ _ _ y1.
rewrite -(counted_total y sw) -(lostE w sw) -/sigma -/sum.
have tree : total [::] (counted_points beside X' weights) (list_of y) <= of_Z level.
  move: walk; case: counted_points => [|p points].
    move=> _; rewrite /total value_nil big_nil addr0.
    exact: ltW (of_Z_gt0 R level0).
  by move=> /walked_sound; apply; apply: in_cube.
move=> rounding; apply: le_trans (rounding _ _ _) _ => [i j|i|i|].
- have := near_sound over0 unit0 (all_entries_nth i j close full_turned FX').
  by rewrite (turned_rowsE P FX X0 P0) [M n D X' i j]mxE.
- rewrite sigmaE weightE; apply: near_sound over1 z0 _.
  by case/andP: (close_i i).
- rewrite sigmaE weightE => /eqP; rewrite mulf_eq0 invr_eq0 [of_Z uZ == 0]gt_eqF // orbF.
  move=> /eqP/of_Z_eq0 zero; case/andP: (close_i i) => _ /implyP/(_ zero)/Z.eqb_eq ->.
  by rewrite of_Z0.
apply: le_trans (ler_wpmul2l (mulr_ge0 E0 F0) (ler_add tree (lexx _))) _.
apply: (level_arithmetic (of_Z_gt0 R over0) (of_Z_gt0 R over1) unit0 z0 uh0 K0).
move: enough => /(of_Z_le R).
rewrite (of_ZM _ (Z.add _ _)) of_ZD (of_ZM _ two level) (of_ZM _ (Z.mul under _)).
rewrite (of_ZM _ under) (of_ZM _ uh) (of_ZM _ (Z.mul two _)) (of_ZM _ two) (of_ZM _ h).
rewrite (of_ZM _ (Z.mul over _)) (of_ZM _ over) (of_ZM _ over') of_ZB one_of_Z of_two.
by [].
Qed.

Lemma directions_accepted_sound rest given :
  directions_accepted beside n d Z' uZ uh X' over under unit deepest rest given ->
  forall one, List.In one rest ->
  direction_bound x z (row_of c (ray one))^T (of_Z (height one) / of_Z uh) (fun => True).
Proof.
elim: rest given => //= first others IH given; case E : direction_accepted => [given'|] //.
by move=> /IH H one [<-|/H //]; apply: direction_accepted_sound E.
Qed.

End Direction.

Lemma check_cells_sound (beside : bool) n d c X point witness : size X = n ->
  check_cells beside n d c X point witness -> forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (beside + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).
Proof.
case: point => uX uY col uZ Z' kp kq; case: witness => uP P over under X' steps given proof _ /=.
case: proof => ball uh directions cones.
case/and5P => /andP[FX FZ] FX' cover fits /and3P[/andP[over0 under0] close accepted].
have [P0 FP] : positive uP /\ full d d P by case/and4P: fits.
pose point := DualPoint uX uY col uZ Z' kp kq.
pose witness := DirectionsProof ball uh directions cones.
apply: (@directions_sound R _ beside n d c X point witness cover) => /= X0 Z0' h0.
exact: (directions_accepted_sound FX FP FX' FZ X0 P0 Z0' h0 over0 under0 close fits accepted).
Qed.

(* The checker is sound. *)
Theorem check_by_cells_sound statement point witness :
  check_by_cells statement point witness -> true_claim R statement.
Proof. by apply: verdict_beside_sound => beside n d c X nX; apply: check_cells_sound. Qed.

End Theory.
