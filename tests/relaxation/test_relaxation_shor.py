"""The level shor by its own solver: derivatives, values, scales and stopping."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, problems

from certnn.certificate import certify
from certnn.problem import TrainingProblem
from certnn.relaxation.shor import _Moment, _norm_of_shrunk, shor_point


def bound_of(problem, **arguments):
    return certify(problem, shor_point(problem, **arguments), {}).bound


@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 3), c=st.integers(1, 3))
@settings(max_examples=40)
def test_slack_is_the_derivative(seed, d, c):
    rng = np.random.default_rng(seed)
    moment = _Moment(rng.standard_normal((5, d)), rng.standard_normal((5, c)), 0.3)
    factor, change = rng.standard_normal((2, d + c, d + c))
    W = factor @ factor.T + 0.1 * np.eye(d + c)
    change = change + change.T
    step = 1e-5
    up, down = (moment.respond(W + s * change).value for s in (step, -step))
    slope = np.sum(moment.respond(W).slack * change)
    assert (up - down) / (2.0 * step) == pytest.approx(slope, rel=1e-4, abs=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_the_response_is_the_best(seed):
    """No other z_i and t_i give a larger Lagrangian for the same W."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((4, 2)), rng.standard_normal((4, 2))
    moment = _Moment(x, y, 0.3)
    factor = rng.standard_normal((4, 4))
    W = factor @ factor.T

    def lagrangian(Z, t):
        b = np.hstack([x * np.sqrt(t)[:, None], Z / np.sqrt(t)[:, None]])
        slack = 0.3 * np.eye(4) - 0.5 * b.T @ b
        return np.sum(Z * y) - 0.5 * np.sum(Z**2) + np.sum(W * slack)

    best = moment.respond(W)
    t = np.maximum(best.t, 1e-12)
    # A point with z_i = 0 takes t_i → 0.
    assert lagrangian(best.Z, t) == pytest.approx(best.value, rel=1e-6, abs=1e-6)
    for size in (1e-3, 0.1, 1.0):
        Z = best.Z + size * rng.standard_normal(best.Z.shape)
        other = np.maximum(t, 1e-3) * np.exp(size * rng.standard_normal(4))
        assert lagrangian(Z, other) <= best.value + 1e-9


@given(seed=st.integers(0, 2**32 - 1), size=st.floats(-6.0, 6.0))
@settings(max_examples=40)
def test_norm_of_shrunk_solves_its_equation(seed, size):
    rng = np.random.default_rng(seed)
    pull = 10.0**size * rng.standard_normal((6, 3))
    radius, values = rng.uniform(0.01, 2.0, 6), np.array([0.0, 0.3, 2.0])
    rho = _norm_of_shrunk(pull, radius, values)
    assert np.all(rho >= 0.0)

    with np.errstate(invalid="ignore"):
        weight = np.divide(
            pull**2, radius[:, None] ** 2 * values, out=np.zeros_like(pull), where=values > 0.0
        )
    inside = np.sum(weight, axis=1) <= 1.0
    assert np.all(rho[inside] == 0.0)
    safe = np.where(values > 0.0, values, 1.0)
    at_root = np.sum(
        np.where(values > 0.0, safe * pull**2, 0.0) / (rho[:, None] + radius[:, None] * safe) ** 2,
        axis=1,
    )
    assert np.allclose(at_root[~inside], 1.0, rtol=1e-9)


@pytest.mark.parametrize("name", DEGENERATE | AWKWARD)
def test_every_problem_gets_a_true_bound(name):
    problem = (DEGENERATE | AWKWARD)[name]
    bound = bound_of(problem)
    assert best_sampled(problem, np.random.default_rng(0)) >= bound.value >= 0


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12)
def test_random_problems_get_a_true_bound(problem, seed):
    assert best_sampled(problem, np.random.default_rng(seed)) >= bound_of(problem).value


def test_zero_rows_cost_their_whole_loss():
    problem = PLAIN["d=2, c=2"]
    more = TrainingProblem(
        np.vstack([problem.X, np.zeros((2, 2))]),
        np.vstack([problem.Y, [[3.0, 4.0], [0.0, 0.0]]]),
        problem.reg,
    )
    assert bound_of(more).rounded == pytest.approx(bound_of(problem).rounded + 12.5, rel=1e-4)


def test_no_row_can_help():
    problem = AWKWARD["zero X"]
    assert bound_of(problem).rounded == pytest.approx(problem.null_loss, rel=1e-5)
    assert bound_of(AWKWARD["zero Y"]).value == 0


def test_decay_so_large_that_no_neuron_pays():
    problem = AWKWARD["huge reg"]
    assert bound_of(problem).rounded == pytest.approx(problem.null_loss, rel=1e-9)


@pytest.mark.parametrize(("s", "t"), [(1e8, 1.0), (1e-8, 1.0), (1.0, 1e8), (1e-30, 1e40)])
def test_scaling_laws(s, t):
    """X → sX, Y → tY, reg → st·reg multiplies the value by t²."""
    problem = PLAIN["d=3, c=1"]
    scaled = TrainingProblem(s * problem.X, t * problem.Y, s * t * problem.reg)
    expected = bound_of(problem).rounded * t * t
    assert bound_of(scaled).rounded == pytest.approx(expected, rel=1e-4)


def test_progress_rises_to_the_bound():
    problem, seen = PLAIN["d=2, c=2"], []
    bound = bound_of(problem, progress=seen.append)
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert seen[-1] <= bound.rounded * (1.0 + 1e-6)
    assert seen[-1] == pytest.approx(bound.rounded, rel=1e-3)


def test_deadline_in_the_past_still_makes_a_bound():
    problem, seen = PLAIN["d=2, c=2"], []
    early = bound_of(problem, deadline=time.monotonic() - 1.0, progress=seen.append)
    assert len(seen) == 1
    assert 0 <= early.value < bound_of(problem).value


def test_point_has_only_products_of_a_with_its_own_b():
    point = shor_point(DEGENERATE["everything"])
    assert point.products.sign_is_free.all()
    assert np.all(point.products.multiplier < 0.0)
    assert point.products.first.size == DEGENERATE["everything"].n
