(* An executable checker for certificates of kind phases. PhasesCheckerSound.v proves that what it
   accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PartitionChecker DirectionsChecker Definite Elimination.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* p a_i - |q| a_j of two points, of which a term has p x_i - q x_j. *)
Record point_pair := PointPair {
  one_point : nat;
  other_point : nat;
  one_share : Z;        (* p *)
  other_share : Z;      (* q *)
}.

(* For some t each, the numbers of s t + c t^2 + k. *)
Record majorants := Majorants {
  slopes : row;
  curvatures : row;
  constants : row;
}.

(* A multiple of x_i^T u x_j^T u, for points that are fixed. *)
Record sign_product := SignProduct {
  one_fixed : nat;
  other_fixed : nat;
  product_factor : Z;
}.

(* All numbers of a leaf are over one unit. *)
Record phases_leaf := PhasesLeaf {
  phases_unit : Z;
  of_length : Z;        (* mu *)
  of_points : majorants;
  of_pairs : majorants;
  sign_products : seq sign_product;
}.

Record phases_direction := PhasesDirection {
  point_pairs : seq point_pair;
  phases : regions phases_leaf;
}.

(* p x_i - q x_j. *)
Definition difference (X : rows) (i j : nat) (p q : Z) : row :=
  plus_row (map (Z.mul p) (nth [::] X i)) (map (Z.mul (Z.opp q)) (nth [::] X j)).

(* Of the pairs with |q| and with q. *)
Definition halves (X : rows) (pairs : seq point_pair) : rows :=
  [seq let: PointPair i j p q := one in difference X i j p (Z.abs q) | one <- pairs].
Definition roots (X : rows) (pairs : seq point_pair) : rows :=
  [seq let: PointPair i j p q := one in difference X i j p q | one <- pairs].

(* Whether s t + c t^2 + k is nonnegative for all t, and for all -t. *)
Definition never_negative (s c k : Z) : bool :=
  [&& Z.leb 0 c, Z.leb 0 k & Z.leb (Z.mul s s) (Z.mul 4 (Z.mul c k))].

(* What is left of the weights. *)
Fixpoint left_over (pairs : seq point_pair) (given : row) (weights : row) : row :=
  match pairs, given with
  | PointPair i j p q :: pairs', s :: given' =>
      let twice := Z.mul 2 s in
      plus_row (ncons i Z0 [:: Z.opp (Z.mul twice p)])
        (plus_row (ncons j Z0 [:: Z.mul twice (Z.abs q)]) (left_over pairs' given' weights))
  | _, _ => weights
  end.

Fixpoint pairs_fit (s c k : row) : bool :=
  match s, c, k with
  | a :: s', b :: c', e :: k' => [&& Z.leb 0 a, never_negative a b e & pairs_fit s' c' k']
  | [::], [::], [::] => true
  | _, _, _ => false
  end.

(* Of d columns the sums of the rows times these numbers, and of their products with those of Z
   likewise. *)
Definition combination (d : nat) (c : row) (Y : rows) : row :=
  [seq dot c column | column <- transposed d Y].
Definition gram (d : nat) (c : row) (Y Z : rows) : rows :=
  products (transposed d Y) (transposed d [seq map (Z.mul e.1) e.2 | e <- zip c Z]).

Section Leaf.

Variables (n d : nat) (X : rows) (uX : Z).
Variable lengths : row.  (* the squares of the points' lengths *)
(* Z w over its unit. *)
Variables (sigma : row) (uZ : Z).
Variables (height uh : Z).
Variables (pairs : seq point_pair) (pair_halves pair_roots : rows).

(* Whether w (x^T u)_+ is at most the quadratic of x^T u. *)
Definition point_fits (sign w size s c k : Z) : bool :=
  if Z.eqb sign 0 then
    never_negative s c k && Z.leb w (Z.mul 2 s) ||
    let slope := Z.sub s w in
    let steepest := Z.mul (Z.mul c c) size in
    let square a := Z.mul (Z.mul a a) (Z.mul uX uX) in
    [&& Z.leb 0 k, Z.leb s 0, Z.leb 0 slope, Z.leb steepest (square s) &
        Z.leb steepest (square slope)]
  else [&& Z.leb 0 c, Z.leb 0 k & if Z.ltb 0 sign then Z.leb w s else Z.leb s 0].

(* Twice the form of Theorem 19, of rho and u over the unit of X. *)
Definition phases_form (leaf : phases_leaf) : rows :=
  let: PhasesLeaf unit mu (Majorants s c k) (Majorants s' c' k') given := leaf in
  let linear := plus_row (combination d s X) (combination d s' pair_halves) in
  let half := plus (gram d c X X) (plus (gram d c' pair_roots pair_roots)
    (gram d (map product_factor given) [seq nth [::] X (one_fixed one) | one <- given]
      [seq nth [::] X (other_fixed one) | one <- given])) in
  let square := plus (diagonal d (Z.mul 2 (Z.mul mu (Z.mul uX uX))))
    (scaled (-1) (plus half (transposed d half))) in
  let constant := Z.add mu (Z.add (foldr Z.add Z0 k) (foldr Z.add Z0 k')) in
  let corner := Z.mul 2 (Z.sub (Z.mul (Z.div unit uh) height) constant) in
  (corner :: map Z.opp linear) :: beside [seq [:: Z.opp a] | a <- linear] square.

Definition phases_accepted (signs : row) (leaf : phases_leaf) : bool :=
  let: PhasesLeaf unit _ (Majorants s c k) (Majorants s' c' k') given := leaf in
  let weights := left_over pairs s' (map (Z.mul (Z.div unit uZ)) sigma) in
  [&& [&& positive unit, divides uZ unit, divides uh unit & eqn (size k - n) 0],
      all (fun i => point_fits (nth Z0 signs i) (nth Z0 weights i) (nth Z0 lengths i)
        (nth Z0 s i) (nth Z0 c i) (nth Z0 k i)) (iota 0 n),
      pairs_fit s' c' k',
      all (fun one => positive (Z.mul (product_factor one)
        (Z.mul (nth Z0 signs (one_fixed one)) (nth Z0 signs (other_fixed one))))) given &
      positive_definite d.+1 (phases_form leaf)].

End Leaf.

Definition phases_direction_accepted (n d : nat) (X : rows) (uX : Z) (lengths : row) (Z' : rows)
    (uZ uh : Z) (one : direction phases_direction) : bool :=
  let: Direction w h (PhasesDirection pairs tree) := one in
  let accepted := phases_accepted n d X uX lengths (map (fun z => dot z w) Z') uZ h uh pairs
    (halves X pairs) (roots X pairs) in
  all (fun one => Z.leb 0 (one_share one)) pairs && regions_accepted n accepted (nseq n Z0) tree.

(* kappa bounds the dual norm of Z. *)
Definition check_phases (n d c : nat) (X : rows) (point : dual_point)
    (witness : directions_proof phases_direction) : bool :=
  let: DualPoint uX _ _ uZ Z' _ _ := point in
  let: DirectionsProof _ uh given _ := witness in
  let lengths := [seq dot x x | x <- X] in
  [&& within n d X && full n c Z', directions_cover c point witness &
      all (phases_direction_accepted n d X uX lengths Z' uZ uh) given].

(* There is nothing beside u. *)
Definition check_by_phases (statement : claim) (point : dual_point)
    (witness : directions_proof phases_direction) : bool :=
  verdict_beside (fun beside n d c X => ~~ beside && check_phases n d c X point witness)
    (ball witness) statement point.
