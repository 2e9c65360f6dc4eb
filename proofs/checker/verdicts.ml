(* Reads a certificate in its integer form, one line, and lets the extracted checkers decide.
   INTEGERS.md says what the form is. The command and the page in a browser share this. *)

module Integer = Z

open Checked

exception Malformed of string

let malformed reason = raise (Malformed reason)

(* Larger ones would take more memory than a stranger's file should. *)
let largest_order = 2048
let longest_integer = 1024
let deepest_tree = 400

(* Tokens: words of hexadecimal digits, with one space between them. *)

type reader = { line : string; mutable position : int }

let token reader =
  let start = reader.position and length = String.length reader.line in
  if start >= length then malformed "it ends too early";
  let stop =
    match String.index_from_opt reader.line start ' ' with Some i -> i | None -> length
  in
  reader.position <- stop + 1;
  if stop = length - 1 then malformed "there is a space at the end";
  (start, stop - start)

let is_digit c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')

let integer reader =
  let start, size = token reader in
  let negative = size > 0 && reader.line.[start] = '-' in
  let first = if negative then start + 1 else start in
  let digits = if negative then size - 1 else size in
  if digits = 0 then malformed "an integer has no digits";
  if digits > longest_integer then malformed "an integer is too long";
  for i = first to first + digits - 1 do
    if not (is_digit reader.line.[i]) then malformed "an integer has another sign than 0-9, a-f"
  done;
  if reader.line.[first] = '0' && (digits > 1 || negative) then
    malformed "an integer has a zero in front";
  let magnitude = Integer.of_substring_base 16 reader.line ~pos:first ~len:digits in
  if negative then Integer.neg magnitude else magnitude

let size reader ~least ~most =
  let k = integer reader in
  if Integer.lt k (Integer.of_int least) || Integer.gt k (Integer.of_int most) then
    malformed "a size is out of range";
  Integer.to_int k

(* In order of the file, whatever the order of evaluation is. *)
let list count read =
  let rec next k found = if k = 0 then List.rev found else next (k - 1) (read () :: found) in
  next count []

let integers reader count = list count (fun () -> integer reader)
let matrix reader p q = list p (fun () -> integers reader q)

(* A row given by the numbers of zeros before each of its entries. *)
let sparse_row reader length =
  let rec zeros k row = if k = 0 then row else zeros (k - 1) (Integer.zero :: row) in
  let rec next count room row =
    if count = 0 then List.rev row
    else
      let gap = size reader ~least:0 ~most:(room - 1) in
      let entry = integer reader in
      next (count - 1) (room - gap - 1) (entry :: zeros gap row)
  in
  next (size reader ~least:0 ~most:length) length []

let sparse reader p q = list p (fun () -> sparse_row reader q)

let rec peano k so_far = if k = 0 then so_far else peano (k - 1) (S so_far)
let nat k = peano k O

let read_multipliers reader n =
  let pairs_unit = integer reader in
  let pairs_aa = sparse reader n n in
  let pairs_ab = sparse reader n n in
  let pairs_bb = sparse reader n n in
  { pairs_unit; pairs_aa; pairs_ab; pairs_bb }

let read_semidefinite reader order =
  let weights_unit = integer reader in
  let weights = integers reader order in
  let factor_unit = integer reader in
  let factor = sparse reader order order in
  { weights_unit; weights; factor_unit; factor }

(* Trees of cones with so many rays; a leaf is what the given function reads. *)
let rec read_splits reader columns read_leaf depth =
  if depth > deepest_tree then malformed "a tree is too deep";
  if size reader ~least:0 ~most:1 = 0 then Leaf (read_leaf ())
  else
    let i = size reader ~least:0 ~most:(columns - 1) in
    let j = size reader ~least:0 ~most:(columns - 1) in
    let p = integer reader in
    let q = integer reader in
    let one = read_splits reader columns read_leaf (depth + 1) in
    let other = read_splits reader columns read_leaf (depth + 1) in
    Split (nat i, nat j, p, q, one, other)

let rec read_signs reader columns read_leaf left =
  if left = 0 then Cone (read_splits reader columns read_leaf 0)
  else
    let plus = read_signs reader columns read_leaf (left - 1) in
    let minus = read_signs reader columns read_leaf (left - 1) in
    Signs (plus, minus)

let read_partition reader columns =
  let basis_unit = integer reader in
  let basis = matrix reader columns columns in
  let inverse_unit = integer reader in
  let inverse = matrix reader columns columns in
  let cones = read_signs reader columns (fun () -> integers reader columns) columns in
  { basis_unit; basis; inverse_unit; inverse; cones }

let read_leaf reader n columns =
  let pairs = read_multipliers reader n in
  let vectors_a = sparse reader n columns in
  let numbers_a = integers reader n in
  let vectors_b = sparse reader n columns in
  let numbers_b = integers reader n in
  let norms = { vectors_a; numbers_a; vectors_b; numbers_b } in
  let mu = integer reader in
  let nu = integer reader in
  let form_proof = read_semidefinite reader (n + columns + 1) in
  { pairs; norms; mu; nu; form_proof }

let rec read_regions reader n columns depth =
  if depth > n then malformed "a tree is too deep";
  if size reader ~least:0 ~most:1 = 0 then Region (read_leaf reader n columns)
  else
    let point = size reader ~least:0 ~most:(n - 1) in
    let one = read_regions reader n columns (depth + 1) in
    let other = read_regions reader n columns (depth + 1) in
    Regions (nat point, one, other)

let count reader ~least = size reader ~least ~most:(String.length reader.line)

let read_ball reader d =
  if size reader ~least:0 ~most:1 = 0 then None
  else
    let center = integers reader d in
    let radius = integer reader in
    Some (center, radius)

(* Directions and the cones that they are the rays of; what shows a direction is given. *)
let read_directions reader c ball read_shown =
  let heights_unit = integer reader in
  let count = count reader ~least:1 in
  let read_direction () =
    let ray = integers reader c in
    let height = integer reader in
    let shown_by = read_shown () in
    { ray; height; shown_by }
  in
  let directions = list count read_direction in
  let read_cone () =
    let members = list c (fun () -> nat (size reader ~least:0 ~most:(count - 1))) in
    let vector_unit = integer reader in
    let vector = integers reader c in
    { members; vector_unit; vector }
  in
  let output_cones = read_signs reader c read_cone c in
  { ball; heights_unit; directions; output_cones }

let read_by_regions reader n d columns c =
  let ball = read_ball reader d in
  read_directions reader c ball (fun () -> read_regions reader n columns 0)

let read_node reader columns =
  match size reader ~least:0 ~most:(2 * columns) with
  | 0 -> Uncut
  | k when k <= columns -> Middle (nat (k - 1))
  | k -> Zero (nat (k - 1 - columns))

let read_leaf_multipliers reader columns =
  let multipliers_unit = integer reader in
  let of_sides = integers reader columns in
  let of_sphere = integer reader in
  { multipliers_unit; of_sides; of_sphere }

let read_by_cells reader n d columns c =
  let ball = read_ball reader d in
  let turned = if ball = None then columns else d in
  let rotation_unit = integer reader in
  let rotation = matrix reader turned turned in
  let points_over = integer reader in
  let points_under = integer reader in
  let rounded_points = matrix reader n columns in
  let read_rounded () =
    let weights_over = integer reader in
    let weights_under = integer reader in
    let rounded_weights = integers reader n in
    let level = integer reader in
    { weights_over; weights_under; rounded_weights; level }
  in
  let by_directions = read_directions reader c ball read_rounded in
  let many read = list (count reader ~least:0) read in
  let nodes = many (fun () -> read_node reader columns) in
  let codes = many (fun () -> Integer.of_int (size reader ~least:0 ~most:255)) in
  let leaves = many (fun () -> read_leaf_multipliers reader columns) in
  let supplied = { nodes; codes; leaves } in
  let deepest = nat (deepest_tree + 1) in
  { rotation_unit; rotation; points_over; points_under; rounded_points; deepest; supplied;
    by_directions }

(* The loss, and the doubles in it. *)
let read_loss reader =
  match size reader ~least:0 ~most:5 with
  | 0 -> (HalfSquared, [])
  | 1 ->
      let delta = integer reader in
      (Huber delta, [ delta ])
  | 2 -> (Hinge, [])
  | 3 -> (SquaredHinge, [])
  | 4 -> (Logistic, [])
  | _ -> (Softmax, [])

let read_bias reader =
  match size reader ~least:0 ~most:2 with 0 -> NoBias | 1 -> Decayed | _ -> Free

(* The claim, and what is left to do to check it. *)
let read line =
  let reader = { line; position = 0 } in
  let start, length = token reader in
  let kind = String.sub line start length in
  if not (List.mem kind [ "certnn-psd-2"; "certnn-partition-2"; "certnn-regions-2"; "certnn-cells-2" ]) then
    malformed "the format is not known";
  let read_size () = size reader ~least:1 ~most:largest_order in
  let n = read_size () in
  let d = read_size () in
  let c = read_size () in
  let of_loss, of_loss_words = read_loss reader in
  let hidden_bias = read_bias reader in
  let output_bias = read_bias reader in
  let columns = if hidden_bias = NoBias then d else d + 1 in
  let order = n + columns + c in
  if order > largest_order then malformed "it is too large for this checker";
  let bound_p = integer reader in
  let bound_q = integer reader in
  if Integer.sign bound_p < 0 || Integer.sign bound_q <= 0 then malformed "the claim is not p/q";
  let weight_decay = integer reader in
  let data = matrix reader n d in
  let targets = matrix reader n c in
  let words = List.concat ((weight_decay :: of_loss_words) :: data @ targets) in
  if not (List.for_all finite words) then malformed "a number is not finite";
  let data_unit = integer reader in
  let targets_unit = integer reader in
  let column = integer reader in
  let dual_unit = integer reader in
  let dual = matrix reader n c in
  let kappa_p = integer reader in
  let kappa_q = integer reader in
  let over =
    { points = nat n; inputs = nat d; outputs = nat c; of_loss; hidden_bias; output_bias; data;
      targets; weight_decay }
  in
  let claim = { over; bound_p; bound_q } in
  let point = { data_unit; targets_unit; column; dual_unit; dual; kappa_p; kappa_q } in
  let decide =
    if kind = "certnn-psd-2" then
      let given = read_multipliers reader n in
      let proof = read_semidefinite reader order in
      fun () -> check claim point given proof
    else if kind = "certnn-regions-2" then
      let proof = read_by_regions reader n d columns c in
      fun () -> check_by_regions claim point proof
    else if kind = "certnn-cells-2" then
      let proof = read_by_cells reader n d columns c in
      fun () -> check_by_cells claim point proof
    else
      let proof = read_partition reader columns in
      fun () -> check_by_partition claim point proof
  in
  if reader.position <= String.length line then malformed "it goes on after its end";
  (claim, decide)

let verdict line =
  match read line with
  | exception Malformed reason -> (2, "malformed: " ^ reason)
  | exception Out_of_memory -> (2, "malformed: it does not fit into memory")
  | claim, decide ->
      if decide () then
        (0, "proved: " ^ Integer.to_string claim.bound_p ^ "/" ^ Integer.to_string claim.bound_q)
      else (1, "rejected")
