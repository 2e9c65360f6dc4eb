"""The level regions against the exact optimum, Clarabel, dnn and sampled networks."""

from __future__ import annotations

import math
from dataclasses import replace

import clarabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array
from small_problems import region_form

import certnn
from certnn import lower_bound
from certnn.budget import Budget
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import InputError, SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.regions import region_rounds
from certnn.search.levels.rounds import Regions
from certnn.search.levels.schedule import SHOR, stages

SEEDS = st.integers(0, 2**32 - 1)


def normal(seed, n, d, c=1, reg=0.1, hidden_bias=False):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    return TrainingProblem(X, Y, reg, hidden_bias)


def rounds(problem, regions=0, work=30.0):
    return list(region_rounds(problem, Budget(work=work), regions))


def bounds(problem, regions=0, work=30.0):
    found = rounds(problem, regions, work)
    return [certify_regions(problem, one.point, {}).bound.rounded for one in found]


def triangle(order):
    """Rows and columns of the entries of Clarabel's vectors of symmetric matrices."""
    columns, rows = np.tril_indices(order)
    return rows, columns, np.where(rows == columns, 1.0, math.sqrt(2.0))


def sign_lift(X, y, reg):
    """The primal of the sign lifts by Clarabel, all products and whole second-order cones."""
    n, d = X.shape
    order = 1 + d + n
    rows, columns, scale = triangle(order)
    size, e = rows.size, np.eye(order)
    a = e[1 + d :]
    forms = np.vstack([a, a - np.hstack([np.zeros((n, 1)), X, np.zeros((n, n))])])

    def moment(f, g):
        outer = np.outer(f, g)
        return (outer + outer.T)[rows, columns] / 2 * np.where(rows == columns, 1.0, 2.0) / scale

    ball = moment(e[0], e[0]) - sum(moment(e[1 + k], e[1 + k]) for k in range(d))
    equal = np.array([ball, *(moment(forms[i], forms[n + i]) for i in range(n))])
    pairs = [(r, s) for r in range(2 * n) for s in range(r + 1, 2 * n) if s != r + n]
    positive = np.array([moment(forms[r], forms[s]) for r, s in pairs])
    cones = np.array([moment(f, e[k]) for f in forms for k in range(1 + d)])
    fit = np.array([moment(a[i], e[0]) for i in range(n)])
    psd = np.eye(size)
    A, zero = [], np.zeros
    for block in (equal, positive, cones, psd):
        sign = 1.0 if block is equal else -1.0
        A += [
            np.hstack([sign * block, zero(block.shape)]),
            np.hstack([zero(block.shape), sign * block]),
        ]
    kinds = [
        clarabel.ZeroConeT(2 * len(equal)),
        clarabel.NonnegativeConeT(2 * len(pairs)),
        *[clarabel.SecondOrderConeT(1 + d)] * (4 * n),
        *[clarabel.PSDTriangleConeT(order)] * 2,
    ]
    F = np.hstack([fit, -fit])
    decay = np.tile(reg * moment(e[0], e[0]), 2)
    options = clarabel.DefaultSettings()
    options.verbose = False
    table = np.vstack(A)
    solver = clarabel.DefaultSolver(
        csc_array(np.triu(F.T @ F)),
        decay - F.T @ y,
        csc_array(table),
        np.zeros(len(table)),
        kinds,
        options,
    )
    return solver.solve().obj_val + 0.5 * float(y @ y)


@pytest.mark.parametrize("seed", range(3))
def test_without_splits_it_is_the_sign_lift(seed):
    problem = normal(seed, 7, 3, reg=0.05)
    expected = sign_lift(problem.X, problem.Y[:, 0], 0.05)
    assert max(bounds(problem, regions=1)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_between_dnn_and_the_optimum_which_regions_nearly_reach(seed):
    problem = normal(seed, 8, 2, reg=0.02)
    dnn = lower_bound(problem, "dnn").value
    exact = certnn.train(problem, gap=1e-7, work_limit=30.0)
    lifted, split = max(bounds(problem, regions=1)), max(bounds(problem, work=8.0))
    assert dnn * (1 - 1e-3) <= lifted <= split * (1 + 1e-3)
    assert 0.98 * exact.objective.rounded <= split <= exact.objective.rounded


@given(seed=SEEDS, width=st.integers(1, 3), c=st.integers(1, 2))
@settings(max_examples=6, deadline=None)
def test_no_sampled_network_is_better(seed, width, c):
    problem = normal(seed, 5, 2, c, reg=0.1)
    bound = max(bounds(problem, regions=1, work=5.0))
    rng = np.random.default_rng(seed)
    U, V = rng.standard_normal((50, 2, width)), rng.standard_normal((50, width, c))
    for scale in (0.3, 0.7, 1.0):
        F = np.maximum(problem.X @ (scale * U), 0.0) @ (scale * V)
        loss = 0.5 * np.sum((F - problem.Y) ** 2, axis=(1, 2))
        decay = 0.05 * scale**2 * (np.sum(U**2, axis=(1, 2)) + np.sum(V**2, axis=(1, 2)))
        assert bound <= float(np.min(loss + decay))


@pytest.mark.parametrize("x", [[2.0], [0.6, -0.8]])
def test_one_point_in_closed_form(x):
    # κ(z) = |z||x|, so that z = reg/|x| where that is below y.
    problem, z = TrainingProblem([x], [[3.0]], 0.5), 0.5 / float(np.linalg.norm(x))
    assert max(bounds(problem)) == pytest.approx(3.0 * z - 0.5 * z * z, rel=1e-5)


def test_orthogonal_points_in_closed_form():
    # κ(z)² is the larger of Σ (z_i)₊² and Σ (z_i)₋² for unit vectors x_i: each part is shrunk.
    Y = np.array([[3.0], [4.0], [-1.0]])
    expected = sum(0.5 * size - 0.5 * 0.5**2 for size in (5.0, 1.0))
    assert max(bounds(TrainingProblem(np.eye(3), Y, 0.5))) == pytest.approx(expected, rel=1e-4)


def test_two_outputs_and_a_hidden_bias():
    for problem in (normal(1, 6, 2, 2), normal(2, 6, 2, hidden_bias=True)):
        best = certnn.train(problem, gap=1e-4, work_limit=30.0).objective.rounded
        found = max(bounds(problem, regions=1, work=10.0))
        assert 0.8 * best < found <= best


def test_repeated_parallel_zero_and_opposite_rows():
    X = np.array([[1.0, 2.0], [1.0, 2.0], [-3.0, -6.0], [0.1, 0.2], [0.0, 0.0], [1.0, -1.0]])
    problem = TrainingProblem(X, [[1.0], [2.0], [-1.0], [0.5], [3.0], [-2.0]], 0.1)
    best = certnn.train(problem, gap=1e-5, work_limit=30.0).objective.rounded
    assert 0.99 * best < max(bounds(problem)) <= best


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scales_of_the_data(scale):
    problem = normal(3, 6, 2)
    same = TrainingProblem(scale * problem.X, problem.Y, scale * problem.reg)
    assert max(bounds(same, 1)) == pytest.approx(max(bounds(problem, 1)), rel=1e-3)


def test_targets_of_zero():
    problem = TrainingProblem(np.eye(2), np.zeros((2, 1)), 0.1)
    assert bounds(problem) == [0.0]


def test_splits_are_reported_and_kept_below_the_limit():
    found = rounds(normal(4, 9, 3, reg=0.01), regions=3, work=10.0)
    lifts = [one.lifts for one in found]
    assert lifts[0] == 2 < lifts[-1]
    assert lifts == sorted(lifts)
    last = found[-1].point
    assert all(np.count_nonzero([leaf.direction == w for leaf in last.leaves]) <= 3 for w in (0, 1))
    for leaf in last.leaves:  # the solver's own forms are definite but for ρ
        form = region_form(normal(4, 9, 3).X, last.Z, last.cover.rays[leaf.direction], leaf)
        assert np.linalg.eigvalsh(form[:-1, :-1].astype(float))[0] > 0.0


def test_a_poor_point_gives_a_weak_bound_or_none():
    problem = normal(5, 6, 2)
    best = certnn.train(problem, gap=1e-4, work_limit=30.0).objective.rounded
    (first, *_) = rounds(problem, 1)
    rng = np.random.default_rng(0)
    Z = first.point.Z * (1.0 + 0.3 * rng.standard_normal(first.point.Z.shape))
    certified = certify_regions(problem, replace(first.point, Z=Z), {})
    assert 0.0 < certified.bound.rounded <= best
    with pytest.raises(SolverError, match="finite"):
        certify_regions(problem, replace(first.point, Z=Z * np.nan), {})


def test_what_it_does_not_take():
    with pytest.raises(SolverError, match="half-squared"):
        rounds(TrainingProblem(np.eye(2), np.ones((2, 1)), 0.1, loss="hinge"))
    with pytest.raises(SolverError, match="3 outputs"):
        rounds(TrainingProblem(np.eye(4), np.eye(4), 0.1))
    with pytest.raises(SolverError, match="directions"):
        rounds(normal(0, 400, 2))


def test_as_a_level():
    assert stages("regions", 8, 2, 1) == (SHOR, Regions())
    assert stages("regions(4)", 8, 2, 1) == (SHOR, Regions(4))
    assert str(Regions(4)) == "regions(4)"
    assert not Regions().trains
    for wrong in ("regions(0)", "dnn(3)", "regions()", "cuts(2)"):
        with pytest.raises(InputError, match="level"):
            stages(wrong, 8, 2, 1)
    result = lower_bound(normal(0, 6, 2), "regions(2)", work_limit=20.0)
    assert result.level == "regions(2)"
    assert result.certificate.check().value == result.bound.value
    figure = result.solver_figures[-1]
    assert figure.dual_value == pytest.approx(result.value, rel=1e-3)


def test_without_time_there_is_the_level_shor():
    result = lower_bound(normal(0, 30, 6), "regions", work_limit=1e-3)
    assert result.value > 0.0
