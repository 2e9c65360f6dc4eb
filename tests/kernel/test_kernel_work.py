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
from certnn.certificates import DualPoint, Products
from certnn.certificates.dual_point import summed
from certnn.certificates.matrix_documents import psd_certificate
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import quadratic_form
from certnn.certificates.repair import shor_products
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
    phases,
    regions,
)
from certnn.kernel.exact import ExactMatrix, exact_matrix
from certnn.kernel.partition import PartitionProof, check_partition
from certnn.kernel.work import Work, word_products
from certnn.problem.training_problem import TrainingProblem

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
    for module in (cells, exact, outputs, patterns, phases, regions):
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
            work.backend = backend
            check_partition(X, changed, work)
        except Rejected as error:
            return str(error)
        return "proved"

    total = Work(1, "python")
    start = total.left
    check_partition(X, proof, total)
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


@pytest.mark.parametrize(
    "certificate",
    [
        # A chain of cones with all points mixed in each.
        hostile_files.partition(random.Random(1), 1000, 2, 395),
        hostile_files.slacks_of_all_points(60),
        hostile_files.weights_apart_from_factor(120),
    ],
    ids=["partition", "cuts", "psd"],
)
def test_memory_is_bounded(monkeypatch, certificate):
    """They would hold hundreds of times the file."""
    document = json.dumps(certificate).encode()
    monkeypatch.setattr(kernel.work, "_LEAST_ROOM", 0)
    tracemalloc.start()
    try:
        with pytest.raises(Rejected, match="more memory"):
            check(document)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 * len(document)


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


@settings(max_examples=200)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
def test_no_integer_is_longer_than_its_matrix_says(numbers):
    """Of stored doubles, too, of which some rows at a time are made integers."""
    for found in (matrix([numbers]), matrix([numbers]).transposed()):
        assert found.bits == max(abs(x).bit_length() for row in found.rows for x in row)


def test_bits_of_stored_doubles_are_those_of_all_together(monkeypatch):
    monkeypatch.setattr(exact, "_PIECE", 1)
    numbers = [[1.0, 0.75], [0.0, 3 * 2.0**40], [5e-324, 0.0]]
    assert matrix(numbers).bits == 1074 + 42


def test_a_product_is_paid_for_before_it_is_made():
    left, right = ExactMatrix([[1 << 70, 0]] * 3, 0), ExactMatrix([[-(1 << 70), 1]] * 5, 0)
    work = Work(100)
    before = work.left
    assert work.product(left, right).rows == [[-(1 << 140)] * 5] * 3
    assert before - work.left == 3 * 5 * 2 * 2**2
    work.left = 3 * 5 * 2 * 2**2 - 1
    with pytest.raises(Rejected, match="more work"):
        work.product(left, right)
    work = Work(100)
    work.room = 15 * (142 + 256) - 1
    with pytest.raises(Rejected, match="more memory"):
        work.product(left, right)


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


def dense(n, d, c):
    """A proof of kind psd in which all points are joined, and most products have multipliers."""
    rng = np.random.default_rng(0)
    problem = TrainingProblem(rng.standard_normal((n, d)), rng.standard_normal((n, c)), 0.1)
    shor = shor_products(problem.X, problem.Y)
    size = 1e-2 * float(np.median(-shor.multiplier)) / n
    more = Products.from_blocks(*rng.uniform(0.0, size, (2, n, n)), np.zeros((n, n)))
    point = DualPoint(problem.Y, summed([shor, more]))
    witness = psd_witness(quadratic_form(problem.X, point, np.longdouble), n, 4e-16)
    return psd_certificate(problem, point, witness, {}).document


@pytest.mark.parametrize("order", [60, 120])
def test_honest_proofs_are_far_within(monkeypatch, order):
    """Without what any file may take, an eighth is enough."""
    document = dense(order, 4, 3)
    monkeypatch.setattr(kernel.work, "_LEAST_WORK", 0)
    monkeypatch.setattr(kernel.work, "_WORK_RATE", 2)
    monkeypatch.setattr(kernel.work, "_LEAST_ROOM", 0)
    monkeypatch.setattr(kernel.work, "_ROOM_RATE", 256)
    check(document, "auto")


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
