"""Search all directions of the outputs for cells that prove a dual norm, on several cores."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.certificates import Certificate
from certnn.certificates.directions import bounds, cover
from certnn.certificates.document import cells_certificate
from certnn.errors import SolverError
from certnn.kernel.cell_rounding import RoundedPoints, rounded_direction
from certnn.kernel.exact import exact_matrix, times_transpose
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.ordered_search import Gauge, in_order
from certnn.splitting.prover import Effort, Limits, NoProof

#: Columns beyond which a node takes too long to be worth it.
MOST_COLUMNS = 16
#: Coordinates whose signs are separate searches, so that all cores have work.
_HALVED = 2
#: Share of the slack that is given up to having few directions, and the least slack.
_SPREAD, _LEAST_SLACK = 0.2, 1e-4
#: Bytes of a node for each point: half of the nodes are leaves, of half of the points.
_BYTES_OF_A_POINT = 0.25
#: Nominal seconds of a node for each point and square of the number of moments, and of any.
_A_PRODUCT, _A_NODE = 2e-9, 2e-5
_CLIMB = 100
_TOO_NEAR = "a direction comes too close to its bound"
#: Nodes grow with 1/(kappa/reg − 1) to the power of the columns over this, from what was seen.
_COLUMNS_OF_AN_ORDER = 3.5
#: What to prove, in multiples of reg: in many columns a little less takes many times the nodes.
_FACTORS = (
    *(8.0, 5.0, 3.5, 2.5, 2.0, 1.7, 1.5, 1.35, 1.25, 1.18, 1.12, 1.08, 1.05, 1.03, 1.02, 1.01),
    *(1.0 + m * 10.0**-e for e in range(3, 10) for m in (5.0, 2.0, 1.0)),
)


@dataclass(frozen=True, eq=False)
class Cells:
    """A proof that, in float arithmetic, holds of a dual norm.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
        The Z given, times a power of two.
    directions : bytes
    bounds : float64 array
    rotation : float64 array, shape (k, k)
    tree, codes : bytes
    multipliers : float32 array
        As `certnn.kernel.cells.CellsProof` describes them.
    nodes : int
    seconds : float
        Wall time of the search.
    cost : float
        The same in units of the budget's `now`.
    """

    kappa: float
    Z: FloatArray
    directions: bytes
    bounds: FloatArray
    rotation: FloatArray
    tree: bytes
    codes: bytes
    multipliers: NDArray[np.float32]
    nodes: int
    seconds: float
    cost: float

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file."""
        return cells_certificate(
            problem,
            self.Z,
            self.kappa,
            self.directions,
            self.bounds,
            self.rotation,
            self.tree,
            self.codes,
            self.multipliers,
            about,
        )


class CellsProver:
    """Searches for cells, for the features X of one problem, shape (n, k), and its reg.

    Raises
    ------
    SolverError
        If there are too many columns.
    """

    def __init__(self, features: FloatArray, reg: float) -> None:
        if features.shape[1] > MOST_COLUMNS:
            raise SolverError(f"cells are for at most {MOST_COLUMNS} columns")
        self._features, self._reg = features, reg
        size = features.shape[0] * features.shape[1] ** 4
        # From what was seen on banknote, pima and diabetes.
        order = features.shape[1] / _COLUMNS_OF_AN_ORDER
        self.effort = Effort(1.0, 2e9 / size, 2e11 / size, _FACTORS, order, quiet=0)

    def prove(self, Z: FloatArray, kappa: float, margin: float, limits: Limits) -> Cells | NoProof:
        """See `find_cells`, whose room for rounding is its own."""
        # Where Z is that of an optimal network its dual norm is reg, so that this is the slack.
        slack = max(kappa / self._reg - 1.0, _LEAST_SLACK)
        return find_cells(self._features, Z, kappa, 1.0 + _SPREAD * slack, limits)


def find_cells(
    features: FloatArray, Z: FloatArray, kappa: float, spread: float, limits: Limits
) -> Cells | NoProof:
    """Search for cells that prove ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorem 52).

    Parameters
    ----------
    features : float64 array, shape (n, k)
        Of any rank.
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
    nothing = np.zeros((features.shape[1], 0))
    exponent = math.frexp(float(np.max(np.abs(Z), initial=0.0)))[1]
    x, z = np.ascontiguousarray(features), np.ascontiguousarray(np.ldexp(Z, -exponent))
    kappa = math.ldexp(kappa, -exponent)
    try:
        cones = cover(z.shape[1], spread, limits.budget)
        heights = bounds(cones, kappa, limits.budget)
    except SolverError as error:
        return NoProof(nothing, str(error))
    rotation = principal_axes(x)
    tasks = _tasks(x, z, cones.rays, heights, rotation, min(_HALVED, x.shape[1]))
    if tasks is None:
        return NoProof(nothing, "floats are not enough for it")
    begun, start = time.monotonic(), limits.budget.now
    with threadpool_limits(1):  # every search is a thread; threads of theirs would only wait
        pieces, exceeded, reason = _search(tasks, limits) if tasks else ([], [], "")
    if exceeded:
        means = np.array(exceeded) @ rotation.T
        found = _violators(x, z, kappa, means)
        return NoProof(found, "the bound of a direction is exceeded", near=True)
    if reason:
        return NoProof(nothing, reason, near=reason == _TOO_NEAR)
    return Cells(
        kappa=kappa,
        Z=z,
        directions=cones.tree,
        bounds=heights,
        rotation=rotation,
        tree=_joined(tasks, [tree.tobytes() for tree, _, _, _ in pieces], x.shape[1]),
        codes=b"".join(codes.tobytes() for _, codes, _, _ in pieces),
        multipliers=np.concatenate([np.empty(0, np.float32), *(part[2] for part in pieces)]),
        nodes=sum(nodes for _, _, _, nodes in pieces),
        seconds=time.monotonic() - begun,
        cost=limits.budget.now - start,
    )


def principal_axes(features: FloatArray) -> FloatArray:
    """An orthogonal matrix, (k, k): the principal directions of the rows, the longest first."""
    _, vectors = np.linalg.eigh(features.T @ features)
    axes: FloatArray = np.ascontiguousarray(vectors[:, ::-1])
    return axes


def _tasks(
    x: FloatArray,
    z: FloatArray,
    rays: FloatArray,
    heights: FloatArray,
    rotation: FloatArray,
    halved: int,
) -> list[Any] | None:
    """Of each direction those of the orthants of its first coordinates; None if rounding is
    too much for a direction.
    """
    from certnn.splitting.cells.tree import Task

    (n, k), c = x.shape, z.shape[1]
    turned = times_transpose(
        exact_matrix(x.tobytes(), n, k), exact_matrix(rotation.T.tobytes(), k, k), "auto"
    )
    points, dual = RoundedPoints.of(turned), exact_matrix(z.tobytes(), n, c)
    first, second = np.tril_indices(k)
    tasks = []
    for ray, height in zip(rays.astype(int).tolist(), heights.tolist(), strict=True):
        direction = rounded_direction(points, dual, tuple(ray), height)
        if direction.height <= 0:
            return None
        integers = np.array([point for point, _ in direction.points], np.int64).reshape(-1, k)
        floats: FloatArray = integers.astype(float) * 2.0**-26
        products = floats[:, first] * floats[:, second]
        weights = np.array([weight for _, weight in direction.points], float)
        weights *= 2.0**26 / direction.height
        # The kernel has no tree for a direction in which no point counts.
        for halves in product((0, 1), repeat=halved) if direction.points else ():
            tasks.append(Task(integers, floats, products, weights, np.array(halves, np.int64)))
    return tasks


def _search(
    tasks: Sequence[Any], limits: Limits
) -> tuple[list[tuple[Any, Any, Any, int]], list[FloatArray], str]:
    """What the searches found in the order of the tasks; where a bound is exceeded; or why not."""
    from certnn.splitting.cells.tree import EXCEEDED, FINISHED, search_cells

    def search(task: Any, gauge: Gauge) -> Any:
        return search_cells(task, gauge.stop, gauge.count)

    # One node, so that compiling at the first call does not count as search.
    search(tasks[0], Gauge(np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)))
    budget, (m, k) = limits.budget, tasks[0].points.shape
    cost = _A_NODE + _A_PRODUCT * m * (k * (k + 3) / 2) ** 2
    in_memory = limits.memory / (_BYTES_OF_A_POINT * m + 4 * (k + 1))
    in_budget = budget.work_left / cost
    # Neighbours are alike; in this order the first ones are from all over the space.
    order = [int(number) for number in np.random.default_rng(0).permutation(len(tasks))]
    found: dict[int, tuple[Any, Any, Any, int]] = {}
    for ended in in_order(
        [partial(search, tasks[number]) for number in order], min(in_memory, in_budget), budget
    ):
        short = ended.found is None and not budget.over and in_budget < in_memory
        budget.spend(budget.work_left if short else cost * ended.count)
        if ended.found is None:
            return [], [], "time is up" if budget.over else "it is too large for its memory"
        status, *piece, exceeded = ended.found
        # What comes later in the order does not count, even if it is there already.
        if status == EXCEEDED:
            return [], [exceeded], ""
        if status != FINISHED:
            return [], [], _TOO_NEAR
        found[order[ended.place]] = (*piece,)
    return [found[number] for number in range(len(tasks))], [], ""


def _joined(tasks: Sequence[Any], trees: list[bytes], k: int) -> bytes:
    """The trees of the orthants below the splits of the first coordinates at zero."""
    joined, at = [], 0
    while at < len(tasks):
        halved = tasks[at].halves.size
        for number in range(2**halved):
            # The splits above that have not been written for an orthant before this one.
            new = halved if number == 0 else (number & -number).bit_length() - 1
            joined += [bytes([1 + k + level]) for level in range(halved - new, halved)]
            joined.append(trees[at + number])
        at += 2**halved
    return b"".join(joined)


def _violators(features: FloatArray, Z: FloatArray, kappa: float, means: FloatArray) -> FloatArray:
    """Where the score is above kappa, of the local maxima near the means."""
    from certnn.training.climb import climb_all

    starts = np.ascontiguousarray(means)
    scores = np.zeros(starts.shape[0])
    climb_all(features, Z, starts, scores, _CLIMB)
    return starts[scores > kappa].T
