// The integers of the checker: numbers of JavaScript where they are below 2**53, which are exact,
// and BigInts. A sum or product of numbers that comes out below 2**53 is right, since doubles are
// rounded monotonously; else it is computed again in BigInts. What is computed of a BigInt stays one,
// even where it is small, until it is divided or shifted to the right; == and < compare all rightly.
// An int of OCaml is a number, a bool 0 or 1; strings are made JavaScript's and back by the functions
// of js_of_ocaml that are required.

//Provides: certnn_narrowed const
function certnn_narrowed(big) {
  var number = Number(big);
  return number < 9007199254740992 && number > -9007199254740992 ? number : big;
}

//Provides: certnn_of_int const
function certnn_of_int(number) { return number; }

//Provides: certnn_to_int
function certnn_to_int(a) {
  var number = Number(a);
  if ((number | 0) !== number) throw new globalThis.RangeError("an integer is too long for an int");
  return number;
}

//Provides: certnn_of_hexadecimal
//Requires: caml_jsbytes_of_string, certnn_narrowed
function certnn_of_hexadecimal(text, position, length) {
  var digits = "0x" + caml_jsbytes_of_string(text).slice(position, position + length);
  return length < 14 ? Number(digits) : certnn_narrowed(BigInt(digits));
}

//Provides: certnn_to_string
//Requires: caml_string_of_jsbytes
function certnn_to_string(a) { return caml_string_of_jsbytes(BigInt(a).toString()); }

//Provides: certnn_compare const
function certnn_compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

//Provides: certnn_equal const
function certnn_equal(a, b) { return a == b ? 1 : 0; }

//Provides: certnn_at_most const
function certnn_at_most(a, b) { return a <= b ? 1 : 0; }

//Provides: certnn_less const
function certnn_less(a, b) { return a < b ? 1 : 0; }

//Provides: certnn_negated const
function certnn_negated(a) { return -a; }

// What is rare is a function of its own, so that engines put the rest where it is called. Zeros are
// most of what is there in large forms.

//Provides: certnn_long_sum const
function certnn_long_sum(a, b) {
  return a === 0 ? b : b === 0 ? a : BigInt(a) + BigInt(b);
}

//Provides: certnn_sum const
//Requires: certnn_long_sum
function certnn_sum(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    var sum = a + b;
    if (sum < 9007199254740992 && sum > -9007199254740992) return sum;
  }
  return certnn_long_sum(a, b);
}

//Provides: certnn_difference const
//Requires: certnn_sum
function certnn_difference(a, b) { return certnn_sum(a, -b); }

//Provides: certnn_thousands
var certnn_thousands = 0;

//Provides: certnn_products_left
var certnn_products_left = 100000;

//Provides: certnn_tell
//Requires: certnn_thousands, certnn_products_left
function certnn_tell() {
  certnn_products_left = 100000;
  certnn_thousands += 100;
  // Whoever wants to know how far the check has come.
  if (globalThis.certnnProducts) globalThis.certnnProducts(1000 * certnn_thousands);
}

//Provides: certnn_long_product const
function certnn_long_product(a, b) {
  return a === 0 || b === 0 ? 0 : BigInt(a) * BigInt(b);
}

//Provides: certnn_product
//Requires: certnn_products_left, certnn_tell, certnn_long_product
function certnn_product(a, b) {
  if ((certnn_products_left -= 1) === 0) certnn_tell();
  if (typeof a === "number" && typeof b === "number") {
    var product = a * b;
    if (product < 9007199254740992 && product > -9007199254740992) return product;
  }
  return certnn_long_product(a, b);
}

// As in zarith: a = quotient * b + remainder, where 0 <= remainder < |b|.

//Provides: certnn_remainder
//Requires: certnn_narrowed
function certnn_remainder(a, b) {
  if (typeof a === "number" && typeof b === "number" && b !== 0) {
    var rest = a % b; // of the sign of a
    return rest >= 0 ? rest : b < 0 ? rest - b : rest + b;
  }
  var divisor = BigInt(b);
  var long_rest = BigInt(a) % divisor; // a RangeError if b is 0
  return certnn_narrowed(long_rest >= 0 ? long_rest : long_rest + (b < 0 ? -divisor : divisor));
}

//Provides: certnn_quotient
//Requires: certnn_narrowed
function certnn_quotient(a, b) {
  if (typeof a === "number" && typeof b === "number" && b !== 0) {
    var rest = a % b;
    var quotient = (a - rest) / b; // no step is rounded
    return rest >= 0 ? quotient : b < 0 ? quotient + 1 : quotient - 1;
  }
  var dividend = BigInt(a), divisor = BigInt(b);
  var whole = dividend / divisor; // rounded towards 0; a RangeError if b is 0
  if (whole * divisor > dividend) whole += BigInt(b < 0 ? 1 : -1);
  return certnn_narrowed(whole);
}

//Provides: certnn_powers
var certnn_powers = Array.from({ length: 64 }, function (_, bits) { return Math.pow(2, bits); });

//Provides: certnn_shift_left
//Requires: certnn_powers
function certnn_shift_left(a, bits) {
  if (typeof a === "number" && bits < 64) {
    var product = a * certnn_powers[bits];
    if (product < 9007199254740992 && product > -9007199254740992) return product;
  }
  return BigInt(a) << BigInt(bits);
}

//Provides: certnn_shift_right
//Requires: certnn_powers, certnn_narrowed
function certnn_shift_right(a, bits) {
  if (typeof a === "number") return Math.floor(a / certnn_powers[bits < 64 ? bits : 63]);
  return certnn_narrowed(a >> BigInt(bits));
}

//Provides: certnn_publish
//Requires: caml_jsbytes_of_string, caml_string_of_jsbytes
function certnn_publish(verdict) {
  globalThis.certnnVerdict = function (line) {
    return caml_jsbytes_of_string(verdict(caml_string_of_jsbytes(line)));
  };
}
