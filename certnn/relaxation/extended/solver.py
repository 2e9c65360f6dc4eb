"""From data to a primal-dual point of the relaxation whose objectives agree to many digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log2

import numpy as np

from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.arithmetic import (
    Arithmetic,
    ExtendedArithmetic,
    FloatArithmetic,
    Numbers,
)
from certnn.relaxation.extended.interior_point import (
    Point,
    balanced_moment,
    centred_point,
    first_multipliers,
    interior_point_steps,
    largest_residual,
    relative_gap,
)
from certnn.relaxation.extended.program import ExtendedProgram, make_extended_program

#: Relative gap from which on floats hand over.
_FLOAT_GAP = 1e-8
#: Pairs are kept where y/ν is above this share of the usual: at a gap of 1e-8 it is 1e+8 or 1e-8.
_IN_PLAY = 1e-6
#: Digits beyond those that are asked for, in the gap; bits of the arithmetic for each digit of it.
_MORE_DIGITS, _BITS = 3, 3.0 * log2(10.0)
_MOST_FLOAT_STEPS, _MOST_STEPS, _MOST_ROUNDS = 300, 150, 5
#: Nominal seconds of a step, in floats and in extended precision.
_A_STEP, _A_LONG_STEP = 5e-3, 0.1


def solve_extended(
    problem: TrainingProblem, digits: int, budget: Budget, tell: Callable[[str], None]
) -> tuple[ExtendedProgram, Point]:
    """A point whose objectives agree to some more than `digits` digits.

    Floats find a point near the optimum and the pairs that matter there; extended precision goes
    on from there with these alone. L at the other pairs is looked at in the end, and those at
    which it is not positive join.

    Raises
    ------
    SolverError
        If the rows are zero or parallel, the steps come to a halt, or the budget is over.
    """
    gap = 10.0 ** -(digits + _MORE_DIGITS)
    extended = ExtendedArithmetic(int(_BITS * (digits + _MORE_DIGITS)) + 64)
    whole = make_extended_program(problem, extended)
    floats = whole.rounded(FloatArithmetic())
    y = first_multipliers(floats)
    silent = _no_network(whole, floats, y)
    if silent is not None:
        return whole, silent
    start = centred_point(floats, y)
    point = _by_floats(floats, start, budget)
    silent = _no_network(whole, floats, point.y)
    if silent is not None:
        return whole, silent
    in_play = _pairs_in_play(floats, point)
    for _ in range(_MOST_ROUNDS):
        smaller, near = _restricted(floats, in_play, point, start)
        near = _in_arithmetic(_by_floats(smaller, near, budget), extended)
        program = whole.selected(in_play)
        last, moment = _in_extended_precision(program, near, gap, budget, tell)
        values = program.form_values(moment)
        low = values[whole.first[whole.signed :], whole.second[whole.signed :]] <= 0
        missing = np.setdiff1d(np.flatnonzero(low), in_play)
        if not missing.size:
            return program, replace(last, moment=moment)
        in_play = np.union1d(in_play, missing)
    raise SolverError("the products that matter at the optimum were not found")


def _no_network(whole: ExtendedProgram, floats: ExtendedProgram, y: Numbers) -> Point | None:
    """The optimum where reg is so large that outputs of zero are best: ζ = η and L = 0."""
    trial = np.concatenate([floats.targets, y[floats.fits :]])
    if floats.arithmetic.root(floats.dual_matrix(trial)) is None:
        return None
    exact = whole.arithmetic.array(trial)
    exact[: whole.fits] = whole.targets
    zero = np.zeros(len(whole.unit))
    return Point(
        exact,
        whole.arithmetic.array(np.diag(zero)),
        whole.arithmetic.array(np.zeros(whole.first.size - whole.signed)),
    )


def _pairs_in_play(program: ExtendedProgram, point: Point) -> IndexArray:
    y, slack = point.y[program.signed :], point.slack
    if not y.size:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(y / np.max(y) > _IN_PLAY * slack / np.max(slack))


def _restricted(
    program: ExtendedProgram, pairs: IndexArray, point: Point, start: Point
) -> tuple[ExtendedProgram, Point]:
    """The program with these pairs alone, and an interior point between the two."""
    kept = np.concatenate([np.arange(program.signed), program.signed + pairs])
    smaller = program.selected(pairs)
    share = 1e-6
    while share < 1.0:
        mixed = (1.0 - share) * point.y[kept] + share * start.y[kept]
        if program.arithmetic.root(smaller.dual_matrix(mixed)) is not None:
            return smaller, Point(mixed, point.moment, point.slack[pairs])
        share *= 2.0
    return smaller, Point(start.y[kept], start.moment, start.slack[pairs])


def _in_arithmetic(point: Point, arithmetic: Arithmetic) -> Point:
    return replace(
        point,
        y=arithmetic.array(point.y),
        moment=arithmetic.array(point.moment),
        slack=arithmetic.array(point.slack),
    )


def _by_floats(program: ExtendedProgram, start: Point, budget: Budget) -> Point:
    """The point with the smallest gap, as far as floats go."""
    best, best_gap = start, float("inf")
    for count, point in enumerate(interior_point_steps(program, start, exact=False)):
        gap = max(relative_gap(program, point), largest_residual(program, point))
        if gap < best_gap:
            best, best_gap = point, gap
        budget.spend(_A_STEP)
        if gap <= _FLOAT_GAP or count == _MOST_FLOAT_STEPS or budget.over:
            break
    return best


def _in_extended_precision(
    program: ExtendedProgram,
    start: Point,
    enough: float,
    budget: Budget,
    tell: Callable[[str], None],
) -> tuple[Point, Numbers]:
    """A point whose gap is small enough, and its moment matrix balanced and positive."""
    gap = float("inf")
    for count, point in enumerate(interior_point_steps(program, start, exact=True)):
        gap = relative_gap(program, point)
        tell(f"extended precision: relative gap {gap:.1e}")
        if gap <= enough:
            moment = balanced_moment(program, point.moment)
            values = program.values(program.form_values(moment))[program.signed :]
            if program.arithmetic.root(moment) is not None and not np.any(values <= 0):
                return point, moment
        budget.spend(_A_LONG_STEP)
        if budget.over:
            raise SolverError(f"time was up at a relative gap of {gap:.1e}")
        if count == _MOST_STEPS:
            break
    raise SolverError(f"the interior point method stopped at a relative gap of {gap:.1e}")
