"""From the multipliers of the rounds to a dual point for the rows of the original problem."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.cuts_point import CutsPoint, SetForm, Slacks
from certnn.certificates.dual_point import IndexArray
from certnn.kernel.cuts import set_pairs
from certnn.relaxation.interior.cuts.ascent import Ascent
from certnn.relaxation.interior.cuts.set_search import ViolatedForm
from certnn.relaxation.interior.cuts.slack_search import Relation
from certnn.relaxation.reduced.directions import Directions
from certnn.relaxation.reduced.reduced_problem import ReducedProblem


def original_point(
    reduced: ReducedProblem, ascent: Ascent, relations: list[Relation], found: list[ViolatedForm]
) -> CutsPoint:
    """That of an ascent, with the slacks and the forms on sets that are in it."""
    constraints, directions = ascent.constraints, reduced.directions
    program = constraints.program
    m, c = program.forms.points, program.forms.outputs
    y = ascent.scale * ascent.state.y
    n_fits, signed = constraints.fits, constraints.signed
    count = constraints.first.size
    plain = constraints.pair_second < 2 * m
    first, second = constraints.pair_first, constraints.pair_second
    points, pairs = np.arange(m), y[signed:count]
    base = program.iterate(
        y[:n_fits].reshape(program.targets.shape),
        np.concatenate([points, first[plain]]),
        np.concatenate([points + m, second[plain]]),
        np.concatenate([y[n_fits:signed], pairs[plain]]),
        np.inf,
    )
    original = reduced.original_point(base.Z, base.products)
    unit = program.shrink * program.reg * reduced.product_scale
    n, representative = original.products.n, directions.representative
    norms = directions.norms[representative]
    targets = np.array([r.target for r in relations], dtype=np.int64)
    place = np.concatenate(
        [
            representative,
            representative + n,
            np.zeros(c, dtype=np.int64),
            2 * n + np.arange(targets.size),
        ]
    )
    sizes = np.concatenate([norms, norms, np.ones(c), norms[targets]])
    # A slack's index is above that of a and b in both numberings.
    first, second = first[~plain], second[~plain]
    forms = _summed(found, unit * y[count:])
    return CutsPoint(
        Z=original.Z,
        products=original.products,
        slacks=Slacks.of([_original_relation(r, directions) for r in relations]),
        first=place[first],
        second=place[second],
        multiplier=pairs[~plain] * unit / (sizes[first] * sizes[second]),
        sets=tuple(_original_set(form, representative, norms) for form in forms),
    )


def _original_relation(
    relation: Relation, directions: Directions
) -> tuple[int, IndexArray, FloatArray]:
    rows = directions.representative[relation.points]
    target = int(directions.representative[relation.target])
    theta = relation.theta * directions.norms[target] / directions.norms[rows]
    return target, rows, theta


def _summed(forms: list[ViolatedForm], y: FloatArray) -> list[SetForm]:
    """The sum of the multiples of the forms on each set."""
    sums: dict[tuple[int, ...], SetForm] = {}
    for one, multiple in zip(forms, y, strict=True):
        key = tuple(one.points.tolist())
        own = SetForm(one.points, multiple * one.form, multiple * one.part)
        old = sums.get(key)
        if old is not None:
            own = SetForm(one.points, old.form + own.form, old.part + own.part)
        sums[key] = own
    return [sums[key] for key in sorted(sums)]


def _original_set(one: SetForm, representative: IndexArray, norms: FloatArray) -> SetForm:
    k = one.points.size
    pairs = np.array(set_pairs(k)) % k
    size = norms[one.points]
    above = np.array(list(combinations(range(k), 2)))
    return SetForm(
        points=representative[one.points],
        form=one.form / (size[pairs[:, 0]] * size[pairs[:, 1]]),
        part=one.part / (size[above[:, 0]] * size[above[:, 1]]),
    )
