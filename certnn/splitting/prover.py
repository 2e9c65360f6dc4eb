"""What the searches for proofs of a dual norm have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.problem.training_problem import TrainingProblem
from certnn.training.column_generation import QUIET_ROUNDS

#: Bytes that a search may take if nothing else is said.
MEMORY = 1e9
#: Multiples of reg to prove, where a tighter one takes not many times the work.
FACTORS = (
    *(8.0, 4.0, 2.0, 1.5, 1.2),
    *(1.0 + m * 10.0**-e for e in range(1, 10) for m in (1.0, 0.5, 0.2)),
)
#: A gap that is small enough if nothing else is said.
ENOUGH = 1e-4


@dataclass(frozen=True, eq=False)
class Searched:
    """What the search for a proof took.

    Attributes
    ----------
    nodes : int
        Of all its trees.
    seconds : float
        Wall time of the search.
    cost : float
        The same in units of the budget's `now`.
    """

    nodes: int
    seconds: float
    cost: float


class DualNormProof(Protocol):
    """A proof of ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u, as far as floats can tell."""

    @property
    def kappa(self) -> float:
        """What it proves."""

    @property
    def Z(self) -> FloatArray:
        """Of this dual point, shape (n, c)."""

    @property
    def nodes(self) -> int:
        """Nodes of its trees."""

    @property
    def seconds(self) -> float:
        """Wall time of the search."""

    @property
    def cost(self) -> float:
        """Of the search, in units of the budget's `now`."""

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file."""


@dataclass(frozen=True, eq=False)
class NoProof:
    """Why a search found none.

    Attributes
    ----------
    violators : float64 array, shape (k, v)
        Unit directions u, one a column, with ‖Zᵀ(Xu)₊‖ above kappa: neurons that lower the
        objective. Where the search came to the limit of its depth, one may be a little below.
    reason : str
        For people, one line.
    near : bool
        Whether the dual norm is too near to kappa, or above, so that with more training there may
        be a proof.
    """

    violators: FloatArray
    reason: str
    near: bool = False


@dataclass(frozen=True)
class Limits:
    """When a search has to stop without a result.

    Attributes
    ----------
    budget : Budget
    memory : float
        Bytes of the proof in memory; its certificate is about a third larger.
    """

    budget: Budget = field(default_factory=Budget)
    memory: float = MEMORY


@dataclass(frozen=True)
class Effort:
    """How the work of a search grows.

    Attributes
    ----------
    growth : float
        The next of the factors takes about this many times the nodes.
    cheap : float
        Nodes that are not worth the stop at a factor.
    most : float
        Without a deadline no proof of more nodes than this is begun.
    factors : tuple of float
        What to prove, in multiples of reg, the largest first. At the optimum the residual's dual
        norm is reg.
    order : float
        If not 0, nodes grow with this power of 1/(factor − 1) instead.
    checking : float
        Of the time of a search, what the check of its proof takes after it, until one is measured.
    quiet : int
        Rounds of training that must find nothing before a proof is tried. If 0 the first is tried
        at once, and there is one round after each that fails.
    leap : float
        If not 0, a search goes on from the tree of the one before, so that steps may be small. As
        long as there is time for it they go so far that there are this many times the nodes.
    """

    growth: float
    cheap: float
    most: float
    factors: tuple[float, ...] = FACTORS
    order: float = 0.0
    checking: float = 0.2
    quiet: int = QUIET_ROUNDS
    leap: float = 0.0

    def expected(self, nodes: float, factor: float, following: float) -> float:
        """Nodes for one factor if another, the last or the one before it, takes so many."""
        if self.order == 0.0:
            return self.growth * nodes
        return nodes * float(((factor - 1.0) / (following - 1.0)) ** self.order)

    def seen(self, before: float, factor: float, nodes: float, following: float) -> Effort:
        """The same where nodes have grown from one factor to the next, perhaps faster."""
        if self.order == 0.0 or before == 0.0:
            return self
        order = math.log(nodes / before) / math.log((factor - 1.0) / (following - 1.0))
        return replace(self, order=max(self.order, order))


class Prover(Protocol):
    """A kind of search, for one problem's features."""

    @property
    def effort(self) -> Effort:
        """How its work grows."""

    def prove(
        self, Z: FloatArray, kappa: float, margin: float, limits: Limits
    ) -> DualNormProof | NoProof:
        """Search for a proof of kappa with room for rounding, a share of kappa²."""
