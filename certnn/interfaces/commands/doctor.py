"""``certnn doctor``: what is installed, and what for."""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version

from certnn.interfaces.commands.exit_codes import OK
from certnn.interfaces.commands.packages import PACKAGES, is_missing


def add_doctor_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument(
        "--compile",
        action="store_true",
        help="compile what searches need, in minutes and once on this machine, so that none has to",
    )


def run_doctor(options: argparse.Namespace) -> int:
    """Print versions, cores, solvers and optional packages; compile what is to be, if asked to."""
    print(f"certnn {version('certnn')}, Python {platform.python_version()}, {platform.platform()}")
    print(_cores())
    if not is_missing("cvxpy"):
        print(f"general solvers: {', '.join(_solvers())}")
    print(_verified())
    for module, package in PACKAGES.items():
        needed = package.of == "certnn"
        if is_missing(module):
            note = "is missing, and certnn needs it" if needed else "is not installed"
            print(f"{package.name} {note} (pip install '{package.of}'): {package.purpose}")
        elif not needed:
            print(f"{package.name} {_version(package.name)}: {package.purpose}")
    if options.compile:
        from certnn.interfaces.commands.compile_searches import compile_searches

        seconds = compile_searches()
        print(f"compiled in {seconds:.0f} s" if seconds else "everything is compiled already")
    return OK


def _cores() -> str:
    from certnn.budget import thread_count

    if is_missing("joblib"):
        return f"cores: {os.cpu_count()}"
    return f"cores: {os.cpu_count()}; threads of a search: {thread_count()} (OMP_NUM_THREADS)"


def _solvers() -> list[str]:
    import cvxpy as cp

    return sorted(cp.installed_solvers())


def _verified() -> str:
    from certnn.certificates.extracted_checker import find_judge
    from certnn.errors import InputError

    try:
        return f"verified checker: {find_judge().name}"
    except InputError as error:
        return f"verified checker: {error.reason}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is there"
