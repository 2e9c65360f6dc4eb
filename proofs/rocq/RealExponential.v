(* The real numbers of Coq's library have what Statement.v asks of an exponential function and its
   logarithm. This rests on the axioms by which that library has real numbers, and nothing rests on
   it: it is for readers who wonder whether there are such functions. *)

From Coq Require Import Reals.
Local Open Scope R_scope.

Lemma real_exponential :
  (forall x y, exp (x + y) = exp x * exp y) /\ (forall x, 1 + x <= exp x) /\
  (forall x, 0 < x -> exp (ln x) = x).
Proof.
split; [exact exp_plus | split; [intro x | exact exp_ln]].
destruct (Req_dec x 0) as [-> | nonzero].
  rewrite exp_0, Rplus_0_r; apply Rle_refl.
now left; apply exp_ineq1.
Qed.
