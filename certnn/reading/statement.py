"""The problem that a network was trained on, from data and weight decay as people have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from certnn.errors import InputError
from certnn.kernel.instance import Bias
from certnn.problem.losses import Loss, as_loss
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.class_labels import stated_targets
from certnn.reading.conventions import Convention, find_convention
from certnn.reading.networks import BiasedNetwork, read_network
from certnn.reading.networks.biased_network import LOSS_AFTER
from certnn.reading.networks.lightning import own_training
from certnn.reading.networks.scikit_learn import own_decay

#: The convention of PyTorch's optimisers by the loss that is averaged as PyTorch does.
_OF_TORCH = {"half-squared": "torch-mse", "softmax": "torch-cross-entropy", "logistic": "torch-bce"}


def problem_for(
    network: Any,
    X: Any,
    y: Any,
    *,
    reg: float | None = None,
    convention: str | None = None,
    decay: float | None = None,
    batches: int = 1,
    weight_decay: float | None = None,
    loss: Loss | str | None = None,
    hidden_bias: Bias | None = None,
    output_bias: Bias | None = None,
) -> TrainingProblem:
    """The training problem of a network, with what the network itself tells of it.

    Parameters
    ----------
    network : TwoLayerNetwork, or what `certnn.reading.networks.read_network` takes, or None
        A checkpoint's path, a PyTorch module, a fitted estimator of scikit-learn among others.
    X : array_like, shape (n, d)
    y : array_like, shape (n, c) or (n,)
        Targets as `TrainingProblem` takes them, or class labels, one a point, made targets as the
        loss wants them (`certnn.reading.class_labels.stated_targets`): in the order of the
        estimator's `classes_` if it has those, else numbers ascending, else texts by characters.
    reg : float or None
        Weight decay of a summed loss; or else `convention` and `decay`, or `weight_decay`. With
        none of these a fitted estimator of scikit-learn says its alpha and batch size itself, and
        a PyTorch Lightning module its optimiser's weight decay, which biases have it, and its
        loss, if that is one of its parts.
    convention : str or None
        A name in `certnn.reading.conventions.CONVENTIONS`, such as "torch-mse-adamw".
    decay : float or None
        Weight decay as that library calls it.
    batches : int
        Minibatches an epoch, for scikit-learn.
    weight_decay : float or None
        That of PyTorch's SGD or Adam, with the loss averaged as PyTorch does by default.
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

    Examples
    --------
    A network without biases, trained by PyTorch's mean squared error and weight decay: reg = ncλ/2.

    >>> import certnn
    >>> network = certnn.TwoLayerNetwork([[1.0, -1.0]], [[1.0], [1.5]])
    >>> certnn.problem_for(network, [[1.0], [-1.0]], [1.0, 2.0], weight_decay=0.5)
    TrainingProblem(n=2, d=1, c=1, reg=0.5)
    """
    return stated_problem(
        network,
        X,
        y,
        reg=reg,
        convention=convention,
        decay=decay,
        batches=batches,
        weight_decay=weight_decay,
        loss=loss,
        hidden_bias=hidden_bias,
        output_bias=output_bias,
    )[0]


def stated_problem(
    network: Any,
    X: Any,
    y: Any,
    *,
    reg: float | None = None,
    convention: str | None = None,
    decay: float | None = None,
    batches: int = 1,
    weight_decay: float | None = None,
    loss: Loss | str | None = None,
    hidden_bias: Bias | None = None,
    output_bias: Bias | None = None,
) -> tuple[TrainingProblem, str]:
    """What `problem_for` returns, and how its reg follows from the weight decay ("" if given).

    Parameters are those of `problem_for`. Raises `InputError` as `problem_for` does.
    """
    stored = None if network is None else read_network(network)
    trained = None
    if weight_decay is not None:
        if reg is not None or convention is not None:
            raise InputError("weight_decay", "goes without reg and convention")
        convention, decay = _convention_of_torch(stored, loss), weight_decay
    elif reg is None and convention is None and decay is None:
        own = own_decay(network, np.shape(X)[0] if np.ndim(X) else 1)
        if own is not None:
            convention, (decay, batches) = "scikit-learn", own
        elif stored is not None:
            named = None if loss is None else as_loss(loss).name
            trained = own_training(network, stored, named)
            if trained is not None:
                convention, decay, loss = trained.convention, trained.decay, trained.loss
    require_one_decay(reg, convention, decay)
    terms = None if convention is None else find_convention(convention)
    chosen = own_loss(stored, terms) if loss is None else as_loss(loss)
    hidden, output = own_biases(stored, terms)
    if trained is not None:
        hidden, output = trained.hidden_bias, trained.output_bias
    if stored is not None:
        _require_order(X, y, stored)
    order = getattr(network, "classes_", None)
    outputs = None if stored is None else stored.V.shape[1]
    names = None if order is None else tuple(np.asarray(order).tolist())
    targets, classes = stated_targets("y", y, chosen, outputs, names)
    if classes and weight_decay is not None and loss is None and chosen.name == "half-squared":
        # Usual for classes is cross-entropy, of which a module does not tell.
        raise InputError(
            "loss",
            "has to be named for class labels: softmax is CrossEntropyLoss, logistic "
            "BCEWithLogitsLoss, half-squared MSELoss",
        )
    try:
        problem = TrainingProblem(
            X,
            targets,
            1.0 if reg is None else reg,
            hidden if hidden_bias is None else hidden_bias,
            loss=chosen,
            output_bias=output if output_bias is None else output_bias,
            classes=classes,
        )
    except InputError as error:
        if error.argument != "Y":
            raise
        raise InputError("y", error.reason) from None
    if terms is None or decay is None:
        return problem, ""
    problem, explained = terms.stated(problem, decay, batches)
    return problem, explained if trained is None else f"{explained}. {trained.said}"


def _convention_of_torch(stored: BiasedNetwork | None, loss: Loss | str | None) -> str:
    name = (own_loss(stored, None) if loss is None else as_loss(loss)).name
    if name not in _OF_TORCH:
        raise InputError("weight_decay", f"is for {', '.join(_OF_TORCH)}; for {name} give reg")
    return _OF_TORCH[name]


def require_one_decay(
    reg: float | None, convention: str | None, decay: float | None, dashes: str = ""
) -> None:
    """Raise `InputError` unless there is reg alone, or a convention and its decay.

    Parameters
    ----------
    reg, convention, decay
        As in `problem_for`.
    dashes : str
        What the user writes before these names.
    """
    if convention is not None and reg is not None:
        raise InputError(
            f"{dashes}reg", f"goes without {dashes}convention, which makes it of {dashes}decay"
        )
    if (convention is None) != (decay is None):
        beside = "is needed beside" if decay is None else "goes with"
        raise InputError(f"{dashes}decay", f"{beside} {dashes}convention")
    if convention is None and reg is None:
        raise InputError(
            f"{dashes}reg", f"is needed, or {dashes}convention and {dashes}decay instead"
        )


def _require_order(X: Any, y: Any, stored: BiasedNetwork) -> None:
    """Refuse a y that has as many columns as the network has inputs, where X has not."""
    inputs, shapes = stored.U.shape[0], [tuple(getattr(given, "shape", ())) for given in (X, y)]
    fits = [len(shape) == 2 and shape[1] == inputs for shape in shapes]
    if fits == [False, True] and shapes[0][1:] != (inputs - 1,):
        raise InputError("X", f"comes before y: here y has the {inputs} columns of X")


def own_biases(
    network: BiasedNetwork | None, convention: Convention | None = None
) -> tuple[Bias, Bias]:
    """Which biases a network has, of the hidden and of the output layer, and how they are decayed.

    Parameters
    ----------
    network : BiasedNetwork or None
        None has no biases. A hidden bias that is one more row of U, as in certnn's own networks,
        cannot be told.
    convention : Convention or None
        Biases are free if it spares them, else decayed like the weights.
    """
    if network is None:
        return False, False
    kind: Bias = "free" if convention is not None and convention.spares_biases else True
    hidden, output = (
        False if bias is None else kind for bias in (network.hidden_bias, network.output_bias)
    )
    return hidden, output


def own_loss(stored: BiasedNetwork | None, terms: Convention | None = None) -> Loss:
    """The loss where none is named, as `problem_for` says."""
    name = "half-squared" if stored is None else LOSS_AFTER[stored.output_activation]
    if terms is not None and len(terms.losses) == 1:
        name = terms.losses[0]
    return as_loss(name)
