"""``certnn check``: the kernel on a certificate file."""

from __future__ import annotations

import argparse
from os.path import isdir

from certnn.errors import InputError
from certnn.interfaces.commands.exit_codes import FAILED, OK, UNUSABLE, fail
from certnn.interfaces.commands.problem_options import add_data_options


def add_check_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("certificate", metavar="CERTIFICATE")
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
        help="let the checker that is extracted from Rocq decide too (psd, partition, regions); "
        "proofs/build_checker.sh in certnn's sources makes it, CERTNN_CHECKER names it",
    )


def run_check(options: argparse.Namespace) -> int:
    """Check it; needs no solver.

    Raises
    ------
    InputError
        If a file is not there, or options of the data are given without --data.
    """
    from certnn.atomic_files import read_bytes, require_file
    from certnn.kernel import (
        LARGEST_FILE,
        Malformed,
        PatternBound,
        Rejected,
        check_any_certificate,
    )

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
    try:
        bound = check_any_certificate(document, options.arithmetic)
        if checker is not None:
            if isinstance(bound, PatternBound):
                return fail("--verified: not for certificates about activation patterns", UNUSABLE)
            check_verified(document, checker)
    except Malformed as error:
        return fail(f"malformed certificate: {error}", UNUSABLE)
    except Rejected as error:
        print(f"rejected: {error}")
        return FAILED
    except ModuleNotFoundError:
        return fail("--arithmetic: flint is not installed (pip install 'certnn[flint]')", UNUSABLE)
    if options.data is not None:
        from certnn.problem.losses import loss_named
        from certnn.problem.training_problem import TrainingProblem
        from certnn.reading.data import read_targets

        instance = bound.instance
        loss = loss_named(instance.loss, instance.delta)
        named = options.data, options.targets, options.target_columns, options.label
        x, y, _ = read_targets(*named, loss, instance.c)
        try:
            given = TrainingProblem(x, y, instance.reg, loss=loss).instance()
            same = (given.X, given.Y) == (instance.X, instance.Y)
        except InputError:  # they do not fit the certificate's loss
            same = False
        if not same:
            print(f"rejected: the certificate is for other data than {options.data}")
            return FAILED
    if isinstance(bound, PatternBound):
        print(f"proved {bound}")
        return OK
    print(f"proved: {bound}{'' if checker is None else ', by the extracted checker too'}")
    return OK
