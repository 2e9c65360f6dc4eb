"""``certnn experiments``: run, show and keep."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from rich.console import Console

from certnn.atomic_files import require_file
from certnn.errors import InputError, printable
from certnn.interfaces.commands.destinations import continued_folder
from certnn.interfaces.commands.exit_codes import FAILED, INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import typed
from certnn.studies.experiments.cells import TABLES, cells, measure
from certnn.studies.experiments.records import contradictions, examine
from certnn.studies.experiments.rows import joined
from certnn.studies.experiments.table import save_tables, terminal_tables
from certnn.studies.sweep import read_earlier
from certnn.studies.sweep_progress import STORE, sweep_with_progress

_ALL_CORES = -1
#: Characters of a line on one cell.
_LONGEST = 2000


def run_all(options: argparse.Namespace) -> int:
    """Run the command; raises `InputError` if an option is unusable."""
    wanted = cells(
        "quick" if options.quick else "full",
        TABLES if options.only is None else (options.only,),
        options.datasets,
        options.reg,
        options.methods,
        options.data_dir,
    )
    out = continued_folder(options.out, results=STORE, tables="experiments.*")
    if options.cluster is not None and options.jobs is not None:
        raise InputError("jobs", "does nothing beside --cluster, whose workers run the cells")
    jobs = _ALL_CORES if options.jobs is None else options.jobs
    for name in sorted({cell["data"] for cell in wanted if cell["data_dir"] is not None}):
        require_file(Path(options.data_dir) / f"{name}.csv")
    cluster = None
    if options.cluster is not None:
        from certnn.relaxation.shor.distributed import connected

        cluster = connected(options.cluster)
    try:
        outcomes, interrupted = sweep_with_progress(
            "cells", wanted, measure, out, jobs, cluster, examine
        )
    finally:
        if cluster is not None:
            cluster.close()
    names = ("quick", "datasets", "reg", "methods", "only", "data_dir", "out")
    again = shlex.join(["certnn", "experiments", *typed(options, *names)])
    made = [outcome.cell for outcome in outcomes] if interrupted else wanted
    save_tables(out, outcomes, again, [cell for cell in wanted if cell not in made])
    for table in terminal_tables(outcomes):
        Console().print(table)
    if earlier := read_earlier(outcomes):
        print(earlier)
    wrong = contradictions(joined(outcomes))
    for line in wrong:
        print(printable(f"contradiction: {line}", _LONGEST))
    failed = sum(bool(outcome.error) for outcome in outcomes)
    print(f"Written to {out}: experiments.html, .md, .csv, .json")
    if failed:
        print(f"{failed} of {len(wanted)} cells failed; they are run again by the same command")
    if interrupted:
        return INTERRUPTED
    return FAILED if failed or wrong else OK
