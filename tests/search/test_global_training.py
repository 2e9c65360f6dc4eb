"""Training with a proof: gaps that are proved, optima known otherwise, checkpoints, resuming."""

import signal

import numpy as np
import pytest

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import iris, random_network_data, spirals
from certnn.reading.npz import load_network, save_data
from certnn.search.resume import proved_before
from certnn.training import training_objective


@pytest.mark.parametrize("reg", [0.1, 0.01])
@pytest.mark.parametrize("seed", [0, 2, 12])
def test_random_family_to_a_millionth(seed, reg):
    problem = random_network_data(seed, reg)
    result = certnn.train(problem, gap=1e-6)
    assert 0.0 <= result.gap <= 1e-6
    assert result.certificate.check("python").value == result.lower.bound.value
    assert result.objective.value == result.network.evaluate(problem).value
    assert result.objective.value >= result.lower.bound.value


@pytest.mark.parametrize("arms", [2, 3])
def test_spirals_to_a_millionth(arms):
    problem = spirals(arms, 0.01)
    assert problem.X.shape == (60, 2)
    assert certnn.train(problem, gap=1e-6).gap <= 1e-6


def test_one_column_in_closed_form():
    draw = np.random.default_rng(0).standard_normal
    x, Y = draw(12), draw((12, 3))
    result = certnn.train(certnn.TrainingProblem(x[:, None], Y, 1.0), gap=1e-9)
    # Only u = 1 and u = −1 exist, and their activations do not overlap: two scalar problems.
    expected = 0.5 * np.sum(Y**2)
    for a in (np.maximum(x, 0.0), np.maximum(-x, 0.0)):
        expected -= 0.5 * max(np.linalg.norm(a @ Y) - 1.0, 0.0) ** 2 / (a @ a)
    assert result.objective.rounded == pytest.approx(expected, rel=1e-9)
    assert result.lower.value == pytest.approx(expected, rel=2e-9)


def test_no_gap_is_as_far_as_floats_go():
    # Every direction is found at once here, so that accuracy is all that is left to gain.
    result = certnn.train(random_network_data(7, 0.1, 6, 1, 1), gap=0.0)
    assert result.gap <= 1e-8


def test_iris_in_four_dimensions():
    problem = iris(0.1)
    result = certnn.train(problem, gap=1e-3)
    assert result.gap <= 1e-3
    # Carathéodory: at most n·c neurons have the same outputs at the same weight decay.
    assert result.network.width <= problem.n * problem.c
    assert len(result.certificate.document) < 5_000_000


def test_any_network_is_above_the_bound():
    problem = random_network_data(5, 0.1, n=12, d=3, c=2)
    result = certnn.train(problem, gap=1e-4)
    draw = np.random.default_rng(0).standard_normal
    for width in (1, 5, 40):
        other = certnn.TwoLayerNetwork(0.5 * draw((3, width)), 0.5 * draw((width, 2)))
        assert other.evaluate(problem).value >= result.lower.bound.value
        better = certnn.train(problem, start=other, gap=1e-2)
        assert better.objective.value <= other.evaluate(problem).value
        assert better.objective.value >= result.lower.bound.value


def test_many_columns_train_apart_from_the_proof():
    draw = np.random.default_rng(3).standard_normal
    problem = certnn.TrainingProblem(draw((9, 14)), draw((9, 2)), 0.5)
    result = certnn.train(problem, level="shor", work_limit=4.0)
    assert result.lower.level == "shor"
    assert 0.0 <= result.gap < 1.0
    assert result.network.width > 0


def test_nothing_to_learn():
    blank = certnn.TrainingProblem(np.zeros((3, 2)), np.ones((3, 1)), 0.1)
    heavy = certnn.TrainingProblem(np.eye(2), np.ones((2, 1)), 1e6)
    zero = certnn.TrainingProblem(np.eye(2), np.zeros((2, 1)), 0.1)
    for problem in (blank, heavy, zero):
        result = certnn.train(problem)
        assert result.network.width == 0
        assert result.objective.value == problem.null_loss
        assert result.gap <= 1e-9


def test_same_seed_same_result():
    problem = random_network_data(6, 0.1, n=15, d=3, c=2)
    first, second = (certnn.train(problem, gap=1e-2, seed=4) for _ in range(2))
    assert first.certificate.document == second.certificate.document
    np.testing.assert_array_equal(first.network.U, second.network.U)


@pytest.mark.parametrize("gap", [-0.1, 1.0, float("nan")])
def test_bad_gap(gap):
    with pytest.raises(InputError, match="gap"):
        certnn.train(random_network_data(0, 0.1), gap=gap)


def test_checkpoints_get_better_and_are_enough_to_go_on(tmp_path):
    problem = random_network_data(7, 0.1, n=15, d=3, c=2)
    kept = []
    result = certnn.train(problem, gap=1e-3, checkpoint=kept.append)
    values = [part.bound.value for part in kept]
    assert len(values) > 2
    assert values == sorted(values)
    assert values[-1] == result.lower.bound.value
    middle = kept[len(kept) // 2]
    file = tmp_path / "certificate.json"
    middle.certificate.save(file)
    earlier = proved_before(problem, file)
    again = certnn.train(problem, gap=1e-3, start=middle.network, improve=earlier)
    assert again.gap <= 1e-3
    assert again.lower.proved[0].level == "earlier run"
    with pytest.raises(InputError, match="another problem"):
        proved_before(random_network_data(8, 0.1), file)


def test_an_interrupt_keeps_what_is_proved():
    problem = random_network_data(9, 0.1, n=15, d=3, c=2)

    asked = []

    def interrupt(stage, bound, objective):
        near = bound is not None and objective is not None and objective - bound < 0.3 * objective
        if near and not asked:
            asked.append(stage)
            signal.raise_signal(signal.SIGINT)

    result = certnn.train(problem, gap=0.0, progress=interrupt)
    assert result.interrupted
    assert 0.0 < result.gap < 0.3
    assert result.certificate.check().value == result.lower.bound.value


def test_command_line_trains_and_resumes(tmp_path, capsys):
    problem = random_network_data(10, 0.1, n=15, d=3, c=2)
    data, net, proof = (str(tmp_path / name) for name in ("d.npz", "n.npz", "c.json"))
    save_data(data, problem)
    command = ["train", "--data", data, "--reg", "0.1", "--out", net, "--certificate", proof]
    assert main([*command, "--gap", "0.1"]) == 0
    first = capsys.readouterr().out
    assert "proved by partition" in first
    before = training_objective(problem, load_network(net))
    assert main([*command, "--gap", "0.001", "--resume"]) == 0
    assert "gap: no network of any width is better by more than 0.0" in capsys.readouterr().out
    assert training_objective(problem, load_network(net)) <= before
    assert main(["check", proof, "--data", data]) == 0


def test_resuming_from_something_else_is_refused(tmp_path, capsys):
    problem = random_network_data(10, 0.1, n=15, d=3, c=2)
    data, net, proof = (str(tmp_path / name) for name in ("d.npz", "n.npz", "c.json"))
    save_data(data, problem)
    (tmp_path / "c.json").write_text("{}")
    command = ["train", "--data", data, "--reg", "0.1", "--out", net, "--certificate", proof]
    assert main([*command, "--resume"]) == 2
    assert "not a certificate" in capsys.readouterr().err
