"""``certnn experiments``: run, show and keep."""

from __future__ import annotations

import argparse
import shlex

from rich.console import Console

from certnn.experiments.cells import TABLES, cells, measure
from certnn.experiments.table import save_tables, terminal_tables
from certnn.paths import make_folder
from certnn.sweep_progress import sweep_with_progress


def run_all(options: argparse.Namespace) -> tuple[int, bool]:
    """Run the command with its options.

    Returns
    -------
    failed : int
        Cells that failed; each was named.
    interrupted : bool

    Raises
    ------
    InputError
        If an option is unusable.
    """
    wanted = cells(
        "quick" if options.quick else "full",
        TABLES if options.only is None else (options.only,),
        options.datasets,
        options.reg,
        options.methods,
        options.data_dir,
    )
    out = make_folder(options.out)
    cluster = None
    if options.cluster is not None:
        from certnn.relaxation.distributed import connected

        cluster = connected(options.cluster)
    try:
        outcomes, interrupted = sweep_with_progress(
            "cells", wanted, measure, out / "outcomes.jsonl", options.jobs, cluster
        )
    finally:
        if cluster is not None:
            cluster.close()
    save_tables(out, outcomes, _again(options))
    for table in terminal_tables(outcomes):
        Console().print(table)
    failed = sum(bool(outcome.error) for outcome in outcomes)
    print(f"Written to {out}: experiments.html, .md, .csv, .json")
    if failed:
        print(f"{failed} of {len(wanted)} cells failed; they are run again by the same command")
    return failed, interrupted


def _again(options: argparse.Namespace) -> str:
    words = ["certnn", "experiments"]
    if options.quick:
        words.append("--quick")
    for name in ("datasets", "reg", "methods"):
        if getattr(options, name) is not None:
            words += [f"--{name}", *map(str, getattr(options, name))]
    for name in ("only", "data_dir", "out"):
        if getattr(options, name) is not None:
            words += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    return shlex.join(words)
