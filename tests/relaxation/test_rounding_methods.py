"""Roundings of moment matrices whose networks are known, and of the relaxation's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_problems import normal, random_family

import certnn
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.npz import load_network, save_data
from certnn.relaxation.moments.lifted_moment import LiftedMoment
from certnn.relaxation.moments.relaxed_moment import relaxed_moment
from certnn.relaxation.rounding import (
    BLIND,
    METHODS,
    round_blindly,
    round_moment,
)
from certnn.relaxation.rounding.fitting import CandidateFit
from certnn.relaxation.rounding.lifted_space import LiftedSpace
from certnn.relaxation.rounding.rotation import random_rotation, rotated_to_complementarity
from certnn.relaxation.rounding.splitting import split
from certnn.search.rounding_comparison import compare_roundings
from certnn.studies.completely_positive import exact_solution
from certnn.training import training_objective


def neurons(problem, network):
    """The columns (α, β, u, v) themselves."""
    inputs = problem.features @ network.U
    return np.vstack([np.maximum(inputs, 0.0), np.maximum(-inputs, 0.0), network.U, network.V.T])


def some_network(problem, width, seed=0):
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(
        rng.standard_normal((problem.features.shape[1], width)),
        rng.standard_normal((width, problem.c)),
    )


def space_of(width, seed=0):
    problem = normal(seed, 7, 3, 2)
    network = some_network(problem, width, seed)
    return LiftedSpace(LiftedMoment.of_network(problem, network)), neurons(problem, network)


@given(st.integers(0, 10**6))
def test_projection_on_the_range_is_orthogonal(seed):
    space, columns = space_of(3, seed % 50)
    W = np.random.default_rng(seed).standard_normal(columns.shape)
    nearest = space.in_range(W)
    assert space.errors(nearest).range < 1e-12
    # What is taken away is orthogonal to everything in the subspace.
    inside = space.in_range(np.random.default_rng(seed + 1).standard_normal(W.shape))
    assert np.max(np.abs((W - nearest).T @ inside)) < 1e-9


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_projection_on_complementary_pairs_is_nearest(alpha, beta):
    space, columns = space_of(1)
    W = columns.copy()
    W[0], W[7] = alpha, beta
    a, b = space.complementary(W)[[0, 7], 0]
    assert min(a, b) == 0
    assert max(a, b) >= 0
    others = np.linspace(0, 3, 601)
    least = min(np.min((others - alpha) ** 2) + beta**2, alpha**2 + np.min((others - beta) ** 2))
    assert (a - alpha) ** 2 + (b - beta) ** 2 <= least + 1e-12


def test_neurons_are_a_fixed_point_of_the_splitting():
    space, columns = space_of(4)
    start = columns / space.units[:, None]
    found = split(space, start)
    assert found.iterations == 1
    np.testing.assert_allclose(found.columns, start, atol=1e-12)


def test_where_the_splitting_settles_is_in_both_sets():
    space, _ = space_of(3, seed=4)
    start = random_rotation(space.factor(), 12, np.random.default_rng(0))
    assert space.errors(start).complementarity > 0.1
    found = split(space, start, max_iterations=20_000)
    assert found.disagreement <= 1e-5
    errors = space.errors(found.columns)
    assert errors.range < 1e-12
    assert errors.complementarity <= 2e-5
    # Both sets are reached without leaving Λ.
    error = np.linalg.norm(found.columns @ found.columns.T - space.matrix)
    assert error < 0.01 * np.linalg.norm(space.matrix)


def test_rotations_keep_the_matrix_and_approach_complementarity():
    space, _ = space_of(4, seed=2)
    rng = np.random.default_rng(0)
    start = space.errors(random_rotation(space.factor(), 30, rng)).complementarity
    turned = rotated_to_complementarity(space, space.factor(), 30, rng)
    np.testing.assert_allclose(turned @ turned.T, space.matrix, atol=1e-10)
    assert space.errors(turned).complementarity < 0.1 * start


@pytest.mark.parametrize("method", METHODS)
def test_a_matrix_of_rank_one_gives_its_neuron_back(method):
    problem = normal(2, 8, 3, 2)
    network = some_network(problem, 1, seed=3)
    Y = network.output(problem.inputs)
    problem = certnn.TrainingProblem(problem.X, Y, 1e-3)
    moment = LiftedMoment.of_network(problem, network)
    assert LiftedSpace(moment).factor().shape[1] == 1
    rounding = round_moment(moment, method)
    # The output weights that are best for its direction, in closed form (group lasso, one group).
    u = network.U[:, 0] / np.linalg.norm(network.U)
    a = np.maximum(problem.X @ u, 0.0)
    length = (np.linalg.norm(a @ Y) - problem.reg) / (a @ a)
    V = length * (a @ Y) / np.linalg.norm(a @ Y)
    best = 0.5 * np.sum((np.outer(a, V) - Y) ** 2) + problem.reg * length
    assert rounding.fitted.rounded <= best * (1 + 1e-3)
    assert rounding.objective.rounded <= rounding.fitted.rounded * (1 + 1e-12)
    directions = rounding.network.U / np.linalg.norm(rounding.network.U, axis=0)
    # What the network says is what the neuron says, up to what weight decay takes.
    assert np.max(u @ directions) > 0.99
    if method in ("forms", "eigenvectors", "gaussian"):
        assert rounding.fitted.rounded == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "paper"])
def test_an_exact_solution_rounds_to_its_objective(method):
    problem = random_family(5, n=10, c=2)
    solution = exact_solution(problem)
    moment = LiftedMoment(problem, solution.point.to_floats())
    rounding = round_moment(moment, method)
    assert rounding.objective.rounded == pytest.approx(solution.objective.rounded, rel=1e-3)
    assert rounding.objective.value >= solution.lower.bound.value


@pytest.mark.slow
def test_comparison_on_the_random_family():
    problem = random_family(1, reg=0.01)
    comparison = compare_roundings(problem, gap=1e-5)
    assert comparison.best.objective.rounded <= 1.001 * comparison.trained.objective.rounded
    rows = comparison.rows()
    methods = ["relaxation", *METHODS, BLIND, "global trainer"]
    assert [row["method"] for row in rows] == methods
    assert min(row["excess"] for row in rows[1:]) == 0.0
    for rounding in comparison.roundings:
        assert rounding.objective.value >= comparison.trained.lower.bound.value
        assert rounding.objective.value == rounding.network.evaluate(problem).value
        assert rounding.objective.value <= rounding.fitted.value
        if rounding.read is not None:
            assert rounding.fitted.value < rounding.read.value
    by = {rounding.method: rounding for rounding in comparison.roundings}
    assert by["splitting"].errors.complementarity < 0.01 < by["gaussian"].errors.complementarity
    assert by[BLIND].errors is None


def test_climbing_ends_above_no_start():
    problem = normal(4, 20, 4, 2, reg=0.05)
    rng = np.random.default_rng(0)
    fit = CandidateFit(problem, rng.standard_normal((4, 10)), Budget())
    before = fit.objective
    fit.climb(5)
    assert fit.objective < before
    assert fit.objective == training_objective(problem, fit.network)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_scale_of_the_data_does_not_matter(scale):
    plain = random_family(2, n=12, c=2)
    problem = certnn.TrainingProblem(scale * plain.X, plain.Y, scale * plain.reg)
    expected = certnn.train(plain, gap=1e-4).objective.rounded
    found = round_moment(relaxed_moment(problem), "gaussian")
    assert found.objective.rounded == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_fit_gives_no_neurons(method):
    problem = certnn.TrainingProblem(np.eye(3), np.zeros((3, 2)), 0.1)
    rounding = round_moment(relaxed_moment(problem), method)
    assert rounding.network.width == 0
    assert rounding.objective.value == 0


@pytest.mark.parametrize("rows", [np.zeros((3, 2)), np.array([[1.0, 2], [1, 2], [0, 0]])])
def test_rows_that_are_zero_or_repeated(rows):
    problem = certnn.TrainingProblem(rows, np.array([[1.0], [2.0], [3.0]]), 0.1)
    best = certnn.train(problem, gap=1e-5).objective.rounded
    assert round_moment(relaxed_moment(problem)).objective.rounded <= best * (1 + 1e-4)


def test_no_time_leaves_the_fit():
    problem = random_family(3, n=12, c=2)
    moment = relaxed_moment(problem)
    hurried = round_moment(moment, "forms", budget=Budget(work=0.0))
    assert hurried.objective.value <= hurried.fitted.value


def test_unusable_arguments():
    problem = random_family(3, n=6, c=2)
    moment = relaxed_moment(problem)
    with pytest.raises(InputError, match="method"):
        round_moment(moment, "none")
    with pytest.raises(InputError, match="time_limit"):
        round_moment(moment, time_limit=0.0)
    with pytest.raises(InputError, match="time_limit"):
        round_blindly(problem, time_limit=float("nan"))
    with pytest.raises(InputError, match="moment"):
        compare_roundings(random_family(4, n=6, c=2), moment=moment)
    with pytest.raises(InputError, match="methods"):
        compare_roundings(problem, ())
    with pytest.raises(InputError, match="method"):
        compare_roundings(problem, ("none",))


def test_command(tmp_path, capsys):
    problem = random_family(6, n=10, c=2)
    save_data(tmp_path / "data.npz", problem)
    out = tmp_path / "net.npz"
    command = ["round", "--data", str(tmp_path / "data.npz"), "--reg", "0.1"]
    command += ["--method", "gaussian", "random", "--out"]
    assert main([*command, str(out)]) == 0
    printed = capsys.readouterr().out
    for name in ("relaxation", "gaussian", "random"):
        assert name in printed
    assert repr(load_network(out).evaluate(problem).rounded) in printed
    assert main([*command, str(tmp_path / "none" / "net.npz")]) == 2
    assert main([*command[:-1], "nothing", "--out", str(out)]) == 2
