"""Which of a dictionary's tensors are the two layers of a network."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from certnn.arrays import FloatArray
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import PARTS, BiasedNetwork

#: How layers are named, in the shell and in Python.
_NAMED = "--layers HIDDEN OUTPUT (in Python read_network(..., layers=(HIDDEN, OUTPUT)))"
#: Names of tensors that PyTorch makes a weight matrix of, and what undoes it.
_REPARAMETRISED = (
    (re.compile(r"(^|\.)parametrizations\."), "torch.nn.utils.parametrize.remove_parametrizations"),
    (re.compile(r"_mask$"), "torch.nn.utils.prune.remove"),
    (re.compile(r"(^|\.)weight_(orig|u)$"), "torch.nn.utils.remove_spectral_norm"),
    (re.compile(r"(^|\.)weight_[gv]$"), "torch.nn.utils.remove_weight_norm"),
)
Layers = tuple[str, str]
#: Words that stand for what comes first and what comes after it.
_PAIRS = {
    *(("encoder", "decoder"), ("enc", "dec"), ("encode", "decode")),
    *(("input", "output"), ("in", "out"), ("hidden", "output"), ("hidden", "out")),
    *(("first", "second"), ("first", "last"), ("body", "head"), ("backbone", "head")),
    ("features", "classifier"),
}
_WORDS = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class NamedTensor:
    """A tensor whose numbers are read only when they are needed."""

    shape: tuple[int, ...]
    read: Callable[[], FloatArray]


def network_from_tensors(
    argument: str, tensors: Mapping[str, NamedTensor], layers: Layers | None, source: str
) -> BiasedNetwork:
    """The network whose layers are the only two of `tensors`, or the two named.

    Raises `InputError` if there are other tensors, or not exactly two linear layers that fit, or
    their order cannot be told from their shapes and names.

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
    """
    if layers is None and {"U", "V"} <= tensors.keys() <= set(PARTS):
        arrays: dict[str, Any] = {name: tensor.read() for name, tensor in tensors.items()}
        return BiasedNetwork(**arrays, source=source)
    if layers is None:
        _require_no_others(argument, tensors)
        layers = _the_order(argument, candidate_orders(argument, tensors))
    return network_of_layers(argument, tensors, layers, source)


def network_of_layers(
    argument: str, tensors: Mapping[str, NamedTensor], layers: Layers, source: str
) -> BiasedNetwork:
    """The network with these two layers; the shapes must fit.

    Raises `InputError` if a layer has no weight matrix, or the shapes do not fit.
    """
    if layers[0] == layers[1]:
        raise InputError(argument, f"has one layer {shorten(layers[0])!r}, which is named twice")
    weights, biases = [], []
    for layer in layers:
        weight, bias = (tensors.get(_joined(layer, kind)) for kind in ("weight", "bias"))
        if weight is None or len(weight.shape) != 2:
            raise InputError(
                argument,
                f"has no layer {shorten(layer)!r} with a weight matrix; it has "
                + _listed(linear_layers(tensors)),
            )
        if bias is not None and bias.shape != weight.shape[:1]:
            raise InputError(
                argument,
                f"has a bias of shape {bias.shape} in layer {shorten(layer)!r}, whose weight "
                f"matrix is {weight.shape}",
            )
        weights.append(weight)
        biases.append(bias)
    if not _fits(*(weight.shape for weight in weights)):
        shapes = " and ".join(str(weight.shape) for weight in weights)
        raise InputError(
            argument, f"layers {' and '.join(map(shorten, layers))} do not fit: {shapes}"
        )
    return BiasedNetwork(
        weights[0].read().T,
        weights[1].read().T,
        *(None if bias is None else bias.read() for bias in biases),
        source=source,
        layers=layers,
    )


def linear_layers(tensors: Mapping[str, NamedTensor]) -> list[str]:
    """Names of the layers that have a weight matrix."""
    found = []
    for name, tensor in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind == "weight" and len(tensor.shape) == 2:
            found.append(layer)
    return found


def other_tensors(tensors: Mapping[str, NamedTensor]) -> list[str]:
    """Names of what is neither the weight matrix of a linear layer nor the bias of one."""
    linear = linear_layers(tensors)
    usual = {_joined(layer, "weight") for layer in linear}
    for layer in linear:
        bias = tensors.get(_joined(layer, "bias"))
        if bias is not None and bias.shape == tensors[_joined(layer, "weight")].shape[:1]:
            usual.add(_joined(layer, "bias"))
    return [name for name in tensors if name not in usual]


def candidate_orders(argument: str, tensors: Mapping[str, NamedTensor]) -> list[Layers]:
    """The orders of the only two linear layers in which their shapes fit: one, or two if square.

    Raises `InputError` if there are not two linear layers that fit.
    """
    names = linear_layers(tensors)
    if len(names) > 2:
        raise InputError(
            argument,
            f"has {len(names)} linear layers ({_listed(names)}); name the hidden and the output "
            f"layer: {_NAMED}",
        )
    if len(names) < 2:
        raise InputError(
            argument,
            f"has fewer than two weight matrices called weight ({_listed(list(tensors))}); if "
            "they are called otherwise, give a dictionary of arrays U (d×m) and V (m×c), and "
            "hidden_bias and output_bias if there are",
        )
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


def _require_no_others(argument: str, tensors: Mapping[str, NamedTensor]) -> None:
    others = other_tensors(tensors)
    # A bias whose weights are stored in another way is not what is wrong.
    telling = [name for name in others if name.rpartition(".")[2] != "bias"] or others
    if not telling:
        return
    for pattern, undo in _REPARAMETRISED:
        made = [name for name in telling if pattern.search(name)]
        if made:
            raise InputError(
                argument,
                f"has the tensor {shorten(made[0])}, of which a weight matrix is made: use {undo} "
                "before saving, or give the live module",
            )
    name = telling[0]
    if len(linear_layers(tensors)) < 2:
        return  # which is what is wrong
    raise InputError(
        argument,
        f"has the tensor {shorten(name)} of shape {tensors[name].shape}, which is neither the "
        "weight matrix nor the bias of a linear layer; if the network does without it, name its "
        f"hidden and output layer: {_NAMED}",
    )


def _the_order(argument: str, orders: list[Layers]) -> Layers:
    if len(orders) == 1:
        return orders[0]
    told = [order for order in orders if comes_before(*order)]
    if len(told) == 1:
        return told[0]
    ways = sorted(shlex.join(map(shorten, order)) for order in orders)
    raise InputError(
        argument,
        "has two linear layers whose shapes fit in both orders, and their names do not tell; name "
        f"the hidden layer first: --layers {ways[0]} or --layers {ways[1]} (in Python "
        "read_network(..., layers=(...)))",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(shorten(name) or "its own" for name in names[:6]) or "none"


def _fits(hidden: tuple[int, ...], output: tuple[int, ...]) -> bool:
    return hidden[0] == output[1]


def _joined(layer: str, kind: str) -> str:
    return f"{layer}.{kind}" if layer else kind


def comes_before(first: str, second: str) -> bool:
    """Whether the names say that one layer comes before the other.

    Parameters
    ----------
    first, second : str
        Names as in a state_dict, such as ``"layers.0"`` and ``"layers.2"``. What decides is the
        first part in which they differ: two numbers, or two words of opposite meaning.
    """
    parts, others = _WORDS.findall(first), _WORDS.findall(second)
    for one, other in zip(parts, others, strict=False):
        if one.lower() != other.lower():
            if one.isdigit() and other.isdigit():
                return int(one) < int(other)
            return (one.lower(), other.lower()) in _PAIRS
    return False
