(* Whether a symmetric matrix of integers is positive definite, by elimination without fractions,
   where a rounded factor does not show it. The quotients are minors, so that nothing is lost; what is
   proved does not rest on it. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker Definite.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* a times the row, less its entry in front times the first row, where that has a. *)
Definition reduced (a : Z) (first x : row) : row :=
  if x is lead :: rest then
    plus_row (map (Z.mul a) rest) (map (Z.mul (Z.opp lead)) first)
  else [::].

Definition entry (A : rows) (i j : nat) : Z := nth Z0 (nth [::] A i) j.

Fixpoint eliminated (order : nat) (previous : Z) (S : rows) : bool :=
  if order is order'.+1 then
    if S is (a :: first) :: rest then
      let next := map (reduced a first) rest in
      [&& positive a, all (all (divides previous)) next &
          eliminated order' a (map (map (fun entry => Z.div entry previous)) next)]
    else false
  else true.

Definition positive_definite (N : nat) (form : rows) : bool :=
  definite N form || eliminated N 1 form.
