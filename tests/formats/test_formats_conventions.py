"""Weight decay as other libraries call it, against their own losses and steps."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from certnn.conventions import CONVENTIONS, find_convention
from certnn.errors import InputError
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem

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
    assert convention.reg(0.5, 7, 3, 2) == pytest.approx(5.0 * convention.reg(0.1, 7, 3, 2))
    text = convention.explained(0.5, 7, 3, 2)
    assert repr(convention.reg(0.5, 7, 3, 2)) in text
    assert name in text


def test_adamw_is_said_to_minimise_no_objective():
    assert "no objective exactly" in find_convention("torch-mse-adamw").explained(0.1, 5, 2)


@pytest.mark.parametrize("decay", [0.0, -1.0, float("nan"), float("inf")])
def test_bad_decay_is_refused_by_name(decay):
    with pytest.raises(InputError) as caught:
        CONVENTIONS["mean"].reg(decay, 5, 2)
    assert caught.value.argument == "decay"


def test_unknown_convention_is_refused_by_name():
    with pytest.raises(InputError, match="torch-mse") as caught:
        find_convention("pytorch")
    assert caught.value.argument == "convention"
