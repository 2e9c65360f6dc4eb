(* Problems and claims; and what the executable checkers of claims share, whatever the kind of proof
   is: integers and lists alone. ClaimSound.v proves it sound; Extract.v makes OCaml of it. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Logarithms.

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

Inductive loss :=
| HalfSquared
| Huber of Z            (* a double: where it turns linear *)
| Hinge
| SquaredHinge
| Logistic
| Softmax.

(* A bias that is decayed like the weights, or is free. *)
Inductive bias := NoBias | Decayed | Free.

Record problem := Problem {
  points : nat;
  inputs : nat;
  outputs : nat;
  of_loss : loss;
  hidden_bias : bias;
  output_bias : bias;
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
  column : Z;           (* in the column that X has for a hidden bias; 1 for a decayed one *)
  dual_unit : Z;
  dual : rows;          (* Z *)
  kappa_p : Z;          (* kappa = kappa_p / kappa_q *)
  kappa_q : Z;
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

Definition divides (u unit : Z) : bool := Z.eqb (Z.mul (Z.div unit u) u) unit.

(* Doubles as multiples of 1/unit, which is `step` times that of the denominator. *)
Definition whole (step : Z) : rows -> rows := map (map (fun w => Z.div (numerator w) step)).
Definition is_whole (step : Z) : rows -> bool :=
  all (all (fun w => finite w && divides step (numerator w))).

Definition check_data (statement : problem) (point : dual_point) : bool :=
  let: Problem n d c _ _ _ X Y reg := statement in
  let uX := data_unit point in
  let uY := targets_unit point in
  [&& full n d X && full n c Y, positive uX && positive uY, finite reg,
      divides uX denominator && divides uY denominator &
      is_whole (Z.div denominator uX) X && is_whole (Z.div denominator uY) Y].

(* X with a column of this number. *)
Definition with_column (n : nat) (number : Z) (X : rows) : rows := beside X (nseq n [:: number]).

(* Whether columns sum to zero, as they have to if a bias is free. *)
Definition is_free (kind : bias) : bool := if kind is Free then true else false.
Definition column_sums (c : nat) (A : rows) : row := map (foldr Z.add Z0) (transposed c A).
Definition balanced (c : nat) (hidden output : bias) (Z' : rows) : bool :=
  (is_free hidden || is_free output) ==> all (Z.eqb 0) (column_sums c Z').

(* A check of the dual norm with the column of a hidden bias becomes one of neurons. For a free one
   it is at least 64 times as long as any point (Theorem 41). *)
Definition check_with_column (check_dual_norm : nat -> nat -> nat -> rows -> bool)
    (hidden : bias) (n d c : nat) (X : rows) (point : dual_point) : bool :=
  let T := Z.mul (column point) (data_unit point) in
  match hidden with
  | NoBias => check_dual_norm n d c X
  | Decayed => Z.eqb (column point) 1 && check_dual_norm n (d + 1) c (with_column n T X)
  | Free =>
      [&& positive T, all (fun x => Z.leb (Z.mul 4096 (dot x x)) (Z.mul T T)) X,
          positive (kappa_p point) && positive (kappa_q point) &
          check_dual_norm n (d + 1) c (with_column n T X)]
  end.

(* What kappa is multiplied with for it: 1 + 1/8192 for a free one. *)
Definition stretch (hidden : bias) : Z * Z :=
  if hidden is Free then (8193, 8192)%Z else (1, 1)%Z.

Definition all_entries (fits : Z -> Z -> bool) (A B : rows) : bool :=
  all (fun r => all (fun e => fits e.1 e.2) (zip r.1 r.2)) (zip A B).

(* The shares whose entropies are the conjugates of two losses, for s = sp / sq, over sq times both
   units: of the two labels for each entry, or of the classes for each point. *)
Definition shares (l : loss) (Y : rows) (sp sq : Z) (point : dual_point) : rows :=
  let: DualPoint _ uY _ uZ Z' _ _ := point in
  let unit := Z.mul sq (Z.mul uZ uY) in
  match l with
  | Logistic => flatten [seq [seq let p := Z.mul sp (Z.mul e.1 e.2) in [:: p; Z.sub unit p]
      | e <- zip r.1 r.2] | r <- zip Z' Y]
  | Softmax => [seq [seq Z.sub (Z.mul e.2 (Z.mul sq uZ)) (Z.mul (Z.mul sp e.1) uY)
      | e <- zip r.1 r.2] | r <- zip Z' Y]
  | _ => [::]
  end.

(* At most - sum q log(q / sum q), times unit_128. *)
Definition entropy_below (q : row) : Z :=
  let total := foldr Z.add Z0 q in
  foldr Z.add Z0 [seq Z.mul part (Z.opp (log_above part total)) | part <- q].

(* Whether s Z is where the conjugate of the loss is finite (Theorem 39), for s = sp / sq, and the
   targets are such as the loss needs. *)
Definition in_domain (l : loss) (Y : rows) (sp sq : Z) (point : dual_point) : bool :=
  let: DualPoint _ uY _ uZ Z' _ _ := point in
  match l with
  | HalfSquared => true
  | Huber delta =>
      [&& finite delta, Z.leb 0 (numerator delta) & all (all (fun z =>
        Z.leb (Z.mul (Z.mul sp (Z.abs z)) denominator) (Z.mul (numerator delta) (Z.mul sq uZ)))) Z']
  | Hinge | Logistic => all_entries (fun z y =>
      [&& Z.eqb (Z.mul y y) (Z.mul uY uY), Z.leb 0 (Z.mul z y) &
          Z.leb (Z.mul sp (Z.mul z y)) (Z.mul sq (Z.mul uZ uY))]) Z' Y
  | SquaredHinge => all_entries (fun z y =>
      Z.eqb (Z.mul y y) (Z.mul uY uY) && Z.leb 0 (Z.mul z y)) Z' Y
  | Softmax =>
      all (fun z => Z.eqb (foldr Z.add Z0 z) 0) Z' && nonnegative (shares Softmax Y sp sq point)
  end.

Definition inner_product (A B : rows) : Z := foldr Z.add Z0 [seq dot r.1 r.2 | r <- zip A B].

(* Where s^2 |Z|^2 / 2 is in the conjugate. *)
Definition has_square (l : loss) : bool :=
  match l with HalfSquared | Huber _ | SquaredHinge => true | _ => false end.

(* - l*(-sZ) is s <Z, Y> - s^2 |Z|^2 / 2, or for the hinge s <Z, Y>, or a sum of entropies; and a
   decayed output bias takes s^2 |Z^T 1|^2 / (2 reg) of it. Numbers over their common denominator:
   the coefficient of s, and that of s^2 / 2. *)
Definition bound_terms (l : loss) (output : bias) (c : nat) (Y : rows) (reg : Z)
    (point : dual_point) : Z * Z :=
  let: DualPoint _ uY _ uZ Z' _ _ := point in
  let square := if has_square l then Z.mul reg (inner_product Z' Z') else Z0 in
  let sums := column_sums c Z' in
  let bias := if output is Decayed then Z.mul denominator (dot sums sums) else Z0 in
  (Z.mul (Z.mul reg uZ) (inner_product Z' Y), Z.mul uY (Z.add square bias)).

(* s <Z, Y>, or the entropies, over unit_128 and sq times both units. *)
Definition gain (l : loss) (Y : rows) (sp sq : Z) (point : dual_point) : Z :=
  match l with
  | Logistic | Softmax =>
      foldr Z.add Z0 [seq entropy_below q | q <- shares l Y sp sq point]
  | _ => Z.mul unit_128 (Z.mul sp (inner_product (dual point) Y))
  end.

(* Scales s >= 0 with s kappa <= reg: the best one for the half-squared loss (Theorem 38(c)), for
   others the largest one that is at most 1, and the largest; and none, where that is enough. *)
Definition scales (l : loss) (linear quadratic reg p : Z) (kappa : Z * Z) : seq (Z * Z) :=
  let (kp, kq) := kappa in
  let limit := (Z.mul reg kq, Z.mul denominator kp) in
  let smaller s t := if Z.leb (Z.mul s.1 t.2) (Z.mul t.1 s.2) then s else t in
  if l is HalfSquared then
    if Z.leb linear 0 || Z.leb quadratic 0 then [:: (0, 1)%Z]
    else [:: smaller (linear, quadratic) limit]
  else [:: smaller (1, 1)%Z limit, limit & if Z.leb p 0 then [:: (0, 1)%Z] else [::]].

(* p / q is at most the bound for s. *)
Definition check_scale (l : loss) (Y : rows) (terms : Z * Z) (reg p q : Z) (kappa s : Z * Z)
    (point : dual_point) : bool :=
  let uZ := dual_unit point in
  let unit := Z.mul unit_128 (Z.mul (Z.mul reg (targets_unit point)) (Z.mul uZ uZ)) in
  let (sp, sq) := s in
  [&& Z.leb 0 sp && positive sq,
      Z.leb (Z.mul (Z.mul sp kappa.1) denominator) (Z.mul (Z.mul reg sq) kappa.2),
      in_domain l Y sp sq point &
      Z.leb (Z.mul (Z.mul 2 p) (Z.mul (Z.mul sq sq) unit))
        (Z.mul q (Z.sub (Z.mul (Z.mul 2 (Z.mul sq (Z.mul reg uZ))) (gain l Y sp sq point))
          (Z.mul unit_128 (Z.mul (Z.mul sp sp) terms.2))))].

(* The bound that the kernel finds: where the first scale is not in the domain it has none. *)
Definition check_bound (l : loss) (output : bias) (c : nat) (Y : rows) (reg p q : Z)
    (kappa : Z * Z) (point : dual_point) : bool :=
  let terms := bound_terms l output c Y reg point in
  let tried := scales l terms.1 terms.2 reg p kappa in
  let first := head (0, 1)%Z tried in
  [&& all positive [:: targets_unit point; dual_unit point; reg; kappa.1; kappa.2; q],
      in_domain l Y first.1 first.2 point &
      has (fun s => check_scale l Y terms reg p q kappa s point) tried].

(* The verdict, from a check that kappa bounds all neurons, for X in integers without a column for
   a bias. *)
Definition verdict (check_neurons : bias -> nat -> nat -> nat -> rows -> bool)
    (kappa : Z * Z) (statement : claim) (point : dual_point) : bool :=
  let: Claim (Problem n d c l hidden output X Y reg as problem) p q := statement in
  [&& check_data problem point && full n c (dual point),
      balanced c hidden output (dual point),
      check_neurons hidden n d c (whole (Z.div denominator (data_unit point)) X) &
      check_bound l output c (whole (Z.div denominator (targets_unit point)) Y)
        (numerator reg) p q kappa point].

(* The verdict from a check of the dual norm, for X with a column. *)
Definition verdict_with_column (check_dual_norm : nat -> nat -> nat -> rows -> bool)
    (statement : claim) (point : dual_point) : bool :=
  let (up, uq) := stretch (hidden_bias (over statement)) in
  verdict (fun hidden n d c X => check_with_column check_dual_norm hidden n d c X point)
    (Z.mul (kappa_p point) up, Z.mul (kappa_q point) uq) statement point.
