(* Reads the integers of a line, one after the other: as INTEGERS.md says, else it is malformed. *)

module Integer = Z

open Checked

exception Malformed of string

let malformed reason = raise (Malformed reason)

let longest_integer = 1024

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

let word reader =
  let start, length = token reader in
  String.sub reader.line start length

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

(* The 64 bits of a finite one. *)
let double reader =
  let bits = integer reader in
  if not (finite bits) then malformed "a number is not finite";
  bits

let integers reader count = list count (fun () -> integer reader)
let doubles reader count = list count (fun () -> double reader)
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

(* All up to this one, which share what they are made of. *)
let naturals most =
  let made = Array.make (most + 1) O in
  for k = 1 to most do made.(k) <- S made.(k - 1) done;
  made

let count reader ~least = size reader ~least ~most:(String.length reader.line)
