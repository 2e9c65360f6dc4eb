"""Search all cones of a partition for the proof of a dual norm, on several cores."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.partition.cones import Basis

_POLL = 0.1
#: More nodes than this in one of the cones would not fit a certificate that anyone checks.
_NODE_LIMIT = 20_000_000


@dataclass(frozen=True, eq=False)
class Partition:
    """A partition that, in float arithmetic, proves a dual norm.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
    basis : Basis
    tree : bytes
    witnesses : uint32 array
        As `certnn.kernel.partition.PartitionProof` describes them.
    nodes : int
    seconds : float
        Of the search.
    """

    kappa: float
    Z: FloatArray
    basis: Basis
    tree: bytes
    witnesses: NDArray[np.uint32]
    nodes: int
    seconds: float


@dataclass(frozen=True, eq=False)
class NoPartition:
    """Why there is none.

    Attributes
    ----------
    violators : float64 array, shape (k, v)
        Unit directions u, one a column, with ‖Zᵀ(Xu)₊‖ above kappa: neurons that lower the
        objective. No column if the search was stopped, or came to the limit of its depth.
    """

    violators: FloatArray


def find_partition(
    features: FloatArray, Z: FloatArray, kappa: float, basis: Basis, deadline: float
) -> Partition | NoPartition:
    """Search for a partition that proves ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorems 15 and 16).

    Parameters
    ----------
    features : float64 array, shape (n, k)
    Z : float64 array, shape (n, c)
    kappa : float
        Positive.
    basis : Basis
        Of the same k.
    deadline : float
        Time of `time.monotonic` at which to stop.

    Returns
    -------
    Partition or NoPartition
        The same for the same input, unless the time runs out.

    Raises
    ------
    KeyboardInterrupt
        After the search has been stopped.
    """
    from certnn.partition.search import PROVED, VIOLATED, search_cone

    stop = np.zeros(1, dtype=np.int64)
    columns = features.shape[1]
    x, z = np.ascontiguousarray(features), np.ascontiguousarray(Z)
    # One node, so that compiling at the first call does not count as search.
    search_cone(kappa, x, z, basis.isotropic, basis.rays, stop, 1)
    begun = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        searches: list[Future[Any]] = [
            pool.submit(
                search_cone,
                kappa,
                x,
                z,
                basis.isotropic,
                np.array(signs)[:, None] * basis.rays,
                stop,
                _NODE_LIMIT,
            )
            for signs in product((1.0, -1.0), repeat=columns)
        ]
        try:
            while wait(searches, timeout=_POLL).not_done:
                if time.monotonic() > deadline:
                    stop[0] = 1
        except BaseException:
            stop[0] = 1
            raise
    found = [search.result() for search in searches]
    if any(status != PROVED for status, *_ in found):
        rays = [ray for status, _, _, _, ray in found if status == VIOLATED]
        violators = np.array(rays).reshape(len(rays), columns).T
        return NoPartition(violators / np.linalg.norm(violators, axis=0, keepdims=True))
    return Partition(
        kappa=kappa,
        Z=z,
        basis=basis,
        tree=b"".join(tree.tobytes() for _, tree, _, _, _ in found),
        witnesses=np.concatenate([witnesses for _, _, witnesses, _, _ in found]),
        nodes=sum(nodes for _, _, _, nodes, _ in found),
        seconds=time.monotonic() - begun,
    )
