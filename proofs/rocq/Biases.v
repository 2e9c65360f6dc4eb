(* A hidden bias that is not decayed, as a bounded number beside u or in a long column: Theorems 51
   and 41 of ../11-regions.md and ../09-losses-and-biases.md, over any real closed field. *)

From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ring.
From Certnn Require Import Statement Duality.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : rcfType.

Definition norm p q (A : 'M[R]_(p, q)) : R := Num.sqrt (square A).

Lemma norm_ge0 p q (A : 'M[R]_(p, q)) : 0 <= norm A.
Proof. exact: sqrtr_ge0. Qed.

Lemma norm_square p q (A : 'M[R]_(p, q)) : norm A ^+ 2 = square A.
Proof. by rewrite sqr_sqrtr // square_ge0. Qed.

Lemma square_eq0 p q (A : 'M[R]_(p, q)) : square A = 0 -> A = 0.
Proof.
have sq i j : 0 <= A i j * A i j by rewrite -expr2 sqr_ge0.
move=> A0; apply/matrixP => i j; rewrite mxE.
have /(_ i isT) := psumr_eq0P (fun i _ => sumr_ge0 _ (fun j _ => sq i j)) A0.
move/(psumr_eq0P (fun j _ => sq i j))/(_ j isT)/eqP.
by rewrite mulf_eq0 orbb => /eqP.
Qed.

Lemma cauchy_schwarz p q (A B : 'M[R]_(p, q)) : inner A B ^+ 2 <= square A * square B.
Proof.
have [B0|B0] := eqVneq (square B) 0.
  by rewrite (square_eq0 B0) innerC -[0](scale0r (0 : 'M[R]_(p, q))) innerZl mul0r expr0n mulr_ge0
    ?square_ge0.
have B1 : 0 < square B by rewrite lt_def B0 square_ge0.
rewrite -subr_ge0 -(pmulr_rge0 _ B1).
have := square_ge0 (square B *: A - inner A B *: B).
rewrite {1}/square !(innerDl, innerDr, innerNl, innerNr, innerZl, innerZr) -!squareE.
by move/ge0_eq; apply; rewrite (innerC B A); ring.
Qed.

Lemma inner_le_norms p q (A B : 'M[R]_(p, q)) r : 0 <= r -> square A <= r ^+ 2 ->
  `|inner A B| <= r * norm B.
Proof.
move=> r0 Ar; rewrite -(@ler_pexpn2r _ 2) // ?nnegrE ?mulr_ge0 ?norm_ge0 //.
rewrite real_normK ?num_real // exprMn norm_square; apply: le_trans (cauchy_schwarz A B) _.
by rewrite ler_wpmul2r ?square_ge0.
Qed.

Section Free.

Variables (n d c : nat) (X : 'M[R]_(n, d)) (Z : 'M[R]_(n, c)).
Variable balanced : (const_mx 1 : 'rV[R]_n) *m Z = 0.

Definition shifted (P : 'cV[R]_n) (s : R) : 'cV[R]_n := map_mx (@relu R) (P + const_mx s).

Lemma clipped (P : 'cV[R]_n) b s : 0 <= b -> (forall i, `|P i 0| <= b) ->
  exists2 t, `|t| <= b & forall v, inner (shifted P s) (Z *m v) = inner (shifted P t) (Z *m v).
Proof.
move=> b0 Pb; have P1 i : - b <= P i 0 <= b by rewrite -ler_norml.
have [bs|sb] := leP b s; last have [{}sb|bs] := leP s (- b).
- exists b => [|v]; first by rewrite ger0_norm.
  have E t : b <= t -> shifted P t = P + t *: const_mx 1.
    move=> bt; apply/matrixP => i j; rewrite ord1 !mxE mulr1 /relu max_r //.
    have /andP[Pi _] := P1 i; rewrite -[P i 0]opprK addrC subr_ge0.
    by apply: le_trans bt; rewrite ler_oppl.
  rewrite !E // !innerDl !innerZl; suff -> : inner (const_mx 1) (Z *m v) = 0 by rewrite !mulr0.
  rewrite innerE trmx_const mulmxA balanced mul0mx mxE.
  by [].
- exists (- b) => [|v]; first by rewrite normrN ger0_norm.
  have E t : t <= - b -> shifted P t = 0.
    move=> tb; apply/matrixP => i j; rewrite ord1 !mxE /relu max_l //.
    have /andP[_ Pi] := P1 i; rewrite -[t]opprK subr_le0.
    by apply: le_trans Pi _; rewrite ler_oppr.
  by rewrite !E.
by exists s => //; rewrite ler_norml (ltW bs) (ltW sb).
Qed.

(* Theorem 51(a): the points are in a ball around m. *)
Theorem free_bias (m : 'rV[R]_d) (r : R) (u : 'cV[R]_d) (h : 'rV[R]_1) :
  0 <= r -> (forall i, square (row i X - m) <= r ^+ 2) ->
  exists2 g, g ^+ 2 <= square u & forall v, inner (neurons X u h) (Z *m v) =
    inner (shifted ((X - const_mx 1 *m m) *m u) (r * g)) (Z *m v).
Proof.
move=> r0 Xr; set P := _ *m u.
have PE i : P i 0 = inner (row i X - m)^T u.
  rewrite innerE trmxK mxE [RHS]mxE; apply: eq_bigr => j _.
  by rewrite !mxE big_ord1 !mxE mul1r.
have Pb i : `|P i 0| <= r * norm u.
  by rewrite PE; apply: inner_le_norms => //; rewrite square_tr.
have hE : neurons X u h = shifted P (h 0 0 + (m *m u) 0 0).
  rewrite /neurons /layer /shifted /P mulmxBl -mulmxA; move: (X *m u) (m *m u) => A s.
  apply/matrixP => i j; rewrite ord1 !mxE !big_ord1 !mxE; congr relu.
  by rewrite !mul1r -[RHS]addrA [- _ + _]addrC addrK.
have [t tb E] := clipped (h 0 0 + (m *m u) 0 0) (mulr_ge0 r0 (norm_ge0 u)) Pb.
exists (if r == 0 then 0 else t / r) => [|v].
  case: eqP => [_|/eqP r1]; first by rewrite expr0n square_ge0.
  have rp : 0 < r by rewrite lt_def r1.
  rewrite -norm_square -[(t / r) ^+ 2]real_normK ?num_real //.
  rewrite ler_pexpn2r // ?nnegrE ?norm_ge0 // normrM normfV (ger0_norm r0).
  by rewrite ler_pdivr_mulr // mulrC.
rewrite hE E; congr inner; congr shifted; case: eqP => [r1|/eqP r1].
  by apply/eqP; rewrite mulr0 -normr_le0; move: tb; rewrite r1 mul0r.
by rewrite mulrC divfK.
Qed.

(* Theorem 41: a column of T, that is a times as long as any point. *)
Theorem free_column (kappa a T : R) : 0 < a -> 0 < T -> 0 <= kappa ->
  (forall i, a ^+ 2 * square (row i X) <= T ^+ 2) ->
  dual_norm_le (row_mx X (const_mx T : 'cV[R]_n)) Z kappa ->
  neuron_bound Free X Z (kappa * (1 + (2%:R * a ^+ 2)^-1)).
Proof.
move=> a0 T0 k0 XT H u h v _; set t := 1 + _; have a1 : a != 0 by rewrite gt_eqF.
have A0 : 0 <= (2%:R * a ^+ 2)^-1 by rewrite invr_ge0; apply: mulr_ge0; rewrite ?ler0n ?sqr_ge0.
have t0 : 0 < t by apply: (ltr_paddr A0 ltr01).
have Ta : 0 <= T / a by rewrite divr_ge0 // ltW.
have [|g gu E] := @free_bias 0 _ u h Ta.
  move=> i; rewrite subr0 -(ler_pmul2l (exprn_gt0 2 a0)); apply: le_trans (XT i) _.
  by rewrite -subr_ge0; apply: ge0_eq (lexx 0) _; field.
rewrite E mulmx0 subr0; have := H (col_mx u (const_mx (g / a))) (t *: v).
have -> : map_mx (@relu R) (row_mx X (const_mx T : 'cV[R]_n) *m col_mx u (const_mx (g / a))) =
    shifted (X *m u) (T / a * g).
  rewrite mul_row_col /shifted; congr (map_mx _ (_ + _)).
  by apply/matrixP => i j; rewrite !mxE big_ord1 !mxE; ring.
have -> : square (col_mx u (const_mx (g / a) : 'cV_1)) = square u + (g / a) ^+ 2.
  rewrite /square /inner big_split_ord /= big_ord1; congr (_ + _).
    by apply: eq_bigr => i _; apply: eq_bigr => j _; rewrite col_mxEu.
  by rewrite big_ord1 !col_mxEd !mxE expr2.
rewrite -scalemxAr innerZr [square (t *: v)]squareE innerZl innerZr -squareE /= addr0.
set I := inner _ _; rewrite -subr_ge0 => K.
rewrite -subr_ge0 -(pmulr_rge0 _ t0); rewrite -subr_ge0 in gu.
have G : 0 <= kappa * (square u - g ^+ 2) / a ^+ 2 by rewrite divr_ge0 ?sqr_ge0 ?mulr_ge0.
have S : 0 <= kappa * square u * ((2%:R * a ^+ 2)^-1) ^+ 2.
  by rewrite mulr_ge0 ?sqr_ge0 // mulr_ge0 ?square_ge0.
by apply: ge0_eq (addr_ge0 (addr_ge0 K G) S) _; rewrite /t; field.
Qed.

End Free.
End Theory.
