"""Our own solvers of the relaxation, and the name under which users choose them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.first_order import first_order, precisions_on
from certnn.relaxation.interior.block import block_points
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.modelled.worker import OWN
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: The matrices of the interior point grow with the square of its unknowns: c + 1 for each
#: direction, and products. From this many on the first-order method proves more in less time.
_UNKNOWNS_UP_TO = 1500


def solver_name(
    groups: list[IndexArray] | None,
    reduced: ReducedProblem | None = None,
    device: str | None = None,
) -> str:
    """Name of the solver that `iterates` runs; without `reduced`, as for a small problem."""
    if groups is not None:
        return f"{OWN} interior point of groups"
    if device is not None:
        return f"{OWN} first-order on {device}"
    if reduced is not None and is_large(reduced):
        return f"{OWN} first-order"
    return f"{OWN} interior point"


def iterates(
    reduced: ReducedProblem,
    groups: list[IndexArray] | None,
    budget: Budget,
    start: Products | None = None,
    begin: Sequence[DualIterate] | None = None,
    device: str | None = None,
) -> Iterator[DualIterate]:
    """Dual points of the level block with these groups, or of dnn without, one after another.

    Their work is counted in the budget; when to end is the caller's choice. `start` are multipliers
    of a neighbouring problem with the same directions, and `begin` is what the first-order method
    begins with (`certnn.relaxation.first_order.first_order`). On a device of PyTorch that method
    runs whatever the size; groups do not use it.

    Raises
    ------
    InputError
        If the device cannot be used.
    SolverError
        If the data are too badly scaled.
    """
    if groups is not None:
        return block_points(reduced, groups, budget, start=start)
    if device is not None or is_large(reduced):
        return first_order(reduced, budget, likes=precisions_on(device), start=start, begin=begin)
    return interior_point(reduced, budget, start=start)


def is_large(reduced: ReducedProblem) -> bool:
    """Whether all products are for the first-order method, as with others than plain problems."""
    unknowns = reduced.directions.count * (reduced.outputs + 1)
    others = reduced.loss != HALF_SQUARED or reduced.bias_decay is not None
    return others or unknowns > _UNKNOWNS_UP_TO
