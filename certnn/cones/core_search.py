"""Decide a part of a matrix that its structure leaves open: factorize it, or separate it.

A copositive matrix separates from the completely positive cone (Theorem 26).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import networkx as nx
import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import Block, Copositive, Factorization, NotCopositive, Term
from certnn.cones.copositive import copositivity
from certnn.cones.elimination import psd_rank
from certnn.cones.explicit_sums import support_graph
from certnn.cones.float_factors import (
    INSIDE,
    distinct,
    fit,
    lowest_points,
    project,
    random_start,
    with_columns,
)
from certnn.cones.matrix import SymmetricMatrix, Vector
from certnn.cones.repair import make_frame, repair_by_recognition, repair_with_slack
from certnn.cones.scaling import rounded_matrix, to_floats, unit_scaling

#: Shares of the diagonal that are kept for the dominant remainder, tried in turn.
_SLACKS = (3e-2, 3e-3, 3e-4, 1e-5)
#: Shares of the diagonal that are taken off to be outside the cone.
_DISTANCES = (1e-2, 1e-3, 1e-4)
_SWEEPS = 3000
#: A matrix with a larger error is only separated.
_NEAR = 1e-3
#: Points that an exact proof of copositivity may add to the projection.
_CORRECTIONS = 5
#: Shares of the room between the form and the hyperplane that are added to its diagonal.
_SHARES = (0.5, 0.1, 0.9)
#: Finer roundings than this are not worth it: the form is known to fewer digits.
_MOST_BITS = 44


def search_core(
    matrix: SymmetricMatrix, core: Block, generator: np.random.Generator, max_nodes: int
) -> Factorization | Copositive | str:
    """Factorize a core, or separate the matrix it is of.

    Of the core; a separator of `matrix`; or why there is neither.

    Parameters
    ----------
    matrix : SymmetricMatrix
        The whole matrix, doubly nonnegative.
    core : Block
        A part of it; completely positive if `matrix` is.
    max_nodes : int
        For the proof that a separator is copositive.
    """
    scaling = unit_scaling(core.matrix)
    scaled = core.matrix.scaled(scaling)
    target = to_floats(scaled)
    projected = project(target, generator)
    if projected.error < _NEAR:
        terms, method = _with_slack(scaled, target, projected.columns, generator)
        if terms is None:
            terms, method = _recognised(scaled, target, projected.columns, generator)
        if terms is not None:
            unscaled = (
                Term(t.weight, tuple(h / d for h, d in zip(t.vector, scaling, strict=True)))
                for t in terms
            )
            return Factorization(tuple(unscaled), (), method)
    if projected.error < INSIDE:
        return f"a core of order {scaled.order} is too near to the boundary of the cone"
    return _separator(matrix, core, generator, max_nodes)


def _with_slack(
    scaled: SymmetricMatrix, target: FloatArray, start: FloatArray, generator: np.random.Generator
) -> tuple[list[Term] | None, str]:
    rank = psd_rank(scaled)
    assert rank is not None  # a part of a psd matrix
    frame = make_frame(scaled, rank)
    columns = frame.columns()
    size = np.max(columns, axis=0)
    allowed = (target > 0.0) if rank == scaled.order else np.ones((rank, rank), dtype=bool)
    # Squares of e_i + e_j for all pairs allowed, and of e_i, in the frame scaled to unit columns.
    full = allowed + np.diag(np.sum(allowed, axis=1).astype(float))
    slack = full / np.outer(size, size) / np.max(np.diag(full))
    inverse = np.linalg.pinv(columns)
    for share in _SLACKS:
        shrunk = target - share * columns @ slack @ columns.T
        if np.min(np.diag(shrunk)) <= 0.0 or np.min(shrunk) < -1e-12:
            continue
        # What sticks out of the range of a singular matrix is lost: that takes more accuracy.
        tolerance = 1e-3 * share if rank == scaled.order else 1e-8
        factor = fit(np.maximum(shrunk, 0.0), start, pattern=True, tolerance=tolerance)
        if factor.error > 0.5 * share:
            more = np.hstack([start, random_start(target, 2 * scaled.order, generator)])
            factor = fit(np.maximum(shrunk, 0.0), more, pattern=True, tolerance=0.1 * tolerance)
        terms = repair_with_slack(frame, inverse @ factor.columns)
        if terms is not None:
            return terms, f"factorized with slack {share:g}"
    return None, ""


def _recognised(
    scaled: SymmetricMatrix, target: FloatArray, start: FloatArray, generator: np.random.Generator
) -> tuple[list[Term] | None, str]:
    """Try small integers near the columns found so far, and near the zeros of separators.

    The separators are those of matrices a bit outside the cone. Their zeros tend to the vectors of
    which the matrix must be made, if it is on the boundary.
    """
    order = scaled.order
    seen = [start.T]
    singular = psd_rank(scaled) != order  # then every vector in the range is a zero
    for distance in _DISTANCES[:1] if singular else _DISTANCES:
        outside = target - distance * np.eye(order)
        projected = project(outside, generator, start)
        start = projected.columns
        zeros, values = lowest_points(-projected.residual, 10 * order, generator, _SWEEPS)
        size = float(np.max(np.abs(projected.residual)))
        exact = fit(target, start, pattern=True, tolerance=1e-13)
        seen += [distinct(zeros[values < 0.01 * size], 4 * order * order), exact.columns.T]
        terms = repair_by_recognition(scaled, np.vstack(seen))
        if terms is not None:
            return terms, "vectors of integers recognised"
    return None, ""


def _separator(
    matrix: SymmetricMatrix, core: Block, generator: np.random.Generator, max_nodes: int
) -> Copositive | str:
    """Separate the component that the core is of.

    Not the core itself: its separator need not be one of the matrix.
    """
    graph = support_graph(matrix)
    indices = sorted(nx.node_connected_component(graph, core.indices[0]))
    part = matrix.restricted(indices)
    scaling = unit_scaling(part)
    target = to_floats(part.scaled(scaling))
    projected = project(target, generator)
    for _ in range(_CORRECTIONS):
        found = separate(matrix, indices, scaling, -projected.residual, max_nodes)
        if isinstance(found, Copositive):
            return found
        if found is None:
            break
        point = np.array([float(x) for x in _unit(found)])
        point /= np.linalg.norm(point)
        start = with_columns(projected.columns, point[None, :], -projected.residual)
        projected = project(target, generator, start)
    return f"no separator was proved at distance {projected.error:.1g} from the cone"


def _unit(vector: Vector) -> Vector:
    largest: Fraction = max(vector)
    return tuple(x / largest for x in vector)


def separate(
    matrix: SymmetricMatrix,
    indices: Sequence[int],
    scaling: Vector,
    form: FloatArray,
    max_nodes: int,
) -> Copositive | Vector | None:
    """Turn an approximate separator of a principal submatrix into an exact one of the matrix.

    The separator; or a point, in the scaled coordinates of `indices`, at which the form is negative
    however much of the room is used; or None.

    Parameters
    ----------
    matrix : SymmetricMatrix
        The whole matrix.
    indices : sequence of int
        Rows of the submatrix.
    scaling : Vector
        Positive factors, one for each of `indices`: `form` is about the scaled submatrix.
    form : float64 array
        Nearly copositive, with a negative inner product with the scaled submatrix.
    max_nodes : int
        For the proof that it is copositive.
    """
    part = matrix.restricted(indices).scaled(scaling)
    floats = to_floats(part)
    form = form / np.max(np.abs(form))
    room = -float(np.sum(form * floats)) / float(np.trace(floats))
    if room <= 0.0:
        return None
    point: Vector | None = None
    for share in _SHARES:
        bits = int(np.ceil(np.log2(4.0 * part.order / (room * min(share, 1.0 - share)))))
        if bits > _MOST_BITS:
            continue
        exact = rounded_matrix(form + share * room * np.eye(part.order), max(bits, 2))
        if exact.inner(part) >= 0:
            continue
        whole = _embedded(exact.scaled(scaling), indices, matrix.order)
        verdict = copositivity(whole, max_nodes=max_nodes)
        if isinstance(verdict, Copositive):
            return verdict
        if isinstance(verdict, NotCopositive):
            entries = (verdict.certificate[i] for i in indices)
            point = tuple(x * d for x, d in zip(entries, scaling, strict=True))
    return point


def _embedded(part: SymmetricMatrix, indices: Sequence[int], order: int) -> SymmetricMatrix:
    """The matrix with zero rows and columns at the indices that it lacks."""
    rows = [[Fraction(0)] * order for _ in range(order)]
    for i, row in zip(indices, part.rows, strict=True):
        for j, entry in zip(indices, row, strict=True):
            rows[i][j] = entry
    return SymmetricMatrix.of(rows)
