"""What the lifts of a step share: their corners Ω with μ, and ζ, one eliminated before the other.

For all lifts, of directions w, and with A the cliques' answer of ζ to the corner,

    C·Ω + μ·b − A·(dζ·w) = pull,  bᵀΩ = 0,  Σ (G·(dζ·w) + AᵀΩ)⊗w + dζ/weight = wanted,

where b stands for |u|² − ρ² and G joins no two groups. `CornersFirst` eliminates each lift by
itself and takes the third power of the number of points, `OutputsFirst` each group by itself and
takes that of all corners' entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.block.newton import CliqueStep
from certnn.relaxation.interior.priced.lift import LiftStep
from certnn.relaxation.reduced.triangular import backward, forward, solve_lower

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class Each(Protocol):
    """Does the same for all of several things, side by side if there are threads."""

    def __call__(
        self, do: Callable[[_Given], _Found], things: Sequence[_Given]
    ) -> list[_Found]: ...


@dataclass(frozen=True, eq=False)
class Shared:
    """Their change, and the new Ω of each lift.

    Attributes
    ----------
    zeta : float64 array, shape (p, c)
    mu : float64 array, shape (ℓ,)
    corners : float64 array, shape (ℓ, e)
    """

    zeta: FloatArray
    mu: FloatArray
    corners: FloatArray


@dataclass(frozen=True)
class Sizes:
    """Of the equations.

    Attributes
    ----------
    lifts, entries : int
        Number ℓ of lifts and e of entries of a corner.
    points, outputs : int
        Number p of responses and c of outputs.
    """

    lifts: int
    entries: int
    points: int
    outputs: int

    @property
    def corners_first(self) -> float:
        """Multiplications and additions of `CornersFirst`."""
        within = 0.5 * self.points * self.entries * (self.entries + self.points)
        of_lift = self.entries**3 / 3.0 + within
        return self.lifts * of_lift + (self.points * self.outputs) ** 3 / 3.0

    @property
    def outputs_first(self) -> float:
        """Multiplications and additions of `OutputsFirst`."""
        joint = self.lifts * self.entries
        return 0.5 * self.points * self.outputs * joint**2 + joint**3 / 3.0

    @property
    def numbers(self) -> float:
        """That the cheaper of both keeps."""
        corners, outputs = self.lifts * self.entries, self.points * self.outputs
        if self.outputs_first < self.corners_first:
            return corners * outputs + 2.0 * corners**2
        of_lift = 2.0 * self.points * self.entries + self.points**2 + self.entries**2
        return self.lifts * of_lift + 2.0 * outputs**2


class Elimination(Protocol):
    """The equations, factored."""

    def solve(self, pulls: FloatArray, wanted: FloatArray) -> Shared:
        """For right sides of shapes (ℓ, e) and (p, c)."""
        ...


def eliminated(
    lifts: list[LiftStep], responses: Responses, zeta: FloatArray, each: Each
) -> Elimination:
    """In the order that takes less.

    Parameters
    ----------
    lifts : list of LiftStep
    responses : Responses
    zeta : float64 array, shape (p, c)
        ζ before the step.
    each : Each

    Raises
    ------
    numpy.linalg.LinAlgError
        If floats are not enough for it.
    """
    weight, outputs = responses.weight, lifts[0].direction.size
    sizes = Sizes(len(lifts), lifts[0].ball.size, weight.size, outputs)
    order = OutputsFirst if sizes.outputs_first < sizes.corners_first else CornersFirst
    own: Elimination = order(lifts, weight, each)
    return WithBias(own, responses, zeta, sizes) if np.any(responses.ones) else own


class WithBias:
    """Any of them with an output bias β: κ⊗β is added to the outputs, and κᵀ(ζ + dζ) = decay·β."""

    def __init__(
        self, own: Elimination, responses: Responses, zeta: FloatArray, sizes: Sizes
    ) -> None:
        self._own, self._ones = own, responses.ones
        pulls, units = np.zeros((sizes.lifts, sizes.entries)), np.eye(sizes.outputs)
        self._answers = [own.solve(pulls, -np.multiply.outer(self._ones, unit)) for unit in units]
        moved = np.column_stack([self._ones @ answer.zeta for answer in self._answers])
        self._equations, self._before = responses.decay * units - moved, self._ones @ zeta

    def solve(self, pulls: FloatArray, wanted: FloatArray) -> Shared:
        """For right sides of shapes (ℓ, e) and (p, c)."""
        found = self._own.solve(pulls, wanted)
        bias = np.linalg.solve(self._equations, self._before + self._ones @ found.zeta)
        for share, answer in zip(bias, self._answers, strict=True):
            found = Shared(
                found.zeta + share * answer.zeta,
                found.mu + share * answer.mu,
                found.corners + share * answer.corners,
            )
        return found


class CornersFirst:
    """For fewer points than corners have entries."""

    def __init__(self, lifts: list[LiftStep], weight: FloatArray, each: Each) -> None:
        def factored(lift: LiftStep) -> _OneCorner:
            return _OneCorner(lift, weight.size)

        self._corners = each(factored, lifts)
        directions = [lift.direction for lift in lifts]
        whole = np.diag(np.repeat(1.0 / weight, directions[0].size))
        for corner, w in zip(self._corners, directions, strict=True):
            whole += np.kron(corner.of_zeta, np.outer(w, w))
        self._factor = scipy.linalg.cho_factor(whole, lower=True, check_finite=False)
        self._directions = directions

    def solve(self, pulls: FloatArray, wanted: FloatArray) -> Shared:
        """For right sides of shapes (ℓ, e) and (p, c)."""
        halves = [corner.half(pull) for corner, pull in zip(self._corners, pulls, strict=True)]
        for corner, half, w in zip(self._corners, halves, self._directions, strict=True):
            wanted = wanted - np.outer(corner.outputs(half), w)
        solved = scipy.linalg.cho_solve(self._factor, wanted.ravel(), check_finite=False)
        zeta = np.reshape(solved, wanted.shape)
        mus, omegas = zip(
            *(
                corner.moved(half, zeta @ w)
                for corner, half, w in zip(self._corners, halves, self._directions, strict=True)
            ),
            strict=True,
        )
        return Shared(zeta, np.array(mus), np.array(omegas))


class _OneCorner:
    """C factored, with what is left of ζ's equations."""

    def __init__(self, lift: LiftStep, responses: int) -> None:
        self._factor = np.asarray(np.linalg.cholesky(lift.coupling), dtype=np.float64)
        self.of_zeta = np.zeros((responses, responses))
        self._across = np.zeros((lift.ball.size, responses))
        for step in lift.cliques:
            place = step.state.clique.place
            self.of_zeta[np.ix_(place, place)] = step.given_own
            self._across[:, place] = step.given_corner.T
        self._ball = self.half(lift.ball)
        solve_lower(self._factor, self._across)
        within = self._less_ball(self._across)
        self.of_zeta += within.T @ within

    def half(self, right: FloatArray) -> FloatArray:
        return forward(self._factor, right)

    def _less_ball(self, half: FloatArray) -> FloatArray:
        """Without what tr Ω_uu = Ω_ρρ forbids."""
        unit = self._ball / np.linalg.norm(self._ball)
        return half - np.multiply.outer(unit, unit @ half)

    def outputs(self, half: FloatArray) -> FloatArray:
        """AᵀΩ as long as ζ stays."""
        return np.asarray(self._across.T @ self._less_ball(half))

    def moved(self, half: FloatArray, along: FloatArray) -> tuple[float, FloatArray]:
        """The change of μ and Ω, for a change of ζ·w."""
        half = half + self._across @ along
        mu = float(self._ball @ half) / float(self._ball @ self._ball)
        return mu, backward(self._factor, half - mu * self._ball)


class OutputsFirst:
    """For more points than corners have entries; time and memory are linear in the points."""

    def __init__(self, lifts: list[LiftStep], weight: FloatArray, each: Each) -> None:
        self._shape, self._weight = (len(lifts), lifts[0].ball.size), weight
        groups = list(zip(*(lift.cliques for lift in lifts), strict=True))
        directions = [lift.direction for lift in lifts]

        def factored(group: tuple[CliqueStep, ...]) -> _OneGroup:
            return _OneGroup(group, directions, weight)

        self._groups = each(factored, groups)
        whole = scipy.linalg.block_diag(*(lift.coupling for lift in lifts))
        for group in self._groups:
            whole += group.across.T @ group.across
        self._factor = scipy.linalg.cho_factor(whole, lower=True, check_finite=False)
        self._balls = scipy.linalg.block_diag(*(lift.ball[:, None] for lift in lifts))
        self._solved_balls = scipy.linalg.cho_solve(self._factor, self._balls, check_finite=False)

    def solve(self, pulls: FloatArray, wanted: FloatArray) -> Shared:
        """For right sides of shapes (ℓ, e) and (p, c)."""
        halves = [group.half(wanted[group.place]) for group in self._groups]
        right = pulls.ravel()
        for group, half in zip(self._groups, halves, strict=True):
            right = right + group.across.T @ half
        omega = scipy.linalg.cho_solve(self._factor, right, check_finite=False)
        mu = np.linalg.solve(self._balls.T @ self._solved_balls, self._balls.T @ omega)
        omega -= self._solved_balls @ mu
        zeta = self._weight[:, None] * wanted  # of what is no group's
        for group, half in zip(self._groups, halves, strict=True):
            change = group.solved(half - group.across @ omega)
            zeta[group.place] = np.reshape(change, (group.place.size, wanted.shape[1]))
        return Shared(zeta, mu, omega.reshape(self._shape))


class _OneGroup:
    """The equations of a group's part of ζ, factored.

    Attributes
    ----------
    place : int64 array, shape (k,)
        Of its responses.
    across : float64 array, shape (k·c, ℓ·e)
        Over its factor, what they answer to all corners.
    """

    def __init__(
        self, group: tuple[CliqueStep, ...], directions: list[FloatArray], weight: FloatArray
    ) -> None:
        self.place: IndexArray = group[0].state.clique.place
        own = np.diag(np.repeat(1.0 / weight[self.place], directions[0].size))
        for step, w in zip(group, directions, strict=True):
            own += np.kron(step.given_own, np.outer(w, w))
        self._factor = np.asarray(np.linalg.cholesky(own), dtype=np.float64)
        self.across = np.hstack(
            [
                np.kron(step.given_corner, w[:, None])
                for step, w in zip(group, directions, strict=True)
            ]
        )
        solve_lower(self._factor, self.across)

    def half(self, right: FloatArray) -> FloatArray:
        return forward(self._factor, right.ravel())

    def solved(self, half: FloatArray) -> FloatArray:
        return backward(self._factor, half)
