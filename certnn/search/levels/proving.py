"""Tighter and tighter proofs of a dual norm, with the training that they need in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.dual_bound import expected_bound
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.blending import DualPoint, blended, kept
from certnn.splitting.prover import DualNormProof, Effort, Limits, NoProof, Prover
from certnn.training import ColumnGeneration

#: Share of factor − 1 that the local search may leave, and of that, room for rounding.
_TRAINED, _ROOM, _LEAST_ROOM, _MOST_ROOM = 0.25, 1e-3, 1e-12, 1e-6
#: Share of what is left of a budget that training for one factor may take; and the factor below
#: which trees are so large that what training finds is not left to them.
_TRAINING_SHARE, _UNTRAINED = 0.5, 2.0
#: A search that took so much, in units of the budget's `now`, tells what checking the next takes.
_TELLING = 1.0
#: A proof that grew from the last one is handed out, and checked, if it has so many times the nodes
#: of the last that was, or is good enough, or the last one.
_AGAIN = 3.0
#: How many times as long as expected a large step from there might take, where small ones go too;
#: and what a step grows at least, as a share of what is there, as far as its cost is concerned.
_CARE, _LEAST_GROWN = 2.0, 0.1
#: Share of the gap that the first tree has to close where so much of the objective is proved
#: already, which makes it large; else it is cheap.
_FIRST_GAIN, _PROVED_ALREADY = 0.03, 0.5
#: Why a tighter proof is not even tried, without a limit and with one.
_TOO_LARGE = "it would be too large to be checked in seconds"
_TOO_LONG = "it would take longer than the time left"
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
    relaxed: FloatArray | None = None,
    reached: Callable[[float], bool] = lambda bound: False,
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
    reached : callable
        Whether a bound is good enough.

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
    search = _Search(problem, generation, prover, limits, known, tell, relaxed)
    last, nodes, rate = 0.0, 0, 0.0  # of the last proof: its size, and what a new node took
    waiting, told, why = None, 0, ""  # a proof not handed out, and the size of the last that was
    effort = prover.effort
    leap = effort.leap
    while factors:
        passed = 0
        if nodes > 0:
            kept_back = search.checking * search.spent
            worth = partial(_worth_trying, rate, nodes if leap else 0, kept_back, effort, limits)
            passed = _passed_over(factors, enough, last, nodes, effort, worth)
        if passed < 0:
            why = _TOO_LONG if limits.budget.limited else _TOO_LARGE
            break
        tries, factors = factors[passed::-1], factors[passed + 1 :]
        tried = tries[0]
        found = search.proof(tried)
        for tried in tries[1:]:
            if not isinstance(found, NoProof) or limits.budget.over:
                break
            factors, why = [], found.reason  # too near to reg for the training: the ones before
            found = search.proof(tried)
        if isinstance(found, NoProof):
            why = found.reason
            break
        if found is not None:
            cost, waiting, before = found.cost, found, nodes if leap else 0
            effort = prover.effort.seen(before, last, found.nodes, tried)
            last, nodes = tried, found.nodes
            search.spent += cost if leap else 0.0
            check = 0.0
            good = leap and (tried <= enough or reached(_bound_of(problem, found)))
            if not leap or good or nodes >= _AGAIN * told:
                begun, told, waiting = limits.budget.now, nodes, None
                yield found
                check = limits.budget.now - begun
                taken = search.spent if leap else cost
                if taken > _TELLING:
                    search.checking = check / taken
            cost += search.checking * cost if leap else check
            rate = cost / max(nodes - before, _LEAST_GROWN * nodes)
    if waiting is not None:
        yield waiting
    if not why:
        if limits.budget.over:
            why = "time is up"
        elif nodes > 0:
            why = "floats allow none that proves more"
        else:
            why = "all that it might prove is proved already"
    yield NoProof(np.zeros((problem.features.shape[1], 0)), why)


def _bound_of(problem: TrainingProblem, found: DualNormProof) -> float:
    return expected_bound(problem, found.Z * (problem.reg / found.kappa), 1.0)


def _passed_over(
    factors: list[float],
    enough: float,
    last: float,
    nodes: int,
    effort: Effort,
    worth: Callable[[float, float], bool],
) -> int:
    """How many of the factors need no stop on the way; −1 if the first is out of reach.

    By nodes, not by time, as long as they are few, so that the same seed leads to the same proof.
    """
    passed, expected = 0, [effort.expected(nodes, last, factors[0])]
    few = max(effort.cheap, effort.leap * nodes)
    while factors[passed] != enough and passed + 1 < len(factors) and expected[-1] < few:
        passed += 1
        expected.append(effort.expected(expected[-1], *factors[passed - 1 : passed + 1]))
    # Where a small step is possible a large one is taken only if it could take much longer.
    care = _CARE if effort.leap else 1.0
    while passed > 0 and expected[passed] >= effort.cheap and not worth(expected[passed], care):
        passed -= 1
    if passed == 0 and expected[0] >= effort.cheap and not worth(expected[0], 1.0):
        return -1
    return passed


@dataclass
class _Search:
    """Training and proofs in turn.

    Attributes
    ----------
    checking : float
        Of the time of a search, what the check of its proof takes after it.
    spent : float
        Where searches go on from each other, what they took, in units of the budget's `now`.
    last : DualPoint or None
        What was proved last.
    """

    problem: TrainingProblem
    generation: ColumnGeneration
    prover: Prover
    limits: Limits
    known: float
    tell: Tell
    relaxed: FloatArray | None
    checking: float = 0.0
    spent: float = 0.0
    last: DualPoint | None = None

    def __post_init__(self) -> None:
        if self.limits.budget.seconds_left:
            self.checking = self.prover.effort.checking

    def proof(self, factor: float) -> DualNormProof | NoProof | None:
        """One of this multiple of reg; None if it would not be worth it."""
        generation, limits = self.generation, self.limits
        tolerance = _TRAINED * (factor - 1.0)
        effort, coarse = self.prover.effort, generation.highest > 1.0 + tolerance
        quiet, train = effort.quiet, bool(effort.leap and factor < _UNTRAINED and coarse)
        tried = False
        while True:
            training = limits.budget.part(_TRAINING_SHARE)
            while (quiet or train or tried) and not generation.round(tolerance, quiet):
                self.tell(f"training, round {generation.rounds}", generation.objective)
                if (tried and not quiet) or generation.stalled or training.over:
                    break
            tried, residual = True, generation.residual
            if expected_bound(self.problem, residual, factor) <= self._least():
                trained = generation.highest <= 1.0 + tolerance or generation.stalled
                if quiet or trained or limits.budget.over:
                    return None
                continue
            self.tell(f"proving {factor:.9g} reg", generation.objective)
            found = self._tried(DualPoint(residual, factor))
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

    def _least(self) -> float:
        """What a proof has to be above: the first one of many nodes by a part of the gap."""
        objective = self.generation.objective
        cheap = self.known < _PROVED_ALREADY * objective
        if self.last is not None or cheap or not self.prover.effort.leap:
            return self.known
        return self.known + _FIRST_GAIN * (objective - self.known)

    def _tried(self, point: DualPoint) -> DualNormProof | NoProof:
        """A proof of the residual, or of a dual point that is as good and easier."""
        problem, effort = self.problem, self.prover.effort
        excess = point.factor - 1.0
        margin = min(max(_ROOM * excess, _LEAST_ROOM), _MOST_ROOM)
        points = [point]
        if self.relaxed is not None:
            blend = blended(problem, point.Z, self.relaxed, point.factor)
            points[:0] = [] if blend is None else [blend]
        if effort.leap and self.last is not None:
            wanted = expected_bound(problem, point.Z, point.factor)
            stays = kept(problem, self.last, points[0], wanted)
            if stays is not None:
                points = [stays, *(at for at in points if not np.array_equal(at.Z, stays.Z))]
        before = self.limits.budget.but(self.checking * self.spent)
        searching = replace(self.limits, budget=before.part(1.0 / (1.0 + self.checking)))
        for tried in points:
            found = self.prover.prove(tried.Z, tried.factor * problem.reg, margin, searching)
            if not isinstance(found, NoProof):
                self.last = tried
                return found
            if searching.budget.over:
                break
        return found


def _worth_trying(
    rate: float,
    there: float,
    kept_back: float,
    effort: Effort,
    limits: Limits,
    nodes: float,
    care: float,
) -> bool:
    """Whether there is enough for so many nodes, of which some are there, or for `care` times."""
    if not limits.budget.limited:
        return care * nodes < effort.most
    return limits.budget.affords(care * (nodes - there) * rate + kept_back)
