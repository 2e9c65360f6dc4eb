"""shor, lifts(1) and groups at large n, from data to a checked file: tests/benchmarks/large.py

For each size and level one process proves and saves, another checks the file. Their peak memory is
printed after each stage, with wall and processor seconds; --n 1000000 is the largest case. Targets
are those of a network of ten neurons, with --noise so many times as much noise as they vary. With
--workers the sums, or groups, are on a cluster of so many processes of one thread, which read X
from an .npy file; processor seconds are without theirs.
"""

import argparse
import resource
import tempfile
import time
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import certnn
from certnn.budget import Budget
from certnn.certificates import certify
from certnn.certificates.directions import cover
from certnn.certificates.regions_certify import certify_regions
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor.chunks import LocalChunks
from certnn.relaxation.shor.distributed import ClusterChunks, connected
from certnn.relaxation.shor.method import shor_point_of_chunks
from certnn.relaxation.streamed import StreamedLifts


def stage(name, run):
    wall, processor = time.perf_counter(), time.process_time()
    result = run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {name}: {wall:.1f} s, {processor:.1f} s of a processor, peak so far {peak:.0f} MiB",
        flush=True,
    )
    return result


def data(n, d, c, reg, noise):
    problem = random_network_data(0, reg, n=n, d=d, c=c, neurons=10)
    if not noise:
        return problem
    Y = problem.Y / problem.Y.std()
    Y += noise * np.random.default_rng(1).standard_normal(Y.shape)
    return certnn.TrainingProblem(problem.X, Y, reg)


def from_file(problem, folder):
    np.save(folder / "X.npy", problem.X)
    return certnn.TrainingProblem(np.load(folder / "X.npy", mmap_mode="r"), problem.Y, problem.reg)


@contextmanager
def cluster_of(workers):
    """A client of a cluster of so many workers; None of none."""
    if not workers:
        yield None
        return
    from distributed import LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=workers, processes=True, **options) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        yield client


def chunks_of(problem, client):
    if client is not None:
        return ClusterChunks(client, problem)
    return LocalChunks.of(problem.features, problem.Y)


def lifts_point(problem, spread, time_limit, client=None):
    of = cover(problem.c, spread, Budget())
    chunks = chunks_of(problem, client)
    *_, last = StreamedLifts(chunks, problem.reg, of, Budget(time_limit)).points()
    print(f"  {len(of.rays)} directions, gap {last.gap:.1e} to the relaxation's value", flush=True)
    return last.point


def proved_at(level, problem, spread, time_limit, work_limit, client):
    """The bound with its certificate: of the level alone, or of what `lower_bound` runs for it."""
    if level == "shor":
        chunks, budget = chunks_of(problem, client), Budget(time_limit)
        point = stage("search", lambda: shor_point_of_chunks(chunks, problem.reg, budget))
        return stage("certificate, checked", lambda: certify(problem, point, {}))
    if level == "lifts":
        point = stage("search", lambda: lifts_point(problem, spread, time_limit, client))
        return stage("certificate, checked", lambda: certify_regions(problem, point, {}))
    return stage(
        "bound, checked",
        lambda: certnn.lower_bound(problem, level, work_limit=work_limit, cluster=client),
    )


def prove(level, n, d, c, reg, noise, spread, time_limit, work_limit, workers, file):
    problem = stage("data", lambda: data(n, d, c, reg, noise))
    with cluster_of(workers) as client:
        if workers:
            problem = from_file(problem, file.parent)
        proved = proved_at(level, problem, spread, time_limit, work_limit, client)
    stage("file", lambda: proved.certificate.save(file))
    print(
        f"  proved {proved.bound.rounded!r} (null {problem.null_loss:.6g}), "
        f"{file.stat().st_size / 2**20:.1f} MiB",
        flush=True,
    )


def check(file):
    stage("file checked again", lambda: certnn.check(file))


def alone(function, *arguments):
    """Run it in a process of its own, with one thread."""
    process = get_context("spawn").Process(target=limited, args=(function, *arguments))
    process.start()
    process.join()


def limited(function, *arguments):
    with threadpool_limits(1):
        function(*arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[10000, 20000, 40000])
    parser.add_argument("--d", type=int, default=20)
    parser.add_argument("--c", type=int, default=2)
    parser.add_argument("--reg", type=float, help="weight decay (1e-4 a point)")
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument(
        "--levels", nargs="+", default=["shor", "lifts"], help="also names, such as groups(150)"
    )
    parser.add_argument("--workers", type=int, default=0, help="of a cluster; 0 for none")
    parser.add_argument("--spread", type=float, default=1.5, help="of the outputs' directions")
    parser.add_argument("--unchecked", action="store_true", help="leave the file's check out")
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds for the search")
    parser.add_argument("--work-limit", type=float, help="nominal seconds of a level by its name")
    options = parser.parse_args()
    for n in options.n:
        reg = 1e-4 * n if options.reg is None else options.reg
        for level in options.levels:
            print(f"{level} n={n} d={options.d} c={options.c} reg={reg:g}", flush=True)
            given = options.d, options.c, reg, options.noise, options.spread
            given = *given, options.time_limit, options.work_limit, options.workers
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "certificate"
                alone(prove, level, n, *given, file)
                if not options.unchecked:
                    alone(check, file)


if __name__ == "__main__":
    main()
