// The integers of the checker are BigInts. An int of OCaml is a number, a bool 0 or 1; strings are
// made JavaScript's and back by the functions of js_of_ocaml that are required.

//Provides: certnn_of_int const
function certnn_of_int(number) { return BigInt(number); }

//Provides: certnn_to_int
function certnn_to_int(a) {
  if (BigInt.asIntN(32, a) !== a) throw new globalThis.RangeError("an integer is too long for an int");
  return Number(a);
}

//Provides: certnn_of_hexadecimal
//Requires: caml_jsbytes_of_string
function certnn_of_hexadecimal(text, position, length) {
  return BigInt("0x" + caml_jsbytes_of_string(text).slice(position, position + length));
}

//Provides: certnn_to_string
//Requires: caml_string_of_jsbytes
function certnn_to_string(a) { return caml_string_of_jsbytes(a.toString()); }

//Provides: certnn_compare const
function certnn_compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

//Provides: certnn_equal const
function certnn_equal(a, b) { return a === b ? 1 : 0; }

//Provides: certnn_at_most const
function certnn_at_most(a, b) { return a <= b ? 1 : 0; }

//Provides: certnn_less const
function certnn_less(a, b) { return a < b ? 1 : 0; }

//Provides: certnn_negated const
function certnn_negated(a) { return -a; }

//Provides: certnn_sum const
function certnn_sum(a, b) { return a + b; }

//Provides: certnn_difference const
function certnn_difference(a, b) { return a - b; }

//Provides: certnn_products
var certnn_products = 0;

//Provides: certnn_product
//Requires: certnn_products
function certnn_product(a, b) {
  certnn_products += 1;
  // Whoever wants to know how far the check has come.
  if (certnn_products % 100000 === 0 && globalThis.certnnProducts) {
    globalThis.certnnProducts(certnn_products);
  }
  return a * b;
}

// As in zarith: a = quotient * b + remainder, where 0 <= remainder < |b|.

//Provides: certnn_remainder
function certnn_remainder(a, b) {
  var rest = a % b; // of the sign of a; a RangeError if b is 0
  return rest >= 0 ? rest : b < 0 ? rest - b : rest + b;
}

//Provides: certnn_quotient
//Requires: certnn_remainder
function certnn_quotient(a, b) { return (a - certnn_remainder(a, b)) / b; }

//Provides: certnn_shift_left const
function certnn_shift_left(a, bits) { return a << BigInt(bits); }

//Provides: certnn_shift_right const
function certnn_shift_right(a, bits) { return a >> BigInt(bits); }

//Provides: certnn_publish
//Requires: caml_jsbytes_of_string, caml_string_of_jsbytes
function certnn_publish(verdict) {
  globalThis.certnnVerdict = function (line) {
    return caml_jsbytes_of_string(verdict(caml_string_of_jsbytes(line)));
  };
}
