"""The proof of a dual norm by splitting activation phases (Theorems 18 to 20).

The claim is that ‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for every u. The space of outputs is covered by cones of
rays w; for each ray it is shown that wᵀZᵀ(Xu)₊ ≤ h‖u‖, with a bound h of its own, and the bounds of
the rays of a cone give kappa on that cone. How a ray is treated is in `phase_leaves`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from certnn.kernel.exact import Backend, ExactMatrix
from certnn.kernel.in_turn import InTurn
from certnn.kernel.outputs import proved_directions
from certnn.kernel.phase_leaves import PhasesDirection, phases_direction
from certnn.kernel.spans import UNIT, Span, span_of, span_of_integers
from certnn.kernel.work import Work

#: A form on a leaf of more columns would take much time and memory, however small the file.
WIDEST = 256


@dataclass(frozen=True)
class PhasesProof:
    """The arrays of the kind in ``FORMAT.md``, in the order in which it has them."""

    kappa: float
    Z: ExactMatrix
    directions: bytes
    bounds: array[float]
    splits: array[int]
    pair_counts: array[int]
    first: array[int]
    second: array[int]
    signs: array[int]
    ratios: array[float]
    multipliers: array[float]


def check_phases(
    features: ExactMatrix, proof: PhasesProof, work: Work, backend: Backend = "auto"
) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    The backend makes no difference.

    Raises `Rejected` if the directions or the phases do not cover their space, the bounds do not
    give kappa, a leaf is not proved, or the check would take too much work.
    """
    c = proof.Z.width
    rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
    lengths = _Lengths(features, proof)
    rest = InTurn(splits=proof.splits, multipliers=proof.multipliers)
    directions = phases_directions(features, proof, rays)
    for ray in rays:
        bits = lengths.bits(ray)
        work.spend(features.height * (c + 1), bits)
        direction = next(directions)
        for phases in direction.leaves(rest.each("splits")):
            direction.check_leaf(phases, rest, work, bits)
    rest.require_end()


def phases_directions(
    features: ExactMatrix, proof: PhasesProof, rays: list[tuple[int, ...]]
) -> Iterator[PhasesDirection]:
    """What the leaves of each direction have in common.

    Raises `Rejected` if a pair does not join a positive weight to a negative one, or its ratio is
    not positive.
    """
    pairs = zip(proof.first, proof.second, proof.signs, proof.ratios, strict=True)
    for ray, bound, count in zip(rays, proof.bounds, proof.pair_counts, strict=True):
        yield phases_direction(features, proof.Z, ray, bound, list(islice(pairs, count)))


class _Lengths:
    """How long the integers of a leaf become: the spans of the arrays, taken once."""

    def __init__(self, features: ExactMatrix, proof: PhasesProof) -> None:
        self._dual, self._features = proof.Z.span, features.span
        self._given, self._bounds = span_of(proof.multipliers), span_of(proof.bounds)
        self._ratio = UNIT | span_of(proof.ratios)
        self._terms = 4 * (features.height + len(proof.ratios)) ** 2

    def bits(self, ray: tuple[int, ...]) -> int:
        """Of the form of a leaf in this direction, and of whatever makes it."""
        X, ratio, given, h = self._features, self._ratio, self._given, self._bounds
        sigma = (self._dual * span_of_integers(ray)).summed(len(ray))
        # All multipliers of a leaf are in one unit, of which σ is a multiple.
        multiplier = given | Span(sigma.low - ratio.low, sigma.high)
        gamma = Span(h.low - 64, 2 * given.high - given.low)
        linear, square = multiplier * ratio * X, multiplier * ratio * ratio * X * X
        return (h | gamma | (linear | square).summed(self._terms)).summed(self._terms).bits
