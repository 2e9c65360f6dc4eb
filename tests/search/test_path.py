"""The optimum against weight decay: the band against optima that are proved apart from it."""

import csv
import json
import signal
import sys
from fractions import Fraction

import numpy as np
import pytest
from matplotlib.figure import Figure

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import random_network_data
from certnn.reading.npz import save_data
from certnn.search import path as paths
from certnn.search.path import regularisation_path

REGS = (0.03, 0.3, 3.0)


@pytest.fixture(scope="module")
def problem():
    return random_network_data(3, 1.0, n=12, d=2, c=2)


@pytest.fixture(scope="module")
def path(problem):
    return regularisation_path(problem, REGS, gap=1e-4)


@pytest.mark.parametrize("reg", [1e-3, 0.03, 0.05, 0.1, 0.299, 0.3, 1.0, 2.9, 3.0, 300.0])
def test_the_optimum_is_within_the_band(path, problem, reg):
    band = path.band(reg)
    optimum = certnn.train(problem.with_reg(reg), gap=1e-6)
    assert 0 <= band.lower <= optimum.objective.value
    assert optimum.lower.bound.value <= band.upper
    assert band.reg == reg


def test_the_band_is_tight_at_the_weight_decays_of_the_path(path):
    assert path.regs == REGS
    for reg, result in zip(path.regs, path.results, strict=True):
        band = path.band(reg)
        assert band.lower >= result.lower.bound.value
        assert band.upper <= result.objective.value
        assert band.lower >= band.upper * Fraction(9998, 10000)


def test_the_lower_curve_is_concave_and_rises(path):
    places = [Fraction(k, 20) for k in range(1, 80)]
    curve = [path.band(float(place)).lower for place in places]
    # The places are rounded to floats, which is why this is not exact.
    slopes = np.diff([float(value) for value in curve])
    assert np.all(slopes >= -1e-12)
    assert np.all(np.diff(slopes) <= 1e-12)


def test_bounds_that_are_not_in_line_count_for_no_more_than_their_envelope(problem):
    """A weak bound in between does not pull the curve down."""
    strong = [certnn.train(problem.with_reg(reg), gap=1e-4) for reg in REGS]
    weak = certnn.train(problem.with_reg(0.3), gap=0.9, level="shor", work_limit=1.0)
    assert weak.lower.value < 0.9 * strong[1].lower.value
    mixed = certnn.RegularisationPath(problem, REGS, (strong[0], weak, strong[2]), False)
    without = certnn.RegularisationPath(problem, REGS[::2], (strong[0], strong[2]), False)
    for reg in (0.05, 0.3, 1.0):
        assert mixed.band(reg).lower == without.band(reg).lower
    assert mixed.band(0.3).lower > weak.lower.bound.value


def test_it_is_drawn_on_the_axes_that_are_given_or_on_new_ones(path, monkeypatch):
    monkeypatch.setattr("matplotlib.pyplot.subplots", lambda: (None, Figure().add_subplot()))
    given = Figure().add_subplot()
    assert path.plot(given) is given
    for axes in (given, path.plot()):
        assert axes.get_xscale() == "log"
        lower, upper, *marks = axes.get_lines()
        assert [float(mark.get_ydata()[0]) for mark in marks[::2]] == [
            result.lower.value for result in path.results
        ]
        assert np.all(lower.get_ydata() <= upper.get_ydata())
        assert set(REGS) <= {round(float(reg), 12) for reg in lower.get_xdata()}


def test_it_is_a_table_in_notebooks_and_in_pandas(path, monkeypatch):
    frame = path.to_frame()
    assert frame["reg"].tolist() == [*REGS]
    assert [Fraction(exact) for exact in frame["lower_bound_exact"]] == [
        result.lower.bound.value for result in path.results
    ]
    shown = path._repr_html_()
    assert shown.count("<tr>") == 1 + len(REGS)
    assert f"<td>{path.results[0].network.width}</td>" in shown
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="needs the package pandas: pip install pandas"):
        path.to_frame()


@pytest.mark.parametrize("regs", [[], [0.0], [-1.0], [float("nan")], [0.1, float("inf")]])
def test_bad_weight_decays(problem, regs):
    with pytest.raises(InputError, match="reg"):
        regularisation_path(problem, regs)


def test_an_interrupt_keeps_the_weight_decays_that_are_done(problem, monkeypatch):
    train, done = paths.train, []

    def interrupted(*arguments, **more):
        if done:
            signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt  # nothing of it is proved
        done.append(train(*arguments, **more))
        return done[-1]

    monkeypatch.setattr(paths, "train", interrupted)
    path = regularisation_path(problem, REGS, gap=0.01)
    assert path.interrupted
    assert path.regs == (3.0,)
    assert path.band(0.5).lower > 0


def test_from_the_command_line_and_again(problem, tmp_path, capsys, monkeypatch):
    save_data(tmp_path / "data.npz", problem)
    out = tmp_path / "out"
    command = ["path", "--data", str(tmp_path / "data.npz"), "--out", str(out), "--gap", "0.001"]
    assert main([*command, "--regs", "3", "0.3"]) == 0
    assert "gap ≤" in capsys.readouterr().out
    document = json.loads((out / "path.json").read_text())
    assert [point["reg"] for point in document["points"]] == [0.3, 3.0]
    with (out / "path.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2
    assert "<svg" in (out / "path.svg").read_text()
    assert main(["check", str(out / "certificate-0.3.json")]) == 0
    # The second time the proofs are there, and only the new weight decay is proved.
    proved = []
    train = paths.train
    monkeypatch.setattr(paths, "train", lambda *a, **k: proved.append(train(*a, **k)) or proved[-1])
    assert main([*command, "--regs", "3", "0.3", "1"]) == 0
    assert [result.lower.level for result in proved] == ["earlier run", "partition", "earlier run"]
    # On other data the files are of no use.
    save_data(tmp_path / "data.npz", random_network_data(4, 1.0, n=12, d=2, c=2))
    capsys.readouterr()
    assert main([*command, "--regs", "3"]) == 2
    assert "another problem" in capsys.readouterr().err
