(* What Logarithms.v computes are upper bounds of logarithms, for any exponential function. *)

From Coq Require Import ZArith.
From Certnn Require Import Logarithms Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Exponential Reading.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

(* Or unification would write large numbers in unary. *)
Global Opaque of_Z unit_64 unit_128 unit_256.

Lemma shifted_up a k : Z.leb 0 k -> Z.shiftl a k = Z.mul a (Z.shiftl 1 k).
Proof. by move=> /Z.leb_le k0; rewrite !Z.shiftl_mul_pow2 // Z.mul_1_l. Qed.

Lemma rounded_up_ge a b : positive b -> Z.leb a (Z.mul (rounded_up a b) b).
Proof.
move=> /Z.ltb_lt b0; have := Z.mul_div_le (Z.opp a) b b0.
move=> H; apply/Z.leb_le; rewrite /rounded_up Z.mul_opp_l Z.mul_comm; apply/Z.opp_le_mono.
by rewrite Z.opp_involutive.
Qed.

Lemma rounded_down_le a : Z.leb (Z.mul (Z.shiftr a more_digits) unit_256) a.
Proof.
rewrite Z.shiftr_div_pow2 // -[unit_256]/(Z.shiftl 1 more_digits) Z.shiftl_1_l Z.mul_comm.
exact/Z.leb_le/Z.mul_div_le.
Qed.

Section Theory.

Variable R : realFieldType.
Variables exp log : R -> R.
Variable E : exponential exp log.
Notation of_Z := (@of_Z R).

Lemma of_Z_power k : of_Z (Z.shiftl 1 (Z.of_nat k)) = 2%:R ^+ k.
Proof.
rewrite Z.shiftl_1_l; elim: k => [|k IH] //.
by rewrite Nat2Z.inj_succ Z.pow_succ_r ?of_ZM ?IH ?exprS //; exact: Nat2Z.is_nonneg.
Qed.

Lemma unit_128E : of_Z unit_128 = 2%:R ^+ (2 ^ 7).
Proof. exact: (of_Z_power 128). Qed.

Lemma unit_256E : of_Z unit_256 = of_Z unit_128 ^+ 2.
Proof. by rewrite unit_128E -exprM; exact: (of_Z_power 256). Qed.

Lemma unit_128_gt0 : 0 < of_Z unit_128.
Proof. by rewrite unit_128E exprn_gt0 ?ltr0n. Qed.

Lemma unit_256_gt0 : 0 < of_Z unit_256.
Proof. by rewrite unit_256E exprn_gt0 ?unit_128_gt0. Qed.

Lemma squarings_sound level power (t : R) :
  0 <= of_Z power -> of_Z power <= of_Z unit_256 * exp t ->
  0 <= of_Z (squarings level power) /\
  of_Z (squarings level power) <= of_Z unit_256 * exp (t * 2%:R ^+ (2 ^ level)).
Proof.
have U0 := unit_256_gt0.
elim: level power t => [|level IH] power t p0 pt; last first.
  have [p1 pt1] := IH power t p0 pt; have [p2 pt2] := IH _ _ p1 pt1.
  by rewrite expnS mul2n -addnn exprD mulrA; split.
rewrite expn0 expr1 /=; set down := Z.shiftr _ _.
have down_le : of_Z down * of_Z unit_256 <= of_Z power ^+ 2.
  by rewrite expr2 -!of_ZM; apply/of_Z_le/rounded_down_le.
split.
  apply: of_Z_ge0; apply/Z.leb_le/Z.shiftr_nonneg/Z.square_nonneg.
rewrite -(ler_pmul2r U0); apply: le_trans down_le _.
apply: le_trans (_ : (of_Z unit_256 * exp t) ^+ 2 <= _).
  by rewrite ler_pexpn2r // ?nnegrE // mulr_ge0 ?(ltW U0) // ltW // (exp_gt0 E).
rewrite mulr_natr mulr2n (exp_add E); move: (of_Z unit_256) (exp t) => u x.
by rewrite le_eqVlt; apply/orP; left; apply/eqP; ring.
Qed.

Lemma exp_below_sound number :
  of_Z (exp_below number) <= of_Z unit_256 * exp (of_Z number / of_Z unit_128).
Proof.
have [U0 V0] := (unit_256_gt0, unit_128_gt0).
rewrite /exp_below; set base := Z.max _ _.
have base0 : 0 <= of_Z base by apply/of_Z_ge0/Z.leb_le/Z.le_max_l.
have below : of_Z base <= of_Z unit_256 * exp (of_Z number / of_Z unit_256).
  rewrite /base; case: (Z.max_spec 0 (Z.add unit_256 number)) => -[_ ->]; last first.
    by rewrite of_Z0; exact: mulr_ge0 (ltW U0) (ltW (exp_gt0 E _)).
  rewrite of_ZD; move: (of_Z unit_256) (of_Z number) U0 => u x U0.
  apply: le_trans (ler_wpmul2l (ltW U0) (exp_above_line E _)).
  by rewrite le_eqVlt; apply/orP; left; apply/eqP; field; rewrite gt_eqF.
have -> : of_Z number / of_Z unit_128 = of_Z number / of_Z unit_256 * 2%:R ^+ (2 ^ 7).
  have := V0; rewrite unit_256E unit_128E; move: (2%:R ^+ _) (of_Z number) => u x u0.
  by field; rewrite gt_eqF.
by have [_] := squarings_sound 7 base0 below.
Qed.

(* Of a guess g, and of power below its exponential: exp(x) >= 1 + x does the rest. *)
Lemma corrected_guess (p q ratio power g step U V : R) :
  0 < U -> 0 < V -> 0 <= q -> 0 <= power ->
  p * U <= ratio * q -> ratio * V <= step * power -> power <= U * exp (g / V) ->
  p <= q * exp ((g + step - V) / V).
Proof.
move=> U0 V0 q0 power0 ratio_ge step_ge below; pose factor := V * exp (step / V - 1).
have step_le : step <= factor.
  have := ler_wpmul2l (ltW V0) (exp_above_line E (step / V - 1)); apply: le_trans.
  by rewrite le_eqVlt; apply/orP; left; apply/eqP; field; rewrite gt_eqF.
have factor0 : 0 <= factor by exact: mulr_ge0 (ltW V0) (ltW (exp_gt0 E _)).
have product : ratio * V <= factor * (U * exp (g / V)).
  by apply: le_trans step_ge (le_trans (ler_wpmul2r power0 step_le) (ler_wpmul2l factor0 below)).
have -> : (g + step - V) / V = g / V + (step / V - 1) by field; rewrite gt_eqF.
rewrite (exp_add E) -(ler_pmul2r U0); apply: le_trans ratio_ge _; rewrite -(ler_pmul2r V0).
move: (ler_wpmul2l q0 product); rewrite /factor -subr_ge0 => H; rewrite -subr_ge0.
by apply: ge0_eq H _; ring.
Qed.

(* Or unification would run them. *)
#[local] Opaque exp_below guessed_log rounded_up.

Lemma log_near_one_sound p q : positive q -> Z.leb p q ->
  of_Z p <= of_Z q * exp (of_Z (log_near_one p q) / of_Z unit_128).
Proof.
move=> q0 pq; have Q0 := ltW (of_Z_gt0 R q0).
have ratio_ge := rounded_up_ge (Z.shiftl p more_digits) q0.
rewrite /log_near_one; move: (rounded_up _ q) ratio_ge => ratio ratio_ge.
move: (guessed_log ratio) => guess; have := exp_below_sound guess.
move: (exp_below guess) => power below.
case: ifP => [power0|_]; last by rewrite of_Z0 mul0r (exp_0 E) mulr1 of_Z_le.
have := rounded_up_ge (Z.shiftl ratio digits) power0.
move: (rounded_up _ power) => step step_ge; rewrite of_ZB of_ZD.
apply: (@corrected_guess _ _ (of_Z ratio) _ _ (of_Z step)) unit_256_gt0 unit_128_gt0 Q0 _ _ _ below.
- by apply/ltW/of_Z_gt0.
- by rewrite -!of_ZM; apply: of_Z_le; rewrite -[unit_256]/(Z.shiftl 1 more_digits) -shifted_up.
by rewrite -!of_ZM; apply: of_Z_le; rewrite -[unit_128]/(Z.shiftl 1 digits) -shifted_up.
Qed.

#[local] Opaque log_near_one.

(* exp(-log_2) is at least 1/2. *)
Lemma log_2_sound : 1 <= 2%:R * exp (- (of_Z log_2 / of_Z unit_128)).
Proof.
have := @log_near_one_sound 1 2 isT isT; rewrite /log_2; move: (log_near_one 1 2) => bound.
by rewrite of_ZN mulNr opprK.
Qed.

#[local] Opaque log_2.

Lemma two_power k : Z.shiftl 1 (Z.of_nat k) = Z.of_nat (2 ^ k).
Proof.
rewrite Z.shiftl_1_l; elim: k => [|k IH] //.
rewrite Nat2Z.inj_succ Z.pow_succ_r ?IH ?expnS ?Nat2Z.inj_mul //; exact: Nat2Z.is_nonneg.
Qed.

Lemma of_Z_nat k : of_Z (Z.of_nat k) = k%:R.
Proof. by elim: k => [|k IH] //; rewrite Nat2Z.inj_succ of_ZD IH mulrSr. Qed.

Lemma halvings (a b l r V : R) k : 0 <= a -> 1 <= 2%:R * exp (- (l / V)) ->
  a * 2%:R ^+ k <= b * exp (r / V) -> a <= b * exp ((r - k%:R * l) / V).
Proof.
move=> a0 half H.
have -> : (r - k%:R * l) / V = r / V + (- (l / V)) *+ k by rewrite -mulr_natr; ring.
rewrite (exp_add E) (exp_mulrn E); move: (exp (- _)) (exp_gt0 E (- (l / V))) half => h h0 half.
have hk : 1 <= (2%:R * h) ^+ k by rewrite exprn_ege1.
apply: le_trans (ler_pemulr a0 hk) _; rewrite exprMn !mulrA.
by rewrite ler_wpmul2r // exprn_ge0 // ltW.
Qed.

Lemma halved_log_sound level p q : positive q -> Z.leb 0 p -> Z.leb p q ->
  of_Z p <= of_Z q * exp (of_Z (halved_log level p q) / of_Z unit_128).
Proof.
move=> q0; elim: level p => [|level IH] p p0 pq; first exact: log_near_one_sound.
rewrite /halved_log -/halved_log two_power; move: (2 ^ level)%N => k.
case: ifP => [shifted|_]; last exact: IH.
have shiftE : Z.shiftl p (Z.of_nat k) = Z.mul p (Z.shiftl 1 (Z.of_nat k)).
  by apply: shifted_up; apply/Z.leb_le; exact: Nat2Z.is_nonneg.
have shifted0 : Z.leb 0 (Z.shiftl p (Z.of_nat k)).
  by apply/Z.leb_le; apply/Z.shiftl_nonneg; apply/Z.leb_le.
have := IH _ shifted0 shifted; rewrite {1}shiftE [of_Z (Z.mul p _)]of_ZM of_Z_power => H.
rewrite of_ZB [of_Z (Z.mul _ _)]of_ZM of_Z_nat.
exact: halvings (of_Z_ge0 R p0) log_2_sound H.
Qed.

(* Theorem 40. *)
Theorem log_above_sound p q : Z.leb 0 p -> Z.leb p q ->
  of_Z p <= of_Z q * exp (of_Z (log_above p q) / of_Z unit_128).
Proof.
move=> p0 pq; have [q0|q1] := boolP (positive q).
  rewrite /log_above; case: (Z.min_spec 0 (halved_log 13 p q)) => -[_ ->].
    by rewrite of_Z0 mul0r (exp_0 E) mulr1 of_Z_le.
  exact: halved_log_sound.
have q00 : q = Z0.
  move: p0 pq q1 => /Z.leb_le p0 /Z.leb_le pq /negP q1.
  apply: Z.le_antisymm; last exact: Z.le_trans p0 pq.
  by apply/Z.nlt_ge => q0; apply: q1; apply/Z.ltb_lt.
have := of_Z_le R pq; rewrite q00 of_Z0 mul0r; exact.
Qed.

End Theory.

Global Opaque log_above.
