"""The untrusted side: losses in floats, the barrier method, exact feasibility, inputs."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_cases import BIASES, DELTA, LOSSES, expression, problem, targets
from scipy.optimize import check_grad

import certnn
from certnn.budget import Budget
from certnn.errors import InputError, SolverError
from certnn.kernel import bound_from_dual_norm
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.losses import Huber, as_loss, loss_named
from certnn.training import polish, train_locally, training_objective
from certnn.training.dual_barrier import solve_dual_barrier
from certnn.training.objective import value_and_gradient


def loss_called(name):
    return Huber(DELTA) if name == "huber" else as_loss(name)


@pytest.mark.parametrize("name", LOSSES)
def test_float_loss_against_its_definition(name):
    rng = np.random.default_rng(0)
    loss, Y = loss_called(name), targets(name, 6, 3, rng)
    F = 3.0 * rng.standard_normal((6, 3))
    value = float(expression(name, cp.Constant(F), Y).value)
    assert loss.value(F, Y) == pytest.approx(value, rel=1e-9)

    def of_flat(f):
        return loss.value(f.reshape(6, 3), Y)

    def slope_of_flat(f):
        return loss.gradient(f.reshape(6, 3), Y).ravel()

    assert check_grad(of_flat, slope_of_flat, F.ravel()) < 1e-5 * (1.0 + np.abs(value))


@pytest.mark.parametrize("name", LOSSES)
def test_dual_function_and_its_derivatives(name):
    rng = np.random.default_rng(1)
    loss, Y = loss_called(name), targets(name, 6, 3, rng)
    Z = 0.4 * loss.start(Y)
    low, high = loss.limits(Y)
    assert np.all(low < Z)
    assert np.all(high > Z)
    np.testing.assert_allclose(np.sum(loss.start(Y), axis=0), 0.0, atol=1e-12)
    if name == "softmax":
        np.testing.assert_allclose(np.sum(Z, axis=1), 0.0, atol=1e-12)
    step = 1e-5 * rng.standard_normal(Z.shape)
    if name == "softmax":
        step -= np.mean(step, axis=1, keepdims=True)
    change = loss.dual_value(Z + step, Y) - loss.dual_value(Z - step, Y)
    assert change == pytest.approx(2.0 * np.vdot(loss.dual_gradient(Z, Y), step), rel=1e-4)
    turn = loss.dual_gradient(Z + step, Y) - loss.dual_gradient(Z - step, Y)
    np.testing.assert_allclose(turn, -2.0 * loss.dual_curvature(Z, Y) * step, rtol=1e-4, atol=1e-12)
    # The dual value of −gradient is ℓ(F) − ⟨gradient, F⟩ (equality in Fenchel's inequality).
    F = rng.standard_normal((6, 3))
    slope = loss.gradient(F, Y)
    expected = loss.value(F, Y) - float(np.vdot(slope, F))
    assert loss.dual_value(-slope, Y) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("decay", [None, 0.4, 0.0])
@pytest.mark.parametrize("name", LOSSES)
def test_barrier_method_against_cvxpy(name, decay):
    rng = np.random.default_rng(2)
    n, c, k, reg = 12, 2, 15, 0.5
    Y = targets(name, n, c, rng)
    A = np.maximum(rng.standard_normal((n, k)), 0.0)
    found = solve_dual_barrier(A, Y, reg, loss_called(name), decay, 1e-7, Budget())
    V, b = cp.Variable((k, c)), cp.Variable((1, c))
    F = A @ V if decay is None else A @ V + np.ones((n, 1)) @ b
    value = expression(name, F, Y) + reg * cp.sum(cp.norm(V, 2, axis=1))
    if decay:
        value += decay / 2 * cp.sum_squares(b)
    optimum = cp.Problem(cp.Minimize(value)).solve(solver="CLARABEL")
    assert found.objective == pytest.approx(optimum, rel=1e-6)
    assert found.gap <= 1e-5 * optimum
    V.value, b.value = found.V, found.bias[None, :]
    assert float(value.value) == pytest.approx(found.objective, rel=1e-9)
    assert np.all(np.linalg.norm(A.T @ found.Z, axis=1) <= reg * (1.0 + 1e-12))
    if decay == 0.0:
        np.testing.assert_allclose(np.sum(found.Z, axis=0), 0.0, atol=1e-8)


@given(st.sampled_from(LOSSES), st.sampled_from(BIASES), st.integers(0, 10**6))
def test_feasible_dual_points_are_accepted_by_the_kernel(name, output_bias, seed):
    rng = np.random.default_rng(seed)
    case = problem(name, False, output_bias, n=6, c=2, seed=seed)
    Z = case.loss.start(case.Y) * rng.uniform(0.01, 1.0)
    noise = 1e-9 * rng.standard_normal(Z.shape)
    exact = feasible_dual_point(case, Z + noise)
    np.testing.assert_allclose(exact, Z, atol=1e-7)
    dual = exact.astype("<f8").tobytes()
    bound_from_dual_norm(case.instance(), dual, 1.0)  # raises where it is not feasible
    np.testing.assert_array_equal(feasible_dual_point(case, exact), exact)


def test_a_dual_point_far_from_balanced_is_refused():
    case = problem("softmax", False, "free", n=6)
    with pytest.raises(SolverError, match="balanced"):
        feasible_dual_point(case, case.Y - [1.0, 0.0])


@pytest.mark.parametrize("output_bias", BIASES)
@pytest.mark.parametrize("name", ["half-squared", "huber", "squared-hinge", "logistic", "softmax"])
def test_objective_and_gradient_with_a_bias(name, output_bias):
    rng = np.random.default_rng(4)
    case = problem(name, True, output_bias, c=2)
    shapes = [(3, 4), (4, 2), (2,)]
    point = [rng.standard_normal(shape) for shape in shapes]
    decay = case.output_bias_decay or 0.0
    value, *slopes = value_and_gradient(case, *point, decay)
    network = certnn.TwoLayerNetwork(*point) if output_bias else certnn.TwoLayerNetwork(*point[:2])
    if output_bias:
        assert value == pytest.approx(training_objective(case, network), rel=1e-12)
        assert value == pytest.approx(float(network.evaluate(case).value), rel=1e-12)
    for part, slope in zip(point, slopes, strict=True):
        for index in np.ndindex(part.shape):
            kept = part[index]
            part[index] = kept + 1e-6
            above = value_and_gradient(case, *point, decay)[0]
            part[index] = kept - 1e-6
            below = value_and_gradient(case, *point, decay)[0]
            part[index] = kept
            assert slope[index] == pytest.approx((above - below) / 2e-6, abs=1e-4)


@pytest.mark.parametrize("hidden_bias", BIASES)
@pytest.mark.parametrize("output_bias", BIASES)
def test_polish_never_makes_worse(hidden_bias, output_bias):
    rng = np.random.default_rng(5)
    case = problem("logistic", hidden_bias, output_bias, c=2)
    start = certnn.TwoLayerNetwork(
        rng.standard_normal((case.inputs.shape[1], 4)),
        rng.standard_normal((4, 2)),
        rng.standard_normal(2) if output_bias else None,
    )
    better = polish(case, start, Budget(), 50)
    assert better.evaluate(case).value < start.evaluate(case).value
    assert (better.output_bias is None) == (not output_bias)
    trained = train_locally(case, Budget(work=2.0), starts=(start,))
    assert trained.network.evaluate(case).value <= start.evaluate(case).value


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_scale_of_the_data_does_not_matter(scale):
    """X·s with reg·s is the same problem; for the squared loss Y·s with reg·s too."""
    for name in ("logistic", "half-squared"):
        case = problem(name, False, "free", n=6)
        Y = case.Y * scale if name == "half-squared" else case.Y
        reg = case.reg * scale * (scale if name == "half-squared" else 1.0)
        other = certnn.TrainingProblem(case.X * scale, Y, reg, loss=name, output_bias="free")
        one, two = (certnn.train(p, gap=1e-3, level="partition") for p in (case, other))
        unit = scale**2 if name == "half-squared" else 1.0
        assert two.gap <= 1e-3
        assert one.lower.value * unit <= two.objective.rounded * (1 + 1e-12)
        assert two.lower.value <= one.objective.rounded * unit * (1 + 1e-12)


@pytest.mark.parametrize(
    ("more", "Y", "argument"),
    [
        ({"loss": "cubed"}, [[1.0], [-1.0]], "loss"),
        ({"loss": 3}, [[1.0], [-1.0]], "loss"),
        ({"loss": "hinge"}, [[1.0], [0.5]], "Y"),
        ({"loss": "logistic"}, [[1.0], [2.0]], "Y"),
        ({"loss": "softmax"}, [[1.0], [1.0]], "Y"),
        ({"loss": "softmax"}, [[1.0, 0.0], [-1.0, 2.0]], "Y"),
        ({"loss": "softmax"}, [[1.0, 0.0], [0.0, 0.0]], "Y"),
        ({"loss": "hinge", "output_bias": "free"}, [[1.0], [1.0]], "Y"),
        ({"loss": "softmax", "hidden_bias": "free"}, [[1.0, 0.0], [1.0, 0.0]], "Y"),
        ({"output_bias": "decayed"}, [[1.0], [1.0]], "output_bias"),
        ({"hidden_bias": "true"}, [[1.0], [1.0]], "hidden_bias"),
    ],
)
def test_unusable_input(more, Y, argument):
    with pytest.raises(InputError) as caught:
        certnn.TrainingProblem([[1.0], [2.0]], Y, 1.0, **more)
    assert caught.value.argument == argument


@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan"), float("inf"), "1", None])
def test_unusable_threshold(delta):
    with pytest.raises(InputError):
        Huber(delta)


def test_problems_and_losses_are_values():
    assert Huber(0.5) == Huber(0.5) != Huber(0.25)
    assert as_loss("huber") == Huber(1.0) == loss_named("huber", 1.0)
    X, Y = [[1.0], [2.0]], [[1.0], [-1.0]]
    problems = {
        certnn.TrainingProblem(X, Y, 1.0, hidden, loss=loss, output_bias=output)
        for loss in ("half-squared", "huber", Huber(0.5), "hinge", "logistic")
        for hidden in BIASES
        for output in BIASES
    }
    assert len(problems) == 45
    assert len({repr(p) for p in problems}) == 45
    assert {p.with_reg(2.0).with_reg(1.0) for p in problems} == problems
    assert len({p.instance() for p in problems}) == 45


def test_an_output_bias_needs_a_problem_with_one():
    case = problem("half-squared")
    network = certnn.TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1)), [0.5])
    with pytest.raises(InputError, match="output bias"):
        network.evaluate(case)
    zero = certnn.TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1)), [0.0])
    assert zero.evaluate(case).value == zero.evaluate(problem("half-squared", False, True)).value
    with pytest.raises(InputError, match="shape"):
        certnn.TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1)), [0.5, 1.0])


def test_a_network_with_a_bias_comes_back_from_its_file(tmp_path):
    from certnn.reading.networks import read_network
    from certnn.reading.npz import load_network, save_network

    network = certnn.TwoLayerNetwork([[1.0], [2.0]], [[3.0]], [0.125])
    save_network(tmp_path / "network.npz", network)
    loaded = load_network(tmp_path / "network.npz")
    other = read_network(tmp_path / "network.npz").as_network()
    for found in (loaded, other):
        np.testing.assert_array_equal(found.output_bias, [0.125])
        np.testing.assert_array_equal(found.U, network.U)


@pytest.mark.parametrize("loss", ["half-squared", Huber(1.0), Huber(1e-3)])
@pytest.mark.parametrize(
    "biases",
    [
        {},
        {"output_bias": True},
        {"output_bias": "free"},
        {"hidden_bias": True, "output_bias": True},
        {"hidden_bias": "free"},
    ],
)
def test_targets_that_are_all_zero(loss, biases):
    """The network with no neurons attains 0, below which no objective is."""
    data = np.array([[1.0, 2.0], [3.0, -1.0]])
    zero = certnn.TrainingProblem(data, np.zeros((2, 1)), 0.1, loss=loss, **biases)
    assert certnn.lower_bound(zero, "shor").bound.value == 0
    assert certnn.train(zero).objective.value == 0


@pytest.mark.parametrize("name", ["huber", "half-squared"])
def test_barrier_method_where_the_first_point_is_optimal(name):
    hidden = np.array([[1.0, 0.0], [0.5, 2.0]])
    found = solve_dual_barrier(hidden, np.zeros((2, 1)), 0.1, as_loss(name), None, 0.0, Budget())
    assert found.objective == found.gap == 0.0
    assert not np.any(found.V)
