"""The level groups: python tests/benchmarks/groups.py FOLDER [--work W] [--sets pima] [--counts 2]

FOLDER holds pima.csv and banknote.csv of the practice set. For 1, 2, 4 and 8 groups, where 1 is the
whole by the level auto: what local search finds for the groups, added up, and what is proved, both
over the objective of the best network known, each with the same work. Groups are representative or
random ones. The sets "generated" (4000x4) and "generated-wide" (10,000x20) are the outputs of a
network of twenty neurons with noise. All are ratios of one run, so that it does not matter how busy
the machine is.
"""

import argparse

import numpy as np

import certnn
from certnn.budget import Budget
from certnn.certificates.groups_document import proved_groups
from certnn.reading.datasets.practice import PRACTICE_SETS
from certnn.search.groups.part import Part
from certnn.search.groups.representative import representative_groups
from certnn.training import train_locally


def ceiling(problem, sets, work):
    """The sum of the best objectives found for equal shares: no proof of these groups is above."""
    parts = [Part.of(problem, points, problem.reg / len(sets), 0).problem for points in sets]
    return sum(train_locally(part, Budget(work=work / len(sets))).objective for part in parts)


def generated(n, d, reg):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    outputs = np.maximum(X @ rng.standard_normal((d, 20)), 0.0) @ rng.standard_normal((20, 1))
    outputs = (outputs - np.mean(outputs)) / np.std(outputs)
    return certnn.TrainingProblem(X, outputs + 0.5 * rng.standard_normal((n, 1)), reg)


SETS = {
    "pima": PRACTICE_SETS["pima"].problem,
    "banknote": PRACTICE_SETS["banknote"].problem,
    "generated": lambda folder: generated(4000, 4, 30.0),
    "generated-wide": lambda folder: generated(10_000, 20, 100.0),
}


def random_groups(problem, count):
    order = np.random.default_rng(0).permutation(problem.n)
    return [np.sort(order[number::count]) for number in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--work", type=float, default=60.0, help="nominal seconds of a bound")
    parser.add_argument("--training", type=float, default=30.0, help="the same of each training")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["pima", "banknote"])
    parser.add_argument("--counts", nargs="+", type=int, default=[1, 2, 4, 8])
    options = parser.parse_args()
    for name in options.sets:
        problem = SETS[name](options.folder)
        trained = train_locally(problem, Budget(work=options.training))
        print(f"{name}: {problem!r}, best network {trained.objective:.6g}", flush=True)
        for count in options.counts:
            level = "auto" if count == 1 else f"groups({count})"
            found = certnn.lower_bound(
                problem, level, work_limit=options.work, network=trained.network
            )
            share = found.bound.rounded / trained.objective
            line = f"  {level:10} proved {share:.3f} by {found.level}"
            if count > 1:
                both = representative_groups(problem, count), random_groups(problem, count)
                sums = [
                    ceiling(problem, sets, options.training) / trained.objective for sets in both
                ]
                line += f", ceiling {sums[0]:.3f}, of random groups {sums[1]:.3f}; reg by group "
                regs = [group.reg for group in proved_groups(found.certificate)]
                line += " ".join(f"{reg * count / problem.reg:.2f}" for reg in regs)
            print(line, flush=True)


if __name__ == "__main__":
    main()
