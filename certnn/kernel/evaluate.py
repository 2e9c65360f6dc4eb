"""The exact training objective of a network."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

from certnn.kernel.bound import _MAKER, Bound
from certnn.kernel.exact import Backend, ExactMatrix, exact_matrix, inner, times_transpose
from certnn.kernel.instance import Instance
from certnn.kernel.losses import loss_above


def evaluate_network(
    instance: Instance,
    U: bytes,
    V: bytes,
    width: int,
    backend: Backend = "auto",
    output_bias: bytes = b"",
) -> Bound:
    """The objective of a network: an upper `Bound` on the optimum (Theorems 14 and 42).

    It is exact, except that for the losses logistic and softmax it is rounded up.

    Parameters
    ----------
    instance : Instance
    U, V : bytes
        Hidden weights (columns × width) and output weights (width × c), little-endian doubles,
        row by row. With a hidden bias the last row of U holds the biases.
    width : int
        Number of neurons, 0 or more.
    backend : {"auto", "python", "flint"}
        Arithmetic of the large products; the value does not depend on it.
    output_bias : bytes
        Of the outputs, c little-endian doubles where the instance has an output bias, else none.

    Raises
    ------
    ValueError
        If a length does not fit the shapes or a weight is not finite.
    """
    hidden = exact_matrix(U, instance.columns, width)
    output = exact_matrix(V, width, instance.c)
    bias = exact_matrix(output_bias, int(instance.output_bias is not False), instance.c)
    decayed = [output]
    decayed.append(hidden.taken(range(instance.d)) if instance.hidden_bias == "free" else hidden)
    if instance.output_bias is True:
        decayed.append(bias)
    decay = sum((inner(weights, weights) for weights in decayed), Fraction(0))

    def loss(inputs: ExactMatrix, targets: ExactMatrix) -> Fraction:  # of some of the points
        outputs = ExactMatrix([[0] * instance.c] * inputs.height, 0)
        if width:
            before = times_transpose(inputs, hidden.transposed(), backend)
            active = ExactMatrix([[max(t, 0) for t in row] for row in before.rows], before.exponent)
            outputs = times_transpose(active, output.transposed(), backend)
        if bias.rows:
            outputs += ExactMatrix(bias.rows * inputs.height, bias.exponent)
        if instance.loss != "half-squared":
            return loss_above(instance.loss, instance.delta, outputs, targets)
        residual = targets - outputs
        return inner(residual, residual) / 2

    pieces = zip(instance.inputs().pieces(), instance.targets().pieces(), strict=True)
    value = sum((loss(*piece) for piece in pieces), Fraction(instance.reg) * decay / 2)
    return Bound(_MAKER, "upper", value, instance, sha256(U + V + output_bias).hexdigest())
