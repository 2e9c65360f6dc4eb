"""What searches for proofs of copositivity share: leaves that cost none, and what they find."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import Decomposition, Step
from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix, Vector


@dataclass(frozen=True)
class TreeSearch:
    """What a search found: a proof, a vector at which the form is negative, or neither."""

    steps: tuple[Step, ...] | None = None
    violator: Vector | None = None


def plain_decomposition(matrix: SymmetricMatrix, floats: FloatArray) -> Decomposition | None:
    """Subtract all entries, or the positive ones off the diagonal, if that leaves a psd matrix.

    `floats` is `matrix` in floats; they only say what is not worth an exact elimination.
    """
    if matrix.is_nonnegative():
        return Decomposition(matrix)
    comparison = np.minimum(floats, 0.0)
    np.fill_diagonal(comparison, np.diag(floats))
    if np.linalg.eigvalsh(comparison)[0] < -1e-12 * np.max(np.abs(floats)):
        return None
    positive = SymmetricMatrix.of(
        [
            [max(entry, Fraction(0)) if i != j else 0 for j, entry in enumerate(row)]
            for i, row in enumerate(matrix.rows)
        ]
    )
    return Decomposition(positive) if psd_rank(matrix.plus(positive, -1)) is not None else None
