"""Training that takes no longer than people are used to, where no proof can come near its goal."""

from __future__ import annotations

import time

import numpy as np

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.relaxed import Block
from certnn.search.levels.schedule import Case, stages
from certnn.search.levels.shor import Shor
from certnn.search.lower_bound import lower_bound
from certnn.search.train import TrainingResult
from certnn.training.local_training import descend

#: As many neurons and passes over the data as scikit-learn's MLPClassifier has, which costs as
#: much whatever the data.
_WIDTH, _PASSES = 100, 200


def is_far_from_proof(problem: TrainingProblem) -> bool:
    """Whether of the levels that take minutes at most only shor and block are for its size.

    They leave most of the gap open unless the weight decay is large. Not where X is zero, and all
    is proved at once.
    """
    plan = stages("auto", Case.of(problem))
    return bool(np.any(problem.features)) and all(isinstance(s, Shor | Block) for s in plan)


def train_briefly(
    problem: TrainingProblem, budget: Budget, *, gap: float = 1e-3, seed: int = 0
) -> TrainingResult:
    """Train by descent from one random network, and prove with as much work as that took.

    With a bound of the level shor. X must not be zero. Raises `KeyboardInterrupt` on Ctrl-C before
    anything is proved.

    Parameters
    ----------
    budget : Budget
        Of work.
    gap : float
        The proof ends where it has this, a share of the objective.
    seed : int
        Of the weights. The result depends on nothing else.
    """
    begun, before = time.monotonic(), budget.worked
    [network] = descend(problem, budget, seed, (_WIDTH,), _PASSES)
    took = budget.worked - before
    lower = lower_bound(
        problem,
        "shor",
        gap=gap,
        budget=budget.part(min(took / max(budget.work_left, took), 1.0), took),
        network=network,
        seed=seed,
    )
    network = lower.network or network
    return TrainingResult(
        network=network,
        objective=network.evaluate(problem),
        lower=lower,
        seconds=time.monotonic() - begun,
        interrupted=budget.stopped,
    )
