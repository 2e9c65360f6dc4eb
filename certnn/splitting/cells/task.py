"""What is to be proved in one orthant of weight space, and a tree of boxes for it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray


class Task(NamedTuple):
    """Σ σ_i (x_iᵀy)₊ ≤ 1 for |y| = 1, on one of the orthants of the first coordinates.

    Attributes
    ----------
    points : int64 array, shape (m, k)
        x_i as `certnn.kernel.cell_rounding.RoundedDirection` has them.
    floats : float64 array, shape (m, k)
        The same times 2⁻²⁶.
    products : float64 array, shape (m, k(k + 1)/2)
        x_ia x_ib of the same for a ≥ b.
    weights : float64 array, shape (m,)
        σ_i over the bound of the direction.
    halves : int64 array
        Of each of the first coordinates: 0 for the negative half, 1 for the positive one.
    free : int
        So many last coordinates of y are no part of its length, and between −1 and 1.
    """

    points: IndexArray
    floats: FloatArray
    products: FloatArray
    weights: FloatArray
    halves: IndexArray
    free: int

    @classmethod
    def of(
        cls, points: NDArray[np.signedinteger], weights: FloatArray, halves: IndexArray, free: int
    ) -> Task:
        """With `floats` and `products` of the points."""
        integers = np.ascontiguousarray(points, np.int64)
        first, second = np.tril_indices(integers.shape[1])
        floats: FloatArray = integers.astype(float) * 2.0**-26
        return cls(integers, floats, floats[:, first] * floats[:, second], weights, halves, free)

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process goes what `of` takes: a tenth and less of it, in many columns."""
        short = self.points.astype(np.int32)  # of at most 26 bits and a sign
        return Task.of, (short, self.weights, self.halves, self.free)


class Grown(NamedTuple):
    """A tree, and of its leaves what they prove and where Newton's method was; or no tree yet.

    Attributes
    ----------
    tree : uint8 array
        As the kernel's ``FORMAT.md`` describes it.
    counts : int32 array, shape (leaves,)
        How many codes each leaf has.
    codes : uint8 array
    levels : float64 array, shape (leaves,)
        What each proves in place of 1. None of a tree for another sum, of which nothing else
        counts but its splits.
    multipliers : float32 array
        In units of the levels, as they are, k + 1 for each leaf.
    moments : float32 array
        For each leaf 1 + k + k(k + 1)/2, as `certnn.splitting.cells.moments` writes them.
    """

    tree: NDArray[np.uint8]
    counts: NDArray[np.int32]
    codes: NDArray[np.uint8]
    levels: FloatArray
    multipliers: NDArray[np.float32]
    moments: NDArray[np.float32]


def splits_above(number: int, halved: int, columns: int) -> list[int]:
    """The splits of the first coordinates that come before an orthant's tree, and before no other.

    Parameters
    ----------
    number : int
        Of the orthant, as `certnn.splitting.cells.orthants.halves` has them.
    halved : int
        Coordinates that are halved.
    columns : int
    """
    above = halved if number == 0 else (number & -number).bit_length() - 1
    return [1 + columns + level for level in range(halved - above, halved)]
