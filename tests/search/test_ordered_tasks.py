"""Searches for cells as tasks on a Dask cluster: the outcome is that of this machine."""

import os
import signal
import threading
import time

import dask
import numpy as np
import pytest
from distributed import LocalCluster

import certnn
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.relaxation.shor.distributed import connected
from certnn.search import side_by_side
from certnn.search.ordered_tasks import OnCluster
from certnn.splitting.ordered_search import in_order

OPTIONS = {"threads_per_worker": 1, "dashboard_address": ":0"}
X = np.random.default_rng(0).standard_normal((60, 4))
PROBLEM = certnn.TrainingProblem(X, np.sin(2.0 * X[:, :1]), 2.0)
FREE = certnn.TrainingProblem(X, np.sin(2.0 * X[:, :1]), 2.0, "free")


@pytest.fixture(scope="module")
def cluster():
    """In this process, where a worker's thread sees what this one does."""
    with LocalCluster(n_workers=2, processes=False, **OPTIONS) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with connected(cluster.scheduler_address, patience=1.0) as client:
        yield client


class Counting:
    """A search of so many nodes, of which each takes so many seconds."""

    def __init__(self, place, most, pause):
        self.place, self.most, self.pause = place, most, pause

    def __call__(self, gauge):
        while gauge.count[0] < self.most and not gauge.stop[0]:
            time.sleep(self.pause)
            gauge.count[0] += 1
        return self.place, int(gauge.count[0])


def outcome(run, searches, most):
    found = list(run(searches, most, Budget()))
    return [(one.place, one.count, one.found) for one in found]


@pytest.mark.parametrize("most", [0, 5, 14, 15, 33, 34, 36, 37, 1000])
def test_what_is_handed_out_is_that_of_threads(client, most):
    sizes = [5, 0, 10, 19, 2, 1]
    searches = [Counting(k, size, 1e-3 * (k == 0)) for k, size in enumerate(sizes)]
    assert outcome(OnCluster(client), searches, most) == outcome(in_order, searches, most)


def test_of_no_searches_there_is_nothing(client):
    assert outcome(OnCluster(client), [], 1.0) == []


class Large:
    """A search with data of 12 MB, of which Dask would warn."""

    def __init__(self):
        self.data = np.ones(1_500_000)

    def __call__(self, gauge):
        return self.data.size


def test_a_large_tree_is_sent_without_a_word(client):
    assert outcome(OnCluster(client), [Large()], 1.0) == [(0, 0, 1_500_000)]


ENDED = threading.Event()


def until_told(gauge):
    while not gauge.stop[0]:
        time.sleep(1e-3)
    ENDED.set()


def test_whoever_has_seen_enough_ends_what_runs_on_workers(client):
    ENDED.clear()
    handed_out = OnCluster(client)([Counting(0, 1, 0.2), until_told], np.inf, Budget())
    assert next(handed_out).count == 1
    handed_out.close()
    assert ENDED.wait(10.0)


@pytest.mark.parametrize("ended", ["time", "asked"])
def test_where_the_time_is_over_so_are_the_tasks(client, ended):
    ENDED.clear()
    budget = Budget(0.3 if ended == "time" else np.inf)
    if ended == "asked":
        threading.Timer(0.3, budget.stop).start()
    [one] = OnCluster(client)([until_told], np.inf, budget)
    assert (one.place, one.found) == (0, None)
    assert ENDED.wait(10.0)


@pytest.mark.parametrize("problem", [PROBLEM, FREE], ids=["plain", "free"])
def test_cells_on_a_cluster_are_the_same_to_the_last_byte(client, problem):
    given = {"work_limit": 1.0}
    expected = certnn.lower_bound(problem, "cells", **given)
    found = certnn.lower_bound(problem, "cells", **given, cluster=client)
    assert found.level == "cells"
    assert found.certificate.document == expected.certificate.document


def test_cells_that_are_proved_outlast_the_cluster(client):
    proved = []

    def close(stage, bound, objective):
        proved.append(bound)
        if "cells: proving" in stage and len(set(proved)) > 3:
            client.close()

    found = certnn.lower_bound(PROBLEM, "cells", cluster=client, progress=close)
    assert found.level == "cells"
    assert "no tighter one: the cluster does not answer any more" in found.notes[-1]
    assert found.certificate.check().value == found.bound.value


@pytest.fixture
def mortal():
    """A client of processes, of which Dask forgives no death."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=2, processes=True, **OPTIONS) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        yield client


def fatal(gauge):
    os.kill(os.getpid(), signal.SIGKILL)


class FatalOnce(Counting):
    """Kills the first process that runs it, which a file remembers."""

    def __init__(self, file, *given):
        super().__init__(*given)
        self.file = file

    def __call__(self, gauge):
        if not self.file.exists():
            self.file.touch()
            time.sleep(0.5)  # so that what is done beside it is fetched
            fatal(gauge)
        return super().__call__(gauge)


def test_a_worker_that_is_killed_loses_nothing(mortal, tmp_path, monkeypatch):
    searches = [Counting(0, 3, 0.0), FatalOnce(tmp_path / "1", 1, 4, 0.0), Counting(2, 5, 0.0)]
    found = outcome(OnCluster(mortal), searches, 100)
    assert found == [(k, k + 3, (k, k + 3)) for k in range(3)]
    monkeypatch.setattr(side_by_side, "_ATTEMPTS", 1)
    with pytest.raises(SolverError, match="a process died"):
        outcome(OnCluster(mortal), [fatal], 100)
