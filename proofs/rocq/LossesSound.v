(* What the checks of a loss show: a bound of it by a linear function of the outputs, for any dual
   point in the domain of its conjugate. *)

From Coq Require Import ZArith Lia.
From Certnn Require Import Logarithms Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Exponential Reading LogarithmsSound DataSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Section Bound.

Variables (n c : nat) (Y : rows) (point : dual_point).
Variables (FZ : full n c (dual point)) (FY : full n c Y).
Variables (Y0 : positive (targets_unit point)) (Z0' : positive (dual_unit point)).

Let y : 'M[R]_(n, c) := (of_Z (targets_unit point))^-1 *: M n c Y.
Let z : 'M[R]_(n, c) := (of_Z (dual_unit point))^-1 *: M n c (dual point).

Lemma huber_arithmetic (sp sq u a e D : R) : 0 < sq -> 0 < u -> 0 < D ->
  sp * a * D <= e * (sq * u) -> sp / sq * (u^-1 * a) <= e / D.
Proof.
move=> sq0 u0 D0; rewrite -subr_ge0 => H; rewrite -subr_ge0.
apply: ge0_eq (divr_ge0 H (ltW (mulr_gt0 (mulr_gt0 sq0 u0) D0))) _.
by field; rewrite !gt_eqF.
Qed.

Lemma in_domain_sound l sp sq : Z.leb 0 sp -> positive sq -> in_domain l Y sp sq point ->
  forall i j, conjugate_finite l (of_Z sp / of_Z sq * z i j) (y i j).
Proof.
rewrite /y /z; case: point FZ Y0 Z0' => _ uY _ uZ Z' _ _ /= FZ' /(of_Z_gt0 R) Y1 /(of_Z_gt0 R) Z1.
move=> /(of_Z_ge0 R) sp0 /(of_Z_gt0 R) sq0; have s0 := divr_ge0 sp0 (ltW sq0).
have label b : Z.eqb (Z.mul b b) (Z.mul uY uY) -> ((of_Z uY)^-1 * of_Z b) ^+ 2 = 1.
  move=> /Z.eqb_eq/(congr1 of_Z); rewrite !of_ZM => E.
  by rewrite exprMn [of_Z b ^+ 2]expr2 E; field; rewrite gt_eqF.
have product a b : Z.leb 0 (Z.mul a b) ->
    0 <= of_Z sp / of_Z sq * ((of_Z uZ)^-1 * of_Z a) * ((of_Z uY)^-1 * of_Z b).
  move=> /(of_Z_ge0 R); rewrite of_ZM => ab.
  have D0 : 0 <= (of_Z uZ)^-1 * (of_Z uY)^-1 by rewrite mulr_ge0 // invr_ge0 ltW.
  by apply: ge0_eq (mulr_ge0 (mulr_ge0 s0 D0) ab) _; field; rewrite !gt_eqF.
have labels_in_domain : all_entries (fun z y =>
    [&& Z.eqb (Z.mul y y) (Z.mul uY uY), Z.leb 0 (Z.mul z y) &
        Z.leb (Z.mul sp (Z.mul z y)) (Z.mul sq (Z.mul uZ uY))]) Z' Y ->
    forall i j, conjugate_finite Hinge (of_Z sp / of_Z sq * ((of_Z uZ)^-1 *: M n c Z') i j)
      (((of_Z uY)^-1 *: M n c Y) i j).
  move=> H i j; rewrite !mxE; have /= := all_entries_nth i j H FZ' FY.
  case/and3P => /label y1 /product p0 /(of_Z_le R); rewrite !of_ZM => p1; split=> //.
  rewrite -subr_ge0; rewrite -subr_ge0 in p1.
  apply: ge0_eq (divr_ge0 p1 (ltW (mulr_gt0 sq0 (mulr_gt0 Z1 Y1)))) _.
  by field; rewrite !gt_eqF.
case: l => [//|delta||||//] /=.
- case/and3P => _ _ /allP H i j; rewrite !mxE /double.
  have {H} : Z.leb (Z.mul (Z.mul sp (Z.abs (nth Z0 (nth [::] Z' i) j))) denominator)
      (Z.mul (numerator delta) (Z.mul sq uZ)).
    apply: (allP (H _ (mem_nth [::] _))); first by rewrite (full_size FZ').
    by apply: mem_nth; rewrite (eqP (allP (full_rows FZ') _ (mem_nth _ _))) ?(full_size FZ').
  move: positive_denominator; move: denominator (numerator delta) => D e /(of_Z_gt0 R) D0.
  move=> /(of_Z_le R); rewrite !of_ZM of_Z_abs; move: (of_Z (nth _ _ _)) => a H.
  rewrite normrM (ger0_norm s0) normrM normfV (gtr0_norm Z1).
  exact: huber_arithmetic.
- exact: labels_in_domain.
- move=> H i j; rewrite !mxE; have /= := all_entries_nth i j H FZ' FY.
  by case/andP => /label y1 /product p0.
exact: labels_in_domain.
Qed.

(* Entropies, for what is an upper bound of a logarithm. *)

Definition log_share (q total : Z) : R := of_Z (log_above q total) / of_Z unit_128.

Lemma entropy_belowE q : of_Z (entropy_below q) / of_Z unit_128 =
  - (\sum_(part <- q) of_Z part * log_share part (foldr Z.add Z0 q)).
Proof.
rewrite /entropy_below of_Z_sum_seq big_map mulr_suml -sumrN; apply: eq_bigr => part _.
rewrite /log_share; move: (log_above _ _) => bound; rewrite of_ZM of_ZN.
by rewrite mulrN mulNr mulrA.
Qed.

Section Entropies.

Variables exp log : R -> R.
Variable E : exponential exp log.
Variables sp sq : Z.
Variables (sp0 : Z.leb 0 sp) (sq0 : positive sq).

Let uY := targets_unit point.
Let uZ := dual_unit point.
Let unit := Z.mul sq (Z.mul uZ uY).
Let s := of_Z sp / of_Z sq.

Let unit_gt0 : positive unit.
Proof. by apply/Z.ltb_lt; do 2?apply: Z.mul_pos_pos; apply/Z.ltb_lt. Qed.

Lemma share_arithmetic (a b u v t r : R) : 0 < u -> 0 < v -> 0 < t ->
  a / t * (v^-1 * b) * (u^-1 * r) = a * (b * r) / (t * (v * u)).
Proof. by move=> u0 v0 t0; field; rewrite !gt_eqF. Qed.

Let entry (A : rows) i j := nth Z0 (nth [::] A i) j.

Lemma sum_entries T (f : Z -> Z -> T) (h : T -> R) :
  \sum_(q <- flatten [seq [seq f e.1 e.2 | e <- zip r.1 r.2] | r <- zip (dual point) Y]) h q =
  \sum_(i < n) \sum_(j < c) h (f (entry (dual point) i j) (entry Y i j)).
Proof.
rewrite big_flatten big_map.
transitivity (\sum_(r <- zip (dual point) Y) \sum_(e <- zip r.1 r.2) h (f e.1 e.2)).
  by apply: eq_bigr => r _; rewrite big_map.
etransitivity.
  exact: (sum_zip [::] [::] (fun a b => \sum_(e <- zip a b) h (f e.1 e.2)) (full_size FZ)
    (full_size FY)).
apply: eq_bigr => i _.
exact: (sum_zip Z0 Z0 (fun a b => h (f a b)) (size_row FZ (ltn_ord i)) (size_row FY (ltn_ord i))).
Qed.

Let p i j := Z.mul sp (Z.mul (entry (dual point) i j) (entry Y i j)).

Lemma pE (i : 'I_n) (j : 'I_c) : s * z i j * y i j = of_Z (p i j) / of_Z unit.
Proof.
have [u0 v0 t0] := And3 (of_Z_gt0 R Y0) (of_Z_gt0 R Z0') (of_Z_gt0 R sq0).
rewrite /s /z /y /p /entry /unit /uZ /uY !mxE !of_ZM.
exact: share_arithmetic.
Qed.

Lemma log_share_sound q total : Z.leb 0 q -> Z.leb q total ->
  of_Z q <= of_Z total * exp (log_share q total).
Proof. exact: (log_above_sound E). Qed.

Lemma logistic_sound : in_domain Logistic Y sp sq point -> forall F,
  of_Z (gain Logistic Y sp sq point) / of_Z unit_128 / of_Z unit <=
  total_loss exp log Logistic y F + s * inner z F.
Proof.
move=> dom F; have H := in_domain_sound sp0 sq0 dom.
have -> : total_loss exp log Logistic y F + s * inner z F =
    \sum_i \sum_j (log (1 + exp (- (y i j * F i j))) + s * z i j * F i j).
  rewrite /inner mulr_sumr -big_split; apply: eq_bigr => i _.
  rewrite mulr_sumr -big_split; apply: eq_bigr => j _.
  by rewrite mulrA.
have U0 := of_Z_gt0 R unit_gt0.
have -> : gain Logistic Y sp sq point = foldr Z.add Z0 [seq entropy_below q | q <-
    flatten [seq [seq let p := Z.mul sp (Z.mul e.1 e.2) in [:: p; Z.sub unit p]
      | e <- zip r.1 r.2] | r <- zip (dual point) Y]].
  by rewrite /gain /shares /unit /uZ /uY; case: (point).
rewrite of_Z_sum_seq big_map !mulr_suml.
rewrite (sum_entries (fun a b => let p := Z.mul sp (Z.mul a b) in [:: p; Z.sub unit p])
  (fun q => of_Z (entropy_below q) / of_Z unit_128 / of_Z unit)).
apply: ler_sum => i _; apply: ler_sum => j _; rewrite entropy_belowE /= -/(p i j).
rewrite Z.add_0_r Zplus_minus !big_cons big_nil addr0 of_ZB.
have [y1 p0 p1] := H i j; rewrite -/s pE in p0 p1.
have q0 : Z.leb 0 (p i j).
  by apply: (@le_of_Z R); rewrite of_Z0 -(pmulr_lge0 _ (_ : 0 < (of_Z unit)^-1)) ?invr_gt0.
have q1 : Z.leb (p i j) unit by apply: (@le_of_Z R); rewrite -[X in _ <= X]mul1r -ler_pdivr_mulr.
have r0 : Z.leb 0 (Z.sub unit (p i j)) by apply/Z.leb_le/Z.le_0_sub/Z.leb_le.
have r1 : Z.leb (Z.sub unit (p i j)) unit.
  by move: q0 => /Z.leb_le q0; apply/Z.leb_le; lia.
set r := log_share (p i j) unit; set t := log_share _ unit.
have e0 : of_Z (p i j) / of_Z unit <= exp r.
  by rewrite ler_pdivr_mulr // mulrC log_share_sound.
have e1 : 1 - of_Z (p i j) / of_Z unit <= exp t.
  have := log_share_sound r0 r1; rewrite of_ZB -/t -ler_pdivr_mull // mulrC mulrBl.
  by rewrite divff // gt_eqF.
have := @logistic_conjugate _ _ _ E (s * z i j) (y i j) (F i j) r t y1.
rewrite pE => /(_ p0 p1 e0 e1); apply: le_trans; rewrite le_eqVlt; apply/orP; left; apply/eqP.
move: (of_Z (p i j)) (of_Z unit) U0 => a u u0.
by field; rewrite gt_eqF.
Qed.

Let share a b := Z.sub (Z.mul b (Z.mul sq uZ)) (Z.mul (Z.mul sp a) uY).
Let q i j := share (entry (dual point) i j) (entry Y i j).
Let row i := [seq share e.1 e.2 | e <- zip (nth [::] (dual point) i) (nth [::] Y i)].

Lemma qE (i : 'I_n) (j : 'I_c) : y i j - s * z i j = of_Z (q i j) / of_Z unit.
Proof.
have [u0 v0 t0] := And3 (of_Z_gt0 R Y0) (of_Z_gt0 R Z0') (of_Z_gt0 R sq0).
rewrite /s /z /y /q /share /entry /unit /uZ /uY !mxE !(of_ZM, of_ZB).
move: (of_Z (nth _ _ _)) (of_Z (nth _ _ _)) (of_Z sp) u0 v0 t0 => a b t.
move: (of_Z (targets_unit _)) (of_Z (dual_unit _)) (of_Z sq) => u v k u0 v0 t0.
by field; rewrite !gt_eqF.
Qed.

Lemma sum_row (i : 'I_n) (h : Z -> R) : \sum_(part <- row i) h part = \sum_(j < c) h (q i j).
Proof.
rewrite /row big_map.
exact: (sum_zip Z0 Z0 (fun a b => h (share a b)) (size_row FZ (ltn_ord i))
  (size_row FY (ltn_ord i))).
Qed.

Lemma softmax_sound : in_domain Softmax Y sp sq point -> forall F,
  of_Z (gain Softmax Y sp sq point) / of_Z unit_128 / of_Z unit <=
  total_loss exp log Softmax y F + s * inner z F.
Proof.
have sharesE : shares Softmax Y sp sq point =
    [seq [seq share e.1 e.2 | e <- zip r.1 r.2] | r <- zip (dual point) Y].
  by rewrite /shares /share /uZ /uY; case: (point).
move=> dom F; have U0 := of_Z_gt0 R unit_gt0.
have {dom} /andP[/allP zero] : all (fun z => Z.eqb (foldr Z.add Z0 z) 0) (dual point) &&
    nonnegative (shares Softmax Y sp sq point) by move: dom; case: (point).
rewrite sharesE => /allP shares0.
have row0 (i : 'I_n) : all (Z.leb 0) (row i).
  apply: shares0; apply/mapP; exists (nth ([::], [::]) (zip (dual point) Y) i).
    by rewrite mem_nth // size_zip (full_size FZ) (full_size FY) minnn.
  by rewrite nth_zip ?(full_size FZ) ?(full_size FY).
have q_in (i : 'I_n) (j : 'I_c) : q i j \in row i.
  apply/mapP; exists (nth (Z0, Z0) (zip (nth [::] (dual point) i) (nth [::] Y i)) j).
    by rewrite mem_nth // size_zip (size_row FZ) ?(size_row FY) ?minnn.
  by rewrite nth_zip // (size_row FZ) ?(size_row FY).
rewrite /gain sharesE of_Z_sum_seq !big_map !mulr_suml.
rewrite (sum_zip [::] [::] (fun a b => of_Z (entropy_below [seq share e.1 e.2 | e <- zip a b]) /
  of_Z unit_128 / of_Z unit) (full_size FZ) (full_size FY)).
rewrite /total_loss /inner mulr_sumr -big_split; apply: ler_sum => i _ /=.
rewrite -/(row i) entropy_belowE sum_row; set total := foldr _ _ _.
have -> : s * (\sum_j z i j * F i j) = \sum_j s * z i j * F i j.
  by rewrite mulr_sumr; apply: eq_bigr => j _; rewrite mulrA.
have totalE : of_Z total = \sum_(j < c) of_Z (q i j) by rewrite of_Z_sum_seq sum_row.
have sumE : \sum_j (y i j - s * z i j) = of_Z total / of_Z unit.
  by rewrite totalE mulr_suml; apply: eq_bigr => j _; exact: qE.
have part0 (j : 'I_c) : Z.leb 0 (q i j) by apply: (allP (row0 i)); exact: q_in.
have part1 (j : 'I_c) : Z.leb (q i j) total by apply: part_le_sum (row0 i) (q_in i j).
have := @softmax_conjugate _ _ _ E c (fun j => s * z i j) (y i) (F i)
  (fun j => log_share (q i j) total) _ _ _.
rewrite /= sumE => H; apply: le_trans (H _ _ _) => {H}.
- rewrite mulNr mulr_suml le_eqVlt; apply/orP; left; apply/eqP; congr (- _).
  by apply: eq_bigr => j _; rewrite qE mulrAC.
- have : Z.eqb (foldr Z.add Z0 (nth [::] (dual point) i)) 0.
    by apply: zero; rewrite mem_nth // (full_size FZ).
  move=> /Z.eqb_eq/(congr1 of_Z); rewrite of_Z0 (@of_Z_sum _ _ c) ?(size_row FZ) // => zeros.
  rewrite -mulr_sumr (_ : \sum_j z i j = 0) ?mulr0 //.
  transitivity ((of_Z uZ)^-1 * \sum_(j < c) of_Z (nth Z0 (nth [::] (dual point) i) j)).
    by rewrite mulr_sumr; apply: eq_bigr => j _; rewrite !mxE.
  by rewrite zeros mulr0.
- by move=> j; rewrite qE divr_ge0 ?(of_Z_ge0 R (part0 j)) // ltW.
move=> j; rewrite qE mulrAC ler_pdivr_mulr // mulrVK ?unitfE ?gt_eqF //.
exact: log_share_sound.
Qed.

End Entropies.

(* Of any loss: the gain, less the square where the conjugate has one. *)
Theorem gain_sound exp log l sp sq : (l = Logistic \/ l = Softmax -> exponential exp log) ->
  Z.leb 0 sp -> positive sq -> in_domain l Y sp sq point -> forall F,
  of_Z (gain l Y sp sq point) / of_Z unit_128 /
    of_Z (Z.mul sq (Z.mul (dual_unit point) (targets_unit point))) -
    (of_Z sp / of_Z sq) ^+ 2 * curvature l z / 2%:R <=
  total_loss exp log l y F + of_Z sp / of_Z sq * inner z F.
Proof.
move=> E sp0 sq0 dom F; have [terms|] := boolP (has_terms l); last first.
  case: l E dom => // E dom _; rewrite /curvature mulr0 mul0r subr0.
    by apply: logistic_sound dom F => //; apply: E; left.
  by apply: softmax_sound dom F => //; apply: E; right.
have := conjugate exp log terms (in_domain_sound sp0 sq0 dom) F; apply: le_trans.
rewrite ler_add2r le_eqVlt; apply/orP; left; apply/eqP.
have -> : gain l Y sp sq point = Z.mul unit_128 (Z.mul sp (inner_product (dual point) Y)).
  by case: (l) terms.
have V0 := unit_128_gt0 R.
have [u0 v0 t0] := And3 (of_Z_gt0 R Y0) (of_Z_gt0 R Z0') (of_Z_gt0 R sq0).
rewrite innerZl innerZr -(of_Z_inner R (full_size FZ) (full_size FY) (full_within FZ)).
rewrite -/(inner_product _ _) !of_ZM; move: (of_Z unit_128) (of_Z (inner_product _ _)) V0 => V P V0.
move: (of_Z (targets_unit _)) (of_Z (dual_unit _)) (of_Z sq) (of_Z sp) u0 v0 t0 => u v t a u0 v0 t0.
by field; rewrite !gt_eqF.
Qed.

End Bound.
End Theory.
