"""``certnn doctor``: what is installed, and what for."""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from certnn.interfaces.commands.exit_codes import OK

#: Packages beyond those that certnn needs, by module: the name to install, and what for.
_OPTIONAL = {
    "flint": ("certnn[flint]", "large certificates are checked many times faster"),
    "torch": ("certnn[torch]", "PyTorch modules; its checkpoints are read without it"),
    "safetensors": ("certnn[formats]", "safetensors files"),
    "onnx": ("certnn[formats]", "ONNX files"),
    "h5py": ("certnn[formats]", ".keras files"),
    "pyarrow": ("certnn[data]", ".parquet tables"),
    "distributed": ("certnn[cluster]", "sums over points on a Dask cluster"),
}
_NAMES = {"flint": "python-flint"}


def add_doctor_options(command: argparse.ArgumentParser) -> None:
    """There are none."""


def run_doctor(options: argparse.Namespace) -> int:
    """Print versions, cores, solvers and optional packages."""
    del options
    print(f"certnn {version('certnn')}, Python {platform.python_version()}, {platform.platform()}")
    print(_cores())
    print(f"general solvers: {', '.join(_solvers())}")
    print(_verified())
    for module, (install, purpose) in _OPTIONAL.items():
        name = _NAMES.get(module, module)
        print(f"{name} {_found(module, name, install)}: {purpose}")
    return OK


def _cores() -> str:
    from certnn.budget import thread_count

    return f"cores: {os.cpu_count()}; threads of a search: {thread_count()} (OMP_NUM_THREADS)"


def _solvers() -> list[str]:
    import cvxpy as cp

    return sorted(cp.installed_solvers())


def _verified() -> str:
    from certnn.certificates.extracted_checker import find_checker
    from certnn.errors import InputError

    try:
        return f"verified checker: {find_checker()}"
    except InputError as error:
        return f"verified checker: {error.reason}"


def _found(module: str, name: str, install: str) -> str:
    if find_spec(module) is None:
        return f"is not installed (pip install '{install}')"
    try:
        return version(name)
    except PackageNotFoundError:
        return "is there"
