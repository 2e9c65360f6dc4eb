(* An executable checker for certificates of kind cells, as PsdChecker.v is for kind psd.
   CellsCheckerSound.v proves that what it accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PartitionChecker DirectionsChecker Definite CellsBoxes.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* The witness. *)

(* A cell is a leaf, or its box is cut: in the middle of a coordinate, or at zero. *)
Inductive node := Uncut | Middle of nat | Zero of nat.

(* The multipliers of a leaf in units of the bound: of the sides of its box, and of |y| = 1. *)
Record leaf_multipliers := LeafMultipliers {
  multipliers_unit : Z;
  of_sides : row;
  of_sphere : Z;
}.

(* The trees of all directions in preorder, the lower half first; boxes that the sphere does not
   meet have no nodes. A code for each mixed point of each leaf. *)
Record supply := Supply {
  nodes : seq node;
  codes : seq Z;
  leaves : seq leaf_multipliers;
}.

(* What a direction is about in integers: its weights, each weights_over times the weight over
   weights_under, and the bound that is to be proved for them. *)
Record rounded_direction := RoundedDirection {
  weights_over : Z;
  weights_under : Z;
  rounded_weights : row;
  level : Z;
}.

Record cells_proof := CellsProof {
  rotation_unit : Z;
  rotation : rows;      (* P, integers over the unit *)
  points_over : Z;      (* as for weights *)
  points_under : Z;
  rounded_points : rows;
  deepest : nat;        (* boxes that may be one in another *)
  supplied : supply;
  by_directions : directions_proof rounded_direction;
}.

(* Units: of a and b of a quadratic, of what P may change a length by, and of entries of a form. *)
Definition form_unit : Z := Z.shiftl 1 60.
Definition half_form_unit : Z := Z.shiftl 1 59.
Definition turn_bits : Z := 30.
Definition turn_unit : Z := Z.shiftl 1 turn_bits.
Definition edge_unit : Z := Z.shiftl 1 34.     (* form_unit / grid *)
Definition corner_unit : Z := Z.shiftl 1 8.    (* form_unit / grid^2 *)

(* Quadratics: a, b and c of (a t^2 + b t) / form_unit + c, above or below the ReLU (Theorem
   52(c)4). Numbers have names, as they would be made anew at each use in what is extracted. *)
Definition quarter_form_unit : Z := Z.shiftl 1 58.
Definition sixteenth_form_unit : Z := Z.shiftl 1 56.
Definition three : Z := 3.
Definition middle_code : Z := 128.
Definition fifteen : Z := 15.
Definition sixteen : Z := 16.
Definition fifteenth_form_unit : Z := Z.div form_unit fifteen.
Fixpoint entry_at (table : row) (i : Z) : Z :=
  if table is a :: rest then if Z.leb i 0 then a else entry_at rest (Z.sub i 1) else Z0.
Definition down_table : row := [:: 256; 235; 215; 197; 181; 166; 152; 140]%Z.
Definition up_table : row := [:: 256; 280; 305; 332; 363; 395; 431; 470]%Z.

Definition majorant (code l h : Z) : Z * Z * Z :=
  let near := Z.min h (Z.opp l) in
  let step := Z.sub code middle_code in
  if Z.leb step 0 then
    let steps := Z.opp step in
    let tau := Z.max 1 (Z.shiftr (Z.mul near (entry_at down_table (Z.modulo steps eight)))
      (Z.add eight (Z.shiftr steps three))) in
    let a := Z.div quarter_form_unit tau in
    (a, half_form_unit, Z.add (Z.div sixteenth_form_unit a) 1)
  else
    let far := Z.add (Z.shiftr (Z.shiftl (Z.mul near (entry_at up_table (Z.modulo step eight)))
      (Z.shiftr step three)) eight) 1 in
    let rho := Z.max near (Z.min far turn_unit) in
    let sum := Z.add near rho in
    let a := Z.add (Z.div (Z.mul near (Z.div form_unit sum)) sum) two in
    let product := Z.mul a rho in
    let c :=
      Z.add (Z.shiftr (Z.mul (Z.add (Z.shiftr product turn_bits) 1) rho) turn_bits) 1 in
    (a, if Z.leb h (Z.opp l) then Z.mul two product else Z.sub form_unit (Z.mul two product), c).

Definition minorant (code l h : Z) : Z * Z * Z :=
  let p := Z.shiftr code four in
  let q := Z.modulo code sixteen in
  let a := Z.div (Z.mul q (Z.div form_unit (Z.sub h l))) fifteen in
  (a, Z.add (Z.mul a (Z.opp l)) (Z.mul p fifteenth_form_unit), Z0).

(* Whether a t^2 + b t + c is nonnegative from l to h. *)
Definition nonnegative_on (l h a b c : Z) : bool :=
  let at_place t := Z.add (Z.mul (Z.add (Z.mul a t) b) t) c in
  let slope t := Z.add (Z.mul (Z.mul two a) t) b in
  [&& Z.leb 0 (at_place l), Z.leb 0 (at_place h) &
      [|| Z.leb a 0, Z.leb 0 (slope l), Z.leb (slope h) 0 |
          Z.leb (Z.mul b b) (Z.mul (Z.mul four a) c)]].

(* Whether the quadratic is above the ReLU from l to h, or below it where the weight is negative. *)
Definition quadratic_fits (w l h a b c : Z) : bool :=
  let minus_slope := Z.sub b form_unit in
  let whole := Z.mul form_unit c in
  if Z.leb 0 w then nonnegative_on l 0 a b whole && nonnegative_on 0 h a minus_slope whole
  else nonnegative_on l 0 (Z.opp a) (Z.opp b) (Z.opp whole) &&
    nonnegative_on 0 h (Z.opp a) (Z.opp minus_slope) (Z.opp whole).

(* Weight times a, b and c; the points, and the sum of the last. *)
Record quadratics := Quadratics {
  at_points : rows;
  squares : row;
  firsts : row;
  constant : Z;
}.

(* What a code says of a mixed point goes on top of the found ones: a tail call for each point, as
   there may be more of them than fit on a stack. *)
Fixpoint named (mixed : seq mixed_point) (given : seq Z) (found : quadratics) :
    option (quadratics * seq Z) :=
  match mixed, given with
  | [::], _ => Some (found, given)
  | MixedPoint p l h :: others, code :: given' =>
      let w := weight p in
      let: (a, b, c) := if Z.leb 0 w then majorant code l h else minorant code l h in
      let: Quadratics xs As Bs sum := found in
      if quadratic_fits w l h a b c then
        named others given' (Quadratics (coordinates p :: xs) (Z.mul w a :: As) (Z.mul w b :: Bs)
          (Z.add (Z.mul w c) sum))
      else None
  | _, _ => None
  end.

(* Twice F of Theorem 52(a), as a form of (1, y), over the unit of multipliers times form_unit; row
   by row, right as far as the diagonal. *)
Definition no_side : side := Side false Z0 Z0.
Definition leaf_form (h : Z) (b : box) (linear : row) (mixed : quadratics) (unit : Z)
    (sides : row) (sphere : Z) : rows :=
  let: Quadratics xs As Bs sum := mixed in
  let k := size b in
  let columns := transposed k xs in
  let minus_twice := Z.opp (Z.mul two unit) in
  let edge i :=
    let s := nth no_side b i in
    Z.add (Z.mul unit (Z.add (Z.mul form_unit (nth Z0 linear i)) (dot Bs (nth [::] columns i))))
      (Z.mul edge_unit (Z.mul (nth Z0 sides i) (Z.add (low s) (high s)))) in
  let row i :=
    let weighted := times_row As (nth [::] columns i) in
    let own := if round (nth no_side b i) then sphere else Z0 in
    plus_row [seq Z.mul minus_twice (dot weighted column) | column <- take i.+1 columns]
      (ncons i Z0 [:: Z.mul (Z.mul two form_unit) (Z.add (nth Z0 sides i) own)]) in
  let ends := mkseq (fun i =>
    let s := nth no_side b i in Z.mul (nth Z0 sides i) (Z.mul (low s) (high s))) k in
  let corner :=
    Z.add (Z.mul form_unit (Z.sub (Z.mul unit (Z.sub h sum)) sphere))
      (Z.mul corner_unit (foldr Z.add Z0 ends)) in
  [:: Z.mul two corner] :: mkseq (fun i => Z.opp (edge i) :: row i) k.

Section Tree.

Variable h : Z.

Definition leaf_accepted (b : box) (linear : row) (mixed : seq mixed_point) (rest : seq node)
    (cs : seq Z) (ls : seq leaf_multipliers) : option supply :=
  if named mixed cs (Quadratics [::] [::] [::] Z0) is Some (quadratics, cs') then
    if ls is LeafMultipliers unit sides sphere :: ls' then
      let sides' := map (Z.mul h) sides in
      if [&& positive unit, all (Z.leb 0) sides' &
          definite (size b).+1 (leaf_form h b linear quadratics unit sides' (Z.mul h sphere))]
      then Some (Supply rest cs' ls') else None
    else None
  else None.

(* Whether the bound holds in a box, and what is left of the supply. *)
Fixpoint walked (steps : nat) (b : box) (linear : row) (points : seq point) (given : supply) :
    option supply :=
  if steps is steps'.+1 then
    if trimmed b is Some b' then
      let halves j place ns :=
        let s := nth no_side b' j in
        let: (linear', points') := kept_points b' linear points in
        if Z.ltb (low s) place && Z.ltb place (high s) then
          if walked steps' (changed j (until place) b') linear' points'
              (Supply ns (codes given) (leaves given)) is Some given' then
            walked steps' (changed j (from place) b') linear' points' given'
          else None
        else None in
      match nodes given with
      | Uncut :: ns =>
          let: (linear', mixed) := settled b' linear points in
          leaf_accepted b' linear' mixed ns (codes given) (leaves given)
      | Middle j :: ns =>
          let s := nth no_side b' j in halves j (half_down (Z.add (low s) (high s))) ns
      | Zero j :: ns => halves j Z0 ns
      | [::] => None
      end
    else Some given
  else None.

End Tree.

(* Rounding (Theorem 52(b)). *)

Definition cube (beside : bool) (d : nat) : box :=
  nseq beside (Side false (Z.opp grid) grid) ++ nseq d (Side true (Z.opp grid) grid).

(* Whether over * a is within half a unit of under * b. *)
Definition near (over under a b : Z) : bool :=
  Z.leb (Z.mul two (Z.abs (Z.sub (Z.mul over a) (Z.mul under b)))) under.

Definition octave_of (e : nat) (x : row) : Z :=
  bits_from 5 16 (foldr (fun a => Z.max (Z.abs a)) 1%Z (drop e x)).

Section Directions.

Variables (beside : bool) (n d : nat).
(* Z, and the points in units of 1 over points_scale. *)
Variables (Z' : rows) (uZ uh : Z) (X' : rows) (over under unit : Z) (deepest : nat).

Definition point_lost (entry : row * (Z * Z)) : Z :=
  let: (x, (exact, w)) := entry in
  if Z.eqb exact 0 then Z0
  else let more := Z.add (Z.abs w) 1 in foldr Z.add Z0 [seq Z.add (Z.abs a) more | a <- x].

Definition counted_points (weights : row) : seq point :=
  [seq let octave := octave_of beside e.1 in
       Point e.1 e.2 octave (Z.mul four octave) (Z.mul four octave)
  | e <- zip X' weights & ~~ Z.eqb e.2 0 && ~~ all (Z.eqb 0) e.1].

Definition direction_accepted (one : direction rounded_direction) (given : supply) :
    option supply :=
  let: Direction w h (RoundedDirection over' under' weights level) := one in
  let sigma := map (fun z => dot z w) Z' in
  let lost := foldr Z.add Z0 (map point_lost (zip X' (zip sigma weights))) in
  if [&& eqn (size weights) n, all positive [:: over'; under'; h; level],
      all (fun e => near over' under' e.1 e.2 && (Z.eqb e.1 0 ==> Z.eqb e.2 0))
        (zip sigma weights) &
      Z.leb (Z.mul (Z.add (Z.mul two level) lost)
          (Z.mul (Z.mul under under') (Z.mul uh turn_unit)))
        (Z.mul (Z.mul two (Z.mul h (Z.sub turn_unit 1)))
          (Z.mul (Z.mul over unit) (Z.mul over' uZ)))]
  then
    let points := counted_points weights in
    if points is [::] then Some given
    else walked level deepest (cube beside d) [::] points given
  else None.

Fixpoint directions_accepted (rest : seq (direction rounded_direction)) (given : supply) : bool :=
  if rest is one :: rest' then
    if direction_accepted one given is Some given' then directions_accepted rest' given' else false
  else if given is Supply [::] [::] [::] then true else false.

End Directions.

(* (1 - share) |y|^2 <= |Py|^2 <= (1 + 2 share) |y|^2 for all y; share is 1 over turn_unit. *)
Definition rotation_fits (d : nat) (unit : Z) (P : rows) : bool :=
  let columns := transposed d P in
  let square := products columns columns in
  let one := Z.mul unit unit in
  [&& positive unit, full d d P,
      definite d (plus (scaled turn_unit square)
        (diagonal d (Z.opp (Z.mul (Z.sub turn_unit 1) one)))) &
      definite d (plus (scaled (Z.opp turn_unit) square)
        (diagonal d (Z.mul (Z.add turn_unit two) one)))].

(* The points in turned coordinates, over unit times the unit of X times turn_unit. *)
Definition turned_rows (beside : bool) (d : nat) (unit : Z) (P X : rows) : rows :=
  let columns := transposed d P in
  let longer := Z.mul (Z.add turn_unit 1) unit in
  [seq map (Z.mul longer) (take beside x) ++
    [seq Z.mul turn_unit (dot (drop beside x) column) | column <- columns] | x <- X].

Definition check_cells (beside : bool) (n d c : nat) (X : rows) (point : dual_point)
    (witness : cells_proof) : bool :=
  let: DualPoint uX _ _ uZ Z' _ _ := point in
  let: CellsProof uP P over under X' steps given by_directions := witness in
  let: DirectionsProof _ uh directions _ := by_directions in
  let unit := Z.mul (Z.mul uX uP) turn_unit in
  [&& full n (beside + d) X && full n c Z', full n (beside + d) X',
      directions_cover c point by_directions, rotation_fits d uP P,
      positive over && positive under,
      all_entries (near over under) (turned_rows beside d uP P X) X' &
      directions_accepted beside n d Z' uZ uh X' over under unit steps directions given].

Definition check_by_cells (statement : claim) (point : dual_point) (witness : cells_proof) : bool :=
  verdict_beside (fun beside n d c X => check_cells beside n d c X point witness)
    (ball (by_directions witness)) statement point.
