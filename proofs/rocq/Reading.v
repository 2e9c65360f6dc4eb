(* Lists of integers read as matrices over a field, continued by zeros, and what the operations of
   Checker.v are on them. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ.
From Certnn Require Import Checker Statement.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Definitions.

Variable R : realFieldType.

Definition matrix_of p q (A : rows) : 'M[R]_(p, q) :=
  \matrix_(i, j) of_Z R (nth Z0 (nth [::] A i) j).

End Definitions.

Section Reading.

Variable R : realFieldType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Lemma of_Z0 : of_Z Z0 = 0.
Proof. by []. Qed.
Lemma of_ZD a b : of_Z (Z.add a b) = of_Z a + of_Z b.
Proof. by rewrite /of_Z -rmorphD -raddfD. Qed.
Lemma of_ZM a b : of_Z (Z.mul a b) = of_Z a * of_Z b.
Proof. by rewrite /of_Z -rmorphM -[in RHS]rmorphM. Qed.
Lemma of_ZN a : of_Z (Z.opp a) = - of_Z a.
Proof. by rewrite /of_Z -rmorphN -[in RHS]raddfN. Qed.
Lemma of_ZB a b : of_Z (Z.sub a b) = of_Z a - of_Z b.
Proof. by rewrite -Z.add_opp_r of_ZD of_ZN. Qed.

Lemma of_Z_ge0 a : Z.leb 0 a -> 0 <= of_Z a.
Proof. by case: a => //= p _; rewrite /of_Z ler0z. Qed.

Lemma of_Z_le a b : Z.leb a b -> of_Z a <= of_Z b.
Proof.
by move=> ab; rewrite -subr_ge0 -of_ZB of_Z_ge0 //; apply/Z.leb_le/Z.le_0_sub/Z.leb_le.
Qed.

Lemma of_Z_gt0 a : positive a -> 0 < of_Z a.
Proof.
case: a => //= p _; rewrite /of_Z ltr0z ltz_nat.
by apply/ssrnat.ltP; apply: Pos2Nat.is_pos.
Qed.

Lemma of_Z_abs a : of_Z (Z.abs a) = `|of_Z a|.
Proof.
case: a => [|p|p]; rewrite ?normr0 //=.
  by rewrite ger0_norm // of_Z_ge0.
by rewrite -[Z.neg p]/(Z.opp (Z.pos p)) of_ZN normrN ger0_norm // of_Z_ge0.
Qed.

Lemma of_Z_eq0 a : of_Z a = 0 -> Z.eqb a 0.
Proof.
move=> a0; apply: contraT => na; have : 0 < of_Z (Z.abs a).
  by apply: of_Z_gt0; case: (a) na.
by rewrite of_Z_abs a0 normr0 ltxx.
Qed.

Lemma of_Z_inj : injective of_Z.
Proof.
move=> a b ab; apply/Z.sub_move_0_r/Z.eqb_eq/of_Z_eq0.
by rewrite of_ZB ab subrr.
Qed.

Lemma of_Z_sum (x : row) k : (size x <= k)%N ->
  of_Z (foldr Z.add Z0 x) = \sum_(i < k) of_Z (nth Z0 x i).
Proof.
elim: x k => [|a x IH] k /= => [_|]; first by rewrite big1 // => i; rewrite nth_nil.
by case: k => // k xk; rewrite big_ord_recl of_ZD (IH k).
Qed.

Lemma of_Z_dot_from s x y k : (size x <= k)%N || (size y <= k)%N ->
  of_Z (dot_from s x y) = of_Z s + \sum_(i < k) of_Z (nth Z0 x i) * of_Z (nth Z0 y i).
Proof.
elim: x y s k => [|a x IH] [|b y] s k H /=;
  try by rewrite big1 ?addr0 // => i _; rewrite nth_nil ?mul0r ?mulr0.
case: k H => // k H; rewrite (IH _ _ k) // big_ord_recl /= of_ZD of_ZM addrA.
by [].
Qed.

Lemma of_Z_dot x y k : (size x <= k)%N || (size y <= k)%N ->
  of_Z (dot x y) = \sum_(i < k) of_Z (nth Z0 x i) * of_Z (nth Z0 y i).
Proof. by move=> H; rewrite /dot (of_Z_dot_from _ H) add0r. Qed.

Lemma nth_merged T (op : T -> T -> T) u x y i : left_id u op -> right_id u op ->
  nth u (merged op x y) i = op (nth u x i) (nth u y i).
Proof.
move=> ul ur; elim: x y i => [|a x IH] [|b y] [|i] //=; by rewrite ?nth_nil ?ul ?ur.
Qed.

Lemma size_merged T (op : T -> T -> T) x y : size (merged op x y) = maxn (size x) (size y).
Proof.
by elim: x y => [|a x IH] [|b y] //=; rewrite ?max0n ?maxn0 ?IH ?maxnSS.
Qed.

Lemma nth_plus_row x y i : nth Z0 (plus_row x y) i = Z.add (nth Z0 x i) (nth Z0 y i).
Proof. by apply: nth_merged; [exact: Z.add_0_l|exact: Z.add_0_r]. Qed.

Lemma nth_plus A B i : nth [::] (plus A B) i = plus_row (nth [::] A i) (nth [::] B i).
Proof. by apply: nth_merged => //; case. Qed.

Lemma nth_times_row x y i : nth Z0 (times_row x y) i = Z.mul (nth Z0 x i) (nth Z0 y i).
Proof.
elim: x y i => [|a x IH] [|b y] [|i] //=; rewrite ?nth_nil //.
all: by rewrite ?Z.mul_0_r.
Qed.

(* A map that takes the default to the default needs no length. *)
Lemma nth_map0 S T (s0 : S) (t0 : T) f x i : f s0 = t0 -> nth t0 (map f x) i = f (nth s0 x i).
Proof.
move=> f0; have [ix|xi] := ltnP i (size x); first exact: nth_map.
by rewrite !nth_default // size_map.
Qed.

Section Shapes.
Variables p q r : nat.
Implicit Types A B : rows.

Lemma matrix_ofE A (i : 'I_p) (j : 'I_q) : M p q A i j = of_Z (nth Z0 (nth [::] A i) j).
Proof. by rewrite mxE. Qed.

Lemma matrix_of_plus A B : M p q (plus A B) = M p q A + M p q B.
Proof. by apply/matrixP => i j; rewrite !mxE nth_plus nth_plus_row of_ZD. Qed.

Lemma matrix_of_scaled k A : M p q (scaled k A) = of_Z k *: M p q A.
Proof.
apply/matrixP => i j; rewrite !mxE (nth_map0 (s0 := [::])) //.
by rewrite (nth_map0 (s0 := Z0)) ?of_ZM // Z.mul_0_r.
Qed.

Lemma nth_size A i (P : pred row) : P [::] -> all P A -> P (nth [::] A i).
Proof.
move=> P0 /allP H; have [iA|Ai] := ltnP i (size A); first exact/H/mem_nth.
by rewrite nth_default.
Qed.

Lemma nth_dots x B j : nth Z0 [seq dot x b | b <- B] j = dot x (nth [::] B j).
Proof. by apply: nth_map0; case: x. Qed.

Lemma matrix_of_products A B :
  all (fun x => (size x <= q)%N) A || all (fun x => (size x <= q)%N) B ->
  M p r (products A B) = M p q A *m (M r q B)^T.
Proof.
move=> H; apply/matrixP => i j; rewrite !mxE.
transitivity (of_Z (dot (nth [::] A i) (nth [::] B j))).
  have [iA|Ai] := ltnP i (size A); first by rewrite (nth_map [::]) // nth_dots.
  by rewrite [nth [::] (products A B) i]nth_default ?[nth [::] A i]nth_default ?size_map
    ?nth_nil.
rewrite (@of_Z_dot _ _ q).
  by apply: eq_bigr => k _; rewrite !mxE.
by case/orP: H => H; [rewrite (nth_size _ _ H)|rewrite (nth_size _ _ H) ?orbT].
Qed.

End Shapes.

Lemma size_prepended x columns : size (prepended x columns) = size columns.
Proof. by elim: columns x => [|column columns IH] [|a x] //=; rewrite IH. Qed.

Lemma nth_prepended x columns j : (j < size columns)%N ->
  nth [::] (prepended x columns) j = nth Z0 x j :: nth [::] columns j.
Proof.
elim: columns x j => [|column columns IH] [|a x] [|j] //= H; rewrite IH //.
by rewrite nth_nil.
Qed.

Lemma size_transposed q A : size (transposed q A) = q.
Proof. by elim: A => [|x A IH]; rewrite /= ?size_nseq ?size_prepended. Qed.

Lemma nth_transposed q A i j : (j < q)%N ->
  nth Z0 (nth [::] (transposed q A) j) i = nth Z0 (nth [::] A i) j.
Proof.
move=> jq; elim: A i => [|x A IH] i /=; first by rewrite nth_nseq jq !nth_nil.
by rewrite nth_prepended ?size_transposed //; case: i => [|i] //=.
Qed.

Lemma matrix_of_transposed p q A : M q p (transposed q A) = (M p q A)^T.
Proof. by apply/matrixP => i j; rewrite !mxE nth_transposed. Qed.

Lemma size_products A B : size (products A B) = size A.
Proof. exact: size_map. Qed.

Lemma products_rows p A B : size B = p -> all (fun x => size x == p) (products A B).
Proof. by move=> Bp; apply/allP => x /mapP[a _ ->]; rewrite size_map Bp. Qed.

Lemma scaled_rows p s A : all (fun x => size x == p) A -> all (fun x => size x == p) (scaled s A).
Proof. by move=> H; rewrite all_map; apply: sub_all H => x /=; rewrite size_map. Qed.

Lemma transposed_rows q A : all (fun x => size x == size A) (transposed q A).
Proof.
elim: A => [|x A] /=; first by apply/allP => x /nseqP[->].
move: (transposed q A) => T; elim: T x => [|column T IH] x //= /andP[H HT].
by case: x => [|a x] /=; rewrite eqSS H IH.
Qed.

Lemma matrix_of_cat p p' q A B : size A = p ->
  M (p + p') q (A ++ B) = col_mx (M p q A) (M p' q B).
Proof.
move=> Ap; apply/matrixP => i j; rewrite !mxE nth_cat Ap.
by case: splitP => k ik; rewrite mxE ik // addKn.
Qed.

Lemma matrix_of_beside p q q' A B : size A = p -> size B = p ->
  all (fun x => size x == q) A ->
  M p (q + q') (beside A B) = row_mx (M p q A) (M p q' B).
Proof.
move=> Ap Bp H; apply/matrixP => i j; rewrite !mxE.
rewrite (nth_map ([::], [::])) ?size_zip ?Ap ?Bp ?minnn // nth_zip ?Ap ?Bp //= nth_cat.
have /eqP -> : size (nth [::] A i) == q by apply: (allP H); rewrite mem_nth ?Ap.
by case: splitP => k jk; rewrite mxE jk // addKn.
Qed.

Lemma nth_diagonal k a i j : (i < k)%N ->
  nth Z0 (nth [::] (diagonal k a) i) j = if i == j then a else Z0.
Proof.
move=> ik; rewrite nth_mkseq // nth_ncons eq_sym.
case: ltngtP => // [ij|->]; last by rewrite subnn.
by rewrite nth_default //= subn_gt0.
Qed.

Lemma matrix_of_diagonal k a : M k k (diagonal k a) = (of_Z a)%:M.
Proof.
apply/matrixP => i j; rewrite !mxE nth_diagonal //.
by rewrite -(inj_eq (@ord_inj k)); case: eqP.
Qed.

Lemma matrix_of_zeros p q p' q' : M p q (nseq p' (nseq q' Z0)) = 0.
Proof.
apply/matrixP => i j; rewrite !mxE nth_nseq.
by case: ifP => _; rewrite ?nth_nseq ?nth_nil //; case: ifP.
Qed.

(* A list as a row. *)
Definition row_of k (x : Checker.row) : 'rV[R]_k := \row_j of_Z (nth Z0 x j).

Lemma matrix_of_row k x : M 1 k [:: x] = row_of k x.
Proof. by apply/matrixP => i j; rewrite ord1 !mxE. Qed.

Lemma row_of_cat p q x y : size x = p -> row_of (p + q) (x ++ y) = row_mx (row_of p x) (row_of q y).
Proof.
move=> xp; apply/matrixP => i j; rewrite !mxE nth_cat xp.
by case: splitP => k jk; rewrite mxE jk // addKn.
Qed.

Lemma row_of_nseq k a : row_of k (nseq k a) = const_mx (of_Z a).
Proof. by apply/matrixP => i j; rewrite !mxE nth_nseq ltn_ord. Qed.

Lemma row_of_plus k x y : row_of k (plus_row x y) = row_of k x + row_of k y.
Proof. by apply/matrixP => i j; rewrite !mxE nth_plus_row of_ZD. Qed.

Lemma row_of_scaled k a x : row_of k (map (Z.mul a) x) = of_Z a *: row_of k x.
Proof. by apply/matrixP => i j; rewrite !mxE (nth_map0 (s0 := Z0)) ?Z.mul_0_r // of_ZM. Qed.

End Reading.
