"""Depth-first search for the phase tree of one direction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.ordered_search import Gauge
from certnn.splitting.phases.form import ACTIVE, INACTIVE, NEGATIVE, OPEN, Direction
from certnn.splitting.phases.node import Guess, Outcome, solve_node
from certnn.splitting.phases.preparation import Task

#: Multipliers of a point fixed just now.
_FRESH = 0.05
#: Gradients to follow from the mean of a node in search of where the bound is exceeded.
_GRADIENTS = 4


@dataclass(frozen=True, eq=False)
class PhaseTree:
    """What the search in one direction has come to.

    Attributes
    ----------
    splits : int32 array
        The nodes in preorder: −1 for a leaf, else the point that is split.
    multipliers : float32 array
        Of the leaves.
    finished : bool
        Whether it is a proof; otherwise the search was stopped, or the bound is exceeded or nearly.
    exceeded : float64 array, shape (r,) or None
        About where the bound does not hold, in the coordinates of the points.
    """

    splits: NDArray[np.int32]
    multipliers: NDArray[np.float32]
    finished: bool
    exceeded: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class _Node:
    phases: IndexArray
    path: IndexArray  # the fixed points
    guess: Guess


def search_direction(task: Task, gauge: Gauge) -> PhaseTree:
    """Split phases until the bound is proved on every leaf.

    Parameters
    ----------
    task : Task
    gauge : Gauge
        Counts nodes.
    """
    direction, units = task.direction, task.units
    n, columns = direction.points.shape
    outcome = Outcome(np.zeros(columns), np.zeros(n), np.zeros(2, dtype=np.int64))
    stack = [_Node(task.phases, np.zeros(0, dtype=np.int64), _first_guess(direction, task.phases))]
    splits: list[int] = []
    leaves = [np.zeros(0, dtype=np.float32)]
    while stack:
        if gauge.stop[0]:
            return PhaseTree(np.zeros(0, np.int32), leaves[0], False)
        gauge.count[0] += 1
        node = stack.pop()
        most = 1 + 2 * direction.lines.shape[0] + node.path.size * (node.path.size + 1) // 2
        written = np.empty(most, dtype=np.float32)
        count = solve_node(
            direction, units, node.phases, node.path, node.guess, outcome, written, gauge.stop
        )
        opens = np.flatnonzero(node.phases == OPEN)
        if count < 0 and opens.size == 0:  # try once more, from elsewhere
            fresh = _first_guess(direction, node.phases)._replace(
                products=np.full_like(node.guess.products, _FRESH)
            )
            count = solve_node(
                direction, units, node.phases, node.path, fresh, outcome, written, gauge.stop
            )
        if count >= 0:
            splits.append(-1)
            leaves.append(written[:count].copy())
            continue
        exceeded = _exceeded(direction, outcome.mean)
        if exceeded is not None or opens.size == 0:
            return PhaseTree(np.zeros(0, np.int32), leaves[0], False, exceeded)
        point = int(opens[np.argmax(outcome.gains[opens])])
        splits.append(point)
        # The inactive half is visited first.
        stack += [_half(node, point, phase) for phase in (ACTIVE, INACTIVE)]
    return PhaseTree(np.array(splits, dtype=np.int32), np.concatenate(leaves), True)


def compile_search(task: Task) -> None:
    """Have everything compiled that `search_direction` needs, without a search."""
    direction = task.direction
    n, columns = direction.points.shape
    outcome = Outcome(np.zeros(columns), np.zeros(n), np.zeros(2, dtype=np.int64))
    nothing, stopped = np.zeros(0, dtype=np.int64), np.ones(1, dtype=np.int64)
    guess, written = _first_guess(direction, task.phases), np.empty(1, dtype=np.float32)
    solve_node(direction, task.units, task.phases, nothing, guess, outcome, written, stopped)


def _half(node: _Node, point: int, phase: int) -> _Node:
    phases, guess = node.phases.copy(), node.guess
    phases[point] = phase
    fresh = np.full(node.path.size, _FRESH)
    return _Node(
        phases,
        np.append(node.path, point),
        Guess(
            guess.scalars.copy(),
            guess.terms.copy(),
            guess.fixed.copy(),
            np.concatenate([guess.products, fresh]),
        ),
    )


def _exceeded(direction: Direction, mean: FloatArray) -> FloatArray | None:
    """Where the bound 1 does not hold, of the mean and gradients that follow from it."""
    for _ in range(_GRADIENTS):
        activations = direction.points @ mean
        value = direction.weights @ np.maximum(activations, 0.0)
        if value > np.linalg.norm(mean):
            return mean.copy()
        mean = direction.points.T @ (direction.weights * (activations > 0.0))
    return None


def _first_guess(direction: Direction, phases: IndexArray) -> Guess:
    """Strictly feasible multipliers for the node at which no point is fixed."""
    n, columns = direction.points.shape
    weights, root = direction.weights, math.sqrt(columns)
    terms = np.zeros((direction.lines.shape[0], 3))
    first, second = direction.first[n:], direction.second[n:]
    partners = np.bincount(first, minlength=n) + np.bincount(second, minlength=n)
    shares = 0.4 * np.minimum(weights[first] / partners[first], -weights[second] / partners[second])
    used = np.bincount(first, shares, n) + np.bincount(second, shares, n)
    terms[n:, 0] = shares
    terms[n:, 1] = shares * root / (4.0 * np.linalg.norm(direction.bends[n:], axis=1) + 1e-6)
    opens, negative = phases == OPEN, phases == NEGATIVE
    terms[:n][opens, 0] = (1.05 * weights - used)[opens]
    terms[:n][opens, 1] = 0.25 * root * terms[:n][opens, 0]
    terms[:n][negative, 0] = 0.5 * (-weights - used)[negative]
    terms[:n][negative, 1] = 0.6 * terms[:n][negative, 0]
    curved = np.concatenate([opens, np.full(first.size, True)])
    terms[curved, 2] = terms[curved, 0] ** 2 / (8.0 * terms[curved, 1])
    return Guess(np.array([0.3, 0.3]), terms, np.full(n, _FRESH), np.zeros(0))
