"""Symmetric matrices over the forms (a, b, v), by blocks, in numpy or another array library.

Arrays are of any library that follows the array API standard; `namespace` finds its functions.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from certnn.arrays import FloatArray

#: An array of any library that follows the array API standard.
Array = Any


def namespace(array: Array) -> Any:
    """The array API functions for `array`: its own, or those that array_api_compat has for it."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return importlib.import_module("array_api_compat").array_namespace(array)


@dataclass(frozen=True, eq=False)
class FormBlocks:
    """A symmetric matrix of order 2m + c: aa, bb, vv symmetric, ab (m×m), av and bv (m×c)."""

    aa: Array
    ab: Array
    bb: Array
    av: Array
    bv: Array
    vv: Array

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All blocks, in order."""
        return self.aa, self.ab, self.bb, self.av, self.bv, self.vv

    def with_each(self, function: Callable[..., Array], *others: FormBlocks) -> FormBlocks:
        """`function` of the blocks of all arguments, block by block."""
        rows = zip(self.arrays, *(other.arrays for other in others), strict=True)
        return FormBlocks(*(function(*row) for row in rows))

    def __add__(self, other: FormBlocks) -> FormBlocks:
        return self.with_each(lambda x, y: x + y, other)

    def __sub__(self, other: FormBlocks) -> FormBlocks:
        return self.with_each(lambda x, y: x - y, other)

    def __mul__(self, factor: float | FormBlocks) -> FormBlocks:
        if isinstance(factor, FormBlocks):
            return self.with_each(lambda x, y: x * y, factor)
        return self.with_each(lambda x: factor * x)

    def square_sum(self) -> float:
        """The sum of the squares of all (2m + c)² entries."""
        xp = namespace(self.aa)
        counts = (1.0, 2.0, 1.0, 2.0, 2.0, 1.0)
        return sum(
            count * float(xp.sum(x * x)) for count, x in zip(counts, self.arrays, strict=True)
        )


@dataclass(frozen=True, eq=False)
class FormMap:
    """Between matrices over (u, s, v), a − b = Xu and a + b = 2s, and matrices over the forms.

    Attributes
    ----------
    rows : array, shape (m, r)
        The directions x_i: a_i = s_i + ½x_iᵀu, b_i = s_i − ½x_iᵀu.
    """

    rows: Array

    def values(self, matrix: Array) -> FormBlocks:
        """fᵢᵀ·matrix·fⱼ for all forms; `matrix` is symmetric of order r + m + c."""
        m, r = self.rows.shape
        half = 0.5 * (self.rows @ matrix[:r, :])
        even = matrix[r : r + m, r : r + m]
        cross = half[:, r : r + m]
        uu = 0.5 * (half[:, :r] @ self.rows.T)
        sv, uv = matrix[r : r + m, r + m :], half[:, r + m :]
        same, odd = even + uu, cross + cross.T
        return FormBlocks(
            same + odd,
            (even - uu) + (cross - cross.T),
            same - odd,
            sv + uv,
            sv - uv,
            matrix[r + m :, r + m :],
        )

    def matrix(self, blocks: FormBlocks) -> Array:
        """Σ blocks_ij·fᵢ·fⱼᵀ over all forms, symmetric of order r + m + c: adjoint to `values`."""
        x, xp = self.rows, namespace(self.rows)
        same, mixed = blocks.aa + blocks.bb, blocks.ab + blocks.ab.T
        turned = (blocks.aa - blocks.bb) + (blocks.ab - blocks.ab.T)
        us = 0.5 * (x.T @ turned)
        uu = 0.25 * (x.T @ ((same - mixed) @ x))
        uv, sv = 0.5 * (x.T @ (blocks.av - blocks.bv)), blocks.av + blocks.bv
        return xp.concat(
            [
                xp.concat([uu, us, uv], axis=1),
                xp.concat([us.T, same + mixed, sv], axis=1),
                xp.concat([uv.T, sv.T, blocks.vv], axis=1),
            ],
            axis=0,
        )


def outer_blocks(weights: FloatArray, m: int) -> FormBlocks:
    """w_i·w_j for weights, shape (2m + c,), of the forms."""
    a, b, v = weights[:m], weights[m : 2 * m], weights[2 * m :]
    pairs = ((a, a), (a, b), (b, b), (a, v), (b, v), (v, v))
    return FormBlocks(*(x[:, None] * y[None, :] for x, y in pairs))
