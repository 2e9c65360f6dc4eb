"""A two-layer ReLU network as other libraries hold it: weights and biases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from certnn.arrays import FloatArray, as_array, frozen_matrix
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork

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
    hidden_bias: FloatArray | None
    output_bias: FloatArray | None
    output_activation: str
    source: str
    layers: tuple[str, str] | None

    def __init__(
        self,
        U: Any,
        V: Any,
        hidden_bias: Any = None,
        output_bias: Any = None,
        *,
        output_activation: str = "identity",
        source: str = "arrays",
        layers: tuple[str, str] | None = None,
    ) -> None:
        weights = TwoLayerNetwork(U, V)
        if output_activation not in LOSS_AFTER:
            known = ", ".join(LOSS_AFTER)
            raise InputError("output_activation", f"is none of {known}")
        hidden = _frozen_bias("hidden_bias", hidden_bias, weights.U.shape[1])
        output = _frozen_bias("output_bias", output_bias, weights.V.shape[1])
        object.__setattr__(self, "U", weights.U)
        object.__setattr__(self, "V", weights.V)
        object.__setattr__(self, "hidden_bias", hidden)
        object.__setattr__(self, "output_bias", output)
        object.__setattr__(self, "output_activation", output_activation)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "layers", layers)

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
        for name in ("hidden_bias", "output_bias"):
            if getattr(self, name) is not None:
                parts.append(name)
        if self.output_activation != "identity":
            parts.append(self.output_activation)
        return f"BiasedNetwork({', '.join(parts)}; from {self.source})"


def _frozen_bias(name: str, value: Any, length: int) -> FloatArray | None:
    if value is None:
        return None
    array = as_array(name, value)
    if array.shape != (length,):
        raise InputError(name, f"must have shape ({length},), got {array.shape}")
    bias: FloatArray = frozen_matrix(name, array[None, :], smallest=0.0)[0]
    return bias
