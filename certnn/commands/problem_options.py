"""The options that state a training problem: data, biases, weight decay in anybody's convention."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from certnn.conventions import CONVENTIONS, find_convention
from certnn.errors import InputError

if TYPE_CHECKING:
    from certnn.problem import TrainingProblem


def add_data_options(command: argparse.ArgumentParser) -> None:
    """Add --data and what belongs to it."""
    command.add_argument("--data", required=True, help=".npz with X (n×d) and Y (n×c)")
    command.add_argument(
        "--hidden-bias", action="store_true", help="decayed hidden bias: the last row of U"
    )


def add_problem_options(command: argparse.ArgumentParser) -> None:
    """Add those of the data, and the weight decay."""
    add_data_options(command)
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


def data_of(options: argparse.Namespace, reg: float) -> TrainingProblem:
    """The data that the options name, with this weight decay.

    Raises
    ------
    InputError
        If a file or a value is unusable.
    """
    from certnn.files import read_npz
    from certnn.problem import TrainingProblem

    x, y = read_npz(options.data, ("X", "Y"))
    return TrainingProblem(x, y, reg, options.hidden_bias)


def problem_of(options: argparse.Namespace) -> tuple[TrainingProblem, str]:
    """The training problem that the options state, and how its reg came about ("" if given).

    Raises
    ------
    InputError
        If a file or a value is unusable, or there is not just one weight decay.
    """
    if (options.reg is None) == (options.convention is None):
        raise InputError("--reg", "is needed, or --convention and --decay instead")
    if (options.convention is None) != (options.decay is None):
        raise InputError("--decay", "goes with --convention, and it with --decay")
    if options.convention is None:
        return data_of(options, options.reg), ""
    convention = find_convention(options.convention)
    problem = data_of(options, 1.0)
    of = options.decay, problem.n, problem.c, options.batches
    return problem.with_reg(convention.reg(*of)), convention.explained(*of)
