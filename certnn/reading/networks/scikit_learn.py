"""Live multilayer perceptrons of scikit-learn."""

from __future__ import annotations

from math import ceil
from typing import Any

from certnn.errors import InputError
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.exact_floats import exact_float64


def read_scikit_learn(estimator: Any) -> BiasedNetwork:
    """Read a fitted ``MLPRegressor`` or ``MLPClassifier``; of a classifier the logits.

    Raises `InputError` if it is another estimator, is not fitted, or has another shape or
    activation.

    Parameters
    ----------
    estimator : sklearn.neural_network.MLPRegressor or MLPClassifier
        Fitted, with ReLU activation and one hidden layer.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = type(estimator).__name__
    if not isinstance(estimator, MLPClassifier | MLPRegressor):
        raise InputError(
            kind, "is not an MLPRegressor or MLPClassifier; of a pipeline, give its last step"
        )
    if not hasattr(estimator, "coefs_"):
        raise InputError(kind, "is not fitted")
    if estimator.activation != "relu":
        raise InputError(kind, f"has activation {estimator.activation!r}, not 'relu'")
    if len(estimator.coefs_) != 2:
        raise InputError(kind, f"has {len(estimator.coefs_) - 1} hidden layers, not one")
    if estimator.out_activation_ not in ("identity", "logistic", "softmax"):
        raise InputError(kind, f"has output activation {estimator.out_activation_!r}")
    (hidden, output), (hidden_bias, output_bias) = (
        [exact_float64(kind, f"{name}[{layer}]", array) for layer, array in enumerate(arrays)]
        for name, arrays in (("coefs_", estimator.coefs_), ("intercepts_", estimator.intercepts_))
    )
    return BiasedNetwork(
        hidden,
        output,
        hidden_bias,
        output_bias,
        output_activation=estimator.out_activation_,
        source=f"scikit-learn {kind}",
    )


def own_decay(estimator: Any, n: int) -> tuple[float, int] | None:
    """The alpha of such an estimator, and its minibatches an epoch of n points.

    None where it is no such estimator, or has not seen all the points (early stopping).
    """
    alpha, size = getattr(estimator, "alpha", None), getattr(estimator, "batch_size", None)
    if not hasattr(estimator, "coefs_") or alpha is None or size is None:
        return None
    if estimator.solver == "lbfgs":
        return float(alpha), 1
    if estimator.early_stopping:
        return None
    return float(alpha), ceil(n / (min(200, n) if size == "auto" else min(size, n)))
