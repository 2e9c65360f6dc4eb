(* The data of a claim: doubles as integers, and the sums over their entries. *)

From Coq Require Import ZArith Lia.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Reading.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma positive_denominator : positive denominator.
Proof. by vm_compute. Qed.

Lemma numerator0 : numerator Z0 = Z0.
Proof. by vm_compute. Qed.

(* Or unification would write 2^1075 in unary. *)
Global Opaque denominator numerator of_Z.
Global Arguments Z.mul : simpl never.
Global Arguments Z.leb : simpl never.

Lemma nth_whole step A i j :
  nth Z0 (nth [::] (whole step A) i) j = Z.div (numerator (nth Z0 (nth [::] A i) j)) step.
Proof.
rewrite /whole (nth_map0 (s0 := [::]) (t0 := [::])); last by [].
by rewrite (nth_map0 (s0 := Z0) (t0 := Z0)); last by rewrite numerator0 Zdiv_0_l.
Qed.

Lemma is_whole_nth step A i j :
  is_whole step A -> divides step (numerator (nth Z0 (nth [::] A i) j)).
Proof.
move=> /allP H; have D0 : divides step (numerator Z0) by rewrite numerator0 /divides Zdiv_0_l.
have [i1|i1] := ltnP i (size A); last by rewrite [nth [::] _ _]nth_default // nth_nil.
have [j1|j1] := ltnP j (size (nth [::] A i)); last by rewrite nth_default.
by have /andP[] := allP (H _ (mem_nth [::] i1)) _ (mem_nth Z0 j1).
Qed.

Section Theory.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Lemma of_Z_divides u unit : divides u unit -> of_Z unit = of_Z (Z.div unit u) * of_Z u.
Proof. by move=> /Z.eqb_eq H; rewrite -of_ZM H. Qed.

Lemma of_Z_neq0 a : positive a -> of_Z a != 0.
Proof. by move=> a0; rewrite gt_eqF // of_Z_gt0. Qed.

(* The double 1.0, so that the definition is seen to mean what it should. *)
Lemma double_one : double R (Z.shiftl 1023 52) = 1.
Proof.
have E : numerator (Z.shiftl 1023 52) = denominator by vm_compute.
by rewrite /double E divff // of_Z_neq0 // positive_denominator.
Qed.

(* The data. *)

Lemma doubles_whole p q u words : positive u -> divides u denominator ->
  is_whole (Z.div denominator u) words ->
  doubles R p q words = (of_Z u)^-1 *: M p q (whole (Z.div denominator u) words).
Proof.
move=> u0 Hu H; apply/matrixP => i j; rewrite !mxE nth_whole.
have E := of_Z_divides Hu; move/is_whole_nth: H => /(_ i j) /of_Z_divides.
set step := Z.div denominator u in E *; set w := nth Z0 _ _; rewrite /double E => ->.
have : of_Z denominator != 0 by apply: of_Z_neq0; exact: positive_denominator.
rewrite E mulf_eq0 negb_or => /andP[s0 u1].
by field; rewrite s0 u1.
Qed.

Lemma full_size p q A : full p q A -> size A = p.
Proof. by case/andP => /eqP. Qed.

Lemma full_rows p q A : full p q A -> all (fun x => size x == q) A.
Proof. by case/andP. Qed.

Lemma full_within p q A : full p q A -> all (fun x => (size x <= q)%N) A.
Proof. by case/andP => _; apply: sub_all => x /eqP ->. Qed.

Lemma with_columnE n d number X : full n d X ->
  M n (d + 1) (with_column n number X) = row_mx (M n d X) (const_mx (of_Z number)).
Proof.
move=> FX; rewrite matrix_of_beside ?size_nseq ?(full_size FX) ?(full_rows FX) //.
by congr row_mx; apply/matrixP => i j; rewrite !mxE nth_nseq ltn_ord ord1.
Qed.

(* Entries and sums. *)

Lemma all_entries_nth fits n c A B (i : 'I_n) (j : 'I_c) : all_entries fits A B ->
  full n c A -> full n c B ->
  fits (nth Z0 (nth [::] A i) j) (nth Z0 (nth [::] B i) j).
Proof.
move=> /allP H FA FB.
have size_row C : full n c C -> size (nth [::] C i) = c.
  by move=> FC; apply/eqP/(allP (full_rows FC)); rewrite mem_nth ?(full_size FC).
have := H (nth [::] A i, nth [::] B i); rewrite -nth_zip ?(full_size FA) ?(full_size FB) //.
move=> /(_ (mem_nth _ _)); rewrite size_zip (full_size FA) (full_size FB) minnn => /(_ _)/allP.
move=> /(_ (ltn_ord i)); rewrite nth_zip ?(full_size FA) ?(full_size FB) //= => Hi.
have := Hi (nth Z0 (nth [::] A i) j, nth Z0 (nth [::] B i) j).
rewrite -nth_zip ?size_row // => /(_ (mem_nth _ _)); rewrite nth_zip ?size_row //=; apply.
by rewrite size_zip !size_row // minnn.
Qed.

Lemma of_Z_inner n c A B : size A = n -> size B = n -> all (fun x => (size x <= c)%N) A ->
  of_Z (foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip A B]) = inner (M n c A) (M n c B).
Proof.
move=> An Bn H; have Sn : size (zip A B) = n by rewrite size_zip An Bn minnn.
rewrite (@of_Z_sum _ _ n) ?size_map ?Sn //; apply: eq_bigr => i _.
rewrite (nth_map ([::], [::])) ?Sn // nth_zip ?An ?Bn //= (@of_Z_dot _ _ _ c).
  by apply: eq_bigr => k _; rewrite !mxE.
by rewrite (nth_size _ _ H).
Qed.

Lemma column_sumsE n c Z' (j : 'I_c) : full n c Z' ->
  of_Z (nth Z0 (column_sums c Z') j) = ((const_mx 1 : 'rV[R]_n) *m M n c Z') 0 j.
Proof.
move=> FZ; rewrite (nth_map0 (s0 := [::])) // (@of_Z_sum _ _ n).
  by rewrite mxE; apply: eq_bigr => i _; rewrite nth_transposed // !mxE mul1r.
rewrite (eqP (allP (transposed_rows c Z') _ (mem_nth _ _))) ?size_transposed //.
by rewrite (full_size FZ).
Qed.

(* Sums over lists. *)

Lemma of_Z_sum_seq x : of_Z (foldr Z.add Z0 x) = \sum_(a <- x) of_Z a.
Proof. by elim: x => [|a x IH]; rewrite ?big_nil ?big_cons //= of_ZD IH. Qed.

Lemma sum_zip S T s0 t0 (x : seq S) (t : seq T) k (g : S -> T -> R) : size x = k -> size t = k ->
  \sum_(e <- zip x t) g e.1 e.2 = \sum_(i < k) g (nth s0 x i) (nth t0 t i).
Proof.
move=> xk tk; rewrite (big_nth (s0, t0)) size_zip xk tk minnn big_mkord.
by apply: eq_bigr => i _; rewrite nth_zip ?xk.
Qed.

Lemma size_row n c A i : full n c A -> (i < n)%N -> size (nth [::] A i) = c.
Proof. by move=> FA ni; apply/eqP/(allP (full_rows FA)); rewrite mem_nth ?(full_size FA). Qed.

Lemma part_le_sum a x : all (Z.leb 0) x -> a \in x -> Z.leb a (foldr Z.add Z0 x).
Proof.
move=> x0; have sum0 t : all (Z.leb 0) t -> Z.le 0 (foldr Z.add Z0 t).
  by elim: t => [|b t IH] //= /andP[/Z.leb_le b0 /IH]; lia.
elim: x x0 => [|b x IH] //= /andP[/Z.leb_le b0 x0]; rewrite inE => /orP[/eqP ->|/(IH x0)].
  by apply/Z.leb_le; have := sum0 x x0; lia.
by move=> /Z.leb_le ax; apply/Z.leb_le; lia.
Qed.

Lemma le_of_Z a b : of_Z a <= of_Z b -> Z.leb a b.
Proof.
case: (Z.leb_spec a b) => // /Z.lt_0_sub/Z.ltb_lt/(of_Z_gt0 R).
by rewrite of_ZB subr_gt0 ltNge => /negP.
Qed.

End Theory.
