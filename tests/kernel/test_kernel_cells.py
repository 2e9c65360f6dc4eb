"""Theorem 52: what a cell is made of against exact fractions, and floats against integers."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import hostile_files
import numpy as np
import pytest
from certificate_parts import array_changed, dump, load, pack
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn import kernel
from certnn.kernel import Rejected, cell_filter, cells
from certnn.kernel.cell_geometry import interval, majorant, minorant, trimmed
from certnn.kernel.cell_rounding import RoundedPoints, rounded_direction, turned
from certnn.kernel.exact import exact_matrix
from certnn.kernel.interval_filter import write_intervals
from certnn.kernel.outputs import weights_of
from certnn.kernel.work import Work

GRID = 1 << 26
FILES = Path(hostile_files.CERTIFICATES, "certificates", "correct")
SEEDS = st.integers(0, 2**32 - 1)
CODES = st.integers(0, 255)
ENDS = st.one_of(
    st.integers(1, 40), st.integers(1, 1 << 30), st.integers(-100, 0).map((1 << 30).__add__)
)


def least(a, b, c, low, high):
    """The least value of a t² + b t + c between two integers, for a ≥ 0; exactly."""
    values = [a * t * t + b * t + c for t in map(Fraction, (low, high))]
    if a > 0 and low < -b / (2 * a) < high:
        values.append(c - b * b / (4 * a))
    return min(values)


@given(CODES, ENDS, ENDS)
@settings(max_examples=300, deadline=None)
def test_every_code_is_of_a_majorant(code, below, high):
    a, b, c = majorant(code, -below, high)
    a, b = Fraction(a, 2**60), Fraction(b, 2**60)
    assert a > 0
    assert least(a, b, Fraction(c), -below, 0) >= 0
    assert least(a, b - 1, Fraction(c), 0, high) >= 0
    assert cell_filter.point_majorant(code, -below, high) == majorant(code, -below, high)


@given(st.integers(0, 15), st.integers(0, 15), ENDS, ENDS)
@settings(max_examples=300, deadline=None)
def test_codes_of_minorants(p, q, below, high):
    code = 16 * min(p, 15 - q) + q
    a, b = (Fraction(number, 2**60) for number in minorant(code, -below, high))
    assert a >= 0
    # Convex, so that it is below a line where it is at the ends.
    assert all(a * t * t + b * t <= max(t, 0) for t in (-below, 0, high))
    assert cell_filter.point_minorant(code, -below, high) == minorant(code, -below, high)


@pytest.mark.parametrize("ends", [(1, 1), (1 << 30, 1 << 30), (1, 1 << 30), (1 << 30, 1), (7, 9)])
def test_all_codes_in_compiled_code(ends):
    below, high = ends
    for code in range(256):
        assert cell_filter.point_majorant(code, -below, high) == majorant(code, -below, high)
        if (code >> 4) + (code & 15) <= 15:
            assert cell_filter.point_minorant(code, -below, high) == minorant(code, -below, high)


def rational_unit(rng, k):
    """A rational y with |y| = 1: the stereographic image of a rational point."""
    p = [Fraction(rng.integers(-64, 65).item(), 32) for _ in range(k - 1)]
    square = sum(t * t for t in p)
    y = [2 * t / (1 + square) for t in p] + [(square - 1) / (1 + square)]
    return [y[j] for j in rng.permutation(k)]


def box_around(rng, y):
    """Some integers below and above, near or far."""
    widths = [[(1 << int(rng.integers(0, 28))) for _ in y] for _ in range(2)]
    low = [max(-GRID, math.floor(GRID * t) - w) for t, w in zip(y, widths[0], strict=True)]
    high = [min(GRID, math.ceil(GRID * t) + w) for t, w in zip(y, widths[1], strict=True)]
    return low, high


def point(rng, k):
    """Integers of 26 bits, or of fewer, some of them zero."""
    x = rng.integers(-GRID, GRID + 1, k) >> rng.integers(0, 27)
    return (x * rng.integers(0, 2, k) if rng.integers(3) == 0 else x).tolist()


@given(SEEDS, st.integers(1, 6), st.integers(0, 1))
@settings(max_examples=300, deadline=None)
def test_a_unit_vector_stays_in_its_box_and_within_the_interval(seed, k, free):
    rng = np.random.default_rng(seed)
    y = rational_unit(rng, k) + [Fraction(rng.integers(-64, 65).item(), 64)] * free
    low, high = box_around(rng, y)
    assert trimmed(low, high, free)
    assert all(p <= GRID * t <= q for p, t, q in zip(low, y, high, strict=True))
    assert all(p < q for p, q in zip(low, high, strict=True))
    x = point(rng, k + free)
    bottom, top = interval(x, low, high, free)
    assert bottom <= sum(s * t for s, t in zip(x, y, strict=True)) <= top
    length = math.sqrt(sum(s * s for s in x[:k])) + sum(map(abs, x[k:]))
    assert bottom >= 0 or top <= 0 or max(-bottom, top) <= 1.2 * length + 20 * k


@given(SEEDS, st.sampled_from([1, 2, 3, 8, 100]), st.integers(0, 1))
@settings(max_examples=200, deadline=None)
def test_boxes_and_intervals_in_compiled_code(seed, k, free):
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.integers(-GRID, GRID + 1, (2, k)) >> rng.integers(0, 8, k), axis=0)
    own = low.tolist(), (high + 1).clip(max=GRID).tolist()
    compiled = tuple(np.array(side) for side in own)
    assert trimmed(*own, free) == cell_filter.box_trimmed(*compiled, free)
    assert own == tuple(side.tolist() for side in compiled)
    points = [point(rng, k) for _ in range(rng.integers(1, 80))]
    chosen = rng.permutation(len(points))[: rng.integers(0, 1 + len(points))]
    found = np.zeros((2, len(points)), np.int64)
    write_intervals(np.array(points), chosen, *compiled, free, False, found)
    expected = [interval(points[i], *own, free) for i in chosen]
    assert found[:, : chosen.size].T.tolist() == [[*each] for each in expected]
    signs = np.zeros((2, len(points)), np.int64)
    write_intervals(np.array(points), chosen, *compiled, free, True, signs)
    assert [[a >= 0, b > 0] for a, b in signs[:, : chosen.size].T] == [
        [a >= 0, b > 0] for a, b in expected
    ]


@pytest.mark.parametrize("k", [1, 99, 100])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("free", [0, 1])
def test_the_longest_integers_in_compiled_code(k, sign, free):
    x, sides = [sign * GRID] * k, ([-GRID] * k, [GRID] * k)
    found, compiled = interval(x, *sides, free), np.zeros((2, 1), np.int64)
    write_intervals(np.array([x]), np.arange(1), *map(np.array, sides), free, False, compiled)
    assert found == (*compiled[:, 0],)
    assert math.sqrt(k) * GRID <= found[1] == -found[0] < 1 << 30


@given(SEEDS, st.integers(1, 3), st.integers(0, 1), st.sampled_from([1.0, 2.0**-900, 2.0**300]))
@settings(max_examples=100, deadline=None)
def test_rounding_loses_no_more_than_is_taken_off(seed, k, free, scale):
    rng = np.random.default_rng(seed)
    n, c = int(rng.integers(1, 6)), int(rng.integers(1, 3))
    X, Z = rng.standard_normal((n, k + free)), rng.standard_normal((n, c))
    X[0], Z[n // 2] = X[0] * 2.0 ** -int(rng.integers(0, 40)), 0.0
    X *= scale
    P = np.linalg.qr(rng.standard_normal((k, k)))[0]
    points = turned(matrix(X), matrix(P), Work(1 << 30, "python"))
    ray = tuple(rng.integers(-9, 10, c).tolist())
    bound = 1e3 * scale
    found = rounded_direction(points, weights_of(matrix(Z), ray), bound)
    sigma = [sum(Fraction(z) * w for z, w in zip(row, ray, strict=True)) for row in Z.tolist()]
    if not any(sigma):
        assert not found.points
        return
    y = rational_unit(rng, k)
    beside = [Fraction(rng.integers(-64, 65).item(), 64)] * free
    u = [sum(Fraction(p) * t for p, t in zip(row, y, strict=True)) for row in P.tolist()]
    y, u = y + beside, u + [(1 + Fraction(1, 2**30)) * t for t in beside]
    true, rounded = (
        sum((s * max(0, dot(x, v)) for x, s in pairs), Fraction(0))
        for pairs, v in ((zip(X.tolist(), sigma, strict=True), u), (found.points, y))
    )
    longest = max(map(abs, sigma))
    weight = Fraction(2) ** (math.frexp(float(longest))[1] - 26)
    unit = Fraction(2) ** points.exponent * weight
    assert true / unit <= rounded + (1 - Fraction(1, 2**30)) * Fraction(bound) / unit - found.height


def dot(x, y):
    return sum(Fraction(s) * t for s, t in zip(x, y, strict=True))


def matrix(entries):
    entries = np.ascontiguousarray(entries, dtype="<f8")
    return exact_matrix(entries.tobytes(), *entries.shape)


def says(document, backend):
    try:
        return str(kernel.check_certificate(document, backend).value)
    except Rejected as error:
        return str(error)


@pytest.fixture
def filter_whatever_the_size(monkeypatch):
    monkeypatch.setattr(cells, "_SMALL", 0)
    says((FILES / "cells.json").read_bytes(), "auto")  # compiles it before a test changes it


@pytest.mark.parametrize("path", sorted(FILES.glob("cells*.json")), ids=lambda path: path.stem)
def test_open_leaves_are_those_of_the_integers(monkeypatch, filter_whatever_the_size, path):
    """Where floats prove nothing every leaf is handed over, and has to be right to the last bit."""
    monkeypatch.setattr(cell_filter, "float", lambda height: math.inf, raising=False)
    checked, check_leaf = {"auto": [], "python": []}, cells._Cell.check_leaf

    def noted(self, height, rest, work):
        checked[backend].append((self.low, self.high, self.mixed, self.linear, self.intervals))
        check_leaf(self, height, rest, work)

    monkeypatch.setattr(cells._Cell, "check_leaf", noted)
    for backend in checked:
        assert says(path.read_bytes(), backend) == load(path)["claim"]["lower_bound"]
    assert checked["auto"] == checked["python"]
    assert len(checked["auto"]) >= 4


def test_floats_prove_the_leaves_of_a_search(monkeypatch, filter_whatever_the_size):
    monkeypatch.setattr(cells._Cell, "check_leaf", None)  # none is left to the integers
    assert "/" in says((FILES / "cells.json").read_bytes(), "auto")


def test_floats_and_integers_agree_near_the_least_bound(filter_whatever_the_size):
    """All bounds of a proof lowered by ever less: the verdict turns at one place for both."""
    good, verdicts = load(FILES / "cells-one-column.json"), set()
    for exponent in np.linspace(5.0, 9.0, 41):
        less = 1.0 - 10.0**-exponent
        lower = array_changed(good, "proof", "bounds", to=lambda h, s=less: [s * t for t in h])
        said = says(dump(lower), "auto")
        assert said == says(dump(lower), "python")
        verdicts.add(said)
    assert len(verdicts) == 2


def test_floats_stop_where_integers_would(monkeypatch, filter_whatever_the_size):
    good = load(FILES / "cells.json")
    negative = array_changed(good, "proof", "multipliers", to=lambda t: [*t[:30], -1.0], kind="f")
    seen = set()
    for document in (dump(good), dump(negative)):
        for left in range(0, 700_000, 9_973):

            def limited(size, backend, left=left):
                work = Work(size, backend)
                work.left = left
                return work

            monkeypatch.setattr(kernel.check, "Work", limited)
            exactly = says(document, "python")
            assert says(document, "auto") == exactly
            seen.add(exactly)
    assert len(seen) == 3


def of_one_point(x, bound, tree, codes, multipliers):
    proof = {
        "directions": "AAA=", "bounds": pack([bound, bound]), "rotation": pack([1.0]),
        "tree": hostile_files.b64encode(tree).decode(),
        "codes": hostile_files.b64encode(codes).decode(), "multipliers": pack(multipliers, "f"),
    }  # fmt: skip
    return hostile_files.certificate(1, 1, 1, [x], [1.0], bound, "cells", **proof)


@pytest.mark.parametrize("backend", ["auto", "python"])
@pytest.mark.parametrize(("x", "bound"), [(1e-300, 1e300), (1e-300, 1e-290), (1e300, 1e307)])
def test_bounds_of_any_length(filter_whatever_the_size, backend, x, bound):
    """H is an integer of two thousand bits in the first."""
    whole = of_one_point(x, bound, bytes(2), bytes([128, 0]), [0.25, 0.25] * 2)
    assert says(dump(whole), backend) == "0"
    below = of_one_point(x, x / 2, bytes(2), bytes([128, 0]), [0.25, 0.25] * 2)
    assert "not positive definite" in says(dump(below), backend)


def test_a_rotation_may_change_no_length():
    good = load(FILES / "cells-one-column.json")
    changes = (1e-12, "/"), (-(2.0**-32), "/"), (2.0**-31, "/")
    for longer, word in (*changes, (-(2.0**-30), "changes a length"), (2.0**-29, "a length")):
        other = array_changed(good, "proof", "rotation", to=lambda t, s=1.0 + longer: [s * t[0]])
        assert word in says(dump(other), "python")


@pytest.mark.parametrize(
    ("deepest", "splits", "verdict"),
    [(5, 4, "0"), (5, 5, "below too many"), (400, 26, "0"), (400, 27, "at its side")],
)
def test_trees_are_as_deep_as_they_may_be(
    monkeypatch, filter_whatever_the_size, deepest, splits, verdict
):
    """A split at zero, and then of the upper halves: the lower ones do not meet the sphere."""
    monkeypatch.setattr(cells, "DEEPEST", deepest)
    tree = bytes([2, 0] + [1] * splits + [0])
    whole = dump(of_one_point(1.0, 3.0, 2 * tree, b"", [0.25, 0.25] * 4))
    assert verdict in says(whole, "python") == says(whole, "auto")


def test_nothing_is_proved_of_points_that_rounding_has_made_zero():
    """Their terms are left out, but what they may come to is taken off the bound."""
    points = RoundedPoints.of(matrix([[1.0], [2.0**-60]]))
    found = rounded_direction(points, matrix([[2.0**-60], [1.0]]), 4.0)
    alone = rounded_direction(replace(points, rows=points.rows[1:]), matrix([[1.0]]), 4.0)
    assert found.points == alone.points == []
    assert found.height < alone.height < 4 << 51
