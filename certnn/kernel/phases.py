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

from certnn.kernel.exact import ExactMatrix
from certnn.kernel.outputs import proved_directions
from certnn.kernel.phase_leaves import PhasesDirection, phases_direction
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, Span, span_of, span_of_integers
from certnn.kernel.work import Work

#: A form on a leaf of more columns would take much time and memory, however small the file.
WIDEST = 256


@dataclass(frozen=True)
class PhasesProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    directions : bytes
        The nodes of the cones of outputs, encoded as in `PartitionProof.tree`; the basis is that
        of the unit vectors. Their rays, each once, in the order in which the leaves have them, are
        the directions.
    bounds : array of double
        h of each direction.
    splits : array of int
        The nodes of the trees of phases in preorder, direction after direction: −1 for a leaf,
        else the point that is split. The child in which it is inactive comes first.
    pair_counts : array of unsigned int
        Number of pairs of each direction.
    first, second : array of unsigned int
        The points i and j of the pairs, direction after direction.
    signs : array of int
        1 or −1 for each pair.
    ratios : array of double
        ϑ of each pair.
    multipliers : array of float
        The multipliers of all leaves, in the order of the trees.
    """

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


def check_phases(features: ExactMatrix, proof: PhasesProof, work: Work) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    Raises
    ------
    Rejected
        If the directions or the phases do not cover their space, the bounds do not give kappa, a
        leaf is not proved, or the check would take too much work.
    """
    if min(proof.bounds, default=0) <= 0:
        raise Rejected("a bound of a direction is not positive")
    c = len(proof.Z.rows[0])
    rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
    lengths = _Lengths(features, proof)
    splits, multipliers = iter(proof.splits), iter(proof.multipliers)
    directions = phases_directions(features, proof, rays)
    for ray in rays:
        bits = lengths.bits(ray)
        work.spend(len(features.rows) * (c + 1), bits)
        direction = next(directions)
        for phases in direction.leaves(splits):
            direction.check_leaf(phases, multipliers, work, bits)
    require_end(splits, multipliers)


def require_end(splits: Iterator[int], multipliers: Iterator[float]) -> None:
    """Nothing comes after the last leaf.

    Raises
    ------
    Rejected
        If something does.
    """
    if next(splits, None) is not None:
        raise Rejected("the splits go on after the last leaf")
    if next(multipliers, None) is not None:
        raise Rejected("the multipliers go on after the last leaf")


def phases_directions(
    features: ExactMatrix, proof: PhasesProof, rays: list[tuple[int, ...]]
) -> Iterator[PhasesDirection]:
    """What the leaves of each direction have in common.

    Raises
    ------
    Rejected
        If a pair does not join a positive weight to a negative one, or its ratio is not positive.
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
