"""Nodes per second of cells, searched and checked: python tests/benchmarks/cells_speed.py

Of the residuals of networks on practice data at the decay of cross-validation: diabetes, and with
--data FOLDER banknote and pima. The factor is what is proved of the dual norm, in multiples of reg.
Each is searched for from the root, and again from the trees for the one before: in processor time.
"""

import argparse
import time

from practice import problem_of

from certnn import kernel
from certnn.budget import Budget
from certnn.splitting.cells.proof import Cells, CellsProver
from certnn.splitting.prover import Limits
from certnn.training import train_locally


def residual(problem):
    network = train_locally(problem, Budget(work=10.0)).network
    return -problem.loss.gradient(network.predict(problem.X), problem.Y)


def banknote_certificate(folder):
    """Of 5 MB."""
    problem = problem_of("banknote", folder)
    prover = CellsProver(problem.features, problem.reg)
    found = prover.prove(residual(problem), 1.5 * problem.reg, 0.0, Limits())
    return found.certificate(problem, {})


def measure(problem, Z, factor, kept):
    prover, start = CellsProver(problem.features, problem.reg), time.process_time()
    found = prover.prove(Z, factor * problem.reg, 0.0, Limits())
    whole = time.process_time() - start
    if not isinstance(found, Cells):
        print(f"  {factor}: none, {found.reason}", flush=True)
        return
    document = found.certificate(problem, {}).document
    start = time.perf_counter()
    kernel.check_certificate(document)
    check, start = time.perf_counter() - start, time.process_time()
    grown = kept.prove(Z, factor * problem.reg, 0.0, Limits())
    more = time.process_time() - start
    print(
        f"  {factor}: {found.nodes} nodes; search {found.seconds:.2f} s "
        f"({found.nodes / found.seconds:.3g} nodes/s); {len(document) / 1e6:.2f} MB; check "
        f"{check:.2f} s, reading included (share {check / found.seconds:.2f}); from the root "
        f"{whole:.2f} s of a processor, from the trees before {more:.2f} s, {grown.nodes} nodes",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with banknote.csv and pima.csv")
    options = parser.parse_args()
    sets = {"diabetes": (8.0, 3.0, 2.5)}
    if options.data:
        sets |= {"banknote": (8.0, 2.0, 1.5, 1.35), "pima": (8.0, 1.5, 1.35)}
    for name, factors in sets.items():
        problem = problem_of(name, options.data)
        print(f"{name} ({problem.n}×{problem.d}, c = {problem.c}), reg {problem.reg:g}", flush=True)
        Z = residual(problem)
        kept = CellsProver(problem.features, problem.reg)
        for factor in factors:  # the first run compiles
            measure(problem, Z, factor, kept)


if __name__ == "__main__":
    main()
