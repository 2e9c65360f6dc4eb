"""One clique's share of a step of the interior point method (Nesterov–Todd directions).

S, its multiplier X, the A_k and the shares P are those of `certnn.relaxation.interior.block.state`.
With the scaling point V, VSV = X, the change of P follows from that of Ω, and what is left of
the clique are linear equations in the change of y of which only the right side needs Ω:

    (M + D)·dy = r − F·Ω,  M_kl = ⟨A_k, VA_lV⟩ − ⟨F_k, V_cc F_l V_cc⟩,
    F_k = TᵀA_kT,  T = V_·c V_cc⁻¹.

Multipliers of some products may be given from outside, as they are shared with other cliques: their
change is on the right side too, and what their products' moments are is left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.reduced.packing import Packing, add_kronecker
from certnn.relaxation.reduced.triangular import backward, forward, solve_lower
from certnn.training.compiled import compiled


@compiled
def _schur_matrix(
    first: IndexArray, second: IndexArray, own: FloatArray, all_: FloatArray, border: FloatArray
) -> FloatArray:
    """2(a_gg'·v_hh' + b_gg'·a_hh' + a_gh'·v_hg' + b_gh'·a_hg'), v = a + b, for all pairs (g, h)."""
    count = first.size
    M = np.empty((count, count))
    for k in range(count):
        g, h = first[k], second[k]
        for j in range(k + 1):
            i, o = first[j], second[j]
            entry = 2.0 * (
                own[g, i] * all_[h, o]
                + border[g, i] * own[h, o]
                + own[g, o] * all_[h, i]
                + border[g, o] * own[h, i]
            )
            M[k, j] = entry
            M[j, k] = entry
    return M


class CliqueStep:
    """The scaling of one clique, its equations, and the step that they give.

    The equations for the new Ω (packed): the sum of all `coupling` times Ω is that of all `pull`.
    Of `coupling`, shape (packed, packed), to which the clique's share is added, the lower triangle
    is right. Raises `numpy.linalg.LinAlgError` if rounding has left a matrix indefinite.
    """

    def __init__(self, state: CliqueState, packing: Packing, coupling: FloatArray) -> None:
        self.state, self.packing = state, packing
        clique = state.clique
        k, p, t, g = clique.size, state.answers, state.signed, state.given.size
        lower_s, lower_x = np.linalg.cholesky(state.form_slack()), np.linalg.cholesky(state.X)
        _, self.scaled, right = np.linalg.svd(lower_s.T @ lower_x)  # GᵀSG = G⁻¹XG⁻ᵀ = diag(scaled)
        self.gap = float(np.sum(self.scaled**2) + np.dot(state.slack, state.y[t:]))
        self.G = lower_x @ right.T / np.sqrt(self.scaled)
        V = self.G @ self.G.T
        corner = np.linalg.cholesky(V[k:, k:])
        self.corner_inverse = scipy.linalg.cho_solve(
            (corner, True), np.eye(V.shape[0] - k)
        )  # V_cc⁻¹
        self.T = np.vstack([V[:k, k:] @ self.corner_inverse, np.eye(V.shape[0] - k)])
        seen = clique.forms @ self.T
        reach = seen @ corner
        border = reach @ reach.T
        own = np.zeros_like(border)
        rest = V[:k, :k] - self.T[:k] @ V[k:, :k]
        rest = 0.5 * (rest + rest.T)
        own[: 2 * k, : 2 * k] = np.tile(rest, (2, 2))
        first = np.concatenate([state.given_first, state.first])
        second = np.concatenate([state.given_second, state.second])
        whole = _schur_matrix(first, second, own, own + border, border)
        M = whole[g:, g:]
        diagonal = np.einsum("ii->i", M)
        diagonal[:p] += np.repeat(1.0 / clique.weight, clique.target.shape[1])
        diagonal[t:] += state.slack / state.y[t:]
        diagonal *= 1.0 + 1e-14
        self.factor = np.asarray(np.linalg.cholesky(M), dtype=np.float64)  # of M + D
        F = packing.products(seen, first, second)
        solved, self.across = F[g:], whole[g:, :g].copy()  # factor⁻¹·M of the given, (w, g)
        solve_lower(self.factor, solved)
        if g:
            solve_lower(self.factor, self.across)
        add_kronecker(self.corner_inverse, coupling)
        coupling += solved.T @ solved
        # What is left of M of the given without the unknowns, (g, g), and of F, (g, packed).
        self.given_own = whole[:g, :g] - self.across.T @ self.across
        self.given_corner = F[:g] - self.across.T @ solved

    def pull(self, aim: Aim) -> FloatArray:
        """Its share of the right side for Ω, shape (packed,), as long as nothing given changes."""
        y, none = backward(self.factor, aim.half), np.zeros_like(self.state.given)
        inner = self.corner_inverse @ aim.corner @ self.corner_inverse
        return self.packing.packed(inner + self.T.T @ self.state.form_matrix(y, none) @ self.T)

    def given_moments(self, aim: Aim) -> FloatArray:
        """The new moments of the given products, without what Ω and their own change add."""
        moments: FloatArray = aim.given + self.across.T @ aim.half
        return moments

    def aim(self, centre: float, affine: Direction | None) -> Aim:
        """What the step should reach: products of primal and dual equal to `centre`."""
        state = self.state
        k, t, p = state.clique.size, state.signed, state.answers
        lam = self.scaled
        wanted = np.diag(centre / lam)
        slack = centre / state.y[t:]
        if affine is not None:
            cross = affine.scaled_X @ affine.scaled_S
            wanted = wanted - (cross + cross.T) / (lam[:, None] + lam[None, :])
            slack = slack - affine.slack * affine.y[t:] / state.y[t:]
        target = self.G @ wanted @ self.G.T
        corner = target[k:, k:]
        hidden = target - self.T @ corner @ self.T.T
        right = -state.moments(hidden)
        right[:p] += (
            state.clique.target.ravel()
            - np.repeat(1.0 / state.clique.weight, state.clique.target.shape[1]) * state.y[:p]
        )
        right[t:] += slack
        return Aim(wanted, slack, corner, forward(self.factor, right), state.given_moments(hidden))

    def direction(self, aim: Aim, omega: FloatArray, given: FloatArray) -> Direction:
        """The step of this clique for the new corner Ω (packed) and the change of the given."""
        state = self.state
        t = state.signed
        corner = self.packing.unpacked(omega)
        from_corner = forward(self.factor, state.moments(self.T @ corner @ self.T.T))
        dy = backward(self.factor, aim.half - from_corner - self.across @ given)
        change = state.form_matrix(dy, given)
        dP = self.corner_inverse @ (aim.corner - corner) @ self.corner_inverse
        dP = dP + self.T.T @ change @ self.T
        dS = -change
        k = state.clique.size
        dS[k:, k:] += dP
        scaled_S = self.G.T @ dS @ self.G
        scaled_X = aim.wanted - np.diag(self.scaled) - scaled_S
        slack = aim.slack - state.slack - state.slack / state.y[t:] * dy[t:]
        return Direction(dy, given, dP, slack, scaled_S, scaled_X)

    def reach(self, direction: Direction) -> tuple[float, float]:
        """How far primal and dual may go along it, in units of it."""
        state = self.state
        t = state.signed
        root = np.sqrt(self.scaled)
        limits = []
        for change, singles, old in (
            (direction.scaled_X, direction.slack, state.slack),
            (direction.scaled_S, direction.y[t:], state.y[t:]),
        ):
            relative = change / root[:, None] / root[None, :]
            worst = -float(np.linalg.eigvalsh(relative)[0])
            worst = max(worst, float(np.max(-singles / old, initial=0.0)))
            limits.append(1.0 / worst if worst > 0.0 else np.inf)
        return limits[0], limits[1]

    def gap_after(self, direction: Direction, primal: float, dual: float) -> float:
        """⟨X, S⟩ and the products of slacks after a step."""
        state, t = self.state, self.state.signed
        X = np.diag(self.scaled) + primal * direction.scaled_X
        S = np.diag(self.scaled) + dual * direction.scaled_S
        y, slack = state.y[t:] + dual * direction.y[t:], state.slack + primal * direction.slack
        return float(np.sum(X * S) + np.dot(slack, y))

    def move(self, direction: Direction, primal: float, dual: float) -> None:
        """Take the step."""
        state = self.state
        X = np.diag(self.scaled) + primal * direction.scaled_X
        state.X = self.G @ (0.5 * (X + X.T)) @ self.G.T
        state.slack = state.slack + primal * direction.slack
        state.y = state.y + dual * direction.y
        state.given = state.given + dual * direction.given
        state.share = state.share + dual * direction.share


@dataclass(frozen=True, eq=False)
class Aim:
    """Where a step goes: X at S unchanged (scaled, and its corner) and slacks.

    `half` is the right side divided by the factor, `given` what the given products' moments are
    but for what the unknowns and the corner change.
    """

    wanted: FloatArray
    slack: FloatArray
    corner: FloatArray
    half: FloatArray
    given: FloatArray


@dataclass(frozen=True, eq=False)
class Direction:
    """Changes of y, the given, P, the slacks, and of S and X in the scaled coordinates."""

    y: FloatArray
    given: FloatArray
    share: FloatArray
    slack: FloatArray
    scaled_S: FloatArray
    scaled_X: FloatArray
