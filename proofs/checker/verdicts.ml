(* Reads a certificate in its integer form, one line, and lets the extracted checker decide.
   INTEGERS.md says what the form is. The command and the page in a browser share this. *)

module Integer = Z

open Checked
open Tokens
open Witnesses

(* Larger ones would take more memory than a stranger's file should; and more time, where each group
   is looked for among all points. *)
let largest_order = 2048
let most_grouped_points = 1 lsl 16
let most_labels_read = 1 lsl 28

(* The number of a kind is its place. *)
let kinds = [| "psd"; "partition"; "regions"; "cells"; "cuts"; "phases" |]

let read_bias reader =
  match size reader ~least:0 ~most:2 with 0 -> NoBias | 1 -> Decayed | _ -> Free

let read_loss reader =
  match size reader ~least:0 ~most:5 with
  | 0 -> HalfSquared
  | 1 -> Huber (double reader)
  | 2 -> Hinge
  | 3 -> SquaredHinge
  | 4 -> Logistic
  | _ -> Softmax

(* The claim, and n, d and c. *)
let read_claim reader most_points =
  let n = size reader ~least:1 ~most:most_points in
  let d = size reader ~least:1 ~most:largest_order in
  let c = size reader ~least:1 ~most:largest_order in
  let of_loss = read_loss reader in
  let hidden_bias = read_bias reader in
  let output_bias = read_bias reader in
  let bound_p = integer reader in
  let bound_q = integer reader in
  if Integer.sign bound_p < 0 || Integer.sign bound_q <= 0 then malformed "the claim is not p/q";
  let weight_decay = double reader in
  let data = list n (fun () -> doubles reader d) in
  let targets = list n (fun () -> doubles reader c) in
  let over =
    { points = nat n; inputs = nat d; outputs = nat c; of_loss; hidden_bias; output_bias; data;
      targets; weight_decay }
  in
  ({ over; bound_p; bound_q }, n, d, c)

(* A dual point of n points, and its proof. *)
let read_alone reader kind hidden_bias n d c =
  let columns = if hidden_bias = NoBias then d else d + 1 in
  let order = n + columns + c in
  if order > largest_order then malformed "it is too large for this checker";
  let data_unit = integer reader in
  let targets_unit = integer reader in
  let column = integer reader in
  let dual_unit = integer reader in
  let dual = matrix reader n c in
  let kappa_p = integer reader in
  let kappa_q = integer reader in
  let point = { data_unit; targets_unit; column; dual_unit; dual; kappa_p; kappa_q } in
  let proof =
    match kind with
    | "psd" ->
        let multipliers = read_multipliers reader n in
        ByPsd (multipliers, read_semidefinite reader order)
    | "partition" -> ByPartition (read_partition reader columns)
    | "regions" -> ByRegions (read_by_regions reader n d columns c)
    | "cells" -> ByCells (read_by_cells reader n d columns c)
    | "cuts" -> ByCuts (read_by_cuts reader n columns order)
    | _ -> ByPhases (read_by_phases reader n columns c)
  in
  (point, proof)

let read_groups reader hidden_bias n d c =
  let count = size reader ~least:1 ~most:(min n (most_labels_read / n)) in
  let sizes = Array.make count 0 in
  let read_label () =
    let label = size reader ~least:(-1) ~most:(count - 1) in
    if label >= 0 then sizes.(label) <- sizes.(label) + 1;
    Integer.of_int label
  in
  let labels = list n read_label in
  let bounds_unit = integer reader in
  let next = ref 0 in
  let read_part () =
    let own = sizes.(!next) in
    incr next;
    let share = double reader in
    let part_bound = integer reader in
    let kind = kinds.(size reader ~least:0 ~most:(Array.length kinds - 1)) in
    let part_point, part_proof = read_alone reader kind hidden_bias own d c in
    { share; part_bound; part_point; part_proof }
  in
  let parts = list count read_part in
  Groups { labels; bounds_unit; parts }

(* The claim, and the proof. *)
let read line =
  let reader = { line; position = 0 } in
  let format = word reader in
  let is_format kind = format = "certnn-" ^ kind ^ "-2" in
  let claim, proof =
    if is_format "groups" then
      let claim, n, d, c = read_claim reader most_grouped_points in
      (claim, read_groups reader claim.over.hidden_bias n d c)
    else
      match List.find_opt is_format (Array.to_list kinds) with
      | None -> malformed "the format is not known"
      | Some kind ->
          let claim, n, d, c = read_claim reader largest_order in
          let point, proof = read_alone reader kind claim.over.hidden_bias n d c in
          (claim, Alone (point, proof))
  in
  if reader.position <= String.length line then malformed "it goes on after its end";
  (claim, proof)

let verdict line =
  match read line with
  | exception Malformed reason -> (2, "malformed: " ^ reason)
  | exception Out_of_memory -> (2, "malformed: it does not fit into memory")
  | claim, proof ->
      if check claim proof then
        (0, "proved: " ^ Integer.to_string claim.bound_p ^ "/" ^ Integer.to_string claim.bound_q)
      else (1, "rejected")
