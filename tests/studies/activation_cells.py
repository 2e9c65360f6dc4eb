"""The cells of the arrangement of hyperplanes xᵢᵀu = 0, in exact rationals.

On a cell the activations are linear in u, so that training is a finite convex program over all
cells (`cell_programs`). For tiny problems: cells are found from the rays in which hyperplanes meet,
and there are C(n, rank − 1) candidates for those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

from certnn.cones.elimination import independent_columns, kernel
from certnn.cones.matrix import Vector, dot
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_setting import require_lifted_setting

#: Sets of hyperplanes that are intersected, at most.
LARGEST = 20_000


@dataclass(frozen=True)
class Cell:
    """A closed cone of weights of full dimension, within which no activation changes.

    Attributes
    ----------
    active : tuple of bool, length n
        The points whose activation is xᵀu here; for the others it is zero.
    rays : tuple of tuples of Fraction
        Its extreme rays, weights in the span of the rows.
    simplices : tuple of tuples of int
        A triangulation: each entry has as many rays as the rows have rank.
    """

    active: tuple[bool, ...]
    rays: tuple[Vector, ...]
    simplices: tuple[tuple[int, ...], ...]


def activation_cells(problem: TrainingProblem) -> tuple[Cell, ...]:
    """All cells of a problem; their union is the span of the rows (Theorem 36(a)).

    Parameters
    ----------
    problem : TrainingProblem
        Of few points or of low rank.

    Raises
    ------
    InputError
        If there are too many hyperplanes for their dimension, all rows are zero, or the problem has
        another loss than the squared one, or a free or an output bias.
    """
    require_lifted_setting(problem)
    features = [tuple(Fraction(float(x)) for x in row) for row in problem.features]
    columns = [list(column) for column in zip(*features, strict=True)]
    independent = independent_columns(columns)  # rows of X that are a basis of its row space
    rank = len(independent)
    if rank == 0:
        raise InputError("X", "has only zero rows, so that there are no cells")
    basis = [features[i] for i in independent]
    rows = [tuple(dot(x, b) for b in basis) for x in features]
    lines = _distinct([row for row in rows if any(row)])
    if comb(len(lines), rank - 1) > LARGEST:
        raise InputError(
            "X", f"has {len(lines)} hyperplanes in dimension {rank}, too many to enumerate"
        )
    found = []
    rays = [signed for ray in _rays(lines, rank) for signed in (ray, _negated(ray))]
    for signs in sorted(_sign_vectors(lines, rank)):
        sides = [_times(s, line) for s, line in zip(signs, lines, strict=True)]
        own = [ray for ray in rays if all(dot(side, ray) >= 0 for side in sides)]
        middle = tuple(sum(entries, Fraction(0)) for entries in zip(*own, strict=True))
        tight = [frozenset(k for k, ray in enumerate(own) if not dot(s, ray)) for s in sides]
        found.append(
            Cell(
                tuple(dot(row, middle) > 0 for row in rows),
                tuple(_combined(ray, basis) for ray in own),
                tuple(sorted(_triangulated(frozenset(range(len(own))), own, tight, rank))),
            )
        )
    return tuple(found)


def _sign_vectors(lines: Sequence[Vector], rank: int) -> set[tuple[int, ...]]:
    """The signs ±1 of all lines within each cell; the lines are of full rank and distinct.

    A cell has an extreme ray, and near that ray the hyperplanes through it are an arrangement of
    one dimension less, while the others have the sign that they have at the ray.
    """
    if rank == 1:
        signs = tuple(1 if line[0] > 0 else -1 for line in lines)
        return {signs, tuple(-s for s in signs)}
    found = set()
    for ray in _rays(lines, rank):
        at = [dot(line, ray) for line in lines]
        through = [k for k, value in enumerate(at) if value == 0]
        local = [lines[k] for k in through]
        kept = independent_columns([list(line) for line in local])
        reduced = [tuple(line[j] for j in kept) for line in local]
        for signs in _sign_vectors(reduced, rank - 1):
            near = dict(zip(through, signs, strict=True))
            for side in (1, -1):
                found.add(
                    tuple(
                        near[k] if value == 0 else (side if value > 0 else -side)
                        for k, value in enumerate(at)
                    )
                )
    return found


def _rays(lines: Sequence[Vector], rank: int) -> set[Vector]:
    """One of each two opposite rays in which hyperplanes of rank − 1 independent lines meet."""
    if rank == 1:
        return {(Fraction(1),)}
    found = set()
    for chosen in combinations(lines, rank - 1):
        null = kernel([list(line) for line in chosen])
        if len(null) == 1:
            lead = next(x for x in null[0] if x)
            found.add(tuple(x / lead for x in null[0]))
    return found


def _triangulated(
    own: frozenset[int], rays: Sequence[Vector], tight: Sequence[frozenset[int]], rank: int
) -> set[tuple[int, ...]]:
    """A face's triangulation: its first ray joined to the facets that do not hold it."""
    if len(own) == rank:
        return {tuple(sorted(own))}
    apex, found = min(own), set()
    for facet in {own & side for side in tight}:
        if apex in facet or len(facet) < rank - 1:
            continue
        if len(independent_columns([list(rays[k]) for k in sorted(facet)])) < rank - 1:
            continue
        for simplex in _triangulated(facet, rays, tight, rank - 1):
            found.add(tuple(sorted((apex, *simplex))))
    return found


def _distinct(rows: Sequence[Vector]) -> list[Vector]:
    """One row of each line."""
    seen: dict[Vector, Vector] = {}
    for row in rows:
        lead = next(x for x in row if x)
        seen.setdefault(tuple(x / lead for x in row), row)
    return list(seen.values())


def _combined(coefficients: Vector, basis: Sequence[Vector]) -> Vector:
    return tuple(
        sum((t * b for t, b in zip(coefficients, column, strict=True)), Fraction(0))
        for column in zip(*basis, strict=True)
    )


def _times(factor: int, vector: Vector) -> Vector:
    return tuple(factor * x for x in vector)


def _negated(vector: Vector) -> Vector:
    return _times(-1, vector)
