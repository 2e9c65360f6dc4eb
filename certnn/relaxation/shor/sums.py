"""Sums over data points that the level shor is solved with, one chunk of rows after another.

For a multiplier W ⪰ 0 of reg·M ⪰ ½BᵀB (Theorem 12) each point maximises, over z and t > 0 alone,

    ⟨z, p⟩ − ½‖z‖² − ½t·s − ½zᵀVz/t + μ log t,  p = y − W_vu x,  s = xᵀW_uu x,  V = W_vv.

The logarithms, together with −μ log det W, are the barrier of the semidefinite 2S of Theorem 9. The
maximum, φ(W), has the gradient −½bbᵀ, b = [√t·x, z/√t], and with η = z/t and V = Σ λ_j q_jq_jᵀ its
second derivative along a change D of W is

    Σ_j (q_jᵀD_v(x, η))²/P_j + (½(x, −η)ᵀD(x, η) + Σ_j (m_j/P_j)·q_jᵀD_v(x, η))²/σ,

P_j = 1 + λ_j/t, m_j = λ_j η_j/t, σ = μ/t² + Σ_j λ_j η_j²/(t·P_j).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunk

_NEWTON_STEPS = 60
_TINY = 1e-150


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Where the solver works: rows x·to_u, shape (columns, r), and y/y_scale."""

    to_u: FloatArray
    y_scale: float

    def rows(self, chunk: Chunk) -> tuple[FloatArray, FloatArray]:
        """The rows of a chunk that are not zero, in these coordinates."""
        x, y = chunk.rows()
        seen = x.any(axis=1)
        if not np.all(seen):
            x, y = x[seen], y[seen]
        return x @ self.to_u, y / self.y_scale


@dataclass(frozen=True, eq=False)
class Response:
    """The best z (in the eigenvectors of V) and t of each row for a given W and μ > 0."""

    x: FloatArray
    vectors: FloatArray
    values: FloatArray
    pull: FloatArray
    square: FloatArray
    t: FloatArray
    z: FloatArray
    mu: float

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, W: FloatArray, mu: float) -> Response:
        """Maximise for each row of x, shape (m, r), and y, shape (m, c)."""
        d = x.shape[1]
        square = np.maximum(np.sum((x @ W[:d, :d]) * x, axis=1), _TINY)
        values, vectors = np.linalg.eigh(W[d:, d:])
        values = np.maximum(values, 0.0)
        pull = (y - x @ W[:d, d:]) @ vectors
        t = best_t(pull, square, values, mu)
        return cls(x, vectors, values, pull, square, t, pull / (1.0 + values / t[:, None]), mu)

    @property
    def Z(self) -> FloatArray:
        """Shape (m, c)."""
        Z: FloatArray = self.z @ self.vectors.T
        return Z

    def sums(self) -> tuple[float, float]:
        """Σ φ(W), and the same without the logarithms."""
        inner = self.z * (self.pull - 0.5 * self.z * (1.0 + self.values / self.t[:, None]))
        plain = float(np.sum(inner)) - 0.5 * float(np.dot(self.t, self.square))
        return plain + self.mu * float(np.sum(np.log(self.t))), plain

    def gram(self) -> FloatArray:
        """½BᵀB, shape (r + c, r + c)."""
        root = np.sqrt(self.t)[:, None]
        b = np.hstack([self.x * root, self.Z / root])
        gram: FloatArray = 0.5 * (b.T @ b)
        return gram


def spread(chunk: Chunk, x_scale: float, y_scale: float) -> tuple[FloatArray, FloatArray]:
    """XᵀX, and: number of nonzero rows, their ‖y‖², that of the zero rows; all scaled."""
    x, y = chunk.rows()
    x, y = x / x_scale, y / y_scale
    seen = x.any(axis=1)
    of_y = np.sum(y * y, axis=1)
    counts = np.array([np.sum(seen), np.sum(of_y[seen]), np.sum(of_y[~seen])], dtype=np.float64)
    return x.T @ x, counts


def first_order(
    chunk: Chunk, coordinates: Coordinates, W: FloatArray, mu: float
) -> tuple[FloatArray, FloatArray]:
    """½BᵀB, and: Σφ, Σφ without the logarithms, ⟨Z, Y⟩, ‖Z‖², for the best Z and t."""
    x, y = coordinates.rows(chunk)
    response = Response.of(x, y, W, mu)
    Z = response.Z
    return response.gram(), np.array([*response.sums(), np.sum(Z * y), np.sum(Z * Z)])


def second_order(
    chunk: Chunk, coordinates: Coordinates, W: FloatArray, mu: float, root: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The second derivative of Σφ along G·D·Gᵀ, G = `root`, in two parts.

    Returns
    -------
    weighted : float64 array, shape (c, q, q)
        N_j = Σ ββᵀ/P_j with β = Gᵀ(x, η).
    rank_one : float64 array, shape (q(q+1)/2, q(q+1)/2)
        Of the last square, over symmetric D as `Packing` packs them.
    """
    response = Response.of(*coordinates.rows(chunk), W, mu)
    d, t = response.x.shape[1], response.t[:, None]
    eta, ratio = response.z / t, response.values / t
    P = 1.0 + ratio
    sigma = mu / t**2 + np.sum(ratio * eta * eta / P, axis=1, keepdims=True)
    of_u, of_v = response.x @ root[:d], (eta @ response.vectors.T) @ root[d:]
    beta = of_u + of_v
    other = 0.5 * (of_u - of_v) + (ratio * eta / P) @ (response.vectors.T @ root[d:])
    slab = 0.5 * Packing(root.shape[1]).outer(other / np.sqrt(sigma), beta)
    weighted = np.stack([beta.T @ (beta / column[:, None]) for column in P.T])
    return weighted, slab.T @ slab


def response_of(
    chunk: Chunk, coordinates: Coordinates, W: FloatArray, mu: float
) -> tuple[FloatArray, FloatArray]:
    """Z and t of all rows of a chunk, scaled like Y; of a zero row Z = Y and t = 0."""
    x, y = chunk.rows()
    seen = x.any(axis=1)
    Z, t = np.array(y), np.zeros(x.shape[0])
    response = Response.of(*coordinates.rows(chunk), W, mu)
    Z[seen], t[seen] = coordinates.y_scale * response.Z, coordinates.y_scale * response.t
    return Z, t


def best_t(pull: FloatArray, square: FloatArray, values: FloatArray, mu: float) -> FloatArray:
    """The root t > 0 of Σ_j λ_j pull_j²/(t + λ_j)² + 2μ/t = square, for each row.

    The power −½ of the left side is concave and rises with t, so that Newton's method climbs to the
    root from any t that is too small.
    """
    weight = values * np.square(pull)
    t: FloatArray = np.maximum(
        2.0 * mu / square, np.max(np.sqrt(weight / square[:, None]) - values, axis=1)
    )
    for _ in range(_NEWTON_STEPS):
        inverse = 1.0 / (t[:, None] + values)
        terms = weight * inverse**2
        barrier = 2.0 * mu / t
        total = np.sum(terms, axis=1) + barrier
        slope = 2.0 * np.sum(terms * inverse, axis=1) + barrier / t
        step = 2.0 * total / slope * (np.sqrt(np.maximum(total / square, 1.0)) - 1.0)
        t = t + step
        if np.all(step <= 1e-12 * t):
            break
    return t
