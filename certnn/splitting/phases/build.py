"""The terms, singles and constraints of a node; compiled."""

from __future__ import annotations

import numpy as np

from certnn.certificates.dual_point import IndexArray
from certnn.splitting.phases.form import ACTIVE, INACTIVE, NEGATIVE, OPEN, Direction, Node
from certnn.training.compiled import inner


@inner
def build_node(direction: Direction, phases: IndexArray) -> Node:
    """Rows, terms and singles of the node at which the points have these phases."""
    n, columns = direction.points.shape
    row = np.full(n, -1)
    opens, rows, fixed = 0, 0, 0
    for phase in (OPEN, NEGATIVE):
        for point in range(n):
            if phases[point] == phase:
                row[point] = rows
                rows += 1
        if phase == OPEN:
            opens = rows
    for point in range(n):
        fixed += phases[point] == ACTIVE or phases[point] == INACTIVE
    most = direction.lines.shape[0]
    terms, up, down = np.zeros(most, np.int64), np.full(most, -1), np.full(most, -1)
    needs, active = np.zeros(rows), np.zeros(columns)
    singles = fixed * (fixed + 1) // 2
    left, right, sign = np.full(singles, -1), np.zeros(singles, np.int64), np.zeros(singles)
    count, points, single = 0, 0, 0
    for term in range(most):
        point = direction.first[term]
        if phases[point] == OPEN or (phases[point] == NEGATIVE and term < n):
            terms[count] = term
            if phases[point] == OPEN:
                up[count] = row[point]
                if term >= n:
                    down[count] = row[direction.second[term]]
            else:
                down[count] = row[point]
            count += 1
            points += term < n
        if term < n and row[term] >= 0:
            needs[row[term]] = -direction.weights[term]
        if term < n and (phases[term] == ACTIVE or phases[term] == INACTIVE):
            right[single], sign[single] = term, -1.0 if phases[term] == INACTIVE else 1.0
            single += 1
            if phases[term] == ACTIVE:
                for q in range(columns):
                    active[q] += direction.weights[term] * direction.points[term, q]
    for a in range(fixed):
        for b in range(a + 1, fixed):
            i, j = right[a], right[b]
            both = -1 if phases[i] != phases[j] else 1
            if both * direction.obtuse[i, j] < 0:
                left[single], right[single], sign[single] = i, j, float(both)
                single += 1
    return Node(
        active,
        terms[:count],
        points,
        up[:count],
        down[:count],
        needs,
        opens,
        left[:single],
        right[:single],
        sign[:single],
    )
