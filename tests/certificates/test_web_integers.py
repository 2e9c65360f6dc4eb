"""The integers of the checker in JavaScript are Python's, whichever form they have there."""

import json
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.certificates.web_checker import ENGINE

INTEGERS = Path(__file__).parents[2] / "proofs" / "checker" / "web" / "integers.js"
#: What stands in the place of js_of_ocaml, and answers in decimals. An integer is given by its
#: hexadecimal digits, as a checker reads it, or as a BigInt whether it is long or not.
HARNESS = """
const caml_jsbytes_of_string = (text) => text;
const caml_string_of_jsbytes = (text) => text;
function integer([digits, long]) {
  const negative = digits[0] === "-";
  const size = digits.length - negative;
  const read = certnn_of_hexadecimal("-" + digits + " 0", 1 + negative, size);
  const signed = negative ? certnn_negated(read) : read;
  return long ? BigInt(signed) : signed;
}
function answer(name, cases) {
  const f = globalThis["certnn_" + name];
  return JSON.stringify(JSON.parse(cases).map((given) => {
    try {
      const found = f(...given.map((one) => (Array.isArray(one) ? integer(one) : one)));
      if (typeof found === "number" && !Number.isSafeInteger(found)) return "not whole";
      return certnn_to_string(found);
    } catch (error) {
      return error.name;
    }
  }));
}
"""
EDGES = [0, 1, 2, 3, 5, 2**26, 2**31, 2**32, 2**52, 2**53, 2**54, 2**63, 2**64, 2**106, 2**128]
NEAR = sorted({sign * (edge + off) for edge in EDGES for off in (-1, 0, 1) for sign in (-1, 1)})
ANY = st.one_of(
    st.sampled_from(NEAR),
    st.integers(-(2**54), 2**54),
    st.builds(
        lambda bits, share: int(share * 2.0**bits), st.integers(0, 300), st.floats(-1.0, 1.0)
    ),
    st.integers(-(2**400), 2**400),
)


def quotient(a, b):
    """As zarith's: the remainder is not negative."""
    return -(a // -b) if b < 0 else a // b


OPERATIONS = {
    "sum": lambda a, b: a + b,
    "difference": lambda a, b: a - b,
    "product": lambda a, b: a * b,
    "compare": lambda a, b: (a > b) - (a < b),
    "equal": lambda a, b: int(a == b),
    "less": lambda a, b: int(a < b),
    "at_most": lambda a, b: int(a <= b),
    "quotient": lambda a, b: quotient(a, b) if b else "RangeError",
    "remainder": lambda a, b: a - b * quotient(a, b) if b else "RangeError",
}


@pytest.fixture(scope="module")
def engine():
    found = import_module(ENGINE).MiniRacer()
    found.eval(INTEGERS.read_text("utf-8") + HARNESS)
    return found


def answers(engine, name, cases):
    return json.loads(engine.call("answer", name, json.dumps(cases)))


def forms(number):
    return [f"{number:x}", False], [f"{number:x}", True]


def require(engine, name, pairs):
    """For every form of both."""
    cases = [[a, b] for one, other in pairs for a in forms(one) for b in forms(other)]
    expected = [str(OPERATIONS[name](*pair)) for pair in pairs for _ in range(4)]
    assert answers(engine, name, cases) == expected


@pytest.mark.parametrize("name", OPERATIONS)
def test_near_every_edge(engine, name):
    require(engine, name, [(a, b) for a in NEAR for b in NEAR])


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(pairs=st.lists(st.tuples(ANY, ANY), min_size=20, max_size=20))
def test_everywhere(engine, name, pairs):
    require(engine, name, pairs)
    require(engine, name, [(a * b, b) for a, b in pairs])  # no remainder


@pytest.mark.parametrize("bits", [0, 1, 8, 26, 31, 32, 52, 53, 54, 63, 64, 65, 129, 1074])
def test_shifts(engine, bits):
    cases = [[form, bits] for number in NEAR for form in forms(number)]
    for name, expected in (
        ("shift_left", [number << bits for number in NEAR for _ in range(2)]),
        ("shift_right", [number >> bits for number in NEAR for _ in range(2)]),
    ):
        assert answers(engine, name, cases) == [str(number) for number in expected]


def test_one_at_a_time(engine):
    cases = [[form] for number in NEAR for form in forms(number)]
    numbers = [number for number in NEAR for _ in range(2)]
    assert answers(engine, "negated", cases) == [str(-number) for number in numbers]
    assert answers(engine, "to_string", cases) == [str(number) for number in numbers]
    assert answers(engine, "to_int", cases) == [
        str(number) if -(2**31) <= number < 2**31 else "RangeError" for number in numbers
    ]


def test_what_is_small_again_is_a_number(engine):
    """Or all that is computed of it would be slow."""
    engine.eval("""
        const long = certnn_product(2 ** 30, 2 ** 30);
        const short = [certnn_shift_right(long, 40), certnn_quotient(long, 2 ** 30),
          certnn_remainder(long, 7), certnn_of_hexadecimal("0000000000000000001", 0, 19)];
    """)
    assert engine.eval("typeof long") == "bigint"
    assert engine.eval("short.every((one) => typeof one === 'number')") is True


def test_products_are_told(engine):
    engine.eval("""
        const told = [];
        globalThis.certnnProducts = (done) => told.push(done);
        for (let i = 0; i < 250000; i += 1) certnn_product(i, i);
    """)
    first, second, *more = json.loads(engine.eval("JSON.stringify(told)"))
    assert second - first == 100_000
    assert len(more) <= 1
