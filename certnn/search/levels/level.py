"""What every level of proof is, what it is given, and where it leaves what it finds on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.certificates.dual_point import Products
from certnn.errors import SolverError
from certnn.problem.losses import HALF_SQUARED
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.relaxation.reduced.directions import Directions, each_row, find_directions
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem
from certnn.relaxation.shor.chunks import Chunks, LocalChunks
from certnn.relaxation.shor.distributed import ClusterChunks
from certnn.search.results import LowerBoundResult
from certnn.splitting.prover import ENOUGH, MEMORY
from certnn.training import training_objective

if TYPE_CHECKING:
    from distributed import Client

#: Called as progress(what is running, best bound or None, objective of the best network or None).
Progress = Callable[[str, float | None, float | None], None]
#: Called as `certnn.search.lower_bound.lower_bound`.
Search = Callable[..., LowerBoundResult]


def _none(*problem: object, **options: object) -> LowerBoundResult:
    raise SolverError("there is no search for parts of the problem")


@dataclass(frozen=True)
class Goal:
    """What a search is for, and what it may take.

    Attributes
    ----------
    budget : Budget
    gap : float
        A bound within this share of the objective of the best network known is good enough.
    target : float or None
        So is a bound of at least this.
    memory : float
        Bytes of a proof that is searched for.
    seed : int
        Of all that is drawn.
    """

    budget: Budget
    gap: float = ENOUGH
    target: float | None = None
    memory: float = MEMORY
    seed: int = 0


@dataclass(eq=False)
class Context:
    """One search as its levels see it: what is given, and what has been found by then.

    Attributes
    ----------
    problem : TrainingProblem
    goal : Goal
    choice : SolverChoice
        Of a solver for the levels that a general one can solve.
    cluster : distributed.Client or None
        For sums over the points, groups of them, and cells.
    progress : callable
        Told what is going on.
    best : Certified or None
        The best bound proved so far.
    network, objective : TwoLayerNetwork or None, float or None
        The best network known, and its objective in floats.
    products : dict of Products
        By level, multipliers where a solver of the relaxation ended, or may begin.
    figures : list of SolverFigure
        What solvers said themselves.
    search : callable
        `certnn.search.lower_bound.lower_bound`, for a level that splits the problem into others.
    """

    problem: TrainingProblem
    goal: Goal
    choice: SolverChoice = field(default_factory=SolverChoice)
    cluster: Client | None = None
    progress: Progress = lambda stage, bound, objective: None
    best: Certified | None = None
    network: TwoLayerNetwork | None = None
    objective: float | None = None
    products: dict[str, Products] = field(default_factory=dict)
    figures: list[SolverFigure] = field(default_factory=list)
    search: Search = _none

    def __post_init__(self) -> None:
        if self.network is not None:
            self.objective = training_objective(self.problem, self.network)

    @property
    def budget(self) -> Budget:
        """Of the goal."""
        return self.goal.budget

    @cached_property
    def directions(self) -> Directions:
        """The distinct directions among the points."""
        return find_directions(self.problem.features)

    @cached_property
    def reduced(self) -> ReducedProblem:
        """The problem as solvers of the relaxation see it.

        Raises
        ------
        SolverError
            If every row is zero.
        """
        if self.problem.loss == HALF_SQUARED:
            return reduce_problem(self.problem, self.directions)
        return reduce_problem(self.problem, each_row(self.problem.features))

    @property
    def chunks(self) -> Chunks:
        """The features and targets, on the cluster if there is one."""
        if self.cluster is not None:
            return ClusterChunks(self.cluster, self.problem)
        return LocalChunks.of(self.problem.features, self.problem.Y)

    @property
    def networks(self) -> list[TwoLayerNetwork]:
        """The best network in a list, or none."""
        return [] if self.network is None else [self.network]

    def is_enough(self, bound: Fraction | float) -> bool:
        """Whether a bound is good enough."""
        goals = [] if self.goal.target is None else [self.goal.target]
        if self.objective is not None:
            goals.append((1.0 - self.goal.gap) * self.objective)
        return any(bound >= goal for goal in goals)

    @property
    def reached(self) -> bool:
        """Whether the best bound is good enough."""
        return self.best is not None and self.is_enough(self.best.bound.value)

    def tell(self, stage: str) -> None:
        """Say what is going on, beside the best bound and the objective."""
        bound = None if self.best is None else self.best.bound.rounded
        self.progress(stage, bound, self.objective)

    def trained(self, network: TwoLayerNetwork, objective: float) -> None:
        """A level that trains has a network that is at least as good as the one before."""
        self.network, self.objective = network, objective

    def note_solver(
        self, level: Level, solver: str, bound: float, gap: float, seconds: float, settings: str
    ) -> None:
        """Keep what a solver says that goes on until its gap is small."""
        self.figures.append(
            SolverFigure(
                solver=solver,
                version=version("certnn"),
                formulation=f"{level}, dual",
                status=f"relative gap {gap:.1e}",
                primal_value=None,
                dual_value=bound,
                seconds=seconds,
                settings=settings,
            )
        )

    def about(self, level: Level) -> dict[str, str]:
        """What a certificate says of its origin."""
        return {"level": str(level), "made by": f"certnn {version('certnn')}"}


class Level(Protocol):
    """One way to prove a bound; its text is the name by which it is asked for."""

    @property
    def trains(self) -> bool:
        """Whether the search for the proof trains a network."""

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds that the kernel accepted, as a rule each better than the one before.

        It looks at the budget, of which the last proof has to be checked too, tells what it does,
        and leaves better networks, multipliers and solvers' figures with the context.

        Raises
        ------
        SolverError
            If it proves nothing, or no more though that is not enough; its text says why.
        """
