"""Products that join neighbouring directions, in feasible proportions.

For unit x_i, x_j and Δ = x_i − x_j, (a_i − a_j)(b_i − b_j) ≥ −¼(Δᵀu)², so that its products enter S
with weight t at the price of ½tΔΔᵀ in the u-block: y(a_i, b_j) = y(a_j, b_i) = t, and t less at
both a_i·b_i and a_j·b_j. Where x_i and −x_j are close, a_j and b_j change places.
"""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products
from certnn.errors import SolverError
from certnn.relaxation.interior.dense.constraints import Constraints, make_constraints
from certnn.relaxation.interior.dense.factors import Factors, factorise, longest
from certnn.relaxation.interior.dense.newton import State
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.reduced.neighbours import Links, links_of, nearest_links

#: Share of the u-block that new links may take.
_ROOM = 0.6
#: A known product is taken if its multiplier is above this share of their median.
_IN_USE = 1e-4
#: Of ‖Δ‖²: closer directions are linked no more tightly, as S would not be definite in floats.
_CLOSEST = 1e-10


def first_point(
    program: Program, label: IndexArray, known: Products | None
) -> tuple[Constraints, FloatArray]:
    """Nearest links, those of known products, and a feasible point, ζ a multiple of the targets.

    Raises
    ------
    SolverError
        If floats are not enough for it.
    """
    x, m = program.forms.rows, program.forms.points
    links = nearest_links(x, label)
    if known is not None:
        links = links.united(_links_in_use(known, label), m)
    constraints = make_constraints(program, *links.pairs(m))
    y = np.zeros(constraints.first.size)
    free = y[constraints.fits : constraints.signed]
    free -= 0.5 / np.linalg.eigvalsh(x.T @ x)[-1]
    if links.low.size:
        delta = links.differences(x)
        square = np.sum(delta**2, axis=1)
        t = 1.0 / np.maximum(square, max(float(np.median(square)), _CLOSEST))
        t /= max(float(np.linalg.eigvalsh((delta.T * t) @ delta)[-1]), 1.0)
        np.subtract.at(free, links.low, t)
        np.subtract.at(free, links.high, t)
        y[constraints.signed :] = np.tile(t, 2)
    factors = factorise(constraints.dual_matrix(y))
    if factors is None:  # in exact arithmetic it is definite
        raise SolverError("the data are too badly scaled for the interior point method")
    towards = np.zeros_like(y)
    towards[: constraints.fits] = program.targets.ravel()
    reach = longest(factors.root, -constraints.combined(towards))
    return constraints, y + min(0.5 * reach, 1.0) * towards


def _links_in_use(known: Products, label: IndexArray) -> Links:
    """The links of the products that matter, within the groups of `label`."""
    m = known.n
    i, j = known.first % m, known.second % m
    pairs = known.selected((i != j) & (label[i] == label[j]))
    least = _IN_USE * float(np.median(pairs.multiplier)) if pairs.first.size else 0.0
    used = pairs.selected(pairs.multiplier > least)
    return links_of(used.first, used.second, m)


def extended(
    constraints: Constraints, state: State, factors: Factors, links: Links, mu: float
) -> tuple[Constraints, State]:
    """Add links at positive weights that leave S definite; their slacks centred at mu."""
    program = constraints.program
    m, r = program.forms.points, program.forms.rank
    first, second = links.pairs(m)
    place = np.full((2 * m, 2 * m), -1)
    old = constraints.pair_first.size
    place[constraints.pair_first, constraints.pair_second] = np.arange(old)
    new = place[first, second] < 0
    place[first[new], second[new]] = old + np.arange(np.count_nonzero(new))
    larger = make_constraints(
        program,
        np.concatenate([constraints.pair_first, first[new]]),
        np.concatenate([constraints.pair_second, second[new]]),
    )
    delta = links.differences(program.forms.rows) @ np.linalg.cholesky(factors.inverse[:r, :r])
    square = np.sum(delta**2, axis=1)
    t = 1.0 / np.maximum(square, 0.1 * float(np.median(square)))
    t *= _ROOM / float(np.linalg.eigvalsh((delta.T * t) @ delta)[-1])
    y = np.concatenate([state.y, np.zeros(np.count_nonzero(new))])
    np.add.at(y, larger.signed + place[first, second], np.tile(t, 2))
    np.subtract.at(y, larger.fits + links.low, t)
    np.subtract.at(y, larger.fits + links.high, t)
    slack = np.concatenate([state.slack, mu / y[larger.signed + old :]])
    return larger, State(y, state.moment, slack)
