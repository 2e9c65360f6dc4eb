"""Outcomes of earlier runs are a file's word: read strictly, named as such, and made to agree."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.studies.experiments import records as experiment_records
from certnn.studies.experiments.cells import cells as experiment_cells
from certnn.studies.experiments.cells import measure as measure_experiment
from certnn.studies.experiments.rows import joined
from certnn.studies.experiments.table import page as experiments_page
from certnn.studies.experiments.table import terminal_tables
from certnn.studies.sweep import Outcome, read_earlier, run_sweep
from certnn.studies.tightness import records as tightness_records
from certnn.studies.tightness.baseline import read_baseline
from certnn.studies.tightness.cells import cells as tightness_cells
from certnn.studies.tightness.cells import measure as measure_tightness
from certnn.studies.tightness.plots import ratio_plot
from certnn.studies.tightness.table import save_tables, summary_table

TIGHTNESS = ["tightness", "--n", "5", "--d", "2", "--c", "1", "--regs", "0.1", "--seeds", "2"]
TIGHTNESS += ["--levels", "shor", "dnn", "--verdicts"]
EXPERIMENTS = ["experiments", "--quick", "--only", "tightness", "--datasets", "random"]
EXPERIMENTS += ["--reg", "0.1", "--methods", "frank-wolfe", "global", "--jobs", "1"]


@pytest.fixture(scope="module")
def tightness_store(tmp_path_factory):
    out = tmp_path_factory.mktemp("tightness")
    assert main([*TIGHTNESS, "--out", str(out)]) == 0
    return (out / "outcomes.jsonl").read_text()


@pytest.fixture(scope="module")
def experiments_store(tmp_path_factory):
    out = tmp_path_factory.mktemp("experiments")
    assert main([*EXPERIMENTS, "--out", str(out)]) == 0
    return (out / "outcomes.jsonl").read_text()


def edited(store, change):
    """The store with its first outcome changed."""
    first, *others = store.splitlines()
    entry = json.loads(first)
    change(entry)
    return "\n".join([json.dumps(entry), *others]) + "\n"


def run(command, store, out):
    out.mkdir(exist_ok=True)
    (out / "outcomes.jsonl").write_text(store)
    return main([*command, "--out", str(out)])


@pytest.mark.parametrize("name", ["tightness", "experiments"])
def test_what_was_read_is_said_to_be(request, tmp_path, capsys, name):
    command = {"tightness": TIGHTNESS, "experiments": EXPERIMENTS}[name]
    store = request.getfixturevalue(f"{name}_store")
    count = len(store.splitlines())
    said = f"{count} of {count} results were read from the file of an earlier run"
    assert run(command, store, tmp_path) == 0
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in (tmp_path / f"{name}.html").read_text()
    assert (tmp_path / "outcomes.jsonl").read_text() == store
    kept = json.loads((tmp_path / f"{name}.json").read_text())
    assert all(outcome["earlier"] for outcome in kept.get("outcomes", kept.get("cells")))


def test_a_part_that_was_read(tmp_path, tightness_store):
    first = tightness_store.splitlines()[0] + "\n"
    assert run(TIGHTNESS, first, tmp_path) == 0
    page = (tmp_path / "tightness.html").read_text()
    assert "1 of 2 results were read from the file of an earlier run" in page
    assert read_earlier([Outcome({}, {}, "", 0.0)]) == ""


def level(entry, **changes):
    entry["values"]["levels"]["dnn"] |= changes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: level(e, bound=1000.0, bound_exact="1000/1"), "is above the objective"),
        (lambda e: level(e, ratio=0.999), "ratio 0.999 does not follow"),
        (lambda e: level(e, bound=0.0), "dnn bound 0 is not the exact one rounded down"),
        (lambda e: e["values"].update(optimum=1e6), "optimum 1000000 is above the objective"),
        (lambda e: e["values"].update(gap=0.5), "gap 0.5 does not follow"),
        (lambda e: e["values"].update(objective=1e6), "is not the exact one rounded up"),
        (lambda e: e["values"].update(distance=[0.5, 0.1]), "is not an interval of shares"),
    ],
)
def test_contradictions_of_tightness_are_told(tmp_path, capsys, tightness_store, change, said):
    assert run(TIGHTNESS, edited(tightness_store, change), tmp_path) == 1
    out = capsys.readouterr().out
    assert "contradiction: " in out
    assert said in out
    page = (tmp_path / "tightness.html").read_text()
    assert "Do not rely on them" in page
    assert said in page


def test_contradictions_of_experiments_are_told(tmp_path, capsys, experiments_store):
    def forge(entry):
        entry["values"] |= {"lower": {"value": 1e9, "exact": "1000000000/1"}}
        entry["values"] |= {"level": "<b>dnn</b> [red]\x1b[2J", "solver": None}

    assert run(EXPERIMENTS, edited(experiments_store, forge), tmp_path) == 1
    out = capsys.readouterr().out
    assert "is above a network's objective" in out
    assert "\x1b" not in out
    page, kept = ((tmp_path / f"experiments.{kind}").read_text() for kind in ("html", "md"))
    assert "Do not rely on them" in page
    assert "<b>" not in page + kept
    assert "CONTRADICTION" in kept

    def rounding(entry):
        entry["values"]["objective"]["value"] += 1.0

    assert run(EXPERIMENTS, edited(experiments_store, rounding), tmp_path) == 1
    assert "objective is not its exact value rounded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e.update(values=None), "values or an error"),
        (lambda e: e.update(error="x"), "values or an error"),
        (lambda e: e.update(seconds=-1.0), "took some seconds"),
        (lambda e: e.update(seconds=math.nan), "holds NaN, which is not JSON"),
        (lambda e: e.update(seconds="1"), "has a cell"),
        (lambda e: e.update(values=[]), "has a cell"),
        (lambda e: e["values"].pop("objective"), "objective: is missing"),
        (lambda e: e["values"].update(width="3"), "width: must be an integer"),
        (lambda e: e["values"].update(levels=[]), "levels: must be an object"),
        (lambda e: e["values"].update(verdict="proved"), "verdict: must be one of"),
        (lambda e: e["values"].update(distance=[1.0]), "distance: must be two numbers"),
        (lambda e: level(e, bound_exact="-1/2"), "levels.dnn.bound_exact: must not be negative"),
        (lambda e: level(e, bound_exact="x"), "must be an exact number"),
        (lambda e: level(e, more=1), "levels.dnn.more: is not a field"),
    ],
)
def test_what_is_no_outcome_is_refused_by_its_line(tmp_path, capsys, tightness_store, change, said):
    assert run(TIGHTNESS, edited(tightness_store, change), tmp_path) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "line 1, which can be deleted" in error
    assert str(tmp_path / "outcomes.jsonl") in error


def any_json():
    plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
        [1e308, 1e200, 1e9, 5e-324]
    )
    return (
        plain
        | numbers
        | st.sampled_from([[], {}, "1/3", "1/0", "\x1b[2J<script>[/]", "$\\frac{1}{0}$"])
    )


def changed(data, values):
    """The values with one thing in them replaced."""
    values = copy.deepcopy(values)
    inner = values
    while True:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        key = data.draw(st.sampled_from(list(keys)))
        if isinstance(inner[key], dict | list) and inner[key] and data.draw(st.booleans()):
            inner = inner[key]
        else:
            inner[key] = data.draw(any_json())
            return values


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_edited_tightness_is_refused_or_shown_safely(tightness_store, data, tmp_path_factory):
    entry = json.loads(tightness_store.splitlines()[0])
    values = changed(data, entry["values"])
    outcome = Outcome(entry["cell"], values, "", 1.0, earlier=True)
    try:
        tightness_records.examine(values)
    except InputError:
        return
    folder = tmp_path_factory.getbasetemp()
    save_tables(folder, [outcome], "certnn tightness")
    assert "<script" not in (folder / "tightness.html").read_text()
    summary_table([outcome])
    exact = json.loads(tightness_store.splitlines()[0])["values"]
    same = all(values[name] == exact[name] for name in ("objective", "gap", "optimum"))
    if values["objective_exact"] == exact["objective_exact"] and not same:
        assert tightness_records.contradictions(outcome)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_edited_experiments_are_refused_or_shown_safely(experiments_store, data):
    entry = json.loads(experiments_store.splitlines()[0])
    values = changed(data, entry["values"])
    try:
        experiment_records.examine(values)
    except InputError:
        return
    outcomes = [Outcome(entry["cell"], values, "", 1.0, earlier=True)]
    assert "<script" not in experiments_page(outcomes, "certnn experiments")
    list(terminal_tables(outcomes))


def test_a_ratio_beyond_all_is_drawn_off_the_page(tightness_store):
    entries = [json.loads(line) for line in tightness_store.splitlines()]
    level(entries[0], ratio=1e308)
    entries[1]["cell"]["n"] = 6
    outcomes = [Outcome(e["cell"], e["values"], "", 1.0) for e in entries]
    assert "<svg" in ratio_plot(outcomes, "n")
    assert "ratio 1e+308 does not follow" in tightness_records.contradictions(outcomes[0])[0]


@pytest.mark.parametrize("pair", [[-1, 1.0], [1e10, 1.0], [0, -1.0], [0, 1e201]])
def test_histories_that_cannot_be_drawn_are_refused(experiments_store, pair):
    values = json.loads(experiments_store.splitlines()[0])["values"]
    experiment_records.examine(values)
    with pytest.raises(InputError, match=r"^history: "):
        experiment_records.examine(values | {"history": [pair, pair]})
    for edge in ([[0, 0.0], [1e9, 1e200]], [[0, 5e-324], [1, 1e200]]):
        kept = values | {"history": edge}
        experiment_records.examine(kept)
        cell = json.loads(experiments_store.splitlines()[0])["cell"]
        experiments_page([Outcome(cell, kept, "", 1.0)], "certnn experiments")


def test_what_is_measured_is_what_is_read():
    (wanted,) = tightness_cells(["random"], [5], [2], [1], [0.1], 1, ["shor", "phases"], 5.0)
    values = json.loads(json.dumps(measure_tightness(wanted)))
    tightness_records.examine(values)
    assert tightness_records.contradictions(Outcome(wanted, values, "", 1.0)) == []
    for method, table, data in (("nngp", "accuracy", "iris"), ("gated", "tightness", "random")):
        cell = experiment_cells("quick", [table], [data], [0.1], [method])[0]
        kept = json.loads(json.dumps(measure_experiment(cell)))
        experiment_records.examine(kept)
        assert experiment_records.contradictions(joined([Outcome(cell, kept, "", 1.0)])) == []


def test_outcomes_that_are_not_asked_for_are_not_examined(tmp_path):
    def refuse(values):
        raise InputError("y", "is wrong")

    store = tmp_path / "store.jsonl"
    store.write_text('{"cell": {"x": 1}, "values": {"y": 1}, "error": "", "seconds": 1.0}\n')
    assert run_sweep([], dict, store, examine=refuse) == ([], False)
    with pytest.raises(InputError, match=r"y: is wrong; line 1"):
        run_sweep([{"x": 1}], dict, store, examine=refuse)


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_baseline_that_nothing_can_be_worse_than_is_refused(tmp_path, figure):
    file = tmp_path / "baseline.json"
    file.write_text(f'{{"a": {{"bound": {figure}, "ratio": 1.0}}}}')
    with pytest.raises(InputError, match="is not a baseline"):
        read_baseline(file)
