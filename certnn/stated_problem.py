"""The problem that a network was trained on, from data and weight decay as people have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.conventions import Convention, find_convention
from certnn.data_sources import encoded_labels
from certnn.errors import InputError
from certnn.formats import BiasedNetwork, read_network
from certnn.formats.biased_network import LOSS_AFTER
from certnn.kernel.instance import Bias
from certnn.losses import Loss, as_loss
from certnn.problem import TrainingProblem


def problem_for(
    network: Any,
    X: Any,
    y: Any,
    *,
    reg: float | None = None,
    convention: str | None = None,
    decay: float | None = None,
    batches: int = 1,
    loss: Loss | str | None = None,
    hidden_bias: Bias | None = None,
    output_bias: Bias | None = None,
) -> TrainingProblem:
    """The training problem of a network, with what the network itself tells of it.

    Parameters
    ----------
    network : TwoLayerNetwork, or what `certnn.formats.read_network` takes
        A checkpoint's path, a PyTorch module, a fitted estimator of scikit-learn among others.
    X : array_like, shape (n, d)
    y : array_like, shape (n, c) or (n,)
        Targets as `TrainingProblem` takes them; or one number a point, for a single output; or one
        class label a point, made targets as the loss wants them.
    reg : float or None
        Weight decay of a summed loss; or else `convention` and `decay`.
    convention : str or None
        A name in `certnn.conventions.CONVENTIONS`, such as "torch-mse-adamw".
    decay : float or None
        Weight decay as that library calls it.
    batches : int
        Minibatches an epoch, for scikit-learn.
    loss : Loss, str or None
        As in `TrainingProblem`; None: logistic or softmax where the network ends in that function,
        or the convention is for nothing else, and half-squared elsewhere.
    hidden_bias, output_bias : bool, "free" or None
        As in `TrainingProblem`; None: where the network has one, decayed, or free under a
        convention that spares biases. A network whose hidden bias is the last row of U does not
        tell, and needs it said.

    Raises
    ------
    InputError
        If the network cannot be read, an argument is unusable, or there is not just one weight
        decay.
    """
    if (reg is None) == (convention is None) or (convention is None) != (decay is None):
        raise InputError("reg", "is needed, or convention and decay instead")
    stored = read_network(network)
    terms = None if convention is None else find_convention(convention)
    own = _loss(stored, terms) if loss is None else as_loss(loss)
    if terms is not None and own.name not in terms.losses:
        raise InputError("convention", f"{terms.name} is not for {own.name}")
    hidden, output = own_biases(stored, terms)
    problem = TrainingProblem(
        X,
        _targets(y, stored.V.shape[1], own),
        1.0 if reg is None else reg,
        hidden if hidden_bias is None else hidden_bias,
        loss=own,
        output_bias=output if output_bias is None else output_bias,
    )
    if terms is None or decay is None:
        return problem
    return problem.with_reg(terms.reg(decay, problem.n, problem.c, batches))


def own_biases(network: BiasedNetwork, convention: Convention | None = None) -> tuple[Bias, Bias]:
    """Which biases a network has, of the hidden and of the output layer, and how they are decayed.

    Parameters
    ----------
    network : BiasedNetwork
        A hidden bias that is one more row of U, as in certnn's own networks, cannot be told.
    convention : Convention or None
        Biases are free if it spares them, else decayed like the weights.
    """
    kind: Bias = "free" if convention is not None and convention.spares_biases else True
    hidden, output = (
        False if bias is None else kind for bias in (network.hidden_bias, network.output_bias)
    )
    return hidden, output


def _loss(stored: BiasedNetwork, terms: Convention | None) -> Loss:
    name = LOSS_AFTER[stored.output_activation]
    if terms is not None and len(terms.losses) == 1:
        name = terms.losses[0]
    return as_loss(name)


def _targets(y: Any, outputs: int, loss: Loss) -> Any:
    given = np.asarray(y)
    if given.ndim != 1:
        return y
    if given.dtype.kind in "fiu" and outputs == 1 and loss.name in ("half-squared", "huber"):
        return given[:, None]
    targets: FloatArray = encoded_labels(given, loss)
    return targets
