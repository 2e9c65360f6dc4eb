"""The quadratic form of a leaf as a function of its multipliers (Theorem 19); compiled.

In units in which the bound h to prove is 1 and the points are unit vectors x_i, of weights s_i.
The form is of order d + 1. A term is one of a point that is not fixed or of a pair of points, with
multipliers u, v, γ: θ, η, 0 for a point of negative weight, else π, α and something that is at
least π²/16α. A single is one of a fixed point or of two of them, with one multiplier. All
multipliers are in one vector y: the bound reached, μ, three for each term, one for each single. The
form is linear in them.
"""

from __future__ import annotations

from typing import NamedTuple

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.cholesky import factorise
from certnn.training.compiled import inner

#: Phases of a point: of negative weight, open, fixed as active or inactive, without effect.
NEGATIVE, OPEN, ACTIVE, INACTIVE, ABSENT = 0, 1, 2, 3, 4
_LEAST_PIVOT = 1e-14


class Direction(NamedTuple):
    """One direction w of the outputs: n points and the pairs among them, d columns.

    Term e < n is that of point e, term n + k that of pair k.
    """

    points: FloatArray  # (n, d)
    weights: FloatArray  # (n,) s_i
    lines: FloatArray  # (terms, d) x_i or x_i − x_j
    bends: FloatArray  # (terms, d) x_i or x_i ∓ x_j
    first: IndexArray  # (terms,) i
    second: IndexArray  # (terms,) j, or −1
    obtuse: IndexArray  # (n, n) sign of x_iᵀx_j


class Node(NamedTuple):
    """The terms and singles of one node, and the linear constraints on its multipliers.

    The slack of row r is needs[r] + the sum of u over terms with up = r, less the sum of u over
    pairs, and of u + v over points, with down = r.
    """

    active: FloatArray  # (d,) sum of s_i x_i over active points
    terms: IndexArray  # of points, then of pairs
    points: int  # how many are of points
    up: IndexArray  # row of the open point of each term, or −1
    down: IndexArray  # row of the negative point of each term, or −1
    needs: FloatArray
    opens: int  # the first rows, of open points
    left: IndexArray  # fixed point of each single, or −1
    right: IndexArray  # other fixed point
    sign: FloatArray  # of each single


@inner
def add_linear_form(direction: Direction, node: Node, y: FloatArray, form: FloatArray) -> None:
    """Add the part of the form's lower triangle that is linear in y."""
    columns = form.shape[0] - 1
    form[0, 0] += y[0] - y[1]
    for q in range(columns):
        form[q + 1, q + 1] += y[1]
    for place in range(node.terms.size):
        u, v = y[2 + 3 * place], y[3 + 3 * place]
        if node.up[place] >= 0:
            u, v = -0.5 * u, -v
            form[0, 0] -= y[4 + 3 * place]
        line, bend = direction.lines[node.terms[place]], direction.bends[node.terms[place]]
        for q in range(columns):
            form[q + 1, 0] += 0.5 * u * line[q]
            for p in range(q + 1):
                form[q + 1, p + 1] += v * bend[q] * bend[p]
    offset = 2 + 3 * node.terms.size
    for place in range(node.left.size):
        u = -0.5 * node.sign[place] * y[offset + place]
        right = direction.points[node.right[place]]
        if node.left[place] < 0:
            for q in range(columns):
                form[q + 1, 0] += u * right[q]
        else:
            left = direction.points[node.left[place]]
            for q in range(columns):
                for p in range(q + 1):
                    form[q + 1, p + 1] += u * (left[q] * right[p] + left[p] * right[q])


@inner
def add_constant_form(node: Node, form: FloatArray) -> None:
    """Add what does not depend on y: the active points."""
    for q in range(node.active.size):
        form[q + 1, 0] -= 0.5 * node.active[q]


@inner
def add_slacks(node: Node, y: FloatArray, slacks: FloatArray) -> None:
    """Add the part of the rows' slacks that is linear in y."""
    for place in range(node.terms.size):
        u, v = y[2 + 3 * place], y[3 + 3 * place]
        up, down = node.up[place], node.down[place]
        if up < 0:
            slacks[down] -= u + v
        else:
            slacks[up] += u
            if down >= 0:
                slacks[down] -= u


@inner
def definite(form: FloatArray, factor: FloatArray) -> bool:
    """Write the Cholesky factor of the form; False if it is not positive definite."""
    return factorise(form, factor, _LEAST_PIVOT)


@inner
def clear(vector: FloatArray) -> None:
    """Set every entry to zero; slices and array expressions take numba longer to compile."""
    for k in range(vector.size):
        vector[k] = 0.0


@inner
def clear_rows(matrix: FloatArray) -> None:
    """Set every entry of a matrix to zero."""
    for k in range(matrix.shape[0]):
        for m in range(matrix.shape[1]):
            matrix[k, m] = 0.0
