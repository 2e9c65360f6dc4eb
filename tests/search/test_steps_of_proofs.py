"""Proofs that grow from each other come in steps that use the budget, whatever they cost."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.proving import tightening_proofs
from certnn.search.levels.tightening import Cells
from certnn.splitting.prover import Effort, Limits, NoProof, Searched
from certnn.training import ColumnGeneration

FACTORS = tuple(1.0 + 7.0 * 0.98**m for m in range(1100))


@dataclass(frozen=True, eq=False)
class Found(Searched):
    kappa: float
    Z: np.ndarray


@dataclass
class Growing:
    """Its nodes grow faster than it says; a search takes what is new, and is lost if cut short."""

    order: float
    told: float
    nodes: int = 0
    spent: float = 0.0

    @property
    def effort(self):
        return Effort(1.0, 0.0, math.inf, FACTORS, self.told, checking=0.0, quiet=0, leap=2.0)

    def prove(self, Z, kappa, margin, limits):
        nodes = max(self.nodes, round(100.0 * (7.0 / (kappa - 1.0)) ** self.order))
        cost = 1e-3 * (nodes - self.nodes)
        if limits.budget.left < cost:
            limits.budget.spend(limits.budget.left)
            return NoProof(Z[:, :0], "time is up")
        limits.budget.spend(cost)
        self.nodes, self.spent = nodes, self.spent + cost
        return Found(nodes=nodes, seconds=cost, cost=cost, kappa=kappa, Z=Z)


def proofs(prover, budget):
    rng = np.random.default_rng(0)
    problem = TrainingProblem(rng.normal(size=(8, 2)), rng.normal(size=8), reg=1.0)
    generation = ColumnGeneration(problem, Budget())
    found = tightening_proofs(
        problem, generation, prover, Limits(budget), -math.inf, 1.0, lambda *about: None
    )
    return [*found]


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 6.0), st.floats(0.5, 1.0), st.floats(10.0, 1e4))
def test_most_of_a_budget_is_used(order, told, work):
    prover = Growing(order, told * order)
    *some, last = proofs(prover, Budget(work=work))
    assert isinstance(last, NoProof)
    assert prover.spent > 0.6 * work
    assert some[-1].nodes == prover.nodes  # the largest is handed out


def test_what_has_not_grown_much_is_not_handed_out():
    handed = [found.nodes for found in proofs(Growing(3.0, 3.0), Budget(work=1000.0))[:-1]]
    assert 3 <= len(handed) <= 12
    assert all(later >= 3 * one for one, later in pairwise(handed[:-1]))


@pytest.mark.parametrize("before", [0.0, 100.0])
def test_growth_that_was_seen_is_expected_again(before):
    effort = Effort(1.0, 0.0, math.inf, order=2.0)
    seen = effort.seen(before, 2.0, 800.0, 1.5)
    assert seen.order == pytest.approx(3.0 if before else 2.0)
    assert effort.seen(before, 2.0, 100.0, 1.5).order == 2.0
    assert Effort(8.0, 0.0, math.inf).seen(before, 2.0, 800.0, 1.5).order == 0.0


def test_cells_that_prove_something_in_their_trial_have_all_the_time():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    target = np.maximum(X[:, 0], 0.0) - np.maximum(X[:, 1], 0.0) + 0.1 * rng.standard_normal(30)
    problem = TrainingProblem(X, target, 1.0)

    def proved(trial):
        budget, bounds = Budget(work=1.0), []
        with suppress(SolverError):
            for found in Cells(trial=trial).proofs(Context(problem, Goal(budget))):
                bounds.append(found.bound.value)
        return bounds, budget.worked

    bounds, spent = proved(0.1)
    assert len(bounds) >= 2
    assert spent > 0.1
    assert proved(1.0) == (bounds, spent)
    nothing, spent = proved(1e-3)
    assert nothing == []
    assert spent < 0.1
