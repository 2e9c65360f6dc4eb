"""Draw README's picture: python examples/readme_picture.py (two minutes)

The sandwich of bounds for a network trained on iris, with what two SDP solvers print beside it.
"""

from dataclasses import replace
from pathlib import Path

from certnn.auditing import audit
from certnn.bounds import lower_bound
from certnn.datasets import iris
from certnn.demo import gradient_descent
from certnn.relaxation.worker import SolverChoice
from certnn.report.sandwich import sandwich_figure


def main() -> None:
    problem = iris(0.1)
    result = audit(gradient_descent(problem), problem, level="dnn")
    scs = lower_bound(problem, "dnn", choice=SolverChoice("SCS"))
    figures = [f for f in result.report.solver_figures if f.level == "dnn"]
    figures += [f for f in scs.solver_figures if f.level == "dnn"]
    report = replace(result.report, solver_figures=tuple(figures))
    target = Path(__file__).with_name("iris-gap.svg")
    sandwich_figure(report, 640.0).savefig(target, facecolor="white", metadata={"Date": None})
    print(f"{target}: proved {report.lower_bound.value!r}")
    for figure in figures:
        print(f"  {figure.solver} prints {figure.printed!r}")


if __name__ == "__main__":
    main()
