"""Search all directions of the outputs for the proof of a dual norm, on several cores."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.certificates.search_documents import PhasesDocument
from certnn.errors import SolverError
from certnn.splitting.directed import directed_claim, spread_for
from certnn.splitting.ordered_search import in_limits
from certnn.splitting.phases.pairs import exact_signs
from certnn.splitting.prover import Effort, Limits, NoProof, Searched

if TYPE_CHECKING:
    from certnn.splitting.phases.preparation import Task
    from certnn.splitting.phases.tree import PhaseTree

#: Partners that each point chooses; more of them close leaves sooner but take longer.
_NEAREST = 2
#: Of the multipliers of a node.
_BYTES_OF_A_POINT = 12
#: Nominal seconds of a node for each entry of X.
_AN_ENTRY = 3e-6
#: The same of the preparation of a direction, and for each pair of points and column.
_A_DIRECTION, _A_PAIR = 1e-4, 2e-9


@dataclass(frozen=True, eq=False)
class PhaseTrees(PhasesDocument, Searched):
    """Phase trees that, in float arithmetic, prove a dual norm: that of Z times a power of two."""


class PhasesProver:
    """Searches for phase trees, for the features X of one problem, shape (n, k), and its reg."""

    def __init__(self, features: FloatArray, reg: float) -> None:
        self._features, self._reg = features, reg
        # From what was seen on pima and ionosphere.
        size = features.size
        self.effort = Effort(growth=2.5, cheap=1e5 / size, most=1.2e7 / size)

    def prove(
        self, Z: FloatArray, kappa: float, margin: float, limits: Limits
    ) -> PhaseTrees | NoProof:
        """See `find_phases_proof`, whose room for rounding is its own."""
        if not limits.budget.limited:
            bytes_of_a_node = _BYTES_OF_A_POINT * self._features.shape[0]
            most = self.effort.growth * self.effort.most * bytes_of_a_node
            limits = Limits(limits.budget, min(limits.memory, most))
        return find_phases_proof(self._features, Z, kappa, spread_for(kappa, self._reg), limits)


def find_phases_proof(
    features: FloatArray,
    Z: FloatArray,
    kappa: float,
    spread: float,
    limits: Limits,
    nearest: int = _NEAREST,
) -> PhaseTrees | NoProof:
    """Search for phase trees that prove ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorems 18 and 19).

    Parameters
    ----------
    features : float64 array, shape (n, d)
        Of any rank.
    Z : float64 array, shape (n, c)
    kappa : float
        Positive.
    spread : float
        Above 1: in a direction of the outputs kappa/spread is proved, or a little more. A small
        spread takes many directions, a large one much work for each, and beyond a limit no proof is
        possible.
    limits : Limits
        Time and memory.
    nearest : int
        Points that every point is compared to.

    Returns
    -------
    PhaseTrees or NoProof
        The same for the same input on any number of cores, unless a limit is met.
    """
    from certnn.splitting.phases.preparation import prepare_direction, prepare_points
    from certnn.splitting.phases.tree import compile_search

    nothing = np.zeros((features.shape[1], 0))
    try:
        claim = directed_claim(features, Z, kappa, spread, limits.budget)
        x, z, rays, heights = claim.features, claim.Z, claim.cones.rays, claim.bounds
        points, signs = prepare_points(x), exact_signs(z, rays)
        tasks = []
        for k, ray in enumerate(rays):
            if limits.budget.over:
                return NoProof(nothing, "time is up")
            limits.budget.spend(_A_DIRECTION + _A_PAIR * x.shape[0] * x.size)
            tasks.append(prepare_direction(points, z, ray, signs[:, k], float(heights[k]), nearest))
    except SolverError as error:
        return NoProof(nothing, str(error))
    compile_search(tasks[0])
    begun, start = time.monotonic(), limits.budget.now
    with threadpool_limits(1):  # every direction is a thread; threads of theirs would only wait
        trees, reason = _search(tasks, limits)
    exceeded = [tree.exceeded for tree in trees.values() if tree.exceeded is not None]
    if exceeded:
        means = np.array(exceeded) @ points.basis
        return NoProof(claim.violators(means), "the bound of a direction is exceeded")
    if reason:
        return NoProof(nothing, reason)
    ordered = [trees[k] for k in range(len(tasks))]
    pairs = [task.pairs for task in tasks]
    return PhaseTrees(
        kappa=claim.kappa,
        Z=z,
        directions=claim.cones.tree,
        bounds=heights,
        splits=np.concatenate([tree.splits for tree in ordered]),
        pair_counts=np.array([pair.first.size for pair in pairs], dtype=np.uint32),
        first=np.concatenate([pair.first for pair in pairs]).astype(np.uint32),
        second=np.concatenate([pair.second for pair in pairs]).astype(np.uint32),
        signs=np.concatenate([pair.sign for pair in pairs]).astype(np.int32),
        ratios=np.concatenate([pair.ratio for pair in pairs]),
        multipliers=np.concatenate([tree.multipliers for tree in ordered]),
        nodes=sum(tree.splits.size for tree in ordered),
        seconds=time.monotonic() - begun,
        cost=limits.budget.now - start,
    )


def _search(tasks: list[Task], limits: Limits) -> tuple[dict[int, PhaseTree], str]:
    """The phase trees of the tasks, and why there are not all of them, or ""."""
    from certnn.splitting.phases.tree import search_direction

    points = tasks[0].direction.points
    trees: dict[int, PhaseTree] = {}
    searches = [partial(search_direction, task) for task in tasks]
    cost, size = _AN_ENTRY * points.size, _BYTES_OF_A_POINT * points.shape[0]
    try:
        for number, tree in in_limits(searches, cost, size, limits):
            trees[number] = tree
            # What comes later in the order does not count, even if it is there already.
            if not tree.finished:
                return trees, "a direction comes too close to its bound"
    except SolverError as error:
        return trees, str(error)
    return trees, ""
