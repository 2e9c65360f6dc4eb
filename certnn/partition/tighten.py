"""Train and prove in turn, ever more tightly: column generation with a partition as its oracle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import numpy as np

from certnn.partition.cones import Basis
from certnn.partition.proof import Limits, NoPartition, Partition, find_partition
from certnn.problem import TrainingProblem
from certnn.training import ColumnGeneration

#: What to prove, in multiples of reg. At the optimum the residual's dual norm is reg.
_FACTORS = (
    *(8.0, 4.0, 2.0, 1.5, 1.2),
    *(1.0 + m * 10.0**-e for e in range(1, 10) for m in (1.0, 0.5, 0.2)),
)
#: Share of factor − 1 that the local search may leave, and of that, room for rounding.
_TRAINED, _ROOM, _LEAST_ROOM, _MOST_ROOM = 0.25, 1e-3, 1e-12, 1e-6
#: A tighter proof takes about this many times the nodes, from what was seen on iris and banknote.
_GROWTH = 1.6
#: Nodes times points of a search that is not worth the stop: its factor is left out.
_CHEAP = 2_000_000
#: Seconds of checking and writing, in units of those of the search.
_AFTERWARDS = 2.0
#: Share of the time left that training for one factor may take, if there is a deadline.
_TRAINING_SHARE = 0.5
#: Without a deadline no proof of more nodes than this is begun.
_NODES = 4_000_000


#: Called as tell(what begins, objective of the best network).
Tell = Callable[[str, float], None]


def tightening_partitions(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    basis: Basis,
    limits: Limits,
    known: float,
    enough: float,
    tell: Tell,
) -> Iterator[Partition]:
    """Search for partitions that prove smaller and smaller multiples of reg.

    The dual point of each is the residual of the restricted problem, which is optimal if there is
    no direction to add (Lemma 2.1). Where a proof fails because of a ray that scores too high, the
    ray is such a direction: it is added, and the search goes on.

    Parameters
    ----------
    problem : TrainingProblem
    generation : ColumnGeneration
        Of this problem; it is trained further.
    basis : Basis
        Of the problem's features.
    limits : Limits
        The deadline is that by which the last proof should also have been checked.
    known : float
        A bound proved before; what would not improve on it is left out.
    enough : float
        A multiple of reg that is not passed over on the way to smaller ones.
    tell : callable
        Called when something begins.

    Yields
    ------
    Partition
        Each of a smaller multiple than the one before, though not always of the same residual.
    """
    factors = [
        *(factor for factor in _FACTORS if factor > enough),
        *([enough] if enough > 1.0 else []),
        *(factor for factor in _FACTORS if factor < enough),
    ]
    last: Partition | None = None
    while factors:
        factor = factors.pop(0)
        if last is not None:
            # By nodes, not by time, so that the same seed leads to the same proof.
            work = _GROWTH * last.nodes * problem.n
            while factor != enough and factors and work < _CHEAP:
                factor, work = factors.pop(0), _GROWTH * work
            if work >= _CHEAP and not _worth_trying(last, limits.deadline):
                return
        found = _proof(problem, generation, basis, factor, limits, known, tell)
        if isinstance(found, Partition):
            last = found
            yield found
        elif found is not None:
            return


def _proof(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    basis: Basis,
    factor: float,
    limits: Limits,
    known: float,
    tell: Tell,
) -> Partition | NoPartition | None:
    tolerance = _TRAINED * (factor - 1.0)
    margin = min(max(_ROOM * (factor - 1.0), _LEAST_ROOM), _MOST_ROOM)
    while True:
        left = limits.deadline - time.monotonic()
        until = time.monotonic() + _TRAINING_SHARE * left
        while not generation.round(tolerance):
            tell(f"training, round {generation.rounds}", generation.objective)
            if generation.stalled or time.monotonic() > until:
                break
        if _bound(problem, generation, factor) <= known:
            return None
        tell(f"partition: at {factor:.9g} reg", generation.objective)
        found = find_partition(
            problem.features, generation.residual, factor * problem.reg, basis, limits, margin
        )
        if isinstance(found, Partition) or found.violators.shape[1] == 0:
            return found
        generation.add(found.violators)
        rounding = generation.stalled or generation.highest <= factor
        if rounding or time.monotonic() > limits.deadline:
            return found


def _bound(problem: TrainingProblem, generation: ColumnGeneration, factor: float) -> float:
    """What a proof of factor·reg would give (Theorem 3), in floats."""
    Z = generation.residual
    square, inner = float(np.vdot(Z, Z)), float(np.vdot(Z, problem.Y))
    scale = min(max(inner / square if square > 0.0 else 0.0, 0.0), 1.0 / factor)
    return scale * inner - 0.5 * scale**2 * square


def _worth_trying(last: Partition, deadline: float) -> bool:
    if math.isinf(deadline):
        return _GROWTH * last.nodes < _NODES
    return time.monotonic() + (1.0 + _AFTERWARDS) * _GROWTH * last.seconds < deadline
