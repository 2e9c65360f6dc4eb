"""The outcomes of a run as JSON, CSV, a summary, and an HTML page with plots."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from markupsafe import Markup
from rich.table import Table

from certnn.atomic_files import write_atomically
from certnn.report.html import render
from certnn.report.table_cells import plain_cells
from certnn.studies.sweep import Outcome, read_earlier
from certnn.studies.tightness.plots import AXES, ratio_plot
from certnn.studies.tightness.records import contradictions, problem_text
from certnn.studies.tightness.usefulness import reach_rows, reaches


@dataclass(frozen=True)
class Summary:
    """Ratios of one level over all problems of a family at one weight decay."""

    family: str
    reg: float
    level: str
    proved: int
    problems: int
    least: float
    middle: float
    most: float
    seconds: float


def summaries(outcomes: Sequence[Outcome]) -> list[Summary]:
    """One for each family, weight decay and level, in the order in which they come."""
    groups: dict[tuple[str, float, str], list[dict[str, float]]] = defaultdict(list)
    problems: dict[tuple[str, float, str], int] = defaultdict(int)
    for outcome in outcomes:
        for level in outcome.cell["levels"]:
            key = outcome.cell["family"], outcome.cell["reg"], level
            problems[key] += 1
            found = (outcome.values or {"levels": {}})["levels"].get(level, {})
            if "ratio" in found:
                groups[key].append(found)
    return [
        Summary(
            *key,
            proved=len(groups[key]),
            problems=count,
            least=min((f["ratio"] for f in groups[key]), default=0.0),
            middle=median(f["ratio"] for f in groups[key]) if groups[key] else 0.0,
            most=max((f["ratio"] for f in groups[key]), default=0.0),
            seconds=median(f["seconds"] for f in groups[key]) if groups[key] else 0.0,
        )
        for key, count in problems.items()
    ]


def summary_table(outcomes: Sequence[Outcome]) -> Table:
    """The summaries for the terminal."""
    table = Table("family", "reg", "level", "proved", "least", "median", "most", "median time")
    for s in summaries(outcomes):
        cells = (
            s.family,
            f"{s.reg:g}",
            s.level,
            f"{s.proved} of {s.problems}",
            *(f"{ratio:.4f}" for ratio in (s.least, s.middle, s.most)),
            f"{s.seconds:.2f} s",
        )
        table.add_row(*plain_cells(*cells))
    return table


def reach_table(outcomes: Sequence[Outcome]) -> Table:
    """Where levels are useful, for the terminal."""
    table = Table("level", *AXES, title="Where each level is useful")
    table.caption = "where no quicker level proves as much, but for half a percent"
    for row in reach_rows(outcomes):
        table.add_row(*plain_cells(*row))
    return table


def verdict_counts(outcomes: Sequence[Outcome]) -> list[tuple[str, float, str, int]]:
    """Family, weight decay and verdict on the level dnn, and how many problems have it."""
    found = (
        (outcome.cell["family"], outcome.cell["reg"], outcome.values["verdict"])
        for outcome in outcomes
        if outcome.values and "verdict" in outcome.values
    )
    return [(*key, count) for key, count in Counter(found).items()]


def verdict_table(outcomes: Sequence[Outcome]) -> Table:
    """The verdicts for the terminal."""
    table = Table("family", "reg", "level dnn is", "problems")
    for family, reg, verdict, count in verdict_counts(outcomes):
        table.add_row(*plain_cells(family, f"{reg:g}", verdict, str(count)))
    return table


def save_tables(folder: Path, outcomes: Sequence[Outcome], command: str) -> None:
    """Write tightness.json, tightness.csv and tightness.html into the folder."""
    document = {
        "command": command,
        "outcomes": [vars(outcome) for outcome in outcomes],
        "reaches": [vars(reach) for reach in reaches(outcomes)],
    }
    write_atomically(folder / "tightness.json", json.dumps(document, indent=1).encode() + b"\n")
    write_atomically(folder / "tightness.csv", _csv(outcomes).encode())
    write_atomically(folder / "tightness.html", page(outcomes, command).encode())


def _csv(outcomes: Sequence[Outcome]) -> str:
    text = io.StringIO()
    names = ["family", "n", "d", "c", "reg", "seed"]
    more = ["level", "bound", "ratio", "solver", "seconds", "objective", "optimum", "gap", "note"]
    more += ["verdict", "distance"]
    writer = csv.DictWriter(text, names + more, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for outcome in outcomes:
        values = outcome.values or {}
        for level in outcome.cell["levels"]:
            found = values.get("levels", {}).get(level, {"note": outcome.error})
            writer.writerow({**outcome.cell, **values, **found, "level": level})
    return text.getvalue()


def page(outcomes: Sequence[Outcome], command: str) -> str:
    """The HTML page, which loads nothing."""
    return render(
        "tightness.html",
        __package__,
        command=command,
        contradictions=[line for outcome in outcomes for line in contradictions(outcome)],
        earlier=read_earlier(outcomes),
        failed=[f"{problem_text(one.cell)}: {one.error}" for one in outcomes if one.error],
        axes=AXES,
        reaches=reach_rows(outcomes),
        plots=[Markup(plot) for axis in AXES if (plot := ratio_plot(outcomes, axis))],
        summaries=summaries(outcomes),
        verdicts=verdict_counts(outcomes),
    )
