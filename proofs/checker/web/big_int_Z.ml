(* The names by which extracted code calls Z. *)

type big_int = Z.t

let zero_big_int = Z.zero
let unit_big_int = Z.of_int 1
let big_int_of_int = Z.of_int
let int_of_big_int = Z.to_int
let sign_big_int = Z.sign
let compare_big_int = Z.compare
let eq_big_int = Z.equal
let le_big_int = Z.leq
let lt_big_int = Z.lt
let minus_big_int = Z.neg
let abs_big_int a = if Z.sign a < 0 then Z.neg a else a
let max_big_int a b = if Z.leq a b then b else a
let min_big_int a b = if Z.leq a b then a else b
let add_big_int = Z.add
let sub_big_int = Z.sub
let mult_big_int = Z.mul
let add_int_big_int a = Z.add (Z.of_int a)
let mult_int_big_int a = Z.mul (Z.of_int a)
let succ_big_int = Z.add unit_big_int
let div_big_int = Z.quotient
let mod_big_int = Z.remainder
let quomod_big_int a b = (Z.quotient a b, Z.remainder a b)
let shift_left_big_int = Z.shift_left
let shift_right_big_int = Z.shift_right
