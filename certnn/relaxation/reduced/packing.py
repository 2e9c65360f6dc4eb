"""Symmetric matrices as vectors."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.training.compiled import compiled


class Packing:
    """Symmetric matrices of order q as vectors with the same inner product.

    Attributes
    ----------
    size : int
        Entries of a vector.
    """

    def __init__(self, order: int) -> None:
        self._rows, self._columns = np.triu_indices(order)
        self._order = order
        self.size = self._rows.size
        self._scale = np.where(self._rows == self._columns, 1.0, np.sqrt(2.0))

    def packed(self, matrix: FloatArray) -> FloatArray:
        """The vector of a symmetric matrix."""
        vector: FloatArray = self._scale * matrix[self._rows, self._columns]
        return vector

    def unpacked(self, vector: FloatArray) -> FloatArray:
        """The symmetric matrix of a vector."""
        matrix = np.zeros((self._order, self._order))
        matrix[self._rows, self._columns] = vector / self._scale
        matrix[self._columns, self._rows] = vector / self._scale
        return matrix

    def outer(self, left: FloatArray, right: FloatArray) -> FloatArray:
        """ghᵀ + hgᵀ for the rows g of `left` and h of `right`, one a row."""
        out = np.empty((left.shape[0], self._rows.size))
        start = 0
        for i in range(self._order):  # along the rows of the upper triangle
            stop = start + self._order - i
            np.multiply(left[:, i:], right[:, i, None], out=out[:, start:stop])
            out[:, start:stop] += right[:, i:] * left[:, i, None]
            start = stop
        out *= self._scale
        return out

    def products(self, vectors: FloatArray, first: IndexArray, second: IndexArray) -> FloatArray:
        """ghᵀ + hgᵀ for pairs of rows of `vectors`, one a row."""
        return self.outer(vectors[first], vectors[second])

    def kronecker(self, matrix: FloatArray, other: FloatArray | None = None) -> FloatArray:
        """The map Ω ↦ ½(matrix·Ω·other + other·Ω·matrix), both symmetric; `other` is `matrix`."""
        i, j = self._rows, self._columns
        if other is None:
            out = self.outer(matrix[i], matrix[j])
        else:
            out = self.outer(matrix[i], other[j])
            out += self.outer(other[i], matrix[j])
            out *= 0.5
        out *= 0.5 * self._scale[:, None]
        return out

    def kroneckers(self, vectors: FloatArray, matrices: FloatArray) -> FloatArray:
        """Σₖ of `kronecker` for vₖvₖᵀ, v a row of `vectors`, and the k-th of the `matrices`."""
        i, j = self._rows, self._columns
        out = np.empty((self.size, self.size))
        start = 0
        for row in range(self._order):  # along the rows of the upper triangle, for all k at once
            stop = start + self._order - row
            along = vectors[:, row, None] * vectors
            both = np.tensordot(along, matrices[:, row:], (0, 0)).swapaxes(0, 1)
            square = vectors[:, row:, None] * vectors[:, None]
            both = both + np.tensordot(matrices[:, row], square, (0, 0)).swapaxes(0, 1)
            out[start:stop] = both[:, i, j] + both[:, j, i]
            start = stop
        out *= 0.25 * self._scale[:, None] * self._scale
        return out


@compiled
def add_kronecker(matrix: FloatArray, out: FloatArray) -> None:
    """Add `Packing.kronecker` of a symmetric matrix to the lower triangle of `out`."""
    order, root = matrix.shape[0], np.sqrt(2.0)
    k = 0
    for i in range(order):
        for j in range(i, order):
            scale = 0.5 if i == j else 0.5 * root
            place = 0
            for x in range(i + 1):
                for y in range(x, order):
                    if place > k:
                        break
                    entry = matrix[i, x] * matrix[j, y] + matrix[i, y] * matrix[j, x]
                    out[k, place] += scale * entry * (1.0 if x == y else root)
                    place += 1
            k += 1
