"""Training against optima known by other means."""

from __future__ import annotations

import itertools
import signal

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from certnn.budget import Budget, stoppable
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import LocalTraining, polish, train_locally, training_objective


def check_result(problem, result):
    assert isinstance(result, LocalTraining)
    assert result.objective == training_objective(problem, result.network)
    assert result.objective <= problem.null_loss


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    reg=st.sampled_from([0.01, 0.3, 2.0, 50.0]),
    d=st.integers(1, 5),
    c=st.integers(1, 3),
)
def test_one_point_closed_form(seed, reg, d, c):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(d), rng.standard_normal(c)
    problem = TrainingProblem([x], [y], reg)
    result = train_locally(problem, Budget(work=20.0))
    check_result(problem, result)
    shrunk = max(np.linalg.norm(y) - reg / np.linalg.norm(x), 0.0)
    expected = 0.5 * np.sum(y**2) - 0.5 * shrunk**2
    assert result.objective == pytest.approx(expected, rel=1e-7)
    assert result.converged
    if shrunk == 0.0:
        assert result.network.width == 0


@pytest.mark.parametrize(("seed", "reg"), [(0, 0.01), (1, 1.0), (2, 4.0)])
def test_one_dimension_closed_form(seed, reg):
    rng = np.random.default_rng(seed)
    x, Y = rng.standard_normal(12), rng.standard_normal((12, 3))
    problem = TrainingProblem(x[:, None], Y, reg)
    result = train_locally(problem, Budget(work=20.0))
    # Only u = 1 and u = −1 exist, and their activations do not overlap: two scalar problems.
    expected = 0.5 * np.sum(Y**2)
    for a in (np.maximum(x, 0.0), np.maximum(-x, 0.0)):
        expected -= 0.5 * max(np.linalg.norm(a @ Y) - reg, 0.0) ** 2 / (a @ a)
    check_result(problem, result)
    assert result.objective == pytest.approx(expected, rel=1e-7)
    assert result.local_dual_norm <= 1.0 + 1e-3


def convex_optimum(X, y, reg):
    """The optimum for one output: two cones of weights for every activation pattern, d = 2."""
    tilt = np.arctan2(X[:, 1], X[:, 0])
    ends = np.sort(np.mod(np.concatenate([tilt + np.pi / 2, tilt - np.pi / 2]), 2 * np.pi))
    middles = [(a + b) / 2 for a, b in itertools.pairwise([*ends, ends[0] + 2 * np.pi])]
    patterns = {tuple(X @ (np.cos(m), np.sin(m)) > 0) for m in middles}
    output, penalty, constraints = 0, 0, []
    for pattern, sign in itertools.product(sorted(patterns), (1, -1)):
        w = cp.Variable(2)
        output = output + sign * cp.multiply(np.array(pattern, dtype=float), X @ w)
        penalty = penalty + cp.norm(w, 2)
        constraints.append(cp.multiply(2.0 * np.array(pattern) - 1.0, X @ w) >= 0)
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(output - y) + reg * penalty), constraints)
    return program.solve(solver=cp.CLARABEL)


@pytest.mark.parametrize(("seed", "reg"), [(0, 0.3), (1, 0.02), (2, 0.1)])
def test_one_output_against_the_convex_program(seed, reg):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    problem = TrainingProblem(X, y[:, None], reg)
    result = train_locally(problem, Budget(work=20.0), tolerance=1e-6)
    check_result(problem, result)
    assert result.objective == pytest.approx(convex_optimum(X, y, reg), rel=1e-5)


def random_family(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((25, 2))
    U, V = rng.standard_normal((2, 100)), rng.standard_normal((100, 5))
    return X, np.maximum(X @ U, 0.0) @ V


def exact_dual_norm(X, Z):
    """max ‖Zᵀ(Xu)₊‖ over unit u in the plane: on each arc a singular vector or an end."""
    tilt = np.arctan2(X[:, 1], X[:, 0])
    ends = np.sort(np.mod(np.concatenate([tilt + np.pi / 2, tilt - np.pi / 2]), 2 * np.pi))
    largest = 0.0
    for low, high in itertools.pairwise([*ends, ends[0] + 2 * np.pi]):
        middle = (low + high) / 2
        M = Z.T @ (X * (X @ (np.cos(middle), np.sin(middle)) > 0)[:, None])
        top = np.linalg.svd(M)[2][0]
        angle = np.arctan2(top[1], top[0])
        inside = [a for a in (angle + k * np.pi for k in range(-2, 5)) if low < a < high]
        for a in (low, high, *inside):
            largest = max(largest, np.linalg.norm(M @ (np.cos(a), np.sin(a))))
    return largest


@pytest.mark.parametrize("reg", [0.1, 1.0])
def test_random_family_reaches_the_global_optimum(reg):
    X, Y = random_family(0)
    problem = TrainingProblem(X, Y, reg)
    result = train_locally(problem, Budget(work=20.0), tolerance=1e-6)
    check_result(problem, result)
    assert result.converged
    Z = Y - result.network.output(X)
    s = min(np.sum(Z * Y) / np.sum(Z**2), reg / exact_dual_norm(X, Z))
    bound = s * np.sum(Z * Y) - 0.5 * s**2 * np.sum(Z**2)
    assert bound <= result.objective <= bound * (1 + 1e-4)
    assert result.local_dual_norm == pytest.approx(exact_dual_norm(X, Z) / reg, rel=1e-4)


@pytest.mark.parametrize(("sx", "sy"), [(1e8, 1.0), (1e-8, 1e8)])
def test_units_do_not_matter(sx, sy):
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((7, 2)), rng.standard_normal((7, 2))
    plain = train_locally(TrainingProblem(X, Y, 0.1), Budget(work=20.0))
    far = train_locally(TrainingProblem(sx * X, sy * Y, 0.1 * sx * sy), Budget(work=20.0))
    assert far.converged
    assert far.objective / sy**2 == pytest.approx(plain.objective, rel=1e-5)


def test_nothing_to_learn_gives_no_neurons():
    X = np.random.default_rng(0).standard_normal((6, 2))
    zero = train_locally(TrainingProblem(X, np.zeros((6, 2)), 0.1), Budget(work=20.0))
    heavy = train_locally(TrainingProblem(X, np.ones((6, 1)), 1e6), Budget(work=20.0))
    blank = train_locally(
        TrainingProblem(np.zeros((6, 2)), np.ones((6, 1)), 0.1), Budget(work=20.0)
    )
    for result, expected in ((zero, 0.0), (heavy, 3.0), (blank, 3.0)):
        assert result.network.width == 0
        assert result.objective == expected
        assert result.converged


def test_duplicate_and_zero_rows():
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((5, 2)), rng.standard_normal((5, 2))
    twice = TrainingProblem(
        np.vstack([X, X, np.zeros((2, 2))]), np.vstack([Y, Y, [[1, 2]] * 2]), 0.2
    )
    once = TrainingProblem(X, Y, 0.1)
    # Every point twice doubles the loss; nothing can fit the targets of the zero rows.
    expected = 2.0 * train_locally(once, Budget(work=20.0)).objective + 5.0
    assert train_locally(twice, Budget(work=20.0)).objective == pytest.approx(expected, rel=1e-5)


def test_hidden_bias_is_a_column_of_ones():
    rng = np.random.default_rng(4)
    X, Y = rng.standard_normal((8, 1)), rng.standard_normal((8, 2))
    biased = train_locally(TrainingProblem(X, Y, 0.1, hidden_bias=True), Budget(work=20.0))
    plain = train_locally(
        TrainingProblem(np.hstack([X, np.ones((8, 1))]), Y, 0.1), Budget(work=20.0)
    )
    assert biased.network.U.shape[0] == 2
    assert biased.objective == pytest.approx(plain.objective, rel=1e-9)


def test_more_columns_than_points_and_low_rank():
    rng = np.random.default_rng(5)
    for X in (
        rng.standard_normal((3, 8)),
        np.outer(rng.standard_normal(7), rng.standard_normal(4)),
    ):
        problem = TrainingProblem(X, rng.standard_normal((X.shape[0], 2)), 0.05)
        result = train_locally(problem, Budget(work=20.0))
        assert result.converged
        assert result.objective < 0.9 * problem.null_loss


def test_same_seed_same_network():
    X, Y = np.split(np.random.default_rng(6).standard_normal((8, 4)), [2], axis=1)
    first, second = (
        train_locally(TrainingProblem(X, Y, 0.1), Budget(work=60.0), seed=7) for _ in range(2)
    )
    assert first.converged
    np.testing.assert_array_equal(first.network.U, second.network.U)
    np.testing.assert_array_equal(first.network.V, second.network.V)
    assert first.local_dual_norm == second.local_dual_norm


def test_starts_are_never_made_worse_even_without_time():
    rng = np.random.default_rng(8)
    problem = TrainingProblem(rng.standard_normal((10, 3)), rng.standard_normal((10, 2)), 0.1)
    good = polish(problem, TwoLayerNetwork(rng.standard_normal((3, 9)), np.ones((9, 2))), Budget())
    bad = TwoLayerNetwork(100.0 * np.ones((3, 2)), np.ones((2, 2)))
    result = train_locally(problem, Budget(work=0.0), starts=[bad, good])
    check_result(problem, result)
    assert result.rounds == 0
    assert not result.converged
    assert result.objective <= training_objective(problem, good)
    assert result.objective < training_objective(problem, bad)


def test_a_start_of_other_shape_is_refused():
    problem = TrainingProblem([[1.0]], [[1.0]], 0.1)
    with pytest.raises(InputError, match="U"):
        train_locally(problem, Budget(), starts=[TwoLayerNetwork(np.ones((2, 1)), np.ones((1, 1)))])


def test_progress_and_interrupt():
    rng = np.random.default_rng(9)
    problem = TrainingProblem(rng.standard_normal((12, 3)), rng.standard_normal((12, 2)), 0.02)
    seen = []

    def progress(objective, rounds):
        seen.append((objective, rounds))
        if rounds == 2:
            signal.raise_signal(signal.SIGINT)

    with stoppable() as stop:
        result = train_locally(problem, Budget(stop=stop), progress=progress)
    check_result(problem, result)
    assert result.interrupted
    assert not result.converged
    assert [rounds for _, rounds in seen] == [1, 2]
    assert seen[0][0] >= seen[1][0] == result.objective


def test_iris_needs_the_faces_of_the_arrangement():
    X, label = load_iris(return_X_y=True)
    X, _, label, _ = train_test_split(X, label, test_size=0.5, random_state=42)
    problem = TrainingProblem(X, np.eye(3)[label], 0.1)
    result = train_locally(problem, Budget(work=120.0))
    check_result(problem, result)
    # Ascent from random directions ends at 3.369, from vertices alone at 2.5355.
    assert result.objective < 2.532
