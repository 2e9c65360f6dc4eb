"""What each point answers to the moments of lifts, all points of a chunk at once.

A lift, one for each direction w of the outputs, has the second moments M of its neurons' (ρ, u),
balanced so that |v| = |u| = ρ (`certnn.relaxation.interior.lifts.batch`). With t = x_iᵀu, of which
E[ρt] = γ, E[tu] = g and E[t²] = s are entries of M times x_i, and a_i = ½(t + |t|),

    ½(γ + max(|γ|, |g|)) ≤ E[ρa_i] ≤ ½(γ + √(M_ρρ s)):

|t|ρ is at least t(θ₀ρ + θᵀu) for |θ₀| + |θ| ≤ 1, which are products of a_i and b_i with the norm
(Theorem 48), and at most (t² + τ²ρ²)/2τ, which is the product a_i·b_i. Other multiples of these
products were found to add nothing. So the best outputs Σ p_ℓ w_ℓ of a point are those with p_ℓ in
these intervals that are nearest to its targets, and the residual z, with σ_ℓ = zᵀw_ℓ, says which
end of each interval counts. The maximum is smoothed, by at most 2ν, as
½(A + B + √((A − B)² + 4ν²)) − 2ν with A² = |g|² + ν² and B² = γ² + ν².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.relaxation.shor.chunks import Chunk
from certnn.training.compiled import compiled

#: Where √(s/M_ρρ) is smaller than this it counts as this; rows have norms up to 1.
_LEAST_TAU = 1e-9
#: Sweeps over the lifts for the nearest outputs, at most, and the last change that counts.
_SWEEPS, _EXACT = 500, 1e-13
#: Residuals of at most this norm are those of points that the lifts can fit.
_NO_RESIDUAL = 1e-10
#: Sums of squares of directions below this are zero.
_DEPENDENT = 1e-9


@dataclass(frozen=True, eq=False)
class Moments:
    """Of all lifts, for rows x/x_scale and y/y_scale.

    Attributes
    ----------
    corners : float64 array, shape (ℓ, r + 1, r + 1)
        M, of which ρ is first.
    directions : float64 array, shape (ℓ, c)
        Of length 1.
    smoothing : float
        ν > 0.
    x_scale, y_scale : float
    """

    corners: FloatArray
    directions: FloatArray
    smoothing: float
    x_scale: float
    y_scale: float

    @property
    def lifts(self) -> int:
        """Their number ℓ."""
        return len(self.directions)

    @property
    def order(self) -> int:
        """r + 1."""
        return int(self.corners.shape[1])

    def responses(self, chunk: Chunk) -> Responses:
        """Those of the points of a chunk."""
        x, y = chunk.rows()
        return Responses(self, x / self.x_scale, y / self.y_scale)


class Responses:
    """Of m points to the moments of ℓ lifts.

    Attributes
    ----------
    x, y : float64 arrays, shape (m, r) and (m, c)
    gamma, tau, size_g, size_gamma, share : float64 arrays, shape (ℓ, m)
        γ, √(s/M_ρρ), A, B, and the derivative of the smoothed maximum along A.
    g : float64 array, shape (ℓ, m, r)
    lower, upper : float64 arrays, shape (m, ℓ)
        The ends of the intervals.
    p : float64 array, shape (m, ℓ)
        Within them, for the outputs nearest to y.
    z : float64 array, shape (m, c)
        y less these outputs.
    sigma : float64 array, shape (ℓ, m)
        z along the directions.
    """

    def __init__(self, moments: Moments, x: FloatArray, y: FloatArray) -> None:
        self.moments, self.x, self.y = moments, x, y
        corners, nu = moments.corners, moments.smoothing
        moved = np.matmul(x, corners[:, 1:, :])
        self.gamma, self.g = moved[:, :, 0], moved[:, :, 1:]
        mass = corners[:, 0, 0][:, None]
        square = np.maximum(np.einsum("lmr,mr->lm", self.g, x), 0.0)
        self.tau = np.maximum(np.sqrt(square / mass), _LEAST_TAU)
        self.size_g = np.sqrt(np.einsum("lmr,lmr->lm", self.g, self.g) + nu**2)
        self.size_gamma = np.sqrt(self.gamma**2 + nu**2)
        apart = self.size_g - self.size_gamma
        self.round = np.sqrt(apart**2 + 4.0 * nu**2)
        self.share = 0.5 * (1.0 + apart / self.round)
        largest = 0.5 * (self.size_g + self.size_gamma + self.round) - 2.0 * nu
        self.upper = np.ascontiguousarray(0.5 * (self.gamma + mass * self.tau).T)
        lower = np.ascontiguousarray(0.5 * (self.gamma + largest).T)
        self.lower = np.minimum(lower, self.upper)
        self.p, self.z = self.lower.copy(), y - self.lower @ moments.directions
        fit(self.lower, self.upper, moments.directions, self.p, self.z)
        self.sigma = np.ascontiguousarray(moments.directions @ self.z.T)

    @property
    def counting(self) -> NDArray[np.bool_]:
        """Which points have a residual, shape (m,)."""
        return np.asarray(np.linalg.norm(self.z, axis=1) > _NO_RESIDUAL)

    def free(self, lift: int) -> NDArray[np.bool_]:
        """Where a lift's p is at neither end of its interval, shape (m,)."""
        p = self.p[:, lift]
        return np.asarray((p > self.lower[:, lift]) & (p < self.upper[:, lift]))

    def left_by_free(self, points: NDArray[Any]) -> FloatArray:
        """What is left of each direction beside those whose p is free, shape (points, ℓ, c)."""
        directions = self.moments.directions
        free = np.stack([self.free(lift)[points] for lift in range(len(directions))], axis=1)
        gram = np.einsum("ml,lc,ld->mcd", free.astype(float), directions, directions)
        values, vectors = np.linalg.eigh(gram)
        others = vectors * (values < _DEPENDENT)[:, None, :]
        return np.asarray(np.matmul(directions @ others, vectors.swapaxes(-1, -2)))

    def theta(self, lift: int, points: NDArray[Any]) -> FloatArray:
        """(1 + θ₀, θ) of some points: ½E[t(ρ + θ₀ρ + θᵀu)] is about the lower end."""
        share = self.share[lift, points]
        first = 1.0 + (1.0 - share) * self.gamma[lift, points] / self.size_gamma[lift, points]
        others = self.g[lift, points] * (share / self.size_g[lift, points])[:, None]
        return np.hstack([first[:, None], others])


@compiled
def fit(
    lower: FloatArray, upper: FloatArray, directions: FloatArray, p: FloatArray, z: FloatArray
) -> None:
    """Move p, one row after another, within its intervals so that z, which follows, is smallest."""
    lifts, outputs = directions.shape
    for i in range(p.shape[0]):
        for _ in range(_SWEEPS):
            largest = 0.0
            for lift in range(lifts):
                wanted = p[i, lift]
                for k in range(outputs):
                    wanted += z[i, k] * directions[lift, k]
                wanted = min(max(wanted, lower[i, lift]), upper[i, lift])
                change = wanted - p[i, lift]
                if change != 0.0:
                    p[i, lift] = wanted
                    for k in range(outputs):
                        z[i, k] -= change * directions[lift, k]
                    largest = max(largest, abs(change))
            if largest <= _EXACT:
                break
