"""Training without a proof: column generation until the local search finds nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.column_generation import ColumnGeneration
from certnn.training.polish import polish
from certnn.training.scaling import scaled

#: Share of the budget for the rounds; the rest is for descent in both layers.
_GROWING = 0.9
#: Share of that for descent from random networks, where there are so many targets that the rounds
#: take long to be as good.
_DESCENT, _MANY_TARGETS = 0.4, 300
#: Size of the outputs where descent begins, a share of that of the targets.
_FIRST_OUTPUT = 0.1


@dataclass(frozen=True, eq=False)
class LocalTraining:
    """The best network found and what the search saw. Nothing here is a proof.

    Attributes
    ----------
    network : TwoLayerNetwork
        The best network in float64 arithmetic.
    objective : float
        Its `training_objective`.
    local_dual_norm : float
        Largest score ‖Zᵀ(Xu)₊‖/|u| that the last round found for the residual Z of the restricted
        optimum, as a multiple of reg. At a global optimum no direction scores above 1; a value
        near 1 here only says that this search found none.
    rounds : int
        Rounds of column generation.
    seconds : float
        Wall-clock time.
    converged : bool
        Whether the search ran out of directions to add before its time. Not a proof of optimality:
        the search is local, and only a certificate bounds the optimum.
    interrupted : bool
        Whether somebody asked the search to stop.
    """

    network: TwoLayerNetwork
    objective: float
    local_dual_norm: float
    rounds: int
    seconds: float
    converged: bool
    interrupted: bool


def train_locally(
    problem: TrainingProblem,
    budget: Budget,
    *,
    starts: Sequence[TwoLayerNetwork] = (),
    tolerance: float = 1e-4,
    max_rounds: int | None = None,
    seed: int = 0,
    progress: Callable[[float, int], None] | None = None,
) -> LocalTraining:
    """Look for the best network of any width; see `certnn.train` for one with a proof.

    The best network met, also where the budget ends the search. Raises `InputError` if a start's
    shapes are not those of the problem.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    starts : sequence of TwoLayerNetwork
        Networks whose neurons join the columns; the result is never worse than any of them.
    tolerance : float
        The search has converged when no direction found scores above reg·(1 + tolerance).
    max_rounds : int or None
        Rounds of column generation, at most, with nothing before them. None: as many as it takes,
        and where the targets are many descent from random networks before.
    seed : int
        Seed of the search; the result depends on nothing else unless its time runs out.
    progress : callable, optional
        Called as ``progress(objective, rounds)`` after every round with the best objective so far.
    """
    begun = time.monotonic()
    converged = False
    with threadpool_limits(1):  # small matrices: on busy cores threads only wait
        growing = budget.part(_GROWING)
        if max_rounds is None and problem.n * problem.c >= _MANY_TARGETS:
            starts = (*starts, *descend(problem, growing.part(_DESCENT), seed))
        search = ColumnGeneration(problem, growing, starts, seed)
        while not converged and search.rounds != max_rounds and not growing.over:
            converged = search.round(tolerance)
            if progress is not None:
                progress(search.objective, search.rounds)
        search.polish(budget)
    return LocalTraining(
        network=search.best,
        objective=search.objective,
        local_dual_norm=search.highest,
        rounds=search.rounds,
        seconds=time.monotonic() - begun,
        converged=converged,
        interrupted=budget.stopped,
    )


def descend(
    problem: TrainingProblem,
    budget: Budget,
    seed: int = 0,
    widths: Sequence[int] = (40, 80, 120),
    iterations: int = 300,
) -> list[TwoLayerNetwork]:
    """Networks trained by L-BFGS from random weights, one of each width.

    None of them where every row of X is zero.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    budget : Budget
        Each takes an equal part of what is left of it.
    seed : int
        Of the weights; the result depends on nothing else unless time runs out.
    iterations : int
        Of L-BFGS from each, at most.
    """
    rng, inner = np.random.default_rng(seed), scaled(problem)
    space = candidates.isotropic(inner.problem)
    if space.rank == 0:
        return []
    found = []
    for number, width in enumerate(widths):
        U = candidates.drawn(space, width, rng)
        V = rng.standard_normal((U.shape[1], problem.c))
        output = np.linalg.norm(np.maximum(inner.problem.features @ U, 0.0) @ V)
        size = _FIRST_OUTPUT * np.linalg.norm(inner.problem.Y) / max(float(output), 1e-300)
        bias = None if inner.bias_decay is None else np.zeros(problem.c)
        start = TwoLayerNetwork(U * np.sqrt(size), V * np.sqrt(size), bias)
        part = budget.part(1.0 / (len(widths) - number))
        found.append(polish(problem, inner.outward(start), part, iterations))
    return found
