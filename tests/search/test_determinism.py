"""The same problem, seed and work: the same proofs and networks to the last bit, at any pace."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import certnn
from certnn.budget import Budget, Stop
from certnn.reading.npz import load_network, save_data
from certnn.splitting.patterns import bound_over_patterns, collect_patterns

#: Enough for nothing but the cheapest level, and for some of the search.
WORK = (0.01, 0.2)
LEVELS = ("shor", "block(4)", "dnn", "cuts", "lifts(3)", "phases", "partition", "auto")


def drawn(seed, n, d, c, reg=0.1):
    draw = np.random.default_rng(seed).standard_normal
    return certnn.TrainingProblem(draw((n, d)), draw((n, c)), reg)


PROBLEM = drawn(0, 9, 3, 2, reg=0.05)
NETWORK = certnn.TwoLayerNetwork(
    np.random.default_rng(1).standard_normal((3, 5)),
    np.random.default_rng(2).standard_normal((5, 2)),
)


def unsteady(seed):
    """A progress callback that wastes time."""
    waits = np.random.default_rng(seed)

    def progress(stage, bound, objective):
        time.sleep(waits.uniform(0.0, 5e-3))

    return progress


def bits(network):
    return network.U.tobytes(), network.V.tobytes()


def trained(level, work, progress=None, problem=PROBLEM, **more):
    """All that a run has to say, but for the seconds."""
    result = certnn.train(
        problem, gap=0.0, level=level, work_limit=work, seed=3, progress=progress, **more
    )
    return (
        result.certificate.document,
        result.lower.level,
        [(proved.level, proved.bound.value) for proved in result.lower.proved],
        result.lower.notes,
        bits(result.network),
    )


def audited(level, work, progress=None):
    result = certnn.audit(NETWORK, PROBLEM, level=level, work_limit=work, progress=progress)
    patterns = result.patterns
    return (
        result.lower.certificate.document,
        result.lower.level,
        [(proved.level, proved.bound.value) for proved in result.lower.proved],
        result.lower.notes,
        bits(result.best_network),
        None if patterns is None else patterns.certificate.document,
        None if patterns is None else bits(patterns.network),
        result.report.stationarity,
        [figure.exact for figure in result.report.improvements],
        result.report.polished.exact,
    )


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("level", LEVELS)
def test_training_at_any_pace_ends_in_the_same_place(level, work):
    steady = trained(level, work)
    assert trained(level, work, unsteady(0)) == steady


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("level", LEVELS)
def test_an_audit_at_any_pace_says_the_same(level, work):
    steady = audited(level, work)
    assert audited(level, work, unsteady(1)) == steady


@pytest.mark.parametrize("level", ["phases", "partition", "auto"])
def test_training_with_any_number_of_threads_ends_in_the_same_place(monkeypatch, level):
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(trained(level, 0.3))
    assert found[0] == found[1] == found[2]


def test_many_columns_at_any_pace_end_in_the_same_place():
    """Where training is apart from the proof, and ends before it has converged."""
    problem = drawn(4, 30, 12, 2, reg=0.3)
    steady = trained("shor", 0.5, problem=problem)
    assert trained("shor", 0.5, unsteady(2), problem) == steady


def test_a_seed_is_more_than_an_ornament():
    """What is the same for the same seed would be so for no reason if no search used it."""
    problem = drawn(4, 30, 12, 2, reg=0.3)
    results = [certnn.train(problem, level="shor", work_limit=0.5, seed=seed) for seed in (0, 1)]
    assert bits(results[0].network) != bits(results[1].network)


@pytest.mark.parametrize("work", WORK)
def test_a_bound_over_patterns_is_the_same_again(work):
    patterns = collect_patterns(PROBLEM, [("own", NETWORK)], 20)
    first, second = (
        bound_over_patterns(PROBLEM, patterns, gap=0.0, work_limit=work) for _ in range(2)
    )
    assert first.certificate.document == second.certificate.document
    assert bits(first.network) == bits(second.network)


def test_a_path_and_an_exact_solution_are_the_same_again():
    paths = [
        certnn.regularisation_path(PROBLEM, [0.05, 0.5], gap=0.0, work_limit=0.3) for _ in range(2)
    ]
    for first, second in zip(paths[0].results, paths[1].results, strict=True):
        assert first.certificate.document == second.certificate.document
        assert bits(first.network) == bits(second.network)
    exact = [certnn.exact_solution(PROBLEM, gap=0.01, work_limit=10.0) for _ in range(2)]
    assert exact[0].certificate.document == exact[1].certificate.document
    assert bits(exact[0].network) == bits(exact[1].network)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_is_fitted_the_same_again():
    X, y = PROBLEM.X, PROBLEM.Y[:, 0]
    models = [certnn.CertifiedReLURegressor(work_limit=0.3, gap=0.0).fit(X, y) for _ in range(2)]
    assert models[0].certificate_.document == models[1].certificate_.document
    assert bits(models[0].network_) == bits(models[1].network_)


@pytest.mark.parametrize("level", LEVELS)
def test_more_work_never_proves_less(level):
    bounds = [
        certnn.lower_bound(PROBLEM, level, gap=0.0, work_limit=work).bound.value for work in WORK
    ]
    assert bounds == sorted(bounds)


@pytest.mark.parametrize("level", LEVELS)
def test_time_that_is_not_used_up_changes_nothing(level):
    """A limit in seconds beside one in work makes no choices as long as it is not reached."""
    alone = certnn.lower_bound(PROBLEM, level, gap=0.0, budget=Budget(work=0.3))
    beside = certnn.lower_bound(PROBLEM, level, gap=0.0, budget=Budget(1e6, 0.3, Stop()))
    assert alone.certificate.document == beside.certificate.document


def test_processes_with_one_thread_and_two_write_the_same_files(tmp_path):
    save_data(tmp_path / "data.npz", PROBLEM)
    written = []
    for threads in ("1", "2"):
        net, proof = tmp_path / f"{threads}.npz", tmp_path / f"{threads}.json"
        command = ["train", "--data", str(tmp_path / "data.npz"), "--reg", "0.05", "--gap", "0"]
        command += ["--work-limit", "0.3", "--out", str(net), "--certificate", str(proof)]
        subprocess.run(
            [sys.executable, "-m", "certnn.interfaces.cli", *command],
            env={**os.environ, "OMP_NUM_THREADS": threads},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        written.append((proof.read_bytes(), bits(load_network(net))))
    assert written[0] == written[1]
