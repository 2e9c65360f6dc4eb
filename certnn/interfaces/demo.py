"""The demonstration: a network trained on iris by plain gradient descent, audited."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import iris
from certnn.reading.npz import save_data, save_network
from certnn.report.progress import SearchProgress
from certnn.search.audit import audit
from certnn.search.audit_report import Recheck
from certnn.search.audit_result import AuditResult
from certnn.training.objective import value_and_gradient

_REG = 0.1
_WIDTH = 30
_STEPS = 20000
_RATE = 2e-5
_SECONDS = 45.0
TITLE = f"{_WIDTH} neurons, gradient descent, on the training half of iris"
#: Names of the files with the data and the network.
DATA, NETWORK = "iris.npz", "network.npz"


def audited_iris(folder: Path, recheck: Recheck, quiet: bool = False) -> AuditResult:
    """Train on iris, audit the network, and leave data and network in `folder`."""
    problem = iris(_REG)
    network = gradient_descent(problem)
    save_data(folder / DATA, problem)
    save_network(folder / NETWORK, network)
    with SearchProgress(quiet) as progress:
        return audit(
            network,
            problem,
            time_limit=_SECONDS,
            title=TITLE,
            recheck=recheck,
            progress=progress.tell,
        )


def gradient_descent(problem: TrainingProblem) -> TwoLayerNetwork:
    """A network as a user may have it: full-batch gradient descent with momentum, He's start."""
    draw = np.random.default_rng(0).standard_normal
    d = problem.features.shape[1]
    weights = [draw((d, _WIDTH)) * np.sqrt(2.0 / d), draw((_WIDTH, problem.c)) / np.sqrt(_WIDTH)]
    speed = [np.zeros_like(w) for w in weights]
    for _ in range(_STEPS):
        gradient = value_and_gradient(problem, *weights)[1:3]
        speed = [0.9 * s - _RATE * g for s, g in zip(speed, gradient, strict=True)]
        weights = [w + s for w, s in zip(weights, speed, strict=True)]
    return TwoLayerNetwork(*weights)
