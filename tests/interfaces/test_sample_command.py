"""``certnn sample`` as a user meets it."""

import json

import numpy as np
import pytest

import certnn
from certnn.interfaces.cli import main


@pytest.fixture
def data(tmp_path):
    draw = np.random.default_rng(0)
    X = draw.standard_normal((300, 2))
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "Y.npy", np.abs(X[:, 0]) + 0.3 * draw.standard_normal(300))
    return tmp_path


def run(data, *more, out="out"):
    command = ["sample", "--data", str(data / "X.npy"), "--targets", str(data / "Y.npy")]
    options = ["--size", "30", "--subsets", "8", "--level", "shor", "--out", str(data / out)]
    return main([*command, *options, *more])


def test_a_sample_from_the_command_line(data, capsys):
    assert run(data, "--reg", "30", "--hidden-bias", "free") == 0
    said = capsys.readouterr()
    assert "with confidence 99.9 %, not proved: training objective >= " in said.out
    assert "subsets: 8 of 8; with confidence 99.9 %, not proved" in said.err
    document = json.loads((data / "out" / "sample.json").read_text())
    assert document["problem"]["n"] == 300
    assert document["problem"]["hidden_bias"] == "free"
    assert document["lower_limit"] > 0.0
    assert repr(document["lower_limit"]) in said.out
    X, Y = np.load(data / "X.npy"), np.load(data / "Y.npy")
    problem = certnn.TrainingProblem(X, Y, 30.0, "free")
    assert document["problem"]["data_sha256"] == problem.data_sha256
    for number, entry in enumerate(document["subsets"]):
        file = data / "out" / f"subset-{number:05d}.json"
        assert certnn.check(file).evidence == entry["certificate_sha256"]
        assert main(["check", str(file)]) == 0
    kept = [(file.name, file.stat().st_mtime_ns) for file in data.glob("out/subset-*")]
    capsys.readouterr()
    assert run(data, "--reg", "30", "--hidden-bias", "free") == 0  # all is there, and checked
    assert [(file.name, file.stat().st_mtime_ns) for file in data.glob("out/subset-*")] == kept
    assert main(["check", str(data / "out" / "sample.json")]) == 2


def test_decay_in_the_convention_of_a_library(data, capsys):
    assert run(data, "--convention", "torch-mse", "--decay", "0.2") == 0
    assert "weight decay: torch-mse" in capsys.readouterr().out
    assert json.loads((data / "out" / "sample.json").read_text())["problem"]["reg"] == 30.0


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--reg", "30", "--size", "301"), "--size"),
        (("--reg", "30", "--confidence", "99.9"), "--confidence"),
        (("--reg", "30", "--subsets", "0"), "--subsets"),
        (("--reg", "30", "--jobs", "0"), "--jobs"),
        (("--reg", "30", "--seed", "-1"), "--seed"),
        (("--reg", "30", "--level", "sure"), "--level"),
        (("--reg", "30", "--cluster", "nonsense://address"), "--cluster"),
        ((), "reg"),
    ],
)
def test_bad_options_are_told_in_a_line(data, capsys, more, named):
    assert run(data, *more) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert named in said.err
    assert not (data / "out").exists()


def test_another_sample_is_not_written_over(data, capsys):
    assert run(data, "--reg", "30") == 0
    before = (data / "out" / "sample.json").read_text()
    capsys.readouterr()
    assert run(data, "--reg", "30", "--seed", "1") == 2
    assert "another seed, which was not to be chosen again" in capsys.readouterr().err
    assert (data / "out" / "sample.json").read_text() == before
