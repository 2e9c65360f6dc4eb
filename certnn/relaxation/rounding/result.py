"""From a moment matrix Λ to a network: columns, output weights, polishing."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import Budget, budgeted
from certnn.certificates.proved import require_objective
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_moment import LiftedMoment
from certnn.relaxation.rounding.fitting import CandidateFit
from certnn.relaxation.rounding.lifted_space import FeasibilityErrors, LiftedSpace
from certnn.relaxation.rounding.methods import columns_by, require_method
from certnn.training import candidates
from certnn.training.polish import polish

#: Rounds in which directions climb, and iterations of descent in both layers after them.
_CLIMBS, _DESCENT = 20, 500
#: Share of the time for fitting and climbing; the rest is for descent.
_FITTING = 0.7
#: Name and number of directions of the rounding that knows nothing.
BLIND = "random"
_RANDOM = 20_000


@dataclass(frozen=True)
class Rounding:
    """A network that a rounding has found; all objectives are exact, of real networks.

    Attributes
    ----------
    method : str
    network : TwoLayerNetwork
        After polishing.
    read : Bound or None
        Objective of the network that the u and v of the columns are as they stand; None where the
        columns are no factor of Λ.
    fitted : Bound
        Objective with the best output weights for the columns' directions.
    objective : Bound
        Objective of `network`; never above `fitted` up to rounding.
    candidates : int
        Directions proposed.
    errors : FeasibilityErrors or None
        How far the columns are from being neurons, before any repair; None without Λ.
    seconds : float
        Wall time, without that for Λ.

    Raises
    ------
    InputError
        If the objective is not that of the network.
    """

    method: str
    network: TwoLayerNetwork
    read: Bound | None
    fitted: Bound
    objective: Bound
    candidates: int
    errors: FeasibilityErrors | None
    seconds: float

    def __post_init__(self) -> None:
        require_objective("objective", self.objective, self.fitted.instance, self.network)

    def __repr__(self) -> str:
        return (
            f"Rounding(method={self.method!r}, objective={self.objective.rounded!r}, "
            f"fitted={self.fitted.rounded!r}, width={self.network.width})"
        )


def round_moment(
    moment: LiftedMoment,
    method: str = "all",
    *,
    time_limit: float | None = None,
    budget: Budget | None = None,
    seed: int = 0,
) -> Rounding:
    """Round Λ to a network.

    The rounding proposes columns (α, β, u, v); of these only the directions u are kept. The group
    lasso chooses among them and finds the output weights, then they climb and both layers descend.

    Parameters
    ----------
    moment : LiftedMoment
        Of a relaxation, such as `certnn.relaxation.moments.relaxed_moment` finds, or any other.
    method : str
        One of `METHODS`; see `certnn.relaxation.rounding.methods.columns_by`.
    time_limit : float or None
        Seconds.
    budget : Budget or None
        One to share with other calls, in place of a limit.
    seed : int
        Of what is drawn.

    Raises
    ------
    InputError
        If there is no such method, or the time limit is not positive.
    """
    require_method(method)
    begun = time.monotonic()
    # Small matrices: on busy cores threads only wait.
    with threadpool_limits(1), budgeted(time_limit, budget=budget) as limit:
        space = LiftedSpace(moment)
        columns = columns_by(method, space, np.random.default_rng(seed))
        hidden = space.hidden(columns.values)
        read = None
        if columns.factor:
            read = TwoLayerNetwork(hidden, space.output(columns.values)).evaluate(moment.problem)
        errors = space.errors(columns.values)
        return _finished(moment.problem, method, hidden, read, errors, begun, limit)


def round_blindly(
    problem: TrainingProblem,
    *,
    time_limit: float | None = None,
    budget: Budget | None = None,
    seed: int = 0,
) -> Rounding:
    """The same from random directions without any Λ, for comparison.

    Raises
    ------
    InputError
        If the time limit is not positive.
    """
    begun = time.monotonic()
    rng = np.random.default_rng(seed)
    hidden = candidates.gaussian(candidates.isotropic(problem), _RANDOM, rng)
    with threadpool_limits(1), budgeted(time_limit, budget=budget) as limit:
        return _finished(problem, BLIND, hidden, None, None, begun, limit)


def _finished(
    problem: TrainingProblem,
    method: str,
    hidden: FloatArray,
    read: Bound | None,
    errors: FeasibilityErrors | None,
    begun: float,
    budget: Budget,
) -> Rounding:
    fit = CandidateFit(problem, hidden, budget.part(_FITTING))
    fitted = fit.network.evaluate(problem)
    fit.climb(_CLIMBS)
    network = polish(problem, fit.network, budget, _DESCENT)
    objective = network.evaluate(problem)
    return Rounding(
        method=method,
        network=network,
        read=read,
        fitted=fitted,
        objective=objective,
        candidates=int(hidden.shape[1]),
        errors=errors,
        seconds=time.monotonic() - begun,
    )
