(* What the checker of every kind accepts is true of every network over every real closed field:
   Theorem 53(a) of ../13-groups.md. *)

From Coq Require Import ZArith Lia.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Exponential Reading ClaimSound PsdCheckerSound.
From Certnn Require Import PartitionCheckerSound RegionsCheckerSound CellsCheckerSound.
From Certnn Require Import CutsCheckerSound PhasesCheckerSound GroupsChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).

Lemma check_alone_sound statement point given :
  check_alone statement point given -> true_claim R statement.
Proof.
case: given => [pairs|||||] witness /=.
- exact: check_by_psd_sound.
- exact: check_by_partition_sound.
- exact: check_by_regions_sound.
- exact: check_by_cells_sound.
- exact: check_by_cuts_sound.
exact: check_by_phases_sound.
Qed.

(* No loss is negative. *)

Section Losses.

Variables exp log : R -> R.

Lemma log_ge0 x : exponential exp log -> 1 <= x -> 0 <= log x.
Proof.
move=> E x1; have x0 : 0 < x := lt_le_trans ltr01 x1.
rewrite leNgt; apply/negP => l0; have : exp (- log x) <= 1.
  have := exp_add E (log x) (- log x); rewrite subrr (exp_0 E) (exp_log E x0) => one.
  by rewrite one ler_pmull // (exp_gt0 E).
have := exp_above_line E (- log x) => /le_trans H /H.
by rewrite ger_addl oppr_le0 leNgt l0.
Qed.

Lemma log_ge (x f : R) : exponential exp log -> 0 < x -> exp f <= x -> f <= log x.
Proof.
move=> E x0 fx; rewrite leNgt; apply/negP => l0.
have : 1 + (f - log x) <= 1.
  apply: le_trans (exp_above_line E _) _; rewrite -(ler_pmul2r x0) mul1r.
  by rewrite -[X in _ * X](exp_log E x0) -(exp_add E) subrK.
by rewrite ger_addl subr_le0 leNgt l0.
Qed.

Lemma loss_of_point_ge0 l c (y f : 'I_c -> R) :
  (l = Logistic \/ l = Softmax -> exponential exp log) ->
  (forall delta, l = Huber delta -> 0 <= double R delta) ->
  (l = Softmax -> forall j, 0 <= y j) -> 0 <= loss_of_point exp log l y f.
Proof.
have half (t : R) : 0 <= t ^+ 2 / 2%:R by rewrite divr_ge0 ?sqr_ge0 ?ler0n.
case: l => [|delta||||] E positive_delta nonnegative_y /=; apply: sumr_ge0 => j _ //.
- rewrite /huber; case: ifP => // /negbT; rewrite -ltNge => large.
  have d0 := positive_delta delta erefl; set t := `|_| in large *; set e := double R delta in d0 *.
  have H : 0 <= e * (t - e) by rewrite mulr_ge0 // subr_ge0 ltW.
  apply: ge0_eq (addr_ge0 H (half e)) _; by field.
- exact: relu_ge0.
- by apply: log_ge0; [apply: E; left|rewrite ler_addl ltW // (@exp_gt0 _ _ log) //; apply: E; left].
have {}E : exponential exp log by apply: E; right.
rewrite mulr_ge0 ?nonnegative_y // subr_ge0; have e0 k := exp_gt0 E (f k).
have le_sum : exp (f j) <= \sum_k exp (f k).
  by rewrite (bigD1 j) //= ler_addl; apply: sumr_ge0 => k _; exact/ltW/e0.
exact: (log_ge E (lt_le_trans (e0 j) le_sum) le_sum).
Qed.

End Losses.

(* The loss of a point is one of its own row. *)

Section Network.

Variables (exp log : R -> R) (l : loss) (d c m : nat).
Variables (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c).

Definition loss_of_rows (x y : Checker.row) : R :=
  loss_of_point exp log l (doubles R 1 c [:: y] 0)
    (layer (neurons (doubles R 1 d [:: x]) U h) V b 0).

Lemma total_loss_rows n X Y :
  total_loss exp log l (doubles R n c Y) (layer (neurons (doubles R n d X) U h) V b) =
  \sum_(i < n) loss_of_rows (nth [::] X i) (nth [::] Y i).
Proof.
apply: eq_bigr => i _; rewrite /loss_of_rows.
have E : doubles R n c Y i =1 doubles R 1 c [:: nth [::] Y i] 0 by move=> j; rewrite !mxE.
have F : layer (neurons (doubles R n d X) U h) V b i =1
    layer (neurons (doubles R 1 d [:: nth [::] X i]) U h) V b 0.
  move=> j; rewrite !mxE; congr (_ + _); last by apply: eq_bigr => k _; rewrite !mxE.
  apply: eq_bigr => k _; rewrite !mxE; congr (relu _ * _); congr (_ + _).
    by apply: eq_bigr => k' _; rewrite !mxE.
  by apply: eq_bigr => k' _; rewrite !mxE.
case: (l) => [|delta||||] /=; apply: eq_bigr => j _; rewrite ?E ?F //.
by congr (_ * (log _ - _)); apply: eq_bigr => k _; rewrite F.
Qed.

End Network.

(* Sums over the points with a label. *)

Section Labels.

Variable f : Checker.row -> Checker.row -> R.

Lemma labelled_sum label given X Y :
  \sum_(i < size (labelled label given X))
    f (nth [::] (labelled label given X) i) (nth [::] (labelled label given Y) i) =
  \sum_(i < size given | Z.eqb (nth Z0 given i) label) f (nth [::] X i) (nth [::] Y i).
Proof.
elim: given X Y => [|a given IH] X Y /=; first by rewrite !big_ord0.
rewrite [RHS]big_mkcond [RHS]big_ord_recl /= -!nth0 -big_mkcond.
have -> : \sum_(i < size given | Z.eqb (nth Z0 given i) label)
      f (nth [::] X i.+1) (nth [::] Y i.+1) =
    \sum_(i < size given | Z.eqb (nth Z0 given i) label)
      f (nth [::] (behead X) i) (nth [::] (behead Y) i).
  by apply: eq_bigr => i _; rewrite !nth_behead.
rewrite -IH; case: ifP => _; last by rewrite add0r.
by rewrite big_ord_recl !nth0.
Qed.

Variables (given : Checker.row) (X Y : rows).
Variable nonnegative : forall i, 0 <= f (nth [::] X i) (nth [::] Y i).

(* Of the labels that are not less. *)
Definition sum_from (label : Z) : R :=
  \sum_(i < size given | Z.leb label (nth Z0 given i)) f (nth [::] X i) (nth [::] Y i).

Lemma sum_from_ge0 label : 0 <= sum_from label.
Proof. by apply: sumr_ge0 => i _. Qed.

Lemma sum_from_next label : sum_from label =
  \sum_(i < size given | Z.eqb (nth Z0 given i) label) f (nth [::] X i) (nth [::] Y i) +
  sum_from (Z.add label 1).
Proof.
rewrite /sum_from (bigID (fun i : 'I__ => Z.eqb (nth Z0 given i) label)) /=.
congr (_ + _); apply: eq_bigl => i; move: (nth Z0 given i) => a; apply/idP/idP; lia.
Qed.

Lemma sum_from_le n label : at_most n given ->
  sum_from label <= \sum_(i < n) f (nth [::] X i) (nth [::] Y i).
Proof.
move=> H; have {H} sn : (size given <= n)%N by elim: given n H => [|a g IH] [|n] //=; exact: IH.
rewrite /sum_from big_mkcond (big_ord_widen _ (fun i => if Z.leb label (nth Z0 given i) then
  f (nth [::] X i) (nth [::] Y i) else 0) sn) big_mkcond; apply: ler_sum => i _.
by do 2?case: ifP => _.
Qed.

End Labels.

(* The bound, less what is left of the points, of the weight decay and of the bounds. *)
Lemma parts_sound exp log statement given unit label shared proved rest :
  let: Claim (Problem n d c l hidden output X Y reg) p q := statement in
  (l = Logistic \/ l = Softmax -> exponential exp log) -> positive unit -> positive q ->
  parts_accepted statement given unit label shared proved rest ->
  forall m (U : 'M[R]_(d, m)) (h : 'rV[R]_m) (V : 'M[R]_(m, c)) (b : 'rV[R]_c),
  possible hidden h -> possible output b ->
  (forall i, 0 <= loss_of_rows exp log l U h V b (nth [::] X i) (nth [::] Y i)) ->
  of_Z p / of_Z q <= sum_from (loss_of_rows exp log l U h V b) given X Y label +
    (double R reg - of_Z shared / of_Z denominator) / 2%:R *
      (square U + square V + decay hidden h + decay output b) + of_Z proved / of_Z unit.
Proof.
case: statement => [[n d c l hidden output X Y reg] p q] E u0 q0 accepted m U h V b Hh Hb f0.
have [D0 U0 Q0] := And3 (of_Z_gt0 R positive_denominator) (of_Z_gt0 R u0) (of_Z_gt0 R q0).
set N := square U + _ + _ + _; have N0 : 0 <= N.
  have decay0 k (a : bias) (x : 'rV[R]_k) : 0 <= decay a x by case: a => //=; apply: square_ge0.
  by rewrite !addr_ge0 ?square_ge0.
elim: rest label shared proved accepted => [|one rest IH] label shared proved /=.
  case/andP => /(of_Z_le R) shares /(of_Z_le R); rewrite (of_ZM R p) (of_ZM R q) => bound.
  have room : 0 <= (double R reg - of_Z shared / of_Z denominator) / 2%:R * N.
    rewrite mulr_ge0 // divr_ge0 ?ler0n // subr_ge0.
    by apply: ler_wpmul2r shares; rewrite invr_ge0 ltW.
  have S0 := sum_from_ge0 given f0 label; rewrite -subr_ge0 in bound; rewrite -subr_ge0.
  apply: ge0_eq (addr_ge0 (addr_ge0 S0 room) (divr_ge0 bound (ltW (mulr_gt0 Q0 U0)))) _.
  move: (of_Z p) (of_Z q) (of_Z unit) (of_Z proved) Q0 U0 => p' q' u' a Q0 U0.
  move: (_ / 2%:R * N) (sum_from _ _ _ _ _) => s t; field; by rewrite !gt_eqF.
case/andP => /check_alone_sound/(_ exp log E m U h V b Hh Hb) own /IH.
rewrite /objective total_loss_rows labelled_sum in own.
rewrite (sum_from_next _ given X Y label) -/N; rewrite -/N in own => H.
rewrite -subr_ge0 in own; rewrite -subr_ge0 in H; rewrite -subr_ge0.
apply: ge0_eq (addr_ge0 own H) _.
rewrite /double (of_ZD R shared) (of_ZD R proved); move: (of_Z denominator) (of_Z unit) D0 U0 => D u D0 U0.
move: (\sum_(i < _ | _) _) (sum_from _ _ _ _ _) => s t.
by field; rewrite !gt_eqF.
Qed.

(* Theorem 53(a). *)
Theorem check_by_groups_sound statement witness :
  check_by_groups statement witness -> true_claim R statement.
Proof.
case: statement witness => [[n d c l hidden output X Y reg] p q] [given unit parts].
case/and4P => fits positive_losses /andP[u0 q0] accepted exp log E m U h V b Hh Hb.
have f0 i : 0 <= loss_of_rows exp log l U h V b (nth [::] X i) (nth [::] Y i).
  move: positive_losses; rewrite /loss_nonnegative /= => H; apply: loss_of_point_ge0 E _ _.
    move=> delta lE; move: H; rewrite lE => H.
    by rewrite /double divr_ge0 ?(of_Z_ge0 R H) // ltW // of_Z_gt0 // positive_denominator.
  move=> lE j; move: H; rewrite lE => H; rewrite mxE /double /=.
  have w0 : Z.leb 0 (numerator (nth Z0 (nth [::] Y i) j)).
    have [jY|Yj] := ltnP j (size (nth [::] Y i)); last by rewrite nth_default // numerator0.
    by apply: (allP (nth_size i _ H) _ (mem_nth Z0 jY)).
  by rewrite divr_ge0 ?(of_Z_ge0 R w0) // ltW // of_Z_gt0 // positive_denominator.
have := @parts_sound exp log (Claim (Problem n d c l hidden output X Y reg) p q) given unit 0 0 0
  parts E u0 q0 accepted m U h V b Hh Hb f0.
rewrite of_Z0 !mul0r subr0 addr0 => /le_trans; apply; rewrite /objective total_loss_rows ler_add2r.
exact: sum_from_le.
Qed.

(* The checker is sound. *)
Theorem check_sound statement witness : check statement witness -> true_claim R statement.
Proof.
by case: witness => [point given|given]; [exact: check_alone_sound|exact: check_by_groups_sound].
Qed.

End Theory.
