(* As much of zarith as the checker uses, by numbers and BigInts of JavaScript: see integers.js. *)

type t

external of_int : int -> t = "certnn_of_int"
external to_int : t -> int = "certnn_to_int"
external of_hexadecimal : string -> int -> int -> t = "certnn_of_hexadecimal"
external to_string : t -> string = "certnn_to_string"
external compare : t -> t -> int = "certnn_compare"
external neg : t -> t = "certnn_negated"
external add : t -> t -> t = "certnn_sum"
external sub : t -> t -> t = "certnn_difference"
external mul : t -> t -> t = "certnn_product"
external quotient : t -> t -> t = "certnn_quotient"
external remainder : t -> t -> t = "certnn_remainder"
external shift_left : t -> int -> t = "certnn_shift_left"
external shift_right : t -> int -> t = "certnn_shift_right"
external equal : t -> t -> bool = "certnn_equal"
external leq : t -> t -> bool = "certnn_at_most"
external lt : t -> t -> bool = "certnn_less"

let zero = of_int 0
let gt a b = lt b a
let sign a = compare a zero
let of_substring_base base text ~pos ~len =
  if base <> 16 then invalid_arg "of_substring_base" else of_hexadecimal text pos len
