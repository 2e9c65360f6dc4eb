"""The level shor at n = 20,000: python tests/benchmarks/shor_large.py [--n N]"""

import argparse
import resource
import time

from certnn.bounds import lower_bound
from certnn.datasets import random_network_data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[5000, 10000, 20000])
    parser.add_argument("--time-limit", type=float, help="seconds for the search")
    options = parser.parse_args()
    for n in options.n:
        problem = random_network_data(0, 0.1, n=n, d=20, c=10)
        start = time.perf_counter()
        result = lower_bound(problem, "shor", time_limit=options.time_limit)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"n={n}: proved {result.value!r} (null {problem.null_loss:.4g}) in {seconds:.0f} s, "
            f"peak memory {peak:.0f} MiB, certificate {len(result.certificate.document)} bytes",
            flush=True,
        )


if __name__ == "__main__":
    main()
