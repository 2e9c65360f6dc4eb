"""A primal-dual interior point method in either arithmetic, for dense and small programs.

The HKM direction, as in `certnn.relaxation.interior.dense.newton`. It is apart from
`certnn.relaxation.interior.predictor_corrector`: both the aim of a step and its share of the way to
the border get closer to them as the gap falls, so that the last steps converge superlinearly, which
floats would not bear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.relaxation.extended.arithmetic import Numbers, Root
from certnn.relaxation.extended.program import ExtendedProgram

#: Shares of the way to the border of a cone: at least, and at most.
_LEAST_SHARE, _LARGEST_SHARE = 0.9, 1.0 - 1e-6
#: Share of ν by which L may miss it at a pair where μ is to fall.
_MISSED = 0.01
_SHORTENINGS, _HALVINGS = 20, 200


@dataclass(frozen=True, eq=False)
class Point:
    """A primal-dual point.

    Attributes
    ----------
    y : array, shape (N,)
        Multipliers with S positive definite and those of pairs positive.
    moment : array, shape (p, p)
        L, positive definite.
    slack : array, shape (pairs,)
        ν > 0, in the end L at the pairs.
    """

    y: Numbers
    moment: Numbers
    slack: Numbers


def first_multipliers(program: ExtendedProgram) -> Numbers:
    """Multipliers with S positive definite, ζ a multiple of the targets.

    Raises
    ------
    SolverError
        If the precision is too low for it.
    """
    k, m = program.signed, program.points
    rows = np.asarray(program.rows, dtype=np.float64)
    gram = np.asarray(program.unit[: program.rank, : program.rank], dtype=np.float64)
    largest = float(np.linalg.eigvalsh(rows @ np.linalg.solve(gram, rows.T))[-1])
    y = np.zeros(program.first.size)
    y[program.fits : k] = -0.5 / largest
    share = 0.1
    for _ in range(_HALVINGS):
        y[: program.fits] = share * np.asarray(program.targets, dtype=np.float64)
        y[k:] = share / largest / m
        trial = program.arithmetic.array(y)
        if program.arithmetic.root(program.dual_matrix(trial)) is not None:
            return trial
        share *= 0.5
    raise SolverError("the data are too badly scaled for the interior point method")


def centred_point(program: ExtendedProgram, y: Numbers) -> Point:
    """L = μS⁻¹ and ν = μ/y, with the μ that fits the equations of ζ best."""
    root = program.arithmetic.root(program.dual_matrix(y))
    assert root is not None
    inverse = root.inverse()
    values = program.values(program.form_values(inverse))[: program.fits]
    wanted = program.targets - y[: program.fits]
    mu = abs(np.sum(wanted * values)) / np.sum(values * values)
    return Point(y, inverse * mu, 1 / y[program.signed :] * mu)


def interior_point_steps(program: ExtendedProgram, point: Point, *, exact: bool) -> Iterator[Point]:
    """One point after another, for as long as the precision allows.

    With `exact`, μ is kept while L misses its constraints by much against μ, until a full step
    meets them; rounding of floats would keep it forever.
    """
    while True:
        step = _step(program, point, exact)
        if step is None:
            return
        point = step
        yield point


def relative_gap(program: ExtendedProgram, point: Point) -> float:
    """Of the objectives, that of the primal side whether it is feasible or not."""
    primal, dual = program.primal_value(point.moment), program.dual_value(point.y)
    return abs(float((primal - dual) / primal))


def largest_residual(program: ExtendedProgram, point: Point) -> float:
    """Of the constraints on the moment matrix, as a share of its largest entry."""
    values = program.values(program.form_values(point.moment))[program.fits :]
    values[program.points :] -= point.slack
    return float(np.max(np.abs(values)) / np.max(np.diag(point.moment)))


def balanced_moment(program: ExtendedProgram, moment: Numbers) -> Numbers:
    """L with what L(a_i b_i) is off zero taken out, as little as possible in its own metric.

    The correction is Σ y_i L·A_i·L, with A_i the matrix of a_i·b_i.
    """
    n = program.points
    values = program.form_values(moment)
    aa, ab, bb = values[:n, :n], values[:n, n : 2 * n], values[n : 2 * n, n : 2 * n]
    root = program.arithmetic.root((aa * bb + ab * ab.T) / 2)
    if root is None:
        return moment
    weights = program.arithmetic.array(np.zeros(program.first.size))
    weights[program.fits : program.signed] = -root.solve(np.diag(ab)) / 2
    return moment + _symmetric(moment @ program.combined(weights) @ moment)


@dataclass(frozen=True, eq=False)
class _Direction:
    dy: Numbers
    dS: Numbers
    dL: Numbers
    dnu: Numbers
    primal: float  # how far it can go
    dual: float


def _step(program: ExtendedProgram, point: Point, exact: bool) -> Point | None:
    """One predictor-corrector step; None where the precision is exhausted."""
    k, pairs = program.signed, point.y[program.signed :]
    S = program.dual_matrix(point.y)
    root, moment_root = program.arithmetic.root(S), program.arithmetic.root(point.moment)
    if root is None or moment_root is None:
        return None
    inverse = root.inverse()
    schur = _schur(program, point, inverse)
    factor = program.arithmetic.root(schur)
    if factor is None:
        return None
    centre = program.values(program.form_values(inverse))
    residual = program.targets - point.y[: program.fits]

    def direction(centring: Any, second: Numbers | None, pair_second: Numbers) -> _Direction:
        right = centre * -centring
        right[: program.fits] += residual
        right[k:] += 1 / pairs * centring - pair_second
        if second is not None:
            right += program.values(program.form_values(second))
        dy = factor.solve(right)
        dy = dy + factor.solve(right - schur @ dy)
        dS = -program.combined(dy)
        dL = inverse * centring - point.moment - _symmetric(point.moment @ dS @ inverse)
        if second is not None:
            dL = dL - second
        dnu = 1 / pairs * centring - point.slack - point.slack / pairs * dy[k:] - pair_second
        primal = min(_longest(moment_root, dL), _longest_positive(point.slack, dnu))
        dual = min(_longest(root, dS), _longest_positive(pairs, dy[k:]))
        return _Direction(dy, dS, dL, dnu, primal, dual)

    def average(primal: float, dual: float, found: _Direction) -> Any:
        matrices = np.sum((point.moment + found.dL * primal) * (S + found.dS * dual))
        vectors = np.sum((point.slack + found.dnu * primal) * (pairs + found.dy[k:] * dual))
        return (matrices / 2 + vectors) / (len(S) / 2 + len(pairs))

    zero = 0 * residual[0]
    found = direction(zero, None, zero * pairs)
    mu = average(0.0, 0.0, found)
    primal, dual = (min(1.0, _LEAST_SHARE * reach) for reach in (found.primal, found.dual))
    ratio = min(max(float(average(min(1.0, found.primal), min(1.0, found.dual), found) / mu), 0), 1)
    sigma = max(ratio ** max(1.0, 3.0 * min(primal, dual) ** 2), 1e-12)
    missed = program.values(program.form_values(point.moment))[k:] - point.slack
    if exact and np.any(np.abs(missed) > _MISSED * point.slack):
        sigma = 1.0  # else μ would fall faster than the infeasibility
    share = min(max(_LEAST_SHARE, 1.0 - ratio**1.5), _LARGEST_SHARE)
    second = _symmetric(found.dL @ found.dS @ inverse)
    found = direction(sigma * mu, second, found.dy[k:] * found.dnu / pairs)
    return _moved(program, point, found, share)


def _moved(program: ExtendedProgram, point: Point, found: _Direction, share: float) -> Point | None:
    primal, dual = (min(1.0, share * reach) for reach in (found.primal, found.dual))
    root = program.arithmetic.root
    for _ in range(_SHORTENINGS):
        y = point.y + found.dy * dual
        if root(program.dual_matrix(y)) is not None:
            break
        dual *= 0.7
    else:
        return None
    for _ in range(_SHORTENINGS):
        moment = point.moment + found.dL * primal
        if root(moment) is not None:
            return Point(y, moment, point.slack + found.dnu * primal)
        primal *= 0.7
    return None


def _schur(program: ExtendedProgram, point: Point, inverse: Numbers) -> Numbers:
    """The matrix of the Newton equations; see `certnn.relaxation.interior.dense.schur`."""
    primal, dual = program.form_values(point.moment), program.form_values(inverse)
    first, second, half = program.first, program.second, program.weight / 2
    matrix = np.empty((first.size, first.size), dtype=primal.dtype)
    for k in range(first.size):
        i, j, x, y = first[k], second[k], first[k:], second[k:]
        row = primal[i, x] * dual[j, y] + primal[j, x] * dual[i, y]
        row = row + primal[i, y] * dual[j, x] + primal[j, y] * dual[i, x]
        matrix[k, k:] = matrix[k:, k] = row * half[k] * program.weight[k:]
    diagonal = np.diag_indices(first.size)
    more = matrix[diagonal]
    more[: program.fits] += 1
    more[program.signed :] += point.slack / point.y[program.signed :]
    matrix[diagonal] = more
    return matrix


def _longest(root: Root, change: Numbers) -> float:
    """The largest α with matrix + α·change positive semidefinite."""
    relative: FloatArray = root.relative(change)
    least = float(np.linalg.eigvalsh(relative)[0])
    return float("inf") if least >= 0.0 else -1.0 / least


def _longest_positive(values: Numbers, change: Numbers) -> float:
    """The largest α with values + α·change ≥ 0, for positive values."""
    falls = np.asarray(change / values, dtype=np.float64)
    least = float(np.min(falls, initial=0.0))
    return float("inf") if least >= 0.0 else -1.0 / least


def _symmetric(matrix: Numbers) -> Numbers:
    return np.asarray((matrix + matrix.T) / 2)
