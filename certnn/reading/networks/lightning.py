"""What a PyTorch Lightning module says of its own training: weight decay, biases and loss.

Neither Lightning nor PyTorch is imported: any module with ``configure_optimizers`` will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from certnn.errors import InputError, refused, shorten
from certnn.kernel.instance import Bias
from certnn.reading.conventions import DECOUPLED
from certnn.reading.networks.biased_network import BiasedNetwork

#: Losses of PyTorch: what they are called here, and in what a network ends that they are for.
_LOSSES = {
    "MSELoss": ("half-squared", "identity"),
    "CrossEntropyLoss": ("softmax", "identity"),
    "NLLLoss": ("softmax", "log-softmax"),
    "BCEWithLogitsLoss": ("logistic", "identity"),
    "BCELoss": ("logistic", "logistic"),
}
#: What makes another loss of one of them.
_CHANGES = ("weight", "pos_weight", "label_smoothing")
#: The convention by loss, of a mean and of a sum over the points.
_CONVENTIONS = {
    ("half-squared", "mean"): "torch-mse",
    ("half-squared", "sum"): "torch-mse-sum",
    ("softmax", "mean"): "torch-cross-entropy",
    ("softmax", "sum"): "sum",
    ("logistic", "mean"): "torch-bce",
    ("logistic", "sum"): "sum",
}
#: Optimisers of PyTorch that add the decay to the gradient.
_COUPLED = {
    *("SGD", "ASGD", "Adam", "Adamax", "NAdam", "RAdam"),
    *("Adagrad", "Adadelta", "RMSprop", "Rprop"),
}
_WAYS_OUT = "give weight_decay and loss, or reg, in the units of the summed loss"


@dataclass(frozen=True)
class OwnTraining:
    """How a module was trained, as far as it says so.

    Attributes
    ----------
    convention : str
        A name in `certnn.reading.conventions.CONVENTIONS`.
    decay : float
        Weight decay as PyTorch calls it.
    loss : str
        As `certnn.problem.losses` calls it.
    hidden_bias, output_bias : bool or "free"
        As in `TrainingProblem`.
    said : str
        What was read and what was assumed, for reports.
    """

    convention: str
    decay: float
    loss: str
    hidden_bias: Bias
    output_bias: Bias
    said: str


def own_training(module: Any, stored: BiasedNetwork, loss: str | None = None) -> OwnTraining | None:
    """What a module's ``configure_optimizers`` and its loss say; None if it has no such method.

    Neither the size of minibatches nor a schedule of learning rates matters: PyTorch averages the
    loss over a minibatch and decays weights once for it, so that the mean over an epoch is the
    objective of all points. Raises `InputError` if it says too little, or something that no one
    training problem has; the message names the ways out.

    Parameters
    ----------
    module : object
        Its method is called, as Lightning does before it trains.
    stored : BiasedNetwork
        The network that was read from it.
    loss : str or None
        The loss, where the user names it.
    """
    if not callable(getattr(module, "configure_optimizers", None)):
        return None
    module = getattr(module, "_orig_mod", module)  # of torch.compile
    kind = type(module).__name__
    optimiser = _one_optimiser(kind, module)
    decays = _decays(kind, module, optimiser, stored)
    decay = decays["hidden weight"]
    if decay is None or decay != decays["output weight"] or not decay > 0.0:
        shown = " and ".join(_shown(decays[f"{layer} weight"]) for layer in ("hidden", "output"))
        raise _unclear(kind, f"decays its layers by {shown}, and one positive number is needed")
    hidden_bias, output_bias = (
        _bias(kind, decays[f"{layer} bias"], decay) if f"{layer} bias" in decays else False
        for layer in ("hidden", "output")
    )
    name, own, reduction = _own_loss(kind, module, stored, loss)
    free = ", biases not decayed" if "free" in (hidden_bias, output_bias) else ""
    said = f"Read from {kind}: {type(optimiser).__name__}, weight_decay {decay:g}{free}; {own}"
    return OwnTraining(
        _CONVENTIONS[name, reduction],
        decay,
        name,
        hidden_bias,
        output_bias,
        said + _assumed(optimiser),
    )


def _one_optimiser(kind: str, module: Any) -> Any:
    with refused(kind, "fails in configure_optimizers", f"; {_WAYS_OUT}"):  # it may want a Trainer
        found = module.configure_optimizers()
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], list | tuple):
        found = found[0]  # the other are schedules of learning rates
    several = list(found) if isinstance(found, list | tuple) else [found]
    several = [one["optimizer"] if isinstance(one, Mapping) else one for one in several]
    several = [one for one in several if hasattr(one, "param_groups")]
    if len(several) != 1:
        raise _unclear(kind, f"has {len(several)} optimisers in configure_optimizers, not one")
    return several[0]


def _decays(
    kind: str, module: Any, optimiser: Any, stored: BiasedNetwork
) -> dict[str, float | None]:
    """The weight decay of each part; None where no optimiser changes it."""
    parameters = dict(module.named_parameters())
    of = {
        id(parameter): float(group.get("weight_decay", 0.0))
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    found = {}
    assert stored.layers is not None
    for layer, name in zip(("hidden", "output"), stored.layers, strict=True):
        for part in ("weight", "bias"):
            if part == "bias" and getattr(stored, f"{layer}_bias") is None:
                continue
            full = f"{name}.{part}" if name else part
            if full not in parameters:
                raise _unclear(kind, f"has no parameter {shorten(full)}, as with parametrisations")
            found[f"{layer} {part}"] = of.get(id(parameters[full]))
    return found


def _bias(kind: str, decay: float | None, of_weights: float) -> Bias:
    if decay == of_weights:
        return True
    if decay == 0.0:
        return "free"
    shown = f"decays biases by {_shown(decay)} and weights by {of_weights:g}"
    raise _unclear(kind, shown)


def _own_loss(
    kind: str, module: Any, stored: BiasedNetwork, named: str | None
) -> tuple[str, str, str]:
    """The loss, a word on it, and whether it is a mean or a sum."""
    known = [part for part in module.modules() if type(part).__name__ in _LOSSES]
    if not known:
        if named is None:
            raise _unclear(
                kind,
                "does not say its loss, which may be a function in training_step: give "
                "loss='half-squared' (MSELoss), 'softmax' (CrossEntropyLoss) or 'logistic' (BCE)",
                "",
            )
        if (named, "mean") not in _CONVENTIONS:
            raise _unclear(kind, f"has a loss, {named}, of which PyTorch's decay is not known")
        return named, f"loss {named} as named, taken to be averaged as PyTorch does", "mean"
    names = {type(part).__name__ for part in known}
    loss, ends = _LOSSES[type(known[0]).__name__]
    reductions = {part.reduction for part in known}
    if len(names) > 1 or len(reductions) > 1 or named not in (None, loss):
        wanted = "" if named is None else f", and loss is {named}"
        raise _unclear(kind, f"has the losses {', '.join(sorted(names))}{wanted}")
    (name,), (reduction,) = names, reductions
    changed = [
        change for part in known for change in _CHANGES if _is_set(getattr(part, change, None))
    ]
    if changed or ends != stored.output_activation or (loss, reduction) not in _CONVENTIONS:
        what = changed[0] if changed else f"reduction {reduction!r}"
        if ends != stored.output_activation:
            what = f"outputs that end in: {stored.output_activation}"
        raise _unclear(kind, f"has {name} with {what}")
    return loss, f"{name}, {'averaged' if reduction == 'mean' else 'summed'}", reduction


def _is_set(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and value == 0.0)


def _shown(decay: float | None) -> str:
    return "none" if decay is None else f"{decay:g}"


def _assumed(optimiser: Any) -> str:
    name = type(optimiser).__name__
    if name == "AdamW" or getattr(optimiser, "defaults", {}).get("decoupled_weight_decay"):
        return f". {DECOUPLED}"
    return "" if name in _COUPLED else f". {name} is taken to decay weights as SGD does"


def _unclear(kind: str, reason: str, ways_out: str = f"; {_WAYS_OUT}") -> InputError:
    return InputError(kind, f"{reason}{ways_out}")
