"""From a moment matrix Λ of the relaxation to networks, by several roundings."""

from certnn.training.rounding.comparison import RoundingComparison, compare_roundings
from certnn.training.rounding.lifted_space import FeasibilityErrors
from certnn.training.rounding.methods import METHODS
from certnn.training.rounding.result import BLIND, Rounding, round_blindly, round_moment

__all__ = [
    "BLIND",
    "METHODS",
    "FeasibilityErrors",
    "Rounding",
    "RoundingComparison",
    "compare_roundings",
    "round_blindly",
    "round_moment",
]
