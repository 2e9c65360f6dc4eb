(* What phases bound a direction by: the estimates of Theorem 19(a) of ../05-phases.md, over any
   real field. The length of u is rho, and not 1, so that both sides are quadratic forms. *)

From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Majorants.

Variable R : realFieldType.
Implicit Types a b s c k t w q p : R.

(* s t + c t^2 + k, for a length rho. *)
Definition quadratic s c k (rho t : R) : R := s * (rho * t) + c * t ^+ 2 + k * rho ^+ 2.

Lemma quadratic_ge0 s c k rho t : 0 <= c -> 0 <= k -> s * s <= 4%:R * (c * k) ->
  0 <= quadratic s c k rho t.
Proof.
rewrite le_eqVlt => /orP[/eqP <-|c0] k0 disc.
  have /eqP s0 : s == 0.
    by rewrite -sqrf_eq0 eq_le sqr_ge0 andbT expr2; move: disc; rewrite mul0r mulr0.
  by rewrite /quadratic s0 !mul0r !add0r mulr_ge0 ?sqr_ge0.
have c4 : 0 < 4%:R * c by rewrite mulr_gt0 ?ltr0n.
rewrite -subr_ge0 in disc; rewrite -(pmulr_rge0 _ c4) /quadratic.
apply: ge0_eq (addr_ge0 (sqr_ge0 (2%:R * c * t + s * rho)) (mulr_ge0 disc (sqr_ge0 rho))) _; ring.
Qed.

(* A point of either sign. *)
Theorem mixed_majorant w s c k rho t : 0 <= c -> 0 <= k -> s * s <= 4%:R * (c * k) ->
  w <= 2%:R * s -> 0 <= rho -> rho * (w * relu t) <= quadratic s c k rho t.
Proof.
move=> c0 k0 disc ws rho0; rewrite -subr_ge0 in ws.
have [t0|t0] := leP 0 t; rewrite /relu; last first.
  by rewrite max_l ?(ltW t0) // !mulr0 quadratic_ge0.
rewrite max_r //; rewrite -subr_ge0.
have opposite : 0 <= quadratic (- s) c k rho t by apply: quadratic_ge0; rewrite ?mulrNN.
apply: ge0_eq (addr_ge0 opposite (mulr_ge0 (mulr_ge0 rho0 t0) ws)) _; rewrite /quadratic; ring.
Qed.

Lemma le_of_squares a b : 0 <= b -> a ^+ 2 <= b ^+ 2 -> a <= b.
Proof.
move=> b0 ab; have [a0|a0] := leP 0 a; first by rewrite -(@ler_pexpn2r _ 2) ?nnegrE.
exact: le_trans (ltW a0) b0.
Qed.

(* A point with a negative weight, from below its ReLU; |t| is at most the length of x times rho. *)
Theorem negative_majorant w s c k rho t (size : R) : 0 <= k -> s <= 0 -> w <= s -> 0 <= rho ->
  c ^+ 2 * size <= s ^+ 2 -> c ^+ 2 * size <= (s - w) ^+ 2 -> t ^+ 2 <= size * rho ^+ 2 ->
  rho * (w * relu t) <= quadratic s c k rho t.
Proof.
move=> k0 s0 ws rho0 low high near; rewrite -subr_ge0 in ws.
have steep b : 0 <= b -> c ^+ 2 * size <= b ^+ 2 -> `|c * t| <= b * rho.
  move=> b0 cb; apply: le_of_squares; first exact: mulr_ge0.
  rewrite real_normK ?num_real // !exprMn; apply: le_trans (ler_wpmul2l (sqr_ge0 c) near) _.
  by rewrite mulrA ler_wpmul2r ?sqr_ge0.
have kr : 0 <= k * rho ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
have [t0|t0] := leP 0 t; rewrite /relu.
  have := steep (s - w) ws high; rewrite ler_norml => /andP[H _]; rewrite -subr_ge0 in H.
  rewrite max_r //; rewrite -subr_ge0.
  by apply: ge0_eq (addr_ge0 (mulr_ge0 t0 H) kr) _; rewrite /quadratic; ring.
rewrite max_l ?(ltW t0) // !mulr0; rewrite -oppr_ge0 in s0.
have := steep (- s) s0; rewrite sqrrN => /(_ low); rewrite ler_norml => /andP[_ H].
rewrite -subr_ge0 in H; have nt : 0 <= - t by rewrite oppr_ge0 ltW.
apply: ge0_eq (addr_ge0 (mulr_ge0 nt H) kr) _; rewrite /quadratic; ring.
Qed.

(* A point whose sign is fixed. *)
Theorem active_majorant w s c k rho t : 0 <= c -> 0 <= k -> w <= s -> 0 <= rho -> 0 <= t ->
  rho * (w * relu t) <= quadratic s c k rho t.
Proof.
move=> c0 k0 ws rho0 t0; rewrite -subr_ge0 in ws; rewrite /relu max_r // -subr_ge0.
have ct : 0 <= c * t ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
have kr : 0 <= k * rho ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
apply: ge0_eq (addr_ge0 (mulr_ge0 ws (mulr_ge0 rho0 t0)) (addr_ge0 ct kr)) _.
by rewrite /quadratic; ring.
Qed.

Theorem inactive_majorant w s c k rho t : 0 <= c -> 0 <= k -> s <= 0 -> 0 <= rho -> t <= 0 ->
  rho * (w * relu t) <= quadratic s c k rho t.
Proof.
move=> c0 k0 s0 rho0 t0; rewrite /relu max_l // !mulr0; rewrite -oppr_ge0 in s0.
rewrite -oppr_ge0 in t0.
have ct : 0 <= c * t ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
have kr : 0 <= k * rho ^+ 2 by rewrite mulr_ge0 ?sqr_ge0.
apply: ge0_eq (addr_ge0 (mulr_ge0 s0 (mulr_ge0 rho0 t0)) (addr_ge0 ct kr)) _.
by rewrite /quadratic; ring.
Qed.

Lemma relu_leD a b : relu (a + b) <= relu a + relu b.
Proof.
rewrite /relu le_maxl addr_ge0 ?le_maxr ?lexx //=.
by apply: ler_add; rewrite le_maxr lexx orbT.
Qed.

(* A pair of points: p and |q| of what their neurons have, for a term in p t - q t'. *)
Theorem pair_majorant p q s c k rho t t' : 0 <= p -> 0 <= s -> 0 <= c -> 0 <= k ->
  s * s <= 4%:R * (c * k) -> 0 <= rho ->
  rho * (2%:R * s * (p * relu t - `|q| * relu t')) <=
    s * (rho * (p * t - `|q| * t')) + c * (p * t - q * t') ^+ 2 + k * rho ^+ 2.
Proof.
move=> p0 s0 c0 k0 disc rho0; set Delta := p * t - q * t'.
have := @mixed_majorant (2%:R * s) s c k rho Delta c0 k0 disc (lexx _) rho0.
rewrite /quadratic => bound; have s2 : 0 <= 2%:R * s by rewrite mulr_ge0 ?ler0n.
have [q0|q0] := leP 0 q.
  rewrite ger0_norm // -/Delta; apply: le_trans _ bound.
  rewrite ler_wpmul2l // ler_wpmul2l // ler_subl_addr -!relu_scale //.
  by apply: le_trans (relu_leD _ _); rewrite subrK.
have nq : 0 <= - q by rewrite oppr_ge0 ltW.
rewrite ltr0_norm // -subr_ge0; rewrite -subr_ge0 in bound.
have sub : 0 <= relu Delta + - q * relu (- t') - p * relu t.
  rewrite subr_ge0 -!relu_scale //; apply: le_trans (relu_leD _ _).
  by rewrite /Delta mulrNN addrNK.
have reluE := reluN t'.
apply: ge0_eq (addr_ge0 bound (mulr_ge0 rho0 (mulr_ge0 s2 sub))) _.
have -> : relu (- t') = relu t' - t' by rewrite -[X in _ - X]reluE opprB addrCA subrr addr0.
rewrite /Delta; move: (relu t) (relu t') (relu _) => a b e; ring.
Qed.

End Majorants.
