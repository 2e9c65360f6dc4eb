"""Draw README's picture: python examples/readme_picture.py (about two minutes)

The sandwich of bounds for a network trained on iris: what is proved at each level, and what two SDP
solvers print for the paper's relaxation.
"""

from dataclasses import replace
from pathlib import Path

from certnn.interfaces.demo import gradient_descent
from certnn.reading.datasets import iris
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.report import ProvedBound
from certnn.report.sandwich import sandwich_figure
from certnn.search.audit import audit
from certnn.search.lower_bound import lower_bound


def main() -> None:
    problem = iris(0.1)
    report = audit(gradient_descent(problem), problem).report
    clarabel = lower_bound(problem, "dnn", choice=SolverChoice("CLARABEL"))
    scs = lower_bound(problem, "dnn", choice=SolverChoice("SCS"))
    figures = [f for r in (clarabel, scs) for f in r.solver_figures if f.level == "dnn"]
    dnn = next(p for p in clarabel.proved if p.level == "dnn")
    bounds = (*report.bounds, ProvedBound.from_exact("dnn", dnn.bound.value, dnn.seconds))
    report = replace(report, bounds=bounds, solver_figures=tuple(figures))
    target = Path(__file__).with_name("iris-gap.svg")
    sandwich_figure(report, 640.0).savefig(target, facecolor="white", metadata={"Date": None})
    print(f"{target}: proved {report.lower_bound.value!r}")
    for figure, result in zip(figures, (clarabel, scs), strict=True):
        proved = [p.bound.rounded for p in result.proved if p.level == "dnn"]
        print(f"  {figure.solver} prints {figure.printed!r}; certified from its point: {proved}")


if __name__ == "__main__":
    main()
