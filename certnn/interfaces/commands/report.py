"""``certnn report``: several audits in one table, and on one page."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from certnn.interfaces.commands.exit_codes import FAILED, OK

if TYPE_CHECKING:
    from certnn.report import GapReport


def add_report_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="report.json, or the folder of an audit; "
        "its bound is called proved if certificate.json beside it proves it",
    )
    command.add_argument("--out", metavar="PAGE.html", help="a page with them all")


def run_report(options: argparse.Namespace) -> int:
    """Print the table and write the page, with what certificates beside the reports prove."""
    from certnn.errors import printable
    from certnn.report.consistency import contradictions
    from certnn.report.reading import read_report

    if options.out is not None:
        from certnn.atomic_files import write_atomically
        from certnn.interfaces.commands.destinations import marked_page
        from certnn.report.comparison_page import MARK, render_comparison

        out = marked_page(options.out, "a page of certnn report", MARK)
    reports = [read_report(name) for name in options.reports]
    if options.out is not None:
        write_atomically(out, render_comparison(reports).encode())
    _print_table(reports)
    for name, report in zip(options.reports, reports, strict=True):
        for line in contradictions(report):
            print(printable(f"contradiction in {name}: {line}"))
    if options.out is not None:
        print(f"Written to {options.out}")
    return OK if all(report.consistent for report in reports) else FAILED


def _print_table(reports: Sequence[GapReport]) -> None:
    from certnn.report.comparison import comparison_table, comparison_text

    try:
        from rich.console import Console
    except ModuleNotFoundError:  # there is nothing else that this command needs it for
        print(comparison_text(reports))
    else:
        Console().print(comparison_table(reports))
