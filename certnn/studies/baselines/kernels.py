"""Kernels of the two-layer ReLU network of infinite width, in closed form, and ridge regression.

For u ~ N(0, I) let θ be the angle of x and x'. Then (Cho and Saul, NIPS 2009, equation (4))

    E[(uᵀx)₊(uᵀx')₊] = |x||x'| (sin θ + (π − θ) cos θ) / 2π,     P(uᵀx > 0, uᵀx' > 0) = (π − θ)/2π.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.errors import InputError

#: A kernel: points (n, d) and points (m, d) to values (n, m).
Kernel = Callable[[FloatArray, FloatArray], FloatArray]


def nngp_kernel(x: FloatArray, z: FloatArray) -> FloatArray:
    """Covariance of the outputs of m^(−1/2)·Σ v_j (u_jᵀx)₊ as m → ∞, all weights N(0, 1).

    The kernel of Bayesian inference, that is of training the output weights alone; shape (n, m).

    Parameters
    ----------
    x, z : float64 array, shapes (n, d) and (m, d)
    """
    return _kernels(x, z)[0]


def ntk_kernel(x: FloatArray, z: FloatArray) -> FloatArray:
    """Neural tangent kernel of the same network, both layers trained (Jacot et al., 2018).

    `nngp_kernel` plus ⟨x, x'⟩ times the probability that a neuron is active on both; shape (n, m).

    Parameters
    ----------
    x, z : float64 array, shapes (n, d) and (m, d)
    """
    covariance, both = _kernels(x, z)
    return covariance + (x @ z.T) * both


def _kernels(x: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray]:
    norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(z, axis=1)[None, :]
    cosine = np.divide(x @ z.T, norms, out=np.ones_like(norms), where=norms > 0.0)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    both = (np.pi - angle) / (2.0 * np.pi)
    return norms * (np.sin(angle) / (2.0 * np.pi) + both * np.cos(angle)), both


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """The minimiser of ½‖f(X) − Y‖² + (ridge/2)‖f‖² over the kernel's space of functions.

    Attributes
    ----------
    kernel : callable
    points : float64 array, shape (n, d)
    coefficients : float64 array, shape (n, c)
    """

    kernel: Kernel
    points: FloatArray
    coefficients: FloatArray

    @classmethod
    def fit(cls, kernel: Kernel, X: FloatArray, Y: FloatArray, ridge: float) -> KernelRidge:
        """Solve for the coefficients.

        Parameters
        ----------
        kernel : callable
            Such as `nngp_kernel`.
        X, Y : float64 array, shapes (n, d) and (n, c)
        ridge : float
            Positive.

        Raises
        ------
        InputError
            If ridge is not positive and finite.
        """
        if not 0.0 < ridge < np.inf:
            raise InputError("ridge", f"must be positive and finite, got {ridge!r}")
        gram = kernel(X, X) + ridge * np.eye(X.shape[0])
        return cls(kernel, X, scipy.linalg.solve(gram, Y, assume_a="pos"))

    def predict(self, X: FloatArray) -> FloatArray:
        """Its values on X, shape (m, d) → (m, c)."""
        values: FloatArray = self.kernel(X, self.points) @ self.coefficients
        return values
