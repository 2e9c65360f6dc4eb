"""The proof of a dual norm over the neurons with given activation patterns (Theorems 44 and 45).

A pattern D = diag(d), d in {0, 1}ⁿ, is that of the neurons u with G u ≥ 0, G = (2D − I)X: for them
(Xu)₊ = DXu, and with M = XᵀDZ the claim is ‖Mᵀu‖ ≤ kappa ‖u‖. It follows from multipliers of the
rows of G, affine in the direction w of the outputs: λ(w) = l + Λw with lᵢ ≥ ‖Λᵢ‖, so that λ(w) ≥ 0
and wᵀMᵀu ≤ (Mw + Gᵀλ(w))ᵀu for ‖w‖ = 1; and from a number μ for which

    diag(kappa² − μ, μI) − [g, P]ᵀ[g, P],    g = Gᵀl,  P = M + GᵀΛ,

is positive definite, so that ‖Pw + g‖ < kappa. Few multipliers are not zero, and where all are the
matrix is kappa²I − MᵀM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certnn.kernel.definite import positive_definite
from certnn.kernel.exact import Backend, ExactMatrix, times_transpose
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import span_of
from certnn.kernel.work import Work

#: Patterns whose matrices M are computed at a time.
_BATCH = 16


@dataclass(frozen=True)
class PatternsProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    points : list of list of int
        For each pattern the points whose multipliers may not be zero.
    multipliers : ExactMatrix
        (c + 1) numbers a row, lᵢ and Λᵢ: for the points of one pattern after the other.
    splits : ExactMatrix
        One row: μ of each pattern; of no meaning for one without points.
    """

    kappa: float
    Z: ExactMatrix
    points: list[list[int]]
    multipliers: ExactMatrix
    splits: ExactMatrix


def check_patterns(
    features: ExactMatrix,
    patterns: Sequence[bytes],
    proof: PatternsProof,
    work: Work,
    backend: Backend,
) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` over the patterns' neurons.

    Raises
    ------
    Rejected
        If a multiplier may be negative, a matrix is not positive definite, or the check would take
        too much work.
    """
    _spend(features, proof, work)
    columns, start = features.transposed(), 0
    (splits,), split_exponent = proof.splits.rows, proof.splits.exponent
    for first in range(0, len(patterns), _BATCH):
        batch = patterns[first : first + _BATCH]
        products = _products(columns, proof.Z, batch, backend)
        for number, (pattern, product) in enumerate(zip(batch, products, strict=True), first):
            points = proof.points[number]
            rows = proof.multipliers.taken(range(start, start + len(points)))
            start += len(points)
            if any(row[0] < 0 or row[0] ** 2 < _square(row[1:]) for row in rows.rows):
                raise Rejected(f"a multiplier of pattern {number} may be negative")
            if points:
                signed = _signed(features.taken(points), pattern, points)
                product = _below(product) + times_transpose(
                    rows.transposed(), signed.transposed(), backend
                )
            gram = times_transpose(product, product, backend)
            split = (splits[number], split_exponent) if points else None
            if not positive_definite(_room(proof.kappa, gram, split), work):
                raise Rejected(f"kappa is not proved for pattern {number}")


def _spend(features: ExactMatrix, proof: PatternsProof, work: Work) -> None:
    """Take the work of all products, in integers no longer than those of the last matrices."""
    n, columns, c = features.height, len(features.rows[0]), len(proof.Z.rows[0])
    given, count = proof.multipliers.span, sum(map(len, proof.points))
    product = ((proof.Z.span | given) * features.span).summed(n + count)
    kappa = span_of([proof.kappa])
    bits = (kappa * kappa | proof.splits.span | (product * product).summed(columns)).summed(2).bits
    patterns = len(proof.points)
    work.spend(
        patterns * c * columns * (n + c + 1) + count * (c + 1) * (columns + 1),
        max(bits, 2 * given.bits),
    )
    work.hold(_BATCH * c * (n + columns) + (c + 1) ** 2, bits)


def has_bit(pattern: bytes, i: int) -> bool:
    """Whether the pattern's neurons are at least 0, and not at most 0, at point i."""
    return bool(pattern[i >> 3] >> (i & 7) & 1)


def _products(
    columns: ExactMatrix, dual: ExactMatrix, patterns: Sequence[bytes], backend: Backend
) -> list[ExactMatrix]:
    """Mᵀ = ZᵀDX of each pattern, c rows of as many numbers as X has columns."""
    outputs, rows = dual.transposed(), []
    for pattern in patterns:
        bits = [has_bit(pattern, i) for i in range(dual.height)]
        rows += [[z if bit else 0 for z, bit in zip(z, bits, strict=True)] for z in outputs.rows]
    product = times_transpose(ExactMatrix(rows, outputs.exponent), columns, backend)
    c = outputs.height
    return [product.taken(range(k * c, (k + 1) * c)) for k in range(len(patterns))]


def _signed(rows: ExactMatrix, pattern: bytes, points: list[int]) -> ExactMatrix:
    """The rows of G at the points, from those of X."""
    turned = [
        row if has_bit(pattern, i) else [-x for x in row]
        for row, i in zip(rows.rows, points, strict=True)
    ]
    return ExactMatrix(turned, rows.exponent)


def _below(matrix: ExactMatrix) -> ExactMatrix:
    """The matrix below a row of zeros."""
    return ExactMatrix([[0] * len(matrix.rows[0]), *matrix.rows], matrix.exponent)


def _square(row: list[int]) -> int:
    return sum(entry * entry for entry in row)


def _room(kappa: float, gram: ExactMatrix, split: tuple[int, int] | None) -> list[list[int]]:
    """The matrix that is to be positive definite, times a power of two."""
    numerator, denominator = kappa.as_integer_ratio()  # the denominator is a power of two
    square, exponent = numerator**2, 2 - 2 * denominator.bit_length()
    mu, mu_exponent = split or (0, exponent)
    common = min(gram.exponent, exponent, mu_exponent)
    square, mu = square << (exponent - common), mu << (mu_exponent - common)
    diagonal = [square] * gram.height
    if split is not None:
        diagonal = [square - mu] + [mu] * (gram.height - 1)
    rows = [[-entry for entry in row] for row in gram.at(common)]
    for k, entry in enumerate(diagonal):
        rows[k][k] += entry
    return rows
