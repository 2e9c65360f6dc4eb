"""Copositivity by a partition of the orthant into simplicial cones (Theorem 24(b)).

S. Bundfuss and M. Dür, *Algorithmic copositivity detection by simplicial partition*, Linear Algebra
and its Applications 428 (2008). Terminates on strictly copositive matrices and on those that are
not copositive; on the boundary it may not.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from certnn.cones.certificates import EdgeSplit, Step
from certnn.cones.leaves import TreeSearch, plain_decomposition
from certnn.cones.matrix import SymmetricMatrix, Vector, dot, unit_vector
from certnn.cones.scaling import to_floats


def search_simplices(matrix: SymmetricMatrix, max_nodes: int) -> TreeSearch:
    """Split edges at their middles until each cone's form is psd plus nonnegative."""
    order = matrix.order
    waiting = [tuple(unit_vector(order, i) for i in range(order))]
    steps: list[Step] = []
    for _ in range(max_nodes):
        if not waiting:
            return TreeSearch(steps=tuple(steps))
        rays = waiting.pop()
        images = [matrix.times(ray) for ray in rays]
        for ray, image in zip(rays, images, strict=True):
            if dot(ray, image) < 0:
                return TreeSearch(violator=ray)
        form = SymmetricMatrix(tuple(tuple(dot(ray, image) for image in images) for ray in rays))
        leaf = plain_decomposition(form, to_floats(form))
        if leaf is not None:
            steps.append(leaf)
            continue
        first, second = _edge(form)
        middle = tuple(x + y for x, y in zip(rays[first], rays[second], strict=True))
        steps.append(EdgeSplit(first, second, Fraction(1), Fraction(1)))
        waiting.append(_replaced(rays, first, middle))
        waiting.append(_replaced(rays, second, middle))
    return TreeSearch()


def _edge(form: SymmetricMatrix) -> tuple[int, int]:
    """The pair with the most negative entry, relative to the diagonal."""
    floats = to_floats(form)
    size = np.sqrt(np.maximum(np.diag(floats), np.finfo(float).tiny))
    with np.errstate(over="ignore"):  # where the diagonal is zero, any negative entry is the most
        relative = floats / np.outer(size, size)
    np.fill_diagonal(relative, np.inf)
    first, second = divmod(int(np.argmin(relative)), form.order)
    return min(first, second), max(first, second)


def _replaced(rays: tuple[Vector, ...], index: int, ray: Vector) -> tuple[Vector, ...]:
    return (*rays[:index], ray, *rays[index + 1 :])
