"""Which points of opposite signs to compare, and exact signs of products."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray

#: A product of this share of the product of the lengths may have either sign in floats.
_UNCERTAIN = 1e-12


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of points (i, j) to compare (x_iᵀu)₊ with (x_jᵀu)₊, i < n of positive weight.

    Attributes
    ----------
    first, second : int64 array, shape (k,)
        i, of positive weight, and j, of negative weight.
    sign : int64 array, shape (k,)
        1 if x_i and x_j are at an acute angle, else −1.
    ratio : float64 array, shape (k,)
        |x_i|/|x_j|, but for rounding.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    sign: NDArray[np.int64]
    ratio: FloatArray


def nearest_pairs(
    points: FloatArray, lengths: FloatArray, signs: NDArray[np.int64], nearest: int
) -> Pairs:
    """Pair every point with those of the other sign that are most nearly parallel to it.

    Parameters
    ----------
    points : array, shape (n, d)
        Unit vectors.
    lengths : array, shape (n,)
        What the data's rows are longer than these by.
    signs : int array, shape (n,)
        Of the weights; points with 0 are in no pair.
    nearest : int
        Partners that each point chooses.
    """
    cosines = points @ points.T
    chosen = set()
    for mine, others in ((1, -1), (-1, 1)):
        candidates = np.flatnonzero(signs == others)
        for i in np.flatnonzero(signs == mine):
            order = np.argsort(-np.abs(cosines[i, candidates]), kind="stable")
            for j in candidates[order[:nearest]]:
                chosen.add((i, j) if mine == 1 else (j, i))
    pairs = np.array(sorted(chosen), dtype=np.int64).reshape(len(chosen), 2)
    first, second = pairs[:, 0], pairs[:, 1]
    # Of few bits, which keeps exact arithmetic on it quick.
    ratio = (lengths[first] / lengths[second]).astype(np.float32).astype(np.float64)
    sign = np.where(cosines[first, second] > 0.0, 1, -1)
    return Pairs(first, second, sign, ratio)


def exact_signs(left: FloatArray, right: FloatArray) -> NDArray[np.int64]:
    """Signs of left·rightᵀ as if there were no rounding.

    Parameters
    ----------
    left : array, shape (n, k)
    right : array, shape (m, k)

    Returns
    -------
    int64 array, shape (n, m)
    """
    products = left @ right.T
    sizes = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)
    signs = np.sign(products).astype(np.int64)
    nonzero = np.any(left != 0.0, axis=1)[:, None] & np.any(right != 0.0, axis=1)
    for i, j in np.argwhere((np.abs(products) <= _UNCERTAIN * sizes) & nonzero):
        terms = zip(left[i].tolist(), right[j].tolist(), strict=True)
        exact = sum(Fraction(a) * Fraction(b) for a, b in terms)
        signs[i, j] = (exact > 0) - (exact < 0)
    return signs
