"""A moment matrix of many digits as one of integers that satisfies the relaxation exactly."""

from __future__ import annotations

import numpy as np

from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.arithmetic import ExtendedArithmetic
from certnn.relaxation.extended.interior_point import Point
from certnn.relaxation.extended.program import ExtendedProgram
from certnn.relaxation.moments.feasible_moment import FeasibleMoment


def rounded_moment(
    problem: TrainingProblem, program: ExtendedProgram, point: Point
) -> FeasibleMoment:
    """Round L, in the units of the data, to the bits of the arithmetic.

    It is feasible only once `relaxation_upper_bound` has found it so.
    """
    arithmetic = program.arithmetic
    assert isinstance(arithmetic, ExtendedArithmetic)
    r, n, p = program.rank, program.points, len(program.unit)
    a = range(r, r + n)
    sizes = np.ones(p)
    sizes[r : r + n] = program.sizes
    reg = arithmetic.array(np.array([problem.reg]))[0]
    scale = arithmetic.array(np.array([program.target_size]))[0]
    moment = point.moment * (scale * scale / reg)
    exact_sizes = arithmetic.array(sizes)
    moment = moment * exact_sizes[:, None] * exact_sizes[None, :]
    largest = max(np.diag(point.moment) * (scale * scale / reg))
    unit = (arithmetic.magnitude(largest) - arithmetic.bits) // 2 if largest else 0
    scales = [unit + int(np.frexp(size)[1]) for size in sizes]
    entries = tuple(
        arithmetic.fixed(moment[i, j], -scales[i] - scales[j] - arithmetic.bits)
        for i in range(p)
        for j in range(i + 1)
        if not (i == j and i in a)
    )
    return FeasibleMoment(problem, tuple(range(n)), program.basis, tuple(scales), entries)
