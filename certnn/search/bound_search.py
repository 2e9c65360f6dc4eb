"""The search for a lower bound: run levels, certify each, keep the best."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from typing import TYPE_CHECKING

from certnn.budget import Budget
from certnn.certificates import Certified, DualPoint, certify
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.kernel import Rejected
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.worker import OWN, SolverChoice, solve_in_process
from certnn.relaxation.reduced.directions import Directions
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.shor.chunks import Chunks, LocalChunks
from certnn.relaxation.shor.distributed import ClusterChunks
from certnn.relaxation.shor.method import shor_point_of_chunks
from certnn.search.levels.relaxed import OwnRun
from certnn.search.levels.rounds import RoundsRun, cuts_run, regions_run
from certnn.search.levels.schedule import DNN, PARTITION, Level
from certnn.search.levels.tightening import tightening_proofs
from certnn.search.results import LowerBoundResult, ProvedLevel
from certnn.splitting.partition.proof import PartitionProver
from certnn.splitting.phases.proof import PhasesProver
from certnn.splitting.prover import Limits, NoProof, Prover
from certnn.training import ColumnGeneration, training_objective
from certnn.training.residual_point import residual_point

if TYPE_CHECKING:
    from distributed import Client

#: Called as progress(what is running, best bound or None, objective of the best network or None).
Progress = Callable[[str, float | None, float | None], None]

#: Called as checkpoint(the result so far).
Checkpoint = Callable[[LowerBoundResult], None]


#: Nominal seconds of certifying the level shor, for each number of X and Y.
_A_NUMBER_PROVED = 1.5e-5


@dataclass(frozen=True, eq=False)
class BoundRequest:
    """The arguments of `certnn.lower_bound`."""

    problem: TrainingProblem
    budget: Budget
    memory_limit: float
    target: float | None
    gap: float
    network: TwoLayerNetwork | None
    choice: SolverChoice
    improve: LowerBoundResult | None
    near: LowerBoundResult | None
    cluster: Client | None
    seed: int
    progress: Progress
    checkpoint: Checkpoint


class BoundSearch:
    """The state of one call of `lower_bound`: what is proved so far, and until when to go on."""

    def __init__(self, request: BoundRequest) -> None:
        self._request, self._problem = request, request.problem
        improve = request.improve
        self._network = request.network or (improve.network if improve else None)
        self._objective: float | None = None
        if self._network is not None:
            self._objective = training_objective(self._problem, self._network)
        self._start = time.monotonic()
        self._budget = request.budget
        self._proved = list(improve.proved) if improve else []
        self._figures = list(improve.solver_figures) if improve else []
        self._notes = list(improve.notes) if improve else []
        self._level = improve.level if improve else ""
        near = request.near or improve
        self._products = dict(near.products) if near else {}
        self.best = Certified(improve.certificate, improve.bound) if improve else None

    def has(self, stage: Level) -> bool:
        """Whether the stage is proved already."""
        return any(proved.level == str(stage) for proved in self._proved)

    def reached(self) -> bool:
        """Whether the best bound is good enough."""
        return self.best is not None and self._is_enough(self.best.bound.value)

    def _is_enough(self, bound: Fraction | float) -> bool:
        goals = [] if self._request.target is None else [self._request.target]
        if self._objective is not None:
            goals.append((1.0 - self._request.gap) * self._objective)
        return any(bound >= goal for goal in goals)

    def run(self, stage: Level, directions: Directions) -> None:
        """Run one level and certify what it gives."""
        start = time.monotonic()
        self._tell(str(stage))
        try:
            for certified in self._certified(stage, directions):
                self._add(stage, certified, start)
                if self.reached():
                    break
        except SolverError as error:
            self._notes.append(f"{stage}: {error}")

    def result(self) -> LowerBoundResult:
        """What is proved so far.

        Raises
        ------
        SolverError
            If nothing is.
        KeyboardInterrupt
            If nothing is because somebody asked to stop.
        """
        if self.best is None and self._budget.stopped:
            raise KeyboardInterrupt
        if self.best is None:
            raise SolverError("; ".join(self._notes) or "nothing was proved")
        earlier = self._request.improve.seconds if self._request.improve else 0.0
        return LowerBoundResult(
            bound=self.best.bound,
            certificate=self.best.certificate,
            level=self._level,
            proved=tuple(self._proved),
            network=self._network,
            solver_figures=tuple(self._figures),
            notes=tuple(self._notes),
            seconds=earlier + time.monotonic() - self._start,
            interrupted=self._budget.stopped,
            products=dict(self._products),
        )

    def _certified(self, stage: Level, directions: Directions) -> Iterator[Certified]:
        about = {"level": str(stage), "made by": f"certnn {version('certnn')}"}
        if stage.trains:
            yield from self._tightened(stage, about)
            return
        if stage.kind in ("cuts", "regions"):
            run = (
                cuts_run(self._problem, seed=self._request.seed)
                if stage.kind == "cuts"
                else regions_run(self._problem, stage.size, self._request.seed)
            )
            yield from self._in_rounds(run, about)
            return
        groups = angular_groups(directions.units, stage.size) if stage.kind == "block" else None
        if stage.kind == "shor":
            point = self._shor_point()
        elif self._own_solver(stage):
            if not self._problem.is_plain:
                raise SolverError(
                    "our own solvers take the half-squared loss without output bias and free "
                    "biases alone; CLARABEL takes any"
                )
            yield from self._relaxed(stage, groups, about)
            return
        else:
            point = self._general_point(stage, groups)
            about["solver"] = self._figures[-1].solver
        self._tell(f"{stage}: proving")
        yield certify(self._problem, point, about)

    def _in_rounds(self, run: RoundsRun, about: dict[str, str]) -> Iterator[Certified]:
        try:
            yield from run.certified(self._budget, self._tell, about)
        finally:
            self._figures.extend(run.figures)

    def _own_solver(self, stage: Level) -> bool:
        choice = self._request.choice
        return choice.solver == OWN or (stage != DNN and choice.formulation != "reduced")

    def _shor_point(self) -> DualPoint:
        problem = self._problem
        proving = _A_NUMBER_PROVED * problem.n * (problem.features.shape[1] + problem.c)
        budget = self._budget.but(proving)
        if problem.is_plain:
            local = LocalChunks.of(problem.features, problem.Y)
            chunks: Chunks = local
            if self._request.cluster is not None:
                chunks = ClusterChunks(self._request.cluster, local.chunks)
            point = shor_point_of_chunks(chunks, problem.reg, budget, self._tell_shor)
        else:
            networks = [] if self._network is None else [self._network]
            point = residual_point(problem, networks, budget, self._request.seed)
        self._budget.spend(proving)
        return point

    def _tell_shor(self, bound: float) -> None:
        self._tell(f"shor: {bound:.6g} to be proved")

    def _general_point(self, stage: Level, groups: list[IndexArray] | None) -> DualPoint:
        choice = self._request.choice
        outcome = solve_in_process(self._problem, groups, choice, self._budget)
        self._figures.append(outcome.figure)
        if outcome.point is None:
            raise SolverError(f"{choice.solver} ended with no dual point: {outcome.figure.status}")
        return outcome.point

    def _relaxed(
        self, stage: Level, groups: list[IndexArray] | None, about: dict[str, str]
    ) -> Iterator[Certified]:
        run = OwnRun(self._problem, str(stage), groups, self._products.get(str(stage)))
        try:
            yield from run.certified(self._budget, self._is_enough, self._tell, about)
        finally:
            self._figures.extend(run.figures)
            if run.last is not None:
                self._products[str(stage)] = run.last.products

    def _tightened(self, stage: Level, about: dict[str, str]) -> Iterator[Certified]:
        features = self._problem.features
        prover: Prover
        if stage == PARTITION:
            prover = PartitionProver(features)
        else:
            prover = PhasesProver(features, self._problem.reg)
        networks = [] if self._network is None else [self._network]
        generation = ColumnGeneration(self._problem, self._budget, networks, self._request.seed)

        def tell(doing: str, objective: float) -> None:
            self._network, self._objective = generation.best, objective
            self._tell(f"{stage}: {doing}")

        tell("training", generation.objective)
        proofs = tightening_proofs(
            self._problem,
            generation,
            prover,
            Limits(self._budget, self._request.memory_limit),
            -math.inf if self.best is None else self.best.bound.rounded,
            1.0 + self._request.gap,
            tell,
        )
        proved, why = self.has(stage), "floats are not enough for it"
        try:
            for found in proofs:
                if isinstance(found, NoProof):
                    why = found.reason
                    break
                certificate = found.certificate(self._problem, about)
                certified = Certified(certificate, certificate.check())
                proved = True
                self._network, self._objective = generation.best, generation.objective
                yield certified
        except Rejected:  # floats were not enough for it, and would not be for a tighter one
            pass
        finally:
            self._network, self._objective = generation.best, generation.objective
        if not proved:
            raise SolverError(f"none was found: {why}")
        if not self.reached():
            raise SolverError(f"no tighter one: {why}")

    def _add(self, stage: Level, certified: Certified, start: float) -> None:
        proved = ProvedLevel(str(stage), certified.bound, time.monotonic() - start)
        # Some levels are proved again and again, as a rule each time tighter.
        same = [p for p in self._proved if p.level == proved.level] + [proved]
        others = [p for p in self._proved if p.level != proved.level]
        self._proved = [*others, max(same, key=lambda p: p.bound.value)]
        if self.best is None or certified.bound.value > self.best.bound.value:
            self.best, self._level = certified, str(stage)
            self._request.checkpoint(self.result())
        self._tell(f"{stage}: proved")

    def _tell(self, stage: str) -> None:
        bound = None if self.best is None else self.best.bound.rounded
        self._request.progress(stage, bound, self._objective)
