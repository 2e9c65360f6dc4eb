"""The witness of a proof by phases as integers, for the extracted checker.

The multipliers of a leaf become, for each point and each pair, the slope, the curvature and the
constant of the quadratic that they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from certnn.certificates.integer_directions import SIZE, Directions, noted, splits_to_a_leaf
from certnn.kernel.instance import Instance
from certnn.kernel.outputs import DirectedProof, InTurn, weights_of
from certnn.kernel.phases import PhasesDirection, PhasesLeaf, pairs_in_turn
from certnn.kernel.work import Work

_Quadratic = tuple[int, int, int]
_NOTHING: _Quadratic = (0, 0, 0)


def phases_witness(instance: Instance, proof: DirectedProof) -> Iterator[int]:
    """The integers of a proof by phases.

    Raises `certnn.kernel.Rejected` if a pair, a tree, or what belongs to its leaves has not the
    form that it must have.
    """
    given = Directions.of(proof, instance.c, Work(SIZE))
    yield from (1 << given.bits, len(given.rays))
    rest, features = InTurn(**proof.rest), instance.features()
    for ray, height, bound in zip(given.rays, given.heights, proof.bounds, strict=True):
        sigma = weights_of(proof.Z, ray)
        direction = PhasesDirection(features, sigma, bound, pairs_in_turn(rest))
        yield from (*ray, height)
        translated = _Direction(direction, instance.n, given.bits)
        yield from translated.pairs()
        passed: list[int] = []
        for phases in direction.leaves(noted(rest.each("splits"), passed)):
            yield from splits_to_a_leaf(passed)
            yield from translated.leaf(direction.read(phases, rest))
    rest.require_end()
    yield from given.output_cones()


class _Direction:
    """Of n points; its bound is an integer over 2**height_bits."""

    def __init__(self, direction: PhasesDirection, n: int, height_bits: int) -> None:
        self._direction, self._n = direction, n
        self._points = list(direction.places)
        # A pair has x_i times a power of two, so that ϑ x_j times it is whole; so has a term of it,
        # of which the slope is π over twice that power, and the curvature α over its square.
        self._least_bits = max(height_bits, -direction.unit, -direction.gamma_exponent)

    def pairs(self) -> Iterator[int]:
        yield len(self._direction.pairs)
        for pair in self._direction.pairs:
            yield from (self._points[pair.i], self._points[pair.j])
            yield from (1 << self._direction.ratio_bits, pair.sign * pair.ratio)

    def leaf(self, leaf: PhasesLeaf) -> Iterator[int]:
        direction, ratio_bits = self._direction, self._direction.ratio_bits
        bits = max(leaf.bits + 1, self._least_bits)
        shift, constant = bits - leaf.bits, bits + direction.gamma_exponent

        def gamma(pi: int, alpha: int) -> int:
            return direction.gamma(leaf, pi, alpha) << constant

        points = [_NOTHING] * self._n
        for place, theta, eta in leaf.minorants:
            points[self._points[place]] = (-theta << shift, -eta << shift, 0)
        for pair, pi, alpha in leaf.terms:
            if not pair.ratio:
                points[self._points[pair.i]] = (pi << shift - 1, alpha << shift, gamma(pi, alpha))
        for place, sign, multiplier in leaf.fixed:
            weight = direction.weights[place] << bits + direction.unit if sign > 0 else 0
            points[self._points[place]] = (weight + (sign * multiplier << shift), 0, 0)
        pairs, fixed = [], {place for place, _, _ in leaf.fixed}
        terms = iter([term for term in leaf.terms if term[0].ratio])
        for pair in direction.pairs:
            if pair.i in fixed:  # and then it has no term
                pairs.append(_NOTHING)
                continue
            _, pi, alpha = next(terms)
            curvature = alpha << shift >> 2 * ratio_bits
            pairs.append((pi << shift - 1 >> ratio_bits, curvature, gamma(pi, alpha)))
        yield from (1 << bits, leaf.mu << shift)
        yield from _by_kind(points)
        yield from _by_kind(pairs)
        products = [product for product in leaf.products if product[2]]
        yield len(products)
        for i, j, factor in products:
            yield from (self._points[i], self._points[j], factor << shift)


def _by_kind(quadratics: Sequence[_Quadratic]) -> Iterator[int]:
    """All slopes, then all curvatures, then all constants."""
    for k in range(3):
        yield from (quadratic[k] for quadratic in quadratics)
