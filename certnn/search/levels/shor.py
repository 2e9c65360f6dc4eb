"""The level shor: the cheapest, by sums over the points, of which there may be very many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from certnn.certificates import Certified, certify
from certnn.relaxation.shor.method import shor_point_of_chunks
from certnn.search.levels.level import Context
from certnn.training.residual_point import residual_point

#: Nominal seconds of certifying it, for each number of X and Y.
_A_NUMBER_PROVED = 1.5e-5


@dataclass(frozen=True)
class Shor:
    """Products of each point with itself (Theorem 13); of other losses the residual's dual norm.

    Attributes
    ----------
    share : float
        Of what is left of a limit, what it may take.
    """

    share: float = 1.0
    trains = False

    def __str__(self) -> str:
        return "shor"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """One bound; it is worked out however little of the budget there is."""
        problem = context.problem
        proving = _A_NUMBER_PROVED * problem.n * (problem.features.shape[1] + problem.c)
        budget = context.budget.but(proving).part(self.share)
        if problem.is_plain:
            point = shor_point_of_chunks(
                context.chunks,
                problem.reg,
                budget,
                lambda bound: context.tell(f"{self}: {bound:.6g} to be proved"),
            )
        else:
            point = residual_point(problem, context.networks, budget, context.goal.seed)
        context.budget.spend(proving)
        context.tell(f"{self}: proving")
        yield certify(problem, point, context.about(self))
