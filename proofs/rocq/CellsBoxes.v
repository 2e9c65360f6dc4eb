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

(* The box of -y for y in a box: how far -x reaches in the one is how far x does in the other. *)
Definition mirrored (b : box) : box :=
  [seq Side (round s) (Z.opp (high s)) (Z.opp (low s)) | s <- b].

(* How far x^T y reaches in a box (Theorem 52(c)3): by its corners, and by a length. *)
Definition corner_term (a : Z) (s : side) : Z := Z.mul a (if Z.leb 0 a then high s else low s).
Fixpoint corner_from (sum : Z) (x : row) (b : box) : Z :=
  match x, b with
  | a :: x', s :: b' => corner_from (Z.add sum (corner_term a s)) x' b'
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
  else up (corner_term a s).
Fixpoint reach_from (sum length : Z) (x : row) (b : box) : Z :=
  match x, b with
  | a :: x', s :: b' => reach_from (Z.add sum (length_term length a s)) length x' b'
  | _, _ => sum
  end.
Definition reach (length : Z) (x : row) (b : box) : Z :=
  reach_from (half_down (Z.add length 1)) length x b.

(* Which length: of quarters of octaves, numbered, the first such that the y with the greatest term
   in each coordinate is not longer than 1. The greater a length, the shorter y: so it is the same
   from wherever one looks for it. *)
Definition length_at (k : Z) : Z :=
  let octave := Z.shiftr k two in
  let quarters := Z.sub k (Z.mul four octave) in
  Z.shiftr (Z.shiftl (Z.add four quarters) octave) two.

(* Of y at a length what is at the sides of the box is as long as they are, the rest is a / length:
   the sum of a^2, and what the sides leave of 1, over grid^2. *)
Fixpoint balance (of_ends of_rest length : Z) (x : row) (b : box) : Z * Z :=
  match x, b with
  | a :: x', s :: b' =>
      if round s then
        let place := Z.mul a grid in
        if Z.leb place (Z.mul length (low s)) then
          balance (Z.add of_ends (Z.mul (low s) (low s))) of_rest length x' b'
        else if Z.leb (Z.mul length (high s)) place then
          balance (Z.add of_ends (Z.mul (high s) (high s))) of_rest length x' b'
        else balance of_ends (Z.add of_rest (Z.mul a a)) length x' b'
      else balance of_ends of_rest length x' b'
  | _, _ => (of_rest, Z.sub grid_square of_ends)
  end.
Definition balance_at (k : Z) (x : row) (b : box) : Z * Z := balance Z0 Z0 (length_at k) x b.

(* Whether rest / length^2 <= room / grid^2: by the upper halves of long numbers, if they tell. *)
Definition within (rest room k : Z) : bool :=
  let length := length_at k in
  let square := Z.mul length length in
  let upper_room := down room in
  let upper_square := down square in
  let product := Z.mul upper_room upper_square in
  if Z.ltb room 0 then false
  else if Z.leb rest product then true
  else if Z.ltb (Z.add product (Z.add upper_room upper_square)) rest then false
  else Z.leb (Z.mul rest grid_square) (Z.mul room square).

(* The first number from first to last that such a balance allows: up from k, and down from k. *)
Definition most_numbers : nat := 40.
Fixpoint raised (steps : nat) (k last rest room : Z) : Z :=
  if steps is steps'.+1 then
    if Z.ltb k last && ~~ within rest room k then raised steps' (Z.add k 1) last rest room else k
  else k.
Fixpoint lowered (steps : nat) (k first rest room : Z) : Z :=
  if steps is steps'.+1 then
    let less := Z.sub k 1 in
    if Z.ltb first k && within rest room less then lowered steps' less first rest room else k
  else k.

(* The first number from first to last at which y is not longer than 1, by trying k, and where its
   balance leads to: that is most often right. *)
Fixpoint sought (steps : nat) (k first last : Z) (x : row) (b : box) : Z :=
  if steps is steps'.+1 then
    if Z.ltb first last then
      let: (rest, room) := balance_at k x b in
      if within rest room k then
        let likely := Z.min (Z.sub k 1) (lowered most_numbers k first rest room) in
        sought steps' (Z.max first likely) first k x b
      else
        let next := Z.add k 1 in
        let likely :=
          if Z.leb room 0 then half_down (Z.add next last)
          else raised most_numbers next last rest room in
        sought steps' (Z.min likely (Z.sub last 1)) next last x b
    else first
  else first.
Definition six : Z := 6.
Definition eight : Z := 8.
Definition first_fit (octave start : Z) (x : row) (b : box) : Z :=
  let first := Z.mul four (Z.max two (Z.sub octave six)) in
  let last := Z.mul four (Z.add octave four) in
  sought most_numbers (Z.max first (Z.min start (Z.sub last 1))) first last x b.

(* Lengths are whole from number 8 on; for points with short coordinates they are those of four
   times the point. *)
Definition is_short (octave : Z) : bool := Z.ltb octave eight.
Definition number_for (octave start : Z) (x : row) (b : box) : Z :=
  if is_short octave then first_fit (Z.add octave two) start (map (Z.mul four) x) b
  else first_fit octave start x b.
Definition length_for (octave k : Z) : Z :=
  Z.max 1 (if is_short octave then Z.shiftr (length_at k) two else length_at k).

(* A point: x, its weight, the bits of its longest coordinate, and the numbers of the lengths by
   which x and -x were last seen to reach no further. *)
Record point := Point {
  coordinates : row;
  weight : Z;
  octave : Z;
  number_above : Z;
  number_below : Z;
}.

Record mixed_point := MixedPoint { of_point : point; lowest : Z; highest : Z }.

(* What x^T y is in a box: not negative, not positive, or of both signs. *)
Inductive sign := Active | Inactive | Mixed of mixed_point.

Definition sign_of (b mirror : box) (p : point) : sign :=
  let: Point x w octave k_above k_below := p in
  let below := Z.opp (corner x mirror) in
  if Z.leb 0 below then Active
  else
    let above := corner x b in
    if Z.leb above 0 then Inactive
    else
      let k_below' := number_for octave k_below x mirror in
      let below' := Z.max below (Z.opp (reach (length_for octave k_below') x mirror)) in
      if Z.leb 0 below' then Active
      else
        let k_above' := number_for octave k_above x b in
        let above' := Z.min above (reach (length_for octave k_above') x b) in
        if Z.leb above' 0 then Inactive
        else Mixed (MixedPoint (Point x w octave k_above' k_below') below' above').

(* The points that have no sign in a box, with their intervals; what is not negative is added to
   the linear part. *)
Definition linear_with (p : point) (linear : row) : row :=
  plus_row linear (map (Z.mul (weight p)) (coordinates p)).

Definition settled_point (b mirror : box) (p : point) (others : row * seq mixed_point) :
    row * seq mixed_point :=
  match sign_of b mirror p with
  | Active => let: (linear, mixed) := others in (linear_with p linear, mixed)
  | Inactive => others
  | Mixed m => let: (linear, mixed) := others in (linear, m :: mixed)
  end.

Definition settled (b : box) (linear : row) (points : seq point) : row * seq mixed_point :=
  foldr (settled_point b (mirrored b)) (linear, [::]) points.

(* The same without intervals, where a box is cut. Most points are seen to have no sign by y that
   are in the box and not longer than 1: the one nearest to zero, and those from there along one
   coordinate, almost to the sides. Nothing has to be proved of that: a point may be kept. *)
Definition middle_of (s : side) : Z := Z.max (low s) (Z.min (high s) 0).
Definition ways_of (s : side) : Z * Z :=
  let middle := middle_of s in
  (Z.min 0 (Z.sub (Z.add (low s) 1) middle), Z.max 0 (Z.sub (Z.sub (high s) 1) middle)).

Fixpoint signs_met (plus minus : bool) (start : Z) (x : row) (ways : seq (Z * Z)) : bool :=
  if plus && minus then true
  else
    match x, ways with
    | a :: x', (back, forth) :: ways' =>
        let one := Z.add start (Z.mul a back) in
        let other := Z.add start (Z.mul a forth) in
        signs_met [|| plus, Z.ltb 0 one | Z.ltb 0 other] [|| minus, Z.ltb one 0 | Z.ltb other 0]
          start x' ways'
    | _, _ => false
    end.

Definition kept_point (b mirror : box) (middle : row) (ways : seq (Z * Z)) (p : point)
    (others : row * seq point) : row * seq point :=
  let: (linear, kept) := others in
  if signs_met false false (dot (coordinates p) middle) (coordinates p) ways then
    (linear, p :: kept)
  else
    match sign_of b mirror p with
    | Active => (linear_with p linear, kept)
    | Inactive => others
    | Mixed m => (linear, of_point m :: kept)
    end.

Definition kept_points (b : box) (linear : row) (points : seq point) : row * seq point :=
  foldr (kept_point b (mirrored b) (map middle_of b) (map ways_of b)) (linear, [::]) points.
