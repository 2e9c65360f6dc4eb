(* An executable checker for certificates of kind psd: integers and lists alone. CheckerSound.v
   proves that what it accepts is true; Extract.v makes OCaml of it. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* Statement: doubles, problems and claims.

   An IEEE double is given by its 64 bits as an integer: the sign, 11 bits e, 52 bits m. It is
   finite if e < 2047, and stands for (-1)^sign m 2^-1074 if e = 0, else for
   (-1)^sign (2^52 + m) 2^(e - 1075): in both cases for numerator / denominator. *)

Definition row := seq Z.
Definition rows := seq row.

Definition two_11 : Z := Z.shiftl 1 11.
Definition two_52 : Z := Z.shiftl 1 52.
Definition two_63 : Z := Z.shiftl 1 63.
Definition two_64 : Z := Z.shiftl 1 64.
Definition denominator : Z := Z.shiftl 1 1075.

Definition exponent_bits (w : Z) : Z := Z.modulo (Z.div w two_52) two_11.

Definition numerator (w : Z) : Z :=
  let e := exponent_bits w in
  let m := Z.modulo w two_52 in
  let magnitude := if Z.eqb e 0 then Z.shiftl m 1 else Z.shiftl (Z.add two_52 m) e in
  if Z.ltb w two_63 then magnitude else Z.opp magnitude.

Definition finite (w : Z) : bool :=
  [&& Z.leb 0 w, Z.ltb w two_64 & Z.ltb (Z.add (exponent_bits w) 1) two_11].

Record problem := Problem {
  points : nat;
  inputs : nat;
  outputs : nat;
  hidden_bias : bool;
  data : rows;          (* doubles: X *)
  targets : rows;       (* doubles: Y *)
  weight_decay : Z;     (* a double *)
}.

Record claim := Claim {
  over : problem;
  bound_p : Z;          (* the claimed bound is bound_p / bound_q *)
  bound_q : Z;
}.

(* End of statement. *)

(* The witness. Matrices are integers over a unit: entry / unit. *)

Record dual_point := DualPoint {
  data_unit : Z;        (* of X, in which all doubles of X are whole *)
  targets_unit : Z;     (* of Y *)
  dual_unit : Z;
  dual : rows;          (* Z *)
  kappa_p : Z;          (* kappa = kappa_p / kappa_q *)
  kappa_q : Z;
}.

Record psd_proof := PsdProof {
  pairs_unit : Z;       (* of the multipliers of a_i a_j, a_i b_j and b_i b_j *)
  pairs_aa : rows;
  pairs_ab : rows;
  pairs_bb : rows;
  weights_unit : Z;
  weights : row;
  factor_unit : Z;
  factor : rows;        (* L *)
}.

(* Lists as vectors and lists of rows as matrices, continued by zeros. *)

Fixpoint dot_from (sum : Z) (x y : row) : Z :=
  if x is a :: x' then
    if y is b :: y' then dot_from (Z.add sum (Z.mul a b)) x' y' else sum
  else sum.

Definition dot : row -> row -> Z := dot_from 0.

Fixpoint merged T (op : T -> T -> T) (x y : seq T) : seq T :=
  if x is a :: x' then
    if y is b :: y' then op a b :: merged op x' y' else x
  else y.

Definition plus_row : row -> row -> row := merged Z.add.
Definition plus : rows -> rows -> rows := merged plus_row.

Fixpoint times_row (x y : row) : row :=
  if x is a :: x' then
    if y is b :: y' then Z.mul a b :: times_row x' y' else [::]
  else [::].

Definition scaled (k : Z) : rows -> rows := map (map (Z.mul k)).

(* A B^T *)
Definition products (A B : rows) : rows := [seq [seq dot a b | b <- B] | a <- A].

Fixpoint prepended (x : row) (columns : rows) : rows :=
  if columns is column :: rest then
    if x is a :: x' then (a :: column) :: prepended x' rest
    else (Z0 :: column) :: prepended [::] rest
  else [::].

Definition transposed (q : nat) (A : rows) : rows := foldr prepended (nseq q [::]) A.

Definition beside (A B : rows) : rows := [seq p.1 ++ p.2 | p <- zip A B].

Definition diagonal (k : nat) (a : Z) : rows := mkseq (fun i => ncons i Z0 [:: a]) k.

(* Shapes: p rows of q numbers, and of at most q numbers. *)
Definition full (p q : nat) (A : rows) : bool :=
  eqn (size A) p && all (fun x => eqn (size x) q) A.
Definition within (p q : nat) (A : rows) : bool :=
  eqn (size A) p && all (fun x => eqn (size x - q) 0) A.

Definition positive : Z -> bool := Z.ltb 0.
Definition nonnegative : rows -> bool := all (all (Z.leb 0)).

Fixpoint offdiagonal_nonnegative (before : nat) (A : rows) : bool :=
  if A is x :: A' then
    all (Z.leb 0) (take before x) && all (Z.leb 0) (drop before.+1 x) &&
    offdiagonal_nonnegative before.+1 A'
  else true.

Definition divides (u unit : Z) : bool := Z.eqb (Z.mul (Z.div unit u) u) unit.

(* Doubles as multiples of 1/unit, which is `step` times that of the denominator. *)
Definition whole (step : Z) : rows -> rows := map (map (fun w => Z.div (numerator w) step)).
Definition is_whole (step : Z) : rows -> bool :=
  all (all (fun w => finite w && divides step (numerator w))).

Definition check_data (statement : problem) (point : dual_point) : bool :=
  let: Problem n d c _ X Y reg := statement in
  let uX := data_unit point in
  let uY := targets_unit point in
  [&& full n d X && full n c Y, positive uX && positive uY, finite reg,
      divides uX denominator && divides uY denominator &
      is_whole (Z.div denominator uX) X && is_whole (Z.div denominator uY) Y].

(* X in integers, with the column of ones of a hidden bias. *)
Definition features (n : nat) (bias : bool) (uX : Z) (X : rows) : rows :=
  beside (whole (Z.div denominator uX) X) (nseq n (nseq bias uX)).

(* unit 2S, row by row, right as far as the diagonal, from the units' quotients. *)
Definition lower_form (n d c : nat) (X Z' Naa Nab Nbb : rows) (kappa : Z)
    (of_aa of_au of_uu of_dual of_kappa : Z) : rows :=
  let N := plus Naa (plus Nab Nbb) in
  let squares := plus Nbb (transposed n Nbb) in
  let columns := transposed d X in
  let aa := scaled (Z.opp of_aa) (plus N (transposed n N)) in
  let ua := scaled of_au (products columns (plus Nab squares)) in
  let uu := scaled (Z.opp of_uu) (products columns (products columns squares)) in
  let va := scaled (Z.opp of_dual) (transposed c Z') in
  let k := Z.mul of_kappa kappa in
  aa ++ beside ua (plus (diagonal d k) uu) ++
  beside va (beside (nseq c (nseq d Z0)) (diagonal c k)).

(* E = of_form diag(w) form diag(w) - of_gram L L^T, row by row up to the diagonal. *)
Definition remainder (N : nat) (of_form of_gram : Z) (form : rows) (w : row) (L : rows) : rows :=
  mkseq (fun i =>
    plus_row
      (map (Z.mul (Z.mul of_form (nth Z0 w i)))
        (times_row (take i.+1 w) (nth [::] form i)))
      (map (fun l => Z.mul (Z.opp of_gram) (dot (nth [::] L i) l)) (take i.+1 L))) N.

(* sum |E_ij| over j <= i, and over j >= i, is at most 3 E_ii: twice |E_ii| is in it. *)
Definition dominant (N : nat) (E : rows) : bool :=
  let absolute := map (map Z.abs) E in
  let below := foldr plus_row [::] absolute in
  all (fun i =>
    Z.leb (Z.add (foldr Z.add Z0 (nth [::] absolute i)) (nth Z0 below i))
      (Z.mul 3 (nth Z0 (nth [::] E i) i))) (iota 0 N).

(* kappa bounds the dual norm of Z: for X in integers with n rows of d numbers. *)
Definition check_psd (n d c : nat) (X : rows) (point : dual_point) (witness : psd_proof) :
    bool :=
  let: DualPoint uX _ uZ Z' kp kq := point in
  let: PsdProof uN Naa Nab Nbb uw w uL L := witness in
  let N := n + (d + c) in
  let u_au := Z.mul uN uX in
  let u_uu := Z.mul u_au uX in
  let unit := Z.max uN (Z.max u_au (Z.max u_uu (Z.max uZ kq))) in
  let form := lower_form n d c X Z' Naa Nab Nbb kp
    (Z.div unit uN) (Z.div unit u_au) (Z.div unit u_uu) (Z.div unit uZ) (Z.div unit kq) in
  let u_form := Z.mul unit (Z.mul uw uw) in
  let u_gram := Z.mul uL uL in
  let unit_E := Z.max u_form u_gram in
  [&& [&& full n c Z', within n n Naa, within n n Nab & within n n Nbb],
      eqn (size w) N && eqn (size L) N,
      all positive [:: uX; uZ; kq; uN; uw; uL] && all positive w,
      [&& nonnegative Naa, offdiagonal_nonnegative 0 Nab & nonnegative Nbb] &
      [&& divides uN unit, divides u_au unit, divides u_uu unit, divides uZ unit &
          divides kq unit] &&
      [&& divides u_form unit_E, divides u_gram unit_E &
          dominant N (remainder N (Z.div unit_E u_form) (Z.div unit_E u_gram) form w L)]].

(* A scale s >= 0 with s kappa <= reg, as a fraction: the best one (Theorem 3). *)
Definition best_scale (product square targets_unit dual_unit reg kp kq : Z) : Z * Z :=
  if Z.leb product 0 || Z.leb square 0 then (Z0, 1%Z) else
  let p := Z.mul product dual_unit in
  let q := Z.mul square targets_unit in
  if Z.leb (Z.mul (Z.mul p kp) denominator) (Z.mul (Z.mul reg q) kq) then (p, q)
  else (Z.mul reg kq, Z.mul denominator kp).

(* p / q <= s <Z, Y> - s^2 |Z|^2 / 2, for Y in integers. *)
Definition check_bound (Y : rows) (reg p q : Z) (point : dual_point) : bool :=
  let: DualPoint _ uY uZ Z' kp kq := point in
  let product := foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip Z' Y] in
  let square := foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip Z' Z'] in
  let (sp, sq) := best_scale product square uY uZ reg kp kq in
  [&& all positive [:: uY; uZ; kp; kq; sq; q], Z.leb 0 sp,
      Z.leb (Z.mul (Z.mul sp kp) denominator) (Z.mul (Z.mul reg sq) kq) &
      Z.leb (Z.mul (Z.mul 2 p) (Z.mul (Z.mul sq sq) (Z.mul (Z.mul uZ uZ) uY)))
        (Z.mul q (Z.sub (Z.mul (Z.mul 2 (Z.mul sp sq)) (Z.mul product uZ))
          (Z.mul (Z.mul sp sp) (Z.mul square uY))))].

(* The verdict, from a check of the dual norm for X in integers with n rows of d numbers. *)
Definition verdict (check_dual_norm : nat -> nat -> nat -> rows -> bool) (statement : claim)
    (point : dual_point) : bool :=
  let: Claim (Problem n d c bias X Y reg as problem) p q := statement in
  check_data problem point && full n c (dual point) &&
  check_dual_norm n (d + bias) c (features n bias (data_unit point) X) &&
  check_bound (whole (Z.div denominator (targets_unit point)) Y) (numerator reg) p q point.

Definition check (statement : claim) (point : dual_point) (witness : psd_proof) : bool :=
  verdict (fun n d c X => check_psd n d c X point witness) statement point.
