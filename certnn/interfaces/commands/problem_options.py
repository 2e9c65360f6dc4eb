"""The options that state a training problem: data, biases, loss, decay in anybody's convention."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, TypeVar

from certnn.errors import InputError
from certnn.reading.conventions import CONVENTIONS, find_convention

if TYPE_CHECKING:
    from certnn.kernel.instance import Bias
    from certnn.problem.mapped_problem import MappedProblem
    from certnn.problem.training_problem import TrainingProblem
    from certnn.reading.networks import BiasedNetwork

_Problem = TypeVar("_Problem", "TrainingProblem", "MappedProblem")
_BIASES: dict[str, Bias] = {"decayed": True, "free": "free", "none": False}
_KINDS = (
    ".npz with X (n×d) and Y (n×c); .npy with X; a table with a header: .csv, .tsv, .txt, these "
    "in a .gz, .parquet (an index that pandas wrote is left out)"
)


def add_data_options(
    command: argparse.ArgumentParser, purpose: str = _KINDS, required: bool = True
) -> None:
    """Add --data and what belongs to it."""
    command.add_argument("--data", required=required, help=purpose)
    command.add_argument("--targets", metavar="Y.npy", help="Y, beside a .npy with X")
    command.add_argument(
        "--target-columns",
        nargs="+",
        default=(),
        metavar="NAME",
        help="columns of Y in a table; the others are X",
    )
    command.add_argument(
        "--label",
        metavar="NAME",
        help="column of classes in a table, made a Y as the loss wants it: classes in ascending "
        "order, numbers as numbers",
    )


def typed(options: argparse.Namespace, *names: str) -> list[str]:
    """These options as one would type them again, those that are not given left out."""
    words: list[str] = []
    for name in names:
        given = getattr(options, name)
        if given is None or given is False or given == ():
            continue
        words.append(f"--{name.replace('_', '-')}")
        if given is not True:
            words += map(str, given if isinstance(given, list) else [given])
    return words


def data_arguments(options: argparse.Namespace) -> str:
    """The options of the data as one would type them."""
    return shlex.join(typed(options, "data", "targets", "target_columns", "label"))


def add_model_options(command: argparse.ArgumentParser) -> None:
    """Add biases and loss."""
    for layer, where in (("hidden", "the last row of U"), ("output", "of the outputs")):
        command.add_argument(
            f"--{layer}-bias",
            nargs="?",
            const="decayed",
            choices=("decayed", "free", "none"),
            help=f"{where}: decayed like the weights (if nothing more is said), free, or none; "
            "without this option as in the network, if there is one",
        )
    command.add_argument(
        "--loss",
        metavar="NAME",
        help="half-squared, huber or huber:THRESHOLD, hinge, squared-hinge, logistic or softmax; "
        "if not named, logistic or softmax where the network ends in that function or the "
        "convention is for nothing else, and half-squared elsewhere",
    )


def add_problem_options(command: argparse.ArgumentParser) -> None:
    """Add those of the data and the model, and the weight decay."""
    add_data_options(command)
    add_model_options(command)
    command.add_argument("--reg", type=float, metavar="R", help="weight decay of a summed loss")
    command.add_argument(
        "--convention",
        metavar="NAME",
        help=f"with --decay instead of --reg: one of {', '.join(CONVENTIONS)}",
    )
    command.add_argument("--decay", type=float, metavar="λ", help="as that library calls it")
    command.add_argument(
        "--batches", type=int, default=1, metavar="K", help="minibatches an epoch, for scikit-learn"
    )


def data_of(
    options: argparse.Namespace, reg: float, network: BiasedNetwork | None = None
) -> TrainingProblem:
    """The data and the model that the options name, with this weight decay.

    Raises `InputError` if a file or a value is unusable.

    Parameters
    ----------
    reg : float
        In the units of `TrainingProblem.reg`.
    network : BiasedNetwork or None
        Whose biases there are where the options say nothing of them.
    """
    from certnn.problem.training_problem import TrainingProblem

    return _stated(TrainingProblem, options, reg, network)


def _stated(
    kind: type[_Problem],
    options: argparse.Namespace,
    reg: float,
    network: BiasedNetwork | None = None,
) -> _Problem:
    from certnn.problem.losses import parse_loss
    from certnn.reading.data import read_targets
    from certnn.reading.statement import own_biases, own_loss

    convention = getattr(options, "convention", None)
    terms = convention and find_convention(convention)
    loss = own_loss(network, terms) if options.loss is None else parse_loss(options.loss)
    named = options.data, options.targets, options.target_columns, options.label
    x, y, classes = read_targets(*named, loss, None if network is None else network.V.shape[1])
    hidden, output = own_biases(network, terms)
    if options.hidden_bias is not None:
        hidden = _BIASES[options.hidden_bias]
    if options.output_bias is not None:
        output = _BIASES[options.output_bias]
    try:
        return kind(x, y, reg, hidden, loss=loss, output_bias=output, classes=classes)
    except InputError as error:
        if error.argument not in ("X", "Y"):
            raise
        file = options.data if options.targets is None or error.argument == "X" else options.targets
        raise InputError(file, f"{error.argument} {error.reason}") from None


def problem_of(
    options: argparse.Namespace, network: BiasedNetwork | None = None
) -> tuple[TrainingProblem, str]:
    """The training problem that the options state, and how its reg came about ("" if given).

    Raises `InputError` if a file or a value is unusable, or there is not just one weight decay.

    Parameters
    ----------
    network : BiasedNetwork or None
        As in `data_of`.
    """
    from certnn.problem.training_problem import TrainingProblem

    return _decayed(TrainingProblem, options, network)


def mapped_problem_of(options: argparse.Namespace) -> tuple[MappedProblem, str]:
    """The same, with the points of a .npy file left where they are.

    Raises `InputError` as `problem_of`.
    """
    from certnn.problem.mapped_problem import MappedProblem

    return _decayed(MappedProblem, options)


def _decayed(
    kind: type[_Problem], options: argparse.Namespace, network: BiasedNetwork | None = None
) -> tuple[_Problem, str]:
    from certnn.reading.statement import require_one_decay

    require_one_decay(options.reg, options.convention, options.decay, "--")
    if options.convention is None:
        return _stated(kind, options, options.reg, network), ""
    problem = _stated(kind, options, 1.0, network)
    convention = find_convention(options.convention)
    return convention.stated(problem, options.decay, options.batches)
