(* Reads the witnesses of each kind of proof. *)

open Checked
open Tokens

(* Deeper ones would take more stack than a stranger's file should. *)
let deepest_tree = 400

(* Of proofs by cuts: the forms in products; the points of a set. Of these too, and of the pairs of
   phases: the entries of forms. *)
let most_forms = 1 lsl 12
let most_form_entries = 1 lsl 21
let largest_set = 12

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

(* Trees of regions; a leaf is what the given function reads. *)
let rec read_regions reader n read_leaf depth =
  if depth > n then malformed "a tree is too deep";
  if size reader ~least:0 ~most:1 = 0 then Region (read_leaf ())
  else
    let point = size reader ~least:0 ~most:(n - 1) in
    let one = read_regions reader n read_leaf (depth + 1) in
    let other = read_regions reader n read_leaf (depth + 1) in
    Regions (nat point, one, other)

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
  let read_leaf () = read_leaf reader n columns in
  read_directions reader c ball (fun () -> read_regions reader n read_leaf 0)

let read_majorants reader count =
  let slopes = integers reader count in
  let curvatures = integers reader count in
  let constants = integers reader count in
  { slopes; curvatures; constants }

let read_by_phases reader n columns c =
  let number = naturals n in
  let point () = number.(size reader ~least:0 ~most:(n - 1)) in
  let read_pair () =
    let one_point = point () in
    let other_point = point () in
    let one_share = integer reader in
    let other_share = integer reader in
    { one_point; other_point; one_share; other_share }
  in
  let read_product () =
    let one_fixed = point () in
    let other_fixed = point () in
    let product_factor = integer reader in
    { one_fixed; other_fixed; product_factor }
  in
  let read_direction () =
    let pairs = count reader ~least:0 in
    if pairs * columns > most_form_entries then malformed "it has too many pairs for this checker";
    let point_pairs = list pairs read_pair in
    let read_leaf () =
      let phases_unit = integer reader in
      let of_length = integer reader in
      let of_points = read_majorants reader n in
      let of_pairs = read_majorants reader pairs in
      let sign_products = list (count reader ~least:0) read_product in
      { phases_unit; of_length; of_points; of_pairs; sign_products }
    in
    let phases = read_regions reader n read_leaf 0 in
    { point_pairs; phases }
  in
  read_directions reader c None read_direction

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

let read_set reader n =
  let k = size reader ~least:0 ~most:largest_set in
  let set_points = list k (fun () -> nat (size reader ~least:0 ~most:(n - 1))) in
  let set_form = sparse reader (2 * k) (2 * k) in
  let set_parts = list (1 lsl k) (fun () -> sparse reader k k) in
  { set_points; set_form; set_parts }

let read_by_cuts reader n columns order =
  let slacks_unit = integer reader in
  let slack_count = count reader ~least:0 in
  let forms = (2 * n) + slack_count in
  if forms > most_forms || forms * (n + columns) > most_form_entries then
    malformed "it has too many slacks for this checker";
  let number = naturals forms in
  let index most = number.(size reader ~least:0 ~most:(most - 1)) in
  let read_slack () =
    let target = index n in
    let multiples_a = sparse_row reader n in
    let multiples_b = sparse_row reader n in
    { target; multiples_a; multiples_b }
  in
  let slacks = list slack_count read_slack in
  let terms_unit = integer reader in
  let read_term () =
    let first_form = index forms in
    let second_form = index forms in
    let multiple = integer reader in
    { first_form; second_form; multiple }
  in
  let multiplied = list (count reader ~least:0) read_term in
  let sets = list (count reader ~least:0) (fun () -> read_set reader n) in
  let cuts_form_proof = read_semidefinite reader order in
  { slacks_unit; slacks; terms_unit; multiplied; sets; cuts_form_proof }
