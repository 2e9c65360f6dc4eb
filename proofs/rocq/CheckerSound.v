(* What the checker accepts is true of every network over every real field. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Duality Psd Checker Reading.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* The number that a double stands for. *)
Definition double (w : Z) : R := of_Z R (numerator w) / of_Z R denominator.

Definition doubles p q (words : rows) : 'M[R]_(p, q) :=
  \matrix_(i, j) double (nth Z0 (nth [::] words i) j).

(* What a claim says. With a hidden bias X has a column of ones. *)
Definition true_claim (statement : claim) : Prop :=
  let: Claim (Problem n d c bias X Y reg) p q := statement in
  forall m (U : 'M[R]_(d + bias, m)) (V : 'M[R]_(m, c)),
  of_Z R p / of_Z R q <=
    objective (row_mx (doubles n d X) (const_mx 1)) (doubles n c Y) (double reg) U V.

End Definitions.

Lemma positive_denominator : positive denominator.
Proof. by vm_compute. Qed.

Lemma numerator0 : numerator Z0 = Z0.
Proof. by vm_compute. Qed.

(* Or unification would write 2^1075 in unary. *)
Local Opaque denominator numerator of_Z.
Local Arguments Z.mul : simpl never.
Local Arguments Z.leb : simpl never.

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

Variable R : realFieldType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Lemma of_Z_divides u unit : divides u unit -> of_Z unit = of_Z (Z.div unit u) * of_Z u.
Proof. by move=> /Z.eqb_eq H; rewrite -of_ZM H. Qed.

Lemma of_Z_neq0 a : positive a -> of_Z a != 0.
Proof. by move=> a0; rewrite gt_eqF // of_Z_gt0. Qed.

(* The double 1.0, so that the definition is seen to mean what it should. *)
Lemma double_one : double R (Z.shiftl 1023 52) = 1.
Proof.
have E : numerator (Z.shiftl 1023 52) = denominator by vm_compute.
by rewrite /double E divff // of_Z_neq0 // positive_denominator.
Qed.

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

Lemma featuresE n d (bias : bool) u X : positive u -> divides u denominator ->
  full n d X -> is_whole (Z.div denominator u) X ->
  row_mx (doubles R n d X) (const_mx 1) =
  (of_Z u)^-1 *: M n (d + bias) (features n bias u X).
Proof.
move=> u0 Hu FX HX; rewrite matrix_of_beside ?size_map ?size_nseq ?(full_size FX) //; last first.
  rewrite all_map; apply: sub_all (full_rows FX) => x /=.
  by rewrite size_map.
rewrite scale_row_mx -doubles_whole //; congr row_mx; apply/matrixP => i j.
by rewrite !mxE nth_nseq ltn_ord nth_nseq ltn_ord mulVf // of_Z_neq0.
Qed.

(* The bound. *)

Lemma of_Z_inner n c A B : size A = n -> size B = n -> all (fun x => (size x <= c)%N) A ->
  of_Z (foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip A B]) = inner (M n c A) (M n c B).
Proof.
move=> An Bn H; have Sn : size (zip A B) = n by rewrite size_zip An Bn minnn.
rewrite (@of_Z_sum _ _ n) ?size_map ?Sn //; apply: eq_bigr => i _.
rewrite (nth_map ([::], [::])) ?Sn // nth_zip ?An ?Bn //= (@of_Z_dot _ _ _ c).
  by apply: eq_bigr => k _; rewrite !mxE.
by rewrite (nth_size _ _ H).
Qed.

Lemma bound_arithmetic (p q sp sq uZ uY P S : R) :
  0 < q -> 0 < sq -> 0 < uZ -> 0 < uY ->
  2%:R * p * (sq * sq * (uZ * uZ * uY)) <=
    q * (2%:R * (sp * sq) * (P * uZ) - sp * sp * (S * uY)) ->
  p / q <= sp / sq * (uZ^-1 * (uY^-1 * P)) - (sp / sq) ^+ 2 * (uZ^-1 * (uZ^-1 * S)) / 2%:R.
Proof.
move=> q0 s0 z0 y0 H; rewrite -subr_ge0 in H.
have D0 : 0 < q * (2%:R * (sq * sq * (uZ * uZ * uY))) by rewrite !mulr_gt0 ?ltr0n.
rewrite -subr_ge0; apply: ge0_eq (divr_ge0 H (ltW D0)) _.
by field; rewrite !gt_eqF.
Qed.

Lemma check_bound_sound n d c (X : 'M[R]_(n, d)) (Y : rows) reg p q point :
  full n c (dual point) -> full n c Y -> check_bound Y (numerator reg) p q point ->
  dual_norm_le X ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)) ->
  forall m (U : 'M[R]_(d, m)) (V : 'M[R]_(m, c)), of_Z p / of_Z q <=
    objective X ((of_Z (targets_unit point))^-1 *: M n c Y) (double R reg) U V.
Proof.
case: point => _ uY uZ Z' kp kq /= FZ FY.
case: best_scale => sp sq; rewrite /double.
move: positive_denominator; move: denominator (numerator reg) => D r /(of_Z_gt0 R) D0.
case/and4P.
case/and5P=> /(of_Z_gt0 R) Y0 /(of_Z_gt0 R) Z0' /(of_Z_gt0 R) kp0 /(of_Z_gt0 R) kq0.
move=> /and3P[/(of_Z_gt0 R) sq0 /(of_Z_gt0 R) q0 _].
move=> /(of_Z_ge0 R) sp0 /(of_Z_le R) Hs /(of_Z_le R) Hb Hk m U V.
rewrite !(of_ZM, of_ZB) in Hs Hb.
rewrite !(of_Z_inner (n := n) (c := c)) ?(full_size FZ) ?(full_size FY) ?(full_within FZ) //
  in Hb.
have E2 : of_Z (Zpos (xO xH)) = 2%:R by [].
rewrite E2 in Hb.
have := @weak_duality R n d c X ((of_Z uY)^-1 *: M n c Y) _ (of_Z r / of_Z D) _
  (of_Z sp / of_Z sq) Hk.
move=> H; apply: le_trans (H _ _ m U V); first last.
- have D1 : 0 <= of_Z sq * of_Z kq * of_Z D by rewrite !mulr_ge0 // ltW.
  rewrite -subr_ge0 in Hs; rewrite -subr_ge0; apply: ge0_eq (divr_ge0 Hs D1) _.
  by field; rewrite !gt_eqF.
- by rewrite divr_ge0 // ltW.
rewrite /square !(innerZl, innerZr); exact: bound_arithmetic.
Qed.


(* Dominance. *)

Lemma of_Z_sum_le (x : row) k : all (Z.leb 0) x ->
  \sum_(j < k) of_Z (nth Z0 x j) <= of_Z (foldr Z.add Z0 x).
Proof.
elim: x k => [|a x IH] k /=; first by rewrite big1 // => j _; rewrite nth_nil.
case/andP => /(of_Z_ge0 R) a0 /IH H; rewrite of_ZD; case: k => [|k].
  by rewrite big_ord0 addr_ge0 //; apply: le_trans (H 0%N); rewrite big_ord0.
by rewrite big_ord_recl ler_add2l; exact: H.
Qed.

Lemma nth_below (A : rows) i :
  of_Z (nth Z0 (foldr plus_row [::] A) i) = \sum_(l < size A) of_Z (nth Z0 (nth [::] A l) i).
Proof.
elim: A => [|x A IH] /=; first by rewrite nth_nil big_ord0.
by rewrite nth_plus_row of_ZD IH big_ord_recl.
Qed.

Lemma dominant_sound N (A : rows) (E : 'M[R]_N) : size A = N -> E^T = E ->
  (forall i j : 'I_N, (j <= i)%N -> E i j = of_Z (nth Z0 (nth [::] A i) j)) ->
  dominant N A -> diagonally_dominant E.
Proof.
move=> AN symE EA /allP dom i; set f := fun i j : 'I_N => `|of_Z (nth Z0 (nth [::] A i) j)|.
have {}dom := dom i; rewrite mem_iota ltn_ord in dom; have {dom} /(of_Z_le R) := dom isT.
set S := map (map Z.abs) A.
have SE k l : nth Z0 (nth [::] S k) l = Z.abs (nth Z0 (nth [::] A k) l).
  rewrite /S (nth_map0 (s0 := [::]) (t0 := [::])); last by [].
  by rewrite (nth_map0 (s0 := Z0) (t0 := Z0)).
rewrite of_ZD of_ZM -EA // nth_below size_map AN.
have row_le : \sum_(j < N) f i j <= of_Z (foldr Z.add Z0 (nth [::] S i)).
  apply: le_trans (of_Z_sum_le N _); last first.
    by rewrite (nth_map [::]) ?AN // all_map; apply/allP => a _ /=; exact/Z.leb_le/Z.abs_nonneg.
  by apply: ler_sum => j _; rewrite SE of_Z_abs.
have below : \sum_(l < N) f l i = \sum_(l < N) of_Z (nth Z0 (nth [::] S l) i).
  by apply: eq_bigr => l _; rewrite SE of_Z_abs.
rewrite -below => sums; have H : \sum_(j < N) (f i j + f j i) <= 3%:R * E i i.
  by rewrite big_split; apply: le_trans sums; rewrite ler_add2r.
have K : \sum_(j | j != i) `|E i j| + 2%:R * `|E i i| <= \sum_(j < N) (f i j + f j i).
  rewrite [X in _ <= X](bigD1 i) //= addrC; apply: ler_add.
    by rewrite /f EA // mulr_natl.
  apply: ler_sum => j _; have [ji|ij] := leqP j i.
    by rewrite EA // /f ler_addl normr_ge0.
  by rewrite -symE mxE EA ?(ltnW ij) // /f ler_addr normr_ge0.
have D := ler_norm (E i i); rewrite -subr_ge0 in D; rewrite -subr_ge0 in H.
rewrite -subr_ge0 in K; rewrite -subr_ge0.
move: H K D; set T := \sum_(j < N) _; set O := \sum_(j | _) _; set e := E i i.
move: T O e `|e| => T O e a H K D.
by apply: ge0_eq (addr_ge0 (addr_ge0 H K) (addr_ge0 D D)) _; ring.
Qed.

Lemma bounded_sizes (A : rows) : exists K, all (fun x => (size x <= K)%N) A.
Proof.
elim: A => [|x A [K H]]; first by exists 0%N.
exists (maxn (size x) K); rewrite /= leq_maxl; apply: sub_all H => y yK.
by apply: leq_trans yK (leq_maxr _ _).
Qed.

Lemma nth_remainder N of_form of_gram form w L K (i j : 'I_N) : (j <= i)%N ->
  all (fun x => (size x <= K)%N) L ->
  of_Z (nth Z0 (nth [::] (remainder N of_form of_gram form w L) i) j) =
  of_Z of_form * of_Z (nth Z0 w i) * of_Z (nth Z0 w j) * of_Z (nth Z0 (nth [::] form i) j) -
  of_Z of_gram * (M N K L *m (M N K L)^T) i j.
Proof.
move=> ji LK; rewrite nth_mkseq // nth_plus_row of_ZD; congr (_ + _).
  rewrite (nth_map0 (s0 := Z0)); last exact: Z.mul_0_r.
  by rewrite nth_times_row nth_take ?ltnS // !of_ZM !mulrA.
rewrite (nth_map0 (s0 := [::])); last first.
  by case: (nth [::] L i) => [|? ?]; rewrite /= Z.mul_0_r.
rewrite nth_take ?ltnS // of_ZM of_ZN mulNr (@of_Z_dot _ _ _ K) ?(nth_size _ _ LK) //.
by congr (- (_ * _)); rewrite !mxE; apply: eq_bigr => k _; rewrite !mxE.
Qed.

(* The form. *)

Section Form.

Variables (n d c : nat) (X Z' Naa Nab Nbb : rows) (k : Z).
Variables (of_aa of_au of_uu of_dual of_kappa : Z) (unit uX uZ uk uN : R).
Variables (nX : size X = n) (nZ : size Z' = n).
Variables (naa : size Naa = n) (nab : size Nab = n) (nbb : size Nbb = n).
Variables (X0 : uX != 0) (Z0' : uZ != 0) (k0 : uk != 0) (N0 : uN != 0).
Variables (aaE : unit = of_Z of_aa * uN) (auE : unit = of_Z of_au * (uN * uX)).
Variables (uuE : unit = of_Z of_uu * (uN * uX * uX)) (dualE : unit = of_Z of_dual * uZ).
Variable kappaE : unit = of_Z of_kappa * uk.

Let form := lower_form n d c X Z' Naa Nab Nbb k of_aa of_au of_uu of_dual of_kappa.
Let S := form2S (uX^-1 *: M n d X) (uZ^-1 *: M n c Z') (of_Z k / uk)
  (uN^-1 *: M n n Naa) (uN^-1 *: M n n Nab) (uN^-1 *: M n n Nbb).

Let squares := plus Nbb (transposed n Nbb).
Let columns := transposed d X.

Lemma columns_within : all (fun x => (size x <= n)%N) columns.
Proof. by rewrite -nX; apply: sub_all (transposed_rows d X) => x /eqP ->. Qed.

Lemma form_aaE : M n n (scaled (Z.opp of_aa) (plus (plus Naa (plus Nab Nbb))
    (transposed n (plus Naa (plus Nab Nbb))))) =
  unit *: form_aa (uN^-1 *: M n n Naa) (uN^-1 *: M n n Nab) (uN^-1 *: M n n Nbb).
Proof.
rewrite matrix_of_scaled !(matrix_of_plus, matrix_of_transposed) /form_aa of_ZN.
by apply/matrixP => i j; rewrite !mxE aaE; field.
Qed.

Lemma form_uaE : M d n (scaled of_au (products columns (plus Nab squares))) =
  unit *: (form_au (uX^-1 *: M n d X) (uN^-1 *: M n n Nab) (uN^-1 *: M n n Nbb))^T.
Proof.
rewrite matrix_of_scaled (@matrix_of_products _ _ n) ?columns_within //.
rewrite !(matrix_of_plus, matrix_of_transposed) /form_au -trmx_mul auE.
rewrite !linearZ /= -!scalerDr -scalemxAl !linearZ /= !scalerA addrA.
by congr (_ *: _); field; rewrite X0 N0.
Qed.

Lemma form_uuE : M d d (scaled (Z.opp of_uu) (products columns (products columns squares))) =
  unit *: form_uu (uX^-1 *: M n d X) (uN^-1 *: M n n Nbb).
Proof.
rewrite matrix_of_scaled !(@matrix_of_products _ _ n) ?columns_within //.
rewrite !(matrix_of_plus, matrix_of_transposed) /form_uu uuE.
have -> : - ((uX^-1 *: M n d X)^T *m (uN^-1 *: M n n Nbb + (uN^-1 *: M n n Nbb)^T) *m
    (uX^-1 *: M n d X)) = - (uX^-1 * uN^-1 * uX^-1) *:
    ((M n d X)^T *m (M n n Nbb + (M n n Nbb)^T) *m M n d X).
  by rewrite !linearZ /= -scalerDr -!(scalemxAl, scalemxAr) !scalerA scaleNr scalerN scalerA
    [_ * (_ / _)]mulrC.
rewrite trmx_mul !trmxK mulmxA of_ZN scalerA.
by congr (_ *: _); field; rewrite X0 N0.
Qed.

Lemma scalar_mxE p (a : R) (i j : 'I_p) : a%:M i j = a *+ (i == j).
Proof. by rewrite mxE. Qed.

Lemma lower_formE (i j : 'I_(n + (d + c))) : (j <= i)%N ->
  of_Z (nth Z0 (nth [::] form i) j) = unit * S i j.
Proof.
rewrite /form /lower_form -/squares -/columns.
set aa := scaled (Z.opp of_aa) _; set ua := scaled of_au _; set uu := scaled (Z.opp of_uu) _.
set va := scaled _ (transposed c _); set kk := Z.mul of_kappa k.
set below := beside ua _ ++ _.
have sizeN : size (plus Naa (plus Nab Nbb)) = n by rewrite !size_merged naa nab nbb !maxnn.
have sizeS : size squares = n by rewrite size_merged nbb size_transposed maxnn.
have size_aa : size aa = n by rewrite size_map size_merged sizeN size_transposed maxnn.
have size_ua : size ua = d by rewrite size_map size_products size_transposed.
have size_va : size va = c by rewrite size_map size_transposed.
have rows_ua : all (fun x => size x == n) ua.
  by apply/scaled_rows/products_rows; rewrite size_merged nab sizeS maxnn.
have rows_va : all (fun x => size x == n) va.
  by apply/scaled_rows; rewrite -nZ; apply: transposed_rows.
have kkE : of_Z kk = unit * (of_Z k / uk) by rewrite of_ZM kappaE; field.
case: (split_ordP i) => [i' ->|i' ->] /= ji.
  have jn : (j < n)%N by apply: leq_ltn_trans ji _.
  have -> : j = lshift _ (Ordinal jn) by apply: val_inj.
  rewrite /S /form2S block_mxEul nth_cat size_aa ltn_ord /=.
  have := congr1 (fun A : 'M_n => A i' (Ordinal jn)) form_aaE.
  by rewrite -/aa matrix_ofE mxE.
rewrite nth_cat size_aa ltnNge leq_addr addKn /=.
have -> : of_Z (nth Z0 (nth [::] below i') j) = M (d + c) (n + (d + c)) below i' j.
  by rewrite mxE.
have size_uu : size (plus (diagonal d kk) uu) = d.
  by rewrite size_merged size_mkseq size_map size_products size_transposed maxnn.
have size_vv : size (beside (nseq c (nseq d Z0)) (diagonal c kk)) = c.
  by rewrite size_map size_zip size_mkseq size_nseq minnn.
have zeros : all (fun x => size x == d) (nseq c (nseq d Z0)).
  by apply/allP => x /nseqP[-> _]; rewrite size_nseq.
rewrite /below matrix_of_cat; last by rewrite size_map size_zip size_ua size_uu minnn.
rewrite (matrix_of_beside _ _ size_ua size_uu rows_ua).
rewrite (matrix_of_beside _ _ size_va size_vv rows_va).
rewrite (matrix_of_beside _ _ (size_nseq _ _) (size_mkseq _ _) zeros).
rewrite matrix_of_zeros matrix_of_diagonal /S /form2S /form_across /form_corner.
case: (split_ordP j) => [j' jE|j' jE]; rewrite jE {j jE} in ji *.
  rewrite block_mxEdl tr_row_mx; case: (split_ordP i') => [k' ->|k' ->].
    rewrite !col_mxEu row_mxEl; have := congr1 (fun A : 'M_(d, n) => A k' j') form_uaE.
    by rewrite -/ua [RHS]mxE.
  rewrite !col_mxEd row_mxEl matrix_of_scaled matrix_of_transposed !mxE of_ZN dualE.
  by field.
rewrite block_mxEdr addmxE scalar_mxE mulrDr.
case: (split_ordP i') => [k' kE|k' kE]; rewrite {i'}kE in ji *.
  have j'd : (j' < d)%N by move: ji; rewrite /= leq_add2l => /leq_ltn_trans; apply.
  have -> : j' = lshift _ (Ordinal j'd) by apply: val_inj.
  rewrite col_mxEu row_mxEr [in RHS]block_mxEul (inj_eq (@lshift_inj _ _)).
  have := congr1 (fun A : 'M_d => A k' (Ordinal j'd)) form_uuE; rewrite -/uu [RHS]mxE => <-.
  rewrite [LHS]mxE nth_plus nth_plus_row of_ZD nth_diagonal // -matrix_ofE.
  congr (_ + _); last by rewrite !mxE.
  by rewrite -[k' == Ordinal _](inj_eq val_inj) /=; case: eqP; rewrite ?mulr0 ?mulr1n.
rewrite col_mxEd row_mxEr; case: (split_ordP j') => [l ->|l ->].
  by rewrite row_mxEl [in RHS]block_mxEdl eq_rlshift !mxE /= ?mulr0n ?mulr0 ?addr0.
by rewrite row_mxEr scalar_mxE [in RHS]block_mxEdr (inj_eq (@rshift_inj _ _)) [in RHS]mxE mulr0
  addr0 kkE mulrnAr.
Qed.

End Form.
(* The dual norm. *)

Lemma dominant_scale k (a : R) (E : 'M[R]_k) : 0 < a ->
  diagonally_dominant (a *: E) -> diagonally_dominant E.
Proof.
move=> a0 dom i; rewrite -(ler_pmul2l a0) mulr_sumr; have := dom i; rewrite mxE.
by under eq_bigr do rewrite mxE normrM (gtr0_norm a0).
Qed.

Lemma nonnegative_row (x : row) j : all (Z.leb 0) x -> 0 <= of_Z (nth Z0 x j).
Proof.
move=> /allP H; have [jx|xj] := ltnP j (size x); last by rewrite nth_default.
exact/of_Z_ge0/H/mem_nth.
Qed.

Lemma nonnegative_nth A i j : nonnegative A -> 0 <= of_Z (nth Z0 (nth [::] A i) j).
Proof. by move=> H; apply: nonnegative_row; apply: nth_size H. Qed.

Lemma offdiagonal_nonnegative_nth s A i j : offdiagonal_nonnegative s A -> (s + i != j)%N ->
  0 <= of_Z (nth Z0 (nth [::] A i) j).
Proof.
elim: A s i => [|x A IH] s [|i] /=; rewrite ?nth_nil //.
  rewrite addn0 => /andP[/andP[Ht Hd] _]; case: ltngtP => // [sj|js] _.
    by rewrite -(subnKC sj) -nth_drop; apply: nonnegative_row.
  by rewrite -(nth_take _ js); apply: nonnegative_row.
by case/andP => _ /IH H; rewrite -addSnnS => /H.
Qed.

Lemma remainder_entry N (a b : R) (S G : 'M[R]_N) v i j :
  (a *: (diag_mx v *m S *m diag_mx v - b *: G)) i j =
  a * (v 0 i * S i j * v 0 j - b * G i j).
Proof. by rewrite mul_mx_diag mul_diag_mx !mxE. Qed.

Lemma weights_cancel (q u w a b s : R) : w != 0 ->
  q * (u * (w * w)) * (w^-1 * a * s * (w^-1 * b)) = q * a * b * (u * s).
Proof. by move=> w0; field. Qed.

Lemma units_cancel (q w g : R) : w != 0 -> q * (w * w) * (w^-1 * w^-1 * g) = q * g.
Proof. by move=> w0; field. Qed.

Lemma check_psd_sound n d c X point witness : size X = n -> check_psd n d c X point witness ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
case: point => uX uY uZ Z' kp kq; case: witness => uN Naa Nab Nbb uw w uL L nX.
rewrite /check_psd.
set N := (n + (d + c))%N; set u_au := Z.mul uN uX; set u_uu := Z.mul u_au uX.
set unit := Z.max uN _; set form := lower_form _ _ _ _ _ _ _ _ _ _ _ _ _ _.
set u_form := Z.mul unit _; set u_gram := Z.mul uL uL; set unit_E := Z.max u_form u_gram.
case/and5P => /and4P[FZ Waa Wab Wbb] /andP[/eqP Nw /eqP NL].
case/andP => /and5P[X0 Z0' k0 N0 /and3P[w0 L0 _]] /allP wpos /and3P[aa0 ab0 bb0].
case/andP => /and5P[/of_Z_divides aaE /of_Z_divides auE /of_Z_divides uuE /of_Z_divides dualE
  /of_Z_divides kappaE].
case/and3P => /of_Z_divides formE /of_Z_divides gramE dom /=.
have [K LK] := bounded_sizes L.
pose S := form2S ((of_Z uX)^-1 *: M n d X) ((of_Z uZ)^-1 *: M n c Z') (of_Z kp / of_Z kq)
  ((of_Z uN)^-1 *: M n n Naa) ((of_Z uN)^-1 *: M n n Nab) ((of_Z uN)^-1 *: M n n Nbb).
have within_size A : within n n A -> size A = n by case/andP => /eqP.
have lower (i j : 'I_N) : (j <= i)%N ->
    of_Z (nth Z0 (nth [::] form i) j) = of_Z unit * S i j.
  apply: lower_formE; rewrite ?(full_size FZ) ?(within_size Naa) ?(within_size Nab)
    ?(within_size Nbb) ?of_Z_neq0 //.
  - by rewrite auE of_ZM.
  by rewrite uuE !of_ZM.
have inv0 a : positive a -> 0 <= (of_Z a)^-1 by move=> a0; rewrite invr_ge0 ltW // of_Z_gt0.
apply: (@nonnegative_form R n d c _ _ _ ((of_Z uN)^-1 *: M n n Naa)
  ((of_Z uN)^-1 *: M n n Nab) ((of_Z uN)^-1 *: M n n Nbb)).
  split=> [i j|i j ij|i j]; rewrite mxE mulr_ge0 ?inv0 // mxE.
  - exact: nonnegative_nth.
  - by apply: offdiagonal_nonnegative_nth ab0 _.
  exact: nonnegative_nth.
pose v := \row_(i < N) ((of_Z uw)^-1 * of_Z (nth Z0 w i)).
apply: (@psd_witness R N K S v ((of_Z uL)^-1 *: M N K L)); first exact: form2S_sym.
  move=> i; rewrite mxE mulr_gt0 ?invr_gt0 ?of_Z_gt0 //.
  by apply: wpos; rewrite mem_nth // Nw.
have E0 : 0 < of_Z unit_E.
  apply/of_Z_gt0/Z.ltb_lt; apply: Z.lt_le_trans (Z.le_max_r _ _).
  by apply: Z.mul_pos_pos; apply/Z.ltb_lt.
apply: (dominant_scale E0); apply: dominant_sound dom; first by rewrite size_mkseq.
  rewrite linearZ /= linearB /= !trmx_mul trmxK !tr_diag_mx form2S_sym.
  by rewrite -/S mulmxA.
move=> i j ji; rewrite (nth_remainder _ _ _ _ ji LK) lower //.
have -> : ((of_Z uL)^-1 *: M N K L) *m ((of_Z uL)^-1 *: M N K L)^T =
    ((of_Z uL)^-1 * (of_Z uL)^-1) *: (M N K L *m (M N K L)^T).
  by rewrite linearZ /= -scalemxAl -scalemxAr scalerA.
rewrite remainder_entry mulrBr; congr (_ - _).
  by rewrite formE !of_ZM ![v 0 _]mxE weights_cancel ?of_Z_neq0.
by rewrite gramE of_ZM units_cancel ?of_Z_neq0.
Qed.

(* The verdict is sound, if the check of the dual norm is. *)
Lemma verdict_sound (check_dual_norm : nat -> nat -> nat -> rows -> bool) statement point :
  (forall n d c X, size X = n -> full n c (dual point) -> positive (data_unit point) ->
    check_dual_norm n d c X ->
    dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
      ((of_Z (dual_unit point))^-1 *: M n c (dual point))
      (of_Z (kappa_p point) / of_Z (kappa_q point))) ->
  verdict check_dual_norm statement point -> true_claim R statement.
Proof.
move=> sound; case: statement => [[n d c bias X Y reg] p q] /andP[/andP[/andP[]]].
case/and5P => /andP[FX FY] /andP[X0 Y0] _ /andP[HuX HuY] /andP[WX WY] FZ norm bound m U V.
rewrite (featuresE bias X0 HuX FX WX) (doubles_whole _ _ Y0 HuY WY).
apply: (check_bound_sound _ _ bound) => //.
  case/andP: FY => YN FY; rewrite /full size_map YN all_map /=.
  by apply: sub_all FY => x /=; rewrite size_map.
apply: sound norm => //.
by rewrite size_map size_zip size_map size_nseq (full_size FX) minnn.
Qed.

(* The checker is sound. *)
Theorem check_sound statement point witness :
  check statement point witness -> true_claim R statement.
Proof. by apply: verdict_sound => n d c X nX _ _; apply: check_psd_sound. Qed.

End Theory.
