"""The scripts that run other programs: what they share, one peer, and the plot of all."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import certnn

PEERS = Path(__file__).parents[2] / "examples" / "peers"
SMALL = ["--data", "diabetes", "--rows", "8", "--columns", "2", "--reg", "1.0"]


@pytest.fixture
def run(monkeypatch):
    """A script as from the command line; returns its names."""
    monkeypatch.syspath_prepend(str(PEERS))

    def script(name, *words):
        for module in [name for name in sys.modules if name == "peer"]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setattr(sys, "argv", [name, *words])
        return runpy.run_path(str(PEERS / name), run_name="__main__" if words else "script")

    return script


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_an_output_bias_becomes_a_neuron(run):
    with_output_bias = run("peer.py")["with_output_bias"]
    draw = np.random.default_rng(0).standard_normal
    U, V, bias, X = draw((3, 4)), draw((4, 2)), draw(2), draw((5, 2))
    hidden, output = with_output_bias(U, V, bias)
    plain, whole = certnn.TwoLayerNetwork(U, V), certnn.TwoLayerNetwork(hidden, output)
    np.testing.assert_allclose(whole.predict(X), plain.predict(X) + bias)
    added = np.sum(hidden**2) + np.sum(output**2) - np.sum(U**2) - np.sum(V**2)
    assert added == pytest.approx(2.0 * np.linalg.norm(bias))
    assert with_output_bias(U, V, np.zeros(2)) == (U, V)


def test_the_problem_is_cut_and_centred(run):
    names = run("peer.py")
    options = names["argparse"].Namespace(
        data="iris", rows=30, columns=[0, 3], reg=0.5, data_dir=None, out=None, time_limit=1.0
    )
    problem = names["problem_of"](options)
    assert (problem.n, problem.d, problem.c, problem.reg) == (30, 2, 3, 0.5)
    assert problem.hidden_bias is True
    np.testing.assert_allclose(problem.Y.mean(axis=0), 0.0, atol=1e-15)


def test_objectives_are_those_of_the_kernel(run, tmp_path):
    """Proved bounds are below every objective, and those of a peer are of real networks."""
    ours, theirs = tmp_path / "certnn.jsonl", tmp_path / "scikit-learn.jsonl"
    run("certnn_trainer.py", *SMALL, "--time-limit", "10", "--out", str(ours))
    run("scikit_learn.py", *SMALL, "--time-limit", "0.5", "--out", str(theirs))
    proved = [line["value"] for line in lines_of(ours) if line["what"] == "proved"]
    reached = [line["value"] for line in lines_of(ours) if line["what"] == "objective"]
    assert max(proved) <= min(reached) <= max(proved) * (1.0 + 1e-5)
    others = lines_of(theirs)
    assert {line["what"] for line in others} == {"objective"}
    assert all(line["value"] >= max(proved) for line in others)
    values = [line["value"] for line in others]
    assert values == sorted(values, reverse=True)


def test_a_claim_is_told_from_a_proof(run, tmp_path):
    file = tmp_path / "clarabel.jsonl"
    run("paper_formulation.py", *SMALL, "--time-limit", "60", "--out", str(file))
    claimed, proved = lines_of(file)
    assert (claimed["what"], proved["what"]) == ("claimed", "proved")
    assert proved["value"] == pytest.approx(claimed["value"], rel=1e-4)


def test_all_peers_are_drawn_together(run, tmp_path, capfd, monkeypatch):
    names = run("run.py")
    for name, what, values in (
        ("certnn", "objective", (5.0, 4.0)),
        ("certnn", "proved", (1.0, 3.5)),
        ("scip-bilinear", "claimed", (0.0, 3.9)),
    ):
        lines = [
            {"peer": name, "seconds": 0.5 + k, "what": what, "value": value}
            for k, value in enumerate(values)
        ]
        with (tmp_path / f"{name}.jsonl").open("a") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in lines)
    monkeypatch.setitem(names["SCRIPTS"], "pyscnn", ["nowhere.py"])
    words = [*SMALL, "--peers", "certnn", "pyscnn", "--out", str(tmp_path)]
    before = (tmp_path / "certnn.jsonl").read_text()
    monkeypatch.setattr(sys, "argv", ["run.py", *words, "--plot", str(tmp_path / "peers.svg")])
    names["main"]()
    assert "pyscnn: left out: " in capfd.readouterr().out
    assert (tmp_path / "certnn.jsonl").read_text() == before
    picture = (tmp_path / "peers.svg").read_text()
    for label in ("certnn", "scip-bilinear", "claimed, not proved", "proved bound"):
        assert f"<!-- {label} -->" in picture
