"""``certnn report``: several audits on one page."""

from __future__ import annotations

import argparse

from certnn.interfaces.commands.exit_codes import FAILED, OK


def add_report_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="report.json, or the folder of an audit; "
        "its bound is called proved if certificate.json beside it proves it",
    )
    command.add_argument("--out", required=True, metavar="PAGE.html")


def run_report(options: argparse.Namespace) -> int:
    """Write the page and print the table, with what certificates beside the reports prove."""
    from rich.console import Console

    from certnn.atomic_files import write_atomically
    from certnn.errors import printable
    from certnn.interfaces.commands.destinations import output_file
    from certnn.report.comparison import (
        comparison_table,
        render_comparison,
        require_comparison,
    )
    from certnn.report.consistency import contradictions
    from certnn.report.reading import read_report

    out = output_file(options.out, "a page of certnn report", require_comparison)
    reports = [read_report(name) for name in options.reports]
    write_atomically(out, render_comparison(reports).encode())
    Console().print(comparison_table(reports))
    for name, report in zip(options.reports, reports, strict=True):
        for line in contradictions(report):
            print(printable(f"contradiction in {name}: {line}"))
    print(f"Written to {options.out}")
    return OK if all(report.consistent for report in reports) else FAILED
