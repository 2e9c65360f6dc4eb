(* What a rounded factor or elimination accepts is positive semidefinite, over every real field. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Reading PsdCheckerSound Definite Elimination.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : realFieldType.
Notation of_Z := (@of_Z R).

Lemma nth_reduced a first x j : nth Z0 (reduced a first x) j =
  Z.add (Z.mul a (nth Z0 x j.+1)) (Z.mul (Z.opp (nth Z0 x 0)) (nth Z0 first j)).
Proof.
case: x => [|lead x] /=; first by rewrite nth_nil Z.mul_0_r.
rewrite nth_plus_row !(nth_map0 (s0 := Z0)) ?Z.mul_0_r //.
Qed.

Lemma reduced_arithmetic (a x0 L Q q S p : R) : q = a * (x0 * x0) + x0 * L + (L * x0 + Q) ->
  p * S = a * Q - L * L -> a * q = (a * x0 + L) ^+ 2 + p * S.
Proof. by move=> -> ->; ring. Qed.

Lemma eliminated_sound order previous S : eliminated order previous S -> positive previous ->
  (forall i j, (i < order)%N -> (j < order)%N -> entry S i j = entry S j i) ->
  forall x : nat -> R, 0 <= \sum_(i < order) \sum_(j < order) of_Z (entry S i j) * (x i * x j).
Proof.
elim: order previous S => [|order IH] previous S accepted p0 sym x; first by rewrite big_ord0.
case: S sym accepted => [//|[//|a first] rest] sym /= /and3P[a0 whole accepted].
set next := map (map _) _ in accepted.
have firstE i : (i < order)%N -> entry rest i 0 = nth Z0 first i by move=> io; exact: (sym i.+1 0%N).
have nextE i j : entry next i j = Z.div (Z.add (Z.mul a (entry rest i j.+1))
    (Z.mul (Z.opp (entry rest i 0)) (nth Z0 first j))) previous.
  rewrite /entry /next (nth_map0 (s0 := [::]) (t0 := [::])) // (nth_map0 (s0 := Z0)) ?Zdiv_0_l //.
  by rewrite (nth_map0 (s0 := [::]) (t0 := [::])) // nth_reduced.
have whole_at i j : divides previous (Z.add (Z.mul a (entry rest i j.+1))
    (Z.mul (Z.opp (entry rest i 0)) (nth Z0 first j))).
  rewrite /entry -nth_reduced; have [ir|ri] := ltnP i (size rest); last first.
    by rewrite [nth [::] rest i]nth_default // nth_nil /divides Zdiv_0_l.
  have := allP whole _ (map_f (reduced a first) (mem_nth [::] ir)) => {}whole.
  have [js|sj] := ltnP j (size (reduced a first (nth [::] rest i))).
    by apply: (allP whole); rewrite mem_nth.
  by rewrite nth_default // /divides Zdiv_0_l.
have sym' i j : (i < order)%N -> (j < order)%N -> entry next i j = entry next j i.
  move=> io jo; rewrite !nextE !firstE //.
  have -> : entry rest i j.+1 = entry rest j i.+1 by exact: (sym i.+1 j.+1).
  by congr (Z.div (Z.add _ _) _); rewrite !Z.mul_opp_l Z.mul_comm.
have := IH a next accepted a0 sym' (fun i => x i.+1).
set Q' := \sum_(i < order) _ => Q0; set q := \sum_(i < order.+1) _.
pose L := \sum_(j < order) of_Z (nth Z0 first j) * x j.+1.
pose Q := \sum_(i < order) \sum_(j < order) of_Z (entry rest i j.+1) * (x i.+1 * x j.+1).
have qE : q = of_Z a * (x 0%N * x 0%N) + x 0%N * L + (L * x 0%N + Q).
  rewrite /q big_ord_recl big_ord_recl; congr (_ + _ + _).
    rewrite /L mulr_sumr; apply: eq_bigr => j _; exact: mulrCA.
  rewrite /L mulr_suml /Q -big_split; apply: eq_bigr => i _; rewrite big_ord_recl.
  congr (_ + _); rewrite -firstE //; exact: mulrA.
have QE : of_Z previous * Q' = of_Z a * Q - L * L.
  rewrite /Q' /Q /L mulr_suml !mulr_sumr -sumrN -big_split; apply: eq_bigr => i _ /=.
  rewrite !mulr_sumr -sumrN -big_split; apply: eq_bigr => j _ /=.
  have /Z.eqb_eq/(congr1 of_Z) := whole_at i j; rewrite -nextE of_ZM of_ZD !of_ZM of_ZN firstE //.
  move: (of_Z (entry next i j)) (of_Z previous) => e p H; rewrite mulrA [p * e]mulrC H; ring.
have := reduced_arithmetic qE QE; have A0 := of_Z_gt0 R a0; rewrite -(pmulr_rge0 _ A0) => ->.
by rewrite addr_ge0 ?sqr_ge0 // mulr_ge0 // ltW // of_Z_gt0.
Qed.

(* The same of a matrix. *)
Lemma eliminated_psd k S (A : 'M[R]_k) : eliminated k 1 S -> A^T = A ->
  (forall i j : 'I_k, A i j = of_Z (entry S i j)) ->
  (forall i j, (i < k)%N -> (j < k)%N -> entry S i j = entry S j i) ->
  forall z, 0 <= bf A z z.
Proof.
move=> accepted symA AE sym z; rewrite bf_sum.
have := eliminated_sound accepted isT sym (fun i => oapp (fun j => z j 0) 0 (insub i)).
move/ge0_eq; apply; apply: eq_bigr => i _; apply: eq_bigr => j _.
by rewrite !valK /= AE; ring.
Qed.

End Theory.

(* A factor that the program finds itself. *)
Section Factor.

Variable R : rcfType.
Notation of_Z := (@of_Z R).

Lemma definite_sound N form (S : 'M[R]_N) : S^T = S ->
  (forall i j : 'I_N, (j <= i)%N -> of_Z (nth Z0 (nth [::] form i) j) = S i j) ->
  definite N form -> forall z, 0 <= bf S z z.
Proof.
move=> symS H; apply: semidefinite_sound symS _ => i j ji.
by rewrite (H i j ji); have -> : of_Z (Zpos xH) = 1 by []; rewrite mul1r.
Qed.

(* Either, of a form with all its entries. *)
Lemma positive_definite_sound N form : (matrix_of R N N form)^T = matrix_of R N N form ->
  positive_definite N form -> forall z, 0 <= bf (matrix_of R N N form) z z.
Proof.
move=> sym /orP[] accepted.
  by apply: definite_sound accepted => [|i j _]; rewrite ?mxE.
apply: (eliminated_psd accepted sym) => [i j|i j iN jN]; first by rewrite mxE.
have := congr1 (fun A : 'M_N => A (Ordinal jN) (Ordinal iN)) sym; rewrite !mxE.
exact: of_Z_inj.
Qed.

End Factor.
