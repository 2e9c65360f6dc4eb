"""Groups of points: the kernel adds up bounds of disjoint groups, and nothing else (Theorem 53)."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64decode
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn import kernel
from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.certificates.certify import certify
from certnn.certificates.groups_document import ProvedGroup, groups_certificate
from certnn.kernel.work import Work
from certnn.problem.losses import parse_loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.residual_point import residual_point

LOSSES = ["half-squared", "huber:0.7", "hinge", "squared-hinge", "logistic", "softmax"]
BIASES = [False, True, "free"]


def targets(loss, rng, n):
    if loss == "softmax":
        return np.eye(2)[np.arange(n) % 2]
    numbers = rng.standard_normal((n, 1))
    if loss.startswith("h") and loss != "hinge":
        return numbers
    return np.where(np.arange(n)[:, None] % 2, 1.0, -1.0)


def problem_of(seed, loss, hidden_bias, output_bias, n=12):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, 2)), targets(loss, rng, n)
    biases = {"hidden_bias": hidden_bias, "output_bias": output_bias}
    return TrainingProblem(X, Y, 0.3, loss=parse_loss(loss), **biases)


def proved(problem, points, reg):
    part = TrainingProblem(
        *(problem.X[points], problem.Y[points], reg, problem.hidden_bias),
        loss=problem.loss,
        output_bias=problem.output_bias,
    )
    point = residual_point(part, [], Budget(work=0.2), 0)
    return ProvedGroup.of(points, certify(part, point, {}).certificate)


def random_networks(problem, seed):
    rng = np.random.default_rng(seed)
    rows = problem.d + (problem.hidden_bias is not False)
    for width in (0, 1, 2, 6):
        for scale in (0.1, 0.5, 1.0):
            bias = scale * rng.standard_normal(problem.c) if problem.output_bias else None
            U, V = rng.standard_normal((rows, width)), rng.standard_normal((width, problem.c))
            yield TwoLayerNetwork(scale * U, scale * V, bias)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(LOSSES),
    st.sampled_from(BIASES),
    st.sampled_from(BIASES),
    st.floats(0.05, 0.95),
)
def test_the_sum_is_below_every_network(seed, loss, hidden_bias, output_bias, share):
    problem = problem_of(seed, loss, hidden_bias, output_bias)
    pairs = np.random.default_rng(seed).permutation(6)  # of points of both classes; one is left out
    sets = [np.sort(np.concatenate([2 * of, 2 * of + 1])) for of in (pairs[:3], pairs[3:5])]
    shares = 0.3 * share, 0.299 * (1.0 - share)
    groups = [proved(problem, *one) for one in zip(sets, shares, strict=True)]
    groups = [group for group in groups if group.bound > 0.0]
    if not groups:
        return
    bound = groups_certificate(problem, groups, {}).check()
    assert bound.instance == problem.instance()
    for network in random_networks(problem, seed):
        assert bound.value <= network.evaluate(problem).value


@pytest.fixture(scope="module")
def halves():
    problem = problem_of(1, "half-squared", False, False)
    sets = np.arange(0, 12, 2), np.arange(1, 12, 2)
    return problem, [proved(problem, points, 0.125) for points in sets]


def test_the_groups_are_those_of_the_statement(halves):
    """A part's own certificate proves what the part claims, of exactly these rows."""
    problem, groups = halves
    bound = groups_certificate(problem, groups, {}).check()
    assert bound.value == Fraction(float(bound.value)) <= sum(Fraction(g.bound) for g in groups)
    assert bound.value > 0
    document = json.loads(groups_certificate(problem, groups, {}).document)
    own = document["proof"]["parts"][1]
    X = np.frombuffer(b64decode(document["data"]["X"])).reshape(12, 2)
    part = TrainingProblem(X[1::2], problem.Y[1::2], own["reg"])
    alone = groups_certificate(
        part, [ProvedGroup(np.arange(6), own["reg"], 1e-9, own["proof"])], {}
    )
    assert alone.check().instance == part.instance()


def test_points_may_be_left_out(halves):
    problem, groups = halves
    assert groups_certificate(problem, groups[:1], {}).check().value == Fraction(groups[0].bound)


def test_shares_of_less_than_reg_are_enough(halves):
    problem, groups = halves
    assert sum(group.reg for group in groups) < problem.reg
    groups_certificate(problem.with_reg(0.25), groups, {}).check()
    with pytest.raises(kernel.Rejected, match="come to more than reg"):
        groups_certificate(problem.with_reg(float(np.nextafter(0.25, 0.0))), groups, {}).check()


def test_a_group_is_no_group_of_another_problem(halves):
    problem, groups = halves
    X = problem.X.copy()
    X[3, 0] = np.nextafter(X[3, 0] * 1.5, 2.0)
    other = TrainingProblem(X, problem.Y, problem.reg)
    with pytest.raises(kernel.Rejected, match="group 1"):
        groups_certificate(other, groups, {}).check()


def test_all_groups_share_one_allowance(monkeypatch, halves):
    """Each of them alone would be within it."""
    problem, groups = halves
    document = groups_certificate(problem, groups, {}).document
    spent = []
    take = Work.take

    def counted(self, amount):
        spent.append(amount)
        take(self, amount)

    monkeypatch.setattr(Work, "take", counted)
    kernel.check_certificate(document)
    total = sum(spent)
    monkeypatch.setattr(kernel.work, "_WORK_RATE", 0)
    monkeypatch.setattr(kernel.work, "_LEAST_WORK", total)
    kernel.check_certificate(document)
    monkeypatch.setattr(kernel.work, "_LEAST_WORK", total - 1)
    with pytest.raises(kernel.Rejected, match="group 1: the check would take more work"):
        kernel.check_certificate(document)


def test_all_parts_are_read_before_one_is_checked(halves):
    """As of all kinds: what breaks the form of the file is malformed, whatever else is wrong."""
    problem, groups = halves
    document = json.loads(groups_certificate(problem, groups, {}).document)
    parts = document["proof"]["parts"]
    parts[0]["lower_bound"] *= 2.0
    with pytest.raises(kernel.Rejected, match="group 0: the claimed"):
        Certificate(json.dumps(document).encode()).check()
    parts[1]["proof"]["kind"] = "unheard of"
    with pytest.raises(kernel.Malformed, match=r"group 1: proof\.kind is not known"):
        Certificate(json.dumps(document).encode()).check()


def test_groups_that_overlap_are_judged_once_all_is_read(halves):
    """A file that is malformed is not rejected, however much is wrong with it."""
    problem, groups = halves
    document = json.loads(groups_certificate(problem, groups, {}).document)
    parts = document["proof"]["parts"]
    overlapping, excessive = {"points": parts[0]["points"]}, {"reg": 2.0 * problem.reg}
    for change, reason in ((overlapping, "two groups"), (excessive, "more than reg")):
        changed = [parts[0], parts[1] | change]
        document["proof"]["parts"] = changed
        for read in (kernel.check_certificate, kernel.read_proof):
            with pytest.raises(kernel.Rejected, match=reason):
                read(json.dumps(document).encode())
        changed[1]["proof"] = parts[1]["proof"] | {"kind": "unheard of"}
        for read in (kernel.check_certificate, kernel.read_proof):
            with pytest.raises(kernel.Malformed, match=r"group 1: proof\.kind is not known"):
                read(json.dumps(document).encode())


def peak_of(run, argument):
    tracemalloc.start()
    try:
        run(argument)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_that_of_one_part_beside_the_file():
    rng = np.random.default_rng(2)
    problem = TrainingProblem(rng.standard_normal((480, 3)), rng.standard_normal((480, 1)), 8.0)
    sets = [np.arange(start, 480, 12) for start in range(12)]
    groups = [proved(problem, points, 0.5) for points in sets]
    beside = []
    for some in (groups[:1], groups):
        document = groups_certificate(problem, some, {}).document
        peaks = [
            peak_of(run, document) for run in (kernel.check_certificate, kernel.document.parse)
        ]
        beside.append(peaks[0] - peaks[1])
    assert beside[1] < 2.0 * beside[0]
