"""Search all cones of a partition for the proof of a dual norm, on several cores."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.search_documents import PartitionDocument
from certnn.errors import SolverError
from certnn.splitting.ordered_search import Gauge, in_limits
from certnn.splitting.partition.cones import Basis, first_cones, isotropic_basis
from certnn.splitting.prover import Effort, Limits, NoProof, Searched
from certnn.training.compiled import read_only

#: Violators to be content with, of one cone and in all.
_ENOUGH_OF_A_CONE, _ENOUGH = 8, 200
#: Bytes of the tree and the witnesses for a node of k rays: 3/2 and 4k/2.
_BYTES_OF_A_NODE, _BYTES_OF_A_RAY = 2, 2
#: Nominal seconds of a node, and what it takes more for each entry of X and output.
_A_NODE, _A_PRODUCT = 5e-7, 1.5e-9


@dataclass(frozen=True, eq=False)
class Partition(PartitionDocument, Searched):
    """A partition that, in float arithmetic, proves a dual norm."""


class PartitionProver:
    """Searches for partitions, for the features X of one problem, shape (n, k).

    Raises
    ------
    SolverError
        If the space cannot be partitioned (`isotropic_basis`).
    """

    def __init__(self, features: FloatArray) -> None:
        isotropic_basis(features)  # raises where there is none
        self._features = features
        # From what was seen on iris and banknote.
        size = features.shape[0]
        self.effort = Effort(growth=1.6, cheap=2e6 / size, most=4e6, checking=0.8)

    def prove(
        self, Z: FloatArray, kappa: float, margin: float, limits: Limits
    ) -> Partition | NoProof:
        """See `find_partition`."""
        size = float(np.linalg.norm(Z))
        basis = isotropic_basis(self._features, kappa / size if size > 0.0 else math.inf)
        return find_partition(self._features, Z, kappa, basis, limits, margin)


def find_partition(
    features: FloatArray,
    Z: FloatArray,
    kappa: float,
    basis: Basis,
    limits: Limits,
    margin: float = 1e-9,
) -> Partition | NoProof:
    """Search for a partition that proves ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorems 15 and 16).

    Parameters
    ----------
    features : float64 array, shape (n, k)
    Z : float64 array, shape (n, c)
    kappa : float
        Positive.
    basis : Basis
        Of the same k.
    limits : Limits
    margin : float
        Room for rounding, a share of kappa² (of `certnn.splitting.partition.leaf.close_leaf`).

    Returns
    -------
    Partition or NoProof
        The same for the same input on any number of cores, unless a limit is met.
    """
    from certnn.splitting.partition.search import PROVED, TOO_DEEP, VIOLATED, search_cone

    x, z = read_only(features), read_only(Z)
    columns = x.shape[1]
    cones = first_cones(basis)

    def search(rays: FloatArray, gauge: Gauge) -> Any:
        return search_cone(
            *(kappa, x, z, basis.isotropic, rays, margin, _ENOUGH_OF_A_CONE),
            *(gauge.stop, gauge.count),
        )

    # One node, so that compiling at the first call does not count as search.
    search(basis.rays, Gauge(np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64)))
    begun, budget = time.monotonic(), limits.budget
    start = budget.now
    cost = _A_NODE + _A_PRODUCT * x.size * z.shape[1]
    bytes_of_a_node = _BYTES_OF_A_NODE + _BYTES_OF_A_RAY * columns
    found: dict[int, Any] = {}
    violators: list[FloatArray] = []
    reason = ""
    searches = [partial(search, cone.rays) for cone in cones]
    try:
        for number, result in in_limits(searches, cost, bytes_of_a_node, limits):
            found[number] = result
            violators.extend(result[4])
            if result[0] == TOO_DEEP:
                reason = "it is too deep"
            if result[0] == VIOLATED:
                reason = "there are neurons that lower the objective"
            # What comes later in the order does not count, even if it is there already.
            if result[0] != PROVED and (result[0] != VIOLATED or len(violators) >= _ENOUGH):
                break
    except SolverError as error:
        reason = str(error)
    if reason:
        rays = np.array(violators).reshape(len(violators), columns).T
        return NoProof(rays / np.linalg.norm(rays, axis=0, keepdims=True), reason)
    pieces = [(cones[number].splits, *found[number][1:3]) for number in range(len(cones))]
    return Partition(
        kappa=kappa,
        Z=z,
        basis=basis.rays,
        tree=b"".join(splits + tree.tobytes() for splits, tree, _ in pieces),
        witnesses=np.concatenate([witnesses for _, _, witnesses in pieces]),
        nodes=sum(found[number][3] for number in found),
        seconds=time.monotonic() - begun,
        cost=budget.now - start,
    )
