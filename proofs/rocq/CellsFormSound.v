(* The form that CellsChecker.v makes of a leaf is that of Cells.v, and a leaf that it accepts
   bounds its direction in its cell. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Cells Reading Values ClaimSound.
From Certnn Require Import Definite DefiniteSound CellsBoxes CellsBoxesSound CellsChecker.
From Certnn Require Import CellsLeafSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Scalars.

Variable R : rcfType.
Implicit Types u f g e s t l h : R.

Lemma diagonal_scale u f s t : u != 0 ->
  2%:R * f * (s + t) = u * f * (2%:R * (s / u + t / u)).
Proof. by move=> u0; field. Qed.

Lemma square_scale u f s : f != 0 -> - (2%:R * u) * s = u * f * (2%:R * - (f^-1 * s)).
Proof. by move=> f0; field. Qed.

Lemma edge_scale u f g e (lin first s l h : R) : u != 0 -> f != 0 -> g != 0 -> f = e * g ->
  - (u * (f * lin + first) + e * (s * (l + h))) =
  u * f * - (lin + f^-1 * first + s / u * (l / g + h / g)).
Proof. by move=> u0 f0 g0 E; rewrite E in f0 *; field; rewrite u0 g0 -(mulIr_eq0 _ (mulIf g0)). Qed.

Lemma corner_scale u f g e (h c s ends : R) : u != 0 -> g != 0 -> f = e * g ^+ 2 ->
  2%:R * (f * (u * (h - c) - s) + e * ends) =
  u * f * (2%:R * (h - c - s / u + u^-1 * (g^-1 * (g^-1 * ends)))).
Proof. by move=> u0 g0 ->; field; rewrite u0 g0. Qed.

Lemma end_scale u g s l h : u^-1 * (g^-1 * (g^-1 * (s * (l * h)))) = s / u * (l / g) * (h / g).
Proof. ring. Qed.

End Scalars.

Section Form.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation row_of := (@row_of R).
Notation F := (of_Z form_unit).
Notation G := (of_Z grid).

Variables (h : Z) (b : box) (linear : Checker.row) (xs : rows) (As Bs : Checker.row) (sum : Z).
Variables (unit : Z) (sides : Checker.row) (sphere : Z).
Variables (sizeA : size As = size xs) (unit0 : positive unit).
Let k := size b.
Let m := size xs.
Let s i := nth no_side b i.

Let squares : 'rV[R]_m := F^-1 *: row_of m As.
Let firsts : 'rV[R]_m := F^-1 *: row_of m Bs.
Let lows : 'rV[R]_k := \row_j (of_Z (low (s j)) / G).
Let highs : 'rV[R]_k := \row_j (of_Z (high (s j)) / G).
Let rounds (j : 'I_k) : bool := round (s j).
Let shares : 'rV[R]_k := \row_j (of_Z (nth Z0 sides j) / of_Z unit).

Let form := leaf_form h b linear (Quadratics xs As Bs sum) unit sides sphere.
Let S := cell_form (M m k xs) squares firsts (of_Z sum) (row_of k linear) lows highs rounds
  (of_Z h) (of_Z sphere / of_Z unit) shares.

Lemma columnE (i : 'I_k) p :
  of_Z (nth Z0 (nth [::] (transposed k xs) i) p) = of_Z (nth Z0 (nth [::] xs p) i).
Proof. by rewrite nth_transposed. Qed.

Lemma size_column i : (size (nth [::] (transposed k xs) i) <= m)%N.
Proof.
apply: (@nth_size (transposed k xs) i (fun x => (size x <= m)%N)) => //.
by apply: sub_all (transposed_rows k xs) => x /eqP ->.
Qed.

Lemma gramE (i j : 'I_k) : ((M m k xs)^T *m diag_mx squares *m M m k xs) i j =
  F^-1 * \sum_(p < m) of_Z (nth Z0 As p) * of_Z (nth Z0 (nth [::] xs p) i) *
    of_Z (nth Z0 (nth [::] xs p) j).
Proof.
rewrite mxE mulr_sumr; apply: eq_bigr => p _; rewrite mul_mx_diag /squares !mxE; ring.
Qed.

Lemma leaf_formE (i j : 'I_(1 + k)) : (j <= i)%N ->
  of_Z (nth Z0 (nth [::] form i) j) = of_Z unit * F * S i j.
Proof.
have u0 := of_Z_neq0 R unit0; have F0 := of_form_neq0 R; have G0 := of_grid_neq0 R.
rewrite /form /leaf_form -/k /S /cell_form; case: (split_ordP i) => i' -> ji.
  have -> : j = lshift k (0 : 'I_1).
    by apply: val_inj; move: ji; rewrite ord1 /= leqn0 => /eqP.
  rewrite block_mxEul ord1 mxE /= mulr1n /cell_corner (of_ZM _ two) of_two.
  rewrite of_ZD (of_ZM _ form_unit) of_ZB (of_ZM _ unit) of_ZB (of_ZM _ corner_unit).
  have E : F = of_Z corner_unit * G ^+ 2.
    by rewrite -corner_unitE (of_ZM _ corner_unit) of_grid_square.
  rewrite (corner_scale _ _ _ _ u0 G0 E); congr (_ * (_ * (_ + _))).
  rewrite (@of_Z_sum _ _ k); last by rewrite size_mkseq.
  rewrite !mulr_sumr; apply: eq_bigr => l _; rewrite nth_mkseq; last exact: ltn_ord.
  rewrite (of_ZM _ (nth Z0 sides l)) (of_ZM _ (low _)) !mxE -/(s l).
  exact: end_scale.
rewrite /= nth_mkseq; last exact: ltn_ord.
case: (split_ordP j) => j' jE; rewrite jE {j jE} in ji *.
  rewrite block_mxEdl ord1 oppmxE [_^T _ _]mxE /= of_ZN of_ZD (of_ZM _ unit) of_ZD.
  rewrite (of_ZM _ form_unit) (of_ZM _ edge_unit) (of_ZM _ (nth Z0 sides i')) of_ZD.
  have E : F = of_Z edge_unit * G by rewrite -edge_unitE (of_ZM _ edge_unit).
  rewrite (edge_scale _ _ _ _ _ u0 F0 G0 E) /cell_edges [in RHS]mxE; congr (_ * - (_ + _ + _)).
  - by rewrite mxE.
  - rewrite (@of_Z_dot _ _ _ m); last by rewrite size_column orbT.
    rewrite mxE mulr_sumr; apply: eq_bigr => p _.
    by rewrite columnE /firsts !mxE mulrA.
  by rewrite !mxE /s.
rewrite block_mxEdr /= nth_plus_row of_ZD scalemxE addmxE oppmxE gramE.
have {}ji : (j' <= i')%N by move: ji; rewrite /= leq_add2l.
rewrite (nth_map0 (s0 := [::])); last first.
  by rewrite /dot; case: times_row => [|? ?]; rewrite /= Z.mul_0_r.
rewrite nth_take; last by rewrite ltnS.
rewrite (of_ZM _ (Z.opp _)) of_ZN (of_ZM _ two) of_two.
rewrite (@of_Z_dot _ _ _ m); last by rewrite size_column orbT.
rewrite [2%:R * (_ - _)]mulrDr [RHS]mulrDr [RHS]addrC; congr (_ + _).
  rewrite (square_scale _ _ F0); congr (_ * (_ * - (_ * _))); apply: eq_bigr => p _.
  by rewrite nth_times_row of_ZM !columnE.
rewrite nth_ncons mxE; case: ltngtP ji => // [ji|ji] _.
  rewrite -[i' == j'](inj_eq val_inj) /= gtn_eqF // mulr0n !mulr0.
  by [].
rewrite ji subnn /= -[i' == j'](inj_eq val_inj) /= ji eqxx mulr1n.
rewrite (of_ZM _ (Z.mul two form_unit)) (of_ZM _ two) of_two of_ZD.
have -> : of_Z (if round (nth no_side b i') then sphere else Z0) = of_Z sphere *+ rounds i'.
  by rewrite /rounds /s; case: round; rewrite ?mulr1n ?mulr0n.
rewrite (diagonal_scale _ _ _ u0) /cell_diagonal !mxE; congr (_ * (_ * (_ + _))).
by case: rounds; rewrite ?mulr1n // !mulr0n mul0r.
Qed.

End Form.

Section Leaf.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation row_of := (@row_of R).
Notation G := (of_Z grid).
Implicit Types (y : seq R) (b : box).

Lemma in_box_nth b y : in_box b y -> forall j, (j < size b)%N ->
  in_side (nth no_side b j) (nth 0 y j).
Proof. by elim: b y => [|s b IH] [|t y] //= /andP[st /IH H] [|j] //=; apply: H. Qed.

Lemma in_box_all b y : size y = size b ->
  (forall j, (j < size b)%N -> in_side (nth no_side b j) (nth 0 y j)) -> in_box b y.
Proof.
elim: b y => [|s b IH] [|t y] //= [yb] H; rewrite (H 0%N) //=.
by apply: IH => // j jb; apply: (H j.+1).
Qed.

Lemma squaredE k b y : size b = k -> size y = k ->
  squared b y = \sum_(j < k | round (nth no_side b j)) nth 0 y j ^+ 2.
Proof.
elim: k b y => [|k IH] [|s b] [|t y] //=; first by rewrite big_ord0.
case=> bk [yk]; rewrite big_mkcond big_ord_recl /= (IH _ _ bk yk) big_mkcond; congr (_ + _).
by case: round.
Qed.

(* Theorem 52(a), for what the checker has of a leaf. *)
Lemma leaf_accepted_sound h b linear mixed rest cs ls given y :
  leaf_accepted h b linear mixed rest cs ls = Some given -> in_cell b y ->
  all (fun m => reached m y) mixed -> total linear (map of_point mixed) y <= of_Z h.
Proof.
rewrite /leaf_accepted; case E : named => [[[xs As Bs sum] cs']|] //.
case: ls => [|[unit sides sphere] ls'] //; set sides' := map _ sides.
case: ifP => // /and3P[unit0 /allP sides0 psd] _ [inside sphere1] between.
have [//|//|sizeA sizeB] := named_sizes E; have yb := size_in_box inside.
have := named_sound E between; rewrite (quadratic_sumE _ sizeA sizeB) /= add0r addr0 => H.
have formE := @leaf_formE R h b linear xs As Bs sum unit sides' (Z.mul h sphere) unit0.
move: formE; set S := cell_form _ _ _ _ _ _ _ _ _ _ _; set U := _ * of_Z form_unit => formE.
have U0 : 0 < U by apply: mulr_gt0; [exact: of_Z_gt0|exact: (of_Z_gt0 R form_unit_gt0)].
have symS : (U *: S)^T = U *: S by rewrite linearZ /= cell_form_sym.
have {}psd z : 0 <= bf S z z.
  rewrite -(pmulr_rge0 _ U0) -bfZ; apply: definite_sound symS _ psd z => i j ji.
  by rewrite scalemxE; apply: formE.
have side j : 0 <= of_Z (nth Z0 sides' j).
  have [js|js] := ltnP j (size sides'); last by rewrite nth_default.
  by apply/of_Z_ge0/sides0/mem_nth.
rewrite /total (valueE linear yb); apply: cell_leaf psd _ _ _ _ => [j|j||].
- by rewrite mxE divr_ge0 ?side // ltW // of_Z_gt0.
- have /andP[t1 t2] := in_box_nth inside (ltn_ord j); rewrite !mxE; apply/andP; split.
    by rewrite ler_pdivr_mulr ?of_grid_gt0; [rewrite mulrC; exact: t1|].
  by rewrite ler_pdivl_mulr ?of_grid_gt0; [rewrite mulrC; exact: t2|].
- by rewrite -sphere1 (squaredE (erefl _) yb); apply: eq_bigr => j _; rewrite mxE.
apply: le_trans H _; rewrite ler_add2r le_eqVlt; apply/orP; left; apply/eqP.
apply: eq_bigr => i _.
have -> : (matrix_of R (size xs) (size b) xs *m column_of (size b) y) i 0 =
    value (nth [::] xs i) y.
  by rewrite (valueE _ yb) !mxE; apply: eq_bigr => j _; rewrite !mxE.
rewrite !mxE ![(of_Z form_unit)^-1 * _]mulrC.
by [].
Qed.

End Leaf.
