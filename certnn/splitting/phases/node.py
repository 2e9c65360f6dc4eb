"""The least bound that multipliers prove on one leaf; compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.phases.build import build_node
from certnn.splitting.phases.form import (
    Direction,
    Node,
    add_constant_form,
    add_linear_form,
    clear,
    definite,
)
from certnn.splitting.phases.interior import (
    SHORTEST,
    Search,
    begin,
    gap,
    head_for,
    longest_dual,
    longest_primal,
    move,
    new_search,
    prepare,
)
from certnn.splitting.phases.newton import newton_step
from certnn.splitting.phases.rounding import Units, write_leaf
from certnn.training.compiled import compiled, inner

#: What is left for rounding to float32, a share of the bound.
MARGIN = 2e-6
_MOST_STEPS = 60
#: Accuracy of the least bound, a share of the bound to prove.
_ACCURACY = 1e-5
#: The infeasibility of the duals below which they show what bound cannot be proved.
_FEASIBLE = 0.1
#: The nodes below start where the gap was last above this for each constraint.
_WARM = 0.01
#: The least share of the products that is aimed for in one step.
_LEAST_TARGET = 0.03


class Guess(NamedTuple):
    """Multipliers to start from: those of the node above."""

    scalars: FloatArray  # (2,) mu and the slack of the bound
    terms: FloatArray  # (terms, 3)
    fixed: FloatArray  # (n,) of the fixed points
    products: FloatArray  # (depth·(depth − 1)/2,) of fixed points a < b, place b(b − 1)/2 + a


class Outcome(NamedTuple):
    """What is known of a node that is not closed."""

    mean: FloatArray  # (d,) of the directions u that the bound is lost on
    gains: FloatArray  # (n,) how much fixing each open point may help
    counts: IndexArray  # (2,) nodes and steps so far


@compiled
def solve_node(
    direction: Direction,
    units: Units,
    phases: IndexArray,
    path: IndexArray,
    guess: Guess,
    outcome: Outcome,
    written: NDArray[np.float32],
    stop: IndexArray,
) -> int:
    """Look for multipliers that prove the bound 1 on one leaf.

    Parameters
    ----------
    direction : Direction
    units : Units
    phases : int array, shape (n,)
    path : int array, shape (depth,)
        The fixed points.
    guess : Guess
        Where to start; replaced by where to start below, if the node is not closed.
    outcome : Outcome
        Filled, if the node is not closed.
    written : float32 array
        Filled with the multipliers, if it is.
    stop : int array, shape (1,)
        Not zero where another thread wants an end.

    Returns
    -------
    int
        How many multipliers were written, −1 if the node is not closed.
    """
    place_in_path = np.zeros(phases.size, np.int64)
    for place in range(path.size):
        place_in_path[path[place]] = place
    node = build_node(direction, phases)
    search = new_search(direction, node, _start(direction, node, place_in_path, guess))
    outcome.counts[0] += 1
    # How much is left of what the duals lack to be feasible.
    left = 1.0 if begin(node, search) else -1.0
    for _ in range(_MOST_STEPS):
        if left < 0.0 or stop[0] != 0:
            break
        outcome.counts[1] += 1
        remaining = gap(node, search)
        if remaining > _WARM * search.constraints:
            _keep(node, search, place_in_path, guess)
        if search.y[0] <= 1.0 - MARGIN:
            count = write_leaf(direction, node, phases, search.y, units, written)
            if count >= 0:
                return count
        hopeless = search.y[0] - remaining > 1.0
        if left < _FEASIBLE and (hopeless or remaining < _ACCURACY):
            break
        if not prepare(search):
            break
        newton_step(direction, node, search.y, search.slacks, search.dual, search.step)
        # First straight for the optimum; the less far that goes, the more is to be centred.
        head_for(direction, node, search, 0.0)
        lost = 1.0 - min(longest_primal(node, search), longest_dual(node, search))
        target = max(_LEAST_TARGET, lost * lost) * remaining / search.constraints
        head_for(direction, node, search, target)
        forward, back = longest_primal(node, search), longest_dual(node, search)
        if not (forward > SHORTEST and back > SHORTEST):
            break
        left = left * (1.0 - back) if move(direction, node, search, forward, back) else -1.0
    _judge(direction, node, search, outcome)
    return -1


@inner
def _start(direction: Direction, node: Node, place_in_path: IndexArray, guess: Guess) -> FloatArray:
    """Strictly feasible multipliers from those of the node above."""
    y = np.zeros(2 + 3 * node.terms.size + node.left.size)
    for place in range(node.terms.size):
        for k in range(3):
            y[2 + 3 * place + k] = guess.terms[node.terms[place], k]
    offset = 2 + 3 * node.terms.size
    for place in range(node.left.size):
        i, j = node.left[place], node.right[place]
        if i < 0:
            y[offset + place] = guess.fixed[j]
        else:
            y[offset + place] = guess.products[_place(place_in_path[i], place_in_path[j])]
    order = direction.points.shape[1] + 1
    form, factor = np.zeros((order, order)), np.zeros((order, order))
    y[1] = guess.scalars[0]
    add_constant_form(node, form)
    add_linear_form(direction, node, y, form)
    body, side = form[1:, 1:], form[1:, 0].copy()
    for _ in range(_MOST_STEPS):
        if definite(body, factor):
            break
        more = 0.5 * y[1]
        y[1] += more
        form[0, 0] -= more
        for q in range(order - 1):
            body[q, q] += more
    needed = -form[0, 0]
    for p in range(order - 1):
        for q in range(p):
            side[p] -= factor[p, q] * side[q]
        side[p] /= factor[p, p]
        needed += side[p] * side[p]
    y[0] = needed + guess.scalars[1]
    return y


@inner
def _place(a: int, b: int) -> int:
    low, high = min(a, b), max(a, b)
    return high * (high - 1) // 2 + low


@inner
def _keep(node: Node, search: Search, place_in_path: IndexArray, guess: Guess) -> None:
    y = search.y
    for place in range(node.terms.size):
        for k in range(3):
            guess.terms[node.terms[place], k] = y[2 + 3 * place + k]
    offset = 2 + 3 * node.terms.size
    for place in range(node.left.size):
        i, j = node.left[place], node.right[place]
        if i < 0:
            guess.fixed[j] = y[offset + place]
        else:
            guess.products[_place(place_in_path[i], place_in_path[j])] = y[offset + place]
    guess.scalars[0] = y[1]
    slack = search.factor[0, 0]
    guess.scalars[1] = slack * slack


@inner
def _judge(direction: Direction, node: Node, search: Search, outcome: Outcome) -> None:
    """Mean of the directions in the way; variances along the points, times their weights."""
    # The dual of the form is, but for a factor, the second moments of (1, u).
    moments, columns = search.dual.form, outcome.mean.size
    for q in range(columns):
        outcome.mean[q] = moments[q + 1, 0] / moments[0, 0]
    clear(outcome.gains)
    for place in range(node.points):
        if node.up[place] < 0:
            continue
        point, along, across = node.terms[place], 0.0, 0.0
        for q in range(columns):
            along += direction.points[point, q] * outcome.mean[q]
            for p in range(columns):
                product = direction.points[point, q] * direction.points[point, p]
                across += product * moments[q + 1, p + 1] / moments[0, 0]
        outcome.gains[point] = direction.weights[point] * (across - along * along)
