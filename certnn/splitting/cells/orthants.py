"""The searches of all orthants in all directions of the outputs, and what they go on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.kernel.cell_rounding import RoundedPoints, rounded_direction
from certnn.kernel.exact import exact_matrix
from certnn.kernel.outputs import weights_of
from certnn.splitting.cells.task import Grown, Task
from certnn.splitting.directed import DirectedClaim
from certnn.splitting.ordered_search import Gauge, InOrder, in_limits, in_order
from certnn.splitting.prover import Limits

if TYPE_CHECKING:
    from certnn.splitting.cells.earlier import Part, Trees

#: Bytes of a node for each point: half of the nodes are leaves, of half of the points; and for each
#: number that a leaf has.
_BYTES_OF_A_POINT, _BYTES_OF_A_NUMBER = 0.25, 2.0
#: Nominal seconds of a node for each point and square of the number of moments, for each point, and
#: of any; and what of it one takes that is taken over from an earlier tree.
_A_PRODUCT, _A_POINT, _A_NODE, _EARLIER = 2.3e-10, 1.8e-7, 5e-5, 0.03
TOO_NEAR = "a direction comes too close to its bound"


@dataclass(frozen=True, eq=False)
class Direction:
    """The searches in one direction of the outputs.

    Attributes
    ----------
    ray : tuple of int
        The direction, or the first of those that are the same in integers.
    height : int
        Its bound in integers, which is 1 for the tasks.
    tasks : list of Task
        Of the orthants of the first coordinates.
    """

    ray: tuple[int, ...]
    height: int
    tasks: list[Task]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the searches have come to.

    Attributes
    ----------
    grown : list of list of (Grown, int)
        If all is proved, the trees and how many nodes they have; of each direction and orthant.
    exceeded : array, shape (k,), or None
        Where the bound of a direction is exceeded.
    reason : str
        Why not all is proved, or "".
    trees : Trees
        All that there are now, for the next searches to go on from.
    """

    grown: list[list[tuple[Grown, int]]]
    exceeded: FloatArray | None
    reason: str
    trees: Trees


def halves(halved: int) -> list[Any]:
    """Of each orthant the halves of the first coordinates: 0 for the negative one, 1 for the other.

    In the order in which a tree has them.
    """
    return [np.array(half, np.int64) for half in product((0, 1), repeat=halved)]


def directions(
    claim: DirectedClaim, points: RoundedPoints, halved: int
) -> tuple[list[Direction], list[int]]:
    """The searches for what is claimed.

    Parameters
    ----------
    claim : DirectedClaim
    points : RoundedPoints
        Turned.
    halved : int
        Coordinates whose signs are separate searches, so that all cores have work.

    Returns
    -------
    list of Direction
        One for all directions that are the same in integers.
    list of int
        Of each direction of the claim the place of its own.

    Raises
    ------
    SolverError
        If rounding is too much for a direction.
    """
    (n, c), k = claim.Z.shape, len(points.rows[0])
    dual = exact_matrix(claim.Z.tobytes(), n, c)
    found: list[Direction] = []
    places: dict[tuple[int, bytes], int] = {}
    numbers: list[int] = []
    rays = claim.cones.rays.astype(int).tolist()
    for ray, bound in zip(rays, claim.bounds.tolist(), strict=True):
        direction = rounded_direction(points, weights_of(dual, ray), bound)
        if direction.height <= 0:
            raise SolverError("floats are not enough for it")
        rows = [[*point, weight] for point, weight in direction.points]
        whole = np.array(rows, np.int64).reshape(-1, k + 1)
        place = places.setdefault((direction.height, whole.tobytes()), len(found))
        numbers.append(place)
        if place < len(found):
            continue
        weights = whole[:, k].astype(float) * (2.0**26 / direction.height)
        # The kernel has no tree for a direction in which no point counts.
        orthants = halves(halved) if direction.points else []
        whole_sphere = Task.of(whole[:, :k], weights, np.empty(0, np.int64), points.free)
        tasks = [whole_sphere._replace(halves=half) for half in orthants]
        found.append(Direction(tuple(ray), direction.height, tasks))
    return found, numbers


def search_all(
    searched: Sequence[Direction],
    Z: FloatArray,
    earlier: Trees,
    limits: Limits,
    run: InOrder = in_order,
) -> Outcome:
    """Search in every direction, side by side.

    Parameters
    ----------
    searched : sequence of Direction
    Z : float64 array, shape (n, c)
        Theirs.
    earlier : Trees
        What to go on from.
    limits : Limits
    run : callable
        Where: on all cores if nothing is said.
    """
    from certnn.splitting.cells.earlier import NOTHING, Part, Trees
    from certnn.splitting.cells.tree import EXCEEDED, FINISHED

    tasks: list[Task] = []
    before: list[Part] = []
    for own in searched:
        nearest = earlier.nearest(own.ray)
        for number, task in enumerate(own.tasks):
            nothing = Part(Z, own.ray, own.height, NOTHING)
            before.append(nearest[number] if nearest else nothing)
            tasks.append(task)
    heights = [(own.ray, own.height) for own in searched for _ in own.tasks]
    starts = [part.start(Z, *at) for part, at in zip(before, heights, strict=True)]

    found: dict[int, tuple[Grown, int]] = {}
    exceeded, reason = None, ""
    if tasks:
        # One node, so that compiling at the first call does not count as search.
        _search(tasks[0], NOTHING, 1.0, Gauge(np.zeros(1, np.int64), np.ones(1, np.int64)))
        m, k = tasks[0].points.shape
        pairs = k * (k + 1) // 2
        cost = _A_NODE + m * (_A_POINT + _A_PRODUCT * (k + pairs) ** 2)
        size = _BYTES_OF_A_POINT * m + _BYTES_OF_A_NUMBER * (2 * k + pairs + 7)
        limits.budget.spend(_EARLIER * cost * sum(grown.tree.size for grown, _ in starts))
        left = replace(limits, memory=max(limits.memory - earlier.size, 0.0))
        searches = [partial(_search, task, *at) for task, at in zip(tasks, starts, strict=True)]
        try:
            for number, (status, *piece, unit) in in_limits(searches, cost, size, left, run):
                # What comes later in the order does not count, even if it is there already.
                if status != FINISHED:
                    exceeded, reason = (unit, "") if status == EXCEEDED else (None, TOO_NEAR)
                    break
                found[number] = (piece[0], piece[1])
        except SolverError as error:
            reason = str(error)
    parts = [
        Part(Z, *at, found[number][0]) if number in found else before[number]
        for number, at in enumerate(heights)
    ]
    rest, grown = iter(parts), iter([found[number] for number in sorted(found)])
    complete = exceeded is None and not reason
    return Outcome(
        [[next(grown) for _ in own.tasks] for own in searched] if complete else [],
        exceeded,
        reason,
        Trees(tuple(tuple(next(rest) for _ in own.tasks) for own in searched if own.tasks)),
    )


def _search(task: Task, grown: Grown, ratio: float, gauge: Gauge) -> Any:
    """At the top of the module, since it may run in other processes."""
    from certnn.splitting.cells.tree import search_cells

    return search_cells(task, grown, ratio, gauge.stop, gauge.count)
