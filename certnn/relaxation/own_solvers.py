"""Our own solvers of the relaxation, and the name under which users choose them."""

from __future__ import annotations

from collections.abc import Iterator

from certnn.certificate.dual_point import IndexArray, Products
from certnn.errors import SolverError
from certnn.relaxation.block import block_points
from certnn.relaxation.interior_point import interior_point
from certnn.relaxation.iterates import DualIterate
from certnn.relaxation.reduced_problem import ReducedProblem
from certnn.relaxation.worker import OWN

#: The interior point's matrices grow with the square of this.
_DIRECTIONS_UP_TO = 500


def solver_name(groups: list[IndexArray] | None) -> str:
    """Name of the solver that `iterates` runs."""
    return f"{OWN} interior point" if groups is None else f"{OWN} interior point of groups"


def iterates(
    reduced: ReducedProblem, groups: list[IndexArray] | None, start: Products | None = None
) -> Iterator[DualIterate]:
    """Dual points of the level block with these groups, or of dnn without, one after another.

    `start` are multipliers of a neighbouring problem with the same directions.

    Raises
    ------
    SolverError
        If there are too many directions for the level dnn.
    """
    if groups is not None:
        return block_points(reduced, groups, start=start)
    if reduced.directions.count > _DIRECTIONS_UP_TO:
        raise SolverError(
            f"the interior point takes up to {_DIRECTIONS_UP_TO} directions of data, here are "
            f"{reduced.directions.count}"
        )
    return interior_point(reduced, start=start)
