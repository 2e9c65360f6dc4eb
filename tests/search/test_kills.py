"""Clusters whose workers are killed, or that are gone: nothing that is proved is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pytest
from distributed import LocalCluster

import certnn
from certnn.certificates.groups_document import proved_groups
from certnn.errors import SolverError
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor import distributed
from certnn.relaxation.shor.distributed import ClusterChunks, ClusterLost, connected
from certnn.search import side_by_side
from certnn.search.side_by_side import Cluster, TaskLost
from certnn.studies.sweep import run_sweep

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "kills.py"
PROBLEM = random_network_data(3, 1.0, n=24, d=2, c=1)
OPTIONS = {"threads_per_worker": 1, "dashboard_address": ":0"}


@pytest.fixture
def client():
    """Of a cluster in this process, which waits but a second for a scheduler that is gone."""
    with (
        LocalCluster(n_workers=1, processes=False, **OPTIONS) as cluster,
        connected(cluster.scheduler_address, patience=1.0) as client,
    ):
        client.cluster = cluster
        yield client


@pytest.fixture
def mortal():
    """A client of processes, of which Dask forgives no death."""
    with (
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": 0,
                "distributed.deploy.lost-worker-timeout": "1 hour",  # nannies stay all the while
            }
        ),
        LocalCluster(n_workers=2, processes=True, **OPTIONS) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        client.cluster = cluster
        yield client


def fatal(task):
    """Dies as often as it is told to, which a folder remembers."""
    folder, number, deaths = task
    begun = len([*folder.glob(f"{number}-*")])
    (folder / f"{number}-{begun}").touch()
    if begun < deaths:
        time.sleep(0.5)  # so that what is done beside it is fetched; else it would be done again
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.slow
def test_a_task_is_begun_again_and_again_but_not_for_ever(mortal, tmp_path, monkeypatch):
    monkeypatch.setattr(side_by_side, "_ATTEMPTS", 3)
    tasks = [(tmp_path, number, deaths) for number, deaths in enumerate([0, 2, 99, 1, 0])]
    found = {}
    for (_, number, _), result in Cluster(mortal).finished(fatal, tasks, lambda: False):
        try:
            found[number] = result()
        except TaskLost as error:
            found[number] = str(error).partition(":")[0]
    assert found == {0: 0, 1: 1, 2: "a process died", 3: 3, 4: 4}
    assert len([*tmp_path.glob("2-*")]) == 3


@pytest.mark.slow
def test_a_scheduler_that_restarts_its_workers_costs_nothing(mortal):
    restarted = []

    def restart(stage, bound, objective):
        if "1 of 4 proved" in stage and not restarted:
            restarted.append(stage)
            with connected(mortal.cluster.scheduler_address) as other:
                other.restart(wait_for_workers=False)

    given = {"work_limit": 40.0, "cluster": mortal}
    expected = certnn.lower_bound(PROBLEM, "groups(4)", **given)
    found = certnn.lower_bound(PROBLEM, "groups(4)", **given, progress=restart)
    assert restarted
    assert found.certificate.document == expected.certificate.document


@pytest.mark.slow
@pytest.mark.parametrize("mapped", [False, True])
def test_rows_on_a_worker_that_dies_are_sent_or_read_again(mortal, tmp_path, monkeypatch, mapped):
    monkeypatch.setattr(distributed, "CHUNK_ROWS", 5)
    rows = np.arange(40.0)[:, None]
    if mapped:
        np.save(tmp_path / "X.npy", rows)
        rows = np.load(tmp_path / "X.npy", mmap_mode="r")
    parts = ClusterChunks(mortal, certnn.TrainingProblem(rows, rows, 1.0))
    for _ in range(2):
        assert parts.total(sum_of)[0] == 39 * 20
        mortal.wait_for_workers(2)
        for process in mortal.run(os.getpid).values():
            os.kill(process, signal.SIGKILL)
    assert parts.total(sum_of)[0] == 39 * 20


def sum_of(chunk):
    return (np.sum(chunk.rows()[0]),)


@pytest.mark.slow
def test_a_sum_that_kills_its_workers_is_given_up(mortal, monkeypatch):
    monkeypatch.setattr(distributed, "_ATTEMPTS", 2)
    parts = ClusterChunks(mortal, certnn.TrainingProblem(np.ones((4, 1)), np.ones((4, 1)), 1.0))
    with pytest.raises(ClusterLost, match="workers died in each of 2 attempts"):
        parts.total(fatal_sum)
    assert parts.total(sum_of)[0] == 4.0


def fatal_sum(chunk):
    os.kill(os.getpid(), signal.SIGKILL)


def at(words, end):
    """Progress that does something at these words, for once."""
    seen = []

    def tell(stage, bound=None, objective=None):
        if words in stage and not seen:
            seen.append(stage)
            end()

    return tell


gone = pytest.mark.parametrize("what", ["client", "scheduler"])


def ending(client, what):
    return client.close if what == "client" else client.cluster.close


@gone
def test_groups_that_are_proved_outlast_the_cluster(client, what):
    end = at("3 of 4 proved", ending(client, what))
    given = {"work_limit": 20.0, "cluster": client, "progress": end}
    found = certnn.lower_bound(PROBLEM, "groups(4)", **given)
    assert found.level == "groups(4)"
    assert len(proved_groups(found.certificate)) == 3
    assert found.certificate.check().value == found.bound.value
    [note] = found.notes
    assert note.startswith("groups(4): the cluster does not answer any more, or")
    assert "; 3 of 4 groups are proved" in note
    assert "\n" not in note
    more = certnn.lower_bound(PROBLEM, "groups(4)", work_limit=20.0, improve=found)
    assert len(proved_groups(more.certificate)) == 4


@gone
def test_subsets_that_are_proved_outlast_the_cluster(client, what, tmp_path):
    given = {"size": 8, "subsets": 6, "level": "dnn", "folder": tmp_path}
    end = at("3 of 6", ending(client, what))
    found = certnn.sampled_bound(PROBLEM, **given, cluster=client, progress=end)
    assert found.missing == 3
    assert len([*tmp_path.glob("subset-*.json")]) == 3
    [note] = found.notes
    assert note.startswith("all the rest: the cluster does not answer any more, or")
    expected = certnn.sampled_bound(PROBLEM, **given | {"folder": None})
    assert certnn.sampled_bound(PROBLEM, **given).to_json() == expected.to_json()


class Reconnecting:
    """A client that has not noticed yet that its connection was lost, as often as it is asked."""

    status = "running"

    def __init__(self, times):
        self.times = times

    def nthreads(self):
        self.times -= 1
        if self.times >= 0:
            raise OSError("reset")
        return {"one": 2, "other": 1}


def test_a_connection_that_was_just_lost_is_asked_again(monkeypatch):
    monkeypatch.setattr(distributed, "_PAUSE", 0.0)
    assert [distributed.thread_total(Reconnecting(times)) for times in (0, 1, 2)] == [3, 3, 3]
    with pytest.raises(ClusterLost):
        distributed.thread_total(Reconnecting(99))


def test_nothing_is_proved_on_a_cluster_that_is_gone(client):
    client.close()
    with pytest.raises(SolverError, match="the cluster does not answer any more"):
        certnn.lower_bound(PROBLEM, "groups(2)", work_limit=5.0, cluster=client)


def doubled(cell):
    return {"twice": 2 * cell["x"]}


def test_cells_that_are_done_outlast_the_cluster(client, tmp_path):
    cells = [{"x": x} for x in range(5)]
    with pytest.raises(ClusterLost, match="the cluster does not answer any more"):
        run_sweep(cells, doubled, tmp_path / "store", 1, lambda *_: client.close(), client)
    assert len((tmp_path / "store").read_text().splitlines()) >= 1
    outcomes, _ = run_sweep(cells, doubled, tmp_path / "store")
    assert [outcome.values for outcome in outcomes] == [{"twice": 2 * x} for x in range(5)]
    assert outcomes[0].earlier


@pytest.mark.slow
def test_a_few_random_kills():
    options = ["--kills", "4", "--workers", "2", "--groups", "4", "--subsets", "4", "--work", "2"]
    run = subprocess.run(
        [sys.executable, str(BENCHMARK), *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 kills" in run.stdout
    assert "0 runs were not the same" in run.stdout
