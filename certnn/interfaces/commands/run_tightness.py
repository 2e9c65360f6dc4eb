"""``certnn tightness``: run, show, keep and compare."""

from __future__ import annotations

import argparse
import shlex

from rich.console import Console

from certnn.errors import InputError, printable
from certnn.interfaces.commands.compile_searches import compile_searches
from certnn.interfaces.commands.destinations import continued_folder, output_file
from certnn.interfaces.commands.exit_codes import FAILED, INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import typed
from certnn.studies.sweep import Record, read_earlier
from certnn.studies.sweep_progress import STORE, sweep_with_progress
from certnn.studies.tightness.baseline import read_baseline, save_baseline, worse_than_baseline
from certnn.studies.tightness.cells import LEVELS, SECONDS, cells, measure, usual_cells
from certnn.studies.tightness.families import FIXED_SHAPES
from certnn.studies.tightness.records import contradictions, examine, problem_text
from certnn.studies.tightness.table import reach_table, save_tables, summary_table, verdict_table

#: Characters of a line on one problem.
_LONGEST = 2000
#: Options any of which makes a sweep of its own, whose families these are if none is named.
_OF_SIZES, _FAMILIES = ("families", "data", "n", "d", "c", "regs"), ["random"]
#: Options by which the same is run again.
_AGAIN = (*_OF_SIZES, "levels", "seeds", "time_limit", "out", "verdicts")


def sweep_tightness(options: argparse.Namespace) -> int:
    """Run the command; raises `InputError` if an option is unusable."""
    wanted = _wanted(options)
    out = continued_folder(options.out, results=STORE, tables="tightness.*")
    kept = {} if options.baseline is None else read_baseline(options.baseline)
    if options.save_baseline is not None:
        output_file(options.save_baseline, "a baseline", read_baseline)
    if _is_usual(options):
        compile_searches()  # so that the time of levels is for proofs
    outcomes, interrupted = sweep_with_progress(
        "problems", wanted, measure, out, options.jobs, examine=examine
    )
    save_tables(out, outcomes, shlex.join(["certnn", "tightness", *typed(options, *_AGAIN)]))
    if options.save_baseline is not None and not interrupted:  # half of one would replace it
        save_baseline(options.save_baseline, outcomes)
    Console().print(summary_table(outcomes))
    Console().print(reach_table(outcomes))
    if earlier := read_earlier(outcomes):
        print(earlier)
    if options.verdicts:
        Console().print(verdict_table(outcomes))
    print(f"Written to {out}: tightness.html, tightness.csv, tightness.json")
    worse = [f"{problem_text(one.cell)}: {one.error}" for one in outcomes if one.error]
    worse += worse_than_baseline(kept, outcomes)
    for line in worse:
        print(printable(f"worse: {line}", _LONGEST))
    wrong = [line for outcome in outcomes for line in contradictions(outcome)]
    for line in wrong:
        print(printable(f"contradiction: {line}", _LONGEST))
    if interrupted:
        return INTERRUPTED
    return FAILED if wrong or worse else OK


def _is_usual(options: argparse.Namespace) -> bool:
    """Whether no family and no size is named."""
    return all(getattr(options, name) is None for name in _OF_SIZES)


def _wanted(options: argparse.Namespace) -> list[Record]:
    """The cells of the usual sweep, or of the sizes that are named."""
    if _is_usual(options):
        return usual_cells(
            LEVELS if options.levels is None else options.levels,
            1 if options.seeds is None else options.seeds,
            SECONDS if options.time_limit is None else options.time_limit,
            options.verdicts,
        )
    families = _FAMILIES if options.families is None else options.families
    if all(family in FIXED_SHAPES for family in families):
        for name in ("d", "c"):
            if getattr(options, name) is not None:
                raise InputError(name, "does nothing: iris and --data have shapes of their own")
    return cells(
        families,
        options.n or [10, 25],
        options.d or [2],
        options.c or [5],
        [0.1, 0.01] if options.regs is None else options.regs,
        5 if options.seeds is None else options.seeds,
        options.levels or ["shor", "dnn"],
        60.0 if options.time_limit is None else options.time_limit,
        options.data,
        options.verdicts,
    )
