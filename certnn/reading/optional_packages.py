"""Packages that only some formats need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from certnn.errors import InputError

#: What brings a package, by the name of its module, where that is not `certnn[formats]`.
_EXTRAS = {"array_api_compat": "torch", "torch": "torch", "mlxtend": "data", "pyarrow": "data"}


def require_package(module: str, argument: str, format_name: str) -> Any:
    """Import a module of an optional package.

    Raises `InputError` if it is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        extra = _EXTRAS.get(package, "formats")
        install = f"pip install {package}, or pip install 'certnn[{extra}]'"
        reason = f"{format_name} needs the package {package}: {install}"
        raise InputError(argument, reason) from None
