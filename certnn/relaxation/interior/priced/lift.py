"""The lifts of level lifts as cliques that share two things: corners within a lift, and ζ.

A lift has the moments of the neurons along a direction w of the outputs, over (a, u, ρ) with
ρ = |u| (Theorem 48): a clique for each group of points, whose corner over (u, ρ) is that of all
groups. The multiplier of each ρ·a_i is ζ_i·w, so that ζ is what the lifts share. A free hidden bias
g is the last coordinate of u, of which |u| is without it, and |g| ≤ ρ (Theorem 51).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.sphere import least_height
from certnn.relaxation.interior.block.joined import JoinedCliques, JoinedWay
from certnn.relaxation.interior.block.newton import Aim
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.reduced.packing import Packing


@dataclass(eq=False)
class Lift:
    """Where the method is on one lift.

    Attributes
    ----------
    direction : float64 array, shape (c,)
        w, of length 1.
    height : float
        What w·Zᵀa may be at most, for |u| = 1.
    mu : float
        Of ρ² − |u|², twice.
    states : list of CliqueState
        Their shares add up to `corner`. With a free bias the first one has the product
        (ρ − g)·(ρ + g).
    free_bias : bool
    """

    direction: FloatArray
    height: float
    mu: float
    states: list[CliqueState]
    free_bias: bool

    def corner(self) -> FloatArray:
        """Of the claim 2·height·ρ² − mu·(ρ² − |u|²), over (u, ρ)."""
        order = self.states[0].share.shape[0]
        corner = 2.0 * self.height * np.diag(np.eye(order)[-1])
        return corner + self.mu * ball_form(order, self.free_bias)

    def proved(self) -> tuple[float, float]:
        """The least height at which the multipliers prove the claim, and that μ."""
        taken: FloatArray = np.sum([state.eliminated() for state in self.states], axis=0)
        form = 0.5 * np.roll(taken, 1, axis=(0, 1))
        return least_height(form, 0.0 if self.free_bias else None)

    @property
    def nu(self) -> float:
        """The multiplier of ρ² − g²; 0.0 without a free bias."""
        state = self.states[0]
        return float(np.sum(state.y[state.first > 2 * state.clique.size]))

    @property
    def mass(self) -> float:
        """E[ρ²], half of it, on the average of the cliques."""
        return float(np.mean([state.X[-1, -1] for state in self.states]))


class LiftStep(JoinedCliques):
    """The cliques of a lift, factored.

    Attributes
    ----------
    direction : float64 array, shape (c,)
    ball : float64 array, shape (packed,)
        ⟨ball, Ω⟩ = 0.
    """

    def __init__(self, lift: Lift, packing: Packing) -> None:
        super().__init__(lift.states, lift.corner(), packing)
        self.direction = lift.direction
        self.ball = packing.packed(ball_form(len(lift.states[0].share), lift.free_bias))

    def outputs(self, aims: list[Aim], responses: int) -> FloatArray:
        """As long as Ω and ζ stay, shape (responses,)."""
        outputs = np.zeros(responses)
        for clique, aim in zip(self.cliques, aims, strict=True):
            outputs[clique.state.clique.place] = clique.given_moments(aim)
        return outputs

    def along(self, aims: list[Aim], corner: FloatArray, zeta: FloatArray) -> JoinedWay:
        """The ways to a new Ω (packed), for a change of ζ."""
        along = zeta @ self.direction
        given = [along[clique.state.clique.place] for clique in self.cliques]
        return self.to(aims, corner, given)


def ball_form(order: int, free_bias: bool) -> FloatArray:
    """|u|² − ρ² over (u, ρ)."""
    numbers = np.append(np.ones(order - 1), -1.0)
    if free_bias:
        numbers[-2] = 0.0
    return np.diag(numbers)
