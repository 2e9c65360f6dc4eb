"""``certnn check``: the kernel on a certificate file."""

from __future__ import annotations

import argparse
from os.path import isdir
from typing import TYPE_CHECKING

from certnn.errors import InputError
from certnn.interfaces.commands.problem_options import add_data_options

if TYPE_CHECKING:
    from certnn.kernel import Instance


def add_check_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("certificate", metavar="CERTIFICATE", nargs="?")
    add_data_options(command, "require the certificate's data to be these, bit for bit", False)
    command.add_argument(
        "--arithmetic",
        choices=("auto", "python", "flint"),
        default="auto",
        help="integers of Python or of FLINT (default: FLINT where installed); same verdict",
    )
    command.add_argument(
        "--verified",
        action="store_true",
        help="let a checker that is extracted from Rocq decide too: the "
        "program that CERTNN_CHECKER names or proofs/build_checker.sh has made, or else that of "
        "certnn[verified]",
    )
    written = command.add_mutually_exclusive_group()
    written.add_argument(
        "--export",
        metavar="CHECK.pyz",
        help="write the kernel as a program of one file, which a bare Python 3.11 runs; checks "
        "nothing",
    )
    written.add_argument(
        "--page",
        metavar="FOLDER",
        help="write check.html there, a page by which a browser checks certificates of all "
        "kinds, with the extracted checker; checks nothing",
    )


def run_check(options: argparse.Namespace) -> int:
    """Check it; needs no solver. Or write a program or a page that does.

    Raises `InputError` if a file is not there, or options of the data are given without --data.
    """
    if options.export is not None or options.page is not None:
        from certnn.interfaces.commands.written_checkers import write_checker

        return write_checker(options)
    from certnn.atomic_files import open_file, require_file
    from certnn.interfaces.commands.verdicts import say_verdict
    from certnn.kernel import Bound, PatternBound, check_any_certificate

    if options.certificate is None:
        raise InputError("certificate", "is needed: the file to check")
    if options.data is None:
        for name in ("targets", "target_columns", "label"):
            if getattr(options, name):
                raise InputError(name, "goes with --data")
    for path in (options.data, options.targets):
        if path is not None and not isdir(path):  # of .parquet files
            require_file(path)
    judge = None
    if options.verified:
        from certnn.certificates.extracted_checker import check_verified, find_judge

        judge = find_judge()

    def decide() -> tuple[Bound | PatternBound, str]:
        with open_file(options.certificate) as document:
            bound = check_any_certificate(document, options.arithmetic)
            if judge is not None:
                if isinstance(bound, PatternBound):
                    raise InputError("verified", "not for certificates about activation patterns")
                check_verified(document, judge)
        if options.data is not None:
            _require_data(options, bound.instance)
        return bound, "" if judge is None else ", by the extracted checker too"

    return say_verdict(decide)


def _require_data(options: argparse.Namespace, instance: Instance) -> None:
    from certnn.interfaces.commands.verdicts import other_data
    from certnn.problem.losses import loss_named
    from certnn.problem.training_problem import TrainingProblem
    from certnn.reading.data import read_targets

    loss = loss_named(instance.loss, instance.delta)
    named = options.data, options.targets, options.target_columns, options.label
    x, y, _ = read_targets(*named, loss, instance.c)
    try:
        given = TrainingProblem(x, y, instance.reg, loss=loss).instance()
    except InputError:  # they do not fit the certificate's loss
        raise other_data(options.data) from None
    if (given.X, given.Y) != (instance.X, instance.Y):
        raise other_data(options.data)
