"""Bounds from our own solvers of the relaxation, certified as they rise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from certnn.budget import Budget
from certnn.certificates import Certified, certify
from certnn.certificates.dual_point import IndexArray, Products
from certnn.errors import SolverError
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.own_solvers import iterates, solver_name
from certnn.relaxation.reduced.reduced_problem import reduce_problem

#: A bound is certified on the way if it has risen by this share, and if certifying takes no more
#: than this share of what was spent since the last one, of which a second is the least.
_RISE, _SHARE, _LEAST = 0.02, 0.2, 1.0
#: What to keep for certifying at the end, in units of what it took before.
_KEPT = 1.5
#: Nominal seconds of certifying, for each third power of the order of a matrix.
_A_CUBE = 5e-8


class OwnRun:
    """One run of one of our solvers on one level.

    Parameters
    ----------
    problem : TrainingProblem
    level : str
    groups : list of int arrays or None
        Of directions, at the level block.
    start : Products or None
        Of directions: multipliers to begin with, from a neighbouring problem.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        level: str,
        groups: list[IndexArray] | None,
        start: Products | None,
    ) -> None:
        self._problem, self._level, self._groups, self._start = problem, level, groups, start
        self._begun = time.monotonic()
        self._finished = False
        self.solver = solver_name(self._groups)
        self.last: DualIterate | None = None

    @property
    def figures(self) -> list[SolverFigure]:
        """What the solver says itself; empty if it has said nothing yet."""
        if self.last is None:
            return []
        return [
            SolverFigure(
                solver=self.solver,
                version=version("certnn"),
                formulation=f"{self._level}, reduced",
                status="optimal" if self._finished else "stopped",
                primal_value=self.last.estimate if self._finished else None,
                dual_value=self.last.bound,
                seconds=time.monotonic() - self._begun,
                settings="",
            )
        ]

    def _proof_cost(self) -> float:
        """Nominal seconds of certifying: of matrices for each group, or one for all points."""
        order = self._problem.features.shape[1] + self._problem.c
        sizes = [len(group) for group in self._groups or ()] or [self._problem.n]
        return _A_CUBE * sum(float(size + order) ** 3 for size in sizes)

    def certified(
        self,
        budget: Budget,
        enough: Callable[[float], bool],
        tell: Callable[[str], None],
        about: dict[str, str],
    ) -> Iterator[Certified]:
        """Certify the bound now and then while it rises, and at the end.

        Parameters
        ----------
        budget : Budget
            In which the last one should be certified; where somebody asks to stop, what was
            reached by then is.
        enough : callable
            Whether a bound is good enough to end with.
        tell : callable
            Told what is going on.
        about : dict of str
            For the certificates.

        Raises
        ------
        SolverError
            If the solver reaches no dual point.
        """
        reduced = reduce_problem(self._problem)
        self.solver = solver_name(self._groups, reduced)
        about = about | {"solver": self.solver}
        known, since, cost, step = -math.inf, budget.now, self._proof_cost(), 0.0

        def proof() -> Certified:
            nonlocal known, since, cost
            assert self.last is not None
            known, start = self.last.bound, budget.now
            tell(f"{self._level}: proving")
            found = certify(
                self._problem, reduced.original_point(self.last.Z, self.last.products), about
            )
            budget.spend(self._proof_cost())
            since = budget.now
            cost = since - start
            return found

        began = budget.now
        for iterate in iterates(reduced, self._groups, budget, self._start):
            step, began = budget.now - began, budget.now
            if self.last is None or iterate.bound > self.last.bound:
                self.last = iterate
            tell(f"{self._level}: {self.last.bound:.6g} to be proved")
            if enough(self.last.bound) or not budget.affords(step + _KEPT * cost):
                break
            risen = self.last.bound > known + _RISE * abs(known) or known == -math.inf
            if risen and budget.now - since > max(cost / _SHARE, _LEAST):
                yield proof()
                began = budget.now
        else:
            self._finished = True
        if self.last is None:
            raise SolverError("the solver found no dual point")
        if self.last.bound > known:
            yield proof()
