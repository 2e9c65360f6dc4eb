"""Tasks on processes: a death costs what ran then, and nothing else."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest
from distributed import LocalCluster

from certnn.budget import Stop
from certnn.search import side_by_side
from certnn.search.side_by_side import Processes, TaskLost, on_cluster, on_processes


def square(number):
    if number < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 13:
        raise ValueError("unlucky")
    return number * number


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def outcomes(finished):
    found = {}
    for task, result in finished:
        try:
            found[task] = result()
        except (TaskLost, ValueError) as error:
            found[task] = type(error)
    return found


def test_what_a_process_returns_or_raises():
    taken = []

    def tasks():
        for number in (*range(10), 13):
            taken.append(number)
            yield number

    finished = on_processes(square, tasks(), 2, Stop())
    next(finished)
    assert len(taken) <= 3  # none is taken up before a process is free for it
    rest = outcomes(finished)
    assert len(rest) == 10
    assert rest.pop(13) is ValueError
    assert all(result == number * number for number, result in rest.items())


def test_a_process_that_dies_takes_no_more_with_it_than_what_ran():
    tasks = [*range(6), -1, *range(20, 30)]
    found = outcomes(on_processes(square, tasks, 2, Stop()))
    assert sorted(found) == sorted(tasks)
    lost = [number for number, result in found.items() if result is TaskLost]
    assert -1 in lost
    assert len(lost) <= 2
    assert all(found[n] == n * n for n in tasks if n not in lost)


def test_stopping_kills_the_processes():
    stop, before = Stop(), psutil.Process().children(recursive=True)
    finished = on_processes(sleep, [0.0, 600.0, 600.0], 2, stop)
    assert next(finished)[0] == 0.0
    stop.ask()
    assert outcomes(finished) == {}
    after = [c for c in psutil.Process().children(recursive=True) if c not in before]
    _, alive = psutil.wait_procs(after, timeout=30.0)
    assert all("sleep" not in " ".join(c.cmdline()) for c in alive)


def identity(task):
    return os.getpid()


def test_processes_stay_until_they_are_closed_or_die():
    with closing(Processes(1)) as pool:

        def found(run, task):
            return outcomes(pool.finished(run, [task], lambda: False))[task]

        first = found(identity, 0)
        assert found(identity, 0) == first
        assert found(square, -1) is TaskLost
        second = found(identity, 0)
        assert second != first
    assert not psutil.pid_exists(second)


def stated_threads(task):
    return os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize(("threads", "each"), [(1, "1"), (5, "2")])
def test_processes_share_the_threads(monkeypatch, threads, each):
    monkeypatch.setattr(side_by_side, "thread_count", lambda: threads)
    assert outcomes(on_processes(stated_threads, [0, 1], 2, Stop())) == {0: each, 1: each}


PROGRAM = """
import signal, sys
from certnn.budget import Stop
from certnn.search.side_by_side import on_processes
def undisturbed(task):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()) and sys.flags.safe_path
print([result() for _, result in on_processes(undisturbed, [0, 1], 2, Stop())])
"""


def test_the_first_processes_of_a_program_are_undisturbed():
    """Neither by Ctrl-C nor by modules in the current folder."""
    said = subprocess.check_output([sys.executable, "-c", PROGRAM], text=True, timeout=120.0)
    assert said == "[True, True]\n"


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_cluster_takes_tasks_as_it_is_free(count):
    options = {"dashboard_address": ":0", "processes": False}
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster,
        cluster.get_client() as client,
    ):
        found = outcomes(on_cluster(square, range(count), client, Stop()))
    assert found == {number: number * number for number in range(count)}
