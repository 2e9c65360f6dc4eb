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
from certnn.kernel.exact import ExactMatrix, diagonal, integers
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Patterns whose matrices M are computed at a time.
_BATCH = 16


@dataclass(frozen=True)
class PatternsProof:
    """The arrays of the kind in ``FORMAT.md``: points of each pattern, (l, Λ) of them, and μ."""

    kappa: float
    Z: ExactMatrix
    points: list[list[int]]
    multipliers: ExactMatrix
    splits: ExactMatrix


def check_patterns(
    features: ExactMatrix, patterns: Sequence[bytes], proof: PatternsProof, work: Work
) -> None:
    """Prove by Theorems 44 and 45 that `proof.kappa` is enough, or raise `Rejected`."""
    columns, start, c = features.transposed(), 0, proof.Z.width
    (kappa,), bits = integers([proof.kappa])
    for first in range(0, len(patterns), _BATCH):
        batch = patterns[first : first + _BATCH]
        products = _products(columns, proof.Z, batch, work)
        for number, (pattern, K) in enumerate(zip(batch, products, strict=True), first):
            points = proof.points[number]
            rows = proof.multipliers.taken(range(start, start + len(points)))
            start += len(points)
            if any(least < 0 or least**2 < sum(x * x for x in row) for least, *row in rows.rows):
                raise Rejected(f"a multiplier of pattern {number} may be negative")
            room = diagonal([kappa**2] * c, -2 * bits)
            if points:
                signs = [1 if has_bit(pattern, i) else -1 for i in points]
                G = features.taken(points).rescaled(signs, [1] * features.width, 0)
                K = ExactMatrix([[0] * features.width, *K.rows], K.exponent)  # [g, P] transposed
                K += work.product(rows.transposed(), G.transposed())
                mu = proof.splits.rows[0][number]
                room = diagonal([kappa**2] + [0] * c, -2 * bits)
                room += diagonal([-mu] + [mu] * c, proof.splits.exponent)
            if not positive_definite((room - work.product(K, K)).rows, work):
                raise Rejected(f"kappa is not proved for pattern {number}")


def has_bit(pattern: bytes, i: int) -> bool:
    """Whether the pattern's neurons are at least 0, and not at most 0, at point i."""
    return bool(pattern[i >> 3] >> (i & 7) & 1)


def _products(
    columns: ExactMatrix, dual: ExactMatrix, patterns: Sequence[bytes], work: Work
) -> list[ExactMatrix]:
    """Mᵀ = ZᵀDX of each pattern, c rows of as many numbers as X has columns."""
    outputs, rows = dual.transposed(), []
    work.hold(len(patterns) * dual.height * dual.width, 0)
    for pattern in patterns:
        bits = [has_bit(pattern, i) for i in range(dual.height)]
        rows += [[z if bit else 0 for z, bit in zip(z, bits, strict=True)] for z in outputs.rows]
    product = work.product(ExactMatrix(rows, outputs.exponent), columns)
    c = outputs.height
    return [product.taken(range(k * c, (k + 1) * c)) for k in range(len(patterns))]
