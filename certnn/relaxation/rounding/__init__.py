"""From a moment matrix Λ of the relaxation to networks, by several roundings."""

from certnn.relaxation.rounding.lifted_space import FeasibilityErrors
from certnn.relaxation.rounding.methods import METHODS
from certnn.relaxation.rounding.result import BLIND, Rounding, round_blindly, round_moment

__all__ = [
    "BLIND",
    "METHODS",
    "FeasibilityErrors",
    "Rounding",
    "round_blindly",
    "round_moment",
]
