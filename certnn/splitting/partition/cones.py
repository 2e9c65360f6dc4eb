"""The cones that a partition starts from (Theorem 16)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import SolverError

#: Bits of the smallest ray; few, so that exact arithmetic on what grows from it stays quick.
_BITS = 10
#: With more columns the 2ᵏ cones at the start are already too many.
LARGEST_DIMENSION = 12
#: The space is cut into 2 to the power of this many cones before the search; none in the plane.
_FIRST_SPLITS = 8
#: Singular values below this share of the largest one are rounding; rays still fit into float64.
_RANK = 1e-13
#: How far apart singular values are where rays lean towards each other, and how far these lean: no
#: sum of few of them comes close to an axis again.
_FAR, _LEAN = 1e3, 0.5 * (math.sqrt(5.0) - 1.0)
#: Singular values below this share of the least that matters may add up to nothing much.
_NEGLIGIBLE = 0.1


@dataclass(frozen=True, eq=False)
class Basis:
    """Rays that span the space, close to the axes in which Xu is isotropic.

    Attributes
    ----------
    rays : float64 array, shape (k, k)
        Integers; one ray a row. The 2ᵏ cones of ±rays cover the space.
    isotropic : float64 array, shape (k, k)
        Maps u to coordinates whose Euclidean norm is ‖Xu‖.
    """

    rays: FloatArray
    isotropic: FloatArray


@dataclass(frozen=True, eq=False)
class Cone:
    """A cone to search, one of those that cover the space.

    Attributes
    ----------
    rays : float64 array, shape (k, k)
        One ray a row.
    splits : bytes
        The splits of a tree's preorder that come after the cone before this one.
    """

    rays: FloatArray
    splits: bytes


def isotropic_basis(features: FloatArray, least: float = math.inf) -> Basis:
    """The rays u = V_j/s_j of the thin singular value decomposition USVᵀ, rounded to integers.

    In coordinates of Xu angles say how much the activations vary over a cone; splitting the widest
    angle in these is what keeps the partition small.

    Where s_j is far above another s_l that matters, ray j leans towards ray l. For no split has a
    middle in u and one in Xu as well if V_j/s_j itself, which is far shorter than other rays of the
    same ‖Xu‖, is a ray; cones around it come to have rays that are as long as each other in both.

    Parameters
    ----------
    features : float64 array, shape (n, k)
    least : float
        Singular values far below this do not matter: with κ/‖Z‖ no direction scores above κ there.

    Raises
    ------
    SolverError
        If `features`, shape (n, k), has a rank below k, or k is above `LARGEST_DIMENSION`.
    """
    n, columns = features.shape
    if columns > LARGEST_DIMENSION:
        raise SolverError(f"a partition of {columns} dimensions is too large")
    if n >= columns:
        _, singular, vectors = np.linalg.svd(features, full_matrices=False)
        if singular[-1] > _RANK * singular[0]:
            rays = vectors / singular[:, None]
            unit = float(np.min(np.max(np.abs(rays), axis=1)))
            longer = singular[None, :] < singular[:, None] / _FAR
            rays += _LEAN * (longer & (singular > _NEGLIGIBLE * least)) @ rays
            rounded = np.round(rays / unit * 2.0**_BITS)
            return Basis(rounded, singular[:, None] * vectors)
    raise SolverError("a partition needs data of full column rank")


def first_cones(basis: Basis) -> list[Cone]:
    """Cut the space into some hundred cones to be searched one by one, in the order of the tree."""
    columns = basis.rays.shape[0]
    splits = max(0, _FIRST_SPLITS - columns) if columns > 2 else 0
    found = []
    for signs in product((1.0, -1.0), repeat=columns):
        found += list(_halved(np.array(signs)[:, None] * basis.rays, basis, splits, b""))
    return found


def _halved(rays: FloatArray, basis: Basis, times: int, before: bytes) -> Iterator[Cone]:
    from certnn.splitting.partition.search import widest_edge

    if times == 0:
        yield Cone(rays, before)
        return
    edge, a, b, p, q = widest_edge(rays @ basis.isotropic.T, np.zeros(rays.shape[0]))
    middle = p * rays[a] + q * rays[b]
    for replaced, splits in ((b, before + bytes([1 + edge, p, q])), (a, b"")):
        half = rays.copy()
        half[replaced] = middle
        yield from _halved(half, basis, times - 1, splits)
