"""A dual point between that of a network and that of a relaxation, which is easier to prove."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.arrays import FloatArray
from certnn.problem.dual_bound import expected_bound
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem

#: Shares of the relaxation's dual point, the best first; and how much of what the network's leaves
#: between its dual norm and what is proved of it the blend must leave above reg.
_SHARES, _LEAST_LEFT = (0.6, 0.3), 0.3
#: One that has a tree is kept as long as it must be proved no closer to reg than this share.
_STAYS = 0.9
_BISECTIONS = 40


@dataclass(frozen=True, eq=False)
class DualPoint:
    """What to prove: that the dual norm of Z is at most factor·reg.

    Attributes
    ----------
    Z : float64 array, shape (n, c)
    factor : float
    """

    Z: FloatArray
    factor: float


def blended(
    problem: TrainingProblem, residual: FloatArray, relaxed: FloatArray, factor: float
) -> DualPoint | None:
    """A blend that gives the bound that the residual gives with a dual norm of factor·reg.

    At the residual of a good network the dual norm is reg, but no relaxation sees that. The dual
    point of a relaxation gives the bound at a smaller multiple of reg, its dual norm is smaller
    still, and it was chosen for relaxations to see it: halfway, branch and bound needs fewer nodes.

    Parameters
    ----------
    problem : TrainingProblem
    residual, relaxed : ndarrays, shape (n, c)
        Dual points; of the second, what is proved with a dual norm of reg is a bound already.
    factor : float
        Above 1.

    Returns
    -------
    DualPoint or None
        None where no blend leaves enough room.
    """
    wanted = expected_bound(problem, residual, factor)
    for share in _SHARES:
        Z = feasible_dual_point(problem, (1.0 - share) * residual + share * relaxed)
        found = _as_good(problem, Z, wanted, factor)
        if found is not None:
            return found
    return None


def kept(
    problem: TrainingProblem, last: DualPoint, other: DualPoint, wanted: float
) -> DualPoint | None:
    """The dual point of the last proof, if a tighter proof of it is as good as one of another.

    Parameters
    ----------
    problem : TrainingProblem
    last, other : DualPoint
    wanted : float
        The bound to prove.

    Returns
    -------
    DualPoint or None
        None if it gives no such bound, or that takes much more than for the other one.
    """
    found = _as_good(problem, last.Z, wanted, other.factor)
    if found is None or found.factor - 1.0 < _STAYS * (other.factor - 1.0):
        return None
    return found


def _as_good(
    problem: TrainingProblem, Z: FloatArray, wanted: float, factor: float
) -> DualPoint | None:
    """A dual point with the largest factor up to this one that gives the bound, if there is one."""
    if expected_bound(problem, Z, factor) >= wanted:
        return DualPoint(Z, factor)
    low, high = 1.0 + _LEAST_LEFT * (factor - 1.0), factor
    if expected_bound(problem, Z, low) < wanted:
        return None
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        if expected_bound(problem, Z, middle) >= wanted:
            low = middle
        else:
            high = middle
    return DualPoint(Z, low)
