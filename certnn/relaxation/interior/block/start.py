"""Where the interior point method of block(k) begins: the level shor, made strictly feasible.

On the primal side the moments of Gaussian (u, v) with a = (Xu)₊ satisfy every constraint strictly
(Theorem 6(c)); their corner is that of shor's solution with a ridge, the same for all cliques.
"""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products
from certnn.relaxation.interior.block.cliques import Clique, Responses
from certnn.relaxation.interior.block.moments import gaussian_moments
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.interior.block.working_set import first_pairs
from certnn.relaxation.reduced.reduced_problem import ReducedProblem
from certnn.relaxation.shor.method import solve_shor

#: Of the corner, in units of its mean eigenvalue.
_RIDGE = 10.0
#: Multipliers a_i·b_i are raised by this share of what takes all of reg.
_RAISED = 2.0
#: What the other multipliers take of the a-block, and all of them of reg.
_OF_POINTS, _OF_REG = 0.3, 0.4


def first_states(
    reduced: ReducedProblem,
    responses: Responses,
    parts: list[Clique],
    known: Products | None,
    budget: Budget,
) -> list[CliqueState]:
    """States of all cliques, strictly feasible on both sides but for the outputs.

    `known` are products that the working sets begin with besides near neighbours.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the data are too badly scaled for floats.
    """
    m, q = reduced.directions.count, reduced.rank + reduced.outputs
    root = np.sqrt(responses.weight)
    label = responses.form % m
    rows = np.where(responses.form < m, root, -root)[:, None] * reduced.rows[label]
    shor = solve_shor(rows, root[:, None] * responses.target, reduced.reg, budget)
    zeta = root[:, None] * shor.Z
    t = np.zeros(m)
    np.add.at(t, label, shor.t * responses.weight)
    spread = float(np.linalg.eigvalsh(reduced.rows.T @ reduced.rows)[-1])
    t += _RAISED * reduced.reg / spread
    corner = shor.W + _RIDGE * float(np.trace(shor.W)) / q * np.eye(q)
    states, total = [], np.zeros((q, q))
    for part in parts:
        state = _state(part, zeta, t, corner, _own_pairs(part, m, known))
        states.append(state)
        state.share = state.eliminated()
        total += state.share
    scale = min(1.0, _OF_REG * reduced.reg / float(np.linalg.eigvalsh(total)[-1]))
    left = (reduced.reg * np.eye(q) - scale * total) / len(states)
    for state in states:
        state.y = scale * state.y
        state.share = scale * state.share + left
    return states


def _own_pairs(part: Clique, m: int, known: Products | None) -> tuple[IndexArray, IndexArray]:
    first, second = first_pairs(part)
    if known is None:
        return first, second
    k = part.size
    place = np.full(2 * m, -1, dtype=np.int64)
    place[part.members], place[part.members + m] = np.arange(k), k + np.arange(k)
    p, q = place[known.first], place[known.second]
    own = (p >= 0) & (q >= 0) & (p % k != q % k) & (known.multiplier > 0.0)
    low = np.concatenate([np.minimum(first, second), np.minimum(p, q)[own]])
    high = np.concatenate([np.maximum(first, second), np.maximum(p, q)[own]])
    pairs = np.unique(low * (2 * k) + high)
    return pairs // (2 * k), pairs % (2 * k)


def _state(
    part: Clique,
    zeta: FloatArray,
    t: FloatArray,
    corner: FloatArray,
    pairs: tuple[IndexArray, IndexArray],
) -> CliqueState:
    k, (p, c) = part.size, part.target.shape
    points = np.arange(k)
    X = gaussian_moments(part, corner)
    state = CliqueState(
        part,
        np.concatenate([np.repeat(part.answering, c), points, pairs[0]]),
        np.concatenate([np.tile(2 * k + np.arange(c), p), points + k, pairs[1]]),
        np.concatenate([zeta[part.place].ravel(), -t[part.members], np.zeros(pairs[0].size)]),
        np.ones(pairs[0].size),
        np.zeros_like(corner),
        X,
    )
    if pairs[0].size:
        signed = state.signed
        tiny = 1e-12 * float(np.max(np.diagonal(X)))
        state.slack = np.maximum(state.moments(X)[signed:], tiny)
        weight = np.zeros(state.y.size)
        weight[signed:] = 1.0 / state.slack
        root = np.sqrt(2.0 * t[part.members])
        taken = state.form_matrix(weight, state.given)[:k, :k] / root[:, None] / root[None, :]
        worst = max(float(np.linalg.eigvalsh(taken)[-1]), np.finfo(float).tiny)
        state.y[signed:] = weight[signed:] * _OF_POINTS / worst
    return state
