"""Moments that satisfy every constraint of the relaxation strictly (Theorem 6(c))."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.interior.block.cliques import Clique


def gaussian_moments(clique: Clique, corner: FloatArray) -> FloatArray:
    """Second moments of (a, u, v), a = (Xu)₊, for Gaussian (u, v) with covariance `corner`."""
    k, c = clique.size, clique.target.shape[1]
    r = corner.shape[0] - c
    x = -clique.forms[k : 2 * k, k : k + r]
    covariance = x @ corner[:r, :r] @ x.T
    size = np.sqrt(np.diagonal(covariance))
    sizes = size[:, None] * size[None, :]
    cosine = np.clip(covariance / sizes, -1.0, 1.0)
    angle = np.arccos(cosine)
    moments = np.zeros((k + r + c, k + r + c))
    moments[:k, :k] = sizes * (np.sin(angle) + (np.pi - angle) * cosine) / (2.0 * np.pi)
    moments[:k, k:] = 0.5 * x @ corner[:r]
    moments[k:, :k] = moments[:k, k:].T
    moments[k:, k:] = corner
    return moments
