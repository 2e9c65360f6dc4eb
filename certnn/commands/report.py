"""``certnn report``: several audits on one page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from certnn.commands.exit_codes import FAILED, OK
from certnn.errors import InputError

if TYPE_CHECKING:
    from certnn.report import GapReport

#: Bytes of a report that is read.
_LARGEST = 50_000_000


def add_report_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument(
        "reports", nargs="+", metavar="REPORT", help="report.json, or the folder of an audit"
    )
    command.add_argument("--out", required=True, metavar="PAGE.html")


def run_report(options: argparse.Namespace) -> int:
    """Write the page and print the table."""
    from rich.console import Console

    from certnn.commands.destinations import output_file
    from certnn.raw_files import write_atomically
    from certnn.report.comparison import comparison_table, render_comparison, require_comparison

    out = output_file(options.out, "a page of certnn report", require_comparison)
    reports = [read_report(Path(name)) for name in options.reports]
    write_atomically(out, render_comparison(reports).encode())
    Console().print(comparison_table(reports))
    print(f"Written to {out}")
    return OK if all(report.consistent for report in reports) else FAILED


def read_report(path: Path) -> GapReport:
    """The report of a report.json, or of the folder that holds it.

    Raises
    ------
    InputError
        If there is none.
    """
    from certnn.raw_files import read_bytes
    from certnn.report import GapReport

    file = path / "report.json" if path.is_dir() else path
    text = read_bytes(file, _LARGEST).decode("utf-8", "replace")
    try:
        return GapReport.from_json(text)
    except InputError as error:
        raise InputError(str(file), f"is not a report: {error}") from None
