"""Sums over points, of their responses to lifts: values, gradients and second derivatives.

What is summed is φ = ½|z|², which is convex in the moments: upper ends of intervals are concave in
them and lower ends convex. Changes of the moments are M → G(1 + D)Gᵀ, and with e = Gᵀ(0, x) and
G = [h; H], h its first row, along D

    dγ = hᵀDe,   dg = HDe,   ds = eᵀDe,   dM_ρρ = hᵀDh.
"""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunk
from certnn.relaxation.streamed.responses import Moments, Responses

#: Entries of the largest table of second derivatives.
_ENTRIES = 1 << 22


def first_order(chunk: Chunk, moments: Moments) -> tuple[FloatArray, FloatArray]:
    """Σ of the matrices of E[Σ_i σ_i ρa_i] ≤ ⟨·, M⟩, and: Σφ, ⟨Z, Y⟩, ‖Z‖², −Σσ over σ < 0.

    The first has shape (ℓ, r + 1, r + 1), and minus it is the gradient of Σφ.
    """
    of = moments.responses(chunk)
    matrices = np.zeros_like(moments.corners)
    for lift, matrix in enumerate(matrices):
        sigma, tau = of.sigma[lift], of.tau[lift]
        above = sigma > 0.0
        root = np.sqrt(tau[above])[:, None]
        ends = 0.5 * np.hstack([root, of.x[above] / root])
        matrix += (ends * sigma[above, None]).T @ ends
        below = sigma < 0.0
        half = (0.25 * sigma[below, None] * of.theta(lift, below)).T @ of.x[below]
        matrix[:, 1:] += half
        matrix[1:, :] += half.T
    squares, below = float(np.sum(of.z**2)), -float(np.sum(np.minimum(of.sigma, 0.0)))
    return matrices, np.array([0.5 * squares, float(np.vdot(of.z, of.y)), squares, below])


def second_order(chunk: Chunk, moments: Moments, roots: FloatArray) -> tuple[FloatArray]:
    """The second derivative of Σφ over the packed D of all lifts, one after another.

    `roots` has G of each lift. Free p take up what they can of the changes of the others.
    """
    x, y = chunk.rows()
    packing = Packing(moments.order)
    size = moments.lifts * packing.size
    total, step = np.zeros((size, size)), max(_ENTRIES // size, 1)
    for start in range(0, len(x), step):
        of = moments.responses(Chunk(x[start : start + step], y[start : start + step]))
        counting = of.counting
        slopes = np.zeros((int(np.sum(counting)), size))
        for lift, root in enumerate(roots):
            own = slice(lift * packing.size, (lift + 1) * packing.size)
            curvature, slopes[:, own] = _of_lift(of, lift, root, packing)
            total[own, own] += curvature
        for along in np.moveaxis(of.left_by_free(counting), 2, 0):
            weighted = slopes * np.repeat(along, packing.size, axis=1)
            total += weighted.T @ weighted
    return (total,)


def _of_lift(
    of: Responses, lift: int, root: FloatArray, packing: Packing
) -> tuple[FloatArray, FloatArray]:
    """−Σ σ d²p of one lift, and dp of each point that counts, 0 where p is free."""
    counting = of.counting
    x, sigma = of.x[counting], of.sigma[lift, counting]
    tau, mass = of.tau[lift, counting], of.moments.corners[lift, 0, 0]
    h, H = root[0], root[1:]
    e = x @ H
    above, below = sigma > 0.0, sigma < 0.0
    of_gamma = 0.5 * packing.outer(e, np.broadcast_to(h, e.shape))
    of_square, of_mass = 0.5 * packing.outer(e, e), packing.packed(np.outer(h, h))
    slopes = 0.5 * of_gamma
    slopes += 0.25 * (tau[:, None] * of_mass + of_square / tau[:, None])
    weight = np.sqrt(0.125 * sigma[above] * mass * tau[above])
    relative = of_square[above] / (mass * tau[above] ** 2)[:, None] - of_mass / mass
    relative *= weight[:, None]
    curvature = relative.T @ relative

    places = np.flatnonzero(counting)[below]
    nu, share = of.moments.smoothing, of.share[lift, places]
    size_g, size_gamma = of.size_g[lift, places], of.size_gamma[lift, places]
    ratio = of.gamma[lift, places] / size_gamma
    e, weight = e[below], -0.5 * sigma[below]
    of_g = 0.5 * packing.outer(e, (of.g[lift, places] / size_g[:, None]) @ H)  # dA
    of_gamma = of_gamma[below]
    slopes[below] = 0.5 * of_gamma
    slopes[below] += 0.5 * (share[:, None] * of_g + ((1.0 - share) * ratio)[:, None] * of_gamma)
    turning = 2.0 * nu**2 / of.round[lift, places] ** 3
    mixed = (weight * turning * ratio)[:, None]
    bent = (weight * (turning - share / size_g))[:, None]
    straight = weight * (turning * ratio**2 + (1.0 - share) * nu**2 / size_gamma**3)
    curvature += packing.kronecker((e * (weight * share / size_g)[:, None]).T @ e, H.T @ H)
    across = of_g.T @ (bent * of_g - 2.0 * mixed * of_gamma)
    across += of_gamma.T @ (straight[:, None] * of_gamma)
    curvature += 0.5 * (across + across.T)
    slopes[of.free(lift)[counting]] = 0.0
    return curvature, slopes
