"""Networks from files and live objects, each recognised by what it is, not by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from certnn.atomic_files import LARGEST_CONTENT, open_file
from certnn.errors import InputError, refused, shorten
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.networks.biased_network import LOSS_AFTER, PARTS, BiasedNetwork
from certnn.reading.networks.keras_file import read_keras_file, read_keras_model
from certnn.reading.networks.onnx_file import read_onnx_file, read_onnx_model
from certnn.reading.networks.pytorch import live_tensors, read_torch_file
from certnn.reading.networks.pytorch_module import read_torch_module
from certnn.reading.networks.safetensors_file import read_safetensors_file
from certnn.reading.networks.scikit_learn import read_scikit_learn
from certnn.reading.networks.state_dict import Layers, network_from_tensors
from certnn.reading.npz import read_npz
from certnn.reading.zip_archive import open_zip

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_network(source: Any, *, layers: Layers | None = None) -> BiasedNetwork:
    """Read a two-layer ReLU network from a file or a live object; nothing in it is executed.

    Parameters
    ----------
    source : str, Path or object
        A file: of ``torch.save`` (a state_dict), safetensors, ONNX, Keras (.keras) or .npz with U,
        V, hidden_bias, output_bias; recognised by its content. Or a live object: a
        ``torch.nn.Module``, a dictionary of arrays or tensors by name, an estimator of
        scikit-learn, a Keras model, an ``onnx.ModelProto``, a `TwoLayerNetwork`.
    layers : (str, str) or None
        For PyTorch, safetensors and dictionaries: names of the hidden and of the output layer, as
        in a state_dict. Only needed if there are others, or if their shapes fit in both orders
        and their names do not tell.

    Returns
    -------
    BiasedNetwork
        With exactly the numbers stored, U of shape (d, m) and V of shape (m, c).

    Raises
    ------
    InputError
        If the format is not known, the file is damaged, a package needed for it is missing, or
        what it holds is not a two-layer ReLU network; the message says which part is not.
    """
    if layers is not None:
        layers = _checked(layers)
    if isinstance(source, BiasedNetwork):
        _require_no_layers(source.source, layers)
        return source
    if isinstance(source, TwoLayerNetwork):
        _require_no_layers("network", layers)
        bias = source.output_bias
        return BiasedNetwork(source.U, source.V, output_bias=bias, source="TwoLayerNetwork")
    if isinstance(source, str | Path):
        with refused(str(source), "is damaged"):
            return _read_file(source, layers)
    return _read_object(source, layers)


def network_for(problem: TrainingProblem, source: Any) -> TwoLayerNetwork:
    """A network as `read_network` takes it, with biases and outputs as the problem has them.

    Where no hidden bias is stored apart it is the last row of U. If it ends in a function that
    makes probabilities, and the loss is the one that goes with that, the outputs are logits.

    Parameters
    ----------
    problem : TrainingProblem
    source : str, Path or object

    Raises
    ------
    InputError
        If it cannot be read, or does not fit the problem.
    """
    stored = read_network(source)
    network = stored.as_network(
        bool(problem.hidden_bias) and stored.hidden_bias is not None,
        logits=problem.loss.name == LOSS_AFTER[stored.output_activation],
    )
    network.require_fits(problem)
    return network


def _read_file(path: str | Path, layers: Layers | None) -> BiasedNetwork:
    with open_file(path) as stream:
        start = stream.read(16)
    if start.startswith(_ZIP):
        with open_zip(path) as archive:
            names = set(archive.sizes)
        if "config.json" in names and "metadata.json" in names:
            _require_no_layers(str(path), layers)
            return read_keras_file(path)
        if any(name.endswith("/data.pkl") for name in names):
            return read_torch_file(path, layers)
        _require_no_layers(str(path), layers)
        return _read_npz(path)
    if start[8:9] == b"{":
        return read_safetensors_file(path, layers)
    if start.startswith(_OLD_TORCH):
        raise InputError(
            str(path), "is in the format of PyTorch before 1.6: save its state_dict() anew"
        )
    if start.startswith(_PICKLE):
        raise InputError(
            str(path),
            "is a pickle, which runs code when it is read: load it yourself if you trust it, and "
            "give the live object",
        )
    if start.startswith(_HDF5):
        raise InputError(str(path), "is an HDF5 file: save the Keras model as .keras")
    if start[:1] == b"\x08":  # the field ir_version, which every writer puts first
        _require_no_layers(str(path), layers)
        return read_onnx_file(path)
    raise InputError(
        str(path), "is not a network file that is read: PyTorch, safetensors, ONNX, .keras, .npz"
    )


def _read_object(source: Any, layers: Layers | None) -> BiasedNetwork:
    homes = {base.__module__.partition(".")[0] for base in type(source).__mro__}
    if "torch" in homes and "keras" not in homes and hasattr(source, "named_modules"):
        return read_torch_module(source, layers)
    if isinstance(source, Mapping):
        tensors = live_tensors("network", source)
        return network_from_tensors("network", tensors, layers, "dictionary of arrays")
    _require_no_layers("network", layers)
    if "keras" in homes:
        return read_keras_model(source)
    if "sklearn" in homes:
        return read_scikit_learn(source)
    if "onnx" in homes and hasattr(source, "graph"):
        return read_onnx_model(source)
    raise InputError("network", f"cannot be read from an object of type {type(source).__name__}")


def _checked(layers: Any) -> Layers:
    match layers:
        case [str(hidden), str(output)]:
            return hidden, output
    raise InputError("layers", "must be two names, of the hidden and of the output layer")


def _require_no_layers(argument: str, layers: Layers | None) -> None:
    if layers is not None:
        raise InputError(
            argument,
            "has its layers in order, so that none can be named: leave out --layers (in Python "
            "layers), which is for PyTorch, safetensors and dictionaries",
        )


def _read_npz(path: str | Path) -> BiasedNetwork:
    """A file with U (d×m), V (m×c) and, if there are biases, hidden_bias (m,), output_bias (c,)."""
    with open_zip(path) as archive:
        if not archive.sizes or not all(name.endswith(".npy") for name in archive.sizes):
            raise InputError(archive.path, "is a zip file of another kind than is read")
        if sum(archive.sizes.values()) > LARGEST_CONTENT:
            raise InputError(archive.path, f"would unpack to more than {LARGEST_CONTENT} bytes")
        found = [name.removesuffix(".npy") for name in archive.sizes]
    names = tuple(name for name in PARTS if name in found or name in ("U", "V"))
    arrays: dict[str, Any] = dict(zip(names, read_npz(path, names), strict=True))
    other = sorted(set(found) - set(PARTS))
    if other:
        raise InputError(str(path), f"has the array {shorten(other[0])}, which is not read")
    return BiasedNetwork(**arrays, source=f"file {Path(path).name}")
