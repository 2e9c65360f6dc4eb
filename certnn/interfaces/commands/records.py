"""``certnn records``."""

from __future__ import annotations

import argparse

from certnn.errors import InputError
from certnn.interfaces.commands.exit_codes import FAILED, INTERRUPTED, OK
from certnn.interfaces.commands.search_options import add_limit_options

#: Where the project keeps its own.
_FOLDER = "examples/records"


def add_records_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument(
        "--folder", default=_FOLDER, metavar="DIR", help=f"of the records ({_FOLDER})"
    )
    doing = command.add_mutually_exclusive_group()
    doing.add_argument(
        "--check", action="store_true", help="let the kernel check every file and every figure"
    )
    doing.add_argument(
        "--improve",
        nargs="*",
        metavar="NAME",
        help="search for better figures of these problems; of those that no run of this limit has "
        "tried if none is named",
    )
    doing.add_argument(
        "--submit",
        metavar="DIR",
        help="take up what an audit has written, where the kernel finds it better",
    )
    command.add_argument("--level", help="how to prove the bound, as for audit (auto)")
    add_limit_options(command, "each problem")
    command.add_argument(
        "--data-dir", metavar="DIR", help="with ionosphere.csv, pima.csv and banknote.csv"
    )


def run_records(options: argparse.Namespace) -> int:
    """Show, check or better the records.

    Raises `InputError` if an option is unusable or would do nothing.
    """
    from certnn.interfaces.commands.run_records import check_all, improve_all, show, submit_one

    limits = (options.time_limit, options.work_limit)
    if options.improve is None:
        for name in ("level", "time_limit", "work_limit"):
            if getattr(options, name) is not None:
                raise InputError(name, "goes with --improve")
        if options.data_dir is not None and not options.check:
            raise InputError("data_dir", "goes with --improve or --check")
    elif (limits[0] is None) == (limits[1] is None):
        raise InputError("improve", "needs one limit: --time-limit or --work-limit")
    if options.check:
        return OK if check_all(options) else FAILED
    if options.improve is not None:
        return INTERRUPTED if improve_all(options) else OK
    if options.submit is not None:
        submit_one(options)
        return OK
    show(options)
    return OK
