"""A network's weights and biases as another one, which was read, has them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import BiasedNetwork


@dataclass(frozen=True, eq=False)
class NetworkParts:
    """The network x ↦ (xU + hidden_bias)₊V + output_bias.

    Attributes
    ----------
    U : array, shape (d, m)
    V : array, shape (m, c)
    hidden_bias : array of shape (m,), or None
    output_bias : array of shape (c,), or None
    """

    U: FloatArray
    V: FloatArray
    hidden_bias: FloatArray | None
    output_bias: FloatArray | None

    def is_that_of(self, read: BiasedNetwork) -> bool:
        """Whether a network that was read has these numbers."""
        pairs = ((getattr(self, part.name), getattr(read, part.name)) for part in fields(self))
        return all(
            own is other if own is None or other is None else np.array_equal(own, other)
            for own, other in pairs
        )


def parts_like(stored: BiasedNetwork, network: TwoLayerNetwork) -> NetworkParts:
    """U without the bias, and the biases that there are in either network.

    Raises `InputError` if inputs or outputs are others.

    Parameters
    ----------
    stored : BiasedNetwork
        A bias that it has and the network has not is zero.
    network : TwoLayerNetwork
        Of the same inputs and outputs; a hidden bias is the last row of its U. Without neurons it
        gets one of zeros: most libraries have no layer without.
    """
    inputs, outputs = stored.U.shape[0], stored.V.shape[1]
    rows, columns = network.U.shape[0], network.V.shape[1]
    if columns != outputs or rows not in (inputs, inputs + 1):
        shapes = f"{network.U.shape} and {network.V.shape}"
        wanted = f"{inputs} inputs, {outputs} outputs"
        raise InputError("network", f"of shapes {shapes} is not for {wanted}")
    hidden = network.U[inputs] if rows > inputs else None
    if hidden is None and stored.hidden_bias is not None:
        hidden = np.zeros(network.width)
    output = network.output_bias
    if output is None and stored.output_bias is not None:
        output = np.zeros(outputs)
    U, V = network.U[:inputs], network.V
    if not network.width:
        U, V = np.zeros((inputs, 1)), np.zeros((1, outputs))
        hidden = None if hidden is None else np.zeros(1)
    return NetworkParts(U, V, hidden, output)


def parts_in_places(argument: str, stored: BiasedNetwork, network: TwoLayerNetwork) -> NetworkParts:
    """`parts_like`, for a file that has places for the stored network's biases alone.

    Raises `InputError` as `parts_like`; or if the network has another bias that is not zero, named
    by `argument`.
    """
    parts = parts_like(stored, network)
    for name in ("hidden_bias", "output_bias"):
        bias = getattr(parts, name)
        if getattr(stored, name) is None and bias is not None and np.any(bias):
            raise InputError(argument, f"cannot be written: it has no place for {name}")
    return replace(
        parts,
        hidden_bias=None if stored.hidden_bias is None else parts.hidden_bias,
        output_bias=None if stored.output_bias is None else parts.output_bias,
    )
