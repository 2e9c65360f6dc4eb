(* The form that the checker of RegionsChecker.v makes of a leaf is that of Regions.v. *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Biases Psd Partition Regions Reading ClaimSound.
From Certnn Require Import PsdChecker DirectionsChecker RegionsChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variable R : realFieldType.
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

Notation row_of := (@row_of R).

Lemma matrix_of_diagonal_row k x : size x = k -> M k k (diagonal_of x) = diag_mx (row_of k x).
Proof.
move=> xk; apply/matrixP => i j; rewrite !mxE nth_mkseq ?xk // nth_ncons eq_sym.
rewrite -[j == i](inj_eq val_inj) /=; case: ltngtP => [ij|ji|->].
- by rewrite mulr0n of_Z0.
- by rewrite nth_default //= ?subn_gt0 // mulr0n of_Z0.
by rewrite subnn mulr1n.
Qed.

Section Signs.

Variables (n : nat) (signs : Checker.row).
Variable size_signs : size signs = n.

Definition free_row : 'rV[R]_n := \row_i (Z.eqb (nth Z0 signs i) 0)%:R.

Lemma matrix_of_kept q A : size A = n -> M n q (kept signs A) = diag_mx free_row *m M n q A.
Proof.
move=> An; apply/matrixP => i j; rewrite mul_diag_mx !mxE.
rewrite (nth_map (Z0, [::])) ?size_zip ?size_signs ?An ?minnn // nth_zip ?An //=.
by case: Z.eqb; rewrite ?mul1r // nth_nil mul0r of_Z0.
Qed.

Lemma nth_active A (i : 'I_n) j : size A = n -> of_Z (nth Z0 (nth [::] (active signs A) i) j) =
  if Z.ltb 0 (nth Z0 signs i) then of_Z (nth Z0 (nth [::] A i) j) else 0.
Proof.
move=> An; rewrite (nth_map (Z0, [::])) ?size_zip ?size_signs ?An ?minnn // nth_zip ?An //=.
by case: Z.ltb => //; rewrite nth_nil of_Z0.
Qed.

Lemma nth_inactive A (i : 'I_n) j : size A = n ->
  of_Z (nth Z0 (nth [::] (inactive signs A) i) j) =
  if Z.ltb 0 (nth Z0 signs i) then 0 else - of_Z (nth Z0 (nth [::] A i) j).
Proof.
move=> An; rewrite (nth_map (Z0, [::])) ?size_zip ?size_signs ?An ?minnn // nth_zip ?An //=.
case: Z.ltb => //; first by rewrite nth_nil of_Z0.
by rewrite (nth_map0 (s0 := Z0)) // of_ZN.
Qed.

End Signs.

Section Form.

Variables (beside : bool) (n d : nat) (X : rows) (uX uZ uh height : Z) (sigma signs : Checker.row).
Variables (uN : Z) (Naa Nab Nbb ra rb : rows) (sa sb : Checker.row) (mu nu : Z).
Variable witness : semidefinite_proof.
Let leaf := LeafProof (Multipliers uN Naa Nab Nbb) (NormProducts ra sa rb sb) mu nu witness.
Notation D := (beside + d)%N.
Let N := (n + (D + 1))%N.
Let u_partner := Z.mul uN uX.
Let unit := Z.mul u_partner uX.

Variables (nX : size X = n) (nsigns : size signs = n).
Variables (X0 : of_Z uX != 0) (N0 : of_Z uN != 0) (Z0' : of_Z uZ != 0) (h0 : of_Z uh != 0).
Variables (uZE : of_Z u_partner = of_Z (Z.div u_partner uZ) * of_Z uZ).
Variables (uhE : of_Z unit = of_Z (Z.div unit uh) * of_Z uh).

Let free := free_row n signs.
Let P : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D (active signs X).
Let Q : 'M[R]_(n, D) := (of_Z uX)^-1 *: M n D (inactive signs X).
Let pairs (A : rows) : 'M[R]_n := (of_Z uN)^-1 *: M n n A.
Let vectors (A : rows) : 'M[R]_(n, D) := (of_Z u_partner)^-1 *: M n D A.
Let numbers (x : Checker.row) : 'cV[R]_n := (of_Z u_partner)^-1 *: (row_of n x)^T.
Let weights : 'cV[R]_n := (of_Z uZ)^-1 *: (row_of n sigma)^T.

Let Pl := transposed D (active signs X).
Let Ql := transposed D (inactive signs X).
Let a_list := scaled uX (kept signs (transposed n (plus Naa Nab))) ++
  transposed D (plus (plus (products Naa Pl) (products Nab Ql)) ra) ++
  [:: plus_row sa (map (Z.mul (Z.div u_partner uZ)) sigma)].
Let b_list := scaled uX (kept signs (transposed n Nbb)) ++
  transposed D (plus (products Nbb Ql) rb) ++ [:: sb].

Let pa := partner_a free P Q (pairs Naa) (pairs Nab) (vectors ra) (numbers sa) weights.
Let pb := partner_b free Q (pairs Nbb) (vectors rb) (numbers sb).

Lemma cancelled : of_Z uN * of_Z uX * ((of_Z uN)^-1) * (of_Z uX)^-1 = 1.
Proof. by rewrite mulrAC mulfK // divff. Qed.

Lemma partner0 : of_Z u_partner != 0.
Proof. by rewrite of_ZM mulf_neq0. Qed.

Lemma Pl_within : all (fun x => (size x <= n)%N) Pl.
Proof.
have {1}<- : size (active signs X) = n by rewrite size_map size_zip nsigns nX minnn.
by apply: sub_all (transposed_rows D _) => x /eqP ->.
Qed.

Lemma Ql_within : all (fun x => (size x <= n)%N) Ql.
Proof.
have {1}<- : size (inactive signs X) = n by rewrite size_map size_zip nsigns nX minnn.
by apply: sub_all (transposed_rows D _) => x /eqP ->.
Qed.

Lemma kept_multipliers A : size A = n ->
  M n n (scaled uX (kept signs A)) = of_Z u_partner *: (diag_mx free *m pairs A).
Proof.
move=> An; rewrite matrix_of_scaled matrix_of_kept // /pairs -scalemxAr scalerA of_ZM.
by congr (_ *: _); rewrite mulrAC divff // mul1r.
Qed.

Lemma pairs_P A : M n D (products A Pl) = of_Z u_partner *: (pairs A *m P).
Proof.
rewrite (@matrix_of_products _ _ n) ?Pl_within ?orbT // matrix_of_transposed trmxK.
by rewrite /pairs /P -scalemxAl -scalemxAr !scalerA /u_partner of_ZM cancelled scale1r.
Qed.

Lemma pairs_Q A : M n D (products A Ql) = of_Z u_partner *: (pairs A *m Q).
Proof.
rewrite (@matrix_of_products _ _ n) ?Ql_within ?orbT // matrix_of_transposed trmxK.
by rewrite /pairs /Q -scalemxAl -scalemxAr !scalerA /u_partner of_ZM cancelled scale1r.
Qed.

Lemma vectorsE A : M n D A = of_Z u_partner *: vectors A.
Proof. by rewrite /vectors scalerA divff ?partner0 // scale1r. Qed.

Lemma numbersE x : row_of n x = of_Z u_partner *: (numbers x)^T.
Proof. by rewrite /numbers linearZ /= trmxK scalerA divff ?partner0 // scale1r. Qed.

Lemma size_kept A : size A = n -> size (scaled uX (kept signs A)) = n.
Proof. by move=> An; rewrite !size_map size_zip nsigns An minnn. Qed.

Lemma a_listE : M N n a_list = of_Z u_partner *: pa^T.
Proof.
rewrite matrix_of_cat ?size_kept ?size_transposed // matrix_of_cat ?size_transposed //.
rewrite /pa /partner_a !tr_row_mx !scale_col_mx; congr col_mx; last congr col_mx.
- rewrite kept_multipliers ?size_transposed //; congr (_ *: _).
  rewrite /pairs matrix_of_transposed matrix_of_plus trmx_mul tr_diag_mx -scalerDr.
  by congr (_ *m _); rewrite !linearZ.
- rewrite matrix_of_transposed !matrix_of_plus pairs_P pairs_Q vectorsE -!scalerDr.
  by rewrite linearZ.
rewrite matrix_of_row row_of_plus row_of_scaled (numbersE sa) linearD /= scalerDr; congr (_ + _).
by rewrite /weights linearZ /= trmxK scalerA uZE mulfK.
Qed.

Lemma b_listE : M N n b_list = of_Z u_partner *: pb^T.
Proof.
rewrite matrix_of_cat ?size_kept ?size_transposed // matrix_of_cat ?size_transposed //.
rewrite /pb /partner_b !tr_row_mx !scale_col_mx; congr col_mx; last congr col_mx.
- rewrite kept_multipliers ?size_transposed //; congr (_ *: _).
  rewrite /pairs matrix_of_transposed trmx_mul tr_diag_mx.
  by congr (_ *m _); rewrite !linearZ.
- by rewrite matrix_of_transposed !matrix_of_plus pairs_Q vectorsE -!scalerDr linearZ.
by rewrite matrix_of_row (numbersE sb).
Qed.

Let half_list := scaled uX (kept signs (transposed n (plus a_list b_list))) ++
  plus (products Pl a_list) (products Ql b_list) ++ [:: [::]].
Let half := half_form free P Q (pairs Naa) (pairs Nab) (pairs Nbb) (vectors ra) (vectors rb)
  (numbers sa) (numbers sb) weights.

Lemma half_listE : M N N half_list = of_Z unit *: half.
Proof.
rewrite matrix_of_cat ?size_kept ?size_transposed //.
rewrite matrix_of_cat; last by rewrite size_merged !size_map !size_transposed maxnn.
rewrite /half /half_form -/pa -/pb !scale_col_mx; congr col_mx; last congr col_mx.
- rewrite matrix_of_scaled matrix_of_kept ?size_transposed // matrix_of_transposed.
  rewrite matrix_of_plus a_listE b_listE.
  have -> : (of_Z u_partner *: pa^T + of_Z u_partner *: pb^T)^T = of_Z u_partner *: (pa + pb).
    by rewrite -scalerDr linearZ /= linearD /= !trmxK.
  by rewrite -scalemxAr scalerA /unit of_ZM mulrC.
- rewrite matrix_of_plus !(@matrix_of_products _ _ n) ?Pl_within ?Ql_within // a_listE b_listE.
  have E A (B : 'M[R]_(n, N)) : (M n D A)^T *m (of_Z u_partner *: B^T)^T =
      of_Z unit *: (((of_Z uX)^-1 *: M n D A)^T *m B).
    have -> : (of_Z u_partner *: B^T)^T = of_Z u_partner *: B by rewrite linearZ /= trmxK.
    have -> : ((of_Z uX)^-1 *: M n D A)^T = (of_Z uX)^-1 *: (M n D A)^T by rewrite linearZ.
    by rewrite -scalemxAl -scalemxAr scalerA /unit of_ZM mulfK.
  by rewrite !matrix_of_transposed !E scalerDr.
by rewrite scaler0; apply/matrixP => i j; rewrite ord1 !mxE /= nth_nil of_Z0.
Qed.

Let muR : R := of_Z mu / of_Z unit.
Let nuR : R := of_Z nu / of_Z unit.
Let hR : R := of_Z height / of_Z uh.

Lemma unit0 : of_Z unit != 0.
Proof. by rewrite of_ZM mulf_neq0 ?partner0. Qed.

Lemma leaf_formE : M N N (leaf_form beside n d X uX sigma uZ height uh signs leaf) =
  of_Z unit *: region_form free P Q (pairs Naa) (pairs Nab) (pairs Nbb) (vectors ra) (vectors rb)
    (numbers sa) (numbers sb) weights (leaf_squares beside d muR nuR)
    (leaf_top beside hR muR nuR)%:M.
Proof.
rewrite /leaf_form /leaf -/u_partner -/unit -/Pl -/Ql -/a_list -/b_list -/half_list -/N.
rewrite matrix_of_plus matrix_of_scaled matrix_of_plus matrix_of_transposed half_listE.
rewrite matrix_of_diagonal_row; last by rewrite !size_cat !size_nseq /= /N !addnA.
rewrite /region_form -/half scalerBr; congr (_ + _); last first.
  have -> : of_Z (Zneg xH) = -1 by [].
  by rewrite linearZ /= -scalerDr scaleN1r.
have two : of_Z (Zpos (xO xH)) = 2%:R by [].
rewrite row_of_cat ?size_nseq // -linearZ scale_row_mx; congr diag_mx; congr row_mx.
  by rewrite row_of_nseq of_Z0 scaler0.
have -> : nseq beside (Z.mul 2 nu) ++ nseq d (Z.mul 2 mu) ++ [:: Z.mul 2 (Z.sub (Z.sub
    (Z.mul (Z.div unit uh) height) mu) (if beside then nu else Z0))] =
    (nseq beside (Z.mul 2 nu) ++ nseq d (Z.mul 2 mu)) ++ [:: Z.mul 2 (Z.sub (Z.sub
    (Z.mul (Z.div unit uh) height) mu) (if beside then nu else Z0))] by rewrite catA.
have u1 := unit0.
rewrite row_of_cat ?size_cat ?size_nseq // scale_row_mx; congr row_mx.
  rewrite row_of_cat ?size_nseq // !row_of_nseq /leaf_squares scale_row_mx
    !(of_ZM _ (Zpos (xO xH))) two.
  have E a : of_Z unit * (2%:R * (of_Z a / of_Z unit)) = 2%:R * of_Z a.
    by rewrite mulrCA [of_Z unit * _]mulrC divfK.
  by rewrite /muR /nuR; congr row_mx; apply/matrixP => i j; rewrite !mxE E.
have E a : of_Z unit * (of_Z a / of_Z unit) = of_Z a by rewrite mulrC divfK.
apply/matrixP => i j; rewrite !ord1 !mxE /= mulr1n (of_ZM _ (Zpos (xO xH))) two !of_ZB.
rewrite (of_ZM _ (Z.div unit uh)) /leaf_top.
rewrite [RHS]mulrCA; congr (_ * _); rewrite !mulrBr /muR E; congr (_ - _ - _).
  by rewrite uhE -mulrA /hR [of_Z uh * _]mulrC divfK.
by rewrite mulrCA /nuR E; case: (beside); rewrite ?mul1r // mul0r of_Z0.
Qed.

End Form.
End Theory.
