"""Which of a dictionary's tensors are the two layers of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.formats.biased_network import BiasedNetwork
from certnn.zip_archive import shorten

#: Names of the arrays of certnn's own files.
OWN_NAMES = ("U", "V", "hidden_bias", "output_bias")


@dataclass(frozen=True)
class NamedTensor:
    """A tensor whose numbers are read only when they are needed."""

    shape: tuple[int, ...]
    read: Callable[[], FloatArray]


Layers = tuple[str, str]


def network_from_tensors(
    argument: str, tensors: Mapping[str, NamedTensor], layers: Layers | None, source: str
) -> BiasedNetwork:
    """The network whose layers are the only two of `tensors`, or the two named.

    Parameters
    ----------
    argument : str
        What the tensors come from, for error messages.
    tensors : mapping
        By name: ``<layer>.weight`` (outputs × inputs) and ``<layer>.bias`` as PyTorch names them,
        or U (d×m), V (m×c), hidden_bias and output_bias.
    layers : (str, str) or None
        Names of the hidden and of the output layer; other tensors are then left aside.
    source : str
        What the network's `source` is to be.

    Raises
    ------
    InputError
        If there are other tensors, or not exactly two linear layers that fit, or their order
        cannot be told from their shapes and names.
    """
    if layers is None and {"U", "V"} <= tensors.keys() <= set(OWN_NAMES):
        arrays = [tensors[name].read() if name in tensors else None for name in OWN_NAMES]
        return BiasedNetwork(*arrays, source=source)
    if layers is None:
        layers = _the_order(argument, candidate_orders(argument, tensors))
    return network_of_layers(argument, tensors, layers, source)


def network_of_layers(
    argument: str, tensors: Mapping[str, NamedTensor], layers: Layers, source: str
) -> BiasedNetwork:
    """The network with these two layers; the shapes must fit.

    Raises
    ------
    InputError
        If a layer has no weight matrix, or the shapes do not fit.
    """
    weights = []
    for layer in layers:
        weight = tensors.get(_joined(layer, "weight"))
        if weight is None or len(weight.shape) != 2:
            raise InputError(argument, f"has no layer {shorten(layer)} with a weight matrix")
        weights.append(weight)
    if not _fits(*(weight.shape for weight in weights)):
        shapes = " and ".join(str(weight.shape) for weight in weights)
        raise InputError(
            argument, f"layers {' and '.join(map(shorten, layers))} do not fit: {shapes}"
        )
    biases = [tensors.get(_joined(layer, "bias")) for layer in layers]
    return BiasedNetwork(
        weights[0].read().T,
        weights[1].read().T,
        *(None if bias is None else bias.read() for bias in biases),
        source=source,
    )


def candidate_orders(argument: str, tensors: Mapping[str, NamedTensor]) -> list[Layers]:
    """The orders of the only two layers in which their shapes fit: one, or two if square.

    Raises
    ------
    InputError
        If a tensor is neither a layer's weight matrix nor its bias, or there are not two layers
        that fit.
    """
    names = []
    for name, tensor in tensors.items():
        layer, _, kind = name.rpartition(".")
        weight = tensors.get(_joined(layer, "weight"))
        if kind == "weight" and len(tensor.shape) == 2:
            names.append(layer)
        elif kind != "bias" or weight is None or tensor.shape != weight.shape[:1]:
            raise InputError(
                argument,
                f"has the tensor {shorten(name)} of shape {tensor.shape}, which is neither the "
                "weight matrix nor the bias of a linear layer",
            )
    if len(names) != 2:
        found = ", ".join(map(shorten, names[:6])) or "none"
        raise InputError(argument, f"has {len(names)} linear layers where two are read ({found})")
    shapes = {name: tensors[_joined(name, "weight")].shape for name in names}
    orders = [(names[0], names[1]), (names[1], names[0])]
    fitting = [order for order in orders if _fits(shapes[order[0]], shapes[order[1]])]
    if not fitting:
        raise InputError(
            argument,
            "has two linear layers that do not fit: "
            + " and ".join(f"{shorten(name)} {shapes[name]}" for name in names),
        )
    return fitting


def _the_order(argument: str, orders: list[Layers]) -> Layers:
    if len(orders) == 1:
        return orders[0]
    numbered = [order for order in orders if _ascends(*order)]
    if len(numbered) == 1:  # as torch.nn.Sequential names its layers
        return numbered[0]
    raise InputError(
        argument,
        "has two linear layers whose shapes fit in both orders; name the hidden layer first: "
        f"layers={orders[0]!r} or {orders[1]!r}",
    )


def _ascends(first: str, second: str) -> bool:
    (folder, _, one), (other_folder, _, two) = first.rpartition("."), second.rpartition(".")
    digits = one.isascii() and two.isascii() and one.isdigit() and two.isdigit()
    return folder == other_folder and digits and (len(one), one) < (len(two), two)


def _fits(hidden: tuple[int, ...], output: tuple[int, ...]) -> bool:
    return hidden[0] == output[1]


def _joined(layer: str, kind: str) -> str:
    return f"{layer}.{kind}" if layer else kind
