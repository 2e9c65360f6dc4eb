"""Better networks in .keras files' own models, read back; Keras itself is not needed."""

import io
import json
import sys
import types
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks import read_network
from certnn.reading.networks.keras_writing import keras_file_like
from certnn.reading.networks.writing import network_like

FILES = Path(__file__).parent / "files"
NAMES = ["sequential", "nested", "functional-body", "named-outputs", "channels-last"]


def other(width):
    integers = np.random.default_rng(width).integers
    arrays = (integers(-4, 5, shape) for shape in ((5, width), (width, 3), 3))
    return TwoLayerNetwork(*arrays)


def entries(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(tmp_path, name, changed):
    """A file of the tests with entries changed."""
    kept = entries((FILES / name).read_bytes())
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in (kept | changed(kept)).items():
            archive.writestr(entry, content)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_read_as_the_other_network(name, tmp_path):
    source = FILES / f"{name}.keras"
    for width in (1, 7, 9):
        network = other(width)
        (tmp_path / "better.keras").write_bytes(keras_file_like(source, network))
        read = read_network(tmp_path / "better.keras")
        np.testing.assert_array_equal(read.U, network.U[:4])
        np.testing.assert_array_equal(read.hidden_bias, network.U[4])
        np.testing.assert_array_equal(read.V, network.V)
        np.testing.assert_array_equal(read.output_bias, network.output_bias)


@pytest.mark.parametrize("name", NAMES)
def test_the_config_differs_by_the_width_alone(name):
    """Every 7 of these configs is the width: of the layer, and of the next one's input."""
    source = (FILES / f"{name}.keras").read_bytes()
    before, after = entries(source), entries(keras_file_like(FILES / f"{name}.keras", other(9)))
    assert before["metadata.json"] == after["metadata.json"]
    old, new = (json.loads(found["config.json"]) for found in (before, after))
    assert new != old
    assert json.dumps(new) == json.dumps(old).replace(" 7,", " 9,").replace(" 7]", " 9]")


def test_the_state_of_an_optimiser_is_left_out(tmp_path):
    def with_state(kept):
        stream = io.BytesIO(kept["model.weights.h5"])
        with h5py.File(stream, "r+") as file:
            file.create_dataset("optimizer/vars/0", data=np.ones((4, 7)))
        return {"model.weights.h5": stream.getvalue()}

    content = keras_file_like(rewritten(tmp_path, "sequential.keras", with_state), other(2))
    with h5py.File(io.BytesIO(entries(content)["model.weights.h5"])) as file:
        assert "optimizer" not in file
        assert file["layers/dense/vars/0"].dtype == np.float32
        assert file["layers/dense/vars"].attrs["name"] == "dense"


def test_a_bias_without_a_place_is_refused(tmp_path):
    def without_bias(kept):
        config = json.loads(kept["config.json"])
        config["config"]["layers"][1]["config"]["use_bias"] = False
        stream = io.BytesIO(kept["model.weights.h5"])
        with h5py.File(stream, "r+") as file:
            del file["layers/dense/vars/1"]
        return {"config.json": json.dumps(config), "model.weights.h5": stream.getvalue()}

    path, network = rewritten(tmp_path, "sequential.keras", without_bias), other(2)
    with pytest.raises(InputError, match="no place for hidden_bias"):
        keras_file_like(path, network)
    plain = TwoLayerNetwork(network.U[:4], network.V, network.output_bias)
    (tmp_path / "better.keras").write_bytes(keras_file_like(path, plain))
    assert read_network(tmp_path / "better.keras").hidden_bias is None


def test_numbers_too_large_for_the_file_are_refused():
    network = other(2)
    with pytest.raises(InputError, match="too large for float32"):
        keras_file_like(FILES / "sequential.keras", TwoLayerNetwork(1e60 * network.U, network.V))


class Live:
    """A live model of Keras as far as it is used: saved, and loaded."""

    __module__ = "keras.models"

    def __init__(self, path):
        self.content = Path(path).read_bytes()

    def save(self, path):
        Path(path).write_bytes(self.content)


def test_a_live_model_comes_back_as_one(monkeypatch):
    keras = types.SimpleNamespace(saving=types.SimpleNamespace(load_model=Live))
    monkeypatch.setitem(sys.modules, "keras", keras)
    network = other(9)
    found = network_like(Live(FILES / "nested.keras"), network)
    assert isinstance(found, Live)
    np.testing.assert_array_equal(read_network(found).V, network.V)
