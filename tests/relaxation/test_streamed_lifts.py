"""Lifts with the products of each point alone, against CVXPY, groups of one, and networks."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import PLAIN, awkward_for_lifts, best_sampled, normal, repeated_rows

from certnn.budget import Budget
from certnn.certificates.directions import bounds, cover
from certnn.certificates.regions_certify import certify_regions
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.lifts import GroupedLifts
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.reduced_problem import reduce_problem
from certnn.relaxation.shor.chunks import Chunk, LocalChunks
from certnn.relaxation.streamed import StreamedLifts, method
from certnn.relaxation.streamed.responses import Moments
from certnn.relaxation.streamed.sums import first_order, second_order

SEEDS = st.integers(0, 2**32 - 1)
SOLVED = {
    "one output": (normal(1, 12, 3, 1), 1.5),
    "two outputs": (normal(3, 10, 3, 2), 1.5),
    "eight directions": (normal(5, 9, 2, 2), 1.09),
    "three outputs": (normal(6, 8, 3, 3), 1.8),
    "hidden bias": (normal(2, 10, 3, 1, hidden_bias=True), 1.5),
    "more columns than points": (normal(4, 6, 9, 1), 1.5),
    "rank deficient": (PLAIN["rank deficient"], 1.5),
    "rows on one line": (repeated_rows(6, [1.0, 3.0, -1.0], zero_rows=1, c=1), 1.5),
}


def streamed(problem, spread, budget=None):
    chunks = LocalChunks.of(problem.features, problem.Y)
    of = cover(problem.c, spread, Budget())
    return StreamedLifts(chunks, problem.reg, of, budget or Budget())


def value_by_cvxpy(problem, spread):
    of = cover(problem.c, spread, Budget())
    lengths = np.linalg.norm(of.rays, axis=1)
    X, r = problem.features, problem.features.shape[1]
    outputs, mass, conditions = 0.0, 0.0, []
    for ray, height in zip(of.rays, bounds(of, problem.reg, Budget()), strict=True):
        length = float(np.linalg.norm(ray))
        M, p = cp.Variable((r + 1, r + 1), symmetric=True), cp.Variable(problem.n)
        conditions += [M >> 0, cp.trace(M[1:, 1:]) == M[0, 0]]
        for i, x in enumerate(X):
            doubled = 2.0 * p[i] - M[0, 1:] @ x  # E[ρ|t|]
            conditions += [doubled >= cp.norm(M[1:, 1:] @ x), doubled >= cp.abs(M[0, 1:] @ x)]
            if x.any():
                square = x @ M[1:, 1:] @ x
                conditions.append(
                    cp.norm(cp.hstack([2 * doubled, M[0, 0] - square])) <= M[0, 0] + square
                )
            else:
                conditions.append(p[i] == 0.0)
        outputs = outputs + cp.reshape(p, (problem.n, 1), order="C") @ (ray[None] / length)
        mass = mass + height / length * M[0, 0]
    assert len(lengths) == len(of.rays)
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(outputs - problem.Y) + mass), conditions)
    return float(program.solve(solver="CLARABEL"))


@pytest.mark.parametrize("name", SOLVED)
def test_the_value_is_that_of_the_relaxation(name):
    problem, spread = SOLVED[name]
    value = value_by_cvxpy(problem, spread)
    *_, last = streamed(problem, spread).points()
    assert value * (1.0 - 1e-2) <= last.bound <= value * (1.0 + 1e-6)
    proved = certify_regions(problem, last.point, {}).bound.rounded
    assert value * (1.0 - 1e-2) <= proved <= value * (1.0 + 1e-6)


@pytest.mark.parametrize("name", ["one output", "two outputs", "hidden bias"])
def test_other_products_of_a_point_add_next_to_nothing(name):
    problem, spread = SOLVED[name]
    of = cover(problem.c, spread, Budget())
    *_, all_products = GroupedLifts(reduce_problem(problem), of, 1, Budget()).points()
    *_, last = streamed(problem, spread).points()
    assert last.bound == pytest.approx(all_products.bound, rel=2e-2)


@pytest.mark.parametrize("name", ["one output", "two outputs"])
def test_the_kernel_proves_what_iterates_claim_and_they_rise(name):
    problem, spread = SOLVED[name]
    found = list(streamed(problem, spread).points())
    assert [point.bound for point in found] == sorted(point.bound for point in found)
    for point in (found[0], found[len(found) // 2], found[-1]):
        proved = certify_regions(problem, point.point, {}).bound
        assert proved.rounded == pytest.approx(point.bound, rel=1e-4)


@given(seed=SEEDS, c=st.integers(1, 2))
@settings(max_examples=10, deadline=None)
def test_no_sampled_network_is_below_a_bound(seed, c):
    problem = normal(seed % 1000, 8, 4, c)
    *_, last = streamed(problem, 1.5).points()
    proved = certify_regions(problem, last.point, {}).bound
    assert 0 < proved.value <= best_sampled(problem, np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(awkward_for_lifts()))
def test_awkward_problems_get_a_true_bound_or_none(name):
    problem = awkward_for_lifts()[name]
    best = best_sampled(problem, np.random.default_rng(0))
    for point in list(streamed(problem, 1.5).points())[-1:]:
        assert certify_regions(problem, point.point, {}).bound.value <= best


def moments_of(roots, c, smoothing):
    directions = np.array([[1.0], [-1.0]]) if c == 1 else np.vstack([np.eye(2), -np.eye(2)])
    corners = np.matmul(roots, roots.swapaxes(-1, -2))
    return Moments(corners, directions, smoothing, 1.0, 1.0)


@pytest.mark.parametrize("c", [1, 2])
def test_sums_are_derivatives(c):
    rng, problem = np.random.default_rng(c), normal(7, 20, 3, c)
    chunk, packing = Chunk(problem.X, problem.Y), Packing(4)
    roots = 0.5 * np.eye(4) + 0.1 * rng.standard_normal((2 * c, 4, 4))
    roots[:, 0] *= 3.0  # M_ρρ is above tr M_uu
    change = rng.standard_normal((2 * c, 4, 4))
    change += change.swapaxes(-1, -2)

    def at(step):
        moved = np.matmul(np.matmul(roots, np.eye(4) + step * change), roots.swapaxes(-1, -2))
        return first_order(chunk, moments_of(np.linalg.cholesky(moved), c, 0.1))

    step, turned = 1e-5, np.matmul(np.matmul(roots, change), roots.swapaxes(-1, -2))
    (before, low), (after, high), (here, _) = at(-step), at(step), at(0.0)
    slope = (high[0] - low[0]) / (2.0 * step)
    assert slope == pytest.approx(-np.sum(here * turned), rel=1e-6)
    (hessian,) = second_order(chunk, moments_of(roots, c, 0.1), roots)
    packed = np.concatenate([packing.packed(own) for own in change])
    curvature = -np.sum((after - before) * turned) / (2.0 * step)
    assert packed @ hessian @ packed == pytest.approx(curvature, rel=1e-4)


@pytest.mark.parametrize("reg", [0.1, 40.0])
def test_a_sample_leads_to_the_same_value(monkeypatch, reg):
    """Where reg is small, few points have a residual, and the sample does not know of them."""
    problem = TrainingProblem(normal(8, 4000, 3, 1).X, normal(8, 4000, 3, 1).Y, reg)
    *_, whole = streamed(problem, 1.5).points()
    monkeypatch.setattr(method, "_SAMPLE", 1000)
    found = list(streamed(problem, 1.5).points())
    assert found[-1].bound == pytest.approx(whole.bound, rel=1e-2)
    assert found[0].bound <= found[-1].bound


def test_a_budget_that_is_over_begins_no_step():
    problem, budget = normal(9, 40, 3, 1), Budget()
    found = streamed(problem, 1.5, budget).points()
    first = next(found)
    budget.stop()
    assert [point.bound for point in found] == []
    assert certify_regions(problem, first.point, {}).bound.value > 0


def test_work_decides_the_same_step_each_time():
    problem = normal(9, 40, 3, 1)
    work = 6.0 * StreamedLifts.cost(40, 3, cover(1, 1.5, Budget())).step
    runs = [[p.bound for p in streamed(problem, 1.5, Budget(work=work)).points()] for _ in "ab"]
    assert runs[0] == runs[1]
    assert len(runs[0]) < len(list(streamed(problem, 1.5).points()))
