"""Changes of a correct certificate that must be noticed, and changes that must not matter."""

from __future__ import annotations

import json
import math
import sys
from fractions import Fraction

import pytest
from certificate_parts import array_changed, changed, dump, files, load, pack, unpack

from certnn import kernel

GOOD = {path.stem: load(path) for path in files("correct")}
PSD = [name for name in GOOD if GOOD[name]["proof"]["kind"] == "psd"]
PARTITION = [name for name in GOOD if GOOD[name]["proof"]["kind"] == "partition"]
PHASES = [name for name in GOOD if GOOD[name]["proof"]["kind"] == "phases"]
TIGHT = GOOD["tight"]
CONES = GOOD["partition"]
SIGNS = GOOD["phases"]
PROOF = "proof"
FLOAT_ARRAYS = [
    ("data", "X"),
    ("data", "Y"),
    *((PROOF, key) for key in ("Z", "weights", "L_points", "L_cross", "L_corner")),
    (PROOF, "products", "multiplier"),
]
INDEX_ARRAYS = [(PROOF, "products", "first"), (PROOF, "products", "second")]
SECTIONS = [(), ("claim",), ("data",), (PROOF,), (PROOF, "products")]
PAIRS = (PROOF, "pairs")
PHASES_ARRAYS = [
    ((PROOF, "directions"), "B"),
    ((PROOF, "bounds"), "d"),
    ((PROOF, "splits"), "i"),
    ((PROOF, "multipliers"), "f"),
    *(((*PAIRS, key), "I") for key in ("count", "first", "second")),
    ((*PAIRS, "sign"), "i"),
    ((*PAIRS, "ratio"), "d"),
]
PARTITION_ARRAYS = [((PROOF, "Z"), "d"), ((PROOF, "basis"), "d"), ((PROOF, "witnesses"), "I")]


def refused(document):
    with pytest.raises(kernel.Malformed):
        kernel.check_certificate(document)


def value(certificate):
    return kernel.check_certificate(dump(certificate)).value


def section(parsed, path):
    for key in path:
        parsed = parsed[key]
    return parsed


@pytest.mark.parametrize("path", SECTIONS)
def test_keys_are_exactly_those_of_the_format(path):
    for key in section(TIGHT, path):
        copy = json.loads(json.dumps(TIGHT))
        del section(copy, path)[key]
        if key == "about":
            assert value(copy) == Fraction(5, 2)
        else:
            refused(dump(copy))
    copy = json.loads(json.dumps(TIGHT))
    section(copy, path)["more"] = 1
    refused(dump(copy))
    if path:
        for other in ([], "text", 1, None, [section(TIGHT, path)]):
            refused(dump(changed(TIGHT, *path, to=other)))


@pytest.mark.parametrize("path", FLOAT_ARRAYS + INDEX_ARRAYS)
def test_arrays_are_canonical_base64_of_the_right_length(path):
    kind = "I" if path in INDEX_ARRAYS else "d"
    code = section(TIGHT, path)
    unpadded = code.rstrip("=") if code.endswith("=") else code[:-1]
    for other in ("", "A", "*" + code[1:], unpadded, code + "=", "\n" + code, " ", code * 2):
        refused(dump(changed(TIGHT, *path, to=other)))
    for other in (None, 1.0, [1.0], {}, True):
        refused(dump(changed(TIGHT, *path, to=other)))
    refused(dump(array_changed(TIGHT, *path, to=lambda entries: entries * 2, kind=kind)))
    refused(dump(array_changed(TIGHT, *path, to=lambda entries: entries[1:], kind=kind)))


def test_keys_of_a_partition_are_exactly_those_of_the_format():
    for key in CONES[PROOF]:
        copy = json.loads(json.dumps(CONES))
        del copy[PROOF][key]
        refused(dump(copy))
    refused(dump(changed(CONES, PROOF, "weights", to="")))


@pytest.mark.parametrize(("path", "kind"), [*PARTITION_ARRAYS, ((PROOF, "tree"), "B")])
def test_arrays_of_a_partition_are_canonical_base64(path, kind):
    code = section(CONES, path)
    unpadded = code.rstrip("=") if code.endswith("=") else code[:-1]
    for other in ("A", "*" + code[1:], unpadded, code + "=", "\n" + code, " "):
        refused(dump(changed(CONES, *path, to=other)))
    for other in (None, 1.0, [1.0], {}, True):
        refused(dump(changed(CONES, *path, to=other)))
    if kind == "d":
        for bad in (math.inf, -math.inf, math.nan):
            refused(dump(array_changed(CONES, *path, to=lambda t, bad=bad: [*t[1:], bad])))
        refused(dump(array_changed(CONES, *path, to=lambda entries: entries * 2)))
        refused(dump(array_changed(CONES, *path, to=lambda entries: entries[1:])))


@pytest.mark.parametrize("path", [(PROOF,), PAIRS])
def test_keys_of_phases_are_exactly_those_of_the_format(path):
    for key in section(SIGNS, path):
        copy = json.loads(json.dumps(SIGNS))
        del section(copy, path)[key]
        refused(dump(copy))
    refused(dump(changed(SIGNS, *path, "weights", to="")))
    refused(dump(changed(SIGNS, *path, to=[])))


@pytest.mark.parametrize(("path", "kind"), PHASES_ARRAYS)
def test_arrays_of_phases_are_canonical_base64(path, kind):
    code = section(SIGNS, path)
    unpadded = code.rstrip("=") if code.endswith("=") else code[:-1]
    for other in ("A", "*" + code[1:], unpadded, code + "=", "\n" + code, " "):
        refused(dump(changed(SIGNS, *path, to=other)))
    for other in (None, 1.0, [1.0], {}, True):
        refused(dump(changed(SIGNS, *path, to=other)))
    if kind in "df":
        for bad in (math.inf, -math.inf, math.nan):
            refused(dump(array_changed(SIGNS, *path, to=lambda t, b=bad: [*t[1:], b], kind=kind)))
    if kind != "B":
        refused(dump(array_changed(SIGNS, *path, to=lambda t: [*t, 0], kind="B")))
    if path[:-1] == PAIRS:
        refused(dump(array_changed(SIGNS, *path, to=lambda entries: entries * 2, kind=kind)))
        refused(dump(array_changed(SIGNS, *path, to=lambda entries: entries[1:], kind=kind)))


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("path", FLOAT_ARRAYS)
def test_every_number_is_finite(path, bad):
    refused(dump(array_changed(TIGHT, *path, to=lambda entries: [*entries[1:], bad])))


@pytest.mark.parametrize(
    "literal",
    [
        *("1e999", "-1e999", "1e-999", "0.0", "-1.0", "1", "9" * 5000, "1.", ".5", "1.0.0"),
        *("true", "null", "NaN", "Infinity", "-Infinity", "[1.0]", "{}", '"1.0"', "0x1p0"),
    ],
)
@pytest.mark.parametrize("key", ["kappa", "reg"])
def test_scalars_are_positive_floats(key, literal):
    text = dump(TIGHT).decode()
    assert text.count(f'"{key}": 1.0') == 1
    refused(text.replace(f'"{key}": 1.0', f'"{key}": {literal}').encode())


@pytest.mark.parametrize(
    "literal",
    ["0", "-1", "1.0", "2", "2147483647", "2147483648", "10000000000", "9" * 5000, "true", '"1"'],
)
@pytest.mark.parametrize("key", ["n", "d", "c"])
def test_sizes_are_positive_integers_that_fit(key, literal):
    refused(dump(TIGHT).replace(f'"{key}": 1,'.encode(), f'"{key}": {literal},'.encode()))


@pytest.mark.parametrize(
    "text",
    [
        *("2.5", "5", "", "/", "5/", "/2", "5/0", "-5/2", "-0/1", "+5/2", "5/-2", "05/2", "5/02"),
        *("00/1", " 5/2", "5/2 ", "5/2\n", "5 /2", "5_0/2", "٥/2", "5/2/1", "5e0/2", "0x5/2"),
        *("inf/1", "1/" + "9" * 601, "9" * 601 + "/1", "1/" + "9" * 4301),
    ],
)
def test_lower_bound_is_a_plain_fraction(text):
    refused(dump(changed(TIGHT, "claim", "lower_bound", to=text)))


def test_lower_bound_of_600_digits_is_read_whatever_the_limit_of_python():
    text = f"{'9' * 600}/{'9' * 600}"
    limit = sys.get_int_max_str_digits()
    try:
        for digits in (640, 0):
            sys.set_int_max_str_digits(digits)
            assert value(changed(TIGHT, "claim", "lower_bound", to=text)) == 1
            refused(dump(TIGHT).replace(b'"n": 1', b'"n": ' + b"9" * 100_000))
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize("version", [0, 2, -1, 1.0, "1", True, None, [1]])
def test_version_is_one(version):
    refused(dump(changed(TIGHT, "version", to=version)))


@pytest.mark.parametrize("name", GOOD)
def test_smaller_claims_are_proved_too(name):
    claimed = Fraction(GOOD[name]["claim"]["lower_bound"])
    for smaller in (Fraction(0), claimed / 3, claimed * Fraction(10**500 - 1, 10**500)):
        text = f"{smaller.numerator}/{smaller.denominator}"
        if len(text) < 600:
            assert value(changed(GOOD[name], "claim", "lower_bound", to=text)) == smaller


@pytest.mark.parametrize("name", PSD)
def test_larger_kappa_never_makes_a_proof_fail(name):
    """More kappa is a larger diagonal, and a smaller bound."""
    certificate = changed(GOOD[name], "claim", "lower_bound", to="0/1")
    assert value(changed(certificate, PROOF, "kappa", to=lambda k: 2.0 * k)) == 0


@pytest.mark.parametrize("name", PSD)
@pytest.mark.parametrize("factor", [4.0, 2.0**-40])
def test_dual_cone(name, factor):
    """Z, multipliers and kappa times 4 is the same proof, with L times 2 (Theorem 11(e))."""
    certificate = changed(GOOD[name], PROOF, "kappa", to=lambda k: factor * k)
    scales = {"Z": factor, **dict.fromkeys(("L_points", "L_cross", "L_corner"), factor**0.5)}
    for key, scale in scales.items():
        certificate = array_changed(
            certificate, PROOF, key, to=lambda entries, scale=scale: [scale * t for t in entries]
        )
    certificate = array_changed(
        certificate, PROOF, "products", "multiplier", to=lambda y: [factor * t for t in y]
    )
    assert value(certificate) == Fraction(GOOD[name]["claim"]["lower_bound"])


@pytest.mark.parametrize("name", PARTITION)
@pytest.mark.parametrize("factor", [4.0, 2.0**-40])
def test_partitions_do_not_depend_on_scales(name, factor):
    """Z and kappa times 4 is the same proof; so is the basis times 4, or the witnesses times 3."""
    certificate = changed(GOOD[name], PROOF, "kappa", to=lambda k: factor * k)
    if factor < 1:
        with pytest.raises(kernel.Rejected):
            value(certificate)
    for key in ("Z", "basis"):
        certificate = array_changed(
            certificate, PROOF, key, to=lambda entries: [factor * t for t in entries]
        )
    certificate = array_changed(
        certificate, PROOF, "witnesses", to=lambda w: [3 * t for t in w], kind="I"
    )
    assert value(certificate) == Fraction(GOOD[name]["claim"]["lower_bound"])


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("factor", [4.0, 2.0**-40])
def test_phases_do_not_depend_on_the_scale_of_the_dual_point(name, factor):
    """Z, kappa, the bounds and the multipliers times 4 are the same proof."""
    certificate = changed(GOOD[name], PROOF, "kappa", to=lambda k: factor * k)
    if factor < 1:
        with pytest.raises(kernel.Rejected):
            value(certificate)
    for key, kind in (("Z", "d"), ("bounds", "d"), ("multipliers", "f")):
        certificate = array_changed(
            certificate, PROOF, key, to=lambda entries: [factor * t for t in entries], kind=kind
        )
    assert value(certificate) == Fraction(GOOD[name]["claim"]["lower_bound"])


@pytest.mark.parametrize(
    "name", [name for name in GOOD if GOOD[name]["claim"]["hidden_bias"] is True]
)
def test_hidden_bias_is_a_column_of_ones(name):
    certificate = GOOD[name]
    n, d = certificate["claim"]["n"], certificate["claim"]["d"]
    rows = unpack(certificate["data"]["X"])
    explicit = [x for i in range(n) for x in [*rows[i * d : (i + 1) * d], 1.0]]
    plain = changed(certificate, "claim", "hidden_bias", to=False)
    plain = changed(plain, "claim", "d", to=d + 1)
    plain = changed(plain, "data", "X", to=pack(explicit))
    assert value(plain) == value(certificate)


def test_products_may_be_split_and_reordered():
    certificate = GOOD["dnn"]

    def split(entries):
        return [t for t in reversed(entries) for _ in range(2)]

    def split_in_half(entries):
        return [t / 2 for t in split(entries)]

    products = (PROOF, "products")
    for key in ("first", "second"):
        certificate = array_changed(certificate, *products, key, to=split, kind="I")
    certificate = array_changed(certificate, *products, "multiplier", to=split_in_half)
    assert value(certificate) == value(GOOD["dnn"])


def test_about_is_not_part_of_the_claim():
    text = {"level": "exact", "lower_bound": "100/1", "": "é\n\x00"}
    assert value(changed(TIGHT, "about", to=text)) == Fraction(5, 2)
