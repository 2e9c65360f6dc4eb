(* What CutsChecker.v says of forms is true of every neuron: how far a slack is below zero, and that
   a form on a set of points that it accepts is not. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Cuts Reading ClaimSound.
From Certnn Require Import Elimination DefiniteSound CutsChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Lemma of_Z_length x k : (size x <= k)%N -> of_Z (length_1 x) = length_of (row_of R k x).
Proof.
move=> xk; rewrite /length_1 (@of_Z_sum _ _ k) ?size_map //; apply: eq_bigr => j _.
by rewrite (nth_map0 (s0 := Z0)) // of_Z_abs mxE.
Qed.

Lemma length_scale k (s : R) (x : 'rV[R]_k) : 0 <= s -> length_of (s *: x) = s * length_of x.
Proof.
by move=> s0; rewrite /length_of mulr_sumr; apply: eq_bigr => j _; rewrite mxE normrM ger0_norm.
Qed.

(* A row of integers over a and u, of these variables. *)

Section Values.

Variables (n d : nat) (a : 'cV[R]_n) (u : 'cV[R]_d).

Definition value (x : Checker.row) : R := (row_of R (n + d) x *m col_mx a u) 0 0.

Lemma value_plus x y : value (plus_row x y) = value x + value y.
Proof. by rewrite /value row_of_plus mulmxDl mxE. Qed.

Lemma value_scaled s x : value (map (Z.mul s) x) = of_Z s * value x.
Proof. by rewrite /value row_of_scaled -scalemxAl mxE. Qed.

Lemma value_at i s : value (at_place i s) = of_Z s * oapp (fun k => col_mx a u k 0) 0 (insub i).
Proof.
rewrite /value mxE; case: insubP => [j _ ji|] /=.
  rewrite (bigD1 j) //= big1 ?addr0 => [|k kj]; rewrite mxE nth_ncons.
    by rewrite -ji ltnn subnn.
  have kj' : (k == i :> nat) = false by rewrite -ji; apply/negbTE.
  case: ltnP => ki; first by rewrite mul0r.
  by rewrite nth_default ?mul0r //= subn_gt0 ltn_neqAle eq_sym kj'.
rewrite -leqNgt => large; rewrite mulr0 big1 // => k _; rewrite mxE nth_ncons.
by rewrite (leq_trans (ltn_ord k) large) mul0r.
Qed.

Lemma value_a (i : 'I_n) s : value (at_place i s) = of_Z s * a i 0.
Proof.
rewrite value_at -[nat_of_ord i]/(nat_of_ord (lshift d i)) valK /=.
by rewrite col_mxEu.
Qed.

Lemma value_u x : value (ncons n Z0 x) = (row_of R d x *m u) 0 0.
Proof.
rewrite /value [LHS]mxE big_split_ord /= big1 ?add0r => [|i _]; last first.
  by rewrite mxE nth_ncons /= ltn_ord mul0r.
rewrite [RHS]mxE; apply: eq_bigr => j _.
by rewrite col_mxEd !mxE nth_ncons /= ltnNge leq_addr addKn.
Qed.

Lemma value_points x : (size x <= n)%N -> value x = (row_of R n x *m a) 0 0.
Proof.
move=> xn; rewrite /value [LHS]mxE big_split_ord /= [X in _ + X]big1 ?addr0 => [|i _]; last first.
  by rewrite mxE nth_default ?mul0r // (leq_trans xn) // leq_addr.
by rewrite [RHS]mxE; apply: eq_bigr => i _; rewrite col_mxEu !mxE.
Qed.

End Values.

Section Slacks.

Variables (n d : nat) (X : rows) (uX uT : Z) (u : 'cV[R]_d).
Variables (nX : size X = n) (dX : all (fun x => (size x <= d)%N) X).
Variables (X0 : positive uX) (T0 : positive uT).

Let x : 'M[R]_(n, d) := (of_Z uX)^-1 *: M n d X.
Let a : 'cV[R]_n := map_mx (@relu R) (x *m u).
Let b : 'cV[R]_n := map_mx (@relu R) (- (x *m u)).
Let uF := Z.mul uT uX.

(* A form over the units of slacks and of X. *)
Definition form_true (one : form) : Prop :=
  Z.leb 0 (defect one) /\ form_within (norm u) (value a u (coefficients one) / of_Z uF)
    (of_Z (defect one) / of_Z uF) (of_Z (extent one) / of_Z uF).

Let F0 : of_Z uF != 0.
Proof. by rewrite of_ZM mulf_neq0 // of_Z_neq0. Qed.

Lemma row_of_point (i : 'I_n) : row i x = (of_Z uX)^-1 *: row_of R d (nth [::] X i).
Proof. by apply/matrixP => j k; rewrite !mxE. Qed.

Lemma point_length (i : 'I_n) : length_of (row i x) = of_Z (length_1 (nth [::] X i)) / of_Z uX.
Proof.
rewrite row_of_point length_scale ?invr_ge0 ?ltW ?of_Z_gt0 // mulrC.
by rewrite -of_Z_length // (nth_size _ _ dX).
Qed.

Lemma unit_ratio (s : R) : of_Z uT * s / of_Z uF = s / of_Z uX.
Proof. by rewrite of_ZM; field; rewrite !of_Z_neq0. Qed.

Lemma value_form_a (i : 'I_n) : value a u (coefficients (form_a X uX uT i)) = of_Z uF * a i 0.
Proof. exact: value_a. Qed.

Lemma value_form_b (i : 'I_n) : value a u (coefficients (form_b n X uX uT i)) = of_Z uF * b i 0.
Proof.
rewrite value_plus value_a -/uF value_u row_of_scaled -scalemxAl scalemxE of_ZN.
have H : (x *m u) i 0 = (of_Z uX)^-1 * (row_of R d (nth [::] X i) *m u) 0 0.
  have -> : (x *m u) i 0 = (row i (x *m u)) 0 0 by rewrite [RHS]mxE.
  by rewrite row_mul row_of_point -scalemxAl [LHS]mxE.
have := congr1 (fun A : 'cV_n => A i 0) (points_diff x u); rewrite -/a -/b H addmxE oppmxE.
move: (a i 0) (b i 0) (_ *m _) => a' b' s; rewrite of_ZM.
move: (of_Z_neq0 R X0) (of_Z_neq0 R T0) => X1 T1 E.
have -> : b' = a' - (of_Z uX)^-1 * s 0 0 by rewrite E; ring.
by rewrite mulrBr mulrA mulfK // mulNr.
Qed.

Lemma form_a_true (i : 'I_n) : form_true (form_a X uX uT i).
Proof.
split=> //; rewrite value_form_a mulrAC divff // mul1r /= of_Z0 mul0r of_ZM unit_ratio.
by rewrite -point_length; apply: a_within.
Qed.

Lemma form_b_true (i : 'I_n) : form_true (form_b n X uX uT i).
Proof.
split=> //; rewrite value_form_b mulrAC divff // mul1r /= of_Z0 mul0r of_ZM unit_ratio.
by rewrite -point_length; apply: b_within.
Qed.

Lemma row_of_combined w : (size w <= n)%N ->
  row_of R d (combined (transposed d X) w) = row_of R n w *m M n d X.
Proof.
move=> wn; apply/matrixP => i j; rewrite !mxE (nth_map [::]) ?size_transposed //.
rewrite (@of_Z_dot _ _ _ n) ?wn //; apply: eq_bigr => k _.
by rewrite !mxE nth_transposed.
Qed.

Lemma slack_true given : slack_fits n given ->
  form_true (form_of n X uX uT (transposed d X) given).
Proof.
case: given => i p q /and3P[inn /andP[pn p0] /andP[qn q0]].
have {inn} ilt : (i < n)%N by move: inn; rewrite eqnE subn_eq0.
have {pn qn} [pn qn] : (size p <= n)%N /\ (size q <= n)%N by split; rewrite -subn_eq0.
pose i' := Ordinal ilt; pose P := (of_Z uT)^-1 *: row_of R n p.
pose Q := (of_Z uT)^-1 *: row_of R n q; have [X1 T1] := (of_Z_gt0 R X0, of_Z_gt0 R T0).
have nonneg (w : Checker.row) k : all (Z.leb 0) w -> 0 <= ((of_Z uT)^-1 *: row_of R n w) 0 k.
  move=> w0; rewrite !mxE; apply: mulr_ge0; first by rewrite invr_ge0 ltW.
  have [kw|wk] := ltnP k (size w); last by rewrite nth_default // of_Z0.
  exact/of_Z_ge0/(allP w0)/mem_nth.
have := slack_within x u i' (fun k => nonneg p k p0) (fun k => nonneg q k q0); rewrite -/P -/Q -/a -/b.
move=> H; rewrite /form_of -/uF; split.
  rewrite [defect _]/= /length_1; elim: (plus_row _ _) => [//|s w /Z.leb_le IH].
  apply/Z.leb_le/(Z.add_nonneg_nonneg (Z.abs s)); [exact: Z.abs_nonneg|exact: IH].
rewrite /=.
suff [-> -> ->] : [/\
    value a u (plus_row (map (Z.mul uX) (plus_row (plus_row p q) (at_place i (Z.opp uT))))
      (ncons n Z0 (map Z.opp (combined (transposed d X) q)))) / of_Z uF =
      (P *m a + Q *m b) 0 0 - a i' 0,
    of_Z (length_1 (plus_row (map (Z.mul uT) (nth [::] X i)) (plus_row
      (map Z.opp (combined (transposed d X) p)) (combined (transposed d X) q)))) / of_Z uF =
      length_of (row i' x - (P - Q) *m x) &
    of_Z (Z.add (Z.mul uT (length_1 (nth [::] X i))) (dot (plus_row p q) (map length_1 X))) /
      of_Z uF = length_of (row i' x) + \sum_k (P + Q) 0 k * length_of (row k x)] by [].
have opps (w : Checker.row) k : row_of R k (map Z.opp w) = - row_of R k w.
  by apply/matrixP => r j; rewrite !mxE (nth_map0 (s0 := Z0)) // of_ZN.
split.
- rewrite value_plus value_scaled value_plus value_plus [value a u p]value_points //.
  rewrite [value a u q]value_points //.
  rewrite -[i]/(nat_of_ord i') value_a value_u opps row_of_combined // mulNmx oppmxE -mulmxA.
  have -> : M n d X *m u = of_Z uX *: (a - b).
    rewrite -(points_diff x u) /x -scalemxAl scalerA mulfV ?scale1r //; exact: of_Z_neq0.
  rewrite -scalemxAr mulmxBr /P /Q -!scalemxAl !(addmxE, oppmxE, scalemxE) of_ZN.
  move: ((_ *m a) 0 0) ((_ *m a) 0 0) ((_ *m b) 0 0) (a i' 0) => s1 s2 s3 s4.
  by rewrite of_ZM; field; rewrite !gt_eqF.
- rewrite (@of_Z_length _ d); last first.
    rewrite !size_merged !size_map !size_transposed !geq_max leqnn andbT andbT.
    by apply: (nth_size _ _ dX).
  rewrite !row_of_plus row_of_scaled opps !row_of_combined // row_of_point.
  rewrite -[RHS]mul1r -[1](mulfV F0) -mulrA [_^-1 * _]mulrC mulrA -length_scale; last first.
    by rewrite of_ZM mulr_ge0 // ltW.
  have -> : (P - Q) *m x = ((of_Z uT)^-1 * (of_Z uX)^-1) *:
      (row_of R n p *m M n d X - row_of R n q *m M n d X).
    by rewrite /P /Q /x -scalerBr -scalemxAl -scalemxAr scalerA mulmxBl.
  congr (length_of _ / _); rewrite scalerBr !scalerA of_ZM.
  have -> : of_Z uT * of_Z uX * (of_Z uX)^-1 = of_Z uT by field; rewrite gt_eqF.
  have -> : of_Z uT * of_Z uX * ((of_Z uT)^-1 * (of_Z uX)^-1) = 1.
    by field; rewrite !gt_eqF.
  by rewrite scale1r opprB [- _ + _]addrC.
rewrite of_ZD of_ZM mulrDl unit_ratio point_length -[i]/(nat_of_ord i'); congr (_ + _).
rewrite (@of_Z_dot _ _ _ n); last by rewrite size_merged geq_max pn qn.
rewrite mulr_suml; apply: eq_bigr => k _; rewrite (nth_map [::]) ?nX // point_length.
rewrite nth_plus_row of_ZD !mxE; move: (of_Z (nth _ _ _)) (of_Z (nth _ _ _)) => s1 s2.
by rewrite of_ZM; field; rewrite !gt_eqF.
Qed.

Lemma forms_true given r : all (slack_fits n) given ->
  (r < size (forms_of n X uX uT (transposed d X) given))%N ->
  form_true (nth no_form (forms_of n X uX uT (transposed d X) given) r).
Proof.
move=> fit; rewrite /forms_of !size_cat !size_mkseq size_map => rlt.
rewrite nth_cat size_mkseq; case: ltnP => [rn|nr].
  by rewrite nth_mkseq //; exact: (form_a_true (Ordinal rn)).
rewrite nth_cat size_mkseq; case: ltnP => [rn|nr'].
  by rewrite nth_mkseq //; exact: (form_b_true (Ordinal rn)).
have small : (r - n - n < size given)%N by rewrite !ltn_subLR.
rewrite (nth_map (Slack 0 [::] [::])) //; apply: slack_true.
exact: (all_nthP _ fit _ small).
Qed.

End Slacks.
End Theory.
