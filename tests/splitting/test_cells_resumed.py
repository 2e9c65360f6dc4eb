"""Searches for cells that go on from trees: of the one before, of a certificate, of noise."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.certificates.proved_cells import proved_cells
from certnn.problem.bias_ball import BiasBall
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem
from certnn.search.lower_bound import lower_bound
from certnn.search.resume import proved_before
from certnn.splitting.cells.proof import Cells, CellsProver
from certnn.splitting.prover import Limits, NoProof
from certnn.training.ascent import ascend


def normal(seed, *shapes):
    draw = np.random.default_rng(seed).standard_normal
    return [draw(shape) for shape in shapes]


def largest_score(problem, Z):
    starts = np.random.default_rng(1).standard_normal((problem.features.shape[1], 100))
    return float(np.max(ascend(problem, Z, starts, Budget())[1]))


def proof(prover, Z, kappa, spread=1.05):
    """What is found, and the work that it took."""
    budget = Budget()
    found = prover.search(Z, kappa, spread, Limits(budget))
    assert isinstance(found, Cells)
    return found, budget.worked


@pytest.fixture(scope="module")
def case():
    """Features, targets that are the dual point too, and a bound of its dual norm that is close."""
    X, Z = normal(4, (60, 5), (60, 1))
    problem = TrainingProblem(X, Z, 1.0)
    return problem, Z, largest_score(problem, Z)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 2), st.booleans())
def test_tighter_and_tighter_proofs_of_one_prover_are_accepted(seed, d, c, free):
    X, Y = normal(seed, (12, d), (12, c))
    problem = TrainingProblem(X + 2.0, Y, 1.0, "free" if free else False)
    Z = feasible_dual_point(problem, Y - np.mean(Y, axis=0) if free else Y)
    largest = largest_score(problem, Z)
    ball = BiasBall.around(problem.X) if free else None
    prover, values = CellsProver(problem.features, 1.0, ball), []
    for factor in (1.6, 1.59, 1.4, 1.25, 1.5):
        found = prover.search(Z, factor * largest, 1.02 + 0.1 * (factor - 1.0), Limits())
        if isinstance(found, NoProof):  # the largest score found was not the largest
            assert found.violators.shape[1] > 0
            return
        values.append(found.certificate(problem, {}).check().value)
        other = feasible_dual_point(problem, 0.9 * Z + 0.1 * Z[::-1])
        moved = prover.search(other, 3.0 * factor * largest, 1.1, Limits())
        assert moved.certificate(problem, {}).check().value >= 0
    assert values[:4] == sorted(values[:4])
    assert values[4] <= values[3]


def test_what_was_split_is_not_tried_again(case):
    problem, Z, largest = case
    fresh, whole = proof(CellsProver(problem.features, 1.0), Z, 1.01 * largest)
    prover = CellsProver(problem.features, 1.0)
    proof(prover, Z, 1.03 * largest)
    found, more = proof(prover, Z, 1.01 * largest)
    assert found.nodes == pytest.approx(fresh.nodes, rel=0.1)
    assert more < 0.9 * whole
    again, least = proof(prover, Z, 1.01 * largest)
    assert (again.tree, again.codes) == (found.tree, found.codes)
    assert least < 0.25 * whole  # nothing is looked at, only taken over


def test_a_certificate_is_gone_on_from(case):
    problem, Z, largest = case
    _, whole = proof(CellsProver(problem.features, 1.0), Z, 1.01 * largest)
    certificate = proof(CellsProver(problem.features, 1.0), Z, 1.03 * largest)[0].certificate(
        problem, {}
    )
    before = certificate.check().value
    earlier = proved_cells(certificate, problem)
    found, more = proof(CellsProver(problem.features, 1.0, None, earlier), Z, 1.01 * largest)
    assert more < whole
    assert found.certificate(problem, {}).check().value > before


@settings(max_examples=10, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_whatever_a_tree_says_what_is_found_is_accepted(case, noise, cut):
    problem, Z, largest = case
    certificate = proof(CellsProver(problem.features, 1.0), Z, 1.03 * largest)[0].certificate(
        problem, {}
    )
    earlier = proved_cells(certificate, problem)
    tree = earlier.tree[: len(noise)] if cut else bytes([6, 7]) + noise
    prover = CellsProver(problem.features, 1.0, None, replace(earlier, tree=tree))
    assert proof(prover, Z, 1.03 * largest)[0].certificate(problem, {}).check().value > 0


def test_a_bound_is_improved_from_its_file(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    problem = TrainingProblem(X, np.sin(2.0 * X[:, :1]), 2.0)
    first = lower_bound(problem, "cells", work_limit=0.3)
    assert first.level == "cells"
    first.certificate.save(tmp_path / "first.json")
    for earlier in (first, proved_before(problem, tmp_path / "first.json")):
        better = [lower_bound(problem, "cells", work_limit=2.0, improve=earlier) for _ in range(2)]
        assert better[0].bound.value > first.bound.value
        assert better[0].certificate.document == better[1].certificate.document
