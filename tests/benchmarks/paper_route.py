"""A proved bound against the paper's route, in one run: python tests/benchmarks/paper_route.py

The paper's formulation of the relaxation of iris at reg 0.1 with SCS at its default tolerance,
which proves nothing, and training with a proof until the bound is above 2.3.
"""

import argparse
import time

import certnn
from certnn.budget import Budget
from certnn.reading.datasets import iris, random_network_data
from certnn.relaxation.modelled.worker import SolverChoice, solve_in_process
from certnn.search.lower_bound import lower_bound

_BOUND = 2.3


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    problem = iris(0.1)
    # Compiles.
    certnn.train(random_network_data(0, 0.1, n=40, d=4, c=2), gap=1e-2).certificate.check()

    start = time.perf_counter()
    result = lower_bound(problem, "partition", target=_BOUND)
    ours = time.perf_counter() - start
    print(f"certnn: proved {result.value:.6g} in {ours:.2f} s, training included", flush=True)

    start = time.perf_counter()
    again = lower_bound(problem, "partition", target=_BOUND, network=result.network)
    proof = time.perf_counter() - start
    print(f"from that network: proved {again.value:.6g} in {proof:.2f} s", flush=True)

    start = time.perf_counter()
    outcome = solve_in_process(problem, None, SolverChoice("SCS", "literal"), Budget())
    theirs = time.perf_counter() - start
    print(
        f"the paper's formulation, SCS: prints {outcome.figure.printed:.6g} after {theirs:.1f} s\n"
        f"ratio {theirs / ours:.0f}, and {theirs / proof:.0f} for the proof from the network"
    )


if __name__ == "__main__":
    main()
