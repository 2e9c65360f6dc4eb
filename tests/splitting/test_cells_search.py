"""The search for cells against sampled directions, the kernel and the plain checker."""

import pickle
import signal
import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget, stoppable
from certnn.errors import SolverError
from certnn.problem.bias_ball import BiasBall
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.losses import Huber
from certnn.problem.training_problem import TrainingProblem
from certnn.search.lower_bound import lower_bound
from certnn.splitting.cells import tree
from certnn.splitting.cells.proof import MOST_COLUMNS, Cells, CellsProver
from certnn.splitting.cells.task import Task
from certnn.splitting.prover import Limits, NoProof
from certnn.training.arcs import arc_maxima
from certnn.training.ascent import ascend


def scores(X, Z, U):
    return np.linalg.norm(Z.T @ np.maximum(X @ U, 0.0), axis=0) / np.linalg.norm(U, axis=0)


def largest_score(X, Z, seed=0, count=200):
    """A lower bound on the dual norm: local maxima above random directions."""
    starts = np.random.default_rng(seed).standard_normal((X.shape[1], count))
    return float(np.max(ascend(TrainingProblem(X, Z, 1.0), Z, starts, Budget())[1]))


def find_cells(X, Z, kappa, spread, limits, ball=None):
    return CellsProver(X, 1.0, ball).search(Z, kappa, spread, limits)


def normal(seed, *shapes):
    draw = np.random.default_rng(seed).standard_normal
    return [draw(shape) for shape in shapes]


@settings(max_examples=25, deadline=None)
@given(
    *(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 2), st.integers(1, 8)),
    st.sampled_from([1.0, 1e6, 1e-6, 1e-60]),
)
def test_what_is_proved_is_above_every_score(plain_checker, seed, d, c, n, scale):
    X, Z = normal(seed, (n, d), (n, c))
    X[seed % n, seed % d] = 0.0
    largest = largest_score(X, Z, seed)
    if largest == 0.0:
        return
    found = find_cells(scale * X, Z, 1.3 * scale * largest, 1.15, Limits())
    if isinstance(found, Cells):
        assert largest_score(scale * X, found.Z, seed + 1) <= found.kappa
        certificate = found.certificate(TrainingProblem(scale * X, Z, 1.0), {})
        assert plain_checker(certificate.document)
        assert certificate.check().value >= 0
    else:  # then the maxima found are not the largest, and here is a better one
        assert np.max(scores(scale * X, Z, found.violators)) > 1.3 * scale * largest
    below = find_cells(X, Z, 0.97 * largest, 1.01, Limits())
    assert isinstance(below, NoProof)
    assert np.min(scores(X, Z, below.violators), initial=np.inf) > 0.97 * largest


@settings(max_examples=25, deadline=None)
@given(*(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 2), st.integers(2, 8)))
def test_what_is_proved_of_a_free_bias_is_above_every_score(plain_checker, seed, d, c, n):
    X, Y = normal(seed, (n, d), (n, c))
    problem = TrainingProblem(X + 3.0, Y, 0.1, "free")
    Z = feasible_dual_point(problem, Y - np.mean(Y, axis=0))
    starts = np.random.default_rng(seed).standard_normal((d + 1, 200))
    starts[-1] *= 3.0 / problem.bias_scale
    largest = float(np.max(ascend(problem, Z, starts, Budget())[1]))
    ball = BiasBall.around(problem.X)
    found = find_cells(problem.features, Z, 1.3 * largest, 1.15, Limits(), ball)
    if isinstance(found, Cells):
        U = np.random.default_rng(seed + 1).standard_normal((d, 500))
        for biases in (1.0, 10.0, 1e6):  # far beyond the ball as well
            h = -np.mean(problem.X, axis=0) @ U + biases * starts[0, 0] * U[0]
            values = np.linalg.norm(found.Z.T @ np.maximum(problem.X @ U + h, 0.0), axis=0)
            assert np.all(values <= found.kappa * np.linalg.norm(U, axis=0) + 1e-9 * abs(h))
        certificate = found.certificate(problem, {})
        assert plain_checker(certificate.document)
        assert certificate.check().value >= 0
    else:
        assert np.max(scores(problem.features, Z, found.violators)) > 1.3 * largest
    below = find_cells(problem.features, Z, 0.97 * largest, 1.01, Limits(), ball)
    assert isinstance(below, NoProof)
    assert np.min(scores(problem.features, Z, below.violators), initial=np.inf) > 0.97 * largest


@pytest.mark.parametrize("c", [1, 2])
def test_dual_norms_in_the_plane_are_proved_closely(c):
    for seed in range(5):
        X, Z = normal(seed, (12, 2), (12, c))
        exact = arc_maxima(X, Z).scores[0]
        above = find_cells(X, Z, 1.01 * exact, 1.005, Limits())
        assert isinstance(above, Cells)
        assert above.certificate(TrainingProblem(X, Z, 1.0), {}).check().value >= 0
        below = find_cells(X, Z, 0.99 * exact, 1.005, Limits())
        assert below.violators.shape[1] > 0
        assert np.min(scores(X, Z, below.violators)) > 0.99 * exact


@pytest.mark.parametrize(
    ("loss", "hidden_bias", "output_bias"),
    [
        ("half-squared", False, True),
        ("huber", True, False),
        ("logistic", False, False),
        ("hinge", "free", "free"),
        ("half-squared", "free", "free"),
    ],
)
def test_losses_and_biases(plain_checker, loss, hidden_bias, output_bias):
    """The dual point is not good, but one: what is proved of it is a bound."""
    (X,), Y = normal(3, (10, 2)), np.array([[1.0], [-1.0]] * 5)
    loss = Huber(0.7) if loss == "huber" else loss
    given = {"loss": loss, "output_bias": output_bias}
    problem, Z = TrainingProblem(X, Y, 0.1, hidden_bias, **given), 0.5 * Y  # of sum zero
    kappa = 1.1 * largest_score(problem.features, Z)
    found = find_cells(problem.features, Z, kappa, 1.05, Limits())
    assert isinstance(found, Cells)
    certificate = found.certificate(problem, {})
    assert plain_checker(certificate.document)
    assert certificate.check().value > 0


def test_constant_repeated_opposite_zero_and_badly_scaled_columns_and_points():
    (X, Z) = normal(5, (12, 2), (12, 2))
    X = np.hstack([X, np.ones((12, 1)), X[:, :1], np.zeros((12, 1)), 1e-6 * X[:, 1:] ** 2])
    X[3], X[4], X[5], X[6] = X[2], -X[2], 0.0, 1e-200
    X[7] *= 1e3
    Z[7] *= 1e-3
    Z[8], Z[9], Z[5] = 0.0, [0.0, 1.0], [1.0, -1.0]
    found = find_cells(X, Z, 1.2 * largest_score(X, Z), 1.1, Limits())
    assert isinstance(found, Cells)
    assert found.certificate(TrainingProblem(X, Z, 1.0), {}).check().value >= 0


def test_a_column_that_is_all_is_proved_beside_one_of_another_scale():
    X, Z = normal(6, (20, 3), (20, 1))
    X[:, 0] *= 1e6
    found = find_cells(X, Z, 1.1 * largest_score(X, Z), 1.05, Limits())
    assert isinstance(found, Cells)
    assert found.certificate(TrainingProblem(X, Z, 1.0), {}).check().value >= 0


def test_what_floats_cannot_hold_is_refused():
    X, Z = normal(7, (4, 2), (4, 1))
    found = find_cells(X, Z, 1e-9 * largest_score(X, Z), 1.05, Limits())
    assert isinstance(found, NoProof)
    assert found.reason == "floats are not enough for it"


def test_a_direction_in_which_no_point_counts_has_no_tree():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    problem = TrainingProblem(X, np.column_stack([y, np.zeros(40)]), 1.0)
    found = find_cells(X, problem.Y, 60.0, 1.1, Limits())
    assert found.certificate(problem, {}).check().value > 0
    nothing = find_cells(X, np.zeros((40, 2)), 1.0, 1.1, Limits())
    assert nothing.nodes == 0
    assert nothing.certificate(problem, {}).check().value == 0


def test_trains_where_what_it_begins_with_is_far_from_the_optimum():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    problem = TrainingProblem(X, np.sin(2.0 * X[:, :1]), 1.0)
    proved = lower_bound(problem, "cells", gap=1e-3, time_limit=60.0)
    assert proved.level == "cells"
    assert proved.bound.value >= proved.network.evaluate(problem).value * (1 - Fraction(1, 1000))


def test_opposite_outputs_are_searched_in_two_directions(plain_checker):
    rng = np.random.default_rng(1)
    X, z = rng.standard_normal((2, 20, 2))
    Z = np.column_stack([z[:, 0], -z[:, 0]])
    kappa = 1.1 * largest_score(X, Z)
    found = find_cells(X, Z, kappa, 1.01, Limits())
    assert found.bounds.size == 4
    np.testing.assert_allclose(found.bounds, found.kappa / np.sqrt(2.0), rtol=1e-6)
    certificate = found.certificate(TrainingProblem(X, Z, 1.0), {})
    assert plain_checker(certificate.document)
    alone = find_cells(X, np.sqrt(2.0) * Z[:, :1], kappa, 1.01, Limits())
    assert found.nodes == pytest.approx(2 * alone.nodes, rel=0.2)


@pytest.mark.parametrize("loss", ["half-squared", "logistic"])
def test_a_free_hidden_bias_is_proved_to_a_gap(loss):
    X = np.random.default_rng(3).standard_normal((30, 2)) + np.array([5.0, 0.0])
    y = np.sign(np.sin(2.0 * X[:, :1]) + X[:, 1:])
    problem = TrainingProblem(X, y, 1.0, "free", loss=loss)
    proved = lower_bound(problem, "cells", gap=2e-2, time_limit=60.0)
    assert proved.level == "cells"
    assert proved.bound.value >= proved.network.evaluate(problem).value * Fraction(98, 100)


def test_too_many_columns_are_refused_in_one_line():
    with pytest.raises(SolverError, match=f"^cells are for at most {MOST_COLUMNS} columns$"):
        CellsProver(np.ones((3, MOST_COLUMNS + 1)), 0.1)


def test_the_scale_of_the_dual_point_does_not_matter():
    X, Z = normal(8, (6, 3), (6, 2))
    kappa = 1.1 * largest_score(X, Z)
    plain = find_cells(X, Z, kappa, 1.05, Limits())
    tiny = find_cells(X, 2.0**-300 * Z, 2.0**-300 * kappa, 1.05, Limits())
    assert (plain.tree, plain.codes) == (tiny.tree, tiny.codes)
    np.testing.assert_array_equal(plain.multipliers, tiny.multipliers)
    np.testing.assert_array_equal(plain.Z, tiny.Z)


def test_the_same_proof_on_any_number_of_cores(monkeypatch):
    X, Z = normal(2, (15, 3), (15, 2))
    kappa = 1.05 * largest_score(X, Z)
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(
            "certnn.splitting.ordered_search.thread_count", lambda cores=cores: cores
        )
        found.append(find_cells(X, Z, kappa, 1.02, Limits()))
    for other in found[1:]:
        assert (other.tree, other.codes, other.nodes) == (
            found[0].tree,
            found[0].codes,
            found[0].nodes,
        )
        np.testing.assert_array_equal(found[0].multipliers, other.multipliers)


@pytest.fixture(scope="module")
def hard_problem():
    X, Z = normal(3, (100, 8), (100, 1))
    return X, Z, 1.0003 * largest_score(X, Z)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(Budget(work=0.3)), "time is up"),
        (Limits(memory=3e3), "it is too large for its memory"),
    ],
    ids=["work", "memory"],
)
def test_limits_end_the_search(hard_problem, limits, reason):
    found = find_cells(*hard_problem, 1.0001, limits)
    assert isinstance(found, NoProof)
    assert found.reason == reason
    assert found.violators.shape == (8, 0)


def test_work_is_counted_and_no_more_is_done_than_there_is(hard_problem):
    nodes = []
    for work in (0.2, 0.2, 0.4):
        budget = Budget(work=work)
        find_cells(*hard_problem, 1.0001, Limits(budget))
        assert budget.over
        nodes.append(budget.now)
    assert nodes[0] == nodes[1] < nodes[2]


def test_an_interrupt_ends_the_search_and_its_threads(hard_problem, monkeypatch):
    search, before, asked = tree.search_cells, threading.active_count(), threading.Event()

    def interrupted(*given):
        if not asked.is_set():
            asked.set()
            signal.raise_signal(signal.SIGINT)
        return search(*given)

    monkeypatch.setattr(tree, "search_cells", interrupted)
    with stoppable() as stop:
        found = find_cells(*hard_problem, 1.0001, Limits(Budget(stop=stop)))
    assert isinstance(found, NoProof)
    assert found.reason == "time is up"
    assert threading.active_count() == before


@pytest.mark.parametrize(("columns", "free"), [(3, 0), (16, 1)])
def test_a_task_for_another_process_is_short_and_arrives_as_it_is(columns, free):
    rng = np.random.default_rng(0)
    points = rng.integers(-(2**26), 2**26 + 1, (1000, columns))
    weights, half = rng.standard_normal(1000), np.array([0, 1])
    task = Task.of(points, weights, half, free)
    sent = pickle.dumps(task)
    assert len(sent) < 4 * points.size + weights.nbytes + 1000
    arrived = pickle.loads(sent)
    assert isinstance(arrived, Task)
    for own, other in zip(task, arrived, strict=True):
        assert np.asarray(own).dtype == np.asarray(other).dtype
        assert np.array_equal(own, other)
    first, second = np.tril_indices(columns)
    assert np.array_equal(2.0**52 * task.products, (points[:, first] * points[:, second]) * 1.0)
