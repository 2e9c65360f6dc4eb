"""Live modules of PyTorch, read by their tensors and compared by their outputs."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

from certnn.arrays import FloatArray
from certnn.errors import InputError, refused, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.pytorch import live_tensors
from certnn.reading.networks.state_dict import (
    Layers,
    candidate_orders,
    linear_layers,
    network_of_layers,
    other_tensors,
)

#: Share of the largest possible output by which a probe in float64 may differ.
_PROBE_ERROR = 1e-11
#: What a module may make of its outputs.
_ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "identity": lambda outputs: outputs,
    "logistic": expit,
    "softmax": lambda outputs: softmax(outputs, axis=1),
    "log-softmax": lambda outputs: log_softmax(outputs, axis=1),
}
_INSTEAD = "; give its state_dict() instead"
#: A probability this far from 0 and 1 tells of the outputs, at this share of the points at least.
_TELLING, _SHARE_TELLING = 1e-6, 0.25


def read_torch_module(module: Any, layers: Layers | None = None) -> BiasedNetwork:
    """Read a live ``torch.nn.Module``, and compare its outputs with those of what was read.

    Raises `InputError` if it has not the tensors of a two-layer network, or computes something
    else.

    Parameters
    ----------
    module : torch.nn.Module
        A network of two linear layers with a ReLU between, and perhaps a softmax or sigmoid at the
        end; weights may be pruned or parametrised, and there may be other tensors that its outputs
        do not depend on. It is copied, not changed.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.
    """
    module = getattr(module, "_orig_mod", module)  # of torch.compile
    kind = type(module).__name__
    live_tensors(kind, _tensors(kind, module))  # what has no numbers cannot be copied
    copied = _plain_copy(kind, module)
    tensors = live_tensors(kind, _tensors(kind, copied))
    orders = [layers] if layers is not None else candidate_orders(kind, tensors)
    probe = _Probe(kind, copied)
    for order in orders:
        network = network_of_layers(kind, tensors, order, f"PyTorch module {kind}")
        activation = probe.activation_after(network)
        if activation is not None:
            return replace(network, output_activation=activation)
    unused = [name for name in linear_layers(tensors) if name not in orders[0]]
    others = ", ".join(map(shorten, [*other_tensors(tensors), *unused][:6]))
    raise InputError(
        kind,
        "computes something else than two linear layers with a ReLU between (compared on random "
        "inputs, in evaluation mode)" + (f"; it has {others} besides" if others else ""),
    )


def _tensors(kind: str, module: Any) -> dict[str, Any]:
    """Its tensors by name, without what else a module may keep in its state."""
    torch = sys.modules["torch"]  # there is a live module, so it is there
    with refused(kind, "fails to give its state_dict()"):
        state = module.state_dict()
    return {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}


def _plain_copy(kind: str, module: Any) -> Any:
    """A copy in evaluation mode with plain weights, as masks, norms and the like make them."""
    torch = sys.modules["torch"]
    # What a pruned layer multiplies has a history, with which it cannot be copied.
    with_history = {
        id(value): value.detach()
        for part in module.modules()
        for value in vars(part).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    parametrize = torch.nn.utils.parametrize
    with refused(kind, "cannot be copied", _INSTEAD):
        copied = copy.deepcopy(module, with_history).cpu().eval()
        for part in copied.modules():
            if parametrize.is_parametrized(part):
                made = type(part)  # which the user's module has too, and removal changes
                part.__class__ = type(made.__name__, made.__bases__, {**vars(made)})
                for name in list(part.parametrizations):
                    parametrize.remove_parametrizations(part, name)
            for key, hook in list(part._forward_pre_hooks.items()):
                # torch.nn.utils.prune, and the older weight_norm and spectral_norm
                if type(hook).__module__.startswith("torch.nn.utils.") and hasattr(hook, "remove"):
                    hook.remove(part)
                    del part._forward_pre_hooks[key]
    return copied


class _Probe:
    """Outputs of a live module on random inputs, in float64."""

    def __init__(self, kind: str, module: Any) -> None:
        self._kind = kind
        self._module = module.double()

    def activation_after(self, network: BiasedNetwork) -> str | None:
        """What the module applies to the network's outputs; None if it computes something else."""
        draw = np.random.default_rng(0).standard_normal((64, network.U.shape[0]))
        # Large inputs as well: a ReLU is homogeneous, its relatives are not.
        inputs = np.vstack([draw, 1e3 * draw, 1e-3 * draw])
        outputs = network.output(inputs)
        largest = BiasedNetwork(
            np.abs(network.U),
            np.abs(network.V),
            None if network.hidden_bias is None else np.abs(network.hidden_bias),
            None if network.output_bias is None else np.abs(network.output_bias),
        ).output(np.abs(inputs))
        allowed = _PROBE_ERROR * largest
        found = self._outputs(inputs)
        if found.size != outputs.size:
            return None
        found = found.reshape(outputs.shape)
        if np.all(np.abs(found - outputs) <= allowed):
            return "identity"
        # No function of these moves by more than twice what the largest output of a point does.
        allowed = 2.0 * allowed.max(axis=1, keepdims=True) + np.finfo(float).eps
        for name, function in _ACTIVATIONS.items():
            if np.all(np.abs(found - function(outputs)) <= allowed):
                shares = np.exp(found) if name == "log-softmax" else found
                telling = (shares > _TELLING) & (shares < 1.0 - _TELLING)
                if telling[: len(draw)].any(axis=1).mean() >= _SHARE_TELLING:
                    return name
        return None

    def _outputs(self, inputs: FloatArray) -> FloatArray:
        torch = sys.modules["torch"]
        failed = f"fails on float64 inputs of shape {inputs.shape}"
        with refused(self._kind, failed, _INSTEAD), torch.no_grad():
            outputs = self._module(torch.from_numpy(inputs))
        if not isinstance(outputs, torch.Tensor):
            kind = type(outputs).__name__
            raise InputError(self._kind, f"returns a {kind}, not a tensor{_INSTEAD}")
        return np.asarray(outputs.numpy(), dtype=np.float64)
