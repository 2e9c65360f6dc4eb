"""Problems stated by a network, arrays and another library's weight decay, audited in one line."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

import certnn
from certnn.errors import InputError
from certnn.reading.networks import read_network

FILES = Path(__file__).parent / "files"


def arrays(n, d, c):
    draw = np.random.default_rng(0).standard_normal
    return draw((n, d)), draw((n, c))


def test_a_checkpoint_with_biases_in_one_line():
    stored = read_network(FILES / "float32.pt")
    X, Y = arrays(12, stored.U.shape[0], stored.V.shape[1])
    result = certnn.audit(FILES / "float32.pt", X, Y, reg=0.5, level="shor", work_limit=2.0)
    weights = (stored.U, stored.V, stored.hidden_bias, stored.output_bias)
    expected = 0.5 * np.sum((stored.output(X) - Y) ** 2)
    expected += 0.25 * sum(np.sum(array**2) for array in weights)
    assert result.report.network.objective == pytest.approx(expected, rel=1e-12)
    assert result.report.problem.hidden_bias == result.report.problem.output_bias == "decayed"


def test_one_more_row_than_columns_is_not_taken_for_a_bias():
    X, Y = arrays(6, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((4, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match="U"):
        certnn.audit(network, X, Y, reg=0.1)
    assert certnn.problem_for(network, X, Y, reg=0.1, hidden_bias=True).hidden_bias is True


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_of_scikit_learn_with_its_labels(classes):
    X, _ = arrays(40, 3, 1)
    labels = np.array(["a", "b", "c"])[np.argsort(np.argsort(X[:, 0])) * classes // 40]
    settings = {"alpha": 0.4, "solver": "lbfgs", "max_iter": 5000, "random_state": 0}
    model = MLPClassifier(hidden_layer_sizes=(6,), **settings).fit(X, labels)
    problem = certnn.problem_for(model, X, labels, convention="scikit-learn", decay=0.4)
    assert problem.loss.name == ("logistic" if classes == 2 else "softmax")
    assert problem.hidden_bias == problem.output_bias == "free"
    result = certnn.audit(model, problem, level="shor", work_limit=2.0)
    assert result.report.network.objective == pytest.approx(40 * model.loss_, rel=1e-6)


def test_a_regressor_with_one_number_a_point():
    X, Y = arrays(20, 3, 1)
    model = MLPRegressor(
        hidden_layer_sizes=(5,), alpha=0.3, solver="lbfgs", max_iter=5000, random_state=0
    )
    model.fit(X, Y[:, 0])
    problem = certnn.problem_for(model, X, Y[:, 0], convention="scikit-learn", decay=0.3)
    np.testing.assert_array_equal(problem.Y, Y)
    result = certnn.audit(model, problem, level="shor", work_limit=2.0)
    assert result.report.network.objective == pytest.approx(20 * model.loss_, rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "batches"),
    [
        ({"solver": "lbfgs"}, 1),
        ({"solver": "adam"}, 1),
        ({"solver": "sgd", "batch_size": 16}, 3),
    ],
)
def test_an_estimator_says_its_own_weight_decay(settings, batches):
    X, _ = arrays(40, 3, 1)
    labels = np.where(X[:, 0] > 0.0, "a", "b")
    model = MLPClassifier((6,), alpha=0.4, max_iter=5, random_state=0, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        model.fit(X, labels)
    own = certnn.problem_for(model, X, labels)
    said = certnn.problem_for(
        model, X, labels, convention="scikit-learn", decay=0.4, batches=batches
    )
    assert own == said
    assert own.reg == pytest.approx(0.4 * batches)
    result = certnn.audit(model, X, labels, level="shor", work_limit=2.0)
    assert result.report.decay.startswith("scikit-learn, the gradients of")
    assert result.report.problem.reg == own.reg


def test_an_estimator_that_has_not_seen_all_points_does_not_say_it():
    X, _ = arrays(40, 3, 1)
    model = MLPClassifier((6,), early_stopping=True, max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0] > 0.0)
    with pytest.raises(InputError, match="reg: is needed"):
        certnn.problem_for(model, X, X[:, 0] > 0.0)


def test_for_class_labels_a_weight_decay_of_pytorch_goes_with_a_named_loss():
    network = certnn.TwoLayerNetwork(np.ones((2, 3)), np.ones((3, 2)))
    X, labels = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], ["rain", "sun", "sun"]
    with pytest.raises(InputError, match="loss: has to be named for class labels: softmax is"):
        certnn.problem_for(network, X, labels, weight_decay=0.01)
    named = certnn.problem_for(network, X, labels, weight_decay=0.01, loss="half-squared")
    assert named.Y.tolist() == [[1, 0], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("loss", "convention"),
    [(None, "torch-mse"), ("softmax", "torch-cross-entropy"), ("logistic", "torch-bce")],
)
def test_the_weight_decay_of_pytorch_goes_with_the_loss(loss, convention):
    X, Y = arrays(12, 3, 2)
    Y = np.eye(2)[(Y[:, 0] > 0.0).astype(int)] if loss else Y
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    stated = certnn.problem_for(network, X, Y, weight_decay=0.01, loss=loss)
    assert stated == certnn.problem_for(network, X, Y, convention=convention, decay=0.01, loss=loss)
    with pytest.raises(InputError, match="weight_decay: goes without"):
        certnn.problem_for(network, X, Y, weight_decay=0.01, reg=0.1, loss=loss)
    with pytest.raises(InputError, match="for huber give reg"):
        certnn.problem_for(network, X, Y, weight_decay=0.01, loss="huber")


def test_a_convention_for_one_loss_says_the_loss():
    X, Y = arrays(6, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    signs = np.where(Y > 0.0, 1.0, -1.0)
    problem = certnn.problem_for(network, X, signs, convention="torch-bce", decay=0.01)
    assert problem.loss.name == "logistic"
    assert problem.reg == pytest.approx(6 * 2 * 0.01)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reg": 0.1, "convention": "sum", "decay": 0.1},
        {"reg": 0.1, "decay": 0.1},
        {"convention": "sum"},
        {"convention": "nobody's", "decay": 0.1},
        {"convention": "torch-bce", "decay": 0.1, "loss": "softmax"},
        {"convention": "sum", "decay": -1.0},
        {"reg": -1.0},
        {"reg": float("nan")},
    ],
)
def test_bad_statements_are_refused(more):
    X, Y = arrays(6, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(InputError):
        certnn.problem_for(network, X, Y, **more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "reg: is needed, or convention and decay instead"),
        ({"reg": 0.1, "convention": "sum", "decay": 0.1}, "reg: goes without convention"),
        ({"reg": 0.1, "convention": "sum"}, "reg: goes without convention"),
        ({"reg": 0.1, "decay": 0.1}, "decay: goes with convention"),
        ({"convention": "sum"}, "decay: is needed beside convention"),
        ({"convention": "torch-bce", "decay": 0.1, "loss": "softmax"}, "is for logistic, not for"),
    ],
)
def test_what_is_wrong_with_a_weight_decay_is_said(more, said):
    X, Y = arrays(6, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(InputError) as caught:
        certnn.problem_for(network, X, np.abs(Y), **more)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda net, problem, X, Y: certnn.audit(problem, net), "network"),
        (lambda net, problem, X, Y: certnn.audit(net, Y, X, reg=0.1), "X"),
        (lambda net, problem, X, Y: certnn.audit(net, X), "y"),
        (lambda net, problem, X, Y: certnn.audit(net, problem, reg=0.1), "reg"),
        (lambda net, problem, X, Y: certnn.audit(net, problem, time_limit=-1.0), "time_limit"),
        (lambda net, problem, X, Y: certnn.problem_for(net, X, np.where(Y, np.nan, Y), reg=1), "y"),
        (lambda net, problem, X, Y: certnn.lower_bound(net), "problem"),
        (lambda net, problem, X, Y: certnn.lower_bound(X), "problem"),
        (lambda net, problem, X, Y: certnn.train(net), "problem"),
        (lambda net, problem, X, Y: certnn.regularisation_path(X, [1.0]), "problem"),
        (lambda net, problem, X, Y: certnn.exact_solution(net), "problem"),
        (lambda net, problem, X, Y: certnn.tightness_verdict(net), "problem"),
        (lambda net, problem, X, Y: net.evaluate(X), "problem"),
    ],
)
def test_arguments_in_each_others_places(call, argument):
    X, Y = arrays(6, 4, 2)
    network = certnn.TwoLayerNetwork(np.ones((4, 2)), np.ones((2, 2)))
    with pytest.raises(InputError) as caught:
        call(network, certnn.TrainingProblem(X, Y, 0.1), X, Y)
    assert caught.value.argument == argument
    assert "-0.3" not in str(caught.value)  # a share of the limit, which nobody wrote


def test_without_a_network():
    X, Y = arrays(6, 3, 2)
    assert certnn.problem_for(None, X, Y, reg=0.1) == certnn.TrainingProblem(X, Y, 0.1)
    assert certnn.audit(None, X, Y, reg=9.0, level="shor", time_limit=1.0).report.network is None


def test_several_labels_a_point_of_scikit_learn():
    X, Y = arrays(40, 3, 3)
    bits = (Y > 0.0).astype(int)
    settings = {"alpha": 0.4, "solver": "lbfgs", "max_iter": 5000, "random_state": 0}
    model = MLPClassifier(hidden_layer_sizes=(6,), **settings).fit(X, bits)
    problem = certnn.problem_for(model, X, bits, convention="scikit-learn", decay=0.4)
    assert problem.loss.name == "logistic"
    value = certnn.reading.networks.network_for(problem, model).evaluate(problem).rounded
    assert value == pytest.approx(40 * model.loss_, rel=1e-6)


def test_a_problem_and_more_of_it_is_refused():
    X, Y = arrays(6, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match="where no TrainingProblem is given"):
        certnn.audit(network, certnn.TrainingProblem(X, Y, 0.1), Y)
    with pytest.raises(InputError):
        certnn.audit(network, X, Y)


def test_data_frames():
    import pandas

    X, Y = arrays(8, 3, 2)
    network = certnn.TwoLayerNetwork(np.ones((3, 2)), np.ones((2, 2)))
    frame = pandas.DataFrame(X, columns=["p", "q", "r"])
    problem = certnn.problem_for(network, frame, pandas.DataFrame(Y), reg=0.1)
    np.testing.assert_array_equal(problem.X, X)
    labels = pandas.Series(["yes", "no"] * 4)
    problem = certnn.problem_for(network, frame, labels, reg=0.1)
    np.testing.assert_array_equal(problem.Y[:2], [[0.0, 1.0], [1.0, 0.0]])


def test_a_loss_that_does_not_go_with_the_networks_end_is_refused():
    X, _ = arrays(40, 3, 1)
    labels = np.arange(40) % 3
    model = MLPClassifier((4,), max_iter=2000, solver="lbfgs", alpha=1.0, random_state=0)
    model.fit(X, labels)
    classes = np.eye(3)[labels]
    for loss, targets in (("logistic", 2.0 * classes - 1.0), ("half-squared", classes)):
        problem = certnn.TrainingProblem(X, targets, 0.1, True, loss=loss, output_bias=True)
        with pytest.raises(InputError, match="softmax function, with which goes the loss softmax"):
            certnn.audit(model, problem, level="shor", time_limit=1.0)
