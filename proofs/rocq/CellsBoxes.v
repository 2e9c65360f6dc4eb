(* Boxes around the sphere, and how far points reach in them: the geometry of kind cells, in
   integers of the grid (Theorem 52(c)1 to 3). CellsBoxesSound.v proves what is said of them. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker Definite.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* Coordinates of y are over the grid. *)
Definition grid_bits : Z := 26.
Definition grid : Z := Z.shiftl 1 grid_bits.
Definition grid_square : Z := Z.mul grid grid.
Definition term_bits : Z := 27.    (* of twice the grid *)
Definition two : Z := 2.
Definition four : Z := 4.

(* Quotients by units, rounded down and up. *)
Definition down (a : Z) : Z := Z.shiftr a grid_bits.
Definition up (a : Z) : Z := Z.opp (down (Z.opp a)).

(* A box: of each coordinate whether it is a part of the length, and its interval in units of the
   grid. *)
Record side := Side { round : bool; low : Z; high : Z }.
Definition box := seq side.

(* A box cut to what the sphere leaves of it (Theorem 52(c)1): nothing if it does not meet it. *)
Definition nearest (s : side) : Z :=
  if round s && (Z.ltb 0 (low s) || Z.ltb (high s) 0) then
    Z.min (Z.mul (low s) (low s)) (Z.mul (high s) (high s))
  else Z0.
Definition farthest (s : side) : Z :=
  if round s then Z.max (Z.mul (low s) (low s)) (Z.mul (high s) (high s)) else Z0.

Definition cut_side (rest : Z) (s : side) : side :=
  let left := Z.add rest (nearest s) in
  if ~~ round s ||
      Z.leb (Z.mul (low s) (low s)) left && Z.leb (Z.mul (high s) (high s)) left then s
  else
    let r := Z.add (if Z.leb left 0 then Z0 else root_from root_steps grid left) 1 in
    if Z.leb left (Z.mul r r) && Z.leb 0 r then
      Side (round s) (Z.max (low s) (Z.opp r)) (Z.min (high s) r)
    else s.

Definition trimmed (b : box) : option box :=
  let inner := foldr Z.add Z0 (map nearest b) in
  let outer := foldr Z.add Z0 (map farthest b) in
  if Z.ltb grid_square inner || Z.ltb outer grid_square then None
  else Some (map (cut_side (Z.sub grid_square inner)) b).

Fixpoint changed (j : nat) (change : side -> side) (b : box) : box :=
  match b, j with
  | [::], _ => [::]
  | s :: b', 0 => change s :: b'
  | s :: b', j'.+1 => s :: changed j' change b'
  end.
Definition until (place : Z) (s : side) : side := Side (round s) (low s) place.
Definition from (place : Z) (s : side) : side := Side (round s) place (high s).

(* How far x^T y reaches in a box (Theorem 52(c)3): by its corners, and by a length. *)
Fixpoint corner_from (sum : Z) (x : row) (b : box) : Z :=
  match x, b with
  | a :: x', s :: b' =>
      corner_from (Z.add sum (Z.max (Z.mul a (low s)) (Z.mul a (high s)))) x' b'
  | _, _ => sum
  end.
Definition corner (x : row) (b : box) : Z := up (corner_from Z0 x b).

Definition end_term (length a y : Z) : Z :=
  Z.sub (up (Z.mul a y)) (Z.shiftr (Z.mul length (down (Z.mul y y))) term_bits).
Definition length_term (length a : Z) (s : side) : Z :=
  if round s then
    let place := Z.mul a grid in
    if Z.leb place (Z.mul length (low s)) then end_term length a (low s)
    else if Z.leb (Z.mul length (high s)) place then end_term length a (high s)
    else Z.opp (Z.div (Z.opp (Z.mul a a)) (Z.mul two length))
  else up (Z.max (Z.mul a (low s)) (Z.mul a (high s))).
Fixpoint reach_from (sum length : Z) (x : row) (b : box) : Z :=
  match x, b with
  | a :: x', s :: b' => reach_from (Z.add sum (length_term length a s)) length x' b'
  | _, _ => sum
  end.
Definition reach (length : Z) (x : row) (b : box) : Z :=
  reach_from (half_down (Z.add length 1)) length x b.

(* Which length: a quarter of an octave, such that the y with the greatest term in each coordinate
   is about as long as 1. *)
Definition quarter_unit : Z := Z.mul four grid.
Definition rest_unit : Z := Z.mul quarter_unit quarter_unit.
Definition quarters (k : Z) : Z := Z.shiftl (Z.add four (Z.modulo k four)) (Z.shiftr k two).
Fixpoint fits (of_ends of_rest quarter : Z) (x : row) (b : box) : bool :=
  match x, b with
  | a :: x', s :: b' =>
      if round s then
        let place := Z.mul a quarter_unit in
        if Z.leb place (Z.mul quarter (low s)) then
          fits (Z.add of_ends (Z.mul (low s) (low s))) of_rest quarter x' b'
        else if Z.leb (Z.mul quarter (high s)) place then
          fits (Z.add of_ends (Z.mul (high s) (high s))) of_rest quarter x' b'
        else fits of_ends (Z.add of_rest (Z.mul a a)) quarter x' b'
      else fits of_ends of_rest quarter x' b'
  | _, _ =>
      Z.leb (Z.mul of_rest rest_unit) (Z.mul (Z.sub grid_square of_ends) (Z.mul quarter quarter))
  end.
Fixpoint least_fit (steps : nat) (first last : Z) (x : row) (b : box) : Z :=
  if steps is steps'.+1 then
    if Z.ltb first last then
      let middle := half_down (Z.add first last) in
      if fits 0 0 (quarters middle) x b then least_fit steps' first middle x b
      else least_fit steps' (Z.add middle 1) last x b
    else first
  else first.
Definition length_for (octave : Z) (x : row) (b : box) : Z :=
  let first := Z.mul 4 (Z.max 0 (Z.sub octave 6)) in
  Z.max 1 (Z.shiftr (quarters (least_fit 6 first (Z.mul 4 (Z.add octave 4)) x b)) two).

(* A point: x, its weight, and for the length the bits of its longest coordinate. *)
Record point := Point { coordinates : row; weight : Z; octave : Z }.

Record mixed_point := MixedPoint { of_point : point; lowest : Z; highest : Z }.

(* The points that have no sign in a box, with their intervals; what is not negative is added to
   the linear part. *)
Definition settled_point (b : box) (p : point) (others : row * seq mixed_point) :
    row * seq mixed_point :=
  let: (linear, mixed) := others in
  let x := coordinates p in
  let minus := map Z.opp x in
  let below := Z.opp (corner minus b) in
  let above := corner x b in
  let linear' := plus_row linear (map (Z.mul (weight p)) x) in
  if Z.leb 0 below then (linear', mixed)
  else if Z.leb above 0 then others
  else
    let below' := Z.max below (Z.opp (reach (length_for (octave p) minus b) minus b)) in
    if Z.leb 0 below' then (linear', mixed)
    else
      let above' := Z.min above (reach (length_for (octave p) x b) x b) in
      if Z.leb above' 0 then others else (linear, MixedPoint p below' above' :: mixed).

Definition settled (b : box) (linear : row) (points : seq point) : row * seq mixed_point :=
  foldr (settled_point b) (linear, [::]) points.
