"""The levels partition, cells and phases: train and prove in turn, each the other's oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.certificates.proved_dual_point import dual_point
from certnn.errors import SolverError
from certnn.kernel import Rejected
from certnn.problem.bias_ball import BiasBall
from certnn.problem.dual_bound import expected_bound
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.blending import blended
from certnn.search.levels.level import Context, Level
from certnn.splitting.cells.proof import CellsProver
from certnn.splitting.partition.proof import PartitionProver
from certnn.splitting.phases.proof import PhasesProver
from certnn.splitting.prover import DualNormProof, Effort, Limits, NoProof, Prover
from certnn.training import ColumnGeneration

#: Share of factor − 1 that the local search may leave, and of that, room for rounding.
_TRAINED, _ROOM, _LEAST_ROOM, _MOST_ROOM = 0.25, 1e-3, 1e-12, 1e-6
#: Share of what is left of a budget that training for one factor may take.
_TRAINING_SHARE = 0.5
#: A search that took so much, in units of the budget's `now`, tells what checking the next takes.
_TELLING = 1.0
#: Seconds that compiling what `Phases` and `Cells` run may take, which nothing interrupts.
_COMPILING_PHASES, _COMPILING_CELLS = 60.0, 30.0
#: Why a tighter proof is not even tried, without a limit and with one.
_TOO_LARGE = "it would be too large to be checked in seconds"
_TOO_LONG = "it would take longer than the time left"
#: Called as tell(what begins, objective of the best network).
Tell = Callable[[str, float], None]


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
    """

    share: float = 1.0
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
        prover = CellsProver(problem.features, problem.reg, ball)
        relaxed = None
        if context.best is not None:
            Z, kappa = dual_point(context.best.certificate, (problem.n, problem.c))
            relaxed = Z * min(1.0, problem.reg / kappa)
        yield from _tightened(context, self, prover, context.budget.part(self.share), relaxed)


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


def tightening_proofs(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    prover: Prover,
    limits: Limits,
    known: float,
    enough: float,
    tell: Tell,
    relaxed: FloatArray | None = None,
) -> Iterator[DualNormProof | NoProof]:
    """Search for proofs of smaller and smaller multiples of reg.

    The dual point of each is the residual of the restricted problem, which is optimal if there is
    no direction to add (Lemma 2.1). Where a proof fails because of a ray that scores too high, the
    ray is such a direction: it is added, and the search goes on.

    Parameters
    ----------
    problem : TrainingProblem
    generation : ColumnGeneration
        Of this problem; it is trained further.
    prover : Prover
        For the problem's features.
    limits : Limits
        The budget is that in which the last proof should also have been checked: what that takes
        is kept back from its search.
    known : float
        A bound proved before; what would not improve on it is left out.
    enough : float
        A multiple of reg that is not passed over on the way to smaller ones.
    tell : callable
        Called when something begins.
    relaxed : ndarray, shape (n, c), or None
        A dual point of a relaxation, whose dual norm is at most reg, to blend the residuals with.

    Yields
    ------
    DualNormProof or NoProof
        Proofs, each of a smaller multiple than the one before, though not always of the same
        residual; at the end why there is no smaller one.
    """
    factors = [
        *(factor for factor in prover.effort.factors if factor > enough),
        *([enough] if enough > 1.0 else []),
        *(factor for factor in prover.effort.factors if factor < enough),
    ]
    last, nodes, cost = 0.0, 0, 0.0  # of the last proof: its size, and what it took with its check
    checking, why = prover.effort.checking if limits.budget.seconds_left else 0.0, ""
    while factors:
        passed = 0
        if nodes > 0:
            worth = partial(_worth_trying, cost / nodes, prover.effort.most, limits)
            passed = _passed_over(factors, enough, last, nodes, prover.effort, worth)
        if passed < 0:
            why = _TOO_LONG if limits.budget.limited else _TOO_LARGE
            break
        tries, factors = factors[passed::-1], factors[passed + 1 :]
        tried = tries[0]
        find = partial(_proof, problem, generation, prover, limits, checking, known, tell, relaxed)
        found = find(tried)
        for tried in tries[1:]:
            if not isinstance(found, NoProof) or limits.budget.over:
                break
            factors, why = [], found.reason  # too near to reg for the training: the ones before
            found = find(tried)
        if isinstance(found, NoProof):
            why = found.reason
            break
        if found is not None:
            told = limits.budget.now
            yield found
            check = limits.budget.now - told
            last, nodes, cost = tried, found.nodes, found.cost + check
            if found.cost > _TELLING:
                checking = check / found.cost
    if not why:
        if limits.budget.over:
            why = "time is up"
        elif nodes > 0:
            why = "floats allow none that proves more"
        else:
            why = "all that it might prove is proved already"
    yield NoProof(np.zeros((problem.features.shape[1], 0)), why)


def _passed_over(
    factors: list[float],
    enough: float,
    last: float,
    nodes: int,
    effort: Effort,
    worth: Callable[[float], bool],
) -> int:
    """How many of the factors need no stop on the way; −1 if the first is out of reach.

    By nodes, not by time, as long as they are few, so that the same seed leads to the same proof.
    """
    passed, expected = 0, [effort.expected(nodes, last, factors[0])]
    while factors[passed] != enough and passed + 1 < len(factors) and expected[-1] < effort.cheap:
        passed += 1
        expected.append(effort.expected(expected[-1], *factors[passed - 1 : passed + 1]))
    while passed >= 0 and expected[passed] >= effort.cheap and not worth(expected[passed]):
        passed -= 1
    return passed


def _proof(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    prover: Prover,
    limits: Limits,
    checking: float,
    known: float,
    tell: Tell,
    relaxed: FloatArray | None,
    factor: float,
) -> DualNormProof | NoProof | None:
    tolerance = _TRAINED * (factor - 1.0)
    margin = min(max(_ROOM * (factor - 1.0), _LEAST_ROOM), _MOST_ROOM)
    quiet, first = prover.effort.quiet, True
    while True:
        training = limits.budget.part(_TRAINING_SHARE)
        while (quiet or not first) and not generation.round(tolerance, quiet):
            tell(f"training, round {generation.rounds}", generation.objective)
            if not quiet or generation.stalled or training.over:
                break
        first, residual = False, generation.residual
        if expected_bound(problem, residual, factor) <= known:
            return None
        tell(f"proving {factor:.9g} reg", generation.objective)
        blend = None if relaxed is None else blended(problem, residual, relaxed, factor)
        searching = replace(limits, budget=limits.budget.part(1.0 / (1.0 + checking)))
        if blend is not None:
            found = prover.prove(blend.Z, blend.factor * problem.reg, margin, searching)
            if not isinstance(found, NoProof) or searching.budget.over:
                return found
        found = prover.prove(residual, factor * problem.reg, margin, searching)
        if not isinstance(found, NoProof):
            return found
        exceeded = found.violators.shape[1] > 0
        if exceeded:
            generation.add(found.violators)
        elif quiet or not found.near or generation.highest <= 1.0 + tolerance:
            return found  # where it was tried without training there may be more to gain
        if limits.budget.over:
            return replace(found, reason="time is up")
        if generation.stalled or (exceeded and generation.highest <= factor):
            return replace(found, reason="the training is at the end of float64's accuracy")


def _worth_trying(cost_of_a_node: float, most: float, limits: Limits, nodes: float) -> bool:
    if not limits.budget.limited:
        return nodes < most
    return limits.budget.affords(nodes * cost_of_a_node)
