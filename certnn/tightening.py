"""Train and prove in turn, ever more tightly: column generation with a proof as its oracle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from certnn.dual_norm_proofs import DualNormProof, Effort, Limits, NoProof, Prover
from certnn.dual_scaling import expected_bound
from certnn.problem import TrainingProblem
from certnn.training import ColumnGeneration

#: What to prove, in multiples of reg. At the optimum the residual's dual norm is reg.
_FACTORS = (
    *(8.0, 4.0, 2.0, 1.5, 1.2),
    *(1.0 + m * 10.0**-e for e in range(1, 10) for m in (1.0, 0.5, 0.2)),
)
#: Share of factor − 1 that the local search may leave, and of that, room for rounding.
_TRAINED, _ROOM, _LEAST_ROOM, _MOST_ROOM = 0.25, 1e-3, 1e-12, 1e-6
#: Seconds of checking and writing, in units of those of the search.
_AFTERWARDS = 2.0
#: Share of the time left that training for one factor may take, if there is a deadline.
_TRAINING_SHARE = 0.5
#: Called as tell(what begins, objective of the best network).
Tell = Callable[[str, float], None]


def tightening_proofs(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    prover: Prover,
    limits: Limits,
    known: float,
    enough: float,
    tell: Tell,
) -> Iterator[DualNormProof]:
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
        The deadline is that by which the last proof should also have been checked.
    known : float
        A bound proved before; what would not improve on it is left out.
    enough : float
        A multiple of reg that is not passed over on the way to smaller ones.
    tell : callable
        Called when something begins.

    Yields
    ------
    DualNormProof
        Each of a smaller multiple than the one before, though not always of the same residual.
    """
    factors = [
        *(factor for factor in _FACTORS if factor > enough),
        *([enough] if enough > 1.0 else []),
        *(factor for factor in _FACTORS if factor < enough),
    ]
    last: DualNormProof | None = None
    while factors:
        passed = 0 if last is None else _passed_over(factors, enough, last, prover.effort, limits)
        if passed is None:
            return
        tries, factors = factors[passed::-1], factors[passed + 1 :]
        found = _proof(problem, generation, prover, tries[0], limits, known, tell)
        for factor in tries[1:]:
            if not isinstance(found, NoProof) or time.monotonic() > limits.deadline:
                break
            factors = []  # too near to reg for the accuracy of the training: the ones before
            found = _proof(problem, generation, prover, factor, limits, known, tell)
        if isinstance(found, NoProof):
            return
        if found is not None:
            last = found
            yield found


def _passed_over(
    factors: list[float], enough: float, last: DualNormProof, effort: Effort, limits: Limits
) -> int | None:
    """How many of the factors are not worth a stop on the way; None if the first is out of reach.

    By nodes, not by time, as long as they are few, so that the same seed leads to the same proof.
    """
    passed, nodes = 0, effort.growth * last.nodes
    while factors[passed] != enough and passed + 1 < len(factors) and nodes < effort.cheap:
        passed, nodes = passed + 1, effort.growth * nodes
    while nodes >= effort.cheap and not _worth_trying(last, nodes, effort.most, limits):
        if passed == 0:
            return None
        passed, nodes = passed - 1, nodes / effort.growth
    return passed


def _proof(
    problem: TrainingProblem,
    generation: ColumnGeneration,
    prover: Prover,
    factor: float,
    limits: Limits,
    known: float,
    tell: Tell,
) -> DualNormProof | NoProof | None:
    tolerance = _TRAINED * (factor - 1.0)
    margin = min(max(_ROOM * (factor - 1.0), _LEAST_ROOM), _MOST_ROOM)
    while True:
        left = limits.deadline - time.monotonic()
        until = time.monotonic() + _TRAINING_SHARE * left
        while not generation.round(tolerance):
            tell(f"training, round {generation.rounds}", generation.objective)
            if generation.stalled or time.monotonic() > until:
                break
        if expected_bound(problem, generation.residual, factor) <= known:
            return None
        tell(f"proving {factor:.9g} reg", generation.objective)
        found = prover.prove(generation.residual, factor * problem.reg, margin, limits)
        if not isinstance(found, NoProof) or found.violators.shape[1] == 0:
            return found
        generation.add(found.violators)
        rounding = generation.stalled or generation.highest <= factor
        if rounding or time.monotonic() > limits.deadline:
            return found


def _worth_trying(last: DualNormProof, nodes: float, most: float, limits: Limits) -> bool:
    if math.isinf(limits.deadline):
        return nodes < most
    seconds = last.seconds * nodes / last.nodes
    return time.monotonic() + (1.0 + _AFTERWARDS) * seconds < limits.deadline
