"""The outcomes of a run as JSON, CSV, Markdown, terminal tables, and an HTML page with plots."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from markupsafe import Markup
from rich.table import Table

from certnn.atomic_files import write_atomically
from certnn.report.html import render
from certnn.report.table_cells import plain_cells
from certnn.studies.experiments.fair_rows import fair_rows
from certnn.studies.experiments.fair_table import cells, fair_terminal_table, headings, summary
from certnn.studies.experiments.instances import instance_key
from certnn.studies.experiments.markdown import markdown
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.plots import objective_plot
from certnn.studies.experiments.records import contradictions
from certnn.studies.experiments.rows import Row, Summary, joined, targets, tightness_summaries
from certnn.studies.experiments.tables import ACCURACY, FAIR
from certnn.studies.sweep import Outcome, Record, read_earlier

#: Of generated data only the first problem is drawn.
_DRAWN_SEED = 0


def terminal_tables(outcomes: Sequence[Outcome]) -> Iterator[Table]:
    """A table for each that has cells."""
    rows = joined(outcomes)
    summaries = tightness_summaries(rows)
    if summaries:
        yield _tightness_table(summaries)
    accuracies = [row for row in rows if row.cell["table"] == ACCURACY]
    if accuracies:
        yield _accuracy_table(accuracies)
    if fair := fair_rows(rows):
        yield fair_terminal_table(fair)


def save_tables(
    folder: Path, outcomes: Sequence[Outcome], command: str, left_out: Sequence[Record] = ()
) -> None:
    """Write experiments.json, .csv, .html and .md into the folder.

    Parameters
    ----------
    folder : Path
    outcomes : sequence of Outcome
    command : str
    left_out : sequence of dict
        Cells that were not run, as after an interruption.
    """
    rows = joined(outcomes)
    document = {
        "command": command,
        "cells": [vars(outcome) for outcome in outcomes],
        "rows": [row.as_record() for row in rows],
        "targets": [vars(target) for target in targets(rows)],
        "fair": [asdict(row) for row in fair_rows(rows)],
    }
    content = json.dumps(document, indent=1).encode() + b"\n"
    write_atomically(folder / "experiments.json", content)
    write_atomically(folder / "experiments.csv", _csv(rows).encode())
    write_atomically(folder / "experiments.html", page(outcomes, command).encode())
    write_atomically(folder / "experiments.md", markdown(rows, command, left_out).encode())


def page(outcomes: Sequence[Outcome], command: str) -> str:
    """The HTML page, which loads nothing."""
    rows = joined(outcomes)
    fair = fair_rows(rows)
    return render(
        "experiments.html",
        __package__,
        accuracies=[row for row in rows if row.cell["table"] == ACCURACY],
        command=command,
        contradictions=contradictions(rows),
        earlier=read_earlier(outcomes),
        failed=[outcome for outcome in outcomes if outcome.error],
        fair_cells=list(cells(fair)),
        fair_headings=headings(fair),
        fair_summary=summary(fair),
        plots=[Markup(plot) for plot in _plots(rows) if plot],
        summaries=tightness_summaries(rows),
        targets=targets(rows),
        titles={name: method.title for name, method in METHODS.items()},
    )


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    records = [row.as_record() for row in rows]
    writer = csv.DictWriter(text, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _plots(rows: Sequence[Row]) -> Iterator[str]:
    paper = (row for row in rows if row.cell["table"] != FAIR)
    for key, group in groupby(paper, key=lambda row: instance_key(row.outcome)):
        if key.points[1] == _DRAWN_SEED:
            yield objective_plot(list(group), key.title)


def _tightness_table(summaries: Sequence[Summary]) -> Table:
    table = Table("data", "reg", "method", "done", "least", "median", "most", "median time")
    table.title = "Ratio to the best objective known: of proved bounds and of networks"
    for s in summaries:
        ratios = [f"{ratio:.4f}" for ratio in (s.least, s.middle, s.most)] if s.done else ["–"] * 3
        done = f"{s.done} of {s.problems}"
        cells = s.data, f"{s.reg:g}", s.method, done, *ratios, f"{s.seconds:.1f} s"
        table.add_row(*plain_cells(*cells))
    return table


def _accuracy_table(rows: Sequence[Row]) -> Table:
    names = ("data", "reg", "bias", "method", "objective", "gap ≤", "proved by")
    table = Table(*names, "honest", "paper", "leak", padding=(0, 0, 0, 1))
    table.title = "Accuracy on the test half under both protocols"
    for row in rows:
        cell, values = row.cell, row.values
        objective = values.get("objective", {}).get("value")
        tested = ["failed", "–", "–"]
        if values:
            paper = values["paper"]
            shares = (values["honest"]["accuracy"], paper["accuracy"], paper["leak"])
            tested = [f"{100 * share:.1f}%" for share in shares]
        cells = (
            cell["data"],
            f"{cell['reg']:g}",
            "yes" if cell["hidden_bias"] else "no",
            cell["method"],
            "–" if objective is None else f"{objective:.5g}",
            "–" if row.gap is None else f"{100 * row.gap:.3g}%",
            row.level,
            *tested,
        )
        table.add_row(*plain_cells(*cells))
    return table
