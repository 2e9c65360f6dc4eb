(* What the checker of PartitionChecker.v accepts is true of every network over every real closed
   field. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Partition Checker Reading ClaimSound.
From Certnn Require Import PartitionChecker ConesSound.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).
Notation relu := (@relu R).

Lemma of_Z_max a : of_Z (Z.max Z0 a) = relu (of_Z a).
Proof.
rewrite /Statement.relu; have [H|H] := Z.leb_spec Z0 a.
  by rewrite Z.max_r // max_r // of_Z_ge0 //; apply/Z.leb_le.
rewrite Z.max_l; last exact: Z.lt_le_incl.
by rewrite max_l // -oppr_ge0 -of_ZN of_Z_ge0 //; apply/Z.leb_le/Z.opp_nonneg_nonpos/Z.lt_le_incl.
Qed.

Lemma of_Z_min a : of_Z (Z.min Z0 a) = Num.min 0 (of_Z a).
Proof.
have [H|H] := Z.leb_spec Z0 a.
  by rewrite Z.min_l // min_l // of_Z_ge0 //; apply/Z.leb_le.
rewrite Z.min_r; last exact: Z.lt_le_incl.
by rewrite min_r // -oppr_ge0 -of_ZN of_Z_ge0 //; apply/Z.leb_le/Z.opp_nonneg_nonpos/Z.lt_le_incl.
Qed.

Lemma nth_positive_row x j : of_Z (nth Z0 (positive_row x) j) = relu (of_Z (nth Z0 x j)).
Proof. by rewrite (nth_map0 (s0 := Z0)) // of_Z_max. Qed.

Lemma nth_negative_row x j : of_Z (nth Z0 (negative_row x) j) = relu (- of_Z (nth Z0 x j)).
Proof. by rewrite nth_positive_row (nth_map0 (s0 := Z0)) // of_ZN. Qed.

Lemma matrix_of_positive p q A : M p q (positive_part A) = map_mx relu (M p q A).
Proof.
by apply/matrixP => i j; rewrite !mxE (nth_map0 (s0 := [::])) // nth_positive_row.
Qed.

Lemma matrix_of_negative p q A : M p q (negative_part A) = map_mx relu (- M p q A).
Proof.
by apply/matrixP => i j; rewrite !mxE (nth_map0 (s0 := [::])) // nth_negative_row.
Qed.

Lemma transposed_bound q A p : size A = p -> all (fun x => (size x <= p)%N) (transposed q A).
Proof. by move=> <-; apply: sub_all (transposed_rows q A) => x /eqP ->. Qed.

Lemma matrix_of_crossed p k A B : size A = p ->
  M k k (crossed k A B) = (M p k A)^T *m M p k B.
Proof.
move=> Ap; rewrite (@matrix_of_products _ _ p); last by rewrite (transposed_bound k Ap).
by rewrite !matrix_of_transposed trmxK.
Qed.

Lemma matrix_of_image n c k W V : size W = n ->
  M c k (products (transposed c W) (transposed k V)) = (M n c W)^T *m M n k V.
Proof.
move=> Wn; rewrite (@matrix_of_products _ _ n); last by rewrite (transposed_bound c Wn).
by rewrite !matrix_of_transposed trmxK.
Qed.

Lemma relu_matrix_scale p q (a : R) (A : 'M[R]_(p, q)) : 0 <= a ->
  map_mx relu (a *: A) = a *: map_mx relu A.
Proof. by move=> a0; apply/matrixP => i j; rewrite !mxE relu_scale. Qed.

Lemma scaled_product p q k a (A : 'M[R]_(p, q)) b (B : 'M[R]_(p, k)) :
  (a *: A)^T *m (b *: B) = (a * b) *: (A^T *m B).
Proof.
have -> : (a *: A)^T = a *: A^T by rewrite linearZ.
by rewrite -scalemxAl -scalemxAr scalerA.
Qed.

Section Leaf.

Variables (n d c k : nat) (X Z' rays : rows) (w : row) (uX uZ ub kp kq : Z).
Variables (nX : size X = n) (dX : all (fun x => (size x <= d)%N) X) (FZ : full n c Z').
Variables (X0 : positive uX) (Z0' : positive uZ) (b0 : positive ub).
Variable kq0 : positive kq.

Let x : 'M[R]_(n, d) := (of_Z uX)^-1 *: M n d X.
Let z : 'M[R]_(n, c) := (of_Z uZ)^-1 *: M n c Z'.
Let r : 'M[R]_(d, k) := (of_Z ub)^-1 *: (M k d rays)^T.
Let kappa : R := of_Z kp / of_Z kq.
Let norm := Z.mul kp (Z.mul uX uZ).
Let first (i : 'I_n) : bool := Z.leb (dot (nth [::] (products X rays) i) w) Z0.
Let form := leaf_form c k X Z' (Z.mul 2 (Z.mul norm norm)) (Z.mul kq kq) rays w.

Let g : R := (of_Z uX)^-1 * (of_Z ub)^-1 * (of_Z uZ)^-1.
Let scale : R := 2%:R * (of_Z kq * of_Z kq) / (g * g).

Lemma leaf_formE : all (fun x => (size x <= d)%N) rays ->
  M k k form = scale *: leaf_Q x z kappa r first.
Proof.
move=> dR; set h := (of_Z uX)^-1 * (of_Z ub)^-1.
have h0 : 0 <= h by rewrite mulr_ge0 // invr_ge0 ltW // of_Z_gt0.
have z0 : 0 <= (of_Z uZ)^-1 by rewrite invr_ge0 ltW // of_Z_gt0.
have nH : size (products X rays) = n by rewrite size_map.
have nZ := full_size FZ.
have HE : x *m r = h *: M n k (products X rays).
  rewrite (@matrix_of_products _ _ d) ?dX // -scalemxAl -scalemxAr scalerA.
  by [].
have AE : leaf_A x r = h *: M n k (positive_part (products X rays)).
  by rewrite /leaf_A HE relu_matrix_scale // matrix_of_positive.
have BE : leaf_B x r = h *: M n k (negative_part (products X rays)).
  by rewrite /leaf_B HE -scalerN relu_matrix_scale // matrix_of_negative.
set El := [seq if Z.leb (dot h w) Z0 then positive_row h else negative_row h |
  h <- products X rays].
have EE : leaf_E x r first = h *: M n k El.
  apply/matrixP => i j; rewrite mxE AE BE /first.
  case: ifP => F; rewrite [LHS]mxE [RHS]mxE; congr (_ * _); rewrite !matrix_ofE /El.
    by move: (products X rays) nH F => H' nH' F; rewrite !(nth_map [::]) ?nH' // F.
  by move: (products X rays) nH F => H' nH' F; rewrite !(nth_map [::]) ?nH' // F.
have nE : size El = n by rewrite size_map nH.
set Al := positive_part (products X rays) in AE.
set Gl := products (transposed c Z') (transposed k Al).
have GE : leaf_G x z r = g *: M c k Gl.
  by rewrite /leaf_G AE (matrix_of_image c k Al nZ) scaled_product mulrC.
set Pl := products (transposed c (positive_part Z')) (transposed k El).
have PE : leaf_P x z r first = g *: M c k Pl.
  rewrite /leaf_P EE (@matrix_of_image n) ?size_map // /z relu_matrix_scale // scaled_product.
  by rewrite matrix_of_positive mulrC.
set Nl := products (transposed c (negative_part Z')) (transposed k El).
have NE : leaf_N x z r first = g *: M c k Nl.
  rewrite /leaf_N EE (@matrix_of_image n) ?size_map // /z -scalerN relu_matrix_scale //.
  by rewrite scaled_product matrix_of_negative mulrC.
set Dl := plus (scaled 2 Gl) (plus (scaled (-1) Pl) Nl).
have two : of_Z (Zpos (xO xH)) = 2%:R by [].
have minus : of_Z (Zneg xH) = -1 by [].
have DE : leaf_G x z r - 2%:R^-1 *: (z^T *m leaf_E x r first) = (g / 2%:R) *: M c k Dl.
  rewrite -leaf_P_N GE PE NE !(matrix_of_plus, matrix_of_scaled) two minus.
  by apply/matrixP => i j; rewrite !(addmxE, oppmxE, scalemxE); field.
set Sl := products Z' (transposed k Dl).
have SE : leaf_S x z r first = ((of_Z uZ)^-1 * (g / 2%:R)) *: M n k Sl.
  rewrite /leaf_S DE (@matrix_of_products _ _ c) ?(full_within FZ) // matrix_of_transposed trmxK.
  by rewrite -scalemxAl -scalemxAr scalerA.
have g0 : 0 <= (of_Z uZ)^-1 * (g / 2%:R).
  by apply: (mulr_ge0 z0); apply: (mulr_ge0 (mulr_ge0 h0 z0)); rewrite invr_ge0 ler0n.
set sl := negative_part Sl.
have sE : leaf_s x z r first = ((of_Z uZ)^-1 * (g / 2%:R)) *: M n k sl.
  by rewrite /leaf_s SE -scalerN relu_matrix_scale // matrix_of_negative.
have size_image W V : size (products (transposed c W) V) = c.
  by rewrite size_products size_transposed.
have nS : size sl = n by rewrite !size_map.
rewrite /form /leaf_form -/Al -/El -/Gl -/Pl -/Nl -/Dl -/Sl -/sl.
rewrite !(matrix_of_plus, matrix_of_scaled) !(matrix_of_crossed k _ (size_image _ _)).
rewrite (matrix_of_crossed k _ nE) (matrix_of_crossed k _ nS).
rewrite (@matrix_of_products _ _ d) ?dR // /leaf_Q GE PE NE EE sE !scaled_product.
rewrite trmxK two !(of_ZM, of_ZN) two.
rewrite -/Gl -/Pl -/Nl /scale /g /h /kappa.
move: (of_Z_neq0 R X0) (of_Z_neq0 R Z0') (of_Z_neq0 R b0) (of_Z_neq0 R kq0).
move: (of_Z uX) (of_Z uZ) (of_Z ub) (of_Z kp) (of_Z kq) => a b e p q a1 b1 e1 q1.
move: (M k d rays *m _) ((M c k Gl)^T *m M c k Gl) ((M c k Pl)^T *m _) ((M c k Nl)^T *m _).
move: ((M n k El)^T *m _) ((M n k sl)^T *m _) => ES SE' RR GG PN NP.
apply/matrixP => i j; rewrite !(addmxE, oppmxE, scalemxE).
move: (ES i j) (SE' i j) (RR i j) (GG i j) (PN i j) (NP i j) => es se rr gg pn np.
by field; rewrite a1 b1 e1 q1.
Qed.

Lemma scale_gt0 : 0 < scale.
Proof.
have g0 : 0 < g by rewrite !mulr_gt0 ?invr_gt0 ?of_Z_gt0.
have q0 := of_Z_gt0 R kq0.
apply: divr_gt0; last exact: mulr_gt0.
by apply: mulr_gt0; [exact: ltr0Sn|exact: mulr_gt0].
Qed.

Lemma leaf_accepted_sound : all (fun x => (size x <= d)%N) rays ->
  leaf_accepted c k X Z' (Z.mul 2 (Z.mul norm norm)) (Z.mul kq kq) rays w ->
  leaf_proved x z kappa r first (fun j : 'I_k => of_Z (nth Z0 w j)).
Proof.
move=> dR /and3P[/eqP wk /allP wpos /allP accepted]; split=> [j|i].
  by apply/of_Z_gt0/wpos; rewrite mem_nth ?wk.
have := accepted i; rewrite mem_iota ltn_ord => /(_ isT) /(of_Z_ge0 R).
rewrite (@of_Z_dot _ _ _ k) ?size_mkseq ?leqnn // -/form => H.
have QE (j : 'I_k) : of_Z (nth Z0 (nth [::] form i) j) = scale * leaf_Q x z kappa r first i j.
  by rewrite -scalemxE -leaf_formE // mxE.
rewrite -(pmulr_rge0 _ scale_gt0); apply: ge0_eq H _.
rewrite (bigD1 i) //= mulrDr mulrA -QE; congr (_ + _).
  by rewrite nth_mkseq // eqnE eqxx.
rewrite mulr_sumr; apply: eq_bigr => j ji; rewrite nth_mkseq //.
have -> : eqn i j = false by rewrite eqnE eq_sym; apply: negbTE.
by rewrite of_Z_min QE mulrA minr_pmulr ?(ltW scale_gt0) // mulr0.
Qed.

End Leaf.

(* The dual norm. *)
Lemma check_partition_sound n d c X point witness : size X = n ->
  check_partition n d c X point witness ->
  dual_norm_le ((of_Z (data_unit point))^-1 *: M n d X)
    ((of_Z (dual_unit point))^-1 *: M n c (dual point))
    (of_Z (kappa_p point) / of_Z (kappa_q point)).
Proof.
case: point => uX uY col uZ Z' kp kq; case: witness => ub basis ui inverse cones nX.
rewrite /check_partition => /and4P[/and3P[pos /andP[_ dX] FZ] /andP[Wb Wi] unit accepted] /=.
move: pos => /= /and5P[X0 Z0' kp0 kq0 /and3P[b0 i0 _]].
have kappa0 : 0 < of_Z kp / of_Z kq by rewrite divr_gt0 ?of_Z_gt0.
have sb : size basis = d by case/andP: Wb => /eqP.
have db : all (fun y => (size y <= d)%N) basis by case/andP: Wb.
have u1 : of_Z ub * of_Z ui != 0 by rewrite mulf_neq0 ?of_Z_neq0.
have basis_unit : rays_of R d ub d basis \in unitmx.
  have E : M d d basis *m (M d d inverse)^T = (of_Z ub * of_Z ui)%:M.
    have : M d d (plus (products basis inverse) (diagonal d (Z.opp (Z.mul ub ui)))) = 0.
      apply/matrixP => i j; rewrite !mxE; set a := nth Z0 _ _.
      suff -> : a = Z0 by rewrite of_Z0.
      rewrite /a; set A := plus _ _ in unit *.
      have [iA|Ai] := ltnP i (size A); last by rewrite [nth [::] A i]nth_default // nth_nil.
      have [jA|Aj] := ltnP j (size (nth [::] A i)); last by rewrite nth_default.
      by have /Z.eqb_eq := allP (allP unit _ (mem_nth [::] iA)) _ (mem_nth Z0 jA).
    rewrite matrix_of_plus matrix_of_diagonal (@matrix_of_products _ _ d) ?db // of_ZN of_ZM.
    by rewrite raddfN /= => /subr0_eq.
  have : M d d basis *m ((of_Z ub * of_Z ui)^-1 *: (M d d inverse)^T) = 1%:M.
    by rewrite -scalemxAr E scale_scalar_mx mulVf.
  case/mulmx1_unit => unit_basis _.
  by rewrite /rays_of unitmxZ ?unitmx_tr // unitfE invr_eq0 of_Z_neq0.
apply/(dual_norm_leP _ _ kappa0) => u.
apply: (cones_cover (K := fun v => square (((of_Z uZ)^-1 *: M n c Z')^T *m
  map_mx relu ((of_Z uX)^-1 *: M n d X *m v)) <= (of_Z kp / of_Z kq) ^+ 2 * square v) _ sb db
  basis_unit accepted) => rays w dR leaf v inside.
exact: leaf_sound (leaf_accepted_sound nX dX FZ X0 Z0' b0 kq0 dR leaf) _ inside.
Qed.

(* The checker is sound. *)
Theorem check_by_partition_sound statement point witness :
  check_by_partition statement point witness -> true_claim R statement.
Proof. by apply: verdict_with_column_sound => n d c X nX _ _; apply: check_partition_sound. Qed.

End Theory.
