"""Weight decay as other libraries call it, against their own losses and steps."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.conventions import CONVENTIONS, find_convention

SAID = np.load(Path(__file__).parent / "files" / "conventions.npz")
X, Y, DECAY = SAID["X"], SAID["Y"], float(SAID["decay"])
N, C = Y.shape


def gradient(U, V, reg, intercepts=(0.0, 0.0)):
    """Of ½‖F − Y‖² + (reg/2)(‖U‖² + ‖V‖²)."""
    hidden = X @ U + intercepts[0]
    active = np.maximum(hidden, 0.0)
    error = active @ V + intercepts[1] - Y
    inner = (error @ V.T) * (hidden > 0.0)
    return X.T @ inner + reg * U, active.T @ error + reg * V


@pytest.mark.parametrize("name", ["torch-mse", "torch-mse-sum"])
def test_a_step_of_torch_is_along_the_gradient(name):
    reg = CONVENTIONS[name].reg(DECAY, N, C)
    steps = np.concatenate([SAID[f"{name} U"].ravel(), SAID[f"{name} V"].ravel()])
    ours = np.concatenate([part.ravel() for part in gradient(SAID["U0"], SAID["V0"], reg)])
    np.testing.assert_allclose(steps / ours, steps[0] / ours[0], rtol=1e-9)


def test_losses_of_keras_are_multiples_of_the_objective():
    reg = CONVENTIONS["keras-mse"].reg(DECAY, N, C)
    problem = TrainingProblem(X, Y, reg)
    networks = [TwoLayerNetwork(SAID[f"U{i}"], SAID[f"V{i}"]) for i in range(3)]
    ours = [network.evaluate(problem).rounded for network in networks]
    ratios = SAID["keras-mse"] / ours
    np.testing.assert_allclose(ratios, 2.0 / (N * C), rtol=1e-6)  # it computes in float32


def ratios(said, targets, c, convention, loss):
    problem = TrainingProblem(X, targets, 1.0, loss=loss)
    problem = CONVENTIONS[convention].stated(problem, DECAY)[0]
    networks = [TwoLayerNetwork(SAID[f"U{i} {c}"], SAID[f"V{i} {c}"]) for i in range(3)]
    return SAID[said] / [network.evaluate(problem).rounded for network in networks]


@pytest.mark.parametrize("c", [1, 3])
@pytest.mark.parametrize(
    ("convention", "loss", "scale"),
    [
        ("torch-mse", "half-squared", lambda c: 2.0 / (N * c)),
        ("torch-mse-adamw", "half-squared", lambda c: 2.0 / (N * c)),
        ("torch-mse-sum", "half-squared", lambda c: 2.0),
        ("torch-bce", "logistic", lambda c: 1.0 / (N * c)),
        ("torch-cross-entropy", "softmax", lambda c: 1.0 / N),
        ("keras-mse", "half-squared", lambda c: 2.0 / (N * c)),
        ("keras-cross-entropy", "logistic", lambda c: 1.0 / (N * c)),
        ("keras-cross-entropy", "softmax", lambda c: 1.0 / N),
    ],
)
def test_the_librarys_objective_is_a_multiple_of_ours(convention, loss, scale, c):
    """Of networks whose penalties are different shares of it, so that no other decay will do."""
    if loss == "softmax" and c == 1:  # no library has it: one class
        c = 3
    said = f"{convention.removesuffix('-adamw')} {loss} {c}"
    found = ratios(said, SAID[f"{loss} {c}"], c, convention, loss)
    np.testing.assert_allclose(found, scale(c), rtol=1e-6)  # Keras may compute in float32


def test_weights_of_points_in_keras_are_rows_of_softmax_targets():
    targets = SAID["weights"][:, None] * SAID["softmax 3"]
    found = ratios("keras weighted", targets, 3, "keras-cross-entropy", "softmax")
    np.testing.assert_allclose(found, 1.0 / N, rtol=1e-6)


@pytest.mark.parametrize("convention", ["torch-cross-entropy", "scikit-learn"])
def test_weights_that_a_library_divides_by_are_refused(convention):
    targets = SAID["weights"][:, None] * SAID["softmax 3"]
    problem = TrainingProblem(X, targets, 1.0, loss="softmax")
    with pytest.raises(InputError, match="divides by the weights") as caught:
        CONVENTIONS[convention].stated(problem, DECAY)[0]
    assert caught.value.argument == "convention"


def test_keras_cross_entropy_is_not_the_same_for_both_its_losses():
    convention = CONVENTIONS["keras-cross-entropy"]
    with pytest.raises(InputError, match="loss: is needed"):
        convention.reg(0.1, 5, 3)
    text = convention.explained(0.125, 5, 3)
    assert "reg = 2ncλ = 3.75" in text
    assert "reg = 2nλ = 1.25" in text


@pytest.mark.parametrize("batches", [0, 2.5, "many"])
def test_bad_batches_are_refused_by_name(batches):
    with pytest.raises(InputError) as caught:
        CONVENTIONS["scikit-learn"].reg(0.1, 5, 2, batches)
    assert caught.value.argument == "batches"


@pytest.mark.parametrize("batches", [1, 3])
def test_an_epoch_of_scikit_learn_is_along_the_gradient(batches):
    """Of steps so short that the weights are the same for all minibatches."""
    alpha, rate = 0.7, 1e-7
    model = MLPRegressor(
        hidden_layer_sizes=(4,),
        solver="sgd",
        alpha=alpha,
        batch_size=N // batches,
        learning_rate_init=rate,
        momentum=0.0,
        max_iter=1,
        warm_start=True,
        random_state=0,
    )
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    before = [weights.copy() for weights in (*model.coefs_, *model.intercepts_)]
    with pytest.warns(ConvergenceWarning):
        model.fit(X, Y)
    steps = np.concatenate(
        [(old - new).ravel() for old, new in zip(before, model.coefs_, strict=False)]
    )
    reg = CONVENTIONS["scikit-learn"].reg(alpha, N, C, batches)
    ours = gradient(before[0], before[1], reg, before[2:])
    ours = np.concatenate([part.ravel() for part in ours])
    np.testing.assert_allclose(steps, rate * batches / N * ours, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_reg_scales_with_decay_and_is_explained(name):
    convention = find_convention(name)
    for loss in convention.losses:
        reg = convention.reg(0.5, 7, 3, 2, loss=loss)
        assert reg == pytest.approx(5.0 * convention.reg(0.1, 7, 3, 2, loss=loss))
        text = convention.explained(0.5, 7, 3, 2, loss=loss)
        assert f"{reg:.10g}" in text
        assert name in text


def test_adamw_is_said_to_minimise_no_objective():
    assert "no objective exactly" in find_convention("torch-mse-adamw").explained(0.1, 5, 2)


@pytest.mark.parametrize("decay", [0.0, -1.0, float("nan"), float("inf"), "much", None])
def test_bad_decay_is_refused_by_name(decay):
    with pytest.raises(InputError) as caught:
        CONVENTIONS["mean"].reg(decay, 5, 2)
    assert caught.value.argument == "decay"


@pytest.mark.parametrize("name", ["pytorch", 3, ["mean"]])
def test_unknown_convention_is_refused_by_name(name):
    with pytest.raises(InputError, match="torch-mse") as caught:
        find_convention(name)
    assert caught.value.argument == "convention"


def test_minibatches_are_spoken_of_where_there_are_some():
    terms = CONVENTIONS["scikit-learn"]
    assert "minibatches" not in terms.explained(0.1, 10, 1, loss="half-squared")
    assert terms.explained(0.1, 10, 1, 2).endswith(
        "With minibatches this is the mean over an epoch"
    )
