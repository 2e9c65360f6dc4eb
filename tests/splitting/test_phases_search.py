"""The search for phase trees against sampled directions, closed forms and two exact checks."""

import signal
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_check import check
from sklearn.datasets import load_breast_cancer, load_wine

from certnn.budget import Budget, stoppable
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.phases import tree
from certnn.splitting.phases.proof import PhaseTrees, find_phases_proof
from certnn.splitting.prover import Limits, NoProof
from certnn.training import ColumnGeneration
from certnn.training.arcs import arc_maxima
from certnn.training.ascent import ascend


def scores(X, Z, U):
    return np.linalg.norm(Z.T @ np.maximum(X @ U, 0.0), axis=0) / np.linalg.norm(U, axis=0)


def largest_score(X, Z, seed=0, count=200):
    """A lower bound on the dual norm: local maxima above random directions."""
    problem = TrainingProblem(X, Z, 1.0)
    starts = np.random.default_rng(seed).standard_normal((X.shape[1], count))
    return float(np.max(ascend(problem, Z, starts, Budget())[1]))


def certified(problem, found):
    """The claim of the certificate, which the kernel has checked."""
    certificate = found.certificate(problem, {})
    return certificate.check().value


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 8),
    st.sampled_from([1.0, 1e6, 1e-6]),
)
def test_what_is_proved_is_above_every_score(seed, d, c, n, scale):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = scale * draw((n, d)), draw((n, c))
    X[seed % n, seed % d] = 0.0
    largest = largest_score(X, Z, seed)
    if largest == 0.0:
        return
    found = find_phases_proof(X, Z, 1.3 * largest, 1.15, Limits())
    if isinstance(found, PhaseTrees):
        assert largest_score(X, found.Z, seed + 1) <= found.kappa
        check(X, found)
        assert certified(TrainingProblem(X, Z, 1.0), found) >= 0
    else:  # then the maxima found are not the largest, and here is a better one
        assert np.max(scores(X, Z, found.violators)) > 1.3 * largest
    below = find_phases_proof(X, Z, 0.97 * largest, 1.01, Limits())
    assert isinstance(below, NoProof)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 12))
def test_dual_norms_in_the_plane_are_proved_closely(seed, c, n):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((n, 2)), draw((n, c))
    exact = arc_maxima(X, Z).scores[0]
    above = find_phases_proof(X, Z, 1.05 * exact, 1.04, Limits())
    assert isinstance(above, PhaseTrees)
    check(X, above)
    below = find_phases_proof(X, Z, 0.97 * exact, 1.01, Limits())
    assert isinstance(below, NoProof)
    assert np.min(scores(X, Z, below.violators), initial=np.inf) > 0.97 * exact


def test_a_bound_that_is_too_low_as_a_rule_gives_a_violator():
    found = 0
    for seed in range(20):
        draw = np.random.default_rng(seed).standard_normal
        X, Z = draw((9, 2)), draw((9, 2))
        exact = arc_maxima(X, Z).scores[0]
        found += find_phases_proof(X, Z, 0.97 * exact, 1.01, Limits()).violators.shape[1] > 0
    assert found >= 18


def standardised(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def one_hot(labels):
    return (labels[:, None] == np.unique(labels)).astype(float)


def trained(problem):
    generation = ColumnGeneration(problem, Budget())
    while not generation.round(0.01):
        pass
    return generation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "rows", "columns", "factor", "spread"),
    [(load_wine, slice(40, 150, 4), 13, 1.5, 1.2), (load_breast_cancer, slice(40), 6, 1.2, 1.03)],
)
def test_residuals_of_trained_networks(data, rows, columns, factor, spread):
    X, labels = data(return_X_y=True)
    problem = TrainingProblem(standardised(X[rows, :columns]), one_hot(labels[rows]), 0.1)
    generation = trained(problem)
    found = find_phases_proof(
        problem.features, generation.residual, factor * problem.reg, spread, Limits()
    )
    assert isinstance(found, PhaseTrees)
    bound = certified(problem, found)
    assert 0.5 * generation.objective < bound <= generation.objective


def test_constant_repeated_opposite_and_zero_points():
    draw = np.random.default_rng(5).standard_normal
    X = draw((12, 4))
    X = np.hstack([X, np.ones((12, 1)), X[:, :1], np.zeros((12, 1))])
    X[3], X[4], X[5], X[6] = X[2], -X[2], 0.0, 1e-200
    X[7] *= 1e8
    Z = draw((12, 2))
    Z[7] *= 1e-8
    Z[8], Z[9], Z[5] = 0.0, [0.0, 1.0], [1.0, -1.0]
    found = find_phases_proof(X, Z, 1.2 * largest_score(X, Z), 1.03, Limits())
    assert isinstance(found, PhaseTrees)
    check(X, found)
    assert certified(TrainingProblem(X, np.eye(12, 2), 1.0), found) >= 0


@pytest.mark.slow
def test_more_columns_than_points():
    draw = np.random.default_rng(6).standard_normal
    X, Z = draw((6, 34)), draw((6, 2))
    found = find_phases_proof(X, Z, 1.1 * largest_score(X, Z), 1.05, Limits())
    assert isinstance(found, PhaseTrees)
    check(X, found)


def test_scales_that_float32_cannot_hold_are_refused():
    draw = np.random.default_rng(7).standard_normal
    X, Z = 1e60 * draw((4, 2)), draw((4, 1))
    found = find_phases_proof(X, Z, 1e63, 1.05, Limits())
    assert isinstance(found, NoProof)
    assert "float32" in found.reason


def test_scale_of_the_dual_point_does_not_matter():
    draw = np.random.default_rng(8).standard_normal
    X, Z = draw((6, 3)), draw((6, 2))
    kappa = 1.1 * largest_score(X, Z)
    plain = find_phases_proof(X, Z, kappa, 1.05, Limits())
    tiny = find_phases_proof(X, 2.0**-300 * Z, 2.0**-300 * kappa, 1.05, Limits())
    np.testing.assert_array_equal(plain.multipliers, tiny.multipliers)
    np.testing.assert_array_equal(plain.Z, tiny.Z)


@pytest.fixture(scope="module")
def hard_problem():
    X, labels = load_breast_cancer(return_X_y=True)
    problem = TrainingProblem(standardised(X[:60, :10]), one_hot(labels[:60]), 0.1)
    return problem.X, trained(problem).residual, 1.03 * problem.reg


def test_the_same_proof_on_any_number_of_cores(monkeypatch):
    draw = np.random.default_rng(2).standard_normal
    X, Z = draw((15, 4)), draw((15, 2))
    kappa = 1.05 * largest_score(X, Z)
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(
            "certnn.splitting.ordered_search.thread_count", lambda cores=cores: cores
        )
        found.append(find_phases_proof(X, Z, kappa, 1.02, Limits()))
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].splits, other.splits)
        np.testing.assert_array_equal(found[0].multipliers, other.multipliers)
    assert found[0].nodes == found[0].splits.size


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(Budget(work=0.2)), "time is up"),
        (Limits(memory=3e5), "it is too large for its memory"),
    ],
    ids=["work", "memory"],
)
def test_limits_end_the_search(hard_problem, limits, reason):
    X, Z, kappa = hard_problem
    found = find_phases_proof(X, Z, kappa, 1.01, limits)
    assert isinstance(found, NoProof)
    assert found.reason == reason
    assert found.violators.shape == (10, 0)


def test_work_is_counted_and_no_more_is_done_than_there_is(hard_problem):
    X, Z, kappa = hard_problem
    nodes = []
    for work in (0.2, 0.2, 0.4):
        budget = Budget(work=work)
        find_phases_proof(X, Z, kappa, 1.01, Limits(budget))
        assert budget.over
        nodes.append(budget.now)
    assert nodes[0] == nodes[1] < nodes[2]


def test_an_interrupt_ends_the_search_and_its_threads(hard_problem, monkeypatch):
    X, Z, kappa = hard_problem
    search, before, asked = tree.search_direction, threading.active_count(), threading.Event()

    def interrupted(task, gauge):
        if not asked.is_set():
            asked.set()
            signal.raise_signal(signal.SIGINT)
        return search(task, gauge)

    monkeypatch.setattr(tree, "search_direction", interrupted)
    with stoppable() as stop:
        found = find_phases_proof(X, Z, kappa, 1.01, Limits(Budget(stop=stop)))
    assert isinstance(found, NoProof)
    assert found.reason == "time is up"
    assert found.violators.shape == (10, 0)
    assert threading.active_count() == before
