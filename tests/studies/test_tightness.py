"""Families, cells, baselines and the command that runs them."""

import csv
import json
import re

import numpy as np
import pytest

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.npz import save_data
from certnn.search.levels.schedule import require_level
from certnn.studies import sweep as sweeps
from certnn.studies.tightness.baseline import read_baseline, save_baseline, worse_than_baseline
from certnn.studies.tightness.cells import LEVELS, SECONDS, cells, measure, problem_of, usual_cells
from certnn.studies.tightness.families import FAMILIES, FIXED_SHAPES, Size
from certnn.studies.tightness.plots import along
from certnn.studies.tightness.table import summaries
from certnn.studies.tightness.usefulness import reach_rows, reaches, useful_levels


def cell(**more):
    (only,) = cells(["random"], [8], [2], [2], [0.1], 1, ["shor", "dnn"], 20.0)
    return only | more


@pytest.mark.parametrize("family", FAMILIES)
def test_families_have_the_size_asked_for(family):
    columns, outputs = FIXED_SHAPES.get(family, (2, 2))
    n = 2 if family == "orthogonal" else 6
    size = Size(n, columns, outputs, 0.1, 1)
    problem, again = FAMILIES[family](size), FAMILIES[family](size)
    assert problem == again
    assert (problem.n, problem.d, problem.c, problem.reg) == (n, columns, outputs, 0.1)
    assert problem != FAMILIES[family](Size(n, columns, outputs, 0.1, 2))


def test_orthogonal_points_are():
    problem = FAMILIES["orthogonal"](Size(3, 5, 1, 0.1, 0))
    gram = problem.X @ problem.X.T
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-12)
    with pytest.raises(InputError, match="n: must be at most d"):
        FAMILIES["orthogonal"](Size(3, 2, 1, 0.1, 0))


def test_a_cell_is_in_order():
    values = measure(cell())
    shor, dnn = values["levels"]["shor"], values["levels"]["dnn"]
    assert 0 < shor["bound"] < dnn["bound"] <= values["optimum"] * (1 + 1e-6)
    assert values["optimum"] <= values["objective"]
    assert values["gap"] <= 1e-6
    assert dnn["ratio"] == pytest.approx(dnn["bound"] / values["objective"], rel=1e-12)
    assert dnn["solver"] == pytest.approx(dnn["bound"], rel=1e-4)


def test_one_group_of_all_points_is_dnn():
    values = measure(cell(levels=["block(20)", "dnn"]))["levels"]
    assert values["block(20)"]["bound"] == pytest.approx(values["dnn"]["bound"], rel=1e-6)


def test_a_level_that_is_not_needed_says_so():
    values = measure(cell(family="one-sided", reg=1.0, levels=["shor", "cuts"]))["levels"]
    assert values["shor"]["ratio"] > 1.0 - 1e-6
    assert values["cuts"] == {"note": "not run: shor has closed the gap"}


def test_cells_are_all_combinations_once(tmp_path):
    found = cells(["random", "iris"], [5, 6], [2, 3], [1], [0.1, 0.2], 2, ["shor"], 1.0)
    assert len(found) == 2 * 2 * 2 * 2 + 2 * 2 * 2
    save_data(tmp_path / "data.npz", problem_of(cell()))
    data = str(tmp_path / "data.npz")
    own = cells([], [4], [9], [9], [0.1], 2, ["shor"], 1.0, data)
    assert [(c["family"], c["n"], c["d"], c["c"]) for c in own] == [(data, 4, 2, 2)] * 2
    assert problem_of(own[0]).n == 4
    with pytest.raises(InputError, match="families"):
        cells(["unknown"], [5], [2], [1], [0.1], 1, ["shor"], 1.0)


def square(cell):
    if cell["x"] == 3:
        raise ValueError("three")
    return {"y": cell["x"] ** 2}


def test_a_sweep_goes_on_where_it_stopped(tmp_path):
    store, seen = tmp_path / "store.jsonl", []
    wanted = [{"x": x} for x in range(5)]
    outcomes, interrupted = sweeps.run_sweep(wanted[:3], square, store)
    assert not interrupted
    assert [outcome.values for outcome in outcomes] == [{"y": 0}, {"y": 1}, {"y": 4}]
    store.write_text(store.read_text() + '{"cell": {"x": 4}, "val')  # cut off while writing
    outcomes, _ = sweeps.run_sweep(
        wanted, square, store, tell=lambda done, total, outcome: seen.append(outcome.cell["x"])
    )
    assert sorted(seen) == [3, 4]
    assert [outcome.error for outcome in outcomes] == ["", "", "", "ValueError: three", ""]
    assert outcomes[4].values == {"y": 16}
    seen.clear()
    again, _ = sweeps.run_sweep(
        wanted, square, store, tell=lambda done, total, outcome: seen.append(outcome.cell["x"])
    )
    assert seen == [3]
    assert [outcome.values for outcome in again] == [outcome.values for outcome in outcomes]


@pytest.mark.parametrize("text", ["{}\n", "[1]}\n", '{"cell": 1}\n', "nonsense}\n"])
def test_a_store_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "store.jsonl").write_text(text)
    with pytest.raises(InputError, match="not a file of outcomes"):
        sweeps.run_sweep([{"x": 1}], square, tmp_path / "store.jsonl")


def outcome(ratio, **more):
    levels = {} if ratio is None else {"dnn": {"bound": ratio, "ratio": ratio, "seconds": 1.0}}
    return sweeps.Outcome(cell(levels=["dnn"], **more), {"levels": levels}, "", 1.0)


def test_a_worse_ratio_is_told(tmp_path):
    file = tmp_path / "baseline.json"
    save_baseline(file, [outcome(0.9)])
    assert worse_than_baseline(read_baseline(file), [outcome(0.9)]) == []
    assert worse_than_baseline(read_baseline(file), [outcome(0.95)]) == []
    assert worse_than_baseline(read_baseline(file), [outcome(0.1, seed=7)]) == []
    bound, ratio = worse_than_baseline(read_baseline(file), [outcome(0.8)])
    assert "bound 0.8, was 0.9" in bound
    assert "ratio 0.8, was 0.9" in ratio
    (lost,) = worse_than_baseline(read_baseline(file), [outcome(None)])
    assert "was proved, is not" in lost
    (only,) = summaries([outcome(0.8), outcome(0.9, seed=1), outcome(None, seed=2)])
    assert (only.least, only.most, only.proved, only.problems) == (0.8, 0.9, 2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"a": 1}',
        '{"a": {"bound": 1}}',
        '{"a": {"bound": 1.0, "ratio": 1.0, "ratio": 0.5}}',
    ],
)
def test_a_baseline_of_something_else_is_refused(tmp_path, text):
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(InputError, match="is not a baseline"):
        read_baseline(tmp_path / "baseline.json")


def test_from_the_command_line(tmp_path, capsys):
    out, kept = tmp_path / "out", tmp_path / "baseline.json"
    command = ["tightness", "--n", "5", "7", "--d", "2", "--c", "1", "--regs", "0.1", "--seeds"]
    command += ["2", "--levels", "shor", "--out", str(out)]
    assert main([*command, "--save-baseline", str(kept)]) == 0
    assert "4 of 4" in capsys.readouterr().out
    assert (out / "tightness.html").read_text().count("<svg") == 1
    with (out / "tightness.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["n"] for row in rows] == ["5", "5", "7", "7"]
    assert main([*command, "--baseline", str(kept)]) == 0
    better = {
        name: {k: 1.1 * v for k, v in f.items()} for name, f in json.loads(kept.read_text()).items()
    }
    kept.write_text(json.dumps(better))
    assert main([*command, "--baseline", str(kept)]) == 1
    assert "worse: random 5 2 1 0.1 0 shor" in capsys.readouterr().out
    assert main([*command, "--families", "nothing"]) == 2


def test_verdicts_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["tightness", "--families", "orthogonal", "random", "--n", "4", "--d", "4"]
    command += ["--c", "1", "--regs", "0.1", "--seeds", "1", "--levels", "dnn", "--verdicts"]
    assert main([*command, "--out", str(out)]) == 0
    assert "level dnn is" in capsys.readouterr().out
    outcomes = json.loads((out / "tightness.json").read_text())["outcomes"]
    found = {outcome["cell"]["family"]: outcome["values"] for outcome in outcomes}
    # Exact for orthogonal points with one output (Theorem 33), which these are up to rounding.
    assert found["orthogonal"]["verdict"] == "tight within tolerance"
    low, high = found["random"]["distance"]
    assert 0.0 <= low <= high < 1.0
    assert 1.0 - found["random"]["levels"]["dnn"]["ratio"] >= low
    assert "Is the level dnn tight?" in (out / "tightness.html").read_text()


def test_the_usual_sweep_has_every_level_and_family_and_fits_twenty_minutes():
    found = usual_cells()
    assert {c["family"] for c in found} == set(FAMILIES)
    names = {re.sub(r"\(.*", "", level) for level in LEVELS}
    with pytest.raises(InputError) as refused:
        require_level("none")
    known = re.findall(r"[a-z]+", refused.value.reason.partition(", got")[0])
    # groups has no relaxation of its own: it adds up what the other levels prove.
    assert names == {*known} - {"must", "be", "or", "k", "auto", "groups"}
    assert len(found) * (len(LEVELS) + 1) * SECONDS <= 20 * 60
    for cell in found:
        problem = problem_of(cell)
        shape = problem.n, problem.d, problem.c
        assert shape == tuple(cell[name] for name in "ndc")
    for axis in ("n", "d", "c", "reg"):
        drawn = along(outcomes_of(found), axis)
        assert len({o.cell[axis] for o in drawn if o.cell["family"] == "random"}) == 3
    with pytest.raises(InputError, match="level: must be"):
        usual_cells(["high"])


def outcomes_of(found):
    return [sweeps.Outcome(cell, {"levels": {}}, "", 1.0) for cell in found]


def proved(ratios, **more):
    """An outcome of which the levels have these (seconds, ratio); None: not proved."""
    levels = {
        level: {"note": "not in time"}
        if pair is None
        else {"bound": pair[1], "ratio": pair[1], "seconds": pair[0]}
        for level, pair in ratios.items()
    }
    return sweeps.Outcome(cell(levels=[*ratios], **more), {"levels": levels}, "", 1.0)


def test_a_level_is_useful_where_no_quicker_one_proves_as_much():
    one = proved(
        {
            "shor": (0.1, 0.5),
            "dnn": (1.0, 0.8),
            "cuts": (2.0, 0.804),
            "phases": (3.0, 0.99),
            "cells": (0.5, 0.499),
            "partition": None,
        }
    )
    assert useful_levels(one) == {"shor", "dnn", "phases"}
    assert useful_levels(sweeps.Outcome(cell(), None, "failed", 1.0)) == set()


def test_where_levels_stop_being_useful():
    quick = {"shor": (0.1, 0.5)}
    outcomes = [
        proved(quick | {"dnn": (1.0, 0.8)}, n=10, reg=0.1),
        proved(quick | {"dnn": (1.0, 0.7)}, n=20, reg=0.1),
        proved(quick | {"dnn": (1.0, 0.502)}, n=40, reg=0.1),
        proved(quick | {"dnn": None}, n=10, reg=1.0),
        proved(quick | {"dnn": (9.0, 0.9)}, n=77, reg=7.0),  # differs from all in two
    ]
    texts = {level: rest for level, *rest in reach_rows(outcomes)}
    assert texts == {
        "shor": ["all, to 40", "–", "–", "all, to 0.1"],
        "dnn": ["≤ 20", "–", "–", "not at 1"],
    }
    reach = {(r.level, r.axis): r for r in reaches(outcomes)}["dnn", "n"]
    assert (reach.values, reach.useful, reach.last) == ((10, 20, 40), (1.0, 1.0, 0.0), 20)


def test_problems_are_compared_that_differ_in_one_thing():
    outcomes = [
        proved({"shor": (0.1, 0.5)}, **more)
        for more in (
            {"n": 10, "c": 2},
            {"n": 20, "c": 2, "seed": 3},
            {"n": 20, "c": 1},
            {"n": 10, "c": 2, "family": "lattice"},
        )
    ]
    assert along(outcomes, "n") == outcomes[:2]
    assert along(outcomes, "c") == outcomes[1:3]
    assert along(outcomes, "d") == []


def test_the_command_runs_the_usual_sweep(tmp_path, capsys, monkeypatch):
    few = [c for c in usual_cells(["shor", "block(8)"], 1, 5.0) if c["family"] == "one-sided"]
    monkeypatch.setattr(
        "certnn.interfaces.commands.run_tightness.usual_cells", lambda *given: few[:3]
    )
    compiled = []
    monkeypatch.setattr(
        "certnn.interfaces.commands.run_tightness.compile_searches", lambda: compiled.append(1)
    )
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["tightness", "--out", str(tmp_path / "out")]) == 0
    assert compiled == [1]
    assert "Where each level is useful" in capsys.readouterr().out
    page = (tmp_path / "out" / "tightness.html").read_text()
    assert page.count("<svg") == 1
    assert "Where each level is useful" in page
    kept = json.loads((tmp_path / "out" / "tightness.json").read_text())
    assert {(r["level"], r["axis"]) for r in kept["reaches"]} >= {
        ("shor", "n"),
        ("block(8)", "reg"),
    }
    assert kept["command"] == f"certnn tightness --out {tmp_path / 'out'}"
