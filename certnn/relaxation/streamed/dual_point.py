"""From the moments of streamed lifts to a dual point for the rows, with short multipliers.

Of a lift with σ_i > 0 the product a_i·b_i has the multiplier −σ_i/τ_i, and of one with σ_i < 0

    |σ_i|·ρa_i − ½|σ_i|·t((1 + θ₀)ρ + θᵀu) = a_i(sρ + rᵀu) + b_i(s′ρ − rᵀu),  s + s′ = |σ_i|.

What a_i is multiplied by cancels there, so that a small multiple of a_i² has to be left. Z and the
products with the norm are whole multiples of one power of two: then it cancels exactly, and the
kernel's integers are short.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.directions import Cover
from certnn.certificates.dual_point import IndexArray, Products
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.relaxation.shor.chunks import Chunk, Chunks
from certnn.relaxation.streamed.responses import Moments

#: Bits of the largest entry of Z, and of a multiplier of a_i·b_i.
_BITS, _SHORT = 31, 14
#: What is left of a_i², beside |σ_i| over the norm of the row; and σ_i, beside the largest.
_LEFT, _NO_SIGMA = 2.0**-26, 2.0**-20
#: How much shorter than s vectors r are.
_WITHIN = 1.0 - 2.0**-40


@dataclass(frozen=True, eq=False)
class _Answers:
    """Of the points of a chunk: Z, what a_i·b_i is subtracted times, and products with the norm.

    Attributes
    ----------
    Z : float64 array, shape (m, c)
    squares : float64 array, shape (ℓ, m)
    points : list of int64 arrays
        Of each lift those with σ < 0.
    norms : list of float64 arrays, shape (·, 2, r + 1)
        Of each lift r and s of their a, and then of their b.
    """

    Z: FloatArray
    squares: FloatArray
    points: list[IndexArray]
    norms: list[FloatArray]


def regions_point(chunks: Chunks, of: Cover, moments: Moments, scale: float) -> RegionsPoint:
    """The dual point of all rows.

    Parameters
    ----------
    chunks : Chunks
    of : Cover
        Whose rays are along the directions of the moments.
    moments : Moments
    scale : float
        Z is so many times the residual.
    """
    largest = scale * max(chunks.each(_largest_residual, moments)) or 1.0
    unit = float(np.exp2(np.ceil(np.log2(largest)) - _BITS))
    answers = list(chunks.each(_answers, moments, of.rays, scale, unit))
    Z = np.concatenate([part.Z for part in answers])
    starts = np.cumsum([0, *(len(part.Z) for part in answers)])
    leaves = []
    for ray in range(len(of.rays)):
        below = [part.points[ray] + start for part, start in zip(answers, starts[:-1], strict=True)]
        norms = np.concatenate([part.norms.pop(0) for part in answers])
        forms = np.concatenate(below)[:, None] + np.array([0, len(Z)])
        used = norms[:, :, -1] > 0.0
        squares = np.concatenate([part.squares[ray] for part in answers])
        leaves.append(
            RegionLeaf(
                direction=ray,
                signs=np.zeros(len(Z), dtype=np.int8),
                mu=0.0,
                nu=0.0,
                products=Products.vanishing(-squares),
                balls=forms[used],
                ball_multipliers=norms[used],
            )
        )
    return RegionsPoint(Z, of, np.full(len(leaves), -1, dtype=np.int64), tuple(leaves))


def _largest_residual(chunk: Chunk, moments: Moments) -> float:
    return float(np.max(np.abs(moments.responses(chunk).z), initial=0.0))


def _answers(
    chunk: Chunk, moments: Moments, rays: FloatArray, scale: float, unit: float
) -> _Answers:
    of = moments.responses(chunk)
    Z = unit * np.round(scale * of.z / unit)
    lengths = np.linalg.norm(of.x, axis=1)
    lengths[lengths == 0.0] = 1.0
    least = _NO_SIGMA * unit * 2.0**_BITS
    squares, points, norms = [], [], []
    for lift, ray in enumerate(rays):
        sigma = Z @ ray
        left = _LEFT * np.maximum(np.abs(sigma), least) / lengths
        squares.append(_shortened(np.maximum(sigma / of.tau[lift], left) / moments.x_scale))
        below = np.flatnonzero(sigma < 0.0)
        points.append(below)
        norms.append(_norms(-sigma[below], of.theta(lift, below), unit))
    return _Answers(Z, np.stack(squares), points, norms)


def _norms(size: FloatArray, theta: FloatArray, unit: float) -> FloatArray:
    """r and s of a and of b, shape (m, 2, r + 1), where |σ| is `size`."""
    norms = np.empty((len(size), 2, theta.shape[1]))
    of_b = unit * np.round(np.clip(0.5 * size * theta[:, 0], 0.0, size) / unit)
    norms[:, 0, -1], norms[:, 1, -1] = size - of_b, of_b
    r = 0.5 * size[:, None] * theta[:, 1:]
    length = np.linalg.norm(r, axis=1)
    most = _WITHIN * np.min(norms[:, :, -1], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = np.where(length > most, most / length, 1.0)
    r = unit * np.trunc(r * shrink[:, None] / unit)
    norms[:, 0, :-1], norms[:, 1, :-1] = -r, r
    return norms


def _shortened(numbers: FloatArray) -> FloatArray:
    """The numbers to a few bits."""
    mantissa, exponent = np.frexp(numbers)
    return np.ldexp(np.round(mantissa * 2.0**_SHORT) / 2.0**_SHORT, exponent)
