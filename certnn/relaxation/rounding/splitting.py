"""The paper's rounding: three-operator splitting of a factor of Λ.

    minimise ½‖WWᵀ − Λ‖²_F   over columns (α, β, u, v) of W with α − β = Xu,
                             α, β ≥ 0 and α_i β_i = 0

by the scheme of Davis and Yin ("A three-operator splitting scheme and its optimization
applications", 2017), as Prakhya, Birdal and Yurtsever (ICLR 2025) use it. The second set is not
convex, so that nothing is promised but that fixed points are in both sets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.rounding.lifted_space import LiftedSpace

#: Step over ‖Λ‖_F⁻¹. The slope of the distance changes by up to about 4‖Λ‖ a unit, and the scheme
#: wants less than two over that.
STEP = 0.3
#: The paper's own, with which the columns do not settle.
PAPER_STEP = 1.0
_ITERATIONS, _SETTLED = 1000, 1e-5


@dataclass(frozen=True, eq=False)
class Split:
    """Where the iteration stopped.

    Attributes
    ----------
    columns : ndarray, shape (2n + columns + c, R)
        W with α − β = Xu.
    disagreement : float
        ‖W − W'‖_F/‖W‖_F, W' the last point of the other set: zero at a fixed point.
    iterations : int
    """

    columns: FloatArray
    disagreement: float
    iterations: int


def split(
    space: LiftedSpace, start: FloatArray, step: float = STEP, max_iterations: int = _ITERATIONS
) -> Split:
    """Davis–Yin splitting from a factor of Λ, all columns at once.

    Parameters
    ----------
    space : LiftedSpace
        Λ and the two sets, in units in which its blocks have trace one.
    start : ndarray, shape (2n + columns + c, R)
        A factor of Λ, such as `LiftedSpace.factor` or a rotation of it. Columns of zeros stay.
    step : float
        In units of 1/‖Λ‖_F.
    max_iterations : int
        At least 1. It stops earlier where the two sets agree to five digits.
    """
    size = float(np.linalg.norm(space.matrix))
    step = step / size if size > 0.0 else 0.0
    point = start
    iterations, disagreement = 0, math.inf
    while iterations < max_iterations and disagreement > _SETTLED:
        W = space.in_range(point)
        slope = 2.0 * (W @ (W.T @ W) - space.matrix @ W)
        other = space.complementary(2.0 * W - point - step * slope)
        point = point + (other - W)
        length = float(np.linalg.norm(W))
        disagreement = float(np.linalg.norm(other - W)) / (length or 1.0)
        iterations += 1
    return Split(W, disagreement, iterations)
