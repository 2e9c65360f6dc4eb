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
from certnn.certificate.document import partition_certificate
from certnn.certificate.dual_point import IndexArray
from certnn.errors import InputError, SolverError
from certnn.kernel import Rejected
from certnn.network import TwoLayerNetwork
from certnn.partition.cones import isotropic_basis
from certnn.partition.proof import Partition
from certnn.partition.tighten import tightening_partitions
from certnn.problem import TrainingProblem
from certnn.relaxation.directions import find_directions
from certnn.relaxation.groups import angular_groups
from certnn.relaxation.levels import PARTITION, Level, stages
from certnn.relaxation.shor import shor_point
from certnn.relaxation.worker import FORMULATIONS, SolverChoice, solve_in_process
from certnn.training import train

#: Seconds to look for a network where a partition needs one, and the share of those left.
_TRAINING_SECONDS, _TRAINING_SHARE = 20.0, 0.3
#: Called as progress(what is running, best proved bound so far or None).
Progress = Callable[[str, float | None], None]


def lower_bound(
    problem: TrainingProblem,
    level: str = "auto",
    *,
    time_limit: float | None = None,
    target: float | None = None,
    network: TwoLayerNetwork | None = None,
    choice: SolverChoice | None = None,
    improve: LowerBoundResult | None = None,
    progress: Progress | None = None,
) -> LowerBoundResult:
    """Prove a lower bound on the objective of every two-layer ReLU network of every width.

    Levels are run from the cheapest to the one asked for, and each is certified by the kernel
    (Theorems 3, 9, 10, 15 and 16); solvers run in a process of their own, and what they say is
    not believed.

    Parameters
    ----------
    problem : TrainingProblem
    level : str
        "auto", "shor", "block", "block(k)", "dnn" or "partition"; see
        `certnn.relaxation.levels.stages`. After a partition "auto" runs no further level.
    time_limit : float or None
        Seconds, positive; the cheapest level is always run to a bound.
    target : float or None
        Stop once a bound of at least this is proved.
    network : TwoLayerNetwork or None
        The best network known: its residual is the dual point of a partition. None to look for one.
    choice : SolverChoice or None
        Solver, formulation and options; by default Clarabel on the reduced primal.
    improve : LowerBoundResult or None
        An earlier result on the same problem; its levels are not run again.
    progress : callable or None
        Called as ``progress(stage, bound)`` when something starts or is proved.

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
    search = _Search(problem, time_limit, network, choice, improve, progress)
    directions = find_directions(problem.features)
    try:
        for stage in stages(level, directions.count, problem.features.shape[1]):
            if search.has(stage):
                continue
            if search.best is not None and (search.late() or search.reached(target)):
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
        network: TwoLayerNetwork | None,
        choice: SolverChoice,
        improve: LowerBoundResult | None,
        progress: Progress | None,
    ) -> None:
        self._problem, self._network, self._choice = problem, network, choice
        self._progress = progress or (lambda stage, bound: None)
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

    def reached(self, target: float | None) -> bool:
        """Whether the best bound is at least `target`."""
        return target is not None and self.best is not None and self.best.bound.value >= target

    def run(self, stage: Level, groups: list[IndexArray] | None) -> None:
        """Run one level and certify what it gives."""
        start = time.monotonic()
        self._tell(str(stage))
        try:
            if stage == PARTITION:
                self._prove_by_partition(start)
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
            solver_figures=tuple(self._figures),
            notes=tuple(self._notes),
            seconds=earlier + time.monotonic() - self._start,
            interrupted=interrupted,
        )

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
        seconds = time.monotonic() - start
        self._proved.append(ProvedLevel(str(stage), certified.bound, seconds))
        if self.best is None or certified.bound.value > self.best.bound.value:
            self.best, self._level = certified, str(stage)
        self._tell(f"{stage}: proved")

    def _prove_by_partition(self, start: float) -> None:
        basis = isotropic_basis(self._problem.features)  # refuses what cannot be partitioned
        network = self._network
        if network is None:
            left = self._deadline - time.monotonic()
            seconds = min(_TRAINING_SECONDS, _TRAINING_SHARE * left)
            network = train(self._problem, time_limit=seconds).network
        columns, reg = self._problem.features.shape[1], self._problem.reg
        found: list[Partition] = []
        try:
            for partition in tightening_partitions(self._problem, network, basis, self._deadline):
                found.append(partition)
                leaves = partition.witnesses.size // columns
                self._tell(f"partition: {leaves} cones at {partition.kappa / reg:.7g} reg")
        except KeyboardInterrupt:
            if found:
                self._add(PARTITION, self._accepted(found), start)
            raise
        self._add(PARTITION, self._accepted(found), start)

    def _accepted(self, partitions: list[Partition]) -> Certified:
        """The tightest partition that the kernel accepts."""
        for found in reversed(partitions):
            self._tell("partition: proving")
            certificate = partition_certificate(
                self._problem,
                found.Z,
                found.kappa,
                found.basis.rays,
                found.tree,
                found.witnesses,
                self._about(PARTITION),
            )
            try:
                return Certified(certificate, certificate.check())
            except Rejected:  # floats were not enough for it; the one before has more room
                continue
        raise SolverError("none was found: the network is far from optimal, or time was short")

    def _about(self, stage: Level) -> dict[str, str]:
        about = {"level": str(stage), "made by": f"certnn {version('certnn')}"}
        if stage.kind in ("block", "dnn"):
            about["solver"] = self._figures[-1].solver
        return about

    def _tell(self, stage: str) -> None:
        self._progress(stage, None if self.best is None else self.best.bound.rounded)
