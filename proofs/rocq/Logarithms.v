(* Upper bounds of logarithms of ratios up to 1, by integers in units of 2^-128: Theorem 40 of
   ../09-losses-and-biases.md, the same operations as in ../../certnn/kernel/enclosures.py. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* Binary digits of the bound, and twice as many; and of a guess at it. *)
Definition digits : Z := 128.
Definition more_digits : Z := 256.
Definition guessed_digits : Z := 64.
Definition unit_128 : Z := Z.shiftl 1 digits.
Definition unit_256 : Z := Z.shiftl 1 more_digits.
Definition unit_64 : Z := Z.shiftl 1 guessed_digits.

Definition rounded_up (a b : Z) : Z := Z.opp (Z.div (Z.opp a) b).

(* Squared 2^level times, rounded down. *)
Fixpoint squarings (level : nat) (power : Z) : Z :=
  if level is l.+1 then squarings l (squarings l power)
  else Z.shiftr (Z.mul power power) more_digits.

(* At most exp(number / unit_128), over unit_256. *)
Definition exp_below (number : Z) : Z := squarings 7 (Z.max 0 (Z.add unit_256 number)).

(* Where the series of artanh has its terms, as far as they are taken. *)
Definition odd_numbers : seq Z :=
  [:: 39; 37; 35; 33; 31; 29; 27; 25; 23; 21; 19; 17; 15; 13; 11; 9; 7; 5; 3; 1]%Z.

(* Near log(ratio / unit_256), over unit_128; nothing rests on it. *)
Definition guessed_log (ratio : Z) : Z :=
  let half := Z.div (Z.shiftl (Z.sub ratio unit_256) guessed_digits) (Z.add ratio unit_256) in
  let square := Z.shiftr (Z.mul half half) guessed_digits in
  let series := foldl (fun sum k =>
    Z.add (Z.shiftr (Z.mul sum square) guessed_digits) (Z.div unit_64 k)) Z0 odd_numbers in
  Z.shiftl (Z.div (Z.mul half series) (Z.shiftr unit_64 1)) guessed_digits.

(* At least log(p / q), for p <= q, and close to it if q <= 2 p. *)
Definition log_near_one (p q : Z) : Z :=
  let ratio := rounded_up (Z.shiftl p more_digits) q in
  let guess := guessed_log ratio in
  let power := exp_below guess in
  if Z.ltb 0 power then
    Z.sub (Z.add guess (rounded_up (Z.shiftl ratio digits) power)) unit_128
  else Z0.

Definition log_2 : Z := Z.opp (log_near_one 1 2).

Fixpoint halved_log (level : nat) (p q : Z) : Z :=
  if level is l.+1 then
    let count := Z.shiftl 1 (Z.of_nat l) in
    let shifted := Z.shiftl p count in
    if Z.leb shifted q then Z.sub (halved_log l shifted q) (Z.mul count log_2)
    else halved_log l p q
  else log_near_one p q.

(* At least log(p / q), for p <= q, and close to it if q <= 2^8191 p. *)
Definition log_above (p q : Z) : Z := Z.min 0 (halved_log 13 p q).
