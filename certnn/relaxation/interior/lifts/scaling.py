"""The scaling of Nesterov and Todd for the cones of a batch, as in CVXOPT's coneqp.

It maps a primal point s and a dual point z to the same λ = W⁻ᵀs = Wz; to first order a step that
brings s∘z to `centring` satisfies dz = T − z − W⁻¹W⁻ᵀ ds, with T from `Scaling.target`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.interior.lifts.batch import Blocks
from certnn.relaxation.interior.lifts.threads import in_threads, threads_for
from certnn.relaxation.interior.predictor_corrector import reach_of_numbers

#: Numbers of all matrices from which on more threads than one are worth it.
_A_THREAD = 500_000


@dataclass(frozen=True, eq=False)
class NormScaling:
    """Of second-order cones, the last axis: W = η(2ŵŵᵀ − J) with ŵ from w, at a dual point."""

    w: FloatArray
    eta: FloatArray
    at: FloatArray

    @cached_property
    def point(self) -> FloatArray:
        """λ."""
        return self.dual(self.at)

    @staticmethod
    def of(primal: FloatArray, dual: FloatArray) -> NormScaling:
        """The scaling at a pair of points inside."""
        p, d = _determinant(primal), _determinant(dual)
        unit, other = primal / np.sqrt(p)[..., None], dual / np.sqrt(d)[..., None]
        half = np.sqrt(0.5 * (1.0 + np.sum(unit * other, axis=-1)))
        other = -other
        other[..., 0] *= -1.0
        w = (unit + other) / (2.0 * half)[..., None]
        return NormScaling(w, (p / d) ** 0.25, dual)

    def dual(self, z: FloatArray) -> FloatArray:
        """Wz."""
        return self._mapped(z, 1.0)

    def primal(self, s: FloatArray) -> FloatArray:
        """W⁻¹s, which is W⁻ᵀs."""
        return self._mapped(s, -1.0)

    def _mapped(self, x: FloatArray, sign: float) -> FloatArray:
        w0, w1, x0, x1 = self.w[..., :1], self.w[..., 1:], x[..., :1], x[..., 1:]
        along = np.sum(w1 * x1, axis=-1, keepdims=True)
        size = (self.eta**sign)[..., None]
        first, rest = w0 * x0 + sign * along, sign * w1 * x0 + x1 + w1 * along / (1.0 + w0)
        return np.asarray(size * np.concatenate([first, rest], axis=-1))

    def hessian(self) -> FloatArray:
        """W⁻¹W⁻ᵀ as matrices."""
        w = -self.w
        w[..., 0] *= -1.0
        square = 2.0 * w[..., :, None] * w[..., None, :]
        place = np.arange(w.shape[-1])
        square[..., place, place] += 1.0
        square[..., 0, 0] -= 2.0
        return square / (self.eta**2)[..., None, None]

    def target(self, centring: float, ds: FloatArray, dz: FloatArray) -> FloatArray:
        """T, from a step before."""
        s, z, at = self.primal(ds), self.dual(dz), self.point
        wanted = -_product(s, z)
        wanted[..., 0] += centring
        first = at[..., 0] * wanted[..., 0] - np.sum(at[..., 1:] * wanted[..., 1:], axis=-1)
        first /= _determinant(at)
        rest = (wanted[..., 1:] - first[..., None] * at[..., 1:]) / at[..., :1]
        return self.primal(np.concatenate([first[..., None], rest], axis=-1))

    def reach(self, ds: FloatArray, dz: FloatArray) -> float:
        """How far one may go along a step."""
        return min(_reach(self.point, self.primal(ds)), _reach(self.point, self.dual(dz)))


@dataclass(frozen=True, eq=False)
class MatrixScaling:
    """Of positive semidefinite matrices: s = RΛRᵀ, z = R⁻ᵀΛR⁻¹."""

    root: FloatArray
    inverse: FloatArray
    point: FloatArray

    @staticmethod
    def of(primal: FloatArray, dual: FloatArray) -> MatrixScaling:
        """The scaling at a pair of definite matrices.

        Raises
        ------
        numpy.linalg.LinAlgError
            If one is not definite in floats.
        """
        s, z = np.linalg.cholesky(primal), np.linalg.cholesky(dual)
        left, point, right = _of_matrices(np.linalg.svd, np.matmul(z.swapaxes(-1, -2), s))
        size = np.sqrt(point)
        root = np.matmul(s, right.swapaxes(-1, -2)) / size[..., None, :]
        inverse = np.matmul(left.swapaxes(-1, -2), z.swapaxes(-1, -2)) / size[..., :, None]
        return MatrixScaling(root, inverse, point)

    def hessian(self) -> FloatArray:
        """The matrix V with W⁻¹W⁻ᵀ ds = V·ds·V."""
        return np.asarray(np.matmul(self.inverse.swapaxes(-1, -2), self.inverse))

    def target(self, centring: float, ds: FloatArray, dz: FloatArray) -> FloatArray:
        """T, from a step before."""
        s, z = self._scaled(ds, dz)
        product = np.matmul(s, z)
        wanted = -0.5 * (product + product.swapaxes(-1, -2))
        place = np.arange(wanted.shape[-1])
        wanted[..., place, place] += centring
        wanted = 2.0 * wanted / (self.point[..., :, None] + self.point[..., None, :])
        turned = self.inverse.swapaxes(-1, -2)
        return np.asarray(np.matmul(turned, np.matmul(wanted, self.inverse)))

    def reach(self, ds: FloatArray, dz: FloatArray) -> float:
        """How far one may go along a step."""
        size = 1.0 / np.sqrt(self.point)
        least = min(
            float(np.min(_of_matrices(_least_eigenvalues, one)[0]))
            for one in (size[..., :, None] * s * size[..., None, :] for s in self._scaled(ds, dz))
        )
        return -1.0 / least if least < 0.0 else np.inf

    def _scaled(self, ds: FloatArray, dz: FloatArray) -> tuple[FloatArray, FloatArray]:
        s = np.matmul(self.inverse, np.matmul(ds, self.inverse.swapaxes(-1, -2)))
        z = np.matmul(self.root.swapaxes(-1, -2), np.matmul(dz, self.root))
        return s, z


class Scaling:
    """Of all cones of a batch.

    Attributes
    ----------
    psd : float64 array
        The Hessians, as `MatrixScaling.hessian` gives them.
    norm_a, norm_b : float64 arrays, shape (ℓ, g, k, q, q)
        Those of the products with norm and free bias together, over E[a_i(ρ, u)].
    aa, ab, bb : float64 arrays
        Those of the numbers.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not definite in floats.
    """

    def __init__(self, primal: Blocks, dual: Blocks) -> None:
        self._primal, self._dual = primal, dual
        self._matrix = MatrixScaling.of(primal.psd, dual.psd)
        self._norms = [NormScaling.of(*pair) for pair in zip(primal.norms, dual.norms, strict=True)]
        self.psd = self._matrix.hessian()
        self._of_norms = [norm.hessian() for norm in self._norms]
        # Row by row: what is compiled for them is compiled for each order of entries.
        self._of_numbers = [
            np.ascontiguousarray(z / s) for s, z in zip(primal.linear, dual.linear, strict=True)
        ]
        self.aa, self.ab, self.bb, bias_a, bias_b = self._of_numbers
        self.norm_a = _with_bias(self._of_norms[0], bias_a)
        self.norm_b = _with_bias(self._of_norms[1], bias_b)

    def squared(self, ds: Blocks) -> Blocks:
        """W⁻¹W⁻ᵀ ds."""
        return Blocks(
            np.matmul(self.psd, np.matmul(ds.psd, self.psd)),
            *(own * change for own, change in zip(self._of_numbers, ds.linear, strict=True)),
            *(
                np.matmul(own, change[..., None])[..., 0]
                for own, change in zip(self._of_norms, ds.norms, strict=True)
            ),
        )

    def target(self, centring: float, ds: Blocks, dz: Blocks) -> Blocks:
        """T, with the second-order terms of a step before."""
        steps = zip(self._primal.linear, ds.linear, dz.linear, strict=True)
        pairs = zip(self._norms, ds.norms, dz.norms, strict=True)
        return Blocks(
            self._matrix.target(centring, ds.psd, dz.psd),
            *((centring - own * other) / s for s, own, other in steps),
            *(norm.target(centring, own, other) for norm, own, other in pairs),
        )

    def reach(self, ds: Blocks, dz: Blocks) -> float:
        """How far one may go along a step on both sides."""
        sides = ((self._primal, ds), (self._dual, dz))
        return min(
            self._matrix.reach(ds.psd, dz.psd),
            *(n.reach(p, d) for n, p, d in zip(self._norms, ds.norms, dz.norms, strict=True)),
            *(
                reach_of_numbers(own, change)
                for point, step in sides
                for own, change in zip(point.linear, step.linear, strict=True)
            ),
        )


def _with_bias(norm: FloatArray, bias: FloatArray) -> FloatArray:
    """The Hessian of a product with the norm, and of those with ρ + g and ρ − g."""
    if not bias.shape[-1]:
        return norm
    whole = np.pad(norm, ((0, 0),) * 3 + ((0, 1),) * 2)
    whole[..., 0, 0] += np.sum(bias, axis=-1)
    whole[..., -1, -1] += np.sum(bias, axis=-1)
    between = bias[..., 0] - bias[..., 1]
    whole[..., 0, -1] += between
    whole[..., -1, 0] += between
    return whole


def central_dual(primal: Blocks, mu: float) -> Blocks:
    """The dual point that is μ times the inverse of a primal one inside."""
    inverses = []
    for s in primal.norms:
        inverse = -s
        inverse[..., 0] *= -1.0
        inverses.append(mu * inverse / _determinant(s)[..., None])
    psd = np.asarray(mu * np.linalg.inv(primal.psd), dtype=np.float64)
    return Blocks(psd, *(mu / s for s in primal.linear), *inverses)


def _of_matrices(
    function: Callable[[FloatArray], tuple[FloatArray, ...]], matrices: FloatArray
) -> tuple[FloatArray, ...]:
    """The function's arrays of matrices of shape (ℓ, g, ...)."""
    found = in_threads(
        lambda groups: function(matrices[:, groups[0] : groups[-1] + 1]),
        np.arange(matrices.shape[1]),
        threads_for(matrices.size, _A_THREAD),
    )
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))


def _least_eigenvalues(matrices: FloatArray) -> tuple[FloatArray]:
    return (np.asarray(np.linalg.eigvalsh(matrices)[..., 0], dtype=np.float64),)


def _determinant(x: FloatArray) -> FloatArray:
    return np.asarray(x[..., 0] ** 2 - np.sum(x[..., 1:] ** 2, axis=-1))


def _product(x: FloatArray, y: FloatArray) -> FloatArray:
    result = x[..., :1] * y + y[..., :1] * x
    result[..., 0] = np.sum(x * y, axis=-1)
    return np.asarray(result)


def _reach(at: FloatArray, change: FloatArray) -> float:
    """The least t > 0 for which at + t·change is on the border of a second-order cone."""
    a, c = _determinant(change), _determinant(at)
    b = at[..., 0] * change[..., 0] - np.sum(at[..., 1:] * change[..., 1:], axis=-1)
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(a < 0.0, (-b - root) / a, np.where(b < 0.0, c / (root - b), np.inf))
    real = (a < 0.0) | (b * b >= a * c)
    crossing = np.where(real & (crossing > 0.0), crossing, np.inf)
    return float(np.min(crossing, initial=np.inf))
