(* What directions of the outputs show, and the verdict from them, over every real closed field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions Reading ClaimSound.
From Certnn Require Import PartitionChecker ConesSound DirectionsChecker.

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

(* The weights of points in a direction of the outputs. *)
Lemma weightsE n c Z' uZ (w : Checker.row) : full n c Z' ->
  ((of_Z uZ)^-1 *: M n c Z') *m (row_of c w)^T =
  (of_Z uZ)^-1 *: (row_of n [seq dot z w | z <- Z'])^T.
Proof.
move=> FZ; rewrite -scalemxAl; congr (_ *: _); apply/matrixP => i j; rewrite !mxE.
rewrite (nth_map0 (s0 := [::])) // (@of_Z_dot _ _ _ c).
  by apply: eq_bigr => k _; rewrite !mxE.
by rewrite (nth_size _ _ (full_within FZ)).
Qed.

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

Variables (T : Type) (beside : bool) (n d c : nat) (X Z' : rows) (uX uZ uh kp kq : Z).
Notation D := (beside + d)%N.
Variables (given : seq (direction T)).
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
Lemma directions_sound T (beside : bool) n d c X point (given : directions_proof T) :
  directions_cover c point given ->
  (positive (data_unit point) -> positive (dual_unit point) -> positive (heights_unit given) ->
    forall one, List.In one (directions given) ->
    direction_bound ((of_Z (data_unit point))^-1 *: M n (beside + d) X)
      ((of_Z (dual_unit point))^-1 *: M n c (dual point)) (row_of c (ray one))^T
      (of_Z (height one) / of_Z (heights_unit given)) (fun => True)) ->
  forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (beside + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).
Proof.
case: point => uX uY col uZ Z' kp kq; case: given => ball uh given cones /=.
case/andP=> /and5P[X0 Z0' k0 q0 /andP[h0 _]] cover /(_ X0 Z0' h0) proved.
apply: outputs_bound; first by rewrite divr_ge0 // ltW // of_Z_gt0.
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

(* Trees of regions. *)
Section Regions.

Variables (T : Type) (beside : bool) (n d c : nat).
Variables (x : 'M[R]_(n, beside + d)) (z : 'M[R]_(n, c)) (w : 'cV[R]_c) (h : R).

(* Points that are fixed have their sign. *)
Definition consistent (signs : Checker.row) (u : 'cV[R]_(beside + d)) : Prop :=
  forall i : 'I_n, 0 <= of_Z (nth Z0 signs i) * (x *m u) i 0.

Variable accepted : Checker.row -> T -> bool.
Variable leaf_sound : forall signs leaf, accepted signs leaf ->
  direction_bound x z w h (consistent signs).

Lemma regions_accepted_sound tree signs : regions_accepted n accepted signs tree ->
  direction_bound x z w h (consistent signs).
Proof.
elim: tree signs => [leaf|i one IH1 other IH2] signs; first exact: leaf_sound.
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

Lemma regions_sound tree : regions_accepted n accepted (nseq n Z0) tree ->
  direction_bound x z w h (fun _ => True).
Proof.
move/regions_accepted_sound => H u _; apply: H => i.
by rewrite nth_nseq ltn_ord of_Z0 mul0r.
Qed.

End Regions.

(* A check that is sound with the numbers beside u, and without. *)
Section Verdict.

Variable check : bool -> nat -> nat -> nat -> rows -> bool.
Variable point : dual_point.
Variable sound : forall (beside : bool) n d c X, size X = n -> check beside n d c X ->
  forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) ((of_Z (data_unit point))^-1 *: M n (beside + d) X *m u))
    ((of_Z (dual_unit point))^-1 *: M n c (dual point) *m v) <=
  of_Z (kappa_p point) / of_Z (kappa_q point) * (square (dsubmx u) + square v).

Lemma check_norm n d c X : size X = n -> check false n d c X ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
move=> nX /(sound nX) H u v.
have split p q (y : 'cV[R]_(p + q)) : square y = square (usubmx y) + square (dsubmx y).
  by rewrite -{1}[y]vsubmxK {1}/square inner_split.
have := H u v; have E := split 0%N d u; rewrite [square (usubmx _)]big_ord0 add0r in E.
by rewrite -E; apply; case.
Qed.

(* Theorem 51(a). *)
Lemma check_ball_sound n d c X center radius :
  full n d X -> positive (data_unit point) ->
  (const_mx 1 : 'rV[R]_n) *m ((of_Z (dual_unit point))^-1 *: M n c (dual point)) = 0 ->
  check_ball n d center radius X ->
  check true n d c (in_ball center radius X) ->
  neuron_bound Free ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
move=> FX X0 balanced /and3P[size_c r0 /allP inside] checked u h v _.
have n_ball : size (in_ball center radius X) = n by rewrite size_map (full_size FX).
have H := sound n_ball checked; set ux := (of_Z (data_unit point))^-1 in H *.
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

Theorem verdict_beside_sound ball statement :
  verdict_beside check ball statement point -> true_claim R statement.
Proof.
rewrite /verdict_beside; case: ball => [[center radius]|].
  apply: verdict_sound => n d c X hidden FX FZ X0 _ balanced /and3P[free inside checked].
  have {}balanced := balanced free; case: hidden free => // _.
  exact: (check_ball_sound FX X0 balanced inside checked).
by apply: verdict_with_column_sound => n d c X nX _ _; apply: check_norm.
Qed.

End Verdict.
End Theory.
