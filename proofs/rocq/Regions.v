(* The proof of a dual norm by directions of the outputs, and for each of them regions of the space
   of u with products with the norm of u: Theorems 18, 48, 49 and 51(b) of ../05-phases.md and
   ../11-regions.md, over any real closed field. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality Biases Psd Partition.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

(* The variables of a leaf are the a of all points, u, and its norm. A point that is not fixed has
   1 in `free`; a = free a + P u and b = free a + Q u, for all points. *)
Section Leaf.

Variables (n d : nat) (free : 'rV[R]_n) (P Q : 'M[R]_(n, d)).
(* The multipliers of products, as in Psd.v; the vectors r and numbers s of products with the norm
   of the forms a and b; and the weights of a in the direction. *)
Variables (Naa Nab Nbb : 'M[R]_n) (ra rb : 'M[R]_(n, d)) (sa sb sigma : 'cV[R]_n).
(* The coefficients of the squares of u and of its norm. *)
Variables (squares : 'rV[R]_d) (top : 'M[R]_1).

Definition partner_a : 'M[R]_(n, n + (d + 1)) :=
  row_mx ((Naa + Nab) *m diag_mx free) (row_mx (Naa *m P + Nab *m Q + ra) (sa + sigma)).
Definition partner_b : 'M[R]_(n, n + (d + 1)) :=
  row_mx (Nbb *m diag_mx free) (row_mx (Nbb *m Q + rb) sb).
Definition half_form : 'M[R]_(n + (d + 1)) :=
  col_mx (diag_mx free *m (partner_a + partner_b))
    (col_mx (P^T *m partner_a + Q^T *m partner_b) 0).
Definition region_form : 'M[R]_(n + (d + 1)) :=
  diag_mx (row_mx 0 (row_mx squares top)) - (half_form + half_form^T).

End Leaf.

(* What the numbers beside u, if there are any, are at most: its norm (Theorem 51). *)
Definition beside_norm e d (u : 'cV[R]_(e + d)) : Prop :=
  forall j, usubmx u j 0 ^+ 2 <= square (dsubmx u).

(* The coefficients of the squares, for multipliers mu of rho^2 - |u|^2 and nu of rho^2 - g^2. *)
Definition leaf_squares e d (mu nu : R) : 'rV[R]_(e + d) :=
  row_mx (const_mx (2%:R * nu)) (const_mx (2%:R * mu)).
Definition leaf_top e (h mu nu : R) : R := 2%:R * (h - mu - e%:R * nu).

(* What the length of a ball has left for r, when |p| is taken of it. *)
Definition ball_room e d (r : 'rV[R]_(e + d)) (s : R) : R := s - \sum_j `|lsubmx r 0 j|.

End Definitions.

Section Theory.

Variable R : realFieldType.

Section Leaf.

Variables (n d : nat) (X : 'M[R]_(n, d)) (free : 'rV[R]_n) (P Q : 'M[R]_(n, d)).
Variables (Naa Nab Nbb : 'M[R]_n) (ra rb : 'M[R]_(n, d)) (sa sb sigma : 'cV[R]_n).
Variables (squares : 'rV[R]_d) (top : R).

Notation pa := (partner_a free P Q Naa Nab ra sa sigma).
Notation pb := (partner_b free Q Nbb rb sb).
Notation H := (half_form free P Q Naa Nab Nbb ra rb sa sb sigma).
Notation S := (region_form free P Q Naa Nab Nbb ra rb sa sb sigma squares top%:M).

Lemma region_form_sym : S^T = S.
Proof. by rewrite linearB /= tr_diag_mx [(H + H^T)^T]linearD /= trmxK [H^T + H]addrC. Qed.

Lemma bf_squares k (w : 'rV[R]_k) x : bf (diag_mx w) x x = \sum_i w 0 i * x i 0 ^+ 2.
Proof.
by rewrite /bf /inner; apply: eq_bigr => i _; rewrite big_ord1 mul_diag_mx mxE mulrCA -expr2.
Qed.

Lemma points_inner (a ka kb : 'cV[R]_n) (u : 'cV[R]_d) :
  inner a (diag_mx free *m (ka + kb)) + inner u (P^T *m ka + Q^T *m kb) =
  inner (diag_mx free *m a + P *m u) ka + inner (diag_mx free *m a + Q *m u) kb.
Proof.
by rewrite inner_mulr tr_diag_mx !innerDr !innerDl !(inner_mulr u) !trmxK addrACA.
Qed.

Lemma half_formE (a b : 'cV[R]_n) (u : 'cV[R]_d) (rho : R) :
  diag_mx free *m a + P *m u = a -> diag_mx free *m a + Q *m u = b ->
  let z := col_mx a (col_mx u rho%:M) in
  bf H z z = bf Naa a a + bf Nab a b + bf Nbb b b +
    inner a (ra *m u + rho *: sa) + inner b (rb *m u + rho *: sb) + rho * inner a sigma.
Proof.
move=> aE bE z.
have paE : pa *m z = Naa *m a + Nab *m b + (ra *m u + rho *: sa) + rho *: sigma.
  have -> : pa *m z = Naa *m (diag_mx free *m a + P *m u) + Nab *m (diag_mx free *m a + Q *m u) +
      (ra *m u + rho *: sa) + rho *: sigma.
    rewrite /partner_a /z !mul_row_col mul_mx_scalar !(mulmxDl, mulmxDr) -!mulmxA scalerDr.
    move: (Naa *m _) (Nab *m _) (Naa *m _) (Nab *m _) => A B A' B'.
    move: (ra *m u) (rho *: sa) (rho *: sigma) => E F G.
    apply/matrixP => i j; rewrite !addmxE.
    move: (A i j) (B i j) (A' i j) (B' i j) (E i j) (F i j) (G i j) => x1 x2 x3 x4 x5 x6 x7; ring.
  by rewrite aE bE.
have pbE : pb *m z = Nbb *m b + (rb *m u + rho *: sb).
  have -> : pb *m z = Nbb *m (diag_mx free *m a + Q *m u) + (rb *m u + rho *: sb).
    rewrite /partner_b /z !mul_row_col mul_mx_scalar !(mulmxDl, mulmxDr) -!mulmxA.
    by rewrite !addrA.
  by rewrite bE.
rewrite /bf /half_form !mul_col_mx {1}/z !inner_split mul0mx.
have -> : inner (rho%:M : 'cV[R]_1) 0 = 0 by rewrite innerE mulmx0 mxE.
rewrite -mulmxA !mulmxDl -!mulmxA paE pbE addr0.
rewrite points_inner aE bE.
rewrite !innerDr !innerZr -/(bf Naa a a) -/(bf Nab a b) -/(bf Nbb b b); ring.
Qed.

(* Theorem 48, and 51(b), where the coefficients are as they say. *)
Theorem region_leaf (u : 'cV[R]_d) (rho h : R) :
  let a := map_mx (@relu R) (X *m u) in let b := a - X *m u in
  admissible Naa Nab Nbb -> diag_mx free *m a + P *m u = a -> diag_mx free *m a + Q *m u = b ->
  (forall i, 0 <= (ra *m u + rho *: sa) i 0) -> (forall i, 0 <= (rb *m u + rho *: sb) i 0) ->
  \sum_j squares 0 j * u j 0 ^+ 2 + top * rho ^+ 2 <= 2%:R * h * rho ^+ 2 ->
  (forall z, 0 <= bf S z z) -> rho * inner a sigma <= h * rho ^+ 2.
Proof.
move=> a b adm aE bE ra0 rb0 corner psd.
have := psd (col_mx a (col_mx u rho%:M)); rewrite bfD bfN bfD bfT (half_formE rho aE bE).
have -> : bf (diag_mx (row_mx 0 (row_mx squares top%:M))) (col_mx a (col_mx u rho%:M))
    (col_mx a (col_mx u rho%:M)) = \sum_j squares 0 j * u j 0 ^+ 2 + top * rho ^+ 2.
  rewrite bf_squares !big_split_ord /= big_ord1 !row_mxEr !col_mxEd !mxE.
  rewrite big1 ?add0r => [|i _]; last by rewrite row_mxEl mxE mul0r.
  congr (_ + _); apply: eq_bigr => j _.
  by rewrite !row_mxEr row_mxEl col_mxEd col_mxEu.
have := admissible_products adm (erefl a) (erefl b).
move: (bf Naa a a + _ + _) => N0 N1.
have A0 : 0 <= inner a (ra *m u + rho *: sa).
  by rewrite inner_ge0 // => i j; rewrite ?ord1 // mxE relu_ge0.
have B0 : 0 <= inner b (rb *m u + rho *: sb).
  rewrite inner_ge0 // => i j; rewrite ?ord1 // /b /a addmxE oppmxE mxE.
  by rewrite -[X in _ - X]reluN opprB addrC subrK relu_ge0.
move: (inner a (_ + _)) (inner b (_ + _)) (inner a sigma) (\sum_j _) A0 B0 corner.
move=> A B I C A0 B0; rewrite -subr_ge0 => corner psd0.
rewrite -(ler_pmul2l (ltr0Sn R 1)) -subr_ge0.
apply: ge0_eq (addr_ge0 (addr_ge0 psd0 corner) (addr_ge0 (addr_ge0 N1 N1)
  (addr_ge0 (addr_ge0 A0 A0) (addr_ge0 B0 B0)))) _; ring.
Qed.

End Leaf.
End Theory.

Section Cover.

Variable R : rcfType.

Section Neuron.

Variables (e d : nat) (u : 'cV[R]_(e + d)).
Variable beside : beside_norm u.

Lemma norm_product r s : 0 <= ball_room r s -> square (rsubmx r) <= ball_room r s ^+ 2 ->
  0 <= (r *m u) 0 0 + norm (dsubmx u) * s.
Proof.
move=> room0 room; rewrite -[r in r *m u]hsubmxK -[u in _ *m u]vsubmxK mul_row_col mxE.
have H1 : 0 <= (rsubmx r *m dsubmx u) 0 0 + ball_room r s * norm (dsubmx u).
  rewrite -[(_ *m _) 0 0]opprK addrC subr_ge0.
  apply: le_trans (@inner_le_norms _ _ _ (rsubmx r)^T (dsubmx u) _ room0 _).
    by rewrite innerE trmxK -normrN ler_norm.
  by rewrite square_tr.
have H2 : 0 <= (lsubmx r *m usubmx u) 0 0 + (\sum_j `|lsubmx r 0 j|) * norm (dsubmx u).
  rewrite mxE mulr_suml -big_split sumr_ge0 //= => j _.
  have gj : `|usubmx u j 0| <= norm (dsubmx u).
    by rewrite -(@ler_pexpn2r _ 2) // ?nnegrE ?norm_ge0 // norm_square real_normK ?num_real.
  rewrite -[X in 0 <= X + _]opprK addrC subr_ge0; apply: le_trans (ler_norm _) _.
  by rewrite normrN normrM ler_wpmul2l.
apply: ge0_eq (addr_ge0 H1 H2) _; rewrite /ball_room.
move: (\sum_j _) (norm _) ((rsubmx r *m _) 0 0) ((lsubmx r *m _) 0 0) => P N A B; ring.
Qed.

Lemma corner_le h mu nu : 0 <= nu ->
  \sum_j leaf_squares e d mu nu 0 j * u j 0 ^+ 2 + leaf_top e h mu nu * norm (dsubmx u) ^+ 2 <=
  2%:R * h * norm (dsubmx u) ^+ 2.
Proof.
move=> nu0; rewrite big_split_ord /= norm_square /leaf_squares /leaf_top.
have G : \sum_(j < e) usubmx u j 0 ^+ 2 <= e%:R * square (dsubmx u).
  apply: le_trans (ler_sum _ (fun j _ => beside j)) _.
  by rewrite sumr_const card_ord mulr_natl.
have -> : \sum_(j < e) row_mx (const_mx (2%:R * nu)) (const_mx (2%:R * mu) : 'rV_d) 0 (lshift d j) *
    u (lshift d j) 0 ^+ 2 = 2%:R * nu * \sum_(j < e) usubmx u j 0 ^+ 2.
  by rewrite mulr_sumr; apply: eq_bigr => j _; rewrite row_mxEl !mxE.
have -> : \sum_(j < d) row_mx (const_mx (2%:R * nu) : 'rV_e) (const_mx (2%:R * mu)) 0 (rshift e j) *
    u (rshift e j) 0 ^+ 2 = 2%:R * mu * square (dsubmx u).
  rewrite /square /inner mulr_sumr; apply: eq_bigr => j _.
  by rewrite row_mxEr big_ord1 !mxE expr2.
rewrite -subr_ge0 in G; rewrite -subr_ge0.
apply: ge0_eq (addr_ge0 (mulr_ge0 nu0 G) (mulr_ge0 nu0 G)) _; ring.
Qed.

End Neuron.

(* h bounds the direction w, on a set of u. *)
Definition direction_bound n e d c (X : 'M[R]_(n, e + d)) (Z : 'M[R]_(n, c)) (w : 'cV[R]_c) (h : R)
    (K : 'cV[R]_(e + d) -> Prop) : Prop :=
  forall u, K u -> beside_norm u ->
  inner (map_mx (@relu R) (X *m u)) (Z *m w) <= h * norm (dsubmx u).

(* A leaf proves its bound on all u for which the substitution is what the form says. *)
Theorem leaf_direction n e d c (X : 'M[R]_(n, e + d)) (Z : 'M[R]_(n, c)) (w : 'cV[R]_c) h
    (K : 'cV[R]_(e + d) -> Prop) (free : 'rV[R]_n) P Q Naa Nab Nbb ra rb (sa sb : 'cV[R]_n) mu nu :
  admissible Naa Nab Nbb -> 0 <= nu ->
  (forall i, 0 <= ball_room (row i ra) (sa i 0) /\
    square (rsubmx (row i ra)) <= ball_room (row i ra) (sa i 0) ^+ 2) ->
  (forall i, 0 <= ball_room (row i rb) (sb i 0) /\
    square (rsubmx (row i rb)) <= ball_room (row i rb) (sb i 0) ^+ 2) ->
  (forall u, K u -> let a := map_mx (@relu R) (X *m u) in
    diag_mx free *m a + P *m u = a /\ diag_mx free *m a + Q *m u = a - X *m u) ->
  (forall z, 0 <= bf (region_form free P Q Naa Nab Nbb ra rb sa sb (Z *m w)
    (leaf_squares e d mu nu) (leaf_top e h mu nu)%:M) z z) ->
  direction_bound X Z w h K.
Proof.
move=> adm nu0 balls_a balls_b sub psd u Ku beside; have [aE bE] := sub u Ku.
have ball (r : 'M[R]_(n, e + d)) (s : 'cV[R]_n) i : 0 <= ball_room (row i r) (s i 0) /\
    square (rsubmx (row i r)) <= ball_room (row i r) (s i 0) ^+ 2 ->
    0 <= (r *m u + norm (dsubmx u) *: s) i 0.
  by case=> /(norm_product beside) H /H; rewrite -row_mul !mxE.
have := region_leaf adm aE bE (fun i => ball _ _ i (balls_a i)) (fun i => ball _ _ i (balls_b i))
  (corner_le beside h mu nu0) psd.
have [r0|r0] := eqVneq (norm (dsubmx u)) 0; last first.
  have rp : 0 < norm (dsubmx u) by rewrite lt_def r0 norm_ge0.
  by move=> H; rewrite -(ler_pmul2l rp) mulrCA -expr2.
move=> _; rewrite r0 mulr0.
have z0 : dsubmx u = 0 by apply: square_eq0; rewrite -norm_square r0 expr0n.
have g0 : usubmx u = 0.
  apply/matrixP => j k; rewrite ord1 [RHS]mxE; apply/eqP; rewrite -sqrf_eq0 eq_le sqr_ge0 andbT.
  by apply: le_trans (beside j) _; rewrite -norm_square r0 expr0n.
have -> : u = 0 by rewrite -[u]vsubmxK z0 g0 col_mx0.
rewrite mulmx0; have -> : map_mx (@relu R) 0 = 0 :> 'cV[R]_n.
  by apply/matrixP => i j; rewrite !mxE /relu maxxx.
by rewrite -[0](scale0r (0 : 'cV[R]_n)) innerZl mul0r.
Qed.

Section Outputs.

Variables (n e d c : nat) (X : 'M[R]_(n, e + d)) (Z : 'M[R]_(n, c)) (kappa : R).

Definition output_bound (v : 'cV[R]_c) : Prop :=
  forall u, beside_norm u ->
  inner (map_mx (@relu R) (X *m u)) (Z *m v) <= kappa * norm v * norm (dsubmx u).

(* Theorem 18(b), of one cone. *)
Theorem cone_bound k (rays : 'M[R]_(c, k)) (h : 'I_k -> R) (V : 'cV[R]_c) :
  0 <= kappa -> square V <= kappa ^+ 2 -> (forall j, h j <= inner (col j rays) V) ->
  (forall j, direction_bound X Z (col j rays) (h j) (fun => True)) ->
  forall v, in_cone rays v -> output_bound v.
Proof.
move=> k0 Vk hV bound v [t t0 ->] u beside; set a := map_mx _ _; set rho := norm (dsubmx u).
have -> : inner a (Z *m (rays *m t)) = \sum_j t j 0 * inner a (Z *m col j rays).
  rewrite mulmxA inner_mulr /inner; apply: eq_bigr => j _; rewrite big_ord1 mulrC; congr (_ * _).
  rewrite mxE; apply: eq_bigr => i _; rewrite big_ord1 mulrC; congr (_ * _).
  by rewrite !mxE; apply: eq_bigr => l _; rewrite !mxE.
apply: (@le_trans _ _ (rho * inner (rays *m t) V)); last first.
  rewrite [X in _ <= X]mulrC ler_wpmul2l ?norm_ge0 //; apply: le_trans (ler_norm _) _.
  by rewrite innerC; apply: inner_le_norms.
have -> : inner (rays *m t) V = \sum_j t j 0 * inner (col j rays) V.
  rewrite innerC inner_mulr /inner; apply: eq_bigr => j _; rewrite big_ord1 mulrC; congr (_ * _).
  by rewrite mxE; apply: eq_bigr => i _; rewrite big_ord1 !mxE mulrC.
rewrite mulr_sumr; apply: ler_sum => j _; rewrite mulrCA ler_wpmul2l ?t0 //.
by apply: le_trans (bound j u I beside) _; rewrite [X in _ <= X]mulrC; apply: ler_wpmul2r (hV j);
  exact: norm_ge0.
Qed.

(* Both sides are of the same degree in v and in u. *)
Lemma outputs_bound : 0 <= kappa -> (forall v, output_bound v) -> forall u v, beside_norm u ->
  2%:R * inner (map_mx (@relu R) (X *m u)) (Z *m v) <= kappa * (square (dsubmx u) + square v).
Proof.
move=> k0 H u v beside; have := H v u beside; rewrite -!norm_square.
have := mulr_ge0 k0 (sqr_ge0 (norm v - norm (dsubmx u))).
move: (inner _ _) (norm v) (norm _) => I a b S K.
rewrite -subr_ge0 in K; rewrite -subr_ge0; apply: ge0_eq (addr_ge0 (addr_ge0 K K) S) _; ring.
Qed.

End Outputs.
End Cover.
