"""What the check of a proof takes is kept back from its search."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.proving import tightening_proofs
from certnn.splitting.prover import Effort, Limits, NoProof, Searched
from certnn.training import ColumnGeneration

#: Far more than the test takes, so that shares of it are exact enough.
SECONDS = 1e6


@dataclass(frozen=True, eq=False)
class Found(Searched):
    kappa: float
    Z: np.ndarray


@dataclass
class Prover:
    """Finds at once what it says took `cost` seconds, and notes the time that it is given."""

    cost: float
    checking: float = 0.25
    given: list[float] = field(default_factory=list)

    @property
    def effort(self):
        return Effort(1.0, 0.0, math.inf, (4.0, 2.0, 1.5), checking=self.checking, quiet=0)

    def prove(self, Z, kappa, margin, limits):
        self.given.append(limits.budget.left)
        return Found(nodes=1, seconds=self.cost, cost=self.cost, kappa=kappa, Z=Z)


def given(prover, budget, check=0.0):
    rng = np.random.default_rng(0)
    problem = TrainingProblem(rng.normal(size=(8, 2)), rng.normal(size=8), reg=0.1)
    generation = ColumnGeneration(problem, budget)
    limits = Limits(budget)
    for found in tightening_proofs(
        problem, generation, prover, limits, -math.inf, 1.0, lambda *about: None
    ):
        if not isinstance(found, NoProof):
            time.sleep(check)
    return prover.given


def test_until_one_is_measured_it_is_the_provers_guess():
    shares = np.array(given(Prover(cost=0.5), Budget(SECONDS))) / SECONDS
    assert shares == pytest.approx([1 / 1.25] * 3, rel=1e-3)


def test_it_is_what_the_last_one_took():
    first, *rest = np.array(given(Prover(cost=2.0), Budget(SECONDS), check=0.5)) / SECONDS
    assert first == pytest.approx(1 / 1.25, rel=1e-3)
    assert all(share <= 1 / 1.25 * (1 + 1e-9) for share in rest)  # longer, if anything
    quick = np.array(given(Prover(cost=1e5), Budget(SECONDS))) / SECONDS
    assert quick == pytest.approx([1 / 1.25, 1.0, 1.0], rel=1e-3)


def test_checks_are_no_work():
    assert given(Prover(cost=0.5), Budget(work=10.0)) == pytest.approx([10.0] * 3, rel=0.2)
    assert given(Prover(cost=0.5), Budget()) == [math.inf] * 3
