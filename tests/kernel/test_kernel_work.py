"""The work and the memory of a check are bounded by the size of the file, whoever wrote it."""

from __future__ import annotations

import json
import random
import tracemalloc
from array import array
from contextlib import suppress
from fractions import Fraction
from math import isqrt

import hostile_files
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_partition import cover, fractions

from certnn import kernel
from certnn.interfaces.cli import main
from certnn.kernel import (
    Malformed,
    Rejected,
    cells,
    definite,
    exact,
    outputs,
    partition,
    patterns,
    phase_leaves,
    phases,
    regions,
)
from certnn.kernel.exact import ExactMatrix, exact_matrix
from certnn.kernel.partition import PartitionProof, check_partition
from certnn.kernel.patterns import PatternsProof
from certnn.kernel.patterns import _spend as spend_on_patterns
from certnn.kernel.psd import Groups, PsdProof
from certnn.kernel.psd import _spend as spend_on_psd
from certnn.kernel.spans import Span, span_of, span_of_integers
from certnn.kernel.work import Work, word_products

HOSTILE = hostile_files.hostile_files()
LEAST, RATE = 1 << 20, 1


def check(document, backend="python"):
    try:
        return kernel.check_certificate(document, backend)
    except kernel.PatternsOnly:
        return kernel.check_pattern_certificate(document, backend)


@pytest.fixture
def small_allowance(monkeypatch):
    """So that counting one operation after the other takes little time."""
    monkeypatch.setattr(kernel.work, "_LEAST_WORK", LEAST)
    monkeypatch.setattr(kernel.work, "_WORK_RATE", RATE)


def count_on(monkeypatch, meter):
    """Let all integers of certificates count what is done with them."""
    counted = hostile_files.counting(meter)
    taken, integers, root = exact.StoredMatrix.taken, exact.integers, definite.isqrt

    def counted_rows(self, indices):
        found = taken(self, indices)
        return ExactMatrix([[counted(x) for x in row] for row in found.rows], found.exponent)

    def counted_integers(numbers, least=0):
        found, bits = integers(numbers, least)
        return [counted(x) for x in found], bits

    monkeypatch.setattr(exact.StoredMatrix, "taken", counted_rows)
    for module in (cells, exact, outputs, patterns, phase_leaves, regions):
        monkeypatch.setattr(module, "integers", counted_integers)
    monkeypatch.setattr(outputs, "product", hostile_files.signs_of(counted))
    monkeypatch.setattr(definite, "isqrt", lambda number: counted(root(number)))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_done_is_bounded_by_the_size_of_the_file(monkeypatch, small_allowance, name):
    """Counted one by one: products of words, and additions and divisions on top."""
    document = HOSTILE[name]
    size = len(document)
    meter = hostile_files.Meter(4 * (LEAST + RATE * size * isqrt(size)))
    count_on(monkeypatch, meter)
    with suppress(Rejected):
        check(document)
    assert meter.longest < 1 << 18


def test_the_meter_sees_what_the_check_does(monkeypatch):
    """As many products as a proof of order N has: more than N³ / 2 for LLᵀ alone."""
    meter = hostile_files.Meter(1 << 40)
    count_on(monkeypatch, meter)
    given = json.loads((hostile_files.CERTIFICATES / "certificates/correct/dnn.json").read_bytes())
    check(json.dumps(given).encode())
    n, border = given["claim"]["n"], given["claim"]["d"] + given["claim"]["c"]
    assert meter.done > (n + border) ** 3 / 2


@pytest.mark.parametrize(
    "name",
    [
        "patterns of 100 outputs",
        "phases of 64 columns",
        "directions of 12 outputs",
        "directions, a chain",
        "partition, a chain",
    ],
)
def test_too_much_work_is_a_rejection(small_allowance, tmp_path, capsys, name):
    (tmp_path / "file").write_bytes(HOSTILE[name])
    assert main(["check", str(tmp_path / "file"), "--arithmetic", "python"]) == 1
    says = "rejected: the check would take more work than a file of its size may\n"
    assert capsys.readouterr() == (says, "")


@pytest.mark.parametrize("backend", ["python", "flint", "auto"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_verdict_is_that_of_every_arithmetic(monkeypatch, small_allowance, name, backend):
    def verdict(backend):
        try:
            return str(check(HOSTILE[name], backend))
        except (Malformed, Rejected) as error:
            return str(error)

    monkeypatch.setattr(exact, "_SMALL", 0)
    monkeypatch.setattr(partition, "_SMALL", 0)
    monkeypatch.setattr(cells, "_SMALL", 0)
    assert verdict(backend) == verdict("python")


def searched_partition():
    rng = np.random.default_rng(5)
    X, Z = np.round(rng.standard_normal((14, 2)), 2), np.round(rng.standard_normal((14, 2)), 2)
    kappa = 1.001 * max(
        np.linalg.norm(Z.T @ np.maximum(X @ [np.cos(t), np.sin(t)], 0.0))
        for t in np.linspace(0.0, 7.0, 5000)
    )
    tree, witnesses = cover(fractions(X), fractions(Z), Fraction(kappa), fractions(np.eye(2)))
    flat = array("I", np.ravel(witnesses).tolist())
    return matrix(X), PartitionProof(float(kappa), matrix(Z), matrix(np.eye(2)), tree, flat)


def matrix(entries):
    entries = np.ascontiguousarray(entries, dtype="<f8")
    return exact_matrix(entries.tobytes(), *entries.shape)


def test_floats_stop_where_integers_would(monkeypatch):
    """For every amount of work and of room, and for proofs that fail on some leaf: one reason."""
    monkeypatch.setattr(partition, "_SMALL", 0)
    X, proof = searched_partition()

    def says(left, room, backend, wrong_leaf):
        work = Work(0)
        work.left, work.room = left, room
        witnesses = array("I", proof.witnesses)
        if wrong_leaf is not None:
            witnesses[2 * wrong_leaf] = 0
        changed = PartitionProof(proof.kappa, proof.Z, proof.basis, proof.tree, witnesses)
        try:
            check_partition(X, changed, work, backend)
        except Rejected as error:
            return str(error)
        return "proved"

    total = Work(1)
    start = total.left
    check_partition(X, proof, total, "python")
    cost, room = start - total.left, 1 << 30
    assert says(cost, room, "auto", None) == "proved"
    assert "more work" in says(cost - 1, room, "auto", None)
    seen = set()
    leaves = len(proof.witnesses) // 2
    for wrong_leaf in (None, 0, leaves // 2, leaves - 1):
        for left in range(0, cost + 2, cost // 60):
            exactly = says(left, room, "python", wrong_leaf)
            assert says(left, room, "auto", wrong_leaf) == exactly
            seen.add(exactly[-20:])
    assert len(seen) > 1
    reasons = {says(cost, bits, "python", None) for bits in range(0, 1 << 18, 1 << 11)}
    assert len(reasons) == 2
    for bits in range(0, 1 << 18, 1 << 11):
        assert says(cost, bits, "auto", None) == says(cost, bits, "python", None)


def test_memory_is_bounded(monkeypatch):
    """A chain of cones with all points mixed in each would hold hundreds of times the file."""
    document = json.dumps(hostile_files.partition(random.Random(1), 1000, 2, 395)).encode()
    monkeypatch.setattr(kernel.work, "_LEAST_ROOM", 0)
    tracemalloc.start()
    try:
        with pytest.raises(Rejected, match="more memory"):
            check(document)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * len(document)


@pytest.mark.parametrize("text", [b"[],", b"{},", b"0,", b'"",', b"1.0,"])
def test_values_that_grow_when_parsed_are_few(text):
    document = b'{"about": [' + (1 << 17) * text + b"0]}"
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match="commas and opening brackets"):
            check(document)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 16


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200)
@given(st.lists(FLOATS, max_size=6), st.lists(FLOATS, max_size=6))
def test_spans_hold_what_is_computed(left, right):
    """Against exact fractions: products and sums are integers in their unit, and short enough."""

    def held(number, span):
        scaled = Fraction(number) / Fraction(2) ** span.low
        return scaled.denominator == 1 and abs(scaled.numerator).bit_length() <= span.bits

    one, other = span_of(left), span_of(right)
    both = one | other
    assert all(held(x, one) and held(x, both) for x in left)
    assert all(held(Fraction(x) * Fraction(y), one * other) for x in left for y in right)
    total = sum((Fraction(x) for x in left + right), Fraction(0))
    assert held(total, both.summed(len(left) + len(right)))
    for matrix_span in (matrix([left]).span, matrix([left]).beside(matrix([right])).span):
        assert all(held(x, matrix_span) for x in left)


def test_spans_of_short_floats_and_of_integers():
    assert span_of(array("f", [1.0])) == Span(1 - 24, 1)
    assert span_of([1.0]) == Span(1 - 53, 1)
    assert span_of([5e-324]) == Span(-1074, -1073)
    assert span_of([0.0, -0.0]) == span_of([]) == Span(0, 0)
    assert span_of_integers([3, -4], 5) == Span(5, 8)


def test_work_is_counted_in_words():
    assert word_products(7, 0) == 7
    assert word_products(7, 128) == 28
    work = Work(100)
    assert work.left == (1 << 28) + 16 * 1000
    work.spend(work.left // 4, 128)
    with pytest.raises(Rejected, match="more work"):
        work.spend(1, 0)
    work.hold(1, work.room - 256)
    with pytest.raises(Rejected, match="more memory"):
        work.hold(1, work.room - 255)


def stored(rng, *shape):
    return matrix(rng.standard_normal(shape) * 10.0 ** rng.uniform(-12.0, 3.0, shape))


def test_a_proof_of_order_1000_is_far_within():
    rng, n, columns, c = np.random.default_rng(0), 985, 10, 5
    first, second = np.triu_indices(2 * n, 1)
    chosen = rng.permutation(len(first))[:500_000]
    border, triangle = columns + c, n * (n + 1) // 2
    proof = PsdProof(
        kappa=1.0,
        Z=stored(rng, n, c),
        first=array("I", first[chosen].tolist()),
        second=array("I", second[chosen].tolist()),
        multipliers=stored(rng, 1, len(chosen)),
        groups=Groups(array("I", bytes(4 * n)), 1),
        weights=stored(rng, 1, n + border),
        L_points=stored(rng, 1, triangle),
        L_cross=stored(rng, border, n),
        L_corner=stored(rng, 1, border * (border + 1) // 2),
    )
    work = Work(19 * (triangle + len(chosen)))
    allowed = work.left
    work.room //= 4
    spend_on_psd(stored(rng, n, columns), proof, work)
    assert work.left > allowed * 7 // 8


def test_200_patterns_of_1797_points_with_10_outputs_are_far_within():
    rng, n, columns, c, count = np.random.default_rng(0), 1797, 64, 10, 200
    points = [list(range(50))] * count
    proof = PatternsProof(
        1.0, stored(rng, n, c), points, stored(rng, 50 * count, c + 1), stored(rng, 1, count)
    )
    work = Work(11 * (n * (columns + 2 * c) + 50 * count * (c + 1)))
    allowed = work.left
    work.room //= 2
    spend_on_patterns(stored(rng, n, columns), proof, work)
    assert work.left > allowed * 7 // 8


def test_patterns_take_time_in_proportion_to_their_number(monkeypatch):
    """What is done for twice as many patterns of the same points is twice as much."""
    done = []
    for count in (200, 400):
        with monkeypatch.context() as patches:
            meter = hostile_files.Meter(1 << 40)
            count_on(patches, meter)
            rng = random.Random(1)
            document = json.dumps(hostile_files.patterns(rng, 16, 2, 2, count, 3)).encode()
            with pytest.raises(Rejected):
                check(document)
            done.append(meter.done)
    assert done[1] < 2.5 * done[0]


@pytest.mark.parametrize("module", [phases, regions])
def test_arrays_are_gone_through_once_and_not_for_each_direction(monkeypatch, module):
    folder, name = (
        hostile_files.CERTIFICATES / "certificates/correct",
        module.__name__.split(".")[-1],
    )
    calls, found = [], module.span_of
    monkeypatch.setattr(module, "span_of", lambda numbers: calls.append(1) or found(numbers))
    counts = []
    for path in sorted(folder.glob(f"{name}*.json")):
        calls.clear()
        check(path.read_bytes())
        counts.append(len(calls))
    assert len(counts) == 4
    assert len(set(counts)) == 1
