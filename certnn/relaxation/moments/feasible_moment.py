"""A moment matrix that satisfies the relaxation exactly: an upper bound on the relaxation's value.

Exact arithmetic, no tolerance (Theorem 34). What a solver returns is only nearly feasible, and its
objective bounds nothing; this one is feasible or refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.kernel.exact import ExactMatrix, Rows, exact_matrix, inner, times_transpose
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.relaxation.reduced.fixed_point_root import is_positive_semidefinite


class Infeasible(Exception):
    """The matrix is not a feasible point of the relaxation; the message says why."""


@dataclass(frozen=True, eq=False)
class FeasibleMoment:
    """Second moments of (t, a, v), where u = basis·t and a are the activations on some rows.

    The numbers are a claim until `relaxation_upper_bound` has checked them.

    Attributes
    ----------
    problem : TrainingProblem
    representatives : tuple of int, length m
        Rows of the features; each of the others has to be zero or a multiple of one of them.
    basis : float64 array, shape (columns, r)
        The weights u that are considered are the combinations of its columns.
    scales : tuple of int, length r + m + c
        Exponents of the units of t, a, v: the entry (i, j) is 2**(scales[i] + scales[j]) times the
        integer that is stored.
    entries : tuple of int
        The lower triangle, row by row, without the diagonal entries of a. Those are
        L(a_i·x_iᵀu), so that L(a_i b_i) = 0 by construction.
    """

    problem: TrainingProblem
    representatives: tuple[int, ...]
    basis: FloatArray
    scales: tuple[int, ...]
    entries: tuple[int, ...]

    @property
    def rank(self) -> int:
        """Number r of columns of the basis."""
        return int(self.basis.shape[1])

    @property
    def order(self) -> int:
        """r + m + c."""
        return self.rank + len(self.representatives) + self.problem.c


@dataclass(frozen=True)
class _Multiple:
    """A row that is `factor` > 0 times a representative, or minus that."""

    place: int
    factor: Fraction
    flipped: bool


def relaxation_upper_bound(moment: FeasibleMoment) -> Fraction:
    """Check the matrix; return a number that the value of the level dnn does not exceed.

    It is the objective of the best multiple of the matrix, which is as feasible (Theorem 34).

    Raises
    ------
    InputError
        If the problem has another loss than the squared one, or a free or an output bias.
    Infeasible
        If the matrix is not a feasible point.
    """
    require_lifted_setting(moment.problem)
    r, m = moment.rank, len(moment.representatives)
    if r == 0:
        raise Infeasible("the basis has no columns")
    instance = moment.problem.instance()
    features = instance.features()
    multiples = _multiples(features, moment.representatives)
    basis = exact_matrix(_bytes(moment.basis), instance.columns, r)
    x = _product(features.taken(moment.representatives), basis)
    L = _matrix(moment, x)
    if not is_positive_semidefinite(_in_units(L, moment.scales)):
        raise Infeasible("the matrix is not positive semidefinite")
    t, a, v = range(r), range(r, r + m), range(r + m, moment.order)
    L_tt, L_at, L_tv = _block(L, t, t), _block(L, a, t), _block(L, t, v)
    aa, av = _block(L, a, a), _block(L, a, v)
    ab = aa - times_transpose(L_at, x, "auto")
    tb = L_at.transposed() - times_transpose(L_tt, x, "auto")
    bb = ab - _product(x, tb)
    for name, block in (("a", aa), ("ab", ab), ("b", bb)):
        _require_nonnegative(name, block)
    bv = av - _product(x, L_tv)
    outputs = _outputs(multiples, _fractions(av), _fractions(bv), moment.problem.c)
    gram = times_transpose(basis.transposed(), basis.transposed(), "auto")
    decay = inner(gram, L_tt) + _trace(_block(L, v, v))
    return _least_objective(
        _fractions(instance.targets()), outputs, Fraction(instance.reg) * decay / 2
    )


def _bytes(array: FloatArray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _product(left: ExactMatrix, right: ExactMatrix) -> ExactMatrix:
    return times_transpose(left, right.transposed(), "auto")


def _block(matrix: ExactMatrix, rows: Sequence[int], columns: Sequence[int]) -> ExactMatrix:
    return ExactMatrix([[matrix.rows[i][j] for j in columns] for i in rows], matrix.exponent)


def _fractions(matrix: ExactMatrix) -> list[list[Fraction]]:
    unit = Fraction(2) ** matrix.exponent
    return [[entry * unit for entry in row] for row in matrix.rows]


def _trace(matrix: ExactMatrix) -> Fraction:
    total = sum(row[i] for i, row in enumerate(matrix.rows))
    return total * Fraction(2) ** matrix.exponent


def _multiples(features: ExactMatrix, representatives: Sequence[int]) -> list[_Multiple | None]:
    """For each row the representative that it is a multiple of; None for a row of zeros."""
    if not representatives or not all(0 <= i < len(features.rows) for i in representatives):
        raise Infeasible("the representatives are not rows of the data")
    lines = {}
    for place, i in enumerate(representatives):
        direction = _direction(features.rows[i])
        if direction is None or direction[0] in lines:
            raise Infeasible("a representative is zero or a multiple of another")
        lines[direction[0]] = place, direction[1]
    found: list[_Multiple | None] = []
    for row in features.rows:
        direction = _direction(row)
        if direction is None:
            found.append(None)
            continue
        if direction[0] not in lines:
            raise Infeasible("a row is not exactly a multiple of a representative")
        place, size = lines[direction[0]]
        ratio = direction[1] / size
        found.append(_Multiple(place, abs(ratio), ratio < 0))
    return found


def _direction(row: Sequence[int]) -> tuple[tuple[Fraction, ...], Fraction] | None:
    """The row over its first nonzero entry, and that entry; None for zeros."""
    lead = next((entry for entry in row if entry), None)
    if lead is None:
        return None
    return tuple(Fraction(entry, lead) for entry in row), Fraction(lead)


def _matrix(moment: FeasibleMoment, x: ExactMatrix) -> ExactMatrix:
    """The whole of L; x is m×r."""
    r, m, p = moment.rank, len(moment.representatives), moment.order
    if len(moment.scales) != p or len(moment.entries) != p * (p + 1) // 2 - m:
        raise Infeasible("the numbers of scales or entries do not fit the order")
    low = min(moment.scales)
    stored = iter(moment.entries)
    rows = [[0] * p for _ in range(p)]
    for i in range(p):
        for j in range(i + 1):
            if i == j and r <= i < r + m:
                continue
            shift = moment.scales[i] + moment.scales[j] - 2 * low
            rows[i][j] = rows[j][i] = next(stored) << shift
    L = ExactMatrix(rows, 2 * low)
    diagonal = [[0] * p for _ in range(p)]
    for i, row in enumerate(x.rows):
        diagonal[r + i][r + i] = sum(s * e for s, e in zip(row, rows[r + i][:r], strict=True))
    return L + ExactMatrix(diagonal, L.exponent + x.exponent)


def _in_units(L: ExactMatrix, scales: Sequence[int]) -> Rows:
    """A positive multiple of L in the units of `scales`, where its entries are of one size."""
    largest = max(scales)
    factors = [1 << (largest - s) for s in scales]
    return L.rescaled(factors, factors, 0).rows


def _require_nonnegative(name: str, block: ExactMatrix) -> None:
    for i, row in enumerate(block.rows):
        for j, entry in enumerate(row):
            if entry < 0:
                raise Infeasible(f"the moment of the {name}-forms {i} and {j} is negative")


def _outputs(
    multiples: Sequence[_Multiple | None],
    av: list[list[Fraction]],
    bv: list[list[Fraction]],
    c: int,
) -> list[list[Fraction]]:
    """What the relaxed network says on all rows, shape (n, c) (Theorem 8(a))."""
    outputs = []
    for multiple in multiples:
        if multiple is None:
            outputs.append([Fraction(0)] * c)
        else:
            row = (bv if multiple.flipped else av)[multiple.place]
            outputs.append([multiple.factor * value for value in row])
    return outputs


def _least_objective(
    targets: list[list[Fraction]], outputs: list[list[Fraction]], decay: Fraction
) -> Fraction:
    """The least of ½‖sF − Y‖² + s·decay over s ≥ 0."""
    Y, F = ([value for row in matrix for value in row] for matrix in (targets, outputs))
    null = sum((y * y for y in Y), Fraction(0)) / 2
    gain = sum((f * y for f, y in zip(F, Y, strict=True)), Fraction(0)) - decay
    if gain <= 0:
        return null
    return null - gain * gain / (2 * sum(f * f for f in F))
