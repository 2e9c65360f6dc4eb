"""Proved gaps by activation phases, training included: python tests/benchmarks/phases.py FOLDER

FOLDER holds pima.csv and ionosphere.csv. The first rows of their training halves, features
standardised (ionosphere as they are); the best bound after each proof, and then the dual norm that
was proved last is attacked by random and by climbing directions.
"""

import argparse
import time

from csv_data import training_half
from global_training import attacked

import certnn

CASES = (("pima", 50, True, 60.0), ("ionosphere", 50, False, 300.0), ("pima", None, True, 120.0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--reg", type=float, default=0.1)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--attacks", type=int, default=1_000_000)
    options = parser.parse_args()
    for name, rows, standardised, time_limit in CASES:
        problem = training_half(
            options.folder, name, options.reg, rows=rows, standardised=standardised
        )
        print(f"{name}: {problem!r}", flush=True)
        start = time.perf_counter()

        def tell(stage, bound, objective, start=start):
            if stage.endswith(": proved"):
                print(
                    f"  {time.perf_counter() - start:6.1f} s: {stage}, bound {bound:.6g}",
                    flush=True,
                )

        result = certnn.train(
            problem, gap=options.gap, level="phases", time_limit=time_limit, progress=tell
        )
        seconds, start = time.perf_counter() - start, time.perf_counter()
        result.certificate.check()
        print(
            f"  {result!r} in {seconds:.1f} s; certificate "
            f"{len(result.certificate.document) / 1e6:.2f} MB, checked in "
            f"{time.perf_counter() - start:.2f} s",
            *result.lower.notes,
            flush=True,
        )
        if result.lower.level == "phases":
            attack = attacked(problem, result.certificate, options.attacks)
            print(f"  largest of {options.attacks} attacks on kappa: {attack:.7f}", flush=True)
            if attack > 1.0:
                raise SystemExit("a direction scores above the dual norm that was proved")


if __name__ == "__main__":
    main()
