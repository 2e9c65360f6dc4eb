"""Digits proved on small random instances: python tests/benchmarks/extended_precision.py

n=10, d=2, c=5, reg 0.1 and 0.01; the certificate is checked by the kernel, the other side exactly.
"""

import argparse

from certnn.reading.datasets import random_network_data
from certnn.relaxation.extended.refine import refine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--digits", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    for reg in (0.1, 0.01):
        for seed in range(options.seeds):
            result = refine(random_network_data(seed, reg, n=options.points), options.digits)
            print(f"reg {reg} seed {seed}: {result}; {result.seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
