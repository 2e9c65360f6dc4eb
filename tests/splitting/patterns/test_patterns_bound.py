"""Bounds over activation patterns: closed forms, all patterns of the plane, sampled networks."""

from __future__ import annotations

import signal
from fractions import Fraction

import cvxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certnn
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns import (
    ActivationPatterns,
    bound_over_patterns,
    collect_patterns,
    multipliers,
    program,
)
from certnn.splitting.patterns.collection import exact_signs
from certnn.studies.baselines import gated_network


def patterns_of(problem, directions):
    bits = problem.features @ directions >= 0.0
    _, first = np.unique(bits, axis=1, return_index=True)
    chosen = directions[:, first] / np.linalg.norm(directions[:, first], axis=0)
    return ActivationPatterns(bits[:, first], chosen, (("given", first.size),))


def random_problem(seed, n=12, d=2, c=1, reg=0.2, **more):
    rng = np.random.default_rng(seed)
    return TrainingProblem(rng.standard_normal((n, d)), rng.standard_normal((n, c)), reg, **more)


def all_of_the_plane(problem):
    angles = np.arctan2(problem.features[:, 1], problem.features[:, 0])
    kinks = np.sort(np.concatenate([angles + np.pi / 2, angles - np.pi / 2]) % (2 * np.pi))
    middles = kinks + 0.5 * np.diff(np.append(kinks, kinks[0] + 2 * np.pi))
    return patterns_of(problem, np.vstack([np.cos(middles), np.sin(middles)]))


def test_one_pattern_is_the_distance_to_a_cone():
    """X = I and the pattern of u ≥ 0: outputs are differences of two vectors that are ≥ 0."""
    y = np.array([[3.0], [4.0], [-2.0]])
    problem = TrainingProblem(np.eye(3), y, 1.0)
    found = bound_over_patterns(problem, patterns_of(problem, np.ones((3, 1))), work_limit=60.0)
    # F = a − b with a, b ≥ 0: a shrinks (3, 4, 0) by 1/5 of itself, and b the 2 by 1.
    optimum = 0.5 * 29.0 - 0.5 * 4.0**2 - 0.5 * 1.0**2
    assert found.value == pytest.approx(optimum, rel=1e-3)
    assert found.value <= optimum
    assert found.network.evaluate(problem).rounded == pytest.approx(optimum, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_all_patterns_of_the_plane_give_the_optimum_over_all_networks(seed):
    problem = random_problem(seed)
    exact = certnn.train(problem, gap=1e-5, work_limit=60.0)
    found = bound_over_patterns(problem, all_of_the_plane(problem), gap=1e-4, work_limit=60.0)
    assert found.bound.value <= exact.objective.value
    assert found.value >= (1.0 - 2e-3) * exact.objective.rounded


def test_several_outputs_with_all_patterns_are_below_the_optimum():
    problem = random_problem(1, c=3)
    exact = certnn.train(problem, gap=1e-5, work_limit=60.0)
    found = bound_over_patterns(problem, all_of_the_plane(problem), work_limit=60.0)
    assert 0.7 * exact.objective.rounded <= found.value <= exact.objective.rounded


def test_other_networks_may_be_better():
    """So the bound is relative: the optimum over all networks is below it."""
    problem = random_problem(0)
    few = patterns_of(problem, np.array([[1.0], [0.3]]))
    found = bound_over_patterns(problem, few, work_limit=60.0)
    better = certnn.train(problem, gap=1e-3, work_limit=60.0).network
    assert better.evaluate(problem).value < found.bound.value
    assert np.any(exact_signs(problem.inputs, better.U) != few.bits)
    assert "nothing for other networks" in str(found.bound)


KINDS = [
    {},
    {"hidden_bias": True},
    {"output_bias": True},
    {"output_bias": "free"},
    {"hidden_bias": "free"},
    {"loss": "huber"},
    {"loss": "hinge"},
    {"loss": "squared-hinge", "hidden_bias": True},
    {"loss": "logistic", "output_bias": True},
]


def of_kind(seed, kind, c):
    plain = random_problem(seed, n=8, d=3, c=c)
    signs = kind.get("loss") in ("hinge", "squared-hinge", "logistic")
    Y = np.where(plain.Y > 0.0, 1.0, -1.0) if signs else plain.Y.copy()
    Y[:2] = np.array([[1.0], [-1.0]])
    return TrainingProblem(plain.X, Y, 0.3, **kind)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(KINDS), st.integers(1, 2))
def test_networks_with_the_patterns_are_never_below(seed, kind, c):
    problem = of_kind(seed, kind, c)
    rng = np.random.default_rng(seed)
    columns = problem.inputs.shape[1]
    widths = [
        TwoLayerNetwork(
            rng.standard_normal((columns, m)),
            rng.standard_normal((m, c)),
            rng.standard_normal(c) if problem.output_bias else None,
        )
        for m in (1, 4)
    ]
    patterns = collect_patterns(problem, [("drawn", w) for w in widths], 6, seed=seed)
    found = bound_over_patterns(problem, patterns, work_limit=2.0)
    assert found.bound.value >= 0
    known = {bits.tobytes() for bits in patterns.bits.T}
    for network in widths:
        assert {bits.tobytes() for bits in exact_signs(problem.inputs, network.U).T} <= known
        assert found.bound.value <= network.evaluate(problem).value
    # Its neurons have the patterns up to rounding.
    best = found.network.evaluate(problem).value
    assert found.bound.value <= best * (1 + Fraction(1, 10**9))


def test_softmax():
    rng = np.random.default_rng(3)
    problem = TrainingProblem(
        rng.standard_normal((9, 2)), np.eye(3)[rng.integers(3, size=9)], 0.1, loss="softmax"
    )
    found = bound_over_patterns(problem, collect_patterns(problem, [], 20), work_limit=4.0)
    best = found.network.evaluate(problem).value
    assert Fraction(7, 10) * best < found.bound.value <= best


def convex_program(problem, patterns, cones):
    """The optimum by CVXPY: of Pilanci and Ergen's program, or of the gated one."""
    X, outputs, terms, constraints = problem.features, 0, 0, []
    for bits in patterns.bits.T:
        G = np.where(bits, 1.0, -1.0)[:, None] * X
        for sign in (1.0, -1.0) if cones else (1.0,):
            W = cvxpy.Variable((X.shape[1], problem.c))
            outputs += sign * (bits[:, None] * X) @ W
            terms += cvxpy.norm(W, "fro") if cones else cvxpy.normNuc(W)
            constraints += [G @ W >= 0] if cones else []
    loss = 0.5 * cvxpy.sum_squares(outputs - problem.Y)
    program = cvxpy.Problem(cvxpy.Minimize(loss + problem.reg * terms), constraints)
    return program.solve(solver="CLARABEL")


@pytest.mark.parametrize("seed", range(3))
def test_one_output_agrees_with_the_cone_program_in_cvxpy(seed):
    problem = random_problem(seed, n=15, d=4)
    patterns = collect_patterns(problem, [], 12, seed=seed)
    value = convex_program(problem, patterns, cones=True)
    found = bound_over_patterns(problem, patterns, gap=1e-4, work_limit=60.0)
    assert (1.0 - 2e-3) * value <= found.value <= value * (1.0 + 1e-6)
    assert found.network.evaluate(problem).rounded == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize("c", [1, 3])
def test_gated_program_agrees_with_cvxpy_and_is_rounded_to_the_same_outputs(c):
    problem = random_problem(5, n=15, d=4, c=c)
    patterns = collect_patterns(problem, [], 12, seed=5)
    found = gated_network(problem, patterns, Budget(), iterations=20_000, tolerance=1e-12)
    assert found.objective == pytest.approx(
        convex_program(problem, patterns, cones=False), rel=1e-5
    )
    X = problem.features
    outputs = sum(
        bits[:, None] * X @ W for bits, W in zip(patterns.bits.T, found.weights, strict=True)
    )
    assert np.allclose(found.network.output(X), outputs, atol=1e-9)
    signs = X @ found.network.U
    known = {bits.tobytes() for bits in patterns.bits.T}
    near = np.abs(signs) <= 1e-9 * np.linalg.norm(X, axis=1)[:, None]
    for k in range(signs.shape[1]):
        assert any(
            np.all((signs[:, k] >= 0) == bits, where=~near[:, k])
            for bits in np.array([np.frombuffer(b, bool) for b in known])
        )
    # No ReLU network with the patterns is below what the gated program reaches.
    relative = bound_over_patterns(problem, patterns, work_limit=60.0)
    assert found.network.evaluate(problem).value >= relative.bound.value
    assert relative.network.evaluate(problem).rounded >= found.objective * (1.0 - 1e-6)


def test_signs_are_exact_where_floats_are_not():
    row = np.array([[1.0, 2.0**-60, -1.0]])
    column = np.array([[1.0], [-1.0], [1.0]])
    assert exact_signs(row, column)[0, 0] == (Fraction(2) ** -60 * -1 >= 0)
    assert exact_signs(row, -column)[0, 0]


def test_patterns_of_a_network_come_first_and_once():
    problem = random_problem(2)
    U = np.array([[1.0, 2.0, -1.0, 0.0], [0.5, 1.0, 0.2, 0.0]])
    network = TwoLayerNetwork(U, np.ones((4, 1)))
    patterns = collect_patterns(problem, [("own", network)], 5)
    assert patterns.origins[0] == ("own", 2)
    assert patterns.count == sum(count for _, count in patterns.origins)
    assert len({bits.tobytes() for bits in patterns.bits.T}) == patterns.count
    assert np.array_equal(problem.features @ patterns.directions >= 0.0, patterns.bits)


@pytest.mark.parametrize("factor", [1e-40, 1e8])
def test_data_of_any_scale(factor):
    one = random_problem(4)
    other = TrainingProblem(factor * one.X, factor * one.Y, factor**2 * one.reg)
    values = [
        bound_over_patterns(p, collect_patterns(p, [], 8), work_limit=3.0).value
        for p in (one, other)
    ]
    assert values[1] / factor**2 == pytest.approx(values[0], rel=1e-6)


@pytest.mark.parametrize(
    "problem",
    [
        TrainingProblem(np.eye(3), np.zeros((3, 2)), 0.1),
        TrainingProblem(np.ones((5, 2)), np.arange(5.0)[:, None], 0.1),
        TrainingProblem(np.vstack([np.eye(2), np.zeros((2, 2))]), np.ones((4, 1)), 0.1),
    ],
    ids=["zero targets", "equal rows", "zero rows"],
)
def test_awkward_data(problem):
    found = bound_over_patterns(problem, collect_patterns(problem, [], 5), work_limit=3.0)
    assert 0 <= found.bound.value <= found.network.evaluate(problem).value


@pytest.mark.parametrize("where", ["round", "nearest", "_neuron"])
@pytest.mark.parametrize("c", [1, 3])
def test_an_interruption_keeps_what_is_proved(monkeypatch, where, c):
    problem, asked = random_problem(0, n=15, d=4, c=c), []
    home = program.PatternProgram if where == "round" else multipliers
    step = getattr(home, where)

    def interrupt(*arguments):
        if not asked:
            asked.append(where)
            signal.raise_signal(signal.SIGINT)
        return step(*arguments)

    monkeypatch.setattr(home, where, interrupt)
    found = bound_over_patterns(problem, collect_patterns(problem, [], 8), work_limit=60.0)
    reached = where != ("_neuron" if c == 1 else "nearest")
    assert found.interrupted == bool(asked) or not reached
    assert 0 < found.bound.value <= found.network.evaluate(problem).value


def test_unusable_arguments_are_named():
    problem = random_problem(0)
    patterns = all_of_the_plane(problem)
    with pytest.raises(InputError, match="time_limit"):
        bound_over_patterns(problem, patterns, time_limit=0.0)
    with pytest.raises(InputError, match="work_limit"):
        bound_over_patterns(problem, patterns, work_limit=-1.0)
    with pytest.raises(InputError, match="gap"):
        bound_over_patterns(problem, patterns, gap=1.0)
    with pytest.raises(InputError, match="12 points"):
        bound_over_patterns(random_problem(0, n=5), patterns)
    with pytest.raises(InputError, match="none"):
        collect_patterns(problem, [], 0)
    with pytest.raises(InputError, match="half-squared"):
        gated_network(random_problem(0, loss="huber"), patterns, Budget())
