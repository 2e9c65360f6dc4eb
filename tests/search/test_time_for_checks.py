"""What the check of a proof takes is kept back from its search."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

import certnn
from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.proving import tightening_proofs
from certnn.search.levels.rising import Rising
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


@pytest.mark.parametrize(
    ("share", "proving", "is_proved"),
    [(0.9, 10.0, False), (0.9, 1.0, True), (1.1, 10.0, True)],
    ids=["no better, and long", "no better, but soon done", "better"],
)
def test_what_is_no_better_than_what_is_proved_is_not_certified_late(share, proving, is_proved):
    problem, checked = TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1), []
    known = certnn.lower_bound(problem, "shor")
    best = Certified(known.certificate, known.bound)
    context = Context(problem, Goal(Budget(work=5.0)), best=best)

    def prove(iterate):
        checked.append(iterate.bound)
        return best

    run, bound = Rising(context, "dnn", prove, proving), share * known.value
    proofs = run.proofs(iter([SimpleNamespace(bound=bound)]))
    if is_proved:
        assert len([*proofs]) == 1
        assert checked == [bound]
    else:
        with pytest.raises(SolverError, match="less than is proved"):
            next(proofs)
        assert checked == []


def test_dnn_is_not_begun_where_its_proof_alone_would_overrun_the_limit():
    """Its first point is above shor here."""
    rng, budget = np.random.default_rng(0), Budget(work=1.0)
    X = np.abs(rng.standard_normal((600, 18))) + 2.0
    problem = TrainingProblem(X, np.sign(X[:, 0] - np.mean(X[:, 0])), reg=1e-3)
    found = certnn.lower_bound(problem, "dnn", budget=budget)
    assert found.level == "shor"
    assert [note for note in found.notes if "longer than the time left" in note]
    assert budget.worked < 1.0
