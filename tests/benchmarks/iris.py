"""Certified bounds on iris against what the solver says: python tests/benchmarks/iris.py

Data are scikit-learn's iris, or an .npz with X and Y given by --data.
"""

import argparse

from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import iris
from certnn.reading.npz import read_npz
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.search.lower_bound import lower_bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solver", default="CLARABEL", help="certnn for our own")
    parser.add_argument("--formulation", default="reduced")
    parser.add_argument("--data", help="another .npz with X and Y")
    options = parser.parse_args()
    for reg in (0.1, 0.01):
        problem = iris(reg)
        if options.data:
            problem = TrainingProblem(*read_npz(options.data, ("X", "Y")), reg)
        result = lower_bound(
            problem, "dnn", choice=SolverChoice(options.solver, options.formulation)
        )
        proved = next((p for p in result.proved if p.level == "dnn"), None)
        figure = result.solver_figures[-1]
        print(f"{problem!r}  {figure.solver} {figure.formulation}: {figure.status}")
        print(f"  the solver's word: primal {figure.primal_value!r}, dual {figure.dual_value!r}")
        if proved is None:
            print(f"  not proved: {result.notes}")
            continue
        share = proved.bound.rounded / figure.primal_value - 1.0
        print(f"  proved at level dnn: {proved.bound.rounded!r} ({share:+.2e} of the primal value)")
        print(f"  seconds: solver {figure.seconds:.1f}, level in all {proved.seconds:.1f}")
        print(f"  certificate: {len(result.certificate.document)} bytes")


if __name__ == "__main__":
    main()
