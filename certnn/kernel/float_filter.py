"""A filter in floats for partitions: most leaves are proved here, and need no integers.

Every number is computed together with a bound of its error (Theorem 17), so that a leaf that is
proved here would be accepted in integers too. What is not proved here, and everything that is
wrong with the trees, is left to the integers. Needs numba; compiled. It is one long module as its
memory is laid out by hand, of which two would have to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from certnn.kernel.exact import Rows
from certnn.kernel.outputs import DEEPEST
from certnn.kernel.partition import PartitionProof
from certnn.kernel.partition_costs import PartitionCosts
from certnn.kernel.work import INTEGER, Work

#: 2u: a number of order m is off by at most m · 2u times its computed majorant.
_TWICE_UNIT = 1 / (1 << 52)
#: Numbers in the scaled data are zero or within these, so that nothing underflows.
_LEAST, _LARGEST = 1 / (1 << 200), float(1 << 200)
#: No majorant of a ray is above this, so that nothing overflows.
_HUGE = float(1 << 300)
_NODES_AT_ONCE = 1 << 16

_Floats = NDArray[np.float64]
_Integers = NDArray[Any]


class OpenNode(NamedTuple):
    """A node that integers must judge: the number of its tree, and the splits above.

    Of these it has the places in the file's tree, and 1 if the node is in the second half; `at` and
    `leaf` are its own place there, and the number of leaves before it. The end of the last tree
    counts as a node of one tree more.
    """

    orthant: int
    splits: list[tuple[int, int]]
    at: int
    leaf: int


class Data(NamedTuple):
    """The scaled claim ‖Σ z_i(x_iᵀu)₊‖ ≤ kappa‖u‖, and the tree and witnesses as they are.

    Z has shape (c, n); `first` and `second` are i and j of each edge.
    """

    tree: _Integers
    witnesses: _Integers
    Z: _Floats
    kappa: float
    first: _Integers
    second: _Integers


class Rays(NamedTuple):
    """Rays r = Σ t_j b_j, t ≥ 0, one a slot: b₁, −b₁, b₂, .., −b_k, then one for each depth.

    Of each they have x_iᵀr for all i, r, and Zᵀ(Xr)₊; then majorants, of |x_iᵀr| for every i, of
    Σ |z_io x_iᵀr| and of kappa‖r‖; and a bound of the error of every activation.
    """

    activations: _Floats
    coordinates: _Floats
    images: _Floats
    reach: _Floats
    load: _Floats
    length: _Floats
    doubt: _Floats


class Path(NamedTuple):
    """The cone at hand, and the cones that it is in.

    Attributes
    ----------
    place : int64 array
        Where the walk is; see the constants below.
    slots : int64 array, shape (depths, k)
        The rays of the cone of each depth.
    split_at, in_second : int64 array, shape (depths,)
        Place in the file of the split, and whether the next cone is its second half.
    live, live_count : int32 array, shape (depths + 1, n), and int64 array, shape (depths + 1,)
        From row 1 on: the points that may be mixed in the cone, and how many they are.
    held : int64 array, shape (depths + 1,)
        Bits of integers that the cones above would take, at most.
    """

    place: _Integers
    slots: _Integers
    split_at: _Integers
    in_second: _Integers
    live: _Integers
    live_count: _Integers
    held: _Integers


#: Indices of `Path.place`. BEHIND is 1 if the node is a leaf that has been judged; LEFT and ROOM
#: are those of `Work`, and LEFT is negative once one of them is exceeded.
_AT, _LEAF, _ORTHANT, _DEPTH, _BEHIND, _LEFT, _ROOM = range(7)


class Scratch(NamedTuple):
    """What is written anew for every leaf; `values` and `margins` are the rows of Q′w."""

    w: _Floats
    weights: _Floats
    errors: _Floats
    falls: _Floats
    above: _Floats
    below: _Floats
    centred: _Floats
    sizes: _Floats
    form: _Floats
    values: _Floats
    margins: _Floats


def open_nodes(
    proof: PartitionProof, values: Rows, exponent: int, costs: PartitionCosts, work: Work
) -> Iterator[OpenNode] | None:
    """The nodes that are not settled here, in the order of the file, and then the end.

    `values` are x_iᵀb for each ray b of the basis, and kappa is in units of 2**exponent if rays,
    `values` and Z are those integers. The work that integers would take is counted, with all points
    that may be mixed, and not taken. Where that is more than is left, the nodes stop short of the
    end; after anything but a leaf there is no going on. None if floats will not do: the data are
    too large, or have numbers too large or too small.
    """
    try:
        data, rays = scaled_data(proof, values, exponent)
        path, scratch = new_path(rays), new_scratch(data, rays)
    except (OverflowError, MemoryError):
        return None
    path.place[_LEFT], path.place[_ROOM] = work.left - costs.orthant, work.room - INTEGER
    arrays = PartitionCosts(costs.orthant, *map(np.array, costs[1:]))
    return _open_nodes(data, rays, path, scratch, arrays)


def _open_nodes(
    data: Data, rays: Rays, path: Path, scratch: Scratch, costs: PartitionCosts
) -> Iterator[OpenNode]:
    while True:
        while not walk(data, rays, path, scratch, costs):
            pass  # Python sees to signals
        at, leaf, orthant, depth, *_ = path.place.tolist()
        if path.place[_LEFT] < 0:
            return
        above = (path.split_at[:depth].tolist(), path.in_second[:depth].tolist())
        yield OpenNode(orthant, list(zip(*above, strict=True)), at, leaf)


def scaled_data(proof: PartitionProof, values: Rows, exponent: int) -> tuple[Data, Rays]:
    """Scale each x_i, and Z and the basis as a whole, by powers of two to entries of about 1.

    z_i is scaled against x_i, and kappa as the claim requires. Points with Xb = 0 are left out.
    """
    k, c = len(values), len(proof.Z.rows[0])
    points = [
        (_bits(point), point, z)
        for point, z in zip(zip(*values, strict=True), proof.Z.rows, strict=True)
        if any(point)
    ]
    dual_bits = max((bits + _bits(z) for bits, _, z in points if any(z)), default=0)
    basis_bits = max(map(_bits, proof.basis.rows))
    activations = [[_nearest(value, -bits) for value in point] for bits, point, _ in points]
    Z = [[_nearest(entry, bits - dual_bits) for entry in z] for bits, _, z in points]
    basis = [[_nearest(entry, -basis_bits) for entry in row] for row in proof.basis.rows]
    numerator, denominator = proof.kappa.as_integer_ratio()  # the denominator is a power of two
    unit = basis_bits - dual_bits - exponent
    kappa = _nearest(numerator, unit + 1 - denominator.bit_length())

    n, slots = len(points), 2 * k + DEEPEST
    rays = Rays(
        np.empty((slots, n)),
        np.empty((slots, k)),
        np.empty((slots, c)),
        *(np.empty(slots) for _ in range(4)),
    )
    rays.activations[0 : 2 * k : 2] = np.reshape(activations, (n, k)).T
    rays.coordinates[0 : 2 * k : 2] = basis
    for part in (rays.activations, rays.coordinates):
        part[1 : 2 * k : 2] = -part[0 : 2 * k : 2]
    first, second = np.triu_indices(k, 1)
    duals = np.ascontiguousarray(np.reshape(Z, (n, c)).T)
    witnesses = np.asarray(proof.witnesses, np.uint32)
    data = Data(np.frombuffer(proof.tree, np.uint8), witnesses, duals, kappa, first, second)
    begin(data, rays)
    return data, rays


def _bits(integers: tuple[int, ...] | list[int]) -> int:
    return max(map(int.bit_length, integers))


def _nearest(integer: int, exponent: int) -> float:
    """The float64 nearest to integer · 2**exponent.

    Raises `OverflowError` if it is not zero and too large or too small.
    """
    number = float(integer << exponent) if exponent >= 0 else integer / (1 << -exponent)
    if integer and not _LEAST <= abs(number) <= _LARGEST:
        raise OverflowError
    return number


def new_path(rays: Rays) -> Path:
    """The state of a walk that is about to begin."""
    n, k = rays.activations.shape[1], rays.coordinates.shape[1]
    path = Path(
        np.zeros(7, np.int64),
        np.zeros((DEEPEST + 1, k), np.int64),
        np.zeros(DEEPEST + 1, np.int64),
        np.zeros(DEEPEST + 1, np.int64),
        np.empty((DEEPEST + 2, n), np.int32),
        np.zeros(DEEPEST + 2, np.int64),
        np.zeros(DEEPEST + 2, np.int64),
    )
    path.live[0] = np.arange(n)
    path.live_count[0] = n
    path.slots[0] = np.arange(0, 2 * k, 2)
    drop_settled_points(rays, path, 0)
    return path


def new_scratch(data: Data, rays: Rays) -> Scratch:
    """Room for one leaf."""
    (c, n), k = data.Z.shape, rays.coordinates.shape[1]
    return Scratch(
        np.zeros(k),
        np.zeros((c, n)),
        np.zeros((k, n)),
        np.zeros((k, n)),
        np.zeros((k, c)),
        np.zeros((k, c)),
        np.zeros((k, c)),
        np.zeros(k),
        np.zeros((k, k)),
        np.zeros(k),
        np.zeros(k),
    )


@njit(cache=True, nogil=True)
def begin(data: Data, rays: Rays) -> None:
    """Images and majorants of ±b₁, .., ±b_k."""
    (c, n), k = data.Z.shape, rays.coordinates.shape[1]
    for slot in range(2 * k):
        _write_image(data.Z, rays, slot)
        reach, load, length = 0.0, 0.0, 0.0
        for i in range(n):
            size = abs(rays.activations[slot, i])
            reach = max(reach, size)
            weight = 0.0
            for o in range(c):
                weight += abs(data.Z[o, i])
            load += weight * size
        for p in range(k):
            length += abs(rays.coordinates[slot, p])
        _write_majorants(rays, slot, 0, reach, load, data.kappa * length)


@njit(cache=True, nogil=True)
def _write_image(Z: _Floats, rays: Rays, slot: int) -> None:
    values = rays.activations[slot]
    for o in range(Z.shape[0]):
        total = 0.0
        for i in range(Z.shape[1]):
            total += Z[o, i] * max(0.0, values[i])
        rays.images[slot, o] = total


@njit(cache=True, nogil=True)
def _write_majorants(
    rays: Rays, slot: int, depth: int, reach: float, load: float, length: float
) -> None:
    rays.reach[slot] = reach
    rays.load[slot] = load
    rays.length[slot] = length
    rays.doubt[slot] = _TWICE_UNIT * (2 * depth + 1) * reach


@njit(cache=True, nogil=True)
def walk(data: Data, rays: Rays, path: Path, scratch: Scratch, costs: PartitionCosts) -> bool:
    """Go on to the next node that is not settled here, or to the end: False if not there yet.

    Or to where too little work is left.
    """
    place, k = path.place, rays.coordinates.shape[1]
    at, leaf, depth, behind = place[_AT], place[_LEAF], place[_DEPTH], place[_BEHIND]
    there = True
    for _ in range(_NODES_AT_ONCE):
        if behind:
            at, leaf, behind = at + 1, leaf + 1, 0
            depth = _next_half(data, rays, path, depth)
            if depth < 0:
                depth = 0
                place[_ORTHANT] += 1
                if place[_ORTHANT] == 1 << k:
                    break
                place[_LEFT] -= costs.orthant
                if place[_LEFT] < 0:
                    break
                for j in range(k):  # the sign of the last ray changes fastest
                    path.slots[0, j] = 2 * j + ((place[_ORTHANT] >> (k - 1 - j)) & 1)
                drop_settled_points(rays, path, depth)
        if at >= data.tree.size:
            break
        if data.tree[at] == 0:
            behind = 1  # here, or by who sees the node next
            if not _take(path, depth, costs.leaf):
                break
            if not _read_witness(data.witnesses, leaf, scratch.w):
                break
            if not judge_leaf(data, rays, path, depth, scratch):
                break
        else:
            if not _is_split(data, at) or depth == path.split_at.size - 1:
                break
            path.held[depth + 1] = path.held[depth]
            path.held[depth + 1] += path.live_count[depth + 1] * costs.point_bits[depth]
            if path.held[depth + 1] > place[_ROOM]:
                place[_LEFT] = -1
                break
            if not _take(path, depth, costs.split):
                break
            path.split_at[depth] = at
            path.in_second[depth] = 0
            _write_middle(data, rays, path, depth)
            depth = _enter_half(data, rays, path, depth)
            at += 3
    else:
        there = False
    place[_AT], place[_LEAF], place[_DEPTH], place[_BEHIND] = at, leaf, depth, behind
    return there


@njit(cache=True, nogil=True)
def _take(path: Path, depth: int, costs: _Integers) -> bool:
    """Take the work of a node from what is left, if it is enough."""
    path.place[_LEFT] -= costs[depth, 0] + costs[depth, 1] * path.live_count[depth + 1]
    return bool(path.place[_LEFT] >= 0)


@njit(cache=True, nogil=True)
def _is_split(data: Data, at: int) -> bool:
    tree = data.tree
    if at + 3 > tree.size or tree[at] > data.first.size:
        return False
    return bool(tree[at + 1] > 0 and tree[at + 2] > 0)


@njit(cache=True, nogil=True)
def _read_witness(witnesses: _Integers, leaf: int, w: _Floats) -> bool:
    if (leaf + 1) * w.size > witnesses.size:
        return False
    for j in range(w.size):
        w[j] = witnesses[leaf * w.size + j]
        if w[j] == 0.0:
            return False
    return True


@njit(cache=True, nogil=True)
def _next_half(data: Data, rays: Rays, path: Path, depth: int) -> int:
    """Enter the next second half that has not been walked; −1 if there is none."""
    for above in range(depth - 1, -1, -1):
        if path.in_second[above] == 0:
            path.in_second[above] = 1
            return int(_enter_half(data, rays, path, above))
    return -1


@njit(cache=True, nogil=True)
def _enter_half(data: Data, rays: Rays, path: Path, depth: int) -> int:
    k = rays.coordinates.shape[1]
    edge = int(data.tree[path.split_at[depth]]) - 1
    for j in range(k):
        path.slots[depth + 1, j] = path.slots[depth, j]
    replaced = data.first[edge] if path.in_second[depth] else data.second[edge]
    path.slots[depth + 1, replaced] = 2 * k + depth
    drop_settled_points(rays, path, depth + 1)
    return depth + 1


@njit(cache=True, nogil=True)
def _write_middle(data: Data, rays: Rays, path: Path, depth: int) -> None:
    """The ray p·r_i + q·r_j of the split at this depth."""
    k, at = rays.coordinates.shape[1], path.split_at[depth]
    edge = int(data.tree[at]) - 1
    p, q = float(data.tree[at + 1]), float(data.tree[at + 2])
    i, j = path.slots[depth, data.first[edge]], path.slots[depth, data.second[edge]]
    slot = 2 * k + depth
    new, start, end = rays.activations[slot], rays.activations[i], rays.activations[j]
    for place in range(new.size):
        new[place] = p * start[place] + q * end[place]
    for place in range(k):
        rays.coordinates[slot, place] = p * rays.coordinates[i, place]
        rays.coordinates[slot, place] += q * rays.coordinates[j, place]
    _write_image(data.Z, rays, slot)
    reach = p * rays.reach[i] + q * rays.reach[j]
    load = p * rays.load[i] + q * rays.load[j]
    length = p * rays.length[i] + q * rays.length[j]
    _write_majorants(rays, slot, depth + 1, reach, load, length)


@njit(cache=True, nogil=True)
def drop_settled_points(rays: Rays, path: Path, depth: int) -> None:
    """Of the points of the cone above keep those that are not certain to have one sign here."""
    slots, above, live = path.slots[depth], path.live[depth], path.live[depth + 1]
    kept = 0
    for place in range(path.live_count[depth]):
        i = above[place]
        positive, negative = True, True
        for j in range(slots.size):
            value, doubt = rays.activations[slots[j], i], rays.doubt[slots[j]]
            positive = positive and value >= doubt
            negative = negative and value <= -doubt
        if not (positive or negative):
            live[kept] = i
            kept += 1
    path.live_count[depth + 1] = kept


@njit(cache=True, nogil=True)
def judge_leaf(data: Data, rays: Rays, path: Path, depth: int, scratch: Scratch) -> bool:
    """Whether Q′w ≥ 0 for certain, where w is `scratch.w`.

    If the E_i are certain, row i of Q′w is within `margins[i]` of `values[i]`.
    """
    w, slots = scratch.w, path.slots[depth]
    for ray in slots:
        if not (rays.reach[ray] <= _HUGE and rays.load[ray] <= _HUGE and rays.length[ray] <= _HUGE):
            return False
    if not _choose_errors(rays, path, depth, scratch):
        return False
    _write_form(data, rays, path, depth, scratch)
    k, (c, n) = w.size, data.Z.shape
    share, sizes, proved = _TWICE_UNIT * 4 * (n + c + k + depth + 2), scratch.sizes, True
    for j in range(k):
        sizes[j] = 2 * share * rays.load[slots[j]]
        for o in range(c):
            sizes[j] += (
                2 * abs(rays.images[slots[j], o]) + scratch.above[j, o] + scratch.below[j, o]
            )
    for j in range(k):
        value, margin = 0.0, 0.0
        for m in range(k):
            lengths = rays.length[slots[j]] * rays.length[slots[m]]
            images = rays.load[slots[j]] * sizes[m] + sizes[j] * rays.load[slots[m]]
            doubt, entry = share * (2 * lengths + 6 * images), scratch.form[j, m]
            if j == m or entry < doubt:  # others are positive for certain, and do not count
                value += (entry if j == m else min(0.0, entry)) * w[m]
                margin += doubt * w[m]
        scratch.values[j], scratch.margins[j] = value, margin
        proved = proved and value >= margin
    return proved


@njit(cache=True, nogil=True)
def _choose_errors(rays: Rays, path: Path, depth: int, scratch: Scratch) -> bool:
    """E_i for each live point, the smaller of A_i and B_i at w, if it is certain which that is."""
    w, slots, live = scratch.w, path.slots[depth], path.live[depth + 1]
    k, reach = w.size, 0.0
    for j in range(k):
        reach += rays.reach[slots[j]] * w[j]
    doubt = _TWICE_UNIT * (2 * depth + 1 + k) * reach
    for place in range(path.live_count[depth + 1]):
        i = live[place]
        balance = 0.0
        for j in range(k):
            balance += rays.activations[slots[j], i] * w[j]
        if not abs(balance) > doubt:
            return False
        for j in range(k):
            value = rays.activations[slots[j], i]
            scratch.errors[j, place] = max(0.0, value if balance < 0.0 else -value)
    return True


@njit(cache=True, nogil=True)
def _write_form(data: Data, rays: Rays, path: Path, depth: int, scratch: Scratch) -> None:
    """2Q of Theorem 15."""
    slots, live, count = path.slots[depth], path.live[depth + 1], path.live_count[depth + 1]
    errors, falls, weights = scratch.errors, scratch.falls, scratch.weights
    above, below, centred = scratch.above, scratch.below, scratch.centred
    k, c = above.shape
    for o in range(c):
        for place in range(count):
            weights[o, place] = data.Z[o, live[place]]
    for j in range(k):
        for o in range(c):
            positive, negative = 0.0, 0.0
            for place in range(count):
                weight, error = weights[o, place], errors[j, place]
                positive += max(0.0, weight) * error
                negative += max(0.0, -weight) * error
            above[j, o], below[j, o] = positive, negative
            centred[j, o] = 2 * rays.images[slots[j], o] - positive + negative
        for place in range(count):
            rise = 0.0
            for o in range(c):
                rise += weights[o, place] * centred[j, o]
            falls[j, place] = max(0.0, -rise)
    for j in range(k):
        for m in range(j + 1):
            norm, image = 0.0, 0.0
            for p in range(k):
                norm += rays.coordinates[slots[j], p] * rays.coordinates[slots[m], p]
            for o in range(c):
                image += 2 * rays.images[slots[j], o] * rays.images[slots[m], o]
                image += above[j, o] * below[m, o] + below[j, o] * above[m, o]
            for place in range(count):
                image += errors[j, place] * falls[m, place] + errors[m, place] * falls[j, place]
            scratch.form[j, m] = 2 * data.kappa * data.kappa * norm - image
            scratch.form[m, j] = scratch.form[j, m]
