"""The exact training objective of a network."""

from __future__ import annotations

from fractions import Fraction

from certnn.kernel.bound import Bound, make_bound
from certnn.kernel.exact import (
    Backend,
    ExactMatrix,
    exact_matrix,
    inner,
    shifted,
    times_transpose,
    transposed,
)
from certnn.kernel.instance import Instance


def evaluate_network(
    instance: Instance, U: bytes, V: bytes, width: int, backend: Backend = "auto"
) -> Bound:
    """The objective of a network, exactly: an upper `Bound` on the optimum (Theorem 14).

    Parameters
    ----------
    instance : Instance
    U, V : bytes
        Hidden weights (columns × width) and output weights (width × c), little-endian doubles,
        row by row.
    width : int
        Number of neurons, 0 or more.
    backend : {"auto", "python", "flint"}
        Arithmetic of the large products; the value does not depend on it.

    Raises
    ------
    ValueError
        If a length does not fit the shapes or a weight is not finite.
    """
    hidden = exact_matrix(U, instance.columns, width)
    output = exact_matrix(V, width, instance.c)
    targets = instance.targets()
    decay_squares = _square(hidden) + _square(output)
    if width == 0:
        loss = _square(targets)
    else:
        features = instance.features()
        active = times_transpose(features.rows, transposed(hidden.rows), backend)
        active = [[max(entry, 0) for entry in row] for row in active]
        outputs = times_transpose(active, transposed(output.rows), backend)
        exponent = features.exponent + hidden.exponent + output.exponent
        common = min(exponent, targets.exponent)
        outputs = shifted(outputs, exponent - common)
        wanted = targets.with_exponent(common).rows
        residual = [
            [a - b for a, b in zip(row, goal, strict=True)]
            for row, goal in zip(outputs, wanted, strict=True)
        ]
        loss = _square(ExactMatrix(residual, common))
    value = loss / 2 + Fraction(instance.reg) * decay_squares / 2
    return make_bound("upper", value, instance)


def _square(matrix: ExactMatrix) -> Fraction:
    return Fraction(inner(matrix.rows, matrix.rows)) * Fraction(4) ** matrix.exponent
