"""The value of the relaxation of a small instance, proved to as many digits as are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from threadpoolctl import threadpool_limits

from certnn.budget import budgeted
from certnn.certificates import Certificate
from certnn.certificates.proved import require_lower
from certnn.errors import InputError, SolverError
from certnn.kernel import Bound
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.certificate import certify_extended, decimal_below
from certnn.relaxation.extended.interior_point import Point
from certnn.relaxation.extended.moment import rounded_moment
from certnn.relaxation.extended.program import ExtendedProgram
from certnn.relaxation.extended.solver import solve_extended
from certnn.relaxation.moments.feasible_moment import (
    FeasibleMoment,
    Infeasible,
    relaxation_upper_bound,
)
from certnn.relaxation.moments.lifted_setting import require_lifted_setting

#: Most digits: those of the exponents of float64 and of a certificate's claim are not unlimited.
MOST_DIGITS = 100
#: Most points, and most variables r + n + c.
MOST_POINTS, MOST_VARIABLES = 20, 60


@dataclass(frozen=True, eq=False)
class Refinement:
    """The value of the level dnn between two exact numbers.

    Attributes
    ----------
    bound : Bound
        Made by the kernel: no network of any width has a smaller objective.
    certificate : Certificate
        Its proof, in numbers that are sums of doubles.
    moment : FeasibleMoment
        A moment matrix that satisfies the relaxation exactly.
    seconds : float
        Wall time.
    above : Fraction
        The objective of the moment matrix: no proof by this relaxation gives more. It bounds the
        relaxation's value, not the training objective.

    Raises
    ------
    InputError
        If the bound is no lower one on the moment matrix's problem, or by another certificate.
    certnn.relaxation.moments.feasible_moment.Infeasible
        If the moment matrix does not satisfy the relaxation.
    """

    bound: Bound
    certificate: Certificate
    moment: FeasibleMoment
    seconds: float
    above: Fraction = field(init=False)

    def __post_init__(self) -> None:
        require_lower("bound", self.bound, self.moment.problem.instance(), self.certificate)
        object.__setattr__(self, "above", relaxation_upper_bound(self.moment))

    @property
    def digits(self) -> int:
        """The most k with above − bound ≤ 10⁻ᵏ·above: so many digits of the value are proved."""
        if self.above <= self.bound.value:
            return MOST_DIGITS
        ratio, count = self.above / (self.above - self.bound.value), 0
        while ratio >= 10 ** (count + 1):
            count += 1
        return min(count, MOST_DIGITS)

    @property
    def decimal(self) -> str:
        """The bound in decimals, rounded down to the digits that are proved."""
        return str(decimal_below(self.bound.value, max(self.digits, 1)))

    def __str__(self) -> str:
        return (
            f"training objective >= {self.decimal}, the relaxation's value to {self.digits} digits"
        )


def refine(
    problem: TrainingProblem,
    digits: int = 30,
    *,
    time_limit: float | None = None,
    work_limit: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Refinement:
    """Prove the value of the level dnn, as a bound on every network, to so many digits.

    The dual side becomes a certificate (Theorems 3, 9 and 10), the primal side an exactly feasible
    moment matrix (Theorem 34). Floats, then mpmath find them; neither is believed.

    Parameters
    ----------
    problem : TrainingProblem
        With the half-squared loss, no output bias and no free hidden one; at most 20 points, none
        of them zero or parallel to another one.
    digits : int
        From 1 to 100.
    time_limit : float or None
        Seconds; without success by then nothing is proved.
    work_limit : float or None
        The same in nominal seconds, as in `certnn.lower_bound`.
    progress : callable or None
        Told what is going on.

    Raises
    ------
    InputError
        If the problem is of another kind or too large, or `digits` is out of range.
    SolverError
        If rows are zero or parallel, all targets are zero, or no such proof is found in time.
    KeyboardInterrupt
        On Ctrl-C.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0, 0.0], [1.0, 1.0]], [1.0, 2.0], reg=0.1)
    >>> found = certnn.refine(problem, digits=12)
    >>> found.digits >= 12, found.decimal[:14]
    (True, '0.138998702998')
    """
    start = time.monotonic()
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MOST_DIGITS:
        raise InputError("digits", f"must be an integer from 1 to {MOST_DIGITS}, got {digits!r}")
    require_lifted_setting(problem)
    n, columns = problem.features.shape
    if n > MOST_POINTS or min(n, columns) + n + problem.c > MOST_VARIABLES:
        raise InputError(
            "X",
            f"extended precision is for at most {MOST_POINTS} points and {MOST_VARIABLES} "
            f"variables, here are {n} and {min(n, columns) + n + problem.c}",
        )
    if not problem.Y.any():
        raise SolverError("the targets are zero, so that there is nothing to solve")
    with threadpool_limits(1):
        program, point = _solved(problem, digits, time_limit, work_limit, progress)
        about = {"level": "dnn", "solver": f"certnn extended precision, {digits} digits"}
        certified = certify_extended(problem, program, point, digits, about)
    moment = rounded_moment(problem, program, point)
    try:
        return Refinement(certified.bound, certified.certificate, moment, time.monotonic() - start)
    except Infeasible as error:
        raise SolverError(f"no exactly feasible moment matrix was found: {error}") from None


def _solved(
    problem: TrainingProblem,
    digits: int,
    time_limit: float | None,
    work_limit: float | None,
    progress: Callable[[str], None] | None,
) -> tuple[ExtendedProgram, Point]:
    with budgeted(time_limit, work_limit) as budget:
        try:
            return solve_extended(problem, digits, budget, progress or (lambda text: None))
        except SolverError:
            if budget.stopped:
                raise KeyboardInterrupt from None
            raise
