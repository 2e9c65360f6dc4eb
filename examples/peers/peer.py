"""What every peer's script shares: the problem, and a file of what was reached when.

The problem is one of the practice set, cut to some rows and columns so that every peer can take it,
with centred targets and a decayed hidden bias. A line of the file is an objective, which the kernel
has evaluated exactly whatever the peer says of it; a bound that the kernel has proved; or a bound
that a peer claims, in floats and perhaps for one width only.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import certnn
from certnn.reading.datasets import PRACTICE_SETS

OBJECTIVE, PROVED, CLAIMED = "objective", "proved", "claimed"


def add_problem_options(parser):
    parser.add_argument("--data", default="diabetes", choices=[*PRACTICE_SETS], help="(diabetes)")
    parser.add_argument("--rows", type=int, default=20, help="drawn at random (20)")
    parser.add_argument(
        "--columns", type=int, nargs="+", default=[2, 8], metavar="K", help="from 0 (2 8)"
    )
    parser.add_argument("--reg", type=float, default=1.0, metavar="R", help="weight decay (1)")
    parser.add_argument("--data-dir", metavar="FOLDER", help="with pima, ionosphere, banknote.csv")
    parser.add_argument("--time-limit", type=float, default=30.0, metavar="S", help="seconds (30)")


def problem_of(options):
    whole = PRACTICE_SETS[options.data].problem(options.data_dir)
    rows = np.sort(np.random.default_rng(0).permutation(whole.n)[: options.rows])
    X, Y = whole.X[np.ix_(rows, options.columns)], whole.Y[rows]
    return certnn.TrainingProblem(X, Y - Y.mean(axis=0), options.reg, hidden_bias=True)


class Curve:
    """Seconds since it was made, imports apart, and what was reached by then."""

    def __init__(self, name, options):
        self.problem = problem_of(options)
        self.limit = options.time_limit
        self._name, self._best, self._lines = name, np.inf, []
        self._file = Path(options.out) if options.out else None
        self._start = time.monotonic()

    @property
    def left(self):
        """Seconds."""
        return self.limit - (time.monotonic() - self._start)

    def network(self, U, V):
        """Hidden weights, (d + 1) × m with the bias last, and output weights, m × c."""
        objective = certnn.TwoLayerNetwork(U, V).evaluate(self.problem).rounded
        if objective < self._best:
            self._best = objective
            self.note(OBJECTIVE, objective)

    def note(self, what, value, seconds=None):
        seconds = time.monotonic() - self._start if seconds is None else seconds
        self._lines.append({"peer": self._name, "seconds": seconds, "what": what, "value": value})
        print(f"{seconds:8.2f} s  {self._name}: {what} {value:.8g}", flush=True)
        if self._file:
            self._file.write_text("".join(f"{json.dumps(line)}\n" for line in self._lines))


def curve_of(name, description):
    """The curve of a script that has no options of its own."""
    return Curve(name, parsed(description)[0])


def parsed(description, *more):
    """The options of a script, and its parser; more are (flag, keywords) of its own."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    add_problem_options(parser)
    parser.add_argument("--out", metavar="FILE.jsonl")
    for flag, keywords in more:
        parser.add_argument(flag, **keywords)
    return parser.parse_args(), parser


def with_output_bias(U, V, bias):
    """The same function without an output bias: a neuron active everywhere carries it."""
    size = np.sqrt(np.linalg.norm(bias))
    if size == 0.0:
        return U, V
    always = np.zeros((U.shape[0], 1))
    always[-1] = size
    return np.hstack([U, always]), np.vstack([V, np.asarray(bias)[None, :] / size])
