(* The proof of a dual norm by a partition of the space of u into cones: Theorems 15 and 16 of
   ../04-partition.md, over any real field. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality Psd.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

Definition nonnegative p q (A : 'M[R]_(p, q)) : Prop := forall i j, 0 <= A i j.

(* The cone of the columns of a matrix. *)
Definition in_cone d k (rays : 'M[R]_(d, k)) (u : 'cV[R]_d) : Prop :=
  exists2 t : 'cV[R]_k, nonnegative t & u = rays *m t.

Section Leaf.

Variables (n d c k : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).
Variable rays : 'M[R]_(d, k).
(* Of each point whether E_i is A_i or B_i. Where a point is not mixed one of them is zero. *)
Variable first : 'I_n -> bool.

Definition leaf_A : 'M[R]_(n, k) := map_mx (@relu R) (X *m rays).
Definition leaf_B : 'M[R]_(n, k) := map_mx (@relu R) (- (X *m rays)).
Definition leaf_E : 'M[R]_(n, k) := \matrix_(i, j) (if first i then leaf_A i j else leaf_B i j).
Definition leaf_G : 'M[R]_(c, k) := Z^T *m leaf_A.
Definition leaf_P : 'M[R]_(c, k) := (map_mx (@relu R) Z)^T *m leaf_E.
Definition leaf_N : 'M[R]_(c, k) := (map_mx (@relu R) (- Z))^T *m leaf_E.
Definition leaf_S : 'M[R]_(n, k) := Z *m (leaf_G - 2%:R^-1 *: (Z^T *m leaf_E)).
Definition leaf_s : 'M[R]_(n, k) := map_mx (@relu R) (- leaf_S).
Definition leaf_Q : 'M[R]_k :=
  kappa ^+ 2 *: (rays^T *m rays) - leaf_G^T *m leaf_G -
  2%:R^-1 *: (leaf_P^T *m leaf_N + leaf_N^T *m leaf_P) -
  (leaf_E^T *m leaf_s + leaf_s^T *m leaf_E).

(* Q' w >= 0, where Q' is Q without the positive entries off the diagonal. *)
Definition leaf_proved (w : 'I_k -> R) : Prop :=
  (forall j, 0 < w j) /\
  (forall i, 0 <= leaf_Q i i * w i + \sum_(j | j != i) Num.min 0 (leaf_Q i j) * w j).

End Leaf.

Section Cover.

Variables (d k : nat).
Implicit Type rays : 'M[R]_(d, k).

Definition replaced rays (j : 'I_k) (m : 'cV[R]_d) : 'M[R]_(d, k) :=
  \matrix_(r, l) (if l == j then m r 0 else rays r l).

Definition mediant rays (i j : 'I_k) (p q : R) : 'cV[R]_d := p *: col i rays + q *: col j rays.

(* A tree of splits with a leaf that has the property P wherever it ends. *)
Inductive tree (P : 'M[R]_(d, k) -> Prop) : 'M[R]_(d, k) -> Prop :=
| leaf rays of P rays : tree P rays
| split rays i j p q of i != j & 0 < p & 0 < q
    & tree P (replaced rays j (mediant rays i j p q))
    & tree P (replaced rays i (mediant rays i j p q)) : tree P rays.

End Cover.
End Definitions.

Section Theory.

Variable R : realFieldType.

Lemma relu_diff (a b : R) : relu (a - b) = a - Num.min a b.
Proof.
rewrite /relu; case: (lerP a b) => ab.
  by rewrite subrr max_l // subr_le0.
by rewrite max_r // subr_ge0 ltW.
Qed.

Lemma ler_relu (a : R) : a <= relu a.
Proof. by rewrite /relu le_maxr lexx orbT. Qed.

Lemma nonnegative_mul p q (A : 'M[R]_(p, q)) (t : 'cV[R]_q) :
  nonnegative A -> nonnegative t -> nonnegative (A *m t).
Proof. by move=> A0 t0 i j; rewrite mxE sumr_ge0 // => l _; rewrite mulr_ge0. Qed.

Lemma nonnegative_relu p q (A : 'M[R]_(p, q)) : nonnegative (map_mx (@relu R) A).
Proof. by move=> i j; rewrite mxE relu_ge0. Qed.

Lemma inner_le k (x x' y : 'cV[R]_k) : nonnegative y -> (forall i, x i 0 <= x' i 0) ->
  inner x y <= inner x' y.
Proof.
move=> y0 H; apply: ler_sum => i _; apply: ler_sum => j _.
by rewrite !ord1 ler_wpmul2r.
Qed.

Lemma inner_ge0 k (x y : 'cV[R]_k) : nonnegative x -> nonnegative y -> 0 <= inner x y.
Proof.
by move=> x0 y0; rewrite sumr_ge0 // => i _; rewrite sumr_ge0 // => j _; rewrite mulr_ge0.
Qed.

Lemma inner_mulr k p (x : 'cV[R]_k) (M : 'M[R]_(k, p)) (y : 'cV[R]_p) :
  inner x (M *m y) = inner (M^T *m x) y.
Proof. by rewrite !innerE trmx_mul trmxK mulmxA. Qed.

Lemma bf_cross p k (M N : 'M[R]_(p, k)) (t : 'cV[R]_k) :
  bf (M^T *m N) t t = inner (M *m t) (N *m t).
Proof. by rewrite bf_mull. Qed.

Section Leaf.

Variables (n d c k : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R).
Variables (rays : 'M[R]_(d, k)) (first : 'I_n -> bool).

Notation A := (leaf_A X rays).
Notation B := (leaf_B X rays).
Notation E := (leaf_E X rays first).
Notation G := (leaf_G X Z rays).
Notation P := (leaf_P X Z rays first).
Notation N := (leaf_N X Z rays first).
Notation S := (leaf_S X Z rays first).
Notation s := (leaf_s X Z rays first).
Notation Q := (leaf_Q X Z kappa rays first).

Lemma leaf_E_ge0 : nonnegative E.
Proof. by move=> i j; rewrite !mxE; case: ifP => _; rewrite relu_ge0. Qed.

Lemma leaf_A_B : X *m rays = A - B.
Proof. by apply/matrixP => i j; rewrite [RHS]mxE [(- B) i j]mxE [A i j]mxE [B i j]mxE
  [(- (X *m rays)) i j]mxE reluN. Qed.

Lemma leaf_P_N : P - N = Z^T *m E.
Proof.
rewrite /leaf_P /leaf_N -mulmxBl -linearB /=; congr (_^T *m _).
by apply/matrixP => i j; rewrite !mxE reluN.
Qed.

(* Theorem 15(a). *)
Theorem leaf_inequality (t : 'cV[R]_k) : nonnegative t ->
  bf Q t t <= kappa ^+ 2 * square (rays *m t) -
    square (Z^T *m map_mx (@relu R) (X *m (rays *m t))).
Proof.
move=> t0; pose e : 'cV[R]_n := \col_i Num.min ((A *m t) i 0) ((B *m t) i 0).
have a0 := nonnegative_mul (nonnegative_relu (X *m rays)) t0.
have b0 := nonnegative_mul (nonnegative_relu (- (X *m rays))) t0.
have e0 : nonnegative e by move=> i j; rewrite mxE le_minr a0 b0.
have eE i : e i 0 <= (E *m t) i 0.
  rewrite mxE; case F : (first i).
    have -> : (E *m t) i 0 = (A *m t) i 0.
      by rewrite !mxE; apply: eq_bigr => l _; rewrite [E i l]mxE F.
    by rewrite le_minl lexx.
  have -> : (E *m t) i 0 = (B *m t) i 0.
    by rewrite !mxE; apply: eq_bigr => l _; rewrite [E i l]mxE F.
  by rewrite le_minl lexx orbT.
have Et0 := nonnegative_mul leaf_E_ge0 t0.
have st0 : nonnegative (s *m t) by apply: nonnegative_mul t0; apply: nonnegative_relu.
have -> : map_mx (@relu R) (X *m (rays *m t)) = A *m t - e.
  apply/matrixP => i j; rewrite ord1 mulmxA leaf_A_B mulmxBl [LHS]mxE [RHS]mxE.
  by rewrite [in LHS]mxE [(- (B *m t)) i 0]mxE relu_diff [(- e) i 0]mxE [e i 0]mxE.
have -> : Z^T *m (A *m t - e) = G *m t - Z^T *m e by rewrite mulmxBr mulmxA.
set h := Z^T *m e; set g := G *m t; set p := P *m t; set m := N *m t.
(* h is between -m and p *)
have hp i : h i 0 <= p i 0.
  rewrite /h /p /leaf_P -mulmxA !mxE; apply: ler_sum => l _; rewrite [_^T _ _]mxE [_^T _ _]mxE.
  apply: le_trans (ler_wpmul2r (e0 l 0) (ler_relu _)) _.
  by rewrite [in X in _ <= X]mxE ler_wpmul2l ?relu_ge0.
have hm i : - m i 0 <= h i 0.
  rewrite /h /m /leaf_N -mulmxA !mxE -sumrN; apply: ler_sum => l _.
  rewrite [_^T _ _]mxE [_^T _ _]mxE [map_mx _ _ _ _]mxE [(- Z) l i]mxE -mulNr.
  have K : - relu (- Z l i) <= Z l i by rewrite ler_oppl ler_relu.
  apply: le_trans (ler_wpmul2r (e0 l 0) K).
  by rewrite !mulNr ler_opp2 ler_wpmul2l ?relu_ge0.
have H1 : 0 <= inner (p - h) (h + m).
  apply: inner_ge0 => i j; rewrite ord1 addmxE ?oppmxE ?subr_ge0 ?hp //.
  by rewrite -ler_subl_addr sub0r hm.
have H2 : 0 <= inner (s *m t) e + inner (S *m t) e.
  rewrite -innerDl -mulmxDl; apply: inner_ge0 e0; apply: nonnegative_mul t0 => i j.
  by rewrite mxE [s i j]mxE [(- S) i j]mxE -ler_subl_addr sub0r ler_relu.
have H3 : 0 <= inner (E *m t) (s *m t) - inner e (s *m t).
  by rewrite subr_ge0; apply: inner_le.
have E1 : inner (S *m t) e = inner g h - 2%:R^-1 * (inner p h - inner m h).
  rewrite /leaf_S -mulmxA innerC inner_mulr -/h innerC mulmxBl innerDl innerNl.
  by rewrite -scalemxAl innerZl -leaf_P_N mulmxBl innerDl innerNl.
rewrite /leaf_Q !(bfD, bfN, bfZ) !bf_cross -/p -/m -/g -subr_ge0.
rewrite {}E1 in H2; rewrite !squareE.
rewrite !(innerDl, innerDr, innerNl, innerNr) in H1 H2 H3 *.
rewrite (innerC h g) (innerC m p) (innerC (s *m t) (E *m t)).
rewrite (innerC h m) in H1; rewrite (innerC (s *m t) e) in H2.
apply: ge0_eq (addr_ge0 H1 (addr_ge0 (addr_ge0 H2 H2) (addr_ge0 H3 H3))) _.
by field.
Qed.

(* The form is symmetric. *)
Lemma leaf_Q_sym : Q^T = Q.
Proof.
have gram p (M : 'M[R]_(p, k)) : (M^T *m M)^T = M^T *m M by rewrite trmx_mul trmxK.
have sum p (M M' : 'M[R]_(p, k)) : (M^T *m M' + M'^T *m M)^T = M^T *m M' + M'^T *m M.
  by rewrite linearD /= !trmx_mul !trmxK addrC.
have minus (M M' : 'M[R]_k) : (M - M')^T = M^T - M'^T by rewrite linearB.
have scale a (M : 'M[R]_k) : (a *: M)^T = a *: M^T by rewrite linearZ.
by rewrite /leaf_Q !minus !scale !gram !sum.
Qed.

(* Theorem 15(b). *)
Theorem leaf_sound w : leaf_proved X Z kappa rays first w -> forall u, in_cone rays u ->
  square (Z^T *m map_mx (@relu R) (X *m u)) <= kappa ^+ 2 * square u.
Proof.
case=> w0 dom u [t t0 ->]; rewrite -subr_ge0; apply: le_trans (leaf_inequality t0).
pose Q' : 'M[R]_k := \matrix_(i, j) (if i == j then Q i i else Num.min 0 (Q i j)).
have le_Q : bf Q' t t <= bf Q t t.
  rewrite !bf_sum; apply: ler_sum => i _; apply: ler_sum => j _.
  rewrite !ler_wpmul2r ?ler_wpmul2l // mxE.
  by case: eqP => [<-|_] //; rewrite le_minl lexx orbT.
apply: le_trans le_Q; pose v : 'rV[R]_k := \row_j w j.
have [|y ->] := @weighted R k v t; first by move=> i; rewrite mxE.
rewrite -bf_diag; apply: dominant_psd.
  rewrite !trmx_mul !tr_diag_mx mulmxA; congr (_ *m _ *m _); apply/matrixP => i j.
  rewrite mxE [LHS]mxE [RHS]mxE eq_sym; case: eqP => [->|_] //.
  by rewrite -[in LHS]leaf_Q_sym [Q^T _ _]mxE.
have QE i j : (diag_mx v *m Q' *m diag_mx v) i j = w i * Q' i j * w j.
  by rewrite mul_mx_diag mul_diag_mx !mxE.
move=> i; rewrite QE -subr_ge0; have := mulr_ge0 (ltW (w0 i)) (dom i).
move/ge0_eq; apply.
rewrite mulrDr mulr_sumr [Q' i i]mxE eqxx; congr (_ + _); first by rewrite mulrA mulrC mulrCA mulrC.
rewrite -sumrN; apply: eq_bigr => j ij; rewrite QE [Q' i j]mxE eq_sym (negbTE ij).
rewrite ler0_norm ?opprK ?mulrA //.
by rewrite pmulr_lle0 // pmulr_rle0 // le_minl lexx.
Qed.

End Leaf.

(* Theorem 16(b). *)
Lemma in_half d k (rays : 'M[R]_(d, k)) (t t' : 'cV[R]_k) i j p q : i != j ->
  nonnegative t' ->
  (forall l, l != i -> l != j -> t' l 0 = t l 0) ->
  t' j 0 * p + t' i 0 = t i 0 -> t' j 0 * q = t j 0 ->
  in_cone (replaced rays j (mediant rays i j p q)) (rays *m t).
Proof.
move=> ij t'0 same ti tj; exists t' => //; apply/matrixP => r z; rewrite {z}ord1 !mxE.
rewrite (bigD1 j) //= (bigD1 i) //= [RHS](bigD1 j) //= [X in _ = _ + X](bigD1 i) //=.
rewrite !mxE eqxx (negbTE ij) -ti -tj !addrA; congr (_ + _); first by ring.
apply: eq_bigr => l /andP[lj li].
by rewrite !mxE (negbTE lj) same.
Qed.

Lemma halves d k (rays : 'M[R]_(d, k)) i j p q u : i != j -> 0 < p -> 0 < q ->
  in_cone rays u ->
  in_cone (replaced rays j (mediant rays i j p q)) u \/
  in_cone (replaced rays i (mediant rays i j p q)) u.
Proof.
move=> ij p0 q0 [t t0 ->]; have [h|h] := lerP (p * t j 0) (q * t i 0); [left|right].
  pose t' : 'cV[R]_k := \col_l (if l == j then t j 0 / q else
    if l == i then t i 0 - p * (t j 0 / q) else t l 0).
  apply: (@in_half _ _ _ t t') => //.
  - move=> l z; rewrite mxE; case: ifP => _; first by rewrite divr_ge0 // ltW.
    by case: ifP => _ //; rewrite mulrA subr_ge0 ler_pdivr_mulr // [t i 0 * q]mulrC.
  - by move=> l li lj; rewrite mxE (negbTE li) (negbTE lj).
  - by rewrite !mxE eqxx (negbTE ij) eqxx; ring.
  by rewrite mxE eqxx mulfVK // gt_eqF.
have -> : mediant rays i j p q = mediant rays j i q p by rewrite /mediant addrC.
have ji : j != i by rewrite eq_sym.
pose t' : 'cV[R]_k := \col_l (if l == i then t i 0 / p else
  if l == j then t j 0 - q * (t i 0 / p) else t l 0).
apply: (@in_half _ _ _ t t') => //.
- move=> l z; rewrite mxE; case: ifP => _; first by rewrite divr_ge0 // ltW.
  by case: ifP => _ //; rewrite mulrA subr_ge0 ler_pdivr_mulr // [t j 0 * p]mulrC ltW.
- by move=> l lj li; rewrite mxE (negbTE li) (negbTE lj).
- by rewrite !mxE eqxx (negbTE ji) eqxx; ring.
by rewrite mxE eqxx mulfVK // gt_eqF.
Qed.

(* Theorem 16(c), for one tree. *)
Theorem tree_covers d k (P : 'M[R]_(d, k) -> Prop) (K : 'cV[R]_d -> Prop) rays :
  (forall leaf, P leaf -> forall u, in_cone leaf u -> K u) ->
  tree P rays -> forall u, in_cone rays u -> K u.
Proof.
move=> H; elim=> {rays} [rays /H //|rays i j p q ij p0 q0 _ IH1 _ IH2 u Hu].
by case: (halves ij p0 q0 Hu); [apply: IH1|apply: IH2].
Qed.

(* Theorem 16(a). *)
Definition signed d (basis : 'M[R]_d) (minus : 'I_d -> bool) : 'M[R]_d :=
  basis *m diag_mx (\row_j (-1) ^+ minus j).

Lemma first_cones d (basis : 'M[R]_d) u : basis \in unitmx ->
  exists minus, in_cone (signed basis minus) u.
Proof.
move=> unit; pose t := invmx basis *m u; exists (fun j => t j 0 < 0).
exists (\col_j `|t j 0|); first by move=> i j; rewrite mxE.
rewrite -mulmxA -{1}(mulKVmx unit u) -/t; congr (_ *m _); apply/matrixP => i j.
rewrite ord1 mul_diag_mx !mxE; case: ltrP => [/ltr0_norm ->|/ger0_norm ->].
  by rewrite expr1 mulN1r opprK.
by rewrite expr0 mul1r.
Qed.

(* The certificate of kind partition: trees over all signs of a basis, with proved leaves. *)
Theorem partition_sound n d c (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)) (kappa : R)
    (basis : 'M[R]_d) :
  0 < kappa -> basis \in unitmx ->
  (forall minus, tree (fun rays => exists first w, leaf_proved X Z kappa rays first w)
    (signed basis minus)) ->
  dual_norm_le X Z kappa.
Proof.
move=> kappa0 unit trees; apply/(dual_norm_leP _ _ kappa0) => u.
have [minus Hu] := first_cones u unit.
pose K (u : 'cV[R]_d) :=
  square (Z^T *m map_mx (@relu R) (X *m u)) <= kappa ^+ 2 * square u.
apply: (@tree_covers _ _ _ K _ _ (trees minus) u Hu) => rays [first [w proved]].
exact: leaf_sound proved.
Qed.

End Theory.
