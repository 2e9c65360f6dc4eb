(* What the checker of RegionsChecker.v accepts is true of every network over every real closed
   field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions Reading ClaimSound.
From Certnn Require Import CheckerSound PartitionChecker ConesSound RegionsChecker RegionsForm.

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

Lemma row_of_inner k x y : (size x <= k)%N || (size y <= k)%N ->
  of_Z (dot x y) = inner (row_of k x)^T (row_of k y)^T.
Proof.
by move=> H; rewrite (of_Z_dot _ H); apply: eq_bigr => i _; rewrite big_ord1 !mxE.
Qed.

Lemma row_of_square k x : (size x <= k)%N -> of_Z (dot x x) = square (row_of k x).
Proof. by move=> H; rewrite (@row_of_inner k) ?H // -[LHS]square_tr trmxK. Qed.

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
rewrite squareE innerZl innerZr -squareE -(row_of_square size_d) mulrA -expr2 exprMn.
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

(* Points that are fixed have their sign. *)
Definition consistent (signs : Checker.row) (u : 'cV[R]_D) : Prop :=
  forall i : 'I_n, 0 <= of_Z (nth Z0 signs i) * (x *m u) i 0.

Lemma sigmaE : (of_Z uZ)^-1 *: (row_of n sigma)^T = z *m ray.
Proof.
rewrite /z -scalemxAl; congr (_ *: _); apply/matrixP => i j; rewrite !mxE.
rewrite (nth_map0 (s0 := [::])) // (@of_Z_dot _ _ _ c).
  by apply: eq_bigr => k _; rewrite !mxE.
by rewrite (nth_size _ _ (full_within FZ)).
Qed.

Lemma substitution signs u : size signs = n -> consistent signs u ->
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
  direction_bound x z ray bound (consistent signs).
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
rewrite /S sigmaE in psd.
have nuR : 0 <= of_Z nu / of_Z unit by rewrite divr_ge0 ?(of_Z_ge0 R nu0) ?(ltW (of_Z_gt0 R U0)).
apply: (@leaf_direction R n beside d c x z ray bound (consistent signs) _ _ _ _ _ _ _ _ _ _ _ _
  adm nuR _ _ _ psd) => [i|i|u]; last exact: substitution.
  have /norms/andP[H _] : val i \in iota 0 n by rewrite mem_iota /=.
  exact: (fits ra sa i Wra H).
have /norms/andP[_ H] : val i \in iota 0 n by rewrite mem_iota /=.
exact: (fits rb sb i Wrb H).
Qed.

(* A tree of regions proves its direction on the region of its root. *)
Lemma regions_accepted_sound tree signs :
  regions_accepted beside n d X uX sigma uZ h uh signs tree ->
  direction_bound x z ray bound (consistent signs).
Proof.
elim: tree signs => [leaf|i one IH1 other IH2] signs; first exact: region_accepted_sound.
case/and3P => iN /IH1 H1 /IH2 H2 u cons beside_u.
have i_n : (i < n)%N by [].
pose s := (x *m u) (Ordinal i_n) 0.
have child a : 0 <= of_Z a * s -> consistent (set_nth Z0 signs i a) u.
  move=> H j; rewrite nth_set_nth /=; case: eqP => [ji|_]; last exact: cons.
  by have -> : j = Ordinal i_n by apply: val_inj.
case: (lerP 0 s) => s0.
  by apply: H2 => //; apply: child; rewrite mulr_ge0 // (of_Z_ge0 R (isT : Z.leb 0 1)).
apply: H1 => //; apply: child; have -> : of_Z (Zneg xH) = -1 by [].
by rewrite mulN1r oppr_ge0 ltW.
Qed.

Lemma direction_sound tree :
  regions_accepted beside n d X uX sigma uZ h uh (nseq n Z0) tree ->
  direction_bound x z ray bound (fun _ => True).
Proof.
move/regions_accepted_sound => H u _; apply: H => i.
by rewrite nth_nseq ltn_ord of_Z0 mul0r.
Qed.

End Direction.

Lemma same_row (x y : Checker.row) : eqn (size x) (size y) ->
  all (fun e => Z.eqb e.1 e.2) (zip x y) -> x = y.
Proof.
by elim: x y => [|a x IH] [|b y] //= xy /andP[/Z.eqb_eq -> /(IH _ xy) ->].
Qed.

Lemma in_dropped T place (given rest : seq T) one : drop place given = one :: rest ->
  List.In one given.
Proof.
by elim: given place => [|first others IH] [|place] //= => [[-> _]|/IH H]; [left|right].
Qed.

Section Outputs.

Variables (beside : bool) (n d c : nat) (X Z' : rows) (uX uZ uh kp kq : Z).
Notation D := (beside + d)%N.
Variables (given : seq direction).
Variables (k0 : positive kp) (q0 : positive kq) (h0 : positive uh).

Let x : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D X.
Let z : 'M[R]_(n, c) := (of_Z uZ)^-1 *: M n c Z'.
Let kappa : R := of_Z kp / of_Z kq.

Variable proved : forall one, List.In one given ->
  direction_bound x z (row_of c (ray one))^T (of_Z (height one) / of_Z uh) (fun _ => True).

Lemma output_cone_sound rays cone : output_cone_accepted c kp kq uh given rays cone ->
  forall v, in_cone (rays_of R c 1 c rays) v -> output_bound x z kappa v.
Proof.
case: cone => chosen uV V /and4P[V0 square_V size_V /allP each].
have V1 := of_Z_gt0 R V0; have kq1 := of_Z_gt0 R q0; have uh1 := of_Z_gt0 R h0.
have size_c : (size V <= c)%N by rewrite -subn_eq0 -eqnE.
have kappa0 : 0 <= kappa by rewrite divr_ge0 // ltW // of_Z_gt0.
have col_ray j : col j (rays_of R c 1 c rays) = (row_of c (nth [::] rays j))^T.
  apply/matrixP => i k; rewrite !mxE; have -> : of_Z (Zpos xH) = 1 by [].
  by rewrite invr1 mul1r.
have each_j (j : 'I_c) : exists2 one, List.In one given &
    ray one = nth [::] rays j /\ Z.leb (Z.mul (height one) uV) (Z.mul (dot (ray one) V) uh).
  have := each j; rewrite mem_iota ltn_ord => /(_ isT) /=.
  case E : (drop (nth 0%N chosen j) given) => [|[w h t] rest] //= /and3P[/same_row H /H wE le].
  by exists (Direction w h t) => /=; [exact: in_dropped E|rewrite wE].
apply: (@cone_bound R n beside d c x z kappa c _
  (fun j => inner (row_of c (nth [::] rays j))^T ((of_Z uV)^-1 *: (row_of c V)^T))
  ((of_Z uV)^-1 *: (row_of c V)^T) kappa0).
- rewrite squareE innerZl innerZr -squareE square_tr -(row_of_square size_c) /kappa.
  move: square_V => /(of_Z_le R); rewrite !of_ZM => le; rewrite -subr_ge0; rewrite -subr_ge0 in le.
  apply: ge0_eq (divr_ge0 le (ltW (mulr_gt0 (mulr_gt0 V1 V1) (mulr_gt0 kq1 kq1)))) _.
  move: (of_Z (dot V V)) (of_Z kp) (of_Z kq) (of_Z uV) V1 kq1 => S k q v v0 qq0 {le}.
  by field; rewrite !gt_eqF.
- by move=> j; rewrite col_ray.
move=> j u _ beside_u; have [one inside [rayE le]] := each_j j.
rewrite col_ray -rayE; apply: le_trans (proved inside I beside_u) _.
rewrite ler_wpmul2r ?norm_ge0 // innerZr -(@row_of_inner c) ?size_c ?orbT //.
move: le => /(of_Z_le R); rewrite !of_ZM => le.
by rewrite ler_pdivr_mulr // -mulrA [_^-1 * _]mulrC ler_pdivl_mulr.
Qed.

End Outputs.

(* The dual norm, with the numbers beside u. *)
Lemma check_regions_sound (beside : bool) n d c X point witness : size X = n ->
  check_regions beside n d c X point witness -> forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (beside + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).
Proof.
case: point => uX uY col uZ Z' kp kq; case: witness => ball uh given cones nX /=.
case/and4P => /and5P[X0 Z0' k0 q0 /andP[h0 _]] /andP[_ FZ] each cover.
apply: outputs_bound; first by rewrite divr_ge0 // ltW // of_Z_gt0.
have proved one : List.In one given ->
    direction_bound ((of_Z uX)^-1 *: M n (beside + d) X) ((of_Z uZ)^-1 *: M n c Z')
      (row_of c (ray one))^T (of_Z (height one) / of_Z uh) (fun _ => True).
  move=> inside; apply: (direction_sound nX FZ X0 Z0' h0 (tree := tree one)).
  elim: given each inside {cover} => //= other others IH /andP[H Hs] [<- //|/IH]; exact.
apply: (@cones_cover R c 1 _ _ (output_bound ((of_Z uX)^-1 *: M n (beside + d) X)
  ((of_Z uZ)^-1 *: M n c Z') (of_Z kp / of_Z kq)) _ _ _ _ _ _ cover).
- by move=> rays cone _ accepted; apply: (output_cone_sound k0 q0 h0 proved accepted).
- by rewrite size_mkseq.
- by apply/(all_nthP [::]) => i; rewrite size_mkseq => ic; rewrite nth_mkseq // size_mkseq.
have one : of_Z (Zpos xH) = 1 by [].
suff E : M c c (identity c) = 1%:M by rewrite /rays_of E one invr1 scale1r trmx1 unitmx1.
apply/matrixP => i j; rewrite !mxE !nth_mkseq // eqnE -(inj_eq val_inj) /=.
by case: eqP => _; rewrite ?one ?of_Z0.
Qed.

Lemma check_regions_norm n d c X point witness : size X = n ->
  check_regions false n d c X point witness ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
move=> nX /(check_regions_sound nX) H u v.
have split p q (y : 'cV[R]_(p + q)) : square y = square (usubmx y) + square (dsubmx y).
  by rewrite -{1}[y]vsubmxK {1}/square inner_split.
have := H u v; have E := split 0%N d u; rewrite [square (usubmx _)]big_ord0 add0r in E.
by rewrite -E; apply; case.
Qed.

(* Theorem 51(a). *)
Lemma check_ball_sound n d c X point witness center radius :
  full n d X -> positive (data_unit point) ->
  (const_mx 1 : 'rV[R]_n) *m ((of_Z (dual_unit point))^-1 *: M n c (dual point)) = 0 ->
  check_ball n d center radius X ->
  check_regions true n d c (in_ball center radius X) point witness ->
  neuron_bound Free ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
move=> FX X0 balanced /and3P[size_c r0 /allP inside] checked u h v _.
have n_ball : size (in_ball center radius X) = n by rewrite size_map (full_size FX).
have H := check_regions_sound n_ball checked; set ux := (of_Z (data_unit point))^-1 in H *.
have ux0 : 0 < ux by rewrite invr_gt0 of_Z_gt0.
have ballE : M n (true + d) (in_ball center radius X) =
    row_mx (const_mx (of_Z radius)) (M n d X - const_mx 1 *m row_of d center).
  apply/matrixP => i j; rewrite [LHS]mxE (nth_map [::]) ?(full_size FX) //.
  rewrite [RHS]mxE; case: splitP => k jk; rewrite {}jk /=; first by rewrite ord1 !mxE.
  rewrite nth_plus_row of_ZD (nth_map0 (s0 := Z0)) // of_ZN.
  by rewrite !mxE big_ord1 !mxE mul1r.
pose m := ux *: row_of d center; pose r := ux * of_Z radius.
have rows (i : 'I_n) : row i (M n d X) - row_of d center =
    row_of d (behead (nth [::] (in_ball center radius X) i)).
  apply/matrixP => k j; rewrite ord1 (nth_map [::]) ?(full_size FX) //= row_of_plus !mxE.
  by rewrite (nth_map0 (s0 := Z0)) // of_ZN.
have [|i|g gu E] := @free_bias R n d c (ux *: M n d X) _ balanced m r u h.
- by rewrite mulr_ge0 ?(ltW ux0) // (of_Z_ge0 R r0).
- have -> : row i (ux *: M n d X) - m = ux *: (row i (M n d X) - row_of d center).
    by rewrite scalerBr; congr (_ - _); apply/matrixP => k j; rewrite !mxE.
  rewrite squareE innerZl innerZr -squareE mulrA -expr2 exprMn ler_wpmul2l ?sqr_ge0 // rows.
  have i_in : nth [::] (in_ball center radius X) i \in in_ball center radius X.
    by rewrite mem_nth ?n_ball.
  have size_i : (size (behead (nth [::] (in_ball center radius X) i)) <= d)%N.
    rewrite (nth_map [::]) ?(full_size FX) //= size_merged size_map geq_max.
    rewrite (eqP (allP (full_rows FX) _ (mem_nth _ _))) ?(full_size FX) // leqnn.
    by rewrite -subn_eq0 -eqnE.
  by rewrite -(row_of_square size_i) expr2 -of_ZM (of_Z_le R (inside _ i_in)).
have := H (col_mx (const_mx g : 'cV_1) u) v; rewrite E; rewrite col_mxKd /=.
have -> : map_mx (@relu R) (ux *: M n (true + d) (in_ball center radius X) *m
    col_mx (const_mx g : 'cV_1) u) = shifted ((ux *: M n d X - const_mx 1 *m m) *m u) (r * g).
  rewrite ballE scale_row_mx mul_row_col /shifted addrC; congr (map_mx _ (_ + _)).
    by rewrite /m -scalemxAr -scalerBr.
  by apply/matrixP => i j; rewrite !mxE big_ord1 !mxE.
rewrite addr0; apply=> j; rewrite col_mxKu col_mxKd mxE; exact: gu.
Qed.

(* The checker is sound. *)
Theorem check_by_regions_sound statement point witness :
  check_by_regions statement point witness -> true_claim R statement.
Proof.
rewrite /check_by_regions; case: (ball witness) => [[center radius]|].
  apply: verdict_sound => n d c X hidden FX FZ X0 _ balanced /and3P[free inside checked].
  have {}balanced := balanced free; case: hidden free => // _.
  exact: (check_ball_sound FX X0 balanced inside checked).
by apply: verdict_with_column_sound => n d c X nX _ _; apply: check_regions_norm.
Qed.

End Theory.
