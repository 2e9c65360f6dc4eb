"""``certnn check`` for a bare Python: a program of one file, made of the package's own modules.

It checks as ``certnn check --arithmetic python`` does, in the same words and with the same exit
codes: the kernel with Python's integers, without the filters in floats, which need other packages.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipapp
import zipfile
from collections.abc import Sequence
from pathlib import Path

from certnn.atomic_files import open_file
from certnn.errors import InputError
from certnn.interfaces.commands.running import OneLineParser, run_words
from certnn.interfaces.commands.verdicts import other_data, say_verdict
from certnn.kernel import Bound, Instance, PatternBound, check_any_certificate
from certnn.reading.bare_npz import read_doubles
from certnn.reading.zip_archive import open_zip

_PACKAGE = Path(__file__).parents[1]
_MAIN = b"from certnn.interfaces.bare_check import main\n\nraise SystemExit(main())\n"
#: Beside the kernel; the test runs the program where nothing is installed.
_MODULES = (
    *("__init__.py", "atomic_files.py", "budget.py", "errors.py", "reading/__init__.py"),
    *("reading/bare_npz.py", "reading/zip_archive.py", "interfaces/__init__.py"),
    "interfaces/bare_check.py",
    *(
        f"interfaces/commands/{name}.py"
        for name in ("__init__", "exit_codes", "packages", "running", "streams", "verdicts")
    ),
)


def bare_check() -> bytes:
    """The program, a zip file that Python 3.11 runs; the same bytes wherever it is made."""
    kernel = [path for path in (_PACKAGE / "kernel").iterdir() if path.suffix in (".py", ".md")]
    kernel = [path for path in kernel if not path.stem.endswith("_filter")]
    files = sorted([*kernel, *(_PACKAGE / name for name in _MODULES)])
    plain, program = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), _MAIN)
        for path in files:
            name = path.relative_to(_PACKAGE.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())
    plain.seek(0)
    zipapp.create_archive(plain, program, interpreter="/usr/bin/env python3")
    return program.getvalue()


def require_bare_check(path: Path) -> None:
    """Raise `InputError` if a file is not such a program, of whichever version."""
    with open_zip(path) as archive:
        if archive.read("__main__.py", len(_MAIN)) != _MAIN:
            raise InputError(str(path), "is another program")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a certificate; returns the exit code of ``certnn check``."""
    parser = OneLineParser(
        prog="check.pyz", description="Check a certificate of certnn exactly, by integers alone."
    )
    parser.add_argument("certificate", metavar="CERTIFICATE")
    parser.add_argument(
        "--data",
        metavar="DATA.npz",
        help="require the certificate's data to be its X and Y, bit for bit; certnn check takes "
        "other files too, and labels",
    )
    parser.set_defaults(run=_run, searches=False)
    return run_words(parser, sys.argv[1:] if arguments is None else arguments)


def _run(options: argparse.Namespace) -> int:
    data = None if options.data is None else read_doubles(options.data)

    def decide() -> tuple[Bound | PatternBound, str]:
        with open_file(options.certificate) as document:
            bound = check_any_certificate(document, "python")
        if data is not None:
            _require_data(options.data, data, bound.instance)
        return bound, ""

    return say_verdict(decide)


def _require_data(path: str, data: list[bytes], instance: Instance) -> None:
    if data == [instance.X, instance.Y]:
        return
    one_column = len(data[1]) == 8 * instance.n
    if one_column and (instance.c > 1 or instance.loss not in ("half-squared", "huber")):
        raise InputError(path, "has a Y of one column, which may be labels: ask certnn check")
    raise other_data(path)
