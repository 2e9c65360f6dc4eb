"""The linear program of one node of a search over supports, in integers.

Find x ≥ 0 and s ≥ 0 with Mx + 1 = s, x = 0 on the excluded indices and s = 0 on those inside the
support. Phase one of the simplex method; its tableau holds minors of the data, so that all
divisions are exact (Edmonds, *Systems of distinct representatives and linear algebra*, 1967).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from certnn.cones.matrix import Vector

#: Pivots by the largest coefficient before Bland's rule, which never cycles, takes over.
_FAST_PIVOTS = 8


@dataclass(frozen=True)
class ProgramOutcome:
    """Farkas multipliers if there is no solution, else a solution (x, s).

    Attributes
    ----------
    multipliers : Vector or None
        z with z ≤ 0 off the inside, Mz ≥ 0 off the excluded, and a positive sum.
    point, slack : Vector
        x and s, each up to a positive factor; empty if there is no solution.
    """

    multipliers: Vector | None
    point: Vector
    slack: Vector


def solve_program(
    rows: list[list[int]], inside: frozenset[int], excluded: frozenset[int]
) -> ProgramOutcome:
    """Solve the program for an integer matrix M, given as its rows."""
    order = len(rows)
    columns = [j for j in range(order) if j not in excluded]
    width = len(columns)
    # Row i: -(Mx)_i + u_i = 1. Columns: x, then u, then the right-hand side.
    table = [
        [-row[j] for j in columns] + [int(i == k) for k in range(order)] + [1]
        for i, row in enumerate(rows)
    ]
    # What phase one minimises is the sum of u_i over the inside; its reduced costs and value.
    cost = [-sum(table[i][c] for i in inside) for c in range(width)]
    cost += [0] * order + [-len(inside)]
    basis = [width + i for i in range(order)]
    barred = {width + i for i in inside}
    denominator, pivots = 1, 0
    while cost[-1] < 0:
        entering = _entering(cost, width + order, barred, pivots > _FAST_PIVOTS * order)
        if entering is None:
            break
        leaving = _leaving(table, basis, entering)
        pivot_row = table[leaving]
        pivot = pivot_row[entering]
        for i, row in enumerate(table):
            if i != leaving:
                table[i] = _reduced(row, pivot_row, row[entering], pivot, denominator)
        cost = _reduced(cost, pivot_row, cost[entering], pivot, denominator)
        basis[leaving] = entering
        denominator = pivot
        pivots += 1
    if cost[-1] < 0:
        multipliers = ((denominator if i in inside else 0) - cost[width + i] for i in range(order))
        return ProgramOutcome(tuple(Fraction(z) for z in multipliers), (), ())
    point, slack = [Fraction(0)] * order, [Fraction(0)] * order
    for row, variable in zip(table, basis, strict=True):
        if variable < width:
            point[columns[variable]] = Fraction(row[-1])
        elif variable not in barred:
            slack[variable - width] = Fraction(row[-1])
    return ProgramOutcome(None, tuple(point), tuple(slack))


def _entering(cost: list[int], count: int, barred: set[int], first: bool) -> int | None:
    """The first column with a negative reduced cost, or the one with the least."""
    found, least = None, 0
    for column in range(count):
        if cost[column] < least and column not in barred:
            if first:
                return column
            found, least = column, cost[column]
    return found


def _leaving(table: list[list[int]], basis: list[int], entering: int) -> int:
    """The row of the least ratio; of equals, that of the first variable.

    There is one: the objective is bounded below.
    """
    best: tuple[int, int, int] | None = None
    for i, row in enumerate(table):
        if row[entering] <= 0:
            continue
        if best is not None:
            now, then = row[-1] * best[1], best[0] * row[entering]
            if now > then or (now == then and basis[i] > basis[best[2]]):
                continue
        best = row[-1], row[entering], i
    assert best is not None
    return best[2]


def _reduced(
    row: list[int], pivot_row: list[int], factor: int, pivot: int, denominator: int
) -> list[int]:
    if factor == 0:
        if pivot == denominator:
            return row
        return [a * pivot // denominator for a in row]
    return [(a * pivot - factor * b) // denominator for a, b in zip(row, pivot_row, strict=True)]
