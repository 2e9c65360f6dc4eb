"""Depth-first search for a partition that proves a dual norm; compiled, one cone a call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificate.dual_point import IndexArray
from certnn.partition.leaf import close_leaf, new_scratch

PROVED, VIOLATED, STOPPED, TOO_DEEP = 0, 1, 2, 3

_DEPTH = 300
#: An edge is split at p·r_i + q·r_j with p, q up to this, so that the new ray is in its middle.
_LARGEST_SHARE = 15.0
_NODES_BETWEEN_LOOKS = 1024


@njit(cache=True, nogil=True)
def search_cone(
    kappa: float,
    X: FloatArray,
    Z: FloatArray,
    isotropic: FloatArray,
    start: FloatArray,
    stop: IndexArray,
    node_limit: int,
) -> tuple[int, NDArray[np.uint8], NDArray[np.uint32], int, FloatArray]:
    """Partition one cone until ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ is proved on every leaf.

    The widest angle of a cone, in the coordinates where ‖u‖ is ‖Xu‖, is halved.

    Parameters
    ----------
    kappa : float
    X : array, shape (n, k)
    Z : array, shape (n, c)
    isotropic : array, shape (k, k)
    start : array, shape (k, k)
        The cone's rays, one a row.
    stop : int64 array, shape (1,)
        Set by another thread to end the search.
    node_limit : int
        End the search after this many nodes.

    Returns
    -------
    status : int
        PROVED, VIOLATED, STOPPED or TOO_DEEP.
    tree : uint8 array
        The nodes in preorder, as `certnn.kernel.partition.PartitionProof` describes them.
    witnesses : uint32 array
        k integers a leaf.
    nodes : int
    violator : array, shape (k,)
        A ray with ‖Zᵀ(Xr)₊‖ > kappa·‖r‖, if VIOLATED.
    """
    n, k = X.shape
    c = Z.shape[1]
    rays = np.zeros((_DEPTH, k, k))
    turned = np.zeros((_DEPTH, k, k))
    activations = np.zeros((_DEPTH, n, k))
    images = np.zeros((_DEPTH, k, c))
    mixed = np.zeros((_DEPTH, n), np.int64)
    count = np.zeros(_DEPTH, np.int64)
    norms, w, lengths = np.zeros(k), np.zeros(k), np.zeros(k)
    scratch = new_scratch(k, c)
    tree = np.zeros(1024, np.uint8)
    witnesses = np.zeros(1024 * k, np.uint32)
    size, leaves, nodes = 0, 0, 0

    for j in range(k):
        for p in range(k):
            rays[0, j, p] = start[j, p]
            turned[0, j, p] = _product(isotropic[p], start[j])
        for i in range(n):
            activations[0, i, j] = _product(X[i], start[j])
            for o in range(c):
                images[0, j, o] += Z[i, o] * max(0.0, activations[0, i, j])
    for i in range(n):
        mixed[0, i] = i
    count[0] = n
    top = 0
    while top >= 0:
        nodes += 1
        if nodes >= node_limit or (nodes % _NODES_BETWEEN_LOOKS == 0 and stop[0] != 0):
            return STOPPED, tree[:size], witnesses[: leaves * k], nodes, norms
        _keep_mixed(activations[top], mixed[top], count, top)
        for j in range(k):
            norms[j] = math.sqrt(_product(rays[top, j], rays[top, j]))
        if size + 3 > tree.size:
            tree = _doubled(tree)
        if (leaves + 1) * k > witnesses.size:
            witnesses = _doubled(witnesses)
        here = mixed[top, : count[top]]
        if close_leaf(kappa, rays[top], norms, activations[top], here, images[top], Z, w, scratch):
            tree[size] = 0
            size += 1
            for j in range(k):
                witnesses[leaves * k + j] = np.uint32(w[j])
            leaves += 1
            top -= 1
            continue
        if k == 1 or top + 1 == _DEPTH:
            return TOO_DEEP, tree[:size], witnesses[: leaves * k], nodes, rays[top, 0].copy()
        edge, a, b, p, q = _widest_edge(turned[top], lengths)
        tree[size], tree[size + 1], tree[size + 2] = 1 + edge, p, q
        size += 3
        # The half that keeps r_a is visited first, so it goes on top of the other.
        _copy(rays[top], rays[top + 1])
        _copy(turned[top], turned[top + 1])
        _copy(images[top], images[top + 1])
        _copy(activations[top], activations[top + 1])
        count[top + 1] = count[top]
        for place in range(count[top]):
            mixed[top + 1, place] = mixed[top, place]
        square = _put_middle(a, b, p, q, top, rays, turned, activations, images, Z)
        score = math.sqrt(_product(images[top, a], images[top, a]) / square)
        if score > kappa:
            return VIOLATED, tree[:size], witnesses[: leaves * k], nodes, rays[top, a].copy()
        top += 1
    return PROVED, tree[:size], witnesses[: leaves * k], nodes, norms


@njit(cache=True, nogil=True)
def _product(left: FloatArray, right: FloatArray) -> float:
    # Written out, here and below: array expressions take numba many times longer to compile.
    total = 0.0
    for j in range(left.size):
        total += left[j] * right[j]
    return total


@njit(cache=True, nogil=True)
def _copy(source: FloatArray, target: FloatArray) -> None:
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@njit(cache=True, nogil=True)
def _keep_mixed(activations: FloatArray, mixed: IndexArray, count: IndexArray, top: int) -> None:
    kept = 0
    for place in range(count[top]):
        i = mixed[place]
        positive, negative = False, False
        for j in range(activations.shape[1]):
            positive = positive or activations[i, j] > 0.0
            negative = negative or activations[i, j] < 0.0
        if positive and negative:
            mixed[kept] = i
            kept += 1
    count[top] = kept


@njit(cache=True, nogil=True)
def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    larger = np.zeros(2 * array.size, array.dtype)
    for j in range(array.size):
        larger[j] = array[j]
    return larger


@njit(cache=True, nogil=True)
def _widest_edge(turned: FloatArray, lengths: FloatArray) -> tuple[int, int, int, int, int]:
    """The edge (a, b) of the widest angle, its number, and p, q for a ray in its middle."""
    k = lengths.size
    for j in range(k):
        lengths[j] = math.sqrt(_product(turned[j], turned[j]))
    edge, a, b, least, number = 0, 0, 1, 2.0, 0
    for j in range(k):
        for m in range(j + 1, k):
            cosine = _product(turned[j], turned[m]) / (lengths[j] * lengths[m])
            if cosine < least:
                edge, a, b, least = number, j, m, cosine
            number += 1
    ratio = lengths[a] / lengths[b]
    p, q = 1.0, 1.0
    if ratio > 1.5:
        q = min(_LARGEST_SHARE, np.round(ratio))
    elif ratio < 1.0 / 1.5:
        p = min(_LARGEST_SHARE, np.round(1.0 / ratio))
    return edge, a, b, int(p), int(q)


@njit(cache=True, nogil=True)
def _put_middle(
    a: int,
    b: int,
    p: int,
    q: int,
    top: int,
    rays: FloatArray,
    turned: FloatArray,
    activations: FloatArray,
    images: FloatArray,
    Z: FloatArray,
) -> float:
    """Put p·r_a + q·r_b for ray a at `top` and ray b at `top + 1`; returns its squared length."""
    square = 0.0
    for j in range(rays.shape[1]):
        value = p * rays[top, a, j] + q * rays[top, b, j]
        rays[top, a, j] = rays[top + 1, b, j] = value
        square += value * value
        value = p * turned[top, a, j] + q * turned[top, b, j]
        turned[top, a, j] = turned[top + 1, b, j] = value
    for o in range(Z.shape[1]):
        images[top, a, o] = 0.0
    for i in range(Z.shape[0]):
        value = p * activations[top, i, a] + q * activations[top, i, b]
        activations[top, i, a] = activations[top + 1, i, b] = value
        if value > 0.0:
            for o in range(Z.shape[1]):
                images[top, a, o] += Z[i, o] * value
    for o in range(Z.shape[1]):
        images[top + 1, b, o] = images[top, a, o]
    return square
