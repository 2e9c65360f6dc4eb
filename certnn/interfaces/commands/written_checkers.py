"""Checkers for people without certnn: a program of one file, and a page for a browser."""

from __future__ import annotations

import argparse
import shlex

from certnn.atomic_files import make_folder, require_folder, write_atomically
from certnn.errors import InputError
from certnn.interfaces.commands.destinations import marked_page, output_file
from certnn.interfaces.commands.exit_codes import OK


def write_checker(options: argparse.Namespace) -> int:
    """Write what --export or --page of ``certnn check`` asks for.

    Raises `InputError` if options are given that are for a check, or something else would be
    written over.
    """
    chosen = "page" if options.export is None else "export"
    for name in ("certificate", "data", "targets", "target_columns", "label", "verified"):
        if getattr(options, name):
            raise InputError(chosen, f"checks nothing, and takes no {name.replace('_', ' ')}")
    if options.arithmetic != "auto":
        raise InputError(chosen, "checks nothing, and takes no arithmetic")
    if options.export is None:
        _write_page(options.page)
    else:
        _write_program(options.export)
    return OK


def _write_program(path: str) -> None:
    from certnn.interfaces.bare_check import bare_check, require_bare_check

    place = output_file(path, "a program of certnn check", require_bare_check)
    write_atomically(place, bare_check())
    print(f"Written to {path}: python3 {shlex.quote(path)} CERTIFICATE")


def _write_page(folder: str) -> None:
    from certnn.certificates.web_checker import page_scripts
    from certnn.report.check_page import MARK, PAGE, render_check_page

    page = render_check_page(*page_scripts())
    place = require_folder(folder) / PAGE
    if place.parent.is_dir():
        marked_page(str(place), "a page of certnn check", MARK)
    make_folder(folder)
    write_atomically(place, page.encode())
    print(f"Written to {place}: open it in a browser")
