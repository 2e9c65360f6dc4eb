(* What an exponential function gives: the conjugates of the losses logistic and softmax, from upper
   bounds of logarithms. Theorem 39 of ../09-losses-and-biases.md. *)

From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : realFieldType.
Variables exp log : R -> R.
Variable exponential_exp : exponential exp log.
Implicit Types x y : R.

Lemma exp_add x y : exp (x + y) = exp x * exp y.
Proof. by case: exponential_exp. Qed.

Lemma exp_above_line x : 1 + x <= exp x.
Proof. by case: exponential_exp. Qed.

Lemma exp_log x : 0 < x -> exp (log x) = x.
Proof. by case: exponential_exp => _ _; apply. Qed.

Lemma exp_0 : exp 0 = 1.
Proof.
have e0 : exp 0 != 0 by rewrite gt_eqF // (lt_le_trans ltr01) // -[1]addr0 exp_above_line.
by apply: (mulfI e0); rewrite -exp_add addr0 mulr1.
Qed.

Lemma exp_neq0 x : exp x != 0.
Proof.
apply/eqP => e0; have := exp_add x (- x); rewrite subrr exp_0 e0 mul0r => /eqP.
by rewrite oner_eq0.
Qed.

Lemma exp_gt0 x : 0 < exp x.
Proof.
have -> : x = x / 2%:R + x / 2%:R by field.
by rewrite exp_add -expr2 exprn_even_gt0 //= exp_neq0.
Qed.

Lemma exp_le x y : x <= y -> exp x <= exp y.
Proof.
move=> xy; rewrite -(subrK x y) addrC exp_add ler_pmulr ?exp_gt0 //.
by apply: le_trans (exp_above_line _); rewrite ler_addl subr_ge0.
Qed.

Lemma exp_mulrn x k : exp (x *+ k) = exp x ^+ k.
Proof. by elim: k => [|k IH]; rewrite ?exp_0 // mulrS exprS exp_add IH. Qed.

(* The entropy of shares q with logarithms that are at least theirs. *)
Theorem entropy_le (I : finType) (q f r : I -> R) : let total := \sum_i q i in
  (forall i, 0 <= q i) -> (forall i, q i <= total * exp (r i)) -> 0 < \sum_i exp (f i) ->
  \sum_i q i * (f i - r i) <= total * log (\sum_i exp (f i)).
Proof.
move=> total q0 qr S0; set S := \sum_i exp (f i) in S0 *; set L := log S.
have term i : q i + q i * (f i - r i) - q i * L <= total * exp (f i) / S.
  have -> : q i + q i * (f i - r i) - q i * L = q i * (1 + (f i - r i - L)) by ring.
  apply: le_trans (ler_wpmul2l (q0 i) (exp_above_line _)) _.
  apply: le_trans (ler_wpmul2r (ltW (exp_gt0 _)) (qr i)) _.
  rewrite ler_pdivl_mulr // -[X in _ * X <= _](exp_log S0) -!mulrA -!exp_add le_eqVlt.
  by apply/orP; left; apply/eqP; congr (_ * exp _); rewrite /L; ring.
have := ler_sum (index_enum I) (fun i (_ : true) => term i).
rewrite sumrB big_split /= -!mulr_suml -mulr_sumr -/total -/S mulfK ?gt_eqF //.
rewrite -subr_ge0 => H; rewrite -subr_ge0; apply: ge0_eq H _.
by move: (\sum_i q i * _) L {qr term} total => s t u; ring.
Qed.

(* Of a row of softmax: -l*(-w) is at least the entropy of y - w. *)
Lemma softmax_conjugate c (w y f r : 'I_c -> R) : let q j := y j - w j in
  \sum_j w j = 0 -> (forall j, 0 <= q j) -> (forall j, q j <= (\sum_j q j) * exp (r j)) ->
  - (\sum_j q j * r j) <= loss_of_point exp log Softmax y f + \sum_j w j * f j.
Proof.
move=> q w0 q0 qr /=; case: c => [|c] in w y f r q w0 q0 qr *.
  by rewrite !big_ord0 oppr0 addr0.
have S0 : 0 < \sum_j exp (f j).
  rewrite big_ord_recl ltr_paddr ?exp_gt0 //; apply: sumr_ge0 => j _; exact/ltW/exp_gt0.
have := entropy_le q0 qr S0; set L := log _; rewrite -subr_ge0 => H; rewrite -subr_ge0.
have qE : \sum_j q j = \sum_j y j by rewrite sumrB w0 subr0.
rewrite qE in H; apply: ge0_eq H _.
rewrite mulr_suml -!sumrN -!big_split /=.
by apply: eq_bigr => j _; rewrite /q; ring.
Qed.

(* Of an entry of logistic: -l*(-w) is at least the entropy of p = w y and 1 - p. *)
Lemma logistic_conjugate (w y f r s : R) : y ^+ 2 = 1 -> 0 <= w * y -> w * y <= 1 ->
  w * y <= exp r -> 1 - w * y <= exp s ->
  - (w * y * r + (1 - w * y) * s) <= log (1 + exp (- (y * f))) + w * f.
Proof.
move=> y1 p0 p1 pr ps.
have -> : w * f = w * y * (y * f) by rewrite -[LHS]mulr1 -y1; ring.
set p := w * y in p0 p1 pr ps *; set g := y * f.
pose q b := if b then p else 1 - p; pose g' b := if b then - g else 0.
have q1 : \sum_(b : bool) q b = 1 by rewrite big_bool /= addrC subrK.
have S1 : \sum_(b : bool) exp (g' b) = 1 + exp (- g) by rewrite big_bool /= exp_0 addrC.
have := @entropy_le _ q g' (fun b => if b then r else s); rewrite /= q1 S1 big_bool mul1r.
rewrite -subr_ge0 => H; rewrite -subr_ge0; apply: ge0_eq (H _ _ _) _.
- by case; rewrite /q ?subr_ge0.
- by case; rewrite mul1r.
- by rewrite ltr_paddl ?exp_gt0 ?ler01.
by rewrite /q /g' /=; ring.
Qed.

End Theory.
