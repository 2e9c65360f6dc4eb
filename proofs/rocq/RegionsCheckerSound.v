(* What the checker of RegionsChecker.v accepts is true of every network over every real closed
   field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions Reading ClaimSound.
From Certnn Require Import PsdChecker PsdCheckerSound PartitionChecker DirectionsChecker.
From Certnn Require Import DirectionsSound RegionsChecker RegionsForm.

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

(* Products with the norm. *)

Lemma norm_product_sound e d vector number (unit : Z) : positive unit ->
  (size vector <= e + d)%N -> norm_product_fits e vector number ->
  let r := (of_Z unit)^-1 *: row_of (e + d) vector in
  let s := (of_Z unit)^-1 * of_Z number in
  0 <= ball_room r s /\ square (rsubmx r) <= ball_room r s ^+ 2.
Proof.
move=> u0 size_v /andP[room0 room] r s.
have i0 : 0 < (of_Z unit)^-1 by rewrite invr_gt0 of_Z_gt0.
set rest := Z.sub _ _ in room0 room.
have roomE : ball_room r s = (of_Z unit)^-1 * of_Z rest.
  rewrite /rest of_ZB mulrBr /ball_room /s; congr (_ - _).
  rewrite (@of_Z_sum _ _ e) ?size_map ?size_take; last by case: ltnP.
  rewrite mulr_sumr; apply: eq_bigr => j _; rewrite (nth_map0 (s0 := Z0)) // nth_take //.
  by rewrite of_Z_abs !mxE normrM (gtr0_norm i0).
rewrite roomE; split; first exact: mulr_ge0 (ltW i0) (of_Z_ge0 R room0).
have -> : rsubmx r = (of_Z unit)^-1 *: row_of d (drop e vector).
  by apply/matrixP => i j; rewrite !mxE nth_drop.
have size_d : (size (drop e vector) <= d)%N by rewrite size_drop leq_subLR.
rewrite squareE innerZl innerZr -squareE -(row_of_square R size_d) mulrA -expr2 exprMn.
by rewrite ler_wpmul2l ?sqr_ge0 // expr2 -of_ZM (of_Z_le R room).
Qed.

Section Direction.

Variables (beside : bool) (n d c : nat) (X Z' : rows) (uX uZ uh : Z) (w : Checker.row) (h : Z).
Notation D := (beside + d)%N.
Variables (nX : size X = n) (FZ : full n c Z').
Variables (X0 : positive uX) (Z0' : positive uZ) (h0 : positive uh).

Let x : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D X.
Let z : 'M[R]_(n, c) := (of_Z uZ)^-1 *: M n c Z'.
Let ray : 'cV[R]_c := (row_of c w)^T.
Let sigma := map (fun z => dot z w) Z'.
Let bound : R := of_Z h / of_Z uh.

Lemma substitution signs u : size signs = n -> consistent x signs u ->
  let a := map_mx (@relu R) (x *m u) in
  diag_mx (free_row R n signs) *m a + (of_Z uX)^-1 *: M n D (active signs X) *m u = a /\
  diag_mx (free_row R n signs) *m a + (of_Z uX)^-1 *: M n D (inactive signs X) *m u =
    a - x *m u.
Proof.
move=> ns cons a.
have PE i : ((of_Z uX)^-1 *: M n D (active signs X) *m u) i 0 =
    if Z.ltb 0 (nth Z0 signs i) then (x *m u) i 0 else 0.
  rewrite !mxE; case: ifP => E; last first.
    by rewrite big1 // => j _; rewrite !mxE nth_active // E mulr0 mul0r.
  by apply: eq_bigr => j _; rewrite !mxE nth_active // E.
have QE i : ((of_Z uX)^-1 *: M n D (inactive signs X) *m u) i 0 =
    if Z.ltb 0 (nth Z0 signs i) then 0 else - (x *m u) i 0.
  rewrite !mxE; case: ifP => E.
    by rewrite big1 // => j _; rewrite !mxE nth_inactive // E mulr0 mul0r.
  by rewrite -sumrN; apply: eq_bigr => j _; rewrite !mxE nth_inactive // E mulrN mulNr.
have aE i : a i 0 = relu ((x *m u) i 0) by rewrite mxE.
have sign (i : 'I_n) : if Z.ltb 0 (nth Z0 signs i) then a i 0 = (x *m u) i 0 else
    if Z.eqb (nth Z0 signs i) 0 then True else a i 0 = 0.
  rewrite aE /relu; have := cons i; case: (nth Z0 signs i) => [|p|p] //= H.
    by rewrite max_r // -(pmulr_rge0 _ (of_Z_gt0 R (isT : positive (Zpos p)))).
  rewrite max_l // -oppr_ge0 -(pmulr_rge0 _ (of_Z_gt0 R (isT : positive (Zpos p)))).
  by rewrite mulrN -mulNr -of_ZN.
have zero (i : 'I_n) : Z.ltb 0 (nth Z0 signs i) -> Z.eqb (nth Z0 signs i) 0 = false.
  by case: (nth Z0 signs i).
split; apply/matrixP => i j; rewrite ord1 addmxE mul_diag_mx mxE /free_row [(\row__ _) 0 i]mxE.
  rewrite PE; have := sign i; case: ifP => [/zero -> ->|_]; first by rewrite mul0r add0r.
  by case: Z.eqb => [_|->]; rewrite ?mul1r ?mulr0 addr0.
rewrite QE addmxE oppmxE; have := sign i; case: ifP => [/zero -> ->|_].
  by rewrite mul0r addr0 subrr.
by case: Z.eqb => [_|->]; rewrite ?mul1r ?mulr0.
Qed.

Lemma region_accepted_sound signs leaf :
  region_accepted beside n d X uX sigma uZ h uh signs leaf ->
  direction_bound x z ray bound (consistent x signs).
Proof.
case: leaf => [[uN Naa Nab Nbb] [ra sa rb sb] mu nu witness].
case/and5P => /eqP ns fit /and3P[Wra Wrb /allP norms] /andP[/andP[nu0 uZd] uhd] psd.
have adm := @multipliers_sound R _ _ fit; move: fit Wra Wrb => /= /and5P[N0 Waa Wab Wbb _] Wra Wrb.
set uP := Z.mul uN uX in uZd uhd *; set unit := Z.mul uP uX in uhd *.
have P0 : positive uP by apply/Z.ltb_lt/Z.mul_pos_pos; apply/Z.ltb_lt.
have U0 : positive unit by apply/Z.ltb_lt/Z.mul_pos_pos; apply/Z.ltb_lt.
have form := leaf_formE beside d h sigma Naa Nab Nbb ra rb sa sb mu nu witness nX ns
  (of_Z_neq0 R X0) (of_Z_neq0 R N0) (of_Z_neq0 R Z0') (of_Z_neq0 R h0)
  (of_Z_divides R uZd) (of_Z_divides R uhd).
move: psd form; rewrite /= -/uP -/unit; set S := region_form _ _ _ _ _ _ _ _ _ _ _ _ _.
move=> psd form; have {}psd : forall y, 0 <= bf S y y.
  apply: semidefinite_sound psd; first exact: region_form_sym.
  by move=> i j _; have := congr1 (fun A : 'M_(n + (D + 1)) => A i j) form; rewrite mxE scalemxE.
have fits (A : rows) (B : Checker.row) (i : 'I_n) : within n D A ->
    norm_product_fits beside (nth [::] A i) (nth Z0 B i) ->
    let v := row i ((of_Z uP)^-1 *: M n D A) in
    let s := ((of_Z uP)^-1 *: (row_of n B)^T) i 0 in
    0 <= ball_room v s /\ square (rsubmx v) <= ball_room v s ^+ 2.
  move=> /andP[_ WA] /(norm_product_sound (d := d) P0) H v s.
  have -> : v = (of_Z uP)^-1 *: row_of D (nth [::] A i).
    by apply/matrixP => k l; rewrite !mxE.
  have -> : s = (of_Z uP)^-1 * of_Z (nth Z0 B i) by rewrite /s !mxE.
  by apply: H; apply: (@nth_size A i (fun y => (size y <= D)%N)).
rewrite /S -(weightsE R uZ w FZ) in psd.
have nuR : 0 <= of_Z nu / of_Z unit by rewrite divr_ge0 ?(of_Z_ge0 R nu0) ?(ltW (of_Z_gt0 R U0)).
apply: (@leaf_direction R n beside d c x z ray bound (consistent x signs) _ _ _ _ _ _ _ _ _ _ _ _
  adm nuR _ _ _ psd) => [i|i|u]; last exact: substitution.
  have /norms/andP[H _] : val i \in iota 0 n by rewrite mem_iota /=.
  exact: (fits ra sa i Wra H).
have /norms/andP[_ H] : val i \in iota 0 n by rewrite mem_iota /=.
exact: (fits rb sb i Wrb H).
Qed.

End Direction.

Lemma check_regions_sound (beside : bool) n d c X point witness : size X = n ->
  check_regions beside n d c X point witness -> forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (beside + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).
Proof.
case: point => uX uY col uZ Z' kp kq; case: witness => ball uh given cones nX /=.
case/and3P => /andP[_ FZ] cover each.
pose point := DualPoint uX uY col uZ Z' kp kq; pose witness := DirectionsProof ball uh given cones.
apply: (@directions_sound R _ beside n d c X point witness cover) => /= X0 Z0' h0 one inside.
have : regions_accepted n (region_accepted beside n d X uX [seq dot z (ray one) | z <- Z'] uZ
    (height one) uh) (nseq n Z0) (shown_by one).
  clear cover witness.
  elim: given each inside => //= other others IH /andP[H Hs] [<- //|/IH]; exact.
move=> accepted; refine (@regions_sound R _ beside n d c _ _ _ _ _ _ _ accepted) => signs leaf.
exact: (region_accepted_sound nX FZ X0 Z0' h0).
Qed.

(* The checker is sound. *)
Theorem check_by_regions_sound statement point witness :
  check_by_regions statement point witness -> true_claim R statement.
Proof.
apply: verdict_beside_sound => beside n d c X nX; exact: check_regions_sound.
Qed.

End Theory.
