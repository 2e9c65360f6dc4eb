"""Default audits of practice data: python tests/benchmarks/practice.py --data FOLDER

Standardised features with a decayed hidden bias; targets one-hot, or standardised for diabetes. The
gap is to the best network known: the one below, or a better one if the audit finds it. Without
--data the sets that come with scikit-learn alone. With --cross-entropy the classes have the loss
logistic or softmax, with --free-biases both biases are free, as scikit-learn has them, and then
the gap is to the network that the audit finds.
"""

from __future__ import annotations

import argparse
import time

import matplotlib.pyplot as plt
from gap_study.sources import SOURCES, for_cross_entropy

import certnn
from certnn.reading.datasets import PRACTICE_SETS

#: The objective of the best network known.
KNOWN = {
    "wine": 17.78305,
    "iris": 13.68977,
    "diabetes": 106.80129,
    "breast-cancer": 29.9418,
    "digits": 59.5591,
    "pima": 151.67927,
    "ionosphere": 15.4654,
    "banknote": 12.36625,
}
#: Weight decays for cross-entropy, by cross-validation of scikit-learn's classifier.
OF_CROSS_ENTROPY = {
    name: SOURCES[name].regs["cross-entropy"]
    for name in ("wine", "iris", "breast-cancer", "pima", "ionosphere", "digits")
}


def problem_of(name, folder, cross_entropy=False, free_biases=False):
    problem = PRACTICE_SETS[name].problem(folder)
    Y, reg, loss = problem.Y, problem.reg, "half-squared"
    if cross_entropy and name != "diabetes":
        reg, (Y, loss) = OF_CROSS_ENTROPY[name], for_cross_entropy(Y)
    hidden, output = ("free", "free") if free_biases else (True, cross_entropy)
    return certnn.TrainingProblem(problem.X, Y, reg, hidden, loss=loss, output_bias=output)


def audited(problem, seconds, nominal):
    """The result, its time, and (seconds, bound, what ran) whenever the bound rose."""
    rises, begun = [], time.monotonic()
    budget = certnn.Budget(work=seconds) if nominal else certnn.Budget(seconds)

    def now():
        return seconds - budget.work_left if nominal else time.monotonic() - begun

    def note(stage, bound, objective):
        if bound is not None and (not rises or bound > rises[-1][1]):
            rises.append((now(), bound, stage.partition(":")[0]))

    result = certnn.audit(None, problem, budget=budget, progress=note)
    return result, now(), rises


def plot(curves, path):
    figure, axes = plt.subplots(figsize=(8.0, 4.5))
    for name, rises, end in curves:
        times = [t for t, _ in rises] + [end]
        axes.step(times, [gap for _, gap in rises] + [rises[-1][1]], where="post", label=name)
    axes.set_xlabel("seconds")
    axes.set_ylabel("proved gap to the best network known")
    axes.set_ylim(0.0, 1.0)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PRACTICE_SETS))
    parser.add_argument("--data", metavar="FOLDER", help="with pima, ionosphere and banknote.csv")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--nominal", action="store_true", help="seconds of work, not of time")
    parser.add_argument("--plot", metavar="FILE.svg")
    parser.add_argument("--cross-entropy", action="store_true")
    parser.add_argument("--free-biases", action="store_true")
    options = parser.parse_args()
    others = options.cross_entropy, options.free_biases
    names = options.names or [
        name
        for name in (OF_CROSS_ENTROPY if options.cross_entropy else PRACTICE_SETS)
        if options.data or not PRACTICE_SETS[name].needs_folder
    ]
    curves = []
    for name in names:
        problem = problem_of(name, options.data, *others)
        result, seconds, rises = audited(problem, options.seconds, options.nominal)
        own = float(result.report.best_network.objective)
        best = own if any(others) else min(own, KNOWN[name])
        curves.append((name, [(t, 1.0 - bound / best) for t, bound, _ in rises], seconds))
        by = f"{result.lower.level}, {seconds:.1f} s"
        found = own / best - 1.0
        print(f"{name}: proved gap {1.0 - result.lower.value / best:.4f} ({by})", end="; ")
        print(f"network {100 * found:+.2f} % of the best known; gap over time:", end=" ")
        print(
            ", ".join(f"{t:.0f} s {1 - b / best:.3f} {stage}" for t, b, stage in rises), flush=True
        )
    if options.plot:
        plot(curves, options.plot)


if __name__ == "__main__":
    main()
