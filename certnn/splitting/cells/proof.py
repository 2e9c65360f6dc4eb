"""Search all directions of the outputs for cells that prove a dual norm, on several cores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice, product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import thread_count
from certnn.certificates.search_documents import CellsDocument
from certnn.errors import SolverError
from certnn.kernel.cell_rounding import RoundedPoints, rounded_direction, turned
from certnn.kernel.document import LARGEST_FILE
from certnn.kernel.exact import exact_matrix
from certnn.kernel.instance import beside_radius
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work
from certnn.problem.bias_ball import BiasBall
from certnn.splitting.directed import DirectedClaim, directed_claim, spread_for
from certnn.splitting.ordered_search import Gauge, in_limits
from certnn.splitting.prover import Effort, Limits, NoProof, Searched

#: Columns beyond which a node takes too long to be worth it.
MOST_COLUMNS = 16
#: Coordinates whose signs are separate searches, so that all cores have work.
_HALVED = 2
#: Bytes of a node for each point: half of the nodes are leaves, of half of the points.
_BYTES_OF_A_POINT = 0.25
#: Nominal seconds of a node for each point and square of the number of moments, and of any.
_A_PRODUCT, _A_NODE = 2e-9, 2e-5
_TOO_NEAR = "a direction comes too close to its bound"
#: Nodes grow with 1/(kappa/reg − 1) to the power of the columns over this, from what was seen.
_COLUMNS_OF_AN_ORDER = 3.5
#: Of a core's time for a node of one column, what its check takes; falls with the columns.
_CHECKING = 4.5
#: What to prove, in multiples of reg: in many columns a little less takes many times the nodes.
_FACTORS = (
    *(8.0, 5.0, 3.5, 2.5, 2.0, 1.7, 1.5, 1.35, 1.25, 1.18, 1.12, 1.08, 1.05, 1.03, 1.02, 1.01),
    *(1.0 + m * 10.0**-e for e in range(3, 10) for m in (5.0, 2.0, 1.0)),
)


@dataclass(frozen=True, eq=False)
class Cells(CellsDocument, Searched):
    """Cells that, in float arithmetic, prove a dual norm: that of Z times a power of two."""


class CellsProver:
    """Searches for cells, for the features X of one problem, shape (n, k), and its reg.

    With a ball around the points the last column, of equal numbers, is that of a free hidden bias,
    and ‖u‖ is without it.

    Raises
    ------
    SolverError
        If there are too many columns.
    """

    def __init__(self, features: FloatArray, reg: float, ball: BiasBall | None = None) -> None:
        if features.shape[1] > MOST_COLUMNS:
            raise SolverError(f"cells are for at most {MOST_COLUMNS} columns")
        self._features, self._reg, self._ball = features, reg, ball
        size = features.shape[0] * features.shape[1] ** 4
        # From what was seen on banknote, pima and diabetes.
        order = features.shape[1] / _COLUMNS_OF_AN_ORDER
        checking = thread_count() * _CHECKING / features.shape[1] ** 1.5
        self.effort = Effort(1.0, 2e9 / size, 2e11 / size, _FACTORS, order, checking, quiet=0)

    def prove(self, Z: FloatArray, kappa: float, margin: float, limits: Limits) -> Cells | NoProof:
        """See `search`, whose room for rounding is its own."""
        return self.search(Z, kappa, spread_for(kappa, self._reg), limits)

    def search(self, Z: FloatArray, kappa: float, spread: float, limits: Limits) -> Cells | NoProof:
        """Search for cells that prove ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorem 52).

        Parameters
        ----------
        Z : float64 array, shape (n, c)
        kappa : float
            Positive.
        spread : float
            Above 1: in a direction of the outputs kappa/spread is proved, or a little more.
        limits : Limits
            Time and memory.

        Returns
        -------
        Cells or NoProof
            The same for the same input on any number of cores, unless a limit is met.
        """
        nothing, columns = np.zeros((self._features.shape[1], 0)), self._features.shape[1]
        try:
            claim = directed_claim(self._features, Z, kappa, spread, limits.budget)
            points, rotation = self._turned
            searched, number_of = _tasks(claim, points, min(_HALVED, rotation.shape[0]))
        except SolverError as error:
            return NoProof(nothing, str(error))
        begun, start = time.monotonic(), limits.budget.now
        tasks = [task for own in searched for task in own]
        with threadpool_limits(1):  # every search is a thread; threads of theirs would only wait
            pieces, exceeded, reason = _search(tasks, limits) if tasks else ({}, None, "")
        if exceeded is not None:
            turned_back = rotation @ exceeded[: rotation.shape[0]]
            if self._ball is not None:
                bias = self._ball.radius * exceeded[-1] - self._ball.center @ turned_back
                turned_back = np.append(turned_back, bias / claim.features[0, -1])
            found = claim.violators(turned_back[None])
            return NoProof(found, "the bound of a direction is exceeded", near=True)
        if reason:
            return NoProof(nothing, reason, near=reason == _TOO_NEAR)
        rest = iter([pieces[number] for number in range(len(tasks))])
        proved = [list(islice(rest, len(own))) for own in searched]
        by_direction = [proved[number] for number in number_of]
        ordered = [piece for own in by_direction for piece in own]
        return Cells(
            kappa=claim.kappa,
            Z=claim.Z,
            directions=claim.cones.tree,
            bounds=claim.bounds,
            ball=self._ball,
            rotation=rotation,
            tree=b"".join(
                _joined([tree.tobytes() for tree, _, _, _ in own], columns) for own in by_direction
            ),
            codes=b"".join(codes.tobytes() for _, codes, _, _ in ordered),
            multipliers=np.concatenate([np.empty(0, np.float32), *(part[2] for part in ordered)]),
            nodes=sum(nodes for _, _, _, nodes in ordered),
            seconds=time.monotonic() - begun,
            cost=limits.budget.now - start,
        )

    @cached_property
    def _turned(self) -> tuple[RoundedPoints, FloatArray]:
        """The points in the coordinates of the kernel, and the rotation to them."""
        ball = self._ball
        X = np.ascontiguousarray(self._features if ball is None else self._features[:, :-1])
        rotation = principal_axes(X if ball is None else X - ball.center)
        work, exact = Work(LARGEST_FILE), exact_matrix(X.tobytes(), *X.shape)
        try:
            if ball is not None:
                exact = beside_radius(exact, ball.exact(), work)
            axes = exact_matrix(rotation.tobytes(), *rotation.shape)
            return turned(exact, axes, work, "auto"), rotation
        except Rejected as error:
            raise SolverError("floats are not enough for it") from error


def principal_axes(features: FloatArray) -> FloatArray:
    """An orthogonal matrix, (k, k): the principal directions of the rows, the longest first."""
    _, vectors = np.linalg.eigh(features.T @ features)
    axes: FloatArray = np.ascontiguousarray(vectors[:, ::-1])
    return axes


def _tasks(
    claim: DirectedClaim, points: RoundedPoints, halved: int
) -> tuple[list[list[Any]], list[int]]:
    """Of each direction those of the orthants of its first coordinates.

    Returns
    -------
    list of list of Task
        One list for all directions that are the same in integers.
    list of int
        Of each direction the place of its own.

    Raises
    ------
    SolverError
        If rounding is too much for a direction.
    """
    from certnn.splitting.cells.tree import Task

    (n, c), k = claim.Z.shape, len(points.rows[0])
    dual = exact_matrix(claim.Z.tobytes(), n, c)
    first, second = np.tril_indices(k)
    tasks: list[list[Any]] = []
    places: dict[tuple[int, bytes], int] = {}
    numbers: list[int] = []
    rays = claim.cones.rays.astype(int).tolist()
    for ray, height in zip(rays, claim.bounds.tolist(), strict=True):
        direction = rounded_direction(points, dual, tuple(ray), height)
        if direction.height <= 0:
            raise SolverError("floats are not enough for it")
        rows = [[*point, weight] for point, weight in direction.points]
        whole = np.array(rows, np.int64).reshape(-1, k + 1)
        place = places.setdefault((direction.height, whole.tobytes()), len(tasks))
        numbers.append(place)
        if place < len(tasks):
            continue
        integers = np.ascontiguousarray(whole[:, :k])
        floats: FloatArray = integers.astype(float) * 2.0**-26
        products = floats[:, first] * floats[:, second]
        weights = whole[:, k].astype(float) * (2.0**26 / direction.height)
        # The kernel has no tree for a direction in which no point counts.
        halves = product((0, 1), repeat=halved) if direction.points else ()
        tasks.append(
            [
                Task(integers, floats, products, weights, np.array(half, np.int64), points.free)
                for half in halves
            ]
        )
    return tasks, numbers


def _search(
    tasks: Sequence[Any], limits: Limits
) -> tuple[dict[int, list[Any]], FloatArray | None, str]:
    """What the searches found by their numbers; where a bound is exceeded; why not all, or ""."""
    from certnn.splitting.cells.tree import EXCEEDED, FINISHED, search_cells

    def search(task: Any, gauge: Gauge) -> Any:
        return search_cells(task, gauge.stop, gauge.count)

    # One node, so that compiling at the first call does not count as search.
    search(tasks[0], Gauge(np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)))
    m, k = tasks[0].points.shape
    cost = _A_NODE + _A_PRODUCT * m * (k * (k + 3) / 2) ** 2
    size = _BYTES_OF_A_POINT * m + 4 * (k + 1)
    searches = [partial(search, task) for task in tasks]
    found: dict[int, list[Any]] = {}
    try:
        for number, (status, *piece, exceeded) in in_limits(searches, cost, size, limits):
            # What comes later in the order does not count, even if it is there already.
            if status == EXCEEDED:
                return found, exceeded, ""
            if status != FINISHED:
                return found, None, _TOO_NEAR
            found[number] = piece
    except SolverError as error:
        return found, None, str(error)
    return found, None, ""


def _joined(trees: list[bytes], k: int) -> bytes:
    """The trees of the orthants below the splits of the first coordinates at zero."""
    joined, halved = [], len(trees).bit_length() - 1
    for number, tree in enumerate(trees):
        # The splits above that have not been written for an orthant before this one.
        new = halved if number == 0 else (number & -number).bit_length() - 1
        joined += [bytes([1 + k + level]) for level in range(halved - new, halved)]
        joined.append(tree)
    return b"".join(joined)
