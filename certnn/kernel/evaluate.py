"""The exact training objective of a network."""

from __future__ import annotations

from fractions import Fraction

from certnn.kernel.bound import Bound, make_bound
from certnn.kernel.exact import Backend, ExactMatrix, exact_matrix, inner, times_transpose
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
    residual = instance.targets()
    if width > 0:
        inputs = times_transpose(instance.features(), hidden.transposed(), backend)
        active = ExactMatrix([[max(t, 0) for t in row] for row in inputs.rows], inputs.exponent)
        residual -= times_transpose(active, output.transposed(), backend)
    decay = inner(hidden, hidden) + inner(output, output)
    value = inner(residual, residual) / 2 + Fraction(instance.reg) * decay / 2
    return make_bound("upper", value, instance)
