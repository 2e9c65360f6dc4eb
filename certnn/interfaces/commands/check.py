"""``certnn check``: the kernel on a certificate file."""

from __future__ import annotations

import argparse
import shlex
from os.path import isdir
from typing import TYPE_CHECKING

from certnn.errors import InputError
from certnn.interfaces.commands.exit_codes import OK
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
        help="let the checker that is extracted from Rocq decide too (psd and partition); "
        "proofs/build_checker.sh in certnn's sources makes it, CERTNN_CHECKER names it",
    )
    command.add_argument(
        "--export",
        metavar="CHECK.pyz",
        help="write the kernel as a program of one file, which a bare Python 3.11 runs; checks "
        "nothing",
    )


def run_check(options: argparse.Namespace) -> int:
    """Check it; needs no solver. Or write a program or a page that does.

    Raises
    ------
    InputError
        If a file is not there, or options of the data are given without --data.
    """
    if options.export is not None:
        return _export(options)
    from certnn.atomic_files import read_bytes, require_file
    from certnn.interfaces.commands.verdicts import say_verdict
    from certnn.kernel import LARGEST_FILE, Bound, PatternBound, check_any_certificate

    if options.certificate is None:
        raise InputError("certificate", "is needed: the file to check")
    if options.data is None:
        for name in ("targets", "target_columns", "label"):
            if getattr(options, name):
                raise InputError(name, "goes with --data")
    for path in (options.data, options.targets):
        if path is not None and not isdir(path):  # of .parquet files
            require_file(path)
    checker = None
    if options.verified:
        from certnn.certificates.extracted_checker import check_verified, find_checker

        checker = find_checker()
    document = read_bytes(options.certificate, LARGEST_FILE)

    def decide() -> tuple[Bound | PatternBound, str]:
        bound = check_any_certificate(document, options.arithmetic)
        if checker is not None:
            if isinstance(bound, PatternBound):
                raise InputError("verified", "not for certificates about activation patterns")
            check_verified(document, checker)
        if options.data is not None:
            _require_data(options, bound.instance)
        return bound, "" if checker is None else ", by the extracted checker too"

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


def _export(options: argparse.Namespace) -> int:
    from certnn.atomic_files import write_atomically
    from certnn.interfaces.bare_check import bare_check, require_bare_check
    from certnn.interfaces.commands.destinations import output_file

    if options.certificate is not None:
        raise InputError("export", "goes without a certificate: it checks nothing")
    for name in ("data", "targets", "target_columns", "label", "verified"):
        if getattr(options, name):
            raise InputError(name, "goes with a certificate, not with --export")
    out = output_file(options.export, "a program of certnn check", require_bare_check)
    write_atomically(out, bare_check())
    print(f"Written to {options.export}: python3 {shlex.quote(options.export)} CERTIFICATE")
    return OK
