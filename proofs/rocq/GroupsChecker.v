(* The checker of certificates of every kind: a dual point with the proof of its dual norm, or for
   disjoint groups of points a share of the weight decay, a bound and such a proof each.
   GroupsCheckerSound.v proves that what it accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PsdChecker PartitionChecker DirectionsChecker RegionsChecker.
From Certnn Require Import CellsChecker CutsChecker PhasesChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Inductive dual_norm_proof :=
| ByPsd of multipliers & semidefinite_proof
| ByPartition of partition_proof
| ByRegions of directions_proof (regions leaf_proof)
| ByCells of cells_proof
| ByCuts of cuts_proof
| ByPhases of directions_proof phases_direction.

Definition check_alone (statement : claim) (point : dual_point) (given : dual_norm_proof) : bool :=
  match given with
  | ByPsd pairs witness => check_by_psd statement point pairs witness
  | ByPartition witness => check_by_partition statement point witness
  | ByRegions witness => check_by_regions statement point witness
  | ByCells witness => check_by_cells statement point witness
  | ByCuts witness => check_by_cuts statement point witness
  | ByPhases witness => check_by_phases statement point witness
  end.

Record part := Part {
  share : Z;            (* a double: its weight decay *)
  part_bound : Z;       (* over the unit of bounds *)
  part_point : dual_point;
  part_proof : dual_norm_proof;
}.

Record groups_proof := GroupsProof {
  labels : row;         (* for each point the number of its group, from 0; or another one *)
  bounds_unit : Z;
  parts : seq part;
}.

(* The rows with this label. *)
Fixpoint labelled (label : Z) (given : row) (A : rows) : rows :=
  if given is l :: given' then
    if Z.eqb l label then head [::] A :: labelled label given' (behead A)
    else labelled label given' (behead A)
  else [::].

Fixpoint at_most (n : nat) (given : row) : bool :=
  match given, n with
  | [::], _ => true
  | _ :: given', n'.+1 => at_most n' given'
  | _, _ => false
  end.

(* What is claimed of a group. *)
Definition claim_of_part (over : problem) (given : row) (unit label : Z) (one : part) : claim :=
  let: Problem _ d c l hidden output X Y _ := over in
  let own := labelled label given X in
  Claim (Problem (size own) d c l hidden output own (labelled label given Y) (share one))
    (part_bound one) unit.

(* With the shares and the bounds of the groups so far. *)
Fixpoint parts_accepted (statement : claim) (given : row) (unit label shared proved : Z)
    (rest : seq part) : bool :=
  let: Claim over p q := statement in
  if rest is one :: rest' then
    check_alone (claim_of_part over given unit label one) (part_point one) (part_proof one) &&
    parts_accepted statement given unit (Z.add label 1) (Z.add shared (numerator (share one)))
      (Z.add proved (part_bound one)) rest'
  else
    Z.leb shared (numerator (weight_decay over)) &&
    Z.leb (Z.mul p unit) (Z.mul q proved).

(* Whether no point has a negative loss, whatever the outputs are. *)
Definition loss_nonnegative (over : problem) : bool :=
  match of_loss over with
  | Huber delta => Z.leb 0 (numerator delta)
  | Softmax => all (all (fun w => Z.leb 0 (numerator w))) (targets over)
  | _ => true
  end.

Definition check_by_groups (statement : claim) (witness : groups_proof) : bool :=
  let: GroupsProof given unit parts := witness in
  let: Claim over _ q := statement in
  [&& at_most (points over) given, loss_nonnegative over, positive unit && positive q &
      parts_accepted statement given unit 0 0 0 parts].

Inductive proof :=
| Alone of dual_point & dual_norm_proof
| Groups of groups_proof.

Definition check (statement : claim) (witness : proof) : bool :=
  match witness with
  | Alone point given => check_alone statement point given
  | Groups given => check_by_groups statement given
  end.
