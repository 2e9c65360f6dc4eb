"""Depth-first search for a partition that proves a dual norm; compiled, one cone a call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.partition.leaf import close_leaf, new_scratch
from certnn.training.compiled import compiled, inner

PROVED, VIOLATED, STOPPED, TOO_DEEP = 0, 1, 2, 3

#: Cones kept at a time, and splits above a leaf that the kernel is sure to allow.
_DEPTH, _MOST_SPLITS = 300, 380
#: An edge is split at p·r_i + q·r_j with p, q up to this, so that the new ray is in its middle.
_LARGEST_SHARE = 255.0
_NODES_BETWEEN_LOOKS = 1024


@compiled
def search_cone(
    kappa: float,
    X: FloatArray,
    Z: FloatArray,
    isotropic: FloatArray,
    start: FloatArray,
    margin: float,
    most_violators: int,
    stop: IndexArray,
    counted: IndexArray,
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
    margin : float
        Of `close_leaf`.
    most_violators : int
        End the search after this many.
    stop : int64 array, shape (1,)
        Set by another thread to end the search.
    counted : int64 array, shape (1,)
        Kept up to the number of nodes so far, for another thread to read.

    Returns
    -------
    status : int
        PROVED, VIOLATED, STOPPED or TOO_DEEP.
    tree : uint8 array
        The nodes in preorder, as the kernel's ``FORMAT.md`` describes them.
    witnesses : uint32 array
        k integers a leaf.
    nodes : int
    violators : array, shape (v, k)
        Rays with ‖Zᵀ(Xr)₊‖ > kappa·‖r‖, from cones that are disjoint but for their borders; if
        TOO_DEEP the last is one of a cone that could not be decided.
    """
    n, k = X.shape
    c = Z.shape[1]
    # Written before it is read; most of it never is.
    rays = np.empty((_DEPTH, k, k))
    turned = np.empty((_DEPTH, k, k))
    images = np.empty((_DEPTH, k, c))
    mixed = np.empty((_DEPTH, n), np.int64)
    values = np.empty((_DEPTH, n, k))  # Xr for the points mixed, in their order
    count = np.zeros(_DEPTH, np.int64)
    splits = np.zeros(_DEPTH, np.int64)
    norms, w, lengths = np.zeros(k), np.zeros(k), np.zeros(k)
    scratch = new_scratch(k, c)
    tree = np.zeros(1024, np.uint8)
    witnesses = np.zeros(1024 * k, np.uint32)
    violators = np.zeros((most_violators, k))
    size, leaves, nodes, violated = 0, 0, 0, 0

    for j in range(k):
        for p in range(k):
            rays[0, j, p] = start[j, p]
            turned[0, j, p] = _product(isotropic[p], start[j])
        for o in range(c):
            images[0, j, o] = 0.0
        for i in range(n):
            values[0, i, j] = _product(X[i], start[j])
            for o in range(c):
                images[0, j, o] += Z[i, o] * max(0.0, values[0, i, j])
    for i in range(n):
        mixed[0, i] = i
    count[0] = n
    top = 0
    while top >= 0:
        nodes += 1
        if nodes % _NODES_BETWEEN_LOOKS == 1:
            counted[0] = nodes
            if stop[0] != 0:
                return STOPPED, tree[:size], witnesses[: leaves * k], nodes, violators[:violated]
        _keep_mixed(values[top], mixed[top], count, top)
        for j in range(k):
            norms[j] = math.sqrt(_product(rays[top, j], rays[top, j]))
        if size + 3 > tree.size:
            tree = _doubled(tree)
        if (leaves + 1) * k > witnesses.size:
            witnesses = _doubled(witnesses)
        here = mixed[top, : count[top]]
        if close_leaf(
            kappa, rays[top], norms, values[top], here, images[top], Z, w, margin, scratch
        ):
            tree[size] = 0
            size += 1
            for j in range(k):
                witnesses[leaves * k + j] = np.uint32(w[j])
            leaves += 1
            top -= 1
            continue
        if k == 1 or top + 1 == _DEPTH or splits[top] == _MOST_SPLITS:
            for j in range(k):
                violators[violated, j] = rays[top, 0, j]
            return TOO_DEEP, tree[:size], witnesses[: leaves * k], nodes, violators[: violated + 1]
        edge, a, b, p, q = widest_edge(turned[top], lengths)
        tree[size], tree[size + 1], tree[size + 2] = 1 + edge, p, q
        size += 3
        # The half that keeps r_a is visited first, so it goes on top of the other.
        _copy(rays[top], rays[top + 1])
        _copy(turned[top], turned[top + 1])
        _copy(images[top], images[top + 1])
        _copy(values[top, : count[top]], values[top + 1])
        count[top + 1] = count[top]
        splits[top] += 1
        splits[top + 1] = splits[top]
        for place in range(count[top]):
            mixed[top + 1, place] = mixed[top, place]
        square = _put_middle(a, b, p, q, top, rays, turned, values, mixed, count[top], images, Z)
        score = math.sqrt(_product(images[top, a], images[top, a]) / square)
        top += 1
        if score > kappa:  # neither half can be proved: go on with the next cone
            for j in range(k):
                violators[violated, j] = rays[top, b, j]
            violated += 1
            if violated == most_violators:
                break
            top -= 2
    counted[0] = nodes
    status = PROVED if violated == 0 else VIOLATED
    return status, tree[:size], witnesses[: leaves * k], nodes, violators[:violated]


@inner
def _product(left: FloatArray, right: FloatArray) -> float:
    # Written out, here and below: array expressions take numba many times longer to compile.
    total = 0.0
    for j in range(left.size):
        total += left[j] * right[j]
    return total


@inner
def _copy(source: FloatArray, target: FloatArray) -> None:
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@inner
def _keep_mixed(values: FloatArray, mixed: IndexArray, count: IndexArray, top: int) -> None:
    kept = 0
    for place in range(count[top]):
        positive, negative = False, False
        for j in range(values.shape[1]):
            positive = positive or values[place, j] > 0.0
            negative = negative or values[place, j] < 0.0
        if positive and negative:
            mixed[kept] = mixed[place]
            for j in range(values.shape[1]):
                values[kept, j] = values[place, j]
            kept += 1
    count[top] = kept


@inner
def _doubled(array: NDArray[Any]) -> NDArray[Any]:
    larger = np.zeros(2 * array.size, array.dtype)
    for j in range(array.size):
        larger[j] = array[j]
    return larger


@compiled
def widest_edge(turned: FloatArray, lengths: FloatArray) -> tuple[int, int, int, int, int]:
    """The edge (a, b) of the widest angle, its number, and p, q for a ray in its middle."""
    k = lengths.size
    for j in range(k):
        lengths[j] = math.sqrt(_product(turned[j], turned[j]))
    edge, a, b, widest, number = 0, 0, 1, -1.0, 0
    for j in range(k):
        for m in range(j + 1, k):
            distance = 0.0  # of the unit vectors: cosines cannot tell small angles apart
            for axis in range(k):
                change = turned[j, axis] / lengths[j] - turned[m, axis] / lengths[m]
                distance += change * change
            if distance > widest:
                edge, a, b, widest = number, j, m, distance
            number += 1
    ratio = lengths[a] / lengths[b]
    p, q = 1.0, 1.0
    if ratio > 1.5:
        q = min(_LARGEST_SHARE, np.round(ratio))
    elif ratio < 1.0 / 1.5:
        p = min(_LARGEST_SHARE, np.round(1.0 / ratio))
    return edge, a, b, int(p), int(q)


@inner
def _put_middle(
    a: int,
    b: int,
    p: int,
    q: int,
    top: int,
    rays: FloatArray,
    turned: FloatArray,
    values: FloatArray,
    mixed: IndexArray,
    count: int,
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
        images[top, a, o] = p * images[top, a, o] + q * images[top, b, o]
    for place in range(count):
        start, end = p * values[top, place, a], q * values[top, place, b]
        values[top, place, a] = values[top + 1, place, b] = start + end
        if start * end < 0.0:  # (start + end)₊ is less than start₊ + end₊
            error = min(abs(start), abs(end))
            for o in range(Z.shape[1]):
                images[top, a, o] -= Z[mixed[top, place], o] * error
    for o in range(Z.shape[1]):
        images[top + 1, b, o] = images[top, a, o]
    return square
