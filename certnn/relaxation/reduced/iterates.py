"""What our own solvers of the relaxation hand out: one dual point after another, each a bound."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import Products


@dataclass(frozen=True, eq=False)
class DualIterate:
    """A dual point of a `ReducedProblem` that is feasible in float arithmetic.

    Attributes
    ----------
    Z : float64 array, shape (n, c)
        In the units of the reduced problem, as `ReducedProblem.original_point` takes it.
    products : Products
        Multipliers over its m directions.
    bound : float
        What it would prove of the original problem, in that one's units; not proved yet.
    estimate : float
        Of the value of the level, from the primal side: the bound may still rise to about this.
        Infinite where the solver has none.
    moment : float64 array, shape (r + m + c, r + m + c), or None
        Second moments of (u, s, v) in the units of the `Program`, nearly feasible, where the
        solver hands them out.
    """

    Z: FloatArray
    products: Products
    bound: float
    estimate: float
    moment: FloatArray | None = None
