"""Two layers by their names: which comes first, and what is refused with the names to give."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.networks import read_network
from certnn.reading.networks.state_dict import comes_before

RNG = np.random.default_rng(0)
#: d = c, so that the shapes fit in both orders.
HIDDEN, OUTPUT = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 3))
TOLD = [
    ("fc1", "fc2"),
    ("encoder", "decoder"),
    ("layers.0.lin", "layers.1.lin"),
    ("0", "2"),
    ("net.2", "net.10"),
    ("fc_in", "fc_out"),
    ("linearIn", "linearOut"),
    ("encoder.0", "decoder.1"),
    ("hidden", "output"),
    ("features.3", "classifier.1"),
    ("block1.fc2", "block2.fc1"),
]
UNTOLD = [
    ("foo", "bar"),
    ("fc", "fc2"),
    ("l1", "out"),
    ("fc01", "fc1"),
    ("左.1", "右.2"),
    ("", "x"),
]


def tensors(hidden, output):
    joined = [f"{name}.weight" if name else "weight" for name in (hidden, output)]
    return dict(zip(joined, (HIDDEN, OUTPUT), strict=True))


@pytest.mark.parametrize(("hidden", "output"), TOLD)
def test_names_that_tell(hidden, output):
    stored = tensors(hidden, output)
    for order in (stored, dict(reversed(stored.items()))):
        network = read_network(order)
        np.testing.assert_array_equal(network.U, HIDDEN.T)
        np.testing.assert_array_equal(network.V, OUTPUT.T)


@pytest.mark.parametrize(("hidden", "output"), UNTOLD)
def test_names_that_do_not_tell_are_to_be_given(hidden, output):
    stored = tensors(hidden, output)
    with pytest.raises(InputError, match=r"--layers.*layers=") as refused:
        read_network(stored)
    assert "\n" not in str(refused.value)
    for order in ((hidden, output), [output, hidden]):
        network = read_network(stored, layers=order)
        first = stored[f"{order[0]}.weight" if order[0] else "weight"]
        np.testing.assert_array_equal(network.U, first.T)


@given(st.text(max_size=12), st.text(max_size=12))
def test_of_two_names_at_most_one_is_first(one, other):
    assert not (comes_before(one, other) and comes_before(other, one))


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (("fc1", "fc3"), "no layer 'fc3'.*fc1, fc2"),
        (("fc1", "fc1"), "named twice"),
        (("fc1", "long" * 100), "no layer"),
        ("fc1", "two names"),
        (("fc1",), "two names"),
        (("fc1", 2), "two names"),
    ],
)
def test_names_that_are_not_there_are_refused(layers, reason):
    with pytest.raises(InputError, match=reason):
        read_network(tensors("fc1", "fc2"), layers=layers)


def test_names_are_for_tensors_by_name_alone(tmp_path):
    np.savez(tmp_path / "network.npz", U=HIDDEN.T, V=OUTPUT.T)
    for source in (tmp_path / "network.npz", read_network(tensors("fc1", "fc2"))):
        with pytest.raises(InputError, match="--layers"):
            read_network(source, layers=("fc1", "fc2"))


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [
        ("loss.pos_weight", (3,), "loss.pos_weight.*--layers"),
        ("norm.weight", (3,), "norm.weight.*--layers"),
        ("fc1.bias", (2,), "fc1.bias"),
        ("aux.weight", (5, 3), "3 linear layers .fc1, fc2, aux.*--layers"),
        ("fc1.weight_mask", (3, 4), "prune.remove"),
        ("fc1.parametrizations.weight.original0", (3, 1), "remove_parametrizations"),
        ("fc1.weight_g", (3, 1), "remove_weight_norm"),
        ("fc1.weight_u", (3,), "remove_spectral_norm"),
    ],
)
def test_other_tensors_are_refused_by_name(name, shape, reason):
    stored = {**tensors("fc1", "fc2"), name: np.ones(shape)}
    with pytest.raises(InputError, match=reason):
        read_network(stored)
    if name != "fc1.bias":
        network = read_network(stored, layers=("fc1", "fc2"))
        np.testing.assert_array_equal(network.U, HIDDEN.T)


@pytest.mark.parametrize("names", [("W", "V"), ("fc1.kernel", "fc2.kernel"), ("weight", "V")])
def test_weights_by_other_names_are_refused_with_the_way_out(names):
    with pytest.raises(InputError, match=f"{names[0]}, {names[1]}.*dictionary of arrays U"):
        read_network(dict(zip(names, (HIDDEN, OUTPUT), strict=True)))
    np.testing.assert_array_equal(read_network({"U": HIDDEN, "V": OUTPUT}).V, OUTPUT)


def test_layers_are_named_in_the_shell(tmp_path, capsys):
    X = np.random.default_rng(1).standard_normal((8, 4))
    np.savez(tmp_path / "data.npz", X=X, Y=X)
    save_file({"bar.weight": OUTPUT, "foo.weight": HIDDEN}, tmp_path / "net.safetensors")
    audit = ["audit", str(tmp_path / "net.safetensors"), "--data", str(tmp_path / "data.npz")]
    audit += ["--reg", "1", "--level", "shor", "--out", str(tmp_path / "out")]
    assert main(audit) == 2
    assert "--layers bar foo or --layers foo bar" in capsys.readouterr().err
    assert main([*audit, "--layers", "foo", "bar"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    outputs = np.maximum(X @ HIDDEN.T, 0.0) @ OUTPUT.T
    objective = 0.5 * np.sum((outputs - X) ** 2) + 0.5 * (np.sum(HIDDEN**2) + np.sum(OUTPUT**2))
    assert report["network"]["objective"] == pytest.approx(objective, rel=1e-12)
