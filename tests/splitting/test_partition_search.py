"""The partition search against sampled directions, closed forms and the kernel."""

import math
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certnn
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import iris, random_network_data
from certnn.search.levels.proving import tightening_proofs
from certnn.search.lower_bound import lower_bound
from certnn.splitting.partition.cones import isotropic_basis
from certnn.splitting.partition.proof import Partition, PartitionProver, find_partition
from certnn.splitting.prover import Limits, NoProof
from certnn.training import ColumnGeneration, train_locally


def scores(X, Z, U):
    return np.linalg.norm(Z.T @ np.maximum(X @ U, 0.0), axis=0) / np.linalg.norm(U, axis=0)


def sampled_dual_norm(X, Z, seed=0, count=20_000):
    """A lower bound on the dual norm: random directions, isotropic in u and in Xu, then climbed."""
    draw = np.random.default_rng(seed).standard_normal
    d = X.shape[1]
    u = np.hstack([draw((d, count)), np.linalg.pinv(X) @ draw((X.shape[0], count))])
    best = u[:, np.argsort(-scores(X, Z, u))[:50]]
    for _ in range(200):
        best = best / np.linalg.norm(best, axis=0)
        active = X @ best > 0.0
        image = Z.T @ (active * (X @ best))
        step = X.T @ (active * (Z @ (image / np.linalg.norm(image, axis=0))))
        better = best + 0.1 * step / np.linalg.norm(step, axis=0)
        best = np.where(scores(X, Z, better) > scores(X, Z, best), better, best)
    return float(np.max(scores(X, Z, best)))


def certified(problem, found):
    return found.certificate(problem, {}).check()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 6),
    st.sampled_from([1.0, 1e8, 1e-8]),
)
def test_what_is_proved_is_above_every_sample(seed, d, c, more, scale):
    draw = np.random.default_rng(seed).standard_normal
    n = d + more
    X, Z = scale * draw((n, d)), draw((n, c))
    largest = sampled_dual_norm(X, Z, seed, 2000)
    if largest == 0.0:
        return
    basis = isotropic_basis(X)
    problem = TrainingProblem(X, Z, 1.0)
    found = find_partition(X, Z, 1.02 * largest, basis, Limits())
    if isinstance(found, Partition):
        assert sampled_dual_norm(X, Z, seed + 1, 2000) <= found.kappa
        assert certified(problem, found).value > 0
    else:  # then the samples missed the maximum, and here is a better one
        assert np.max(scores(X, Z, found.violators)) > 1.02 * largest
    below = find_partition(X, Z, 0.99 * largest, basis, Limits())
    assert isinstance(below, NoProof)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_dual_norm_in_the_plane_is_found_to_many_digits(seed):
    """On each arc between the lines x_iᵀu = 0 the map is linear: its norm's maximum is explicit."""
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((5, 2)), draw((5, 2))
    turns = np.sort(np.concatenate([np.arctan2(X[:, 0], -X[:, 1]) + k * np.pi for k in (0, 1)]))
    turns = np.sort(np.mod(turns, 2 * np.pi))
    largest = 0.0
    for low, high in zip(turns, np.append(turns[1:], turns[0] + 2 * np.pi), strict=True):
        middle = 0.5 * (low + high)
        active = X @ [np.cos(middle), np.sin(middle)] > 0.0
        linear = Z.T @ (active[:, None] * X)
        _, _, vectors = np.linalg.svd(linear)
        angles = [low, high]
        for vector in (vectors[0], -vectors[0]):
            angle = math.atan2(vector[1], vector[0])
            turned = (angle, angle + 2 * np.pi)
            angles += [turn for turn in turned if low <= turn <= high]
        for angle in angles:
            largest = max(largest, float(np.linalg.norm(linear @ [np.cos(angle), np.sin(angle)])))
    basis = isotropic_basis(X)
    assert isinstance(find_partition(X, Z, largest * (1 + 1e-6), basis, Limits()), Partition)
    assert isinstance(find_partition(X, Z, largest * (1 - 1e-6), basis, Limits()), NoProof)


@pytest.mark.slow
def test_iris_is_proved_within_a_hundredth():
    problem = iris(0.1)
    trained = train_locally(problem, Budget(work=20.0))
    result = lower_bound(problem, "partition", network=trained.network, work_limit=40.0)
    objective = trained.network.evaluate(problem).value
    assert result.level == "partition"
    assert 0.99 * objective < result.bound.value <= objective
    assert result.certificate.check("python").value == result.bound.value
    assert len(result.certificate.document) < 5_000_000


def test_partitions_tighten_and_each_is_accepted():
    problem = random_network_data(3, 0.1)
    generation = ColumnGeneration(problem, Budget())
    prover = PartitionProver(problem.features)
    told = []
    *found, end = tightening_proofs(
        problem, generation, prover, Limits(), -math.inf, 1.0, lambda *a: told.append(a)
    )
    assert isinstance(end, NoProof)
    kappas = [partition.kappa for partition in found]
    assert kappas == sorted(kappas, reverse=True)
    values = [certified(problem, partition).value for partition in found]
    assert values == sorted(values)
    assert 1 - values[-1] / generation.best.evaluate(problem).value < 1e-8
    assert {objective for _, objective in told} >= {generation.objective}


def test_what_is_known_is_not_proved_again_and_what_is_enough_is_not_passed_over():
    problem = random_network_data(4, 0.1)
    prover = PartitionProver(problem.features)
    optimum = train_locally(problem, Budget(), tolerance=1e-8).objective

    def kappas(known, enough):
        *found, _ = tightening_proofs(
            problem,
            ColumnGeneration(problem, Budget()),
            prover,
            Limits(),
            known,
            enough,
            lambda *a: None,
        )
        return [partition.kappa / problem.reg for partition in found]

    assert max(kappas(0.999 * optimum, 1.0)) < 1.01
    assert 1.003 in kappas(-math.inf, 1.003)
    assert kappas(optimum * (1 + 1e-12), 1.0) == []


def test_violators_are_neurons_that_lower_the_objective():
    problem = iris(0.1)
    basis = isotropic_basis(problem.features)
    generation = ColumnGeneration(problem, Budget())
    for _ in range(6):
        generation.round(1e-2)
    before, Z = generation.objective, generation.residual
    found = find_partition(problem.features, Z, 1.01 * problem.reg, basis, Limits())
    assert isinstance(found, NoProof)
    assert found.violators.shape[1] > 1
    scored = scores(problem.features, Z, found.violators)
    # Where the search got too deep there may be one that is not quite above.
    assert np.sum(scored > 1.01 * problem.reg) >= scored.size - 1
    generation.add(found.violators)
    assert generation.objective < before


@pytest.fixture(scope="module")
def iris_search():
    """A search that proves its bound if nothing stops it."""
    problem = iris(0.1)
    trained = certnn.train(problem, gap=1e-2)
    Z = ColumnGeneration(problem, Budget(), [trained.network]).residual
    return problem, Z, 1.05 * problem.reg, isotropic_basis(problem.features)


def test_memory_work_and_time_stop_the_search(iris_search):
    problem, Z, kappa, basis = iris_search
    assert not isinstance(find_partition(problem.features, Z, kappa, basis, Limits()), NoProof)
    small = find_partition(problem.features, Z, kappa, basis, Limits(memory=1e4))
    assert isinstance(small, NoProof)
    assert small.reason == "it is too large for its memory"
    short = find_partition(problem.features, Z, kappa, basis, Limits(Budget(work=1e-3)))
    assert isinstance(short, NoProof)
    assert short.reason == "time is up"
    late = find_partition(problem.features, Z, kappa, basis, Limits(Budget(seconds=0.0)))
    assert isinstance(late, NoProof)
    assert late.reason == "time is up"


def test_work_is_counted_and_no_more_is_done_than_there_is(iris_search):
    problem, Z, kappa, basis = iris_search
    spent = []
    for work in (1e-3, 1e-3, 2e-3):
        budget = Budget(work=work)
        find_partition(problem.features, Z, kappa, basis, Limits(budget))
        assert budget.over
        spent.append(budget.now)
    assert spent[0] == spent[1] < spent[2]


@pytest.mark.slow
def test_same_search_same_partition():
    problem = random_network_data(5, 0.1, n=12, d=3, c=2)
    basis = isotropic_basis(problem.features)
    first, second = (
        find_partition(problem.features, problem.Y, 1e3, basis, Limits()) for _ in range(2)
    )
    assert first.tree == second.tree
    assert np.array_equal(first.witnesses, second.witnesses)


def test_poor_network_gives_a_weak_bound():
    problem = random_network_data(0, 0.1, n=10, d=2, c=2)
    draw = np.random.default_rng(0).standard_normal
    poor = TwoLayerNetwork(draw((2, 3)), draw((3, 2)))
    result = lower_bound(problem, "partition", network=poor)
    assert 0.0 <= result.value <= train_locally(problem, Budget(work=3.0)).objective


def test_rank_deficient_data_leave_a_note():
    draw = np.random.default_rng(0).standard_normal
    problem = TrainingProblem(draw((6, 2)) @ draw((2, 3)), draw((6, 1)), 0.1)
    with pytest.raises(SolverError, match="full column rank"):
        isotropic_basis(problem.features)
    result = lower_bound(problem, "partition", work_limit=10.0)
    assert result.level == "shor"
    assert any("full column rank" in note for note in result.notes)


def test_too_many_columns_leave_a_note():
    draw = np.random.default_rng(0).standard_normal
    problem = TrainingProblem(draw((40, 34)), draw((40, 1)), 0.1)
    result = lower_bound(problem, "partition", work_limit=10.0)
    assert result.level == "shor"
    assert result.notes == ("partition: a partition of 34 dimensions is too large",)


def test_hidden_bias_and_one_column():
    draw = np.random.default_rng(4).standard_normal
    for problem in (
        TrainingProblem(draw((8, 1)), draw((8, 2)), 0.1),
        TrainingProblem(draw((8, 1)), draw((8, 2)), 0.1, hidden_bias=True),
    ):
        trained = train_locally(problem, Budget(work=3.0), tolerance=1e-6)
        result = lower_bound(problem, "auto", network=trained.network)
        assert result.level == "partition"
        assert 1 - result.value / trained.objective < 1e-3


def test_interrupted_search_keeps_what_was_found(monkeypatch):
    problem = random_network_data(1, 0.1, n=10, d=2, c=2)
    network = train_locally(problem, Budget(work=3.0)).network
    search = find_partition
    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        return search(*arguments)

    monkeypatch.setattr("certnn.splitting.partition.proof.find_partition", interrupted)
    result = lower_bound(problem, "partition", network=network)
    assert result.interrupted
    assert result.level == "partition"
