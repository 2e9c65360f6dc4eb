"""The fair table: the same folds for all, means over splits, and what is said of them."""

import json
import math

import numpy as np
import pytest

from certnn import TrainingProblem
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.reading.datasets import DATA_SETS, find_data_set, standardised
from certnn.studies.experiments.cells import cells, measure
from certnn.studies.experiments.fair import DECAYS, run_fairly
from certnn.studies.experiments.fair_rows import Mean, fair_rows
from certnn.studies.experiments.fair_table import fair_markdown, summary
from certnn.studies.experiments.instances import instance_of
from certnn.studies.experiments.methods import Effort
from certnn.studies.experiments.records import examine
from certnn.studies.experiments.rows import joined
from certnn.studies.experiments.table import page, save_tables, terminal_tables
from certnn.studies.experiments.validation import chosen_decay
from certnn.studies.sweep import Outcome


def effort():
    return Effort(Budget(work=10.0), 1e-2, "fair")


def fair_cells(**more):
    return cells("quick", ["fair"], **more)


def test_the_table_has_all_data_sets_and_chosen_beside_given_decays():
    found = cells("full", ["fair"], data_dir="folder")
    assert {c["data"] for c in found} == set(DATA_SETS)
    assert {c["reg"] for c in found} == {None, 0.1, 0.01}
    assert {c["seed"] for c in found} == set(range(4))
    assert {c["method"] for c in found if c["reg"] is not None} == {"global", "sgd"}
    assert len(found) == 8 * 2 * 4 * (4 + 2 * 2)


def test_splits_are_standardised_on_the_training_half():
    (cell,) = [
        c
        for c in fair_cells(data=["wine"], methods=["nngp"])
        if c["reg"] is None and c["seed"] == 1
    ]
    found = instance_of(cell)
    split = standardised(find_data_set("wine").split(None, 1))
    assert np.array_equal(found.split.test_X, split.test_X)
    assert np.array_equal(found.problem.X, split.train_X)
    assert not np.array_equal(split.train_X, find_data_set("wine").split().train_X)


def test_every_method_sees_the_same_folds():
    draw = np.random.default_rng(0)
    problem = TrainingProblem(draw.standard_normal((30, 2)), np.eye(3)[np.arange(30) % 3], 1.0)
    seen = []

    def fit(part, budget, start):
        seen.append((part.reg, part.data_sha256))
        return lambda X: np.ones((len(X), 3)), None

    for decays in ((1.0, 2.0), (0.5, 7.0)):
        chosen_decay(fit, problem, decays, Budget(), 3, seed=4)
    first, second = seen[:6], seen[6:]
    assert [reg for reg, _ in first] == [2.0, 1.0] * 3
    assert [data for _, data in first] == [data for _, data in second]
    assert len({data for _, data in first}) == 3


@pytest.mark.parametrize("method", ["global", "nngp", "gated"])
def test_the_decay_is_chosen_on_the_training_half(method):
    """Two classes apart, and a fifth of the labels wrong: what learns them all is not chosen."""
    draw = np.random.default_rng(1)
    X = draw.standard_normal((60, 2)) + np.where(np.arange(60) % 2, 1.5, -1.5)[:, None]
    labels = np.where(draw.random(60) < 0.2, np.arange(60) + 1, np.arange(60)) % 2
    problem = TrainingProblem(X, np.eye(2)[labels], 1.0, hidden_bias=True)
    trained, choice = run_fairly(problem, method, effort())
    tried = [decay for decay, _ in choice.accuracies]
    assert tried == sorted(tried, reverse=True)
    accuracies = dict(choice.accuracies)
    assert accuracies[choice.decay] == max(accuracies.values())
    assert choice.decay > min(tried)
    right = np.argmax(trained.iterates[-1](problem.inputs), axis=1) == labels
    assert np.mean(right) > 0.7
    if method == "global":
        assert set(tried) == set(DECAYS)
        assert trained.lower.bound.instance.reg == choice.decay
        other = run_fairly(problem.with_reg(9.0), method, effort())[1]
        assert other.accuracies == choice.accuracies


def test_a_cell_says_what_was_chosen():
    wanted = [
        c
        for c in fair_cells(data=["iris"], methods=["global", "ntk"], regs=[0.1])
        if c["seed"] == 0
    ]
    assert [(c["reg"], c["method"]) for c in wanted] == [
        (None, "global"),
        (None, "ntk"),
        (0.1, "global"),
    ]
    chosen, kernel, given = (
        json.loads(json.dumps(measure(c | {"work_limit": 10.0}))) for c in wanted
    )
    for values in (chosen, kernel, given):
        examine(values)
        assert values["honest"]["accuracy"] > 0.7
    assert chosen["decay"] in DECAYS
    assert len(chosen["validation"]) == len(DECAYS)
    assert chosen["lower"]["value"] <= chosen["objective"]["value"]
    assert "lower" not in kernel
    assert "decay" not in given
    with pytest.raises(InputError, match="validation: must be pairs"):
        examine(chosen | {"validation": [[1.0]]})
    with pytest.raises(InputError, match="validation: is missing"):
        examine({name: value for name, value in chosen.items() if name != "validation"})


def outcome(method, seed, accuracy, reg=None, bias=False, data="iris", **more):
    cell = {"table": "fair", "data": data, "reg": reg, "hidden_bias": bias}
    cell |= {"seed": seed, "method": method}
    if accuracy is None:
        return Outcome(cell, None, "InputError: it failed", 1.0)
    return Outcome(cell, {"honest": {"accuracy": accuracy}, "notes": [], **more}, "", 1.0)


def proved(objective, lower, decay):
    figures = {"objective": objective, "lower": lower}
    exact = {name: {"value": float(x), "exact": f"{x}"} for name, x in figures.items()}
    return exact | {"level": "dnn", "decay": decay}


@pytest.fixture
def outcomes():
    """Of four splits: a difference of 4 ± 0.4 points to descent, 1 ± 1 to the kernel."""
    ours, descent, kernel = (90, 92, 94, 96), (86, 89, 90, 91), (91, 90, 93, 94)
    together = [
        *(
            outcome("global", k, a / 100, **proved(16, lower, 10.0**-k))
            for k, (a, lower) in enumerate(zip(ours, (12, 10, 8, 4), strict=True))
        ),
        *(outcome("sgd", k, a / 100) for k, a in enumerate(descent)),
        *(outcome("ntk", k, a / 100) for k, a in enumerate(kernel)),
    ]
    failed = [outcome("gated", k, None if k == 2 else 0.99) for k in range(4)]
    return [*together, *failed]


def test_means_and_errors():
    mean = Mean((0.1, 0.3))
    assert mean.mean == pytest.approx(0.2)
    assert mean.error == pytest.approx(0.1)  # the deviation is 0.2/√2, of two splits
    assert math.isnan(Mean((0.5,)).error)


def test_a_row_of_the_table(outcomes):
    (row,) = fair_rows(joined(outcomes))
    assert row.accuracies["global"].values == (0.90, 0.92, 0.94, 0.96)
    assert row.failed == ("gated",)
    assert row.best == "ntk"
    assert row.within_an_error is True
    assert row.effect == "helps"
    assert row.gaps == (0.25, 0.375, 0.5, 0.75)
    assert row.middle_gap == 0.4375
    assert row.decays == (1.0, 0.1, 0.01, 0.001)


def test_what_another_method_proves_of_a_network_s_problem_is_its_gap():
    """At the decay that the other chose too, in proportion; and none of another split."""
    ours = [outcome("global", k, 0.5, **proved(16, 4, 2.0)) for k in range(2)]
    other = outcome("rounded", 1, 0.5, **proved(32, 24, 4.0))
    (row,) = fair_rows(joined([*ours, other]))
    assert row.gaps == (0.75, 0.25)
    (row,) = fair_rows(
        joined([*ours, outcome("rounded", 1, 0.5, reg=2.0, **proved(32, 8, 2.0))])[:2]
    )
    assert row.gaps == (0.75, 0.5)


def test_splits_are_paired_whatever_their_order(outcomes):
    assert (
        fair_rows(joined(outcomes[::-1]))[0].accuracies == fair_rows(joined(outcomes))[0].accuracies
    )
    others = [o for o in outcomes if (o.cell["method"], o.cell["seed"]) != ("sgd", 1)]
    (row,) = fair_rows(joined(others))
    assert row.effect == "unknown"
    assert "sgd" in row.failed


@pytest.mark.parametrize(
    ("descent", "effect"),
    [
        ((0.90, 0.92, 0.94, 0.96), "no difference"),
        ((0.90, 0.92, 0.94, 0.95), "no difference"),  # one error apart
        ((0.95, 0.97, 0.97, 0.99), "costs"),
    ],
)
def test_the_effect_of_global_optimality(outcomes, descent, effect):
    others = [o for o in outcomes if o.cell["method"] != "sgd"]
    descended = [outcome("sgd", k, a) for k, a in enumerate(descent)]
    (row,) = fair_rows(joined([*others, *descended]))
    assert row.effect == effect
    assert row.within_an_error is (effect != "costs")


def test_one_split_says_nothing(outcomes):
    (row,) = fair_rows(joined([o for o in outcomes if o.cell["seed"] == 0]))
    assert (row.effect, row.within_an_error) == ("unknown", None)
    assert "Within a standard error of the best other method: 0 of 0." in summary([row])


def test_the_tables_say_it(outcomes, tmp_path):
    given = [outcome("global", k, 0.5, reg=0.1, **proved(4, 3, 0.1)) for k in range(4)]
    text = "\n".join(fair_markdown(fair_rows(joined([*given, *outcomes]))))
    row, last = text.splitlines()[-2:]
    assert row == (
        "| iris | chosen, 0.055 | 93.0 ± 1.3 | 89.0 ± 1.1 | failed | 92.0 ± 0.9 | yes | helps | "
        "43.8 %, 75.0 % |"
    )
    assert last.startswith("| iris | 0.1 | 50.0 ± 0.0 | – |")
    assert "of the best other method: 1 of 1. Helps: iris. No difference: nowhere." in text
    assert list(fair_markdown([])) == []
    save_tables(tmp_path, outcomes, "certnn experiments --only fair")
    assert row in (tmp_path / "experiments.md").read_text()
    assert (
        "- iris, chosen decay, gated: InputError: it failed"
        in (tmp_path / "experiments.md").read_text()
    )
    kept = json.loads((tmp_path / "experiments.json").read_text())["fair"]
    assert kept[0]["accuracies"]["sgd"]["values"] == [0.86, 0.89, 0.9, 0.91]
    assert "93.0 ± 1.3" in page(outcomes, "certnn")
    assert len(list(terminal_tables(outcomes))) == 1
