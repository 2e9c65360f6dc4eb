"""A bound with confidence: how often it is right, and that nothing takes it for a proved one."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import psutil
import pytest
from distributed import LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

import certnn
from certnn import ConfidenceBound, LowerBoundResult, TrainingResult
from certnn.certificates.proved import proved_gap
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.search.confidence import Draw, least_mean
from certnn.search.results import ProvedLevel
from certnn.studies.tightness.ratio import Tightness
from certnn.testing import assert_certified_gap


def optimum(x, y, reg):
    """Of points on a line at 1 and −1, in closed form.

    The neurons of each side make one number a there, at a cost of reg·|a|.
    """
    total = 0.0
    for side in (1.0, -1.0):
        here = y[x == side]
        if here.size:
            a = np.sign(here.sum()) * max(abs(here.sum()) - reg, 0.0) / here.size
            total += 0.5 * np.sum((here - a) ** 2) + reg * abs(a)
    return total


def line(seed, n, noise=1.0):
    draw = np.random.default_rng(seed)
    x = draw.choice([1.0, -1.0], n)
    return x, np.where(x > 0.0, 2.0, -1.0) + noise * draw.standard_normal(n)


X, Y = line(0, 400)
REG = 20.0
PROBLEM = certnn.TrainingProblem(X[:, None], Y, REG)


def likely(**more):
    options = {"size": 40, "subsets": 30, "level": "dnn", **more}
    return certnn.sampled_bound(PROBLEM, **options)


@pytest.fixture(scope="module")
def sampled():
    return likely()


def bets(values, mean):
    """What the bets of the theorem have made after each value, exactly."""
    made, total = [[Fraction(1)] * 8], []
    for value in values:
        shares = (1 - Fraction(k, 8) + Fraction(k, 8) * value / mean for k in range(1, 9))
        made.append([before * share for before, share in zip(made[-1], shares, strict=True)])
        total.append(made[-1][-1] / 2 + sum(made[-1][:-1], Fraction(0)) / 14)
    return total


fractions = st.fractions(0, 10, max_denominator=50)


@given(
    st.lists(fractions | st.just(Fraction(0)), min_size=1, max_size=25),
    st.sampled_from([0.5, 0.9, 0.999, 0.999999]),
)
@settings(max_examples=60, deadline=None)
def test_the_mean_is_the_largest_that_the_bets_refute(values, confidence):
    mean, enough = least_mean(values, confidence), 1 / (1 - Fraction(str(confidence)))
    if mean:
        assert max(bets(values, mean)) >= enough
    above = mean * (1 + Fraction(1, 10**7)) or Fraction(1, 10**9)
    assert max(bets(values, above)) < enough


@given(st.lists(fractions, min_size=2, max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_smaller_bounds_and_missing_ones_never_say_more(values, data):
    smaller = [data.draw(st.sampled_from([value, value / 3, 0])) for value in values]
    least = least_mean(list(map(Fraction, smaller)), 0.9)
    assert least <= least_mean(values, 0.9) * (1 + Fraction(1, 10**8))
    assert least_mean(values, 0.9) <= least_mean([*values, Fraction(1)], 0.9) * (
        1 + Fraction(1, 10**8)
    )


@pytest.mark.parametrize("shape", ["two values", "rare", "skewed"])
def test_it_is_wrong_as_seldom_as_it_says(shape):
    """Of distributions whose mean is 1, also such as make means of samples too large."""
    draw, confidence, trials = np.random.default_rng(1), 0.8, 300
    wrong = too_large = 0
    for _ in range(trials):
        if shape == "two values":
            values = draw.choice([0.5, 1.5], 40)
        elif shape == "rare":  # nearly always 10 % above the mean
            values = np.where(draw.random(40) < 0.01, 0.0, 1.0 / 0.99)
        else:
            values = draw.exponential(size=40)
        wrong += least_mean([Fraction(value) for value in values], confidence) > 1
        too_large += np.mean(values) > 1.0
    assert wrong <= trials * (1.0 - confidence) + 3.0 * np.sqrt(trials * 0.16)
    assert too_large > trials * (1.0 - confidence) + 3.0 * np.sqrt(trials * 0.16)


def test_the_optimum_of_subsets_is_at_most_their_share_on_average():
    x, y = line(2, 9)
    for size, reg in itertools.product((1, 3, 8, 9), (0.1, 2.0)):
        subsets = map(list, itertools.combinations(range(9), size))
        mean = np.mean([optimum(x[rows], y[rows], reg * size / 9) for rows in subsets])
        assert mean <= optimum(x, y, reg) * size / 9 * (1.0 + 1e-12)


def test_it_is_below_the_optimum_of_exact_problems_as_often_as_it_says():
    confidence, trials, size, wrong = 0.8, 300, 40, 0
    whole = optimum(X, Y, REG)
    for seed in range(trials):
        draw = Draw(400, size, seed)
        rows = [draw.rows(k) for k in range(25)]
        exact = [Fraction(optimum(X[r], Y[r], draw.reg(REG))) for r in rows]
        limit = least_mean(exact, confidence) * 400 / size
        wrong += limit > whole
        assert limit > 0.7 * Fraction(whole)
    assert wrong <= trials * (1.0 - confidence)


def test_each_subset_is_proved_and_together_they_are_likely(sampled):
    whole = optimum(X, Y, REG)
    for number, bound in enumerate(sampled.bounds):
        rows = sampled.draw.rows(number)
        exact = optimum(X[rows], Y[rows], sampled.draw.reg(REG))
        assert 0.999 * exact <= bound.rounded <= exact * (1.0 + 1e-9)
    assert 0.7 * whole < sampled.lower_limit < whole
    mean = np.mean([bound.rounded for bound in sampled.bounds])
    assert sampled.lower_limit == pytest.approx(0.0005 ** (1 / 30) * mean * 10, rel=0.05)


def test_more_confidence_and_fewer_subsets_say_less(sampled):
    assert replace(sampled, confidence=0.99999).lower_limit < sampled.lower_limit
    fewer = replace(sampled, bounds=sampled.bounds[:10])
    assert fewer.lower_limit < sampled.lower_limit
    some = replace(sampled, bounds=(*sampled.bounds[:27], None, None, None))
    assert fewer.lower_limit < some.lower_limit < sampled.lower_limit
    none = replace(sampled, bounds=(None,) * 30)
    assert none.lower_limit == 0.0


@pytest.mark.parametrize(
    ("loss", "hidden", "output"),
    [
        ("half-squared", "free", "free"),
        ("half-squared", True, True),
        ("huber", False, "free"),
        ("hinge", True, True),
        ("squared-hinge", "free", False),
        ("logistic", "free", "free"),
        ("softmax", True, "free"),
    ],
)
def test_all_losses_and_biases(loss, hidden, output):
    draw = np.random.default_rng(3)
    data = draw.standard_normal((80, 2))
    targets = np.where(data[:, :1] * data[:, 1:] + 0.3 * draw.standard_normal((80, 1)) > 0, 1.0, 0)
    if loss == "softmax":
        targets = np.hstack([targets, 1.0 - targets])
    problem = certnn.TrainingProblem(data, targets, 8.0, hidden, loss=loss, output_bias=output)
    found = certnn.sampled_bound(problem, size=20, subsets=12, level="shor", confidence=0.9)
    trained = certnn.train(problem, level="shor", work_limit=2.0)
    assert found.missing == 0
    assert 0.0 < found.lower_limit < trained.objective.rounded


def test_a_subset_that_is_no_problem_counts_as_zero():
    targets = np.zeros((30, 1))
    targets[0] = 1.0  # beside a free bias, a subset without it is fitted without a network
    problem = certnn.TrainingProblem(
        np.arange(30.0)[:, None], targets, 1.0, loss="logistic", output_bias="free"
    )
    found = certnn.sampled_bound(problem, size=10, subsets=6, level="shor", confidence=0.5)
    assert 0 < found.missing < 6
    assert len(found.notes) == found.missing
    assert "one class only" in found.notes[0]


def test_it_says_with_which_confidence_and_not_that_it_is_proved(sampled):
    said = str(sampled)
    assert said.startswith("with confidence 99.9 %, not proved: training objective >= ")
    assert "30 random subsets of 40 points, seed 0" in said
    assert replace(sampled, confidence=0.99999).confidence_text == "99.999 %"
    assert replace(sampled, confidence=0.9).confidence_text == "90 %"
    assert "not proved" in sampled._repr_html_()
    document = json.loads(sampled.to_json())
    assert document["says"] == said
    assert document["problem"]["data_sha256"] == PROBLEM.data_sha256
    assert document["seed"] == 0
    for entry, bound in zip(document["subsets"], sampled.bounds, strict=True):
        assert entry == {"proved": bound.exact, "certificate_sha256": bound.evidence}


def test_nothing_takes_it_for_a_bound(sampled, tmp_path, capsys):
    assert not isinstance(sampled, certnn.Bound)
    shor = certnn.lower_bound(PROBLEM, "shor")
    empty = certnn.TwoLayerNetwork(np.zeros((1, 0)), np.zeros((0, 1)))
    objective = empty.evaluate(PROBLEM)
    taken = [
        lambda: replace(shor, bound=sampled),
        lambda: ProvedLevel("sample", sampled, 0.0),
        lambda: Tightness("sample", sampled, objective),
        lambda: TrainingResult(empty, sampled, shor, 0.0, False),
        lambda: TrainingResult(empty, objective, sampled, 0.0, False),
        lambda: proved_gap(sampled, objective),
        lambda: proved_gap(shor.bound, sampled),
        lambda: float(sampled),
        lambda: replace(sampled, bounds=(sampled,)),
    ]
    for name in ("improve", "near"):
        taken += [
            lambda name=name: certnn.lower_bound(PROBLEM, "shor", **{name: sampled}),
            lambda name=name: certnn.train(PROBLEM, level="shor", **{name: sampled}),
        ]
    taken += [
        lambda: certnn.audit(sampled, PROBLEM),
        lambda: certnn.audit(empty, sampled),
        lambda: certnn.lower_bound(sampled),
        lambda: assert_certified_gap(sampled, PROBLEM.X, PROBLEM.Y, REG, 0.5),
    ]
    for take in taken:
        with pytest.raises((TypeError, InputError, AttributeError)):
            take()
    for attribute in ("value", "exact", "rounded", "kind", "instance", "certificate"):
        assert not hasattr(sampled, attribute)
    sampled.save(tmp_path / "report.json")
    with pytest.raises(certnn.kernel.Malformed):
        certnn.check(tmp_path / "report.json")
    assert main(["check", str(tmp_path / "report.json")]) == 2
    assert main(["report", str(tmp_path)]) == 2
    assert "proved" not in capsys.readouterr().out


def test_only_lower_bounds_of_such_subsets_are_taken(sampled):
    shor = certnn.lower_bound(PROBLEM, "shor")
    rows = sampled.draw.rows(0)
    part = certnn.MappedProblem.of(PROBLEM).part(rows, sampled.draw.reg(REG))
    other = certnn.lower_bound(part.with_reg(REG), "shor")
    empty = certnn.TwoLayerNetwork(np.zeros((1, 0)), np.zeros((0, 1)))
    for bound, said in (
        (shor.bound, "n is 40, not 400"),
        (other.bound, "reg is 2, not 20"),
        (empty.evaluate(part), "is the objective of a network"),
    ):
        with pytest.raises(InputError, match=said):
            replace(sampled, bounds=(bound,))


def counted(monkeypatch):
    """How often a bound is searched for."""
    calls, search = [], certnn.search.sample.lower_bound

    def count(problem, **options):
        calls.append(problem)
        return search(problem, **options)

    monkeypatch.setattr("certnn.search.sample.lower_bound", count)
    return calls


def without_time(text):
    return {key: value for key, value in json.loads(text).items() if key != "interrupted"}


def test_a_folder_is_gone_on_from(sampled, tmp_path, monkeypatch):
    calls = counted(monkeypatch)
    assert likely(folder=tmp_path).bounds[3].value == sampled.bounds[3].value
    assert len(calls) == 30
    assert len([*tmp_path.glob("subset-*.json")]) == 30
    assert (tmp_path / "sample.json").read_text() == sampled.to_json()
    likely(folder=tmp_path)
    assert len(calls) == 30
    (tmp_path / "subset-00007.json").unlink()
    again = likely(folder=tmp_path, subsets=32)
    assert len(calls) == 33
    assert [bound.evidence for bound in again.bounds[:30]] == [
        bound.evidence for bound in sampled.bounds
    ]
    for other in ({"seed": 1}, {"confidence": 0.9}, {"size": 41}):
        with pytest.raises(InputError, match=rf"of a sample with another {next(iter(other))}"):
            likely(folder=tmp_path, **other)
    with pytest.raises(InputError, match="with another problem"):
        certnn.sampled_bound(PROBLEM.with_reg(3.0), size=40, folder=tmp_path)
    assert len(calls) == 33


def test_what_is_in_a_folder_is_not_believed(tmp_path):
    likely(subsets=3, folder=tmp_path)
    first, second = tmp_path / "subset-00000.json", tmp_path / "subset-00001.json"
    kept = first.read_text()
    document = json.loads(kept)
    document["claim"]["lower_bound"] = "1000000/1"
    for text, said in (
        (json.dumps(document), "is not a certificate to go on from"),
        ("{", "is not a certificate to go on from"),
        (second.read_text(), "is a certificate of another problem"),
    ):
        first.write_text(text)
        with pytest.raises(InputError, match=said):
            likely(subsets=3, folder=tmp_path)
    first.write_text(kept)
    for text, said in (("[]", "object"), ("{}", "is not the summary of a sample")):
        (tmp_path / "sample.json").write_text(text)
        with pytest.raises(InputError, match=said):
            likely(subsets=3, folder=tmp_path)


def test_processes_and_a_cluster_give_the_same(sampled, tmp_path):
    assert likely(jobs=2).to_json() == sampled.to_json()
    options = {"dashboard_address": ":0", "processes": False}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        cluster.get_client() as client,
    ):
        assert likely(cluster=client).to_json() == sampled.to_json()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_proved(sampled, tmp_path, jobs):
    def interrupt(stage, bound, objective):
        assert (bound, objective) == (None, None)
        if stage.startswith("subsets: 5 of 30; with confidence 99.9 %, not proved"):
            os.kill(os.getpid(), signal.SIGINT)

    found = likely(folder=tmp_path, jobs=jobs, progress=interrupt)
    assert found.interrupted
    assert 30 - found.missing in range(5, 8)
    assert 0.0 < found.lower_limit < sampled.lower_limit
    assert len([*tmp_path.glob("subset-*.json")]) == 30 - found.missing
    assert likely(folder=tmp_path).to_json() == sampled.to_json()


def test_a_process_that_is_killed_costs_what_it_was_at(sampled, tmp_path):
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    killed = []

    def kill(stage, bound, objective):
        if stage.startswith("subsets: 4 of 30"):
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if child.pid not in before and "LokyProcess" in " ".join(child.cmdline())
            ]
            killed.append(workers[0].pid)
            workers[0].kill()

    found = likely(folder=tmp_path, jobs=2, progress=kill)
    assert killed
    assert not found.interrupted
    assert 1 <= found.missing <= 2
    assert all("a process died" in note for note in found.notes)
    assert 0.0 < found.lower_limit < sampled.lower_limit
    assert likely(folder=tmp_path).to_json() == sampled.to_json()


def test_a_run_that_is_killed_is_gone_on_from(sampled, tmp_path):
    np.savez(tmp_path / "data.npz", X=PROBLEM.X, Y=PROBLEM.Y)
    options = ["--size", "40", "--subsets", "30", "--level", "dnn", "--out", "out"]
    child = subprocess.Popen(
        [sys.executable, "-m", "certnn", "sample", "--data", "data.npz", "--reg", "20", *options],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while len([*tmp_path.glob("out/subset-*")]) < 3 and child.poll() is None:
        time.sleep(0.01)
    child.kill()
    child.wait()
    kept = [*tmp_path.glob("out/subset-*")]
    assert len(kept) >= 3
    assert likely(folder=tmp_path / "out").to_json() == sampled.to_json()


def test_the_subsets_are_those_of_the_seed():
    draw = Draw(1000, 50, 7)
    for number in range(20):
        rows = draw.rows(number)
        assert rows.size == np.unique(rows).size == 50
        assert 0 <= rows[0] <= rows[-1] < 1000
        assert np.array_equal(rows, Draw(1000, 50, 7).rows(number))
        assert not np.array_equal(rows, draw.rows(number + 1))
    assert not np.array_equal(draw.rows(0), Draw(1000, 50, 8).rows(0))
    counts = np.bincount(np.concatenate([draw.rows(k) for k in range(2000)]), minlength=1000)
    assert abs(counts - 100.0).max() < 6.0 * np.sqrt(100.0)
    assert np.array_equal(Draw(5, 5, 0).rows(0), np.arange(5))


@given(st.floats(1e-90, 1e90), st.integers(1, 10**6), st.data())
def test_the_decay_of_a_subset_is_not_above_its_share(reg, n, data):
    size = data.draw(st.integers(1, n))
    part = Draw(n, size, 0).reg(reg)
    assert Fraction(part) <= Fraction(reg) * size / n < Fraction(np.nextafter(part, np.inf))


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"size": 401}, "size"),
        ({"size": 0}, "size"),
        ({"size": 1.5}, "size"),
        ({"subsets": 0}, "subsets"),
        ({"subsets": True}, "subsets"),
        ({"subsets": 10**9}, "subsets"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 99.9}, "confidence"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"level": "sure"}, "level"),
        ({"time_limit": -1.0}, "time_limit"),
        ({"work_limit": 0.0}, "work_limit"),
        ({"jobs": 0}, "jobs"),
    ],
)
def test_bad_input(options, argument):
    with pytest.raises(InputError, match=rf"^{argument}: "):
        likely(**options)


def test_what_is_no_problem_or_no_folder(tmp_path):
    with pytest.raises(InputError, match=r"^problem: must be a certnn.TrainingProblem"):
        certnn.sampled_bound(X)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        likely(folder=tmp_path / "file")


def test_results_are_refused_that_do_not_belong_together(sampled):
    assert isinstance(sampled, ConfidenceBound)
    with pytest.raises(InputError, match=r"^draw: "):
        replace(sampled, draw=Draw(399, 40, 0))
    with pytest.raises(InputError, match=r"^confidence: "):
        replace(sampled, confidence=2.0)
    with pytest.raises(AttributeError):
        sampled.lower_limit = 1e9
    assert not issubclass(ConfidenceBound, LowerBoundResult)
