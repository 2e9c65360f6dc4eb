"""shor and lifts(1) at large n, from data to a checked file: python tests/benchmarks/large.py

For each size and level one process proves and saves, another checks the file. Their peak memory is
printed after each stage, with wall and processor seconds; --n 1000000 is the largest case. Targets
are those of a network of ten neurons, with --noise so many times as much noise as they vary.
"""

import argparse
import resource
import tempfile
import time
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
from certnn.relaxation.shor.method import shor_point
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


def lifts_point(problem, spread, time_limit):
    of = cover(problem.c, spread, Budget())
    chunks = LocalChunks.of(problem.features, problem.Y)
    *_, last = StreamedLifts(chunks, problem.reg, of, Budget(time_limit)).points()
    print(f"  {len(of.rays)} directions, gap {last.gap:.1e} to the relaxation's value", flush=True)
    return last.point


def prove(level, n, d, c, reg, noise, spread, time_limit, file):
    problem = stage("data", lambda: data(n, d, c, reg, noise))
    if level == "shor":
        point = stage("search", lambda: shor_point(problem, Budget(time_limit)))
        proved = stage("certificate, checked", lambda: certify(problem, point, {}))
    else:
        point = stage("search", lambda: lifts_point(problem, spread, time_limit))
        proved = stage("certificate, checked", lambda: certify_regions(problem, point, {}))
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
    parser.add_argument("--levels", nargs="+", default=["shor", "lifts"])
    parser.add_argument("--spread", type=float, default=1.5, help="of the outputs' directions")
    parser.add_argument("--unchecked", action="store_true", help="leave the file's check out")
    parser.add_argument("--time-limit", type=float, default=1e9, help="seconds for the search")
    options = parser.parse_args()
    for n in options.n:
        reg = 1e-4 * n if options.reg is None else options.reg
        for level in options.levels:
            print(f"{level} n={n} d={options.d} c={options.c} reg={reg:g}", flush=True)
            given = options.d, options.c, reg, options.noise, options.spread, options.time_limit
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "certificate"
                alone(prove, level, n, *given, file)
                if not options.unchecked:
                    alone(check, file)


if __name__ == "__main__":
    main()
