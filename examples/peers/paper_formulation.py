"""The paper's own model by a general solver: python examples/peers/paper_formulation.py

Through CVXPY, by SCS or Clarabel. What the solver prints is its word; what is proved is what the
kernel makes of its dual point.
"""

from peer import CLAIMED, PROVED, Curve, parsed

import certnn


def main():
    solvers = {"SCS": "the paper's model, SCS", "CLARABEL": "the paper's model, Clarabel"}
    choice = ("--solver", {"default": "CLARABEL", "choices": [*solvers]})
    options, _ = parsed(__doc__, choice)
    curve = Curve(solvers[options.solver], options)
    found = certnn.lower_bound(
        curve.problem,
        "dnn",
        choice=certnn.SolverChoice(options.solver, "literal"),
        time_limit=curve.limit,
    )
    for figure in found.solver_figures:
        if figure.printed is not None and figure.formulation.startswith("dnn, literal"):
            curve.note(CLAIMED, figure.printed)
    for proved in found.proved:
        if proved.level == "dnn":
            curve.note(PROVED, proved.bound.rounded)
    print(*found.notes, sep="\n")


if __name__ == "__main__":
    main()
