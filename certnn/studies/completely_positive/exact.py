"""An optimal point of the completely positive program of a small problem, with its proof."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.budget import budgeted
from certnn.certificates import Certificate
from certnn.certificates.proved import proved_gap, require_lower, require_objective
from certnn.errors import InputError, SolverError
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.search.results import LowerBoundResult
from certnn.search.train import train
from certnn.studies.completely_positive.lifting import LiftedNetwork, lift
from certnn.studies.tightness.exact_families import exactness_reason


@dataclass(frozen=True)
class ExactSolution:
    """An optimal Λ, as an explicit sum of neurons, and the dual certificate.

    Attributes
    ----------
    problem : TrainingProblem
    point : LiftedNetwork
        Λ, exactly, with its factor.
    network : TwoLayerNetwork
        Its neurons.
    objective : Bound
        Φ(Λ), exactly, by the kernel: at or above the optimum.
    lower : LowerBoundResult
        The bound on every Λ of the program, by the kernel, with its certificate.

    Raises
    ------
    InputError
        If the objective is not that of the network, or the bound is about another problem.
    """

    problem: TrainingProblem
    point: LiftedNetwork
    network: TwoLayerNetwork
    objective: Bound
    lower: LowerBoundResult

    def __post_init__(self) -> None:
        instance = self.problem.instance()
        require_objective("objective", self.objective, instance, self.network)
        require_lower("lower", self.lower.bound, instance)

    @property
    def gap(self) -> float:
        """(objective − lower bound)/objective, rounded up; 0 if the objective is 0."""
        return proved_gap(self.lower.bound, self.objective)

    @property
    def certificate(self) -> Certificate:
        """The dual certificate."""
        return self.lower.certificate

    def __repr__(self) -> str:
        return (
            f"ExactSolution(objective={self.objective.rounded!r}, "
            f"neurons={len(self.point.neurons)}, gap={self.gap:.3g}, proved by the kernel)"
        )


def exact_solution(
    problem: TrainingProblem,
    gap: float = 1e-6,
    *,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    seed: int = 0,
) -> ExactSolution:
    """Solve the completely positive program of a problem with few columns to global optimality.

    Column generation whose oracle proves optimality: over the arcs of the plane for two columns,
    over a partition of weight space up to five, over phases of the activations for few points.
    Where the relaxation is exact by Theorem 33 its bound is the proof.

    Parameters
    ----------
    problem : TrainingProblem
        Of full column rank, but where the relaxation is exact.
    gap : float
        Proved gap to reach, a share of the objective, in (0, 1).
    level : str
        How the bound is proved, as in `certnn.lower_bound`; "auto" chooses as said.
    time_limit : float or None
        Seconds.
    work_limit : float or None
        In place of seconds, as in `certnn.lower_bound`.
    seed : int
        Of the search.

    Raises
    ------
    InputError
        If an argument is unusable.
    SolverError
        If the gap is not reached; `certnn.train` hands out what is.
    KeyboardInterrupt
        On Ctrl-C before the gap is reached.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> solution = certnn.exact_solution(problem)
    >>> len(solution.point.neurons), round(solution.objective.rounded, 6)
    (2, 0.29)
    """
    require_problem(problem)
    if not 0.0 < gap < 1.0:
        raise InputError("gap", f"must be in (0, 1), got {gap!r}")
    if level == "auto" and exactness_reason(problem) is not None:
        level = "dnn"
    with budgeted(time_limit, work_limit) as budget:
        trained = train(problem, gap=gap, level=level, budget=budget, seed=seed)
    if trained.gap > gap:
        if trained.interrupted:
            raise KeyboardInterrupt
        raise SolverError(f"the gap proved is {trained.gap:.2g}, {gap:g} was asked for")
    point = lift(trained.network, problem)
    return ExactSolution(problem, point, trained.network, trained.objective, trained.lower)
