"""What an audit finds beside its bound: networks, and what is true of some activation patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from certnn.budget import Budget
from certnn.errors import InputError, SolverError
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.stationarity import stationarity_residual
from certnn.problem.training_problem import TrainingProblem
from certnn.report import NetworkFigure
from certnn.report.progress import SearchCallback
from certnn.search.results import LowerBoundResult
from certnn.splitting.patterns import PatternBoundResult, bound_over_patterns, collect_patterns
from certnn.splitting.prover import ENOUGH
from certnn.training import improvements, polish

#: Shares of what is left of a limit for descent from the weights of the given network, and for the
#: bound over activation patterns; and nominal seconds where there is no limit.
_POLISHING, PATTERNS_SHARE = 0.1, 0.15
_POLISHING_WORK, _PATTERNS_WORK = 5.0, 30.0
#: Of what the given network is above the best one, what the bound may leave open.
_SHARE_OF_EXCESS = 0.01
#: The bound over activation patterns is left out where the global bound is within this share of the
#: best network, or X has more numbers than this.
_TIGHT, _MOST_NUMBERS = 0.01, 2_000_000
#: Patterns that are sampled beside those of the networks.
_SAMPLED = 100


@dataclass(frozen=True)
class Evaluated:
    """A network with its exact objective."""

    network: TwoLayerNetwork
    bound: Bound
    source: str

    @property
    def figure(self) -> NetworkFigure:
        """Its line in a report."""
        return NetworkFigure.from_exact(self.bound.value, self.network.width, self.source)


def evaluated(problem: TrainingProblem, network: TwoLayerNetwork, source: str) -> Evaluated:
    """The network with its objective, worked out by the kernel."""
    return Evaluated(network, network.evaluate(problem), source)


def better_of(best: Evaluated, other: Evaluated) -> Evaluated:
    """The better of the best network so far and another one."""
    return other if other.bound.value < best.bound.value else best


def no_neurons(problem: TrainingProblem) -> TwoLayerNetwork:
    """The network of width 0, which every other one is compared with."""
    return TwoLayerNetwork(np.zeros((problem.features.shape[1], 0)), np.zeros((0, problem.c)))


@dataclass(frozen=True)
class LocalFindings:
    """What is said of the given network by itself."""

    polished: Evaluated
    stationarity: float | None
    improvements: tuple[Evaluated, ...]


def local_findings(problem: TrainingProblem, given: Evaluated, budget: Budget) -> LocalFindings:
    """Descent from its weights, how stationary they are, and changes that lower the objective."""
    part = budget.part(_POLISHING, _POLISHING_WORK)
    polished = evaluated(problem, polish(problem, given.network, part), "given, polished")
    residual = None if budget.over else stationarity_residual(problem, given.network)
    changed = [
        evaluated(problem, found.network, found.change)
        for found in improvements(problem, given.network, budget.part(_POLISHING, _POLISHING_WORK))
    ]
    better = sorted(
        (one for one in changed if one.bound.value < given.bound.value),
        key=lambda one: one.bound.value,
    )
    return LocalFindings(polished, residual, tuple(better))


@dataclass(frozen=True)
class OverPatterns:
    """The bound over activation patterns, and the best network that was found over them."""

    result: PatternBoundResult
    best: Evaluated


def over_patterns(
    problem: TrainingProblem,
    given: Evaluated | None,
    best: Evaluated,
    lower: LowerBoundResult,
    budget: Budget,
    tell: SearchCallback,
) -> tuple[OverPatterns | None, LowerBoundResult]:
    """The bound over the patterns of the networks and sampled ones, where it is worth its time."""
    if budget.over or lower.bound.value >= (1 - Fraction(_TIGHT)) * best.bound.value:
        return None, lower
    if problem.features.size > _MOST_NUMBERS:
        note = f"activation patterns: X has more than {_MOST_NUMBERS} numbers"
        return None, replace(lower, notes=(*lower.notes, note))
    tell("activation patterns", lower.value, None)
    named = [] if given is None else [("of the given network", given.network)]
    if given is None or best.network is not given.network:
        named.append(("more of the best network", best.network))
    try:
        patterns = collect_patterns(problem, named, _SAMPLED)
        part = budget.part(PATTERNS_SHARE, _PATTERNS_WORK)
        found = bound_over_patterns(problem, patterns, budget=part)
    except (InputError, SolverError) as error:
        note = f"activation patterns: {error}"
        return None, replace(lower, notes=(*lower.notes, note))
    own_best = evaluated(problem, found.network, "over activation patterns")
    return OverPatterns(found, own_best), lower


def close_enough(given: Evaluated | None, best: Evaluated) -> float:
    """Where the given network is far from the best one, a share that tells its gap well enough."""
    if given is None or best.bound.value == 0:
        return ENOUGH
    excess = given.bound.value / best.bound.value - 1
    return max(ENOUGH, _SHARE_OF_EXCESS * min(float(excess), 1.0))
