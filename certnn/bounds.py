"""Proved lower bounds: run the levels of the relaxation, certify each, keep the best."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from threadpoolctl import threadpool_limits

from certnn.bound_result import LowerBoundResult, ProvedLevel
from certnn.certificate import Certified, DualPoint, certify
from certnn.certificate.dual_point import IndexArray
from certnn.dual_norm_proofs import DualNormProof, Limits, Prover
from certnn.errors import InputError, SolverError
from certnn.kernel import Rejected
from certnn.network import TwoLayerNetwork
from certnn.partition.proof import PartitionProver
from certnn.phases.proof import PhasesProver
from certnn.problem import TrainingProblem
from certnn.relaxation.directions import find_directions
from certnn.relaxation.groups import angular_groups
from certnn.relaxation.levels import PARTITION, Level, stages
from certnn.relaxation.shor import shor_point
from certnn.relaxation.worker import FORMULATIONS, SolverChoice, solve_in_process
from certnn.tightening import tightening_proofs
from certnn.training import ColumnGeneration, training_objective

#: A gap that is small enough if nothing else is said.
ENOUGH = 1e-4
#: Called as progress(what is running, best bound or None, objective of the best network or None).
Progress = Callable[[str, float | None, float | None], None]

#: Called as checkpoint(the result so far).
Checkpoint = Callable[[LowerBoundResult], None]


def lower_bound(
    problem: TrainingProblem,
    level: str = "auto",
    *,
    time_limit: float | None = None,
    target: float | None = None,
    gap: float = ENOUGH,
    network: TwoLayerNetwork | None = None,
    choice: SolverChoice | None = None,
    improve: LowerBoundResult | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> LowerBoundResult:
    """Prove a lower bound on the objective of every two-layer ReLU network of every width.

    Levels are run from the cheapest to the one asked for, and each is certified by the kernel
    (Theorems 3, 9, 10, 15, 16, 18 and 19); solvers run in a process of their own, and what they say
    is not believed.

    Parameters
    ----------
    problem : TrainingProblem
    level : str
        "auto", "shor", "block", "block(k)", "dnn", "phases" or "partition"; see
        `certnn.relaxation.levels.stages`. After a partition "auto" runs no further level.
    time_limit : float or None
        Seconds, positive; the cheapest level is always run to a bound.
    target : float or None
        Stop once a bound of at least this is proved.
    gap : float
        Stop once the bound is within this share of the objective of the best network known; 0 to
        go on until time or memory runs out.
    network : TwoLayerNetwork or None
        The best network known: where the training for phases or a partition starts.
    choice : SolverChoice or None
        Solver, formulation and options; by default Clarabel on the reduced primal.
    improve : LowerBoundResult or None
        An earlier result on the same problem; its levels are not run again, but for phases and
        partition, which go on from its network.
    seed : int
        Of the training for phases or a partition.
    progress : callable or None
        Called as ``progress(stage, bound, objective)`` when something starts or is proved, with
        the best bound and the objective of the best network, each None if there is none yet.
    checkpoint : callable or None
        Called with the result so far whenever a better bound is proved, so that it can be saved.

    Returns
    -------
    LowerBoundResult
        The best bound proved. A level whose solver failed or overran is left out, with a note; no
        other solver takes its place. Ctrl-C ends the search and keeps what is proved by then.

    Raises
    ------
    InputError
        If an argument is unusable, such as a solver that is not installed.
    KeyboardInterrupt
        On Ctrl-C before anything is proved.
    """
    choice = choice or SolverChoice()
    _validate(problem, time_limit, choice, improve)
    search = _Search(
        problem,
        time_limit,
        (target, gap),
        network,
        choice,
        improve,
        seed,
        progress or (lambda stage, bound, objective: None),
        checkpoint or (lambda result: None),
    )
    directions = find_directions(problem.features)
    try:
        for stage in stages(level, directions.count, problem.features.shape[1], problem.c):
            if search.has(stage) and not stage.trains:
                continue
            if search.best is not None and (search.late() or search.reached()):
                break
            groups = None
            if stage.kind == "block":
                groups = angular_groups(directions.units, stage.group)
            with threadpool_limits(1):  # small matrices: on busy cores threads only wait
                search.run(stage, groups)
            if level == "auto" and stage == PARTITION and search.has(stage):
                break
    except KeyboardInterrupt:
        if search.best is None:
            raise
        return search.result(interrupted=True)
    return search.result(interrupted=False)


def _validate(
    problem: TrainingProblem,
    time_limit: float | None,
    choice: SolverChoice,
    improve: LowerBoundResult | None,
) -> None:
    if time_limit is not None and not 0.0 < time_limit < math.inf:
        raise InputError("time_limit", f"must be positive and finite, got {time_limit!r}")
    if choice.formulation not in FORMULATIONS:
        raise InputError("formulation", f"must be one of {', '.join(FORMULATIONS)}")
    if improve is not None and improve.bound.instance != problem.instance():
        raise InputError("improve", "is a result for another problem")


class _Search:
    """The state of one call of `lower_bound`: what is proved so far, and until when to go on."""

    def __init__(
        self,
        problem: TrainingProblem,
        time_limit: float | None,
        goals: tuple[float | None, float],
        network: TwoLayerNetwork | None,
        choice: SolverChoice,
        improve: LowerBoundResult | None,
        seed: int,
        progress: Progress,
        checkpoint: Checkpoint,
    ) -> None:
        self._progress, self._checkpoint = progress, checkpoint
        self._problem, self._choice, self._seed = problem, choice, seed
        self._target, self._gap = goals
        self._network = network or (improve.network if improve else None)
        self._objective: float | None = None
        if self._network is not None:
            self._objective = training_objective(problem, self._network)
        self._start = time.monotonic()
        self._deadline = math.inf if time_limit is None else self._start + time_limit
        self._earlier = improve
        self._proved = list(improve.proved) if improve else []
        self._figures = list(improve.solver_figures) if improve else []
        self._notes = list(improve.notes) if improve else []
        self._level = improve.level if improve else ""
        self.best = Certified(improve.certificate, improve.bound) if improve else None

    def has(self, stage: Level) -> bool:
        """Whether the stage is proved already."""
        return any(proved.level == str(stage) for proved in self._proved)

    def late(self) -> bool:
        """Whether time is up."""
        return time.monotonic() >= self._deadline

    def reached(self) -> bool:
        """Whether the best bound is good enough."""
        if self.best is None:
            return False
        goals = [self._target] if self._target is not None else []
        if self._objective is not None:
            goals.append((1.0 - self._gap) * self._objective)
        return any(self.best.bound.value >= goal for goal in goals)

    def run(self, stage: Level, groups: list[IndexArray] | None) -> None:
        """Run one level and certify what it gives."""
        start = time.monotonic()
        self._tell(str(stage))
        try:
            if stage.trains:
                self._tighten(stage, self._prover(stage), start)
                return
            point = self._point(stage, groups)
            self._tell(f"{stage}: proving")
            self._add(stage, certify(self._problem, point, self._about(stage)), start)
        except SolverError as error:
            self._notes.append(f"{stage}: {error}")

    def result(self, interrupted: bool) -> LowerBoundResult:
        """What is proved so far."""
        if self.best is None:
            raise SolverError("; ".join(self._notes) or "nothing was proved")
        earlier = self._earlier.seconds if self._earlier else 0.0
        return LowerBoundResult(
            bound=self.best.bound,
            certificate=self.best.certificate,
            level=self._level,
            proved=tuple(self._proved),
            network=self._network,
            solver_figures=tuple(self._figures),
            notes=tuple(self._notes),
            seconds=earlier + time.monotonic() - self._start,
            interrupted=interrupted,
        )

    def _prover(self, stage: Level) -> Prover:
        features = self._problem.features
        if stage == PARTITION:
            return PartitionProver(features)
        return PhasesProver(features, self._problem.reg)

    def _point(self, stage: Level, groups: list[IndexArray] | None) -> DualPoint:
        if stage.kind == "shor":
            return shor_point(self._problem, self._deadline)
        left = None if math.isinf(self._deadline) else self._deadline - time.monotonic()
        choice = (
            self._choice if stage.kind == "dnn" else replace(self._choice, formulation="reduced")
        )
        outcome = solve_in_process(self._problem, groups, choice, left)
        self._figures.append(outcome.figure)
        if outcome.point is None:
            raise SolverError(f"{choice.solver} ended with no dual point: {outcome.figure.status}")
        return outcome.point

    def _add(self, stage: Level, certified: Certified, start: float) -> None:
        proved = ProvedLevel(str(stage), certified.bound, time.monotonic() - start)
        # Some levels are proved again and again, as a rule each time tighter.
        same = [p for p in self._proved if p.level == proved.level] + [proved]
        others = [p for p in self._proved if p.level != proved.level]
        self._proved = [*others, max(same, key=lambda p: p.bound.value)]
        if self.best is None or certified.bound.value > self.best.bound.value:
            self.best, self._level = certified, str(stage)
            self._checkpoint(self.result(interrupted=False))
        self._tell(f"{stage}: proved")

    def _tighten(self, stage: Level, prover: Prover, start: float) -> None:
        networks = [] if self._network is None else [self._network]
        generation = ColumnGeneration(self._problem, networks, self._seed)

        def tell(doing: str, objective: float) -> None:
            self._network, self._objective = generation.best, objective
            self._tell(f"{stage}: {doing}")

        tell("training", generation.objective)
        proofs = tightening_proofs(
            self._problem,
            generation,
            prover,
            Limits(self._deadline),
            -math.inf if self.best is None else self.best.bound.rounded,
            1.0 + self._gap,
            tell,
        )
        proved = self.has(stage)
        try:
            for found in proofs:
                self._add(stage, self._certified(found, stage), start)
                proved = True
                if self.reached():
                    break
        except Rejected:  # floats were not enough for it, and would not be for a tighter one
            pass
        finally:
            self._network, self._objective = generation.best, generation.objective
        if not proved:
            raise SolverError("none was found: time or memory was short")

    def _certified(self, found: DualNormProof, stage: Level) -> Certified:
        certificate = found.certificate(self._problem, self._about(stage))
        return Certified(certificate, certificate.check())

    def _about(self, stage: Level) -> dict[str, str]:
        about = {"level": str(stage), "made by": f"certnn {version('certnn')}"}
        if stage.kind in ("block", "dnn"):
            about["solver"] = self._figures[-1].solver
        return about

    def _tell(self, stage: str) -> None:
        bound = None if self.best is None else self.best.bound.rounded
        self._progress(stage, bound, self._objective)
