"""Write the evidence of each family again: python tests/studies/tightness_evidence/make_files.py"""

from pathlib import Path

import numpy as np

from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data
from certnn.studies.tightness.evidence import find_evidence


def problems():
    draw = np.random.default_rng(5)
    lines = np.array([[1, 2, -1], [0, 1, 3]])
    multiples = np.array([1, -2, 3, 1, -1, 2])
    orthogonal = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    return {
        "two-lines": TrainingProblem(
            multiples[:, None] * lines[np.arange(6) % 2], draw.standard_normal((6, 2)), 0.1
        ),
        "orthogonal": TrainingProblem(orthogonal, draw.standard_normal((4, 3)), 0.1),
        "orthogonal-one-output": TrainingProblem(
            np.diag(np.arange(1, 8)), draw.standard_normal((7, 1)), 0.1
        ),
        "heavy-decay": TrainingProblem([[1.0, 0.0], [0.5, 1.0], [1.0, 1.0]], [[1], [2], [-1]], 50),
        "random": random_network_data(0, 0.1, 10, 2, 2),
    }


if __name__ == "__main__":
    for name, problem in problems().items():
        find_evidence(problem).save(Path(__file__).parent / name)
