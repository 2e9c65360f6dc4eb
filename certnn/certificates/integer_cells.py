"""The witness of a proof by cells as integers, for the extracted checker.

It walks through the boxes itself, so that tree and codes are passed on as they are in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from certnn.certificates.integer_directions import SIZE, Directions, ball_numbers
from certnn.kernel.cell_geometry import NO_COORDINATE
from certnn.kernel.cell_rounding import TURN_BITS, RoundedPoints, rounded_direction, turned
from certnn.kernel.exact import integers
from certnn.kernel.instance import Instance, features_within
from certnn.kernel.outputs import DirectedProof, weights_of
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work


def cells_witness(instance: Instance, proof: DirectedProof, data_bits: int) -> Iterator[int]:
    """The integers of a proof by cells.

    Raises `certnn.kernel.Rejected` if a direction, the rotation, or what belongs to the leaves has
    not the form that it must have.

    Parameters
    ----------
    data_bits : int
        X, and the ball, are integers over 2**data_bits.
    """
    work = Work(SIZE)
    yield from ball_numbers(proof.ball, data_bits)
    given = Directions.of(proof, instance.c, work)
    points = turned(features_within(instance, proof.ball), proof.rotation, work)
    columns = len(points.rows[0])
    # The number beside u is the first coordinate here, and the last one in the file.
    order = [*range(columns - points.free, columns), *range(columns - points.free)]
    yield 1 << -proof.rotation.exponent
    yield from chain.from_iterable(proof.rotation.rows)
    yield from _ratio(points.exponent + data_bits - proof.rotation.exponent + TURN_BITS)
    yield from (row[j] for row in points.rows for j in order)
    yield from (1 << given.bits, len(given.rays))
    for ray, height, bound in zip(given.rays, given.heights, proof.bounds, strict=True):
        exact = weights_of(proof.Z, ray)
        level = rounded_direction(points, exact, bound).height
        if level <= 0:
            raise Rejected("the bound of a direction is lost in rounding")
        weights = RoundedPoints.of(exact)
        yield from (*ray, height, *_ratio(weights.exponent - proof.Z.exponent))
        yield from chain.from_iterable(weights.rows)
        yield level
    yield from given.output_cones()
    nodes, codes, multipliers = proof.rest.values()
    yield from (len(nodes), *(_node(node, order) for node in nodes))
    yield from (len(codes), *codes)
    yield from _multipliers(multipliers, order)


def _ratio(exponent: int) -> tuple[int, int]:
    """1 over a unit, which is 2**exponent, as two integers."""
    return 1 << max(-exponent, 0), 1 << max(exponent, 0)


def _node(node: int, order: list[int]) -> int:
    """The node, its coordinate being one in the order."""
    if node > 2 * len(order):
        raise Rejected(NO_COORDINATE)
    zero, j = divmod(node - 1, len(order))
    return node and 1 + zero * len(order) + order.index(j)


def _multipliers(numbers: Sequence[float], order: list[int]) -> Iterator[int]:
    """How many leaves they are for; for each a unit, the sides in the order, and the sphere."""
    count, left = divmod(len(numbers), len(order) + 1)
    if left:
        raise Rejected("the multipliers end in the middle of a leaf")
    yield count
    for start in range(0, len(numbers), len(order) + 1):
        own, bits = integers(numbers[start : start + len(order) + 1])
        yield from (1 << bits, *(own[j] for j in order), own[-1])
