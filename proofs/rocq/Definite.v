(* Whether a form is positive semidefinite, by a factor that the program finds itself. Nothing is
   proved of how it finds it: `semidefinite` of PsdChecker.v judges it as it does a given one. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PsdChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Definition half_down (a : Z) : Z := Z.shiftr a 1.

(* Roots, rounded down: Newton's method, from above, to not less than 1. *)
Definition root_steps : nat := 12 * 12.
Fixpoint root_from (steps : nat) (guess a : Z) : Z :=
  if steps is steps'.+1 then
    let next := half_down (Z.add guess (Z.div a guess)) in
    if Z.ltb next guess && Z.ltb 0 next then root_from steps' next a else guess
  else guess.

(* How many bits a number has, if no more than twice half. *)
Fixpoint bits_from (steps : nat) (half a : Z) : Z :=
  if steps is steps'.+1 then
    let rest := Z.shiftr a half in
    if Z.ltb 0 rest then Z.add half (bits_from steps' (half_down half) rest)
    else bits_from steps' (half_down half) a
  else 1%Z.

(* The factor of Cholesky, rounded, of the form with a diagonal of some 256 bits; of the form the
   rows are given right as far as the diagonal. *)
Definition longest : Z := 4096.                (* half of the bits that an entry may have *)
Definition root_guess : Z := Z.shiftl 1 129.   (* above the root of every pivot *)
Definition shift_each : Z := Z.shiftl 1 129.   (* what rounding takes of the diagonal, each row *)
Fixpoint eliminated (entries : row) (done : rows) (found : row) : row :=
  match entries, done with
  | a :: entries', before :: done' =>
      eliminated entries' done'
        (rcons found (Z.div (Z.sub a (dot found before)) (last 1%Z before)))
  | _, _ => found
  end.
Fixpoint factored (rest done : rows) (shift : Z) : rows :=
  if rest is entries :: rest' then
    let new := eliminated entries done [::] in
    let pivot := Z.sub (Z.sub (last Z0 entries) shift) (dot new new) in
    if Z.leb pivot 0 then [::]
    else factored rest' (rcons done (rcons new (root_from root_steps root_guess pivot))) shift
  else done.

Definition witness_for (N : nat) (form : rows) : semidefinite_proof :=
  let scales := mkseq (fun i =>
    half_down (Z.sub 256 (bits_from 13 longest (nth Z0 (nth [::] form i) i)))) N in
  let scaled_row i :=
    let own := nth Z0 scales i in
    [seq Z.shiftl e.1 (Z.add own e.2) | e <- zip (take i.+1 (nth [::] form i)) scales] in
  let more := foldr (fun scale => Z.max (Z.opp scale)) Z0 scales in
  SemidefiniteProof (Z.shiftl 1 more) [seq Z.shiftl 1 (Z.add more scale) | scale <- scales] 1
    (factored (mkseq scaled_row N) [::] (foldr (fun _ => Z.add shift_each) Z0 scales)).

Definition definite (N : nat) (form : rows) : bool :=
  semidefinite N 1 form (witness_for N form).
