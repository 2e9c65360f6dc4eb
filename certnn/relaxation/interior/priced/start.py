"""Where the steps begin: moments of Gaussian weights, and multipliers that leave half of the room.

Of a Gaussian u with independent coordinates and ρ = |u| the moments of (a, u, ρ) satisfy every
constraint strictly, products with the norm too. With a free bias g beside u, ρ is as much shorter
than |(u, g)| as makes E[ρ²] = E[|u|²].
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from scipy.special import gammaln

from certnn.arrays import FloatArray
from certnn.relaxation.interior.block.cliques import Clique, Responses, cliques
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.interior.block.working_set import first_pairs
from certnn.relaxation.interior.lifts.grouping import groups_of
from certnn.relaxation.interior.priced.lift import Lift
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: M_ρρ of all lifts to begin with, as a share of what the targets could be worth.
_MASS = 0.2
#: What multipliers a_i·b_i take of the height, what the others take of the a-block and of a group's
#: part of the claim, and all together of the claim; and with a free bias its multiplier and that of
#: |u|², as a share of the height.
_OF_SQUARES, _OF_POINTS, _OF_CLAIM, _OF_NORMS = 0.9, 0.3, 0.5, 0.5


def first_lifts(
    reduced: ReducedProblem,
    responses: Responses,
    directions: FloatArray,
    heights: FloatArray,
    size: int,
) -> tuple[list[Lift], FloatArray]:
    """Lifts that are strictly feasible on both sides but for the outputs, and ζ, shape (p, c).

    Raises
    ------
    numpy.linalg.LinAlgError
        If the data are too badly scaled for floats.
    """
    groups, free = groups_of(reduced, size), reduced.ball is not None
    parts = [_with_rays(part, free) for part in cliques(reduced, responses, groups, norm=True)]
    fitted = responses.target - np.multiply.outer(responses.ones, responses.bias(responses.target))
    targets = responses.weight[:, None] * fitted
    mass = _MASS * float(np.sum(targets * fitted)) / float(np.sum(2.0 * heights))
    spread = float(np.linalg.eigvalsh(reduced.rows.T @ reduced.rows)[-1])
    t = _OF_SQUARES * float(np.min(heights)) / spread
    most = max(float(np.sum((targets @ w) ** 2)) for w in directions)
    zeta = min(1.0, float(np.sqrt(0.5 * np.min(heights) * t / most))) * targets
    lifts, largest = [], 0.0
    for w, height in zip(directions, heights, strict=True):
        states = [
            _state(part, t, float(height) / len(parts), mass, zeta[part.place] @ w, free)
            for part in parts
        ]
        mu = float(height) * (_OF_NORMS if free else 1.0)
        lift = Lift(w, float(height), mu, states, free)
        for state in states:
            state.share = state.eliminated()
        total = np.sum([state.share for state in states], axis=0)
        largest = max(largest, float(scipy.linalg.eigvalsh(total, _claim(lift))[-1]))
        lifts.append(lift)
    scale = min(1.0, _OF_CLAIM / largest)
    for lift in lifts:
        total = np.sum([state.share for state in lift.states], axis=0)
        left = (_claim(lift) - scale * total) / len(lift.states)
        for state in lift.states:
            state.y, state.given = scale * state.y, scale * state.given
            state.share = scale * state.share + left
        if free:
            _add_room(lift)
    return lifts, scale * zeta


def _claim(lift: Lift) -> FloatArray:
    """What the multipliers may take together: the corner, and what a free bias adds to it."""
    corner = lift.corner()
    return corner + lift.mu * _of_bias(len(corner)) if lift.free_bias else corner


def _of_bias(order: int) -> FloatArray:
    """g² − ρ² over (u, ρ)."""
    return np.diag(np.append(np.zeros(order - 2), [1.0, -1.0]))


def _add_room(lift: Lift) -> None:
    """To the first clique the product (ρ − g)·(ρ + g), and take from its share what that gives."""
    state = lift.states[0]
    clique, count = state.clique, state.clique.forms.shape[0]
    rays = np.zeros((2, clique.forms.shape[1]))
    rays[:, -1], rays[:, -2] = 1.0, (-1.0, 1.0)
    state.clique = clique.with_forms(np.vstack([clique.forms, rays]))
    state.share = state.share - lift.mu * _of_bias(len(state.share))
    state.first, state.second = np.append(state.first, count), np.append(state.second, count + 1)
    state.y = np.append(state.y, 0.5 * lift.mu)
    state.slack = np.append(state.slack, state.moments(state.X)[-1])


def _with_rays(part: Clique, free_bias: bool) -> Clique:
    """The clique with the forms ρ ∓ x_iᵀu, for which products with a_i and b_i fail most.

    With a free bias x_iᵀu is divided by what it can be at most.
    """
    k = part.size
    rows = part.forms[k : 2 * k].copy()  # a_i − x_iᵀu
    if free_bias:
        own, of_bias = np.linalg.norm(rows[:, k:-2], axis=1), np.abs(rows[:, -2])
        rows /= (own + of_bias)[:, None]
    rows[:, :k], rows[:, -1] = 0.0, 1.0
    mirrored = rows.copy()
    mirrored[:, k:-1] *= -1.0
    return part.with_forms(np.vstack([part.forms, rows, mirrored]))


def _state(
    part: Clique, t: float, room: float, mass: float, along: FloatArray, free_bias: bool
) -> CliqueState:
    k, rho = part.size, 2 * part.size
    pairs, points = first_pairs(part), np.arange(k)
    rays = np.arange(2 * k)
    X = gaussian_moments(part, mass, free_bias)
    state = CliqueState(
        part,
        np.concatenate([points, pairs[0], rays]),
        np.concatenate([points + k, pairs[1], rho + 1 + rays]),
        np.append(np.full(k, -t), np.zeros(pairs[0].size + rays.size)),
        np.ones(pairs[0].size + rays.size),
        np.zeros((part.forms.shape[1] - k,) * 2),
        X,
        part.answering,
        np.full(part.answering.size, rho),
        along,
    )
    state.slack = np.maximum(state.moments(X)[k:], 1e-9 * mass)
    weight = np.append(np.zeros(k), 1.0 / state.slack)
    root = np.sqrt(np.append(np.full(k, 2.0 * t), np.full(state.share.shape[0], room)))
    taken = state.form_matrix(weight, np.zeros_like(along)) / root[:, None] / root[None, :]
    worst = max(float(np.linalg.eigvalsh(taken)[-1]), np.finfo(float).tiny)
    state.y[k:] = weight[k:] * _OF_POINTS / worst
    return state


def gaussian_moments(part: Clique, mass: float, free_bias: bool) -> FloatArray:
    """Half of the second moments of (a, u, ρ) with E[ρ²] = mass."""
    k, order = part.size, part.forms.shape[1]
    x, r = -part.forms[k : 2 * k, k:-1], order - part.size - 1
    variance = mass / (r - free_bias)
    cosine = np.clip(x @ x.T, -1.0, 1.0)
    angle = np.arccos(cosine)
    moments = np.zeros((order, order))
    moments[:k, :k] = variance * (np.sin(angle) + (np.pi - angle) * cosine) / (2.0 * np.pi)
    mean_cosine = np.exp(gammaln(0.5 * r) - gammaln(0.5 * (r + 1.0))) / np.sqrt(np.pi)
    moments[:k, -1] = moments[-1, :k] = 0.5 * np.sqrt(r * variance * mass) * mean_cosine
    moments[:k, k:-1] = 0.5 * variance * x
    moments[k:-1, :k] = moments[:k, k:-1].T
    moments[k:-1, k:-1] = variance * np.eye(r)
    moments[-1, -1] = mass
    return 0.5 * moments
