"""Problems whose relaxation is exact by a theorem: read off the data, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

from certnn.cones.matrix import Vector, dot
from certnn.problem.training_problem import TrainingProblem

#: Doubly nonnegative matrices are completely positive up to this order (Theorem 23).
_ORDER = 4


def exactness_reason(problem: TrainingProblem) -> str | None:
    """Why the level dnn has no gap on a problem; None if Theorem 33 does not say that.

    One line. The reason is in X and the number of outputs; Y and reg do not matter.
    """
    features = [tuple(Fraction(float(x)) for x in row) for row in problem.features]
    signs: dict[Vector, set[bool]] = {}
    for row in features:
        lead = next((x for x in row if x), None)
        if lead is not None:
            signs.setdefault(tuple(x / lead for x in row), set()).add(lead > 0)
    lines = list(signs)
    if len(lines) <= 2:
        return "the rows lie on at most two lines through the origin"
    if any(dot(x, y) for k, x in enumerate(lines) for y in lines[:k]):
        return None
    forms = sum(map(len, signs.values()))
    if forms <= _ORDER:
        return "the rows lie on at most four rays, pairwise orthogonal or opposite"
    if problem.c == 1 and forms == len(lines):
        return "the rows lie on pairwise orthogonal rays, and there is one output"
    return None
