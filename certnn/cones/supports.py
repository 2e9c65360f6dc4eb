"""Search over supports of a minimiser: decides copositivity exactly (Theorem 24).

If a matrix is not copositive, its form has a minimiser over the simplex, and the conditions of
Karush, Kuhn and Tucker at it are a linear program once it is known which entries are positive.
Branching on that, each node is closed by the program's Farkas multipliers, or yields a point at
which the form is negative. No floats take part in the decision; they only choose what to try.
"""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import Multipliers, Step, SupportSplit
from certnn.cones.elimination import integer_rows
from certnn.cones.leaves import TreeSearch, plain_decomposition
from certnn.cones.matrix import SymmetricMatrix, unit_vector
from certnn.cones.scaling import to_floats
from certnn.cones.support_program import solve_program


def search_supports(matrix: SymmetricMatrix, max_nodes: int) -> TreeSearch:
    """Decide whether `matrix` is copositive, within `max_nodes` nodes.

    Parameters
    ----------
    matrix : SymmetricMatrix
        Well scaled, for speed: diagonal entries near one another.
    max_nodes : int
        After so many nodes the search gives up.
    """
    integers, _ = integer_rows(matrix)
    order = matrix.order
    flat = [
        {j for j in range(order) if j != i and 2 * row[j] >= row[i] + integers[j][j]}
        for i, row in enumerate(integers)
    ]
    floats = to_floats(matrix)
    empty: frozenset[int] = frozenset()
    waiting = [(empty, empty)]
    steps: list[Step] = []
    nodes = 0
    while waiting:
        if nodes == max_nodes:
            return TreeSearch()
        nodes += 1
        inside, excluded = waiting.pop()
        rest = [i for i in range(order) if i not in excluded]
        leaf = _cheap_leaf(matrix, integers, floats, inside, rest)
        if leaf is not None:
            steps.append(leaf)
            continue
        if inside:
            outcome = solve_program(integers, inside, excluded)
            if outcome.multipliers is not None:
                steps.append(Multipliers(outcome.multipliers))
                continue
            if matrix.form(outcome.point) < 0:
                return TreeSearch(violator=outcome.point)
            # The form is nonnegative only where complementarity fails, so there is such an index.
            index = max(
                (i for i in rest if i not in inside),
                key=lambda i: outcome.point[i] * outcome.slack[i],
            )
        else:
            index = _most_negative(floats, rest)
        steps.append(SupportSplit(index))
        if len(rest) > 1:
            waiting.append((inside, excluded | {index}))
        waiting.append((inside | {index}, excluded | flat[index]))
    return TreeSearch(steps=tuple(steps))


def _cheap_leaf(
    matrix: SymmetricMatrix,
    integers: list[list[int]],
    floats: FloatArray,
    inside: frozenset[int],
    rest: list[int],
) -> Step | None:
    for i in inside:
        if all(integers[i][j] >= 0 for j in rest):
            return Multipliers(unit_vector(matrix.order, i))
    return plain_decomposition(matrix.restricted(rest), floats[np.ix_(rest, rest)])


def _most_negative(floats: FloatArray, rest: list[int]) -> int:
    """The row with the largest sum of negative entries: without it, little is left to prove."""
    block = np.minimum(floats[np.ix_(rest, rest)], 0.0)
    return rest[int(np.argmin(np.sum(block, axis=1)))]
