(* What the checker of kind psd accepts is true of every network over every real closed field. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Checker PsdChecker Reading ClaimSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

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

Lemma nth_sparse_sum x A j : of_Z (nth Z0 (sparse_sum x A) j) =
  \sum_(k < size A) of_Z (nth Z0 x k) * of_Z (nth Z0 (nth [::] A k) j).
Proof.
elim: x A => [|a x IH] [|y A] /=; rewrite ?nth_nil ?big_ord0 //.
  by rewrite big1 // => k _; rewrite nth_nil mul0r.
rewrite big_ord_recl /=; case: ifP => [/Z.eqb_eq ->|_]; first by rewrite mul0r add0r IH.
by rewrite nth_plus_row of_ZD IH (nth_map0 (s0 := Z0)) ?Z.mul_0_r // of_ZM.
Qed.

Lemma nth_gram_row N x L i j : (j < i)%N ->
  of_Z (nth Z0 (gram_row N x (take i L) (transposed N L)) j) = of_Z (dot x (nth [::] L j)).
Proof.
rewrite /gram_row => ji; case: ifP => [/andP[xN _]|_]; last by rewrite nth_dots nth_take.
rewrite nth_sparse_sum size_transposed (@of_Z_dot _ _ _ N); last by apply/orP; left; exact: xN.
by apply: eq_bigr => k _; rewrite nth_transposed.
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
rewrite (nth_map0 (s0 := Z0)); last exact: Z.mul_0_r.
rewrite nth_take ?ltnS // of_ZM nth_gram_row ?ltnS // of_ZN mulNr.
rewrite (@of_Z_dot _ _ _ K) ?(nth_size _ _ LK) //.
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

Lemma bounded_unit (a b : Z) : positive a -> 0 < of_Z (Z.max a b).
Proof.
by move=> a0; apply/of_Z_gt0/Z.ltb_lt/(Z.lt_le_trans _ a); [apply/Z.ltb_lt|apply: Z.le_max_l].
Qed.

(* What the judge of forms accepts. *)
Lemma semidefinite_sound N unit form witness (S : 'M[R]_N) : S^T = S ->
  (forall i j : 'I_N, (j <= i)%N -> of_Z (nth Z0 (nth [::] form i) j) = of_Z unit * S i j) ->
  semidefinite N unit form witness -> forall z, 0 <= bf S z z.
Proof.
case: witness => uw w uL L symS lower; rewrite /semidefinite.
set u_form := Z.mul unit _; set u_gram := Z.mul uL uL; set unit_E := Z.max u_form u_gram.
case/and5P => /andP[/eqP Nw /eqP NL] /andP[/and4P[U0 w0 L0 _] /allP wpos].
move=> /(of_Z_divides R) formE /(of_Z_divides R) gramE dom; have [K LK] := bounded_sizes L.
pose v := \row_(i < N) ((of_Z uw)^-1 * of_Z (nth Z0 w i)).
apply: (@psd_witness R N K S v ((of_Z uL)^-1 *: M N K L)) => //.
  move=> i; rewrite mxE mulr_gt0 ?invr_gt0 ?of_Z_gt0 //.
  by apply: wpos; rewrite mem_nth // Nw.
have E0 : 0 < of_Z unit_E.
  apply: bounded_unit; apply/Z.ltb_lt; apply: Z.mul_pos_pos; first exact/Z.ltb_lt.
  by apply: Z.mul_pos_pos; apply/Z.ltb_lt.
apply: (dominant_scale E0); apply: dominant_sound dom; first by rewrite size_mkseq.
  rewrite linearZ /= linearB /= !trmx_mul trmxK !tr_diag_mx symS.
  by rewrite mulmxA.
move=> i j ji; rewrite (nth_remainder _ _ _ _ ji LK) lower //.
have -> : ((of_Z uL)^-1 *: M N K L) *m ((of_Z uL)^-1 *: M N K L)^T =
    ((of_Z uL)^-1 * (of_Z uL)^-1) *: (M N K L *m (M N K L)^T).
  by rewrite linearZ /= -scalemxAl -scalemxAr scalerA.
rewrite remainder_entry mulrBr; congr (_ - _).
  by rewrite formE !of_ZM ![v 0 _]mxE weights_cancel ?of_Z_neq0.
by rewrite gramE of_ZM units_cancel ?of_Z_neq0.
Qed.

Lemma multipliers_sound n given : multipliers_fit n given ->
  let unit := (of_Z (pairs_unit given))^-1 in
  admissible (unit *: M n n (pairs_aa given)) (unit *: M n n (pairs_ab given))
    (unit *: M n n (pairs_bb given)).
Proof.
case: given => uN Naa Nab Nbb /= /andP[N0] /and4P[_ _ _ /and3P[aa0 ab0 bb0]].
have inv0 : 0 <= (of_Z uN)^-1 by rewrite invr_ge0 ltW // of_Z_gt0.
split=> [i j|i j ij|i j]; rewrite mxE mulr_ge0 // mxE.
- exact: nonnegative_nth.
- by apply: offdiagonal_nonnegative_nth ab0 _.
exact: nonnegative_nth.
Qed.

Lemma check_psd_sound n d c X point given witness : size X = n ->
  check_psd n d c X point given witness ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
case: point => uX uY col uZ Z' kp kq; case: given => uN Naa Nab Nbb nX.
rewrite /check_psd.
set N := (n + (d + c))%N; set u_au := Z.mul uN uX; set u_uu := Z.mul u_au uX.
set unit := Z.max uN _; set form := lower_form _ _ _ _ _ _ _ _ _ _ _ _ _ _.
case/and4P => /andP[FZ fit] /and4P[X0 Z0' k0 _].
case/and5P => /(of_Z_divides R) aaE /(of_Z_divides R) auE /(of_Z_divides R) uuE
  /(of_Z_divides R) dualE /(of_Z_divides R) kappaE psd.
have adm := multipliers_sound fit; case/andP: fit => N0 /and4P[Waa Wab Wbb _].
have within_size A : within n n A -> size A = n by case/andP => /eqP.
apply: (nonnegative_form adm); apply: semidefinite_sound psd; first exact: form2S_sym.
move=> i j; apply: lower_formE; rewrite ?(full_size FZ) ?(within_size Naa) ?(within_size Nab)
  ?(within_size Nbb) ?of_Z_neq0 //.
- by rewrite auE of_ZM.
by rewrite uuE !of_ZM.
Qed.

(* The checker is sound. *)
Theorem check_by_psd_sound statement point given witness :
  check_by_psd statement point given witness -> true_claim R statement.
Proof. by apply: verdict_with_column_sound => n d c X nX _ _; apply: check_psd_sound. Qed.

End Theory.
