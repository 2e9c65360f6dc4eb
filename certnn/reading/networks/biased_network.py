"""A two-layer ReLU network as other libraries hold it: weights and biases."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from certnn.arrays import FloatArray, frozen_vector
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork

#: Names of the arrays of a network, as certnn's own files have them.
PARTS = ("U", "V", "hidden_bias", "output_bias")
#: What a library may apply to the outputs: nothing, or what turns logits into probabilities, or
#: into their logarithms; and the loss that goes with it.
LOSS_AFTER = {
    "identity": "half-squared",
    "logistic": "logistic",
    "softmax": "softmax",
    "log-softmax": "softmax",
}


@dataclass(frozen=True, eq=False, repr=False)
class BiasedNetwork:
    """The network x ↦ (xU + b)₊V + a, with exactly the numbers that were stored.

    Parameters
    ----------
    U : array_like, shape (d, m)
        Hidden weights, one neuron a column.
    V : array_like, shape (m, c)
        Output weights, one neuron a row.
    hidden_bias : array_like of shape (m,), or None
        The b of the hidden layer; None if the network was trained without one.
    output_bias : array_like of shape (c,), or None
        The a of the output layer; None if the network was trained without one.
    output_activation : {"identity", "logistic", "softmax", "log-softmax"}
        What the library applies to the outputs; with all but the first the outputs are logits.
    source : str
        Where the network comes from, for reports.
    layers : (str, str) or None
        Names of its layers as in a state_dict of PyTorch, where they have such.

    Raises
    ------
    InputError
        If an array has the wrong shape or an entry that is not a finite number, or the widths
        differ.
    """

    U: FloatArray
    V: FloatArray
    hidden_bias: FloatArray | None = None
    output_bias: FloatArray | None = None
    _: KW_ONLY
    output_activation: str = "identity"
    source: str = "arrays"
    layers: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        weights = TwoLayerNetwork(self.U, self.V, self.output_bias)
        if self.output_activation not in LOSS_AFTER:
            raise InputError("output_activation", f"is none of {', '.join(LOSS_AFTER)}")
        bias = self.hidden_bias
        if bias is not None:
            bias = frozen_vector("hidden_bias", bias, weights.width)
        object.__setattr__(self, "hidden_bias", bias)
        for name in ("U", "V", "output_bias"):
            object.__setattr__(self, name, getattr(weights, name))

    @property
    def arrays(self) -> dict[str, FloatArray]:
        """Its weights and biases by `PARTS`; biases that it has not are left out."""
        found = ((name, getattr(self, name)) for name in PARTS)
        return {name: array for name, array in found if array is not None}

    @property
    def width(self) -> int:
        """Number of hidden neurons, m."""
        return int(self.U.shape[1])

    def output(self, features: FloatArray) -> FloatArray:
        """Outputs on `features`, shape (n, d) → (n, c), in float64, before `output_activation`."""
        hidden = features @ self.U
        if self.hidden_bias is not None:
            hidden = hidden + self.hidden_bias
        outputs: FloatArray = np.maximum(hidden, 0.0) @ self.V
        return outputs if self.output_bias is None else outputs + self.output_bias

    def as_network(
        self, hidden_bias: bool | None = None, *, logits: bool = False
    ) -> TwoLayerNetwork:
        """The same function as a network of a `TrainingProblem`.

        Parameters
        ----------
        hidden_bias : bool or None
            Whether the problem has a column of ones for a hidden bias; then b is the last row of
            the result's U. None: as the network was trained, with one iff it has a b.
        logits : bool
            Take the outputs before the function that makes probabilities of them. Without it a
            network that ends in one is refused, since the squared loss would be that of other
            outputs.

        Returns
        -------
        TwoLayerNetwork
            With U of shape (d, m), or (d + 1, m) with a hidden bias, V of shape (m, c), and the
            output bias if there is one.

        Raises
        ------
        InputError
            If there is a hidden bias that is not zero where the problem has none, or an output
            activation without `logits`.
        """
        if self.output_activation != "identity" and not logits:
            raise InputError(
                self.source,
                f"ends in a {self.output_activation} function, with which goes the loss "
                f"{LOSS_AFTER[self.output_activation]}; if it was trained on what comes before "
                "that, take read_network(...).as_network(logits=True)",
            )
        bias = self.hidden_bias
        if hidden_bias is None:
            hidden_bias = bias is not None
        if hidden_bias:
            row = np.zeros(self.width) if bias is None else bias
            return TwoLayerNetwork(np.vstack([self.U, row]), self.V, self.output_bias)
        if bias is not None and np.any(bias):
            raise InputError(
                self.source, "has a hidden bias that is not zero where the problem has none"
            )
        return TwoLayerNetwork(self.U, self.V, self.output_bias)

    def __repr__(self) -> str:
        d, m = self.U.shape
        parts = [f"d={d}", f"width={m}", f"c={self.V.shape[1]}"]
        parts += [name for name in self.arrays if name.endswith("bias")]
        if self.output_activation != "identity":
            parts.append(self.output_activation)
        return f"BiasedNetwork({', '.join(parts)}; from {self.source})"
