"""A network's weights and biases as another one, which was read, has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import BiasedNetwork


def parts_like(stored: BiasedNetwork, network: TwoLayerNetwork) -> BiasedNetwork:
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
    return replace(stored, U=U, V=V, hidden_bias=hidden, output_bias=output)


def parts_in_places(
    argument: str, stored: BiasedNetwork, network: TwoLayerNetwork
) -> BiasedNetwork:
    """`parts_like`, for a file that has places for the stored network's biases alone.

    Raises `InputError` as `parts_like`; or if the network has another bias that is not zero, named
    by `argument`.
    """
    parts = parts_like(stored, network)
    placeless = {name: array for name, array in parts.arrays.items() if name not in stored.arrays}
    for name, bias in placeless.items():
        if np.any(bias):
            raise InputError(argument, f"cannot be written: it has no place for {name}")
    without: dict[str, Any] = dict.fromkeys(placeless)
    return replace(parts, **without)
