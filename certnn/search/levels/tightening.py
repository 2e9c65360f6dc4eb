"""The levels partition, cells and phases: train and prove in turn, each the other's oracle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.certificates.proved_cells import proved_cells
from certnn.certificates.proved_dual_point import dual_point
from certnn.errors import SolverError
from certnn.kernel import Rejected
from certnn.problem.bias_ball import BiasBall
from certnn.search.levels.level import Context, Level
from certnn.search.levels.proving import tightening_proofs
from certnn.search.ordered_tasks import OnCluster
from certnn.splitting.cells.proof import CellsProver
from certnn.splitting.ordered_search import in_order
from certnn.splitting.partition.proof import PartitionProver
from certnn.splitting.phases.proof import PhasesProver
from certnn.splitting.prover import Limits, NoProof, Prover
from certnn.training import ColumnGeneration

#: Seconds that compiling what `Phases` and `Cells` run may take, which nothing interrupts.
_COMPILING_PHASES, _COMPILING_CELLS = 60.0, 30.0


@dataclass(frozen=True)
class Partition:
    """The dual norm itself, over simplices of weight space: for few columns (Theorem 16).

    Attributes
    ----------
    share : float
        Of what is left of a limit, what it may take.
    """

    share: float = 1.0
    trains = True

    def __str__(self) -> str:
        return "partition"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Tighter and tighter ones, with the training in between."""
        prover = PartitionProver(context.problem.features)
        return _tightened(context, self, prover, context.budget.part(self.share))


@dataclass(frozen=True)
class Phases:
    """The dual norm itself, over phases of the activations: for few points (Theorem 19)."""

    trains = True

    def __str__(self) -> str:
        return "phases"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Tighter and tighter ones, with the training in between.

        Raises
        ------
        SolverError
            If compiling would take longer than the time left, or none is found.
        """
        from certnn.splitting.phases.node import solve_node

        _require_time_to_compile(solve_node, _COMPILING_PHASES, context.budget)
        prover = PhasesProver(context.problem.features, context.problem.reg)
        yield from _tightened(context, self, prover, context.budget)


@dataclass(frozen=True)
class Cells:
    """The dual norm itself, over boxes of weight space with a quadratic on each (Theorem 52).

    Attributes
    ----------
    share : float
        Of what is left of a limit, what it may take.
    trial : float
        Of that, what it may take until it has proved something.
    """

    share: float = 1.0
    trial: float = 1.0
    trains = True

    def __str__(self) -> str:
        return "cells"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Tighter and tighter ones, with the training in between.

        Raises
        ------
        SolverError
            If there are too many columns, compiling would take longer than the time left, or none
            is found.
        """
        from certnn.splitting.cells.tree import search_cells

        _require_time_to_compile(search_cells, _COMPILING_CELLS, context.budget)
        problem = context.problem
        ball = BiasBall.around(problem.X) if problem.hidden_bias == "free" else None
        relaxed, earlier = None, None
        if context.best is not None:
            earlier = proved_cells(context.best.certificate, problem)
            Z, kappa = dual_point(context.best.certificate, (problem.n, problem.c))
            relaxed = Z * min(1.0, problem.reg / kappa)
        run = in_order if context.cluster is None else OnCluster(context.cluster)
        prover = CellsProver(problem.features, problem.reg, ball, earlier, run)
        whole = context.budget.part(self.share)
        budget = whole.part(self.trial)
        for certified in _tightened(context, self, prover, budget, relaxed):
            budget.extend(whole)
            yield certified


def _require_time_to_compile(function: Any, seconds: float, budget: Budget) -> None:
    left = budget.seconds_left
    if left is not None and left < seconds and not _is_compiled(function):
        raise SolverError("it is to be compiled first, which takes longer than the time left")


def _is_compiled(function: Any) -> bool:
    """Whether a function of numba is compiled by now, in this process or in its cache on disk."""
    if function.signatures:
        return True
    return any(Path(function.stats.cache_path).glob(f"*.{function.__name__}-*.nbi"))


def _tightened(
    context: Context,
    level: Level,
    prover: Prover,
    budget: Budget,
    relaxed: FloatArray | None = None,
) -> Iterator[Certified]:
    problem, goal = context.problem, context.goal
    generation = ColumnGeneration(problem, budget, context.networks, goal.seed)

    def tell(doing: str, objective: float) -> None:
        context.trained(generation.best, objective)
        context.tell(f"{level}: {doing}")

    tell("training", generation.objective)
    proofs = tightening_proofs(
        problem,
        generation,
        prover,
        Limits(budget, goal.memory),
        -math.inf if context.best is None else context.best.bound.rounded,
        1.0 + goal.gap,
        tell,
        relaxed,
        context.is_enough,
    )
    none, why = True, "floats are not enough for it"
    try:
        for found in proofs:
            if isinstance(found, NoProof):
                why = found.reason
                break
            certificate = found.certificate(problem, context.about(level))
            certified = Certified(certificate, certificate.check())
            none = False
            context.trained(generation.best, generation.objective)
            yield certified
    except Rejected:  # floats were not enough for it, and would not be for a tighter one
        pass
    finally:
        context.trained(generation.best, generation.objective)
    if not context.reached:
        raise SolverError(f"none was found: {why}" if none else f"no tighter one: {why}")
