"""Bounds from our own solvers of the relaxation, certified as they rise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from certnn.certificate import Certified, certify
from certnn.certificate.dual_point import IndexArray, Products
from certnn.errors import SolverError
from certnn.problem import TrainingProblem
from certnn.relaxation.iterates import DualIterate
from certnn.relaxation.own_solvers import iterates, solver_name
from certnn.relaxation.reduced_problem import reduce_problem
from certnn.relaxation.solver_figure import SolverFigure

#: A bound is certified on the way if it has risen by this share, and if certifying takes no more
#: than this share of the time since the last one, in which a second is the least.
_RISE, _SHARE, _LEAST_SECONDS = 0.02, 0.2, 1.0
#: Time to keep for certifying at the end, in units of what it took before.
_KEPT = 1.5


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

    def certified(
        self,
        deadline: float,
        enough: Callable[[float], bool],
        tell: Callable[[str], None],
        about: dict[str, str],
    ) -> Iterator[Certified]:
        """Certify the bound now and then while it rises, and at the end.

        Parameters
        ----------
        deadline : float
            Time of `time.monotonic` by which the last one should be certified.
        enough : callable
            Whether a bound is good enough to end with.
        tell : callable
            Told what is going on.
        about : dict of str
            For the certificates.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C, when what was reached by then is certified and taken.
        SolverError
            If the solver reaches no dual point.
        """
        reduced = reduce_problem(self._problem)
        self.solver = solver_name(self._groups, reduced)
        about = about | {"solver": self.solver}
        known, since, cost = -math.inf, time.monotonic(), 0.0
        stopped = False

        def proof() -> Certified:
            nonlocal known, since, cost
            assert self.last is not None
            known, start = self.last.bound, time.monotonic()
            tell(f"{self._level}: proving")
            found = certify(
                self._problem, reduced.original_point(self.last.Z, self.last.products), about
            )
            since = time.monotonic()
            cost = since - start
            return found

        try:
            for iterate in iterates(reduced, self._groups, self._start):
                if self.last is None or iterate.bound > self.last.bound:
                    self.last = iterate
                tell(f"{self._level}: {self.last.bound:.6g} to be proved")
                if enough(self.last.bound) or time.monotonic() + _KEPT * cost > deadline:
                    break
                risen = self.last.bound > known + _RISE * abs(known) or known == -math.inf
                waited = time.monotonic() - since
                if risen and waited > max(cost / _SHARE, _LEAST_SECONDS):
                    yield proof()
            else:
                self._finished = True
        except KeyboardInterrupt:
            stopped = True
        if self.last is None:
            if stopped:
                raise KeyboardInterrupt
            raise SolverError("the solver found no dual point")
        if self.last.bound > known:
            yield proof()
        if stopped:
            raise KeyboardInterrupt
