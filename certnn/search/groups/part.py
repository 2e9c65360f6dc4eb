"""What is done for one group of points: train, and prove; each runs in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.certificates.dual_point import IndexArray
from certnn.errors import InputError, SolverError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.portion import Portion
from certnn.problem.training_problem import TrainingProblem
from certnn.search.results import LowerBoundResult
from certnn.training import train_locally
from certnn.training.objective import decayed_squares


@dataclass(frozen=True)
class Part:
    """A group of points as a problem of its own.

    Attributes
    ----------
    points : ndarray of int
        Ascending.
    portion : Portion
        These points with their share of reg.
    network : TwoLayerNetwork or None
        A good one, to begin with.
    """

    points: IndexArray
    portion: Portion
    network: TwoLayerNetwork | None
    seed: int

    @classmethod
    def of(cls, whole: TrainingProblem, points: IndexArray, reg: float, seed: int) -> Part:
        """That of some points of a problem.

        Raises `InputError` if they are no problem, as where a bias is free and all are of one
        class.
        """
        try:
            portion = Portion.of(whole, points, reg)
        except InputError as error:
            raise InputError("level", f"makes a group of points whose {error}") from None
        return cls(points, portion, None, seed)


@dataclass(frozen=True)
class Trained:
    """A network for a part.

    Attributes
    ----------
    slope : float
        Of its objective by reg: half the sum of the squares of what is decayed.
    """

    network: TwoLayerNetwork
    slope: float


def train_part(part: Part, budget: Budget) -> Trained:
    """A good network, and how its objective rises with the share of reg."""
    starts = () if part.network is None else (part.network,)
    problem = part.portion.problem()
    network = train_locally(problem, budget, starts=starts, seed=part.seed).network
    return Trained(network, 0.5 * decayed_squares(problem, network))


@dataclass(frozen=True)
class Proving:
    """How a part is proved; called as a task.

    Attributes
    ----------
    search : callable
        `certnn.search.lower_bound.lower_bound`, which knows all levels.
    gap : float
        A bound within this share of the network's objective is good enough.
    memory : float
        Bytes.
    """

    search: Callable[..., LowerBoundResult]
    gap: float
    memory: float

    def __call__(self, part: Part, budget: Budget) -> tuple[Certificate, str] | None:
        """The certificate of the best bound and its level; None where nothing is proved."""
        try:
            found = self.search(
                part.portion.problem(),
                budget=budget,
                gap=self.gap,
                memory_limit=self.memory,
                network=part.network,
                seed=part.seed,
            )
        except (SolverError, KeyboardInterrupt):  # the latter where it was to stop at once
            return None
        return (found.certificate, found.level) if found.bound.value > 0 else None
