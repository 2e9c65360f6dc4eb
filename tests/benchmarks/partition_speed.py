"""Nodes per second of partitions, searched and checked: python tests/benchmarks/partition_speed.py

On iris, and on banknote with --data FOLDER, which holds banknote.csv. The check is in integers
alone, and with the filter in floats in front of them.
"""

import argparse
import time

from csv_data import training_half
from threadpoolctl import threadpool_limits

from certnn import kernel
from certnn.budget import Budget
from certnn.kernel.container import read_file
from certnn.kernel.partition import _filtered, _trees
from certnn.kernel.reading import read_claim, read_proof_of, read_top
from certnn.kernel.work import Work
from certnn.reading.datasets import iris
from certnn.splitting.partition.cones import isotropic_basis
from certnn.splitting.partition.proof import Partition, find_partition
from certnn.splitting.prover import Limits
from certnn.training import ColumnGeneration


def unsettled(document):
    """How many leaves of an accepted proof the filter leaves to integers."""
    top = read_top(read_file(document))
    instance = read_claim(top)[0]
    proof, features = read_proof_of(top, instance), instance.features()
    trees = _trees(features, proof, Work(len(document)))
    for count, node in enumerate(_filtered(trees)):
        if node.orthant == trees.count:
            return count
    raise AssertionError("the end is the last node")


def seconds(document, backend):
    start = time.perf_counter()
    kernel.check_certificate(document, backend)
    return time.perf_counter() - start


def trained(problem, tolerance):
    """The residual of the restricted optimum."""
    search, start = ColumnGeneration(problem, Budget()), time.perf_counter()
    with threadpool_limits(1):
        while not search.round(tolerance):
            pass
    print(f"  trained in {time.perf_counter() - start:.1f} s, {search.rounds} rounds", flush=True)
    return search.residual


def measure(problem, Z, factor, in_integers):
    basis = isotropic_basis(problem.features)
    found = find_partition(problem.features, Z, factor * problem.reg, basis, Limits())
    if not isinstance(found, Partition):
        print(f"  {factor}: none, {found.reason}", flush=True)
        return
    document = found.certificate(problem, {}).document
    filtered = seconds(document, "auto")
    report = (
        f"  {factor}: {found.nodes} nodes; search {found.seconds:.2f} s "
        f"({found.nodes / found.seconds:.3g} nodes/s); {len(document) / 1e6:.2f} MB; check "
        f"{filtered:.2f} s, reading included, {unsettled(document)} leaves left to integers"
    )
    if in_integers:
        exact = seconds(document, "python")
        report += f"; in integers alone {exact:.2f} s (ratio {exact / filtered:.0f})"
    print(report, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with banknote.csv")
    options = parser.parse_args()
    problems = [("iris, reg 0.1", iris(0.1), 1e-4, (1.01, 1.01, 1.005, 1.002), True)]
    problems.append(("iris, reg 0.01", iris(0.01), 1e-3, (1.1, 1.02, 1.01), False))
    if options.data:
        problem = training_half(options.data, "banknote", 0.1)
        problems.append(("banknote, reg 0.1", problem, 1e-2, (1.2, 1.1, 1.05, 1.03), False))
    for name, problem, tolerance, factors, in_integers in problems:
        print(name, flush=True)
        Z = trained(problem, tolerance)
        for factor in factors:  # the first run compiles
            measure(problem, Z, factor, in_integers)


if __name__ == "__main__":
    main()
