"""Cells in more columns than the level takes: python tests/benchmarks/wide_cells.py [NAME ...]

Of the residuals of networks on practice data: what cells prove of the dual norm, in multiples of
reg, each search going on from the trees of the one before until the work is over; and the bound
that it gives, as a gap to the best network known. Another level has to be proved to the multiple at
which its gap, as --gap, is the same.
"""

import argparse

import numpy as np
from cells_speed import residual
from practice import KNOWN, problem_of

from certnn.budget import Budget
from certnn.problem.dual_bound import expected_bound
from certnn.splitting.cells import proof
from certnn.splitting.prover import Limits, NoProof

#: What is left of factor − 1 from one search to the next.
STEP = 0.85


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=["breast-cancer"], metavar="NAME")
    parser.add_argument("--data", metavar="FOLDER", help="with ionosphere.csv")
    parser.add_argument("--work", type=float, default=60.0, help="nominal seconds of each")
    parser.add_argument("--gap", type=float, default=0.157, help="of another level")
    options = parser.parse_args()
    proof.MOST_COLUMNS = 100  # the kernel's limit
    for name in options.names:
        problem, best = problem_of(name, options.data), KNOWN[name]
        Z = np.ascontiguousarray(residual(problem))

        def gap(factor, problem=problem, Z=Z, best=best):
            return 1.0 - expected_bound(problem, Z, factor) / best

        needed = next(f for f in np.linspace(8.0, 1.0, 7001) if gap(f) <= options.gap or f == 1.0)
        print(
            f"{name} ({problem.n}×{problem.features.shape[1]}): {options.gap:g} at {needed:.3f} reg"
        )
        prover, factor = proof.CellsProver(problem.features, problem.reg), 8.0
        budget = Budget(work=options.work)
        while True:
            found = prover.prove(Z, factor * problem.reg, 0.0, Limits(budget))
            outcome = found.reason if isinstance(found, NoProof) else f"{found.nodes} nodes"
            spent = f"{budget.worked:.1f} nominal s"
            print(f"  {factor:.3f} reg, gap {gap(factor):.3f}: {outcome}, {spent}", flush=True)
            if isinstance(found, NoProof):
                break
            factor = 1.0 + STEP * (factor - 1.0)


if __name__ == "__main__":
    main()
