"""``certnn report``: several audits on one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from certnn.commands.exit_codes import FAILED, OK

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
    from certnn.raw_files import read_bytes, write_atomically
    from certnn.report import GapReport
    from certnn.report.comparison import comparison_table, render_comparison, require_comparison

    out = output_file(options.out, "a page of certnn report", require_comparison)
    reports = []
    for name in options.reports:
        path = Path(name) / "report.json" if Path(name).is_dir() else Path(name)
        reports.append(GapReport.from_json(read_bytes(path, _LARGEST).decode("utf-8", "replace")))
    write_atomically(out, render_comparison(reports).encode())
    Console().print(comparison_table(reports))
    print(f"Written to {options.out}")
    return OK if all(report.consistent for report in reports) else FAILED
