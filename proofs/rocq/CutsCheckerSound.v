(* What the checker of CutsChecker.v accepts is true of every network over every real closed
   field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Cuts Reading ClaimSound.
From Certnn Require Import PsdChecker PsdCheckerSound PartitionChecker PartitionCheckerSound.
From Certnn Require Import RegionsChecker RegionsForm Elimination DefiniteSound.
From Certnn Require Import CutsChecker CutsFormsSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

(* Forms on sets of points. *)

Lemma set_terms_inside n given : set_accepted n given ->
  all (fun t => (first_form t < n + n)%N) (set_terms n given).
Proof.
case: given => points P parts /andP[/allP inside _]; rewrite /set_terms.
set forms := points ++ _; have forms_inside : all (fun r => r < n + n)%N forms.
  rewrite all_cat all_map; apply/andP; split; apply/allP => i ip; have := inside i ip.
    by rewrite eqnE subn_eq0 => /ltn_addr ->.
  by rewrite eqnE subn_eq0 /= ltn_add2l.
apply/all_allpairsP => r s; rewrite mem_iota /= => rlt _.
by apply: (allP forms_inside); rewrite mem_nth.
Qed.


Lemma choice_in k (s : nat -> bool) rest :
  [seq if s i then (k + i)%N else i | i <- rest] \in choices k rest.
Proof.
elim: rest => [|i rest IH] //=; rewrite mem_cat.
by case: (s i); apply/orP; [right|left]; apply: map_f.
Qed.

Lemma paired_in S T (fits : S -> T -> bool) (x : seq S) y : paired fits x y ->
  forall i, (i < size x)%N -> forall s0, exists t, fits (nth s0 x i) t.
Proof.
elim: x y => [|a x IH] [|b y] //= /andP[ab xy] [|i] ix s0; first by exists b.
exact: (IH y xy i ix s0).
Qed.

Section Terms.

Variable f : nat -> R.

Definition sum_terms (terms : seq term) : R :=
  \sum_(t <- terms) of_Z (multiple t) * (f (first_form t) * f (second_form t)).

Variables (n : nat) (f0 : forall r, (r < n + n)%N -> 0 <= f r).
Variable either : forall i, (i < n)%N -> f i * f (n + i)%N = 0.

Lemma set_sound given : set_accepted n given -> 0 <= sum_terms (set_terms n given).
Proof.
case: given => points P parts /andP[/allP inside accepted]; set k := size points in accepted *.
pose forms := points ++ map (addn n) points; pose g r := nth 0%N forms r.
have size_forms : size forms = (k + k)%N by rewrite size_cat size_map.
have pointsn i : (i < k)%N -> (nth 0%N points i < n)%N.
  by move=> ik; have := inside _ (mem_nth 0%N ik); rewrite eqnE subn_eq0.
have g_a i : (i < k)%N -> g i = nth 0%N points i by move=> ik; rewrite /g nth_cat -/k ik.
have g_b i : (i < k)%N -> g (k + i)%N = (n + nth 0%N points i)%N.
  by move=> ik; rewrite /g nth_cat -/k ltnNge leq_addr addKn (nth_map 0%N).
pose h r := if (r < k + k)%N then f (g r) else 0.
have h0 r : 0 <= h r.
  rewrite /h; case: ltnP => // rk; apply: f0; have [rk'|kr] := ltnP r k.
    by rewrite g_a // ltn_addr // pointsn.
  rewrite -(subnKC kr) g_b; first by rewrite ltn_add2l pointsn // ltn_subLR.
  by rewrite ltn_subLR.
have eitherh i : (i < k)%N -> h i * h (k + i)%N = 0.
  move=> ik; rewrite /h ltn_addr // ltn_add2l ik g_a // g_b //; apply: either; exact: pointsn.
have -> : sum_terms (set_terms n (PointSet points P parts)) =
    \sum_(r < k + k) \sum_(s < k + k) of_Z (entry P r s) * (h r * h s).
  rewrite /sum_terms /set_terms -/forms size_forms big_allpairs_dep /= -{1}[(k + k)%N]subn0.
  rewrite -/(index_iota 0 (k + k)) big_mkord; apply: eq_bigr => r _.
  rewrite -{1}[(k + k)%N]subn0 -/(index_iota 0 (k + k)) big_mkord; apply: eq_bigr => s _ /=.
  by rewrite /h !ltn_ord.
apply: (@copositive R k (fun r s => of_Z (entry P r s)) h h0 eitherh) => s.
have := choice_in k s (iota 0 k); set choice := map _ _ => choiceP.
have := paired_in accepted _ [::]; move: choiceP; rewrite -index_mem => choiceP.
move=> /(_ _ choiceP) [part]; rewrite nth_index -?index_mem // => /andP[part0 definite].
have choiceE i : (i < k)%N -> nth 0%N choice i = chosen k s i.
  by move=> ik; rewrite (nth_map 0%N) ?size_iota // nth_iota.
exists (M k k part + (M k k part)^T); split.
  by move=> i j; rewrite !mxE addr_ge0 // nonnegative_nth.
have entryE i j : (i < k)%N -> (j < k)%N -> entry (chosen_form k P choice part) i j =
    Z.sub (Z.add (entry P (chosen k s i) (chosen k s j)) (entry P (chosen k s j) (chosen k s i)))
      (Z.add (entry part i j) (entry part j i)).
  by move=> ik jk; rewrite {1}/entry nth_mkseq // nth_mkseq // !choiceE.
apply: eliminated_psd definite _ _ _.
- by apply/matrixP => i j; rewrite !mxE; congr (_ - _); exact: addrC.
- by move=> i j; rewrite entryE // of_ZB !of_ZD !mxE.
by move=> i j ik jk; rewrite !entryE // Z.add_comm [Z.add (entry part i j) _]Z.add_comm.
Qed.

End Terms.

Section Partners.

Variables (n d : nat) (a : 'cV[R]_n) (u : 'cV[R]_d) (forms : seq form).
Let f r := value a u (coefficients (nth no_form forms r)).
Let K := size forms.

Definition weighted (A : rows) : R := \sum_(r < K) f r * value a u (nth [::] A r).

Lemma nth_added_at r x A i :
  nth [::] (added_at r x A) i = if i == r then plus_row x (nth [::] A i) else nth [::] A i.
Proof.
elim: r A i => [|r IH] [|y A] [|i] //=; rewrite ?nth_nil ?eqSS ?IH ?nth_nil //.
by case: x.
Qed.

Lemma weighted_added r x A : (r < K)%N ->
  weighted (added_at r x A) = f r * value a u x + weighted A.
Proof.
move=> rK; rewrite /weighted (bigD1 (Ordinal rK)) //= [in RHS](bigD1 (Ordinal rK)) //=.
rewrite nth_added_at eqxx value_plus mulrDr -addrA; congr (_ + (_ + _)).
by apply: eq_bigr => i ir; rewrite nth_added_at; case: eqP => // E; case/eqP: ir; apply: val_inj.
Qed.

Lemma partners_sum terms : all (fun t => (first_form t < K)%N) terms ->
  weighted (partners forms terms) = sum_terms f terms.
Proof.
rewrite /partners /sum_terms => inside.
suff H A : weighted (foldl (fun A one => let: Term r s y := one in
    added_at r (map (Z.mul y) (coefficients (nth no_form forms s))) A) A terms) =
    weighted A + \sum_(t <- terms) of_Z (multiple t) * (f (first_form t) * f (second_form t)).
  rewrite H /weighted big1 ?add0r // => i _; rewrite nth_nil /value.
  have -> : row_of R (n + d) [::] = 0 by apply/matrixP => r j; rewrite !mxE nth_nil.
  by rewrite mul0mx mxE mulr0.
elim: terms inside A => [|[r s y] terms IH] inside A; first by rewrite big_nil addr0.
case/andP: inside => /= rK inside; rewrite IH // big_cons weighted_added ?value_scaled //.
rewrite /= -/(f s); move: (weighted _) (\sum_(_ <- _) _) => W S; ring.
Qed.

Lemma crossed_value A :
  bf (M (n + d) (n + d) (crossed (n + d) (map coefficients forms) A)) (col_mx a u) (col_mx a u) =
  weighted A.
Proof.
rewrite /crossed (@matrix_of_products _ _ K); last first.
  apply/orP; left; have := transposed_rows (n + d) (map coefficients forms); rewrite size_map.
  by apply: sub_all => x /eqP ->.
rewrite !matrix_of_transposed trmxK bf_mull /bf /inner; apply: eq_bigr => r _; rewrite big_ord1.
have row_value B (i : 'I_K) : (M K (n + d) B *m col_mx a u) i 0 = value a u (nth [::] B i).
  by rewrite /value !mxE; apply: eq_bigr => j _; rewrite !mxE.
by rewrite !row_value (nth_map no_form).
Qed.

End Partners.

(* The form. *)

Section Form.

Variables (n d c : nat) (Z' : rows) (k lost : Z) (W : rows) (of_W of_dual of_kappa : Z).
Variables (unit uW uZ uk : R).
Variables (nZ : size Z' = n) (nW : size W = (n + d)%N).
Variables (W0 : uW != 0) (Z0' : uZ != 0) (k0 : uk != 0).
Variables (WE : unit = of_Z of_W * uW) (dualE : unit = of_Z of_dual * uZ).
Variable kappaE : unit = of_Z of_kappa * uk.

Let S := cuts_form (uZ^-1 *: M n c Z') (of_Z k / uk) (of_Z lost / uW)
  (uW^-1 *: M (n + d) (n + d) W).
Let ku := Z.sub (Z.mul of_kappa k) (Z.mul 2 (Z.mul of_W lost)).
Let top := plus (diagonal_of (nseq n Z0 ++ nseq d ku))
  (scaled (Z.opp of_W) (plus W (transposed (n + d) W))).
Let va := scaled (Z.opp of_dual) (transposed c Z').
Let bottom := beside va (beside (nseq c (nseq d Z0)) (diagonal c (Z.mul of_kappa k))).

Lemma topE : M (n + d) (n + d) top = unit *: ulsubmx S.
Proof.
rewrite /S /cuts_form block_mxKul matrix_of_plus matrix_of_diagonal_row; last first.
  by rewrite size_cat !size_nseq.
rewrite matrix_of_scaled matrix_of_plus matrix_of_transposed scalerBr of_ZN scaleNr.
congr (_ - _); last first.
  rewrite [(_ *: _)^T]linearZ /= -scalerDr scalerA; congr (_ *: _).
  by rewrite WE mulfK.
rewrite row_of_cat ?size_nseq // !row_of_nseq of_Z0 -[unit *: _]linearZ /= scale_row_mx.
congr (diag_mx (row_mx _ _)); first by rewrite scaler0.
apply/matrixP => i j; rewrite !mxE /ku of_ZB !of_ZM [X in X - _](_ : _ = unit * (of_Z k / uk)).
  rewrite mulrBr -[of_Z 2]/(2%:R); congr (_ - _); rewrite WE; by field.
by rewrite kappaE; field.
Qed.

Lemma lower_cuts_formE (i j : 'I_(n + d + c)) : (j <= i)%N ->
  of_Z (nth Z0 (nth [::] (lower_cuts_form n d c Z' k lost W of_W of_dual of_kappa) i) j) =
  unit * S i j.
Proof.
rewrite /lower_cuts_form -/ku -/top -/va -/bottom.
have size_top : size top = (n + d)%N.
  rewrite size_merged size_mkseq size_cat !size_nseq size_map size_merged nW size_transposed.
  by rewrite !maxnn.
have size_va : size va = c by rewrite size_map size_transposed.
have rows_va : all (fun x => size x == n) va.
  by apply/scaled_rows; rewrite -nZ; apply: transposed_rows.
have size_vv : size (beside (nseq c (nseq d Z0)) (diagonal c (Z.mul of_kappa k))) = c.
  by rewrite size_map size_zip size_mkseq size_nseq minnn.
have zeros : all (fun x => size x == d) (nseq c (nseq d Z0)).
  by apply/allP => x /nseqP[-> _]; rewrite size_nseq.
case: (split_ordP i) => [i' ->|i' ->] /= ji.
  have jn : (j < n + d)%N by apply: leq_ltn_trans ji _.
  have -> : j = lshift _ (Ordinal jn) by apply: val_inj.
  rewrite nth_cat size_top ltn_ord.
  have := congr1 (fun A : 'M_(n + d) => A i' (Ordinal jn)) topE.
  by rewrite matrix_ofE scalemxE => ->; rewrite /ulsubmx !mxE.
rewrite nth_cat size_top ltnNge leq_addr addKn /=.
have bottomE (J : 'I_(n + (d + c))) : of_Z (nth Z0 (nth [::] bottom i') J) =
    row_mx (M c n va) (row_mx 0 (of_Z (Z.mul of_kappa k))%:M) i' J.
  rewrite -(matrix_ofE R bottom i' J) /bottom (matrix_of_beside _ _ size_va size_vv rows_va).
  rewrite (matrix_of_beside _ _ (size_nseq _ _) (size_mkseq _ _) zeros).
  by rewrite matrix_of_zeros matrix_of_diagonal.
rewrite /S /cuts_form; case: (split_ordP j) => [j' jE|j' jE]; rewrite {j ji}jE.
  rewrite block_mxEdl tr_col_mx; case: (split_ordP j') => [l ->|l ->].
    rewrite (bottomE (lshift _ l)) !row_mxEl matrix_of_scaled matrix_of_transposed !mxE of_ZN.
    by rewrite dualE; field.
  rewrite (bottomE (rshift n (lshift c l))) row_mxEr row_mxEl [in RHS]row_mxEr.
  by rewrite !mxE mulr0.
have -> : nat_of_ord (rshift (n + d) j') = rshift n (rshift d j') by rewrite /= addnA.
rewrite bottomE !row_mxEr block_mxEdr !mxE of_ZM mulrnAr; congr (_ *+ _).
by rewrite kappaE; field.
Qed.

End Form.

(* The dual norm. *)

Lemma lost_sum forms products :
  of_Z (foldl (fun sum one => Z.add sum (lost_by forms one)) Z0 products) =
  \sum_(t <- products) of_Z (lost_by forms t).
Proof.
suff H s : of_Z (foldl (fun sum one => Z.add sum (lost_by forms one)) s products) =
    of_Z s + \sum_(t <- products) of_Z (lost_by forms t) by rewrite H of_Z0 add0r.
elim: products s => [|t products IH] s; first by rewrite big_nil addr0.
by rewrite /= IH big_cons of_ZD addrA.
Qed.

Lemma check_cuts_sound n d c X point witness : size X = n ->
  check_cuts n d c X point witness ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
case: point => uX uY' col uZ Z' kp kq; case: witness => uT slacks uY products sets proof nX.
rewrite /check_cuts; set uF := Z.mul uT uX; set uW := Z.mul uY _; set unit := Z.max uW _.
set forms := forms_of _ _ _ _ _ _; set lost := foldl _ _ _; set terms := products ++ _.
set W := crossed _ _ _.
case/and5P => /andP[/andP[_ dX] FZ] /and5P[X0 T0 Y0 Z0' /andP[kq0 _]] /and3P[slacks_fit fit accepted].
case/and3P => /(of_Z_divides R) WE /(of_Z_divides R) dualE /(of_Z_divides R) kappaE psd.
have {}dX : all (fun x => (size x <= d)%N) X.
  by apply: sub_all dX => x; rewrite eqnE subn_eq0.
have F0 : positive uF by apply/Z.ltb_lt; apply: Z.mul_pos_pos; apply/Z.ltb_lt.
have W0 : positive uW.
  by apply/Z.ltb_lt; do 2?[apply: Z.mul_pos_pos]; apply/Z.ltb_lt.
rewrite /=; set x := (of_Z uX)^-1 *: M n d X.
apply: (@cuts_prove_kappa R n d c x _ _ (of_Z lost / of_Z uW)
  ((of_Z uW)^-1 *: M (n + d) (n + d) W)); last first.
  apply: semidefinite_sound psd; first exact: cuts_form_sym.
  move=> i j ji; apply: (@lower_cuts_formE n d c Z' kp lost W _ _ _ (of_Z unit) (of_Z uW) (of_Z uZ)
    (of_Z kq)) ji; rewrite ?of_Z_neq0 ?(full_size FZ) //.
  by rewrite size_products size_transposed.
move=> u; set a := map_mx _ _; rewrite /= bfZ crossed_value.
have size_forms : size forms = (n + (n + size slacks))%N.
  by rewrite !size_cat !size_mkseq size_map.
pose b : 'cV[R]_n := map_mx (@relu R) (- (x *m u)).
pose f r := value a u (coefficients (nth no_form forms r)).
have f_a (i : 'I_n) : f i = of_Z uF * a i 0.
  by rewrite /f /forms /forms_of nth_cat size_mkseq ltn_ord nth_mkseq //; apply: value_form_a.
have f_b (i : 'I_n) : f (n + i)%N = of_Z uF * b i 0.
  rewrite /f /forms /forms_of nth_cat size_mkseq ltnNge leq_addr /= addKn nth_cat size_mkseq ltn_ord.
  by rewrite nth_mkseq //; apply: value_form_b.
have F1 := of_Z_gt0 R F0; have W1 := of_Z_gt0 R W0.
have f0 r : (r < n + n)%N -> 0 <= f r.
  have [rn _|nr rnn] := ltnP r n.
    by rewrite (f_a (Ordinal rn)) mulr_ge0 ?(ltW F1) // mxE relu_ge0.
  have rn : (r - n < n)%N by rewrite ltn_subLR.
  by rewrite -(subnKC nr) (f_b (Ordinal rn)) mulr_ge0 ?(ltW F1) // mxE relu_ge0.
have either i : (i < n)%N -> f i * f (n + i)%N = 0.
  move=> ilt; rewrite (f_a (Ordinal ilt)) (f_b (Ordinal ilt)) mulrACA !mxE relu_relu.
  by rewrite mulr0.
have sets0 : 0 <= sum_terms f (flatten (map (set_terms n) sets)).
  elim: (sets) accepted => [_|one rest IH /andP[ok /IH rest0]]; first by rewrite /sum_terms big_nil.
  by rewrite /sum_terms big_cat /= addr_ge0 // (set_sound f0 either ok).
have products0 : - (of_Z lost * square u) <= sum_terms f products.
  rewrite /lost lost_sum mulr_suml -sumrN /sum_terms.
  elim: (products) fit => [_|[r s y] rest IH /andP[ok /IH rest0]]; first by rewrite !big_nil.
  rewrite !big_cons; apply: ler_add rest0 => {IH}; case/and3P: ok => rK sK sign.
  have {}rK : (r < size forms)%N by move: rK; rewrite eqnE subn_eq0.
  have {}sK : (s < size forms)%N by move: sK; rewrite eqnE subn_eq0.
  have true_r := forms_true u nX dX X0 T0 slacks_fit rK.
  have true_s := forms_true u nX dX X0 T0 slacks_fit sK.
  rewrite -/forms -/x -/a -/uF in true_r true_s.
  have fr : value a u (coefficients (nth no_form forms r)) = f r by [].
  have fs : value a u (coefficients (nth no_form forms s)) = f s by [].
  rewrite /=; have [y0|yneg] := boolP (Z.leb 0 y); last first.
    move: sign; rewrite (negPf yneg) eqnE subn_eq0 => /andP[rn /eqP sE].
    rewrite sE either // mulr0 /lost_by.
    have -> : nth no_form forms r = form_a X uX uT r.
      by rewrite /forms /forms_of nth_cat size_mkseq rn nth_mkseq.
    have -> : nth no_form forms (n + r) = form_b n X uX uT r.
      rewrite /forms /forms_of nth_cat size_mkseq ltnNge leq_addr /= addKn nth_cat size_mkseq rn.
      by rewrite nth_mkseq.
    by rewrite /= !(of_ZM, of_ZD) of_Z0 !(mul0r, addr0, mulr0) oppr0.
  rewrite /lost_by; case: (nth no_form forms r) true_r fr => cr dr er [/(of_Z_ge0 R) /= d0 true_r] fr.
  case: (nth no_form forms s) true_s fs => cs ds es [/(of_Z_ge0 R) /= d0' true_s] fs.
  rewrite fr in true_r; rewrite fs in true_s.
  move: (of_Z uF) F1 true_r true_s => F F1 true_r true_s.
  have inv0 (z : R) : 0 <= z -> 0 <= z / F by move=> z0; rewrite divr_ge0 // ltW.
  have := product_lower (norm_ge0 u) (inv0 _ d0) (inv0 _ d0') true_r true_s.
  rewrite norm_square !(of_ZM, of_ZD) -subr_ge0 => H; rewrite -subr_ge0.
  have FF : 0 <= F * F by rewrite mulr_ge0 // ltW.
  apply: ge0_eq (mulr_ge0 (mulr_ge0 (of_Z_ge0 R y0) FF) H) _.
  move: (f r) (f s) (of_Z y) (of_Z dr) (of_Z er) (of_Z ds) (of_Z es) (square u).
  by move=> fr' fs' y' p g p' g' su; field; rewrite gt_eqF.
have -> : weighted a u forms (partners forms terms) =
    sum_terms f products + sum_terms f (flatten (map (set_terms n) sets)).
  rewrite partners_sum; first by rewrite /terms /sum_terms big_cat.
  rewrite /terms all_cat; apply/andP; split.
    by apply: sub_all fit => -[r s y] /and3P[]; rewrite eqnE subn_eq0.
  elim: (sets) accepted => [//|one rest IH /andP[ok /IH rest0]]; rewrite /= all_cat rest0 andbT.
  by rewrite size_forms; apply: sub_all (set_terms_inside ok) => t; rewrite addnA => /ltn_addr ->.
rewrite -subr_ge0 in products0; rewrite -subr_ge0.
apply: ge0_eq (divr_ge0 (addr_ge0 sets0 products0) (ltW W1)) _.
move: (sum_terms f _) (sum_terms f _) (of_Z uW) W1 => s1 s2 w w1.
by move: (of_Z lost) (square u) => l su; field; rewrite gt_eqF.
Qed.

(* The checker is sound. *)
Theorem check_by_cuts_sound statement point witness :
  check_by_cuts statement point witness -> true_claim R statement.
Proof. by apply: verdict_with_column_sound => n d c X nX _ _; apply: check_cuts_sound. Qed.

End Theory.
