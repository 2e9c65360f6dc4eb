"""A network as PyTorch and ONNX would have it: made anew, where no such model was audited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from certnn.atomic_files import write_atomically
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.network_parts import parts_like
from certnn.reading.networks.writing import network_like
from certnn.reading.optional_packages import require_package

#: The oldest version of the format that has all that is used; runtimes since 2022 know it.
_OPSET, _IR_VERSION = 17, 8


def to_torch(network: TwoLayerNetwork, *, hidden_bias: bool = False) -> Any:
    """The network as a ``torch.nn.Sequential`` of two linear layers and a ReLU, in float64.

    Parameters
    ----------
    network : TwoLayerNetwork
        One without neurons gets one of zeros.
    hidden_bias : bool
        Whether the last row of U is the bias of the hidden layer, as in a problem with one.

    Raises
    ------
    InputError
        If PyTorch is not installed, or U has no row but that of the bias.

    Examples
    --------
    >>> import certnn, torch
    >>> network = certnn.TwoLayerNetwork([[1.0, -1.0]], [[2.0], [0.5]])
    >>> module = certnn.to_torch(network)
    >>> module(torch.tensor([[3.0], [-4.0]], dtype=torch.float64)).tolist()
    [[6.0], [2.0]]
    """
    parts = _parts(network, hidden_bias)
    torch = require_package("torch", "network", "a module of PyTorch")
    (d, width), outputs = parts.U.shape, parts.V.shape[1]
    float64 = {"dtype": torch.float64}
    module = torch.nn.Sequential(
        torch.nn.Linear(d, width, bias=hidden_bias, **float64),
        torch.nn.ReLU(),
        torch.nn.Linear(width, outputs, bias=parts.output_bias is not None, **float64),
    )
    return network_like(module, network)


def to_onnx(network: TwoLayerNetwork, path: str | Path, *, hidden_bias: bool = False) -> None:
    """Write the network as an ONNX model in float64, from ``x``, shape (n, d), to ``y``, (n, c).

    Parameters
    ----------
    network : TwoLayerNetwork
        One without neurons gets one of zeros.
    path : str or Path
    hidden_bias : bool
        Whether the last row of U is the bias of the hidden layer, as in a problem with one.

    Raises
    ------
    InputError
        If the package onnx is not installed, U has no row but that of the bias, or the file cannot
        be written.

    Examples
    --------
    >>> import certnn, onnx, tempfile
    >>> network = certnn.TwoLayerNetwork([[1.0, -1.0]], [[2.0], [0.5]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     certnn.to_onnx(network, f"{folder}/network.onnx")
    ...     [node.op_type for node in onnx.load(f"{folder}/network.onnx").graph.node]
    ['MatMul', 'Relu', 'MatMul']
    """
    parts = _parts(network, hidden_bias)
    onnx = require_package("onnx", str(path), "an ONNX file")
    steps = [
        ("MatMul", "U"),
        ("Add", "hidden_bias"),
        ("Relu", ""),
        ("MatMul", "V"),
        ("Add", "output_bias"),
    ]
    arrays = parts.arrays
    steps = [(kind, name) for kind, name in steps if not name or name in arrays]
    values = ["x", *(f"after_{k}" for k in range(1, len(steps))), "y"]
    nodes = [
        onnx.helper.make_node(kind, [values[k], name] if name else [values[k]], [values[k + 1]])
        for k, (kind, name) in enumerate(steps)
    ]
    sizes = {"x": parts.U.shape[0], "y": parts.V.shape[1]}
    double = onnx.TensorProto.DOUBLE
    ends = {
        name: [onnx.helper.make_tensor_value_info(name, double, ["n", size])]
        for name, size in sizes.items()
    }
    stored = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        for name, array in arrays.items()
    ]
    graph = onnx.helper.make_graph(nodes, "network", ends["x"], ends["y"], stored)
    opsets = [onnx.helper.make_opsetid("", _OPSET)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    write_atomically(Path(path), model.SerializeToString())


def _parts(network: TwoLayerNetwork, hidden_bias: bool) -> BiasedNetwork:
    inputs, outputs = network.U.shape[0] - hidden_bias, network.V.shape[1]
    if inputs < 1:
        raise InputError("hidden_bias", "is no row of U, which has one row alone")
    form = BiasedNetwork(
        np.zeros((inputs, 1)), np.zeros((1, outputs)), np.zeros(1) if hidden_bias else None
    )
    return parts_like(form, network)
