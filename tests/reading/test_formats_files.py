"""Networks from files of the real libraries, against what those say themselves; and refusals."""

import contextlib
import json
import os
import pickle
import shutil
import struct
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks import read_network
from certnn.reading.zip_archive import open_zip

FILES = Path(__file__).parent / "files"
OUTPUTS = dict(np.load(FILES / "outputs.npz"))
X = OUTPUTS.pop("X")
READ = [name for name in OUTPUTS if name != "tanh.keras"]
#: What PyTorch's exporters write ends in their names.
ENDS = {"log-softmax.onnx": "log-softmax", "sigmoid.onnx": "logistic"}


@pytest.mark.parametrize("name", READ)
def test_outputs_are_the_librarys(name, tmp_path):
    network = read_network(FILES / name)
    said = OUTPUTS[name]
    allowed = 1e-6 if said.dtype == np.float32 else 1e-13
    np.testing.assert_allclose(network.output(X), said, rtol=0, atol=allowed)
    assert (network.U.shape, network.V.shape) == ((4, 7), (7, said.shape[1]))
    ends = [activation for end, activation in ENDS.items() if name.endswith(end)]
    assert network.output_activation == (ends[0] if ends else "identity")
    (tmp_path / "without-a-name").write_bytes((FILES / name).read_bytes())
    again = read_network(tmp_path / "without-a-name")
    np.testing.assert_array_equal(again.U, network.U)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("whole-module.pt", "state_dict"),
        ("opset13-tanh.onnx", "squash"),
        ("tanh.keras", "tanh"),
        ("subclass.keras", "Subclass.*keras.Sequential"),
        ("two-outputs.keras", "2 outputs"),
        ("three-axes.keras", "not a matrix"),
        ("channels-first.keras", "channels_last"),
    ],
)
def test_what_is_not_such_a_network_is_refused(name, reason):
    with pytest.raises(InputError, match=reason):
        read_network(FILES / name)


class LiveKeras:
    """A live model as far as it is used: it is saved, and read from there."""

    __module__ = "keras.models"

    def __init__(self, name):
        self.name = name

    def save(self, path):
        if self.name is None:
            raise ValueError("not\nbuilt")
        shutil.copy(FILES / self.name, path)


def test_live_models_of_keras():
    network = read_network(LiveKeras("nested.keras"))
    np.testing.assert_allclose(network.output(X), OUTPUTS["nested.keras"], rtol=0, atol=1e-6)
    assert network.source == "Keras model LiveKeras"
    for name, reason in (("tanh.keras", "^LiveKeras: .*tanh"), (None, "^LiveKeras: .*not.built")):
        with pytest.raises(InputError, match=reason):
            read_network(LiveKeras(name))


def test_biases_and_the_network_of_a_problem():
    network = read_network(FILES / "float64.pt")
    biased = network.as_network()
    with_ones = np.hstack([X, np.ones((len(X), 1))])
    np.testing.assert_allclose(biased.output(with_ones), OUTPUTS["float64.pt"], atol=1e-13)
    np.testing.assert_array_equal(biased.output_bias, network.output_bias)
    plain = read_network(FILES / "checkpoint.pt")
    assert plain.hidden_bias is None
    assert plain.output_bias is None
    as_network = plain.as_network()
    np.testing.assert_array_equal(as_network.U, plain.U)
    np.testing.assert_allclose(as_network.output(X), OUTPUTS["checkpoint.pt"], atol=1e-13)


def test_live_scikit_learn():
    rng = np.random.default_rng(3)
    Y = rng.standard_normal((20, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not converge in so few steps
        regressor = MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=0).fit(X, Y)
        classifier = MLPClassifier(hidden_layer_sizes=(5,), max_iter=20, random_state=0).fit(
            X, np.arange(20) % 3
        )
        tanh = MLPRegressor(hidden_layer_sizes=(5,), activation="tanh", max_iter=5).fit(X, Y)
    np.testing.assert_allclose(read_network(regressor).output(X), regressor.predict(X), atol=1e-13)
    logits = read_network(classifier).output(X)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, classifier.predict_proba(X), atol=1e-13)
    with pytest.raises(InputError, match="tanh"):
        read_network(tanh)


def test_own_files_and_dictionaries(tmp_path):
    rng = np.random.default_rng(4)
    parts = {"U": rng.standard_normal((4, 3)), "V": rng.standard_normal((3, 2))}
    np.savez(tmp_path / "network.npz", **parts, hidden_bias=np.ones(3))
    network = read_network(tmp_path / "network.npz")
    expected = np.maximum(X @ parts["U"] + 1.0, 0.0) @ parts["V"]
    np.testing.assert_allclose(network.output(X), expected, atol=1e-13)
    np.testing.assert_array_equal(read_network(TwoLayerNetwork(*parts.values())).U, parts["U"])
    tensors = {"fc1.weight": parts["U"].T, "fc2.weight": parts["V"].T}
    np.testing.assert_array_equal(read_network(tensors).V, parts["V"])


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("it-went-off",)


def test_nothing_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("bomb.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": Bomb()}, 2))
    Path("bomb.pkl").write_bytes(pickle.dumps(Bomb(), 2))
    np.savez("bomb.npz", U=np.array([Bomb()]), V=np.ones((1, 1)))
    for name in ("bomb.pt", "bomb.pkl", "bomb.npz"):
        with pytest.raises(InputError):
            read_network(name)
    assert not Path("it-went-off").exists()
    pickle.loads(Path("bomb.pkl").read_bytes())
    assert Path("it-went-off").exists()


def test_what_unpacks_to_too_much_is_refused(tmp_path):
    compressed = zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED)
    with compressed as archive, archive.open("U.npy", "w") as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    assert (tmp_path / "bomb.npz").stat().st_size < 10**6
    with pytest.raises(InputError, match=r"large|too much|more than"):
        read_network(tmp_path / "bomb.npz")


def test_a_repeated_key_of_a_safetensors_header_is_refused(tmp_path):
    """Readers differ in which of the two counts."""
    tensor = '"{name}":{{"dtype":"F64","shape":[1,1],"data_offsets":[{start},{stop}]}}'
    first = tensor.format(name="0.weight", start=0, stop=8)
    second = tensor.format(name="2.weight", start=8, stop=16)
    whole = "{" + f"{first},{second}" + "}"
    for header, good in (
        (whole, True),
        ("{" + f"{first},{second},{second}" + "}", False),
        (whole.replace('"shape":[1,1]', '"shape":[1,1],"shape":[1,1]', 1), False),
        ('{"__metadata__":{"a":"1","a":"2"},' + whole[1:], False),
    ):
        content = struct.pack("<Q", len(header)) + header.encode() + struct.pack("<2d", 2.0, 3.0)
        (tmp_path / "file.safetensors").write_bytes(content)
        if good:
            network = read_network(tmp_path / "file.safetensors")
            assert (network.U.tolist(), network.V.tolist()) == ([[2.0]], [[3.0]])
            continue
        with pytest.raises(InputError) as caught:
            read_network(tmp_path / "file.safetensors")
        assert "twice" in str(caught.value) or "duplicate" in str(caught.value)


def test_damaged_files_are_refused(tmp_path):
    rng = np.random.default_rng(6)
    exported = [name for name in READ if name.startswith(("dynamo", "torchscript"))]
    for name in [name for name in READ if name not in exported[1:]]:
        whole = (FILES / name).read_bytes()
        for size in (0, 5, len(whole) // 2, len(whole) - 3):
            (tmp_path / "cut").write_bytes(whole[:size])
            with pytest.raises(InputError):
                read_network(tmp_path / "cut")
        for _ in range(60):  # either the same network, another one, or a refusal
            changed = bytearray(whole)
            changed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
            (tmp_path / "changed").write_bytes(changed)
            with contextlib.suppress(InputError):
                read_network(tmp_path / "changed")


@pytest.mark.parametrize("shape", [[7, 4, 2**40], [2**62, 2**62], [-1, 4], ["7", 4]])
def test_hostile_safetensors_shapes(tmp_path, shape):
    header = {"a.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, 112]}}
    text = json.dumps(header).encode()
    file = tmp_path / "file.safetensors"
    file.write_bytes(struct.pack("<Q", len(text)) + text + bytes(112))
    with pytest.raises(InputError):
        read_network(file)
    file.write_bytes(struct.pack("<Q", 2**63) + text + bytes(112))
    with pytest.raises(InputError):
        read_network(file)


@pytest.mark.parametrize("source", [None, 3, b"x", [1, 2], "no-such-file", "."])
def test_other_things_are_refused(source):
    with pytest.raises(InputError):
        read_network(source)


def test_an_entry_that_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path):
    path, said = tmp_path / "lying.npz", 64
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("U.npy", bytes(1 << 26))
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + place
        content[at : at + 4] = said.to_bytes(4, "little")
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with open_zip(path) as archive, pytest.raises(InputError, match=r"U\.npy cannot be read"):
            archive.read("U.npy")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
