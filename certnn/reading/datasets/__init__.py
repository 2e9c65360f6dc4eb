"""Real data and generated families, as training problems and as splits into two halves."""

from __future__ import annotations

from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets.generators import random_network_data, spirals
from certnn.reading.datasets.practice import PRACTICE_SETS, PracticeSet
from certnn.reading.datasets.registry import DATA_SETS, DataSet, find_data_set
from certnn.reading.datasets.split import Split, paper_split, standardised

__all__ = [
    "DATA_SETS",
    "PRACTICE_SETS",
    "DataSet",
    "PracticeSet",
    "Split",
    "find_data_set",
    "iris",
    "paper_split",
    "random_network_data",
    "spirals",
    "standardised",
]


def iris(reg: float, hidden_bias: bool = False) -> TrainingProblem:
    """The training half of iris (75×4, 3 classes one-hot) in the paper's split, not scaled."""
    return find_data_set("iris").split().problem(reg, hidden_bias)
