"""The runner: cells, going on, failures, a cluster, tables and the command."""

import csv
import json
import sys
from itertools import product

import numpy as np
import pytest
from distributed import LocalCluster

from certnn import TrainingProblem, lower_bound
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import find_data_set, random_network_data
from certnn.studies.baselines import KernelRidge, nngp_kernel, ntk_kernel
from certnn.studies.experiments.cells import PLANS, cells, measure
from certnn.studies.experiments.dual_rounding import dual_point_of, round_dual_point
from certnn.studies.experiments.instances import instance_of
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.records import contradictions
from certnn.studies.experiments.rows import joined, targets, tightness_summaries
from certnn.studies.experiments.table import save_tables
from certnn.studies.experiments.validation import chosen_decay, kernel_fit, ridges
from certnn.studies.sweep import Outcome, run_sweep
from certnn.training import train_locally


@pytest.fixture
def no_torch(monkeypatch):
    measure(cell())  # imports what looks for PyTorch when it is imported
    monkeypatch.setitem(sys.modules, "torch", None)


def cell(**more):
    (only,) = cells("quick", ["accuracy"], ["iris"], [0.1], ["nngp"])
    return only | more


def random_cell(method, seed=0):
    return next(
        c for c in cells("quick", ["tightness"], ["random"], [0.1], [method]) if c["seed"] == seed
    )


def test_the_full_run_is_of_the_papers_size():
    found = cells(data_dir="folder")
    problems = {(c["table"], c["data"], c["reg"], c["hidden_bias"], c["seed"]) for c in found}
    tightness = [p for p in problems if p[0] == "tightness"]
    accuracy = [p for p in problems if p[0] == "accuracy"]
    assert len(tightness) == 2 * (100 + 1)
    assert len(accuracy) == 5 * 2 * 2
    fair = [c for c in found if c["table"] == "fair"]
    assert len(found) == len(tightness) * 5 + len(accuracy) * 6 + len(fair)
    assert {c["data_dir"] for c in found if c["data"] == "pima"} == {"folder"}
    assert {c["data_dir"] for c in found if c["data"] == "iris"} == {None}


@pytest.mark.parametrize(("plan", "minutes"), [("full", 200), ("quick", 8)])
def test_work_limits_fit_a_processor(plan, minutes):
    """Kernel machines end by themselves in seconds; of the random family few cells need theirs."""
    assert {m for t in PLANS[plan].work.values() for m in t} <= set(METHODS)
    accuracies = cells(plan, ["accuracy", "fair"])
    limits = [c["work_limit"] for c in accuracies if c["method"] not in ("nngp", "ntk")]
    assert sum(limits) <= 60 * minutes


def test_what_is_not_done_yet_can_be_gone_on_with(tmp_path):
    """Decays alternate, so that an interrupted run has as many problems of each."""
    regs = [c["reg"] for c in cells("full", ["tightness"], ["random"], methods=["global"])]
    assert regs[:4] == [0.1, 0.01, 0.1, 0.01]
    wanted = cells("quick", ["tightness", "accuracy"], ["random", "iris"], [0.1], ["nngp"])
    done = Outcome(wanted[0], None, "InputError: it failed", 1.0)
    save_tables(tmp_path, [done], "certnn experiments", wanted[1:])
    kept = (tmp_path / "experiments.md").read_text()
    assert (
        "\n## Not run\n\n- tightness, random: 1 of 2 cells\n- accuracy, iris: 1 of 1 cells\n"
        in kept
    )


def test_cells_are_of_what_is_asked_for():
    wanted = {"data": ["spiral", "wine"], "regs": [0.5], "methods": ["global", "ntk"]}
    found = cells("quick", ["tightness", "accuracy"], **wanted)
    seen = [(c["table"], c["data"], c["method"]) for c in found]
    assert seen == [
        ("tightness", "spiral", "global"),
        ("tightness", "spiral", "ntk"),
        ("accuracy", "wine", "global"),
        ("accuracy", "wine", "ntk"),
    ]
    with pytest.raises(InputError, match=r"methods: must be of rounded, global, sgd"):
        cells(methods=["magic"])
    with pytest.raises(InputError, match=r"datasets: must be of random, spiral, iris"):
        cells(data=["cifar"])


def test_instances_are_the_problems_they_name():
    assert instance_of(random_cell("global", 1)).problem == random_network_data(1, 0.1)
    found = instance_of(cell(hidden_bias=True))
    assert found.problem == find_data_set("iris").split().problem(0.1, True)


def test_a_cell_of_a_proof_is_in_order():
    trained, relaxed = measure(random_cell("global")), measure(random_cell("rounded"))
    assert trained["lower"]["value"] <= trained["objective"]["value"]
    assert trained["objective"]["value"] <= trained["lower"]["value"] * (1 + 2e-6)
    assert relaxed["level"] == "dnn"
    assert relaxed["solver"] == pytest.approx(relaxed["lower"]["value"], rel=1e-6)
    assert relaxed["lower"]["value"] < trained["lower"]["value"] * (1 + 1e-6)
    assert relaxed["objective"]["value"] >= trained["lower"]["value"]
    steps, objectives = zip(*trained["history"], strict=True)
    assert list(steps) == sorted(steps)
    assert list(objectives) == sorted(objectives, reverse=True)
    assert objectives[-1] == pytest.approx(trained["objective"]["value"], rel=1e-9)


def test_the_relaxation_of_real_data_is_at_its_best_level():
    """Never below what the level dnn alone proves with less work."""
    values = measure(cell(method="rounded", work_limit=6.0))
    problem = find_data_set("iris").split().problem(0.1)
    alone = lower_bound(problem, "dnn", work_limit=1.0)
    assert values["level"] in ("dnn", "lifts")
    assert alone.value <= values["lower"]["value"] <= values["objective"]["value"]


def test_a_cell_of_the_gated_program():
    gated, trained = measure(random_cell("gated")), measure(random_cell("global"))
    assert gated["objective"]["value"] >= trained["lower"]["value"]
    assert gated["objective"]["value"] < 0.5 * gated["null_loss"]
    assert "gated objective" in gated["notes"][0]


def test_a_cell_of_a_kernel_machine():
    values = measure(cell(method="ntk"))
    split = find_data_set("iris").split()
    ridge = chosen_ridge(ntk_kernel, split.train_X, split.train_Y, 5)
    fitted = KernelRidge.fit(ntk_kernel, split.train_X, split.train_Y, ridge)
    right = np.argmax(fitted.predict(split.test_X), axis=1) == np.argmax(split.test_Y, axis=1)
    assert values["honest"]["accuracy"] == np.mean(right)
    assert "objective" not in values
    biased = measure(cell(method="ntk", hidden_bias=True))
    assert biased["notes"] != values["notes"] or biased["paper"] != values["paper"]


def chosen_ridge(kernel, X, Y, folds):
    problem = TrainingProblem(X, Y, 1.0)
    fit, tried = kernel_fit(kernel), ridges(kernel, X)
    return chosen_decay(fit, problem, tried, Budget(), folds).decay


def test_ridges_are_chosen_by_the_training_half():
    """Of noise a large ridge, of a function without noise a small one."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((120, 3))
    clean = (np.abs(X[:, 0]) > 0.7).astype(int)
    noise = draw.integers(2, size=120)
    noise[X[:, 1] > 0] = np.where(draw.random(np.sum(X[:, 1] > 0)) < 0.75, 1, 0)
    small, large = (chosen_ridge(nngp_kernel, X, np.eye(2)[labels], 5) for labels in (clean, noise))
    assert small < large


def test_decays_are_chosen_by_the_training_half():
    """None so large that nothing is learnt, and of labels with noise none that learns them."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((60, 2))
    labels = (X[:, 0] * X[:, 1] > 0).astype(int)
    X[:, 0] += 0.6 * np.sign(X[:, 0])
    X[:, 1] += 0.6 * np.sign(X[:, 1])
    noisy = np.where(draw.random(60) < 0.3, 1 - (X[:, 0] > 0), X[:, 0] > 0).astype(int)
    clean, noise = (
        chosen_decay(
            *(trained, TrainingProblem(X, np.eye(2)[part], 1.0), (0.01, 1.0, 10.0, 1000.0)),
            *(Budget(work=6.0), 3),
        )
        for part in (labels, noisy)
    )
    assert clean.decay < 1000.0  # where no neuron is left
    assert noise.decay > 1e-2
    assert [decay for decay, _ in noise.accuracies] == [1000.0, 10.0, 1.0, 0.01]
    best = max(accuracy for _, accuracy in noise.accuracies)
    assert dict(noise.accuracies)[noise.decay] == best


def trained(problem, budget, start):
    starts = () if start is None else (start,)
    network = train_locally(problem, budget, starts=starts).network
    return network.output, network


def test_rounding_the_dual_point_of_an_exact_relaxation_is_optimal():
    """For heavy decay one neuron is left, and every level is exact."""
    plain = random_network_data(0, 0.1, n=8, c=1, neurons=1)
    problem = plain.with_reg(0.5 * float(np.linalg.norm(plain.X.T @ plain.Y)))
    lower = lower_bound(problem, "dnn")
    Z = dual_point_of(lower.certificate, problem)
    assert Z.shape == (8, 1)
    network = round_dual_point(problem, lower.certificate, Budget(work=5.0))
    assert network.width == 1
    objective = network.evaluate(problem).rounded
    assert objective == pytest.approx(lower.value, rel=1e-5)


@pytest.mark.usefixtures("no_torch")
def test_a_failed_cell_is_reported_and_run_again(tmp_path, capsys):
    out = tmp_path / "out"
    command = ["experiments", "--quick", "--datasets", "iris", "pima", "--reg", "0.1"]
    command += ["--methods", "sgd", "nngp", "--only", "accuracy"]
    command += ["--jobs", "1", "--out", str(out)]
    assert main(command) == 1
    assert "3 of 4 cells failed" in capsys.readouterr().out
    page = (out / "experiments.html").read_text()
    assert "3 cells failed" in page
    assert "gradient descent: training in PyTorch needs the package torch" in page
    assert "data_dir: is needed" in page
    with (out / "experiments.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["honest_accuracy"]) for row in rows] == [False, True, False, False]
    assert "PyTorch" in rows[0]["remark"]
    kept = (out / "experiments.md").read_text()
    assert "| iris, 0.1 | failed | 97.3 |" in kept
    assert "| pima, 0.1 | failed | failed |" in kept
    assert "- pima, 0.1, nngp: InputError: data_dir: is needed" in kept
    before = (out / "outcomes.jsonl").read_text().splitlines()
    assert main(command) == 1
    after = (out / "outcomes.jsonl").read_text().splitlines()
    assert after[:4] == before
    assert len(after) == 4 + 3


def test_from_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "out"
    command = ["experiments", "--quick", "--datasets", "random", "iris", "--reg", "0.1"]
    command += ["--methods", "frank-wolfe", "nngp", "--jobs", "1", "--out", str(out)]
    monkeypatch.setattr("certnn.studies.experiments.methods._FRANK_WOLFE_STEPS", 20)
    assert main([*command, "--only", "accuracy"]) == 0
    assert "nngp" in capsys.readouterr().out
    document = json.loads((out / "experiments.json").read_text())
    assert document["command"].startswith("certnn experiments --quick --datasets random iris")
    assert [c["cell"]["method"] for c in document["cells"]] == ["frank-wolfe", "nngp"]
    page = (out / "experiments.html").read_text()
    assert page.count("<svg") == 1
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--datasets", "nothing"],
        ["--only", "nothing"],
        ["--methods", "nothing"],
        ["--cluster", "nonsense://address"],
        ["--reg", "a"],
        [],
    ],
)
def test_bad_options_are_told_in_a_line(tmp_path, capsys, arguments):
    out = [] if not arguments else ["--out", str(tmp_path / "out")]
    try:
        code = main(["experiments", *arguments, *out])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_cluster_gives_what_processes_give(tmp_path):
    wanted = cells("quick", ["accuracy"], ["iris"], [0.1, 0.01], ["nngp", "ntk"])
    wanted += [cell(method="nngp", data="pima")]
    options = {"dashboard_address": ":0", "processes": False}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        cluster.get_client() as client,
    ):
        found, interrupted = run_sweep(wanted, measure, tmp_path / "one", cluster=client)
        command = ["experiments", "--quick", "--datasets", "iris", "--methods", "nngp", "ntk"]
        command += ["--only", "accuracy", "--out", str(tmp_path)]
        command += ["--cluster", cluster.scheduler_address]
        assert main(command) == 0
    assert not interrupted
    expected, _ = run_sweep(wanted, measure, tmp_path / "two")
    assert [o.cell for o in found] == [o.cell for o in expected]
    assert [o.error for o in found] == [o.error for o in expected]
    assert sum(bool(o.error) for o in found) == 1
    tested = [[o.values and o.values["honest"] for o in outcomes] for outcomes in (found, expected)]
    assert tested[0] == tested[1]
    with (tmp_path / "experiments.csv").open() as file:
        accuracies = [float(row["honest_accuracy"]) for row in csv.DictReader(file)]
    assert accuracies == [o.values["honest"]["accuracy"] for o in expected[:4]]


def outcome(method, objective=None, lower=None, accuracy=None, **more):
    values = {"history": [], "notes": []}
    if objective is not None:
        values["objective"] = {"value": objective, "exact": f"{objective}/1"}
    if lower is not None:
        values |= {"lower": {"value": lower, "exact": f"{lower}/1"}, "level": f"by {method}"}
    if accuracy is not None:
        values["honest"] = {"accuracy": accuracy}
    return Outcome(cell(method=method, **more), values, "", 1.0)


def test_rows_share_the_best_bound_and_network():
    rows = joined(
        [
            outcome("rounded", 20, 10),
            outcome("global", 16, 12),
            outcome("sgd", 40),
            outcome("global", 5, 4, data="spiral"),
        ]
    )
    assert [row.gap for row in rows] == pytest.approx([0.4, 0.25, 0.7, 0.2])
    assert all(row.gap >= 1 - row.lower / row.objective for row in rows)
    assert [row.level for row in rows] == ["by global"] * 4
    assert [row.best for row in rows] == [16, 16, 16, 5]
    summaries = tightness_summaries(
        joined([outcome("rounded", 20, 12, table="tightness"), outcome("sgd", 16)])
    )
    assert [(s.proves, s.least) for s in summaries] == [(True, 0.75), (False, 1.25)]


def test_misses_are_told():
    rows = joined(
        [
            outcome("global", 16, 12, accuracy=0.90),
            outcome("sgd", 15, accuracy=0.80),
            outcome("ntk", accuracy=0.92),
            outcome("global", 5, 4, accuracy=0.915, reg=0.01),
            outcome("ntk", accuracy=0.92, reg=0.01),
        ]
    )
    accuracy, objective, other = targets(rows)
    assert not accuracy.met
    assert accuracy.figures == "90.00 % against 92.00 % of tangent kernel"
    assert (objective.what, objective.met) == ("training objective, global trainer", False)
    assert other.met


def test_no_cell_is_below_what_another_proves_of_its_problem():
    """A larger decay, a smaller one in proportion, and a bias whose weight is zero."""
    rows = joined(
        [
            outcome("global", 20, 8, reg=0.5),
            outcome("global", 18, 12, reg=0.5, hidden_bias=True),
            outcome("global", 9, 1, reg=0.125),
            outcome("global", 12, 2, reg=0.125, hidden_bias=True),
            outcome("global", 30, 5, reg=1.0),
            outcome("global", 31, 5, reg=1.0, data="spiral"),
            outcome("global", 32, 5, reg=1.0, seed=3),
        ]
    )
    assert [float(row.lower) for row in rows] == [12.0, 12.0, 3.0, 3.0, 12.0, 5.0, 5.0]
    assert rows[0].level == "by global, proved at reg 0.5 with the bias"
    assert rows[3].level == "by global, proved at reg 0.5"
    assert [row.best for row in rows] == [20, 18, 9, 9, 30, 31, 32]


def test_bounds_that_are_carried_hold():
    """Against optima that are proved to a millionth, of a problem with and without the bias."""
    plain, outcomes = random_network_data(4, 0.1, n=8, d=2, c=1), []
    for reg, bias in product((0.05, 0.1), (False, True)):
        problem = TrainingProblem(plain.X, plain.Y, reg, bias)
        found = lower_bound(problem, "partition", gap=1e-6, work_limit=20.0)
        objective = found.network.evaluate(problem)
        values = {
            "lower": {"value": found.value, "exact": found.bound.exact},
            "level": found.level,
            "objective": {"value": objective.rounded, "exact": objective.exact},
        }
        one = cell(method="global", reg=reg, hidden_bias=bias)
        outcomes.append(Outcome(one, values, "", 1.0))
    rows = joined(outcomes)
    assert [row.lower <= row.best for row in rows] == [True] * 4
    assert contradictions(rows) == []
