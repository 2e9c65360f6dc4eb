"""One step of the interior point method for a leaf's multipliers; compiled.

With S = L(y) the form, X its dual and W the scaling, W·S·W = X, the steps of y solve

    (L*(W L(·) W) + the like for the linear constraints) dy = −e + (the target of S·X)·gradient,

where e takes the bound reached. In the multipliers of terms and singles the matrix is D + BBᵀ: D
has a block for each term, B a column for each entry of the form's upper triangle and one for each
row of the constraints. So instead of a system in all multipliers one in I + BᵀD⁻¹B is solved, which
is smaller.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.splitting.phases.elimination import eliminate
from certnn.splitting.phases.form import Direction, Node, clear, clear_rows
from certnn.splitting.phases.scaling import scaled_pair
from certnn.training.compiled import inner, joined

_HALF = math.sqrt(0.5)
#: Entries of D's factor below this share are rounding.
_LOST = 1e-13


class Dual(NamedTuple):
    """The duals of all constraints."""

    form: FloatArray  # (r, r) X
    terms: FloatArray  # (terms, 4) of u ≥ v and v ≥ 0, or of u ≥ 0 and [[γ, u/4], [u/4, v]] ⪰ 0
    slacks: FloatArray  # (m,) of the rows
    singles: FloatArray


class Step(NamedTuple):
    """Arrays of a node that are written anew in every iteration: v multipliers, m rows."""

    root: FloatArray  # (r, r) W = rootᵀ·root
    inverse: FloatArray  # (r, r) S⁻¹
    points: FloatArray  # (n, r) what `root` makes of the fixed points
    columns: FloatArray  # (v, s) D^-½ B's first columns, s = r(r + 1)/2
    blocks: FloatArray  # (v, 3) D^½, the three lower triangular rows of a term together
    units: FloatArray  # (v,) D^-½ times the multipliers that a row adds up
    pairs: FloatArray  # (terms, 3) scaling of [[γ, u/4], [u/4, v]]
    gradient: FloatArray  # (v + 2,) of the logarithms of the slacks and of det S, negated
    matrix: FloatArray  # (s + m, s + m)
    corner: FloatArray  # (s,) of the form's first diagonal entry
    rest: FloatArray  # (s,) of the others, less that
    centring: FloatArray  # (v + 2,) the step for a target, per unit of it
    affine: FloatArray  # (v + 2,) the step for the target 0


@inner
def new_step(direction: Direction, node: Node) -> Step:
    """Arrays for the steps of one node."""
    n, columns = direction.points.shape
    order = columns + 1
    size, rows = order * (order + 1) // 2, node.needs.size
    count = 3 * node.terms.size + node.left.size
    return Step(
        np.zeros((order, order)),
        np.zeros((order, order)),
        np.zeros((n, order)),
        np.zeros((count, size)),
        np.zeros((count, 3)),
        np.zeros(count),
        np.zeros((node.terms.size, 3)),
        np.zeros(count + 2),
        np.zeros((size + rows, size + rows)),
        np.zeros(size),
        np.zeros(size),
        np.zeros(count + 2),
        np.zeros(count + 2),
    )


@joined
def newton_step(
    direction: Direction, node: Node, y: FloatArray, slacks: FloatArray, dual: Dual, step: Step
) -> None:
    """Write `centring` and `affine`; `root` and `inverse` are given."""
    _write_scalars(step)
    _write_terms(direction, node, y, slacks, dual, step)
    _write_singles(direction, node, y, dual, step)
    _write_matrix(node, slacks, dual, step)
    _solve(node, slacks, dual, step)


@inner
def _apply(root: FloatArray, vector: FloatArray, result: FloatArray) -> None:
    for p in range(result.size):
        total = 0.0
        for q in range(vector.size):
            total += root[p, q + 1] * vector[q]
        result[p] = total


@inner
def _add_product(row: FloatArray, left: FloatArray, right: FloatArray, share: float) -> None:
    """Add the entries of share·(left·rightᵀ + right·leftᵀ)/2, so that products keep."""
    place = 0
    for p in range(left.size):
        for q in range(p):
            row[place] += share * _HALF * (left[p] * right[q] + left[q] * right[p])
            place += 1
        row[place] += share * left[p] * right[p]
        place += 1


@inner
def _form_product(inverse: FloatArray, left: FloatArray, right: FloatArray) -> float:
    total = 0.0
    for p in range(left.size):
        row = 0.0
        for q in range(right.size):
            row += inverse[p + 1, q + 1] * right[q]
        total += left[p] * row
    return total


@inner
def _side_product(inverse: FloatArray, vector: FloatArray) -> float:
    total = 0.0
    for q in range(vector.size):
        total += inverse[q + 1, 0] * vector[q]
    return total


@inner
def _write_scalars(step: Step) -> None:
    clear(step.corner)
    clear(step.rest)
    trace = 0.0
    for column in range(step.root.shape[0]):
        vector = step.root[:, column]
        _add_product(step.corner if column == 0 else step.rest, vector, vector, 1.0)
        trace += step.inverse[column, column]
    for k in range(step.rest.size):
        step.rest[k] -= step.corner[k]
    step.gradient[0] = -step.inverse[0, 0]
    step.gradient[1] = 2.0 * step.inverse[0, 0] - trace


@inner
def _write_terms(
    direction: Direction, node: Node, y: FloatArray, slacks: FloatArray, dual: Dual, step: Step
) -> None:
    order = step.root.shape[0]
    columns, blocks, units, gradient = step.columns, step.blocks, step.units, step.gradient
    line, bend, first = np.zeros(order), np.zeros(order), step.root[:, 0].copy()
    clear_rows(columns)
    for place in range(node.terms.size):
        term, row = node.terms[place], 3 * place
        u, v, gamma = y[2 + row], y[3 + row], y[4 + row]
        up, down = node.up[place], node.down[place]
        _apply(step.root, direction.lines[term], line)
        _apply(step.root, direction.bends[term], bend)
        along = _side_product(step.inverse, direction.lines[term])
        across = _form_product(step.inverse, direction.bends[term], direction.bends[term])
        if up < 0:
            _add_product(columns[row], first, line, 1.0)
            _add_product(columns[row + 1], bend, bend, 1.0)
            gradient[2 + row] = -along - 1.0 / (u - v) + 1.0 / slacks[down]
            gradient[3 + row] = -across - 1.0 / v + 1.0 / (u - v) + 1.0 / slacks[down]
            gradient[4 + row] = 0.0
            apart, above = dual.terms[place, 0] / (u - v), dual.terms[place, 1] / v
            _write_block(blocks, row, apart, -apart, apart + above, 0.0, 0.0, 1.0)
        else:
            _add_product(columns[row], first, line, -0.5)
            _add_product(columns[row + 1], bend, bend, -1.0)
            for k in range(step.corner.size):
                columns[row + 2, k] = -step.corner[k]
            determinant = gamma * v - u * u / 16.0
            gradient[2 + row] = 0.5 * along - 1.0 / u + u / (8.0 * determinant) - 1.0 / slacks[up]
            gradient[3 + row] = across - gamma / determinant
            gradient[4 + row] = step.inverse[0, 0] - v / determinant
            if down >= 0:
                gradient[2 + row] += 1.0 / slacks[down]
            a, b, c = scaled_pair(
                gamma,
                0.25 * u,
                v,
                dual.terms[place, 1],
                dual.terms[place, 2],
                dual.terms[place, 3],
            )
            step.pairs[place, 0], step.pairs[place, 1], step.pairs[place, 2] = a, b, c
            uu = dual.terms[place, 0] / u + (a * c + b * b) / 8.0
            _write_block(blocks, row, uu, 0.5 * b * c, c * c, 0.5 * a * b, b * b, a * a)
        other = 1.0 if up < 0 else 0.0
        units[row] = 1.0 / blocks[row, 0]
        units[row + 1] = (other - blocks[row + 1, 0] * units[row]) / blocks[row + 1, 1]
        units[row + 2] = (
            -(blocks[row + 2, 0] * units[row] + blocks[row + 2, 1] * units[row + 1])
            / blocks[row + 2, 2]
        )
        one, two, three = 1.0 / blocks[row, 0], 1.0 / blocks[row + 1, 1], 1.0 / blocks[row + 2, 2]
        two_one, three_one, three_two = (
            blocks[row + 1, 0],
            blocks[row + 2, 0],
            blocks[row + 2, 1],
        )
        for k in range(step.corner.size):
            columns[row, k] *= one
            columns[row + 1, k] = two * (columns[row + 1, k] - two_one * columns[row, k])
            columns[row + 2, k] = three * (
                columns[row + 2, k] - three_one * columns[row, k] - three_two * columns[row + 1, k]
            )


@inner
def _write_block(
    blocks: FloatArray, row: int, a: float, b: float, c: float, d: float, e: float, f: float
) -> None:
    """Cholesky factor of [[a, b, d], [b, c, e], [d, e, f]]."""
    root = math.sqrt(a)
    blocks[row, 0] = root
    blocks[row + 1, 0], blocks[row + 2, 0] = b / root, d / root
    second = math.sqrt(max(c - b * b / a, _LOST * c))
    blocks[row + 1, 1] = second
    third = (e - blocks[row + 1, 0] * blocks[row + 2, 0]) / second
    blocks[row + 2, 1] = third
    blocks[row + 2, 2] = math.sqrt(max(f - d * d / a - third * third, _LOST * f))


@inner
def _write_singles(direction: Direction, node: Node, y: FloatArray, dual: Dual, step: Step) -> None:
    offset, first = 3 * node.terms.size, step.root[:, 0].copy()
    for place in range(node.left.size):
        row, sign, i, j = offset + place, -node.sign[place], node.left[place], node.right[place]
        if i < 0:
            _apply(step.root, direction.points[j], step.points[j])
            _add_product(step.columns[row], first, step.points[j], sign)
            along = _side_product(step.inverse, direction.points[j])
        else:
            _add_product(step.columns[row], step.points[i], step.points[j], sign)
            along = _form_product(step.inverse, direction.points[i], direction.points[j])
        step.gradient[2 + row] = -sign * along - 1.0 / y[2 + row]
        step.blocks[row, 0] = math.sqrt(dual.singles[place] / y[2 + row])
        for k in range(step.corner.size):
            step.columns[row, k] /= step.blocks[row, 0]


@inner
def _write_matrix(node: Node, slacks: FloatArray, dual: Dual, step: Step) -> None:
    """I + BᵀD⁻¹B, its lower triangle."""
    columns, matrix, units = step.columns, step.matrix, step.units
    size = columns.shape[1]
    grams = np.dot(columns.T, columns)
    clear_rows(matrix)
    for k in range(size):
        for m in range(size):
            matrix[k, m] = grams[k, m]
    for place in range(node.terms.size):
        row, up, down = 3 * place, node.up[place], node.down[place]
        square = units[row] ** 2 + units[row + 1] ** 2 + units[row + 2] ** 2
        above = math.sqrt(dual.slacks[up] / slacks[up]) if up >= 0 else 0.0
        below = -math.sqrt(dual.slacks[down] / slacks[down]) if down >= 0 else 0.0
        for k in range(size):
            product = (
                units[row] * columns[row, k]
                + units[row + 1] * columns[row + 1, k]
                + units[row + 2] * columns[row + 2, k]
            )
            if up >= 0:
                matrix[size + up, k] += above * product
            if down >= 0:
                matrix[size + down, k] += below * product
        if up >= 0:
            matrix[size + up, size + up] += above * above * square
        if down >= 0:
            matrix[size + down, size + down] += below * below * square
        if up >= 0 and down >= 0:
            matrix[size + down, size + up] += above * below * square
    for k in range(matrix.shape[0]):
        matrix[k, k] += 1.0


@inner
def _solve(node: Node, slacks: FloatArray, dual: Dual, step: Step) -> None:
    columns, blocks, gradient, matrix = step.columns, step.blocks, step.gradient, step.matrix
    units, size, terms = step.units, columns.shape[1], node.terms.size
    total = matrix.shape[0]
    right, scaled = np.zeros((3, total)), np.zeros((columns.shape[0], 1))
    for place in range(terms):
        row = 3 * place
        one = gradient[2 + row] / blocks[row, 0]
        two = (gradient[3 + row] - blocks[row + 1, 0] * one) / blocks[row + 1, 1]
        three = gradient[4 + row] - blocks[row + 2, 0] * one - blocks[row + 2, 1] * two
        scaled[row, 0], scaled[row + 1, 0] = one, two
        scaled[row + 2, 0] = three / blocks[row + 2, 2]
        up, down = node.up[place], node.down[place]
        product = units[row] * one + units[row + 1] * two + units[row + 2] * scaled[row + 2, 0]
        if up >= 0:
            right[0, size + up] -= math.sqrt(dual.slacks[up] / slacks[up]) * product
        if down >= 0:
            right[0, size + down] += math.sqrt(dual.slacks[down] / slacks[down]) * product
    for row in range(3 * terms, columns.shape[0]):
        scaled[row, 0] = gradient[2 + row] / blocks[row, 0]
    products = np.dot(columns.T, scaled)
    for k in range(size):
        right[0, k], right[1, k], right[2, k] = -products[k, 0], step.corner[k], step.rest[k]
    eliminate(matrix, size + node.opens, right)
    # Two equations are left, for the steps of the bound reached and of mu.
    aa, ab, bb, first, second = 0.0, 0.0, 0.0, -gradient[0], -gradient[1]
    for k in range(size):
        aa += step.corner[k] * right[1, k]
        ab += step.corner[k] * right[2, k]
        bb += step.rest[k] * right[2, k]
        first -= step.corner[k] * right[0, k]
        second -= step.rest[k] * right[0, k]
    determinant = aa * bb - ab * ab
    step.centring[0] = (first * bb - ab * second) / determinant
    step.centring[1] = (aa * second - ab * first) / determinant
    step.affine[0], step.affine[1] = -bb / determinant, ab / determinant
    for k in range(total):
        right[0, k] += step.centring[0] * right[1, k] + step.centring[1] * right[2, k]
        right[1, k] = step.affine[0] * right[1, k] + step.affine[1] * right[2, k]
    _substitute(node, slacks, dual, step, right[0], scaled, step.centring)
    for row in range(columns.shape[0]):
        scaled[row, 0] = 0.0
    _substitute(node, slacks, dual, step, right[1], scaled, step.affine)


@inner
def _substitute(
    node: Node,
    slacks: FloatArray,
    dual: Dual,
    step: Step,
    solved: FloatArray,
    scaled: FloatArray,
    result: FloatArray,
) -> None:
    """The step of the multipliers, −D^-½(scaled + D^-½B·solved)."""
    columns, blocks, units, terms = step.columns, step.blocks, step.units, node.terms.size
    size = columns.shape[1]
    products = np.dot(columns, solved[:size])
    for place in range(terms):
        row, up, down = 3 * place, node.up[place], node.down[place]
        along = 0.0
        if up >= 0:
            along += math.sqrt(dual.slacks[up] / slacks[up]) * solved[size + up]
        if down >= 0:
            along -= math.sqrt(dual.slacks[down] / slacks[down]) * solved[size + down]
        three = scaled[row + 2, 0] + products[row + 2] + units[row + 2] * along
        three /= -blocks[row + 2, 2]
        two = -scaled[row + 1, 0] - products[row + 1] - units[row + 1] * along
        two = (two - blocks[row + 2, 1] * three) / blocks[row + 1, 1]
        one = -scaled[row, 0] - products[row] - units[row] * along
        one -= blocks[row + 1, 0] * two + blocks[row + 2, 0] * three
        result[2 + row], result[3 + row], result[4 + row] = one / blocks[row, 0], two, three
    for row in range(3 * terms, columns.shape[0]):
        result[2 + row] = -(scaled[row, 0] + products[row]) / blocks[row, 0]
