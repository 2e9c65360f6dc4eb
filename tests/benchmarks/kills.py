"""Workers killed at random: python tests/benchmarks/kills.py [--kills 50] [--pause 3]

On a Dask cluster of processes of this machine, whose nannies start a worker again that dies:
groups, random subsets and cells of a generated problem are proved, first undisturbed; then again
and again, while a random worker gets SIGKILL at random moments, until there were so many kills in
all. Proofs are limited by work, so that each has to be the same to the last byte. With
--allowed-failures 0 Dask gives up a task at the first death of its worker, and leaves it to certnn.
"""

import argparse
import hashlib
import logging
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import dask
from distributed import LocalCluster, Status

import certnn
from certnn.certificates.groups_document import proved_groups
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor.distributed import connected


class Killer:
    """Kills workers of a cluster, as long as something runs `at_work`.

    Parameters
    ----------
    cluster : distributed.LocalCluster
    pause : float
        Mean of the seconds between two kills, which come as events of a Poisson process.
    most : int
    seed : int
    """

    def __init__(self, cluster, pause, most, seed):
        self._cluster, self._pause, self._most = cluster, pause, most
        self._random = random.Random(seed)
        self.kills, self.at_task = 0, 0

    @contextmanager
    def at_work(self):
        done = threading.Event()
        thread = threading.Thread(target=self._kill, args=(done,))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _kill(self, done):
        while self.kills < self._most and not done.wait(self._random.expovariate(1 / self._pause)):
            up = [nanny for nanny in self._cluster.workers.values() if self._is_up(nanny)]
            if up:
                nanny = self._random.choice(up)
                self.at_task += bool(
                    self._cluster.scheduler.workers[nanny.worker_address].processing
                )
                os.kill(nanny.pid, signal.SIGKILL)
                self.kills += 1

    def _is_up(self, nanny):
        """Whether it starts its worker again: it gives up one that dies while it starts."""
        return (
            nanny.status == nanny.process.status == Status.running
            and nanny.worker_address in self._cluster.scheduler.workers
        )


def prove_groups(problem, count, work, client):
    """The groups that are proved, of how many, and the certificate's hash."""
    found = certnn.lower_bound(problem, f"groups({count})", work_limit=work, cluster=client)
    proved = len(proved_groups(found.certificate)) if found.level.startswith("groups") else 0
    return proved, count, hashlib.sha256(found.certificate.document).hexdigest()


def prove_subsets(problem, subsets, work, client):
    """The subsets that are proved, of how many, and the hash of all certificates in their order."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"size": problem.n // 4, "subsets": subsets, "work_limit": work}
        found = certnn.sampled_bound(problem, **options, cluster=client, folder=folder)
        kept = b"".join(file.read_bytes() for file in sorted(Path(folder).glob("subset-*.json")))
    return subsets - found.missing, subsets, hashlib.sha256(kept).hexdigest()


def prove_cells(problem, count, work, client):
    """Whether they prove the bound, of one, and the certificate's hash."""
    found = certnn.lower_bound(problem, "cells", work_limit=work, cluster=client)
    return found.level == "cells", count, hashlib.sha256(found.certificate.document).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--pause", type=float, default=3.0, help="mean seconds between two kills")
    parser.add_argument("--allowed-failures", type=int, default=0, help="Dask's setting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n", type=int, default=96)
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--subsets", type=int, default=12)
    parser.add_argument("--work", type=float, default=2.0, help="nominal seconds of each proof")
    options = parser.parse_args()
    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": options.allowed_failures,
            # A LocalCluster ends the nanny of a worker that is not there so long after a death,
            # as where another has followed.
            "distributed.deploy.lost-worker-timeout": "1 hour",
        }
    )
    problem = random_network_data(3, 5.0, n=options.n, d=3, c=1)
    proofs = {
        "groups": (prove_groups, options.groups, options.work * options.groups),
        "subsets": (prove_subsets, options.subsets, options.work),
        "cells": (prove_cells, 1, options.work * options.groups),
    }
    given = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=options.workers, processes=True, **given) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        killer = Killer(cluster, options.pause, options.kills, options.seed)
        undisturbed, runs, wrong = {}, Counter(), 0
        print("| run | kills | of these at a task | proved | certificates | seconds |")
        print("|---|---|---|---|---|---|", flush=True)
        while killer.kills < options.kills:
            for name, (prove, count, work) in proofs.items():
                begun, before = time.monotonic(), (killer.kills, killer.at_task)
                if name not in undisturbed:
                    outcome = undisturbed[name] = prove(problem, count, work, client)
                    said = "undisturbed"
                elif killer.kills < options.kills:
                    with killer.at_work():
                        outcome = prove(problem, count, work, client)
                    same = outcome == undisturbed[name]
                    wrong, said = wrong + (not same), "the same" if same else "others"
                else:
                    break
                runs[name] += 1
                kills, at_task = killer.kills - before[0], killer.at_task - before[1]
                print(
                    f"| {name}, {runs[name]} | {kills} | {at_task} | {outcome[0]} of {outcome[1]} "
                    f"| {said} | {time.monotonic() - begun:.0f} |",
                    flush=True,
                )
    print(f"{killer.kills} kills, {killer.at_task} at a task; {wrong} runs were not the same")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
