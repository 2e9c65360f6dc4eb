"""The fair table as text: for Markdown, pages and the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from rich.table import Table

from certnn.report.table_cells import plain_cells
from certnn.report.wording import percent_up
from certnn.studies.experiments.fair_rows import FairRow, Mean
from certnn.studies.experiments.methods import METHODS

_ABOUT = """\
Columns are standardised on the training half; the same folds of that half choose the weight decay
of every network, from the same grid, and the ridge of kernel machines; the class is that of the
largest output. Accuracy in percent, mean and standard error over splits. The effect is that of the
certified network against gradient descent, split by split: it helps or costs where the mean
difference is more than its standard error. The gap is that of the certified network at its decay,
proved: median and largest over splits. Beside chosen decays stand those of the paper, for these two
methods. Rounded relaxations and the gated program are left out, since folds are too short for them.
"""


def headings(rows: Sequence[FairRow]) -> list[str]:
    """Of the columns: the data, the methods that some row has, and what follows from them."""
    titles = [METHODS[name].title for name in _methods(rows)]
    return ["data", "decay", *titles, "within an error of the best", "effect", "gap"]


def cells(rows: Sequence[FairRow]) -> Iterator[list[str]]:
    """The cells of each row, those without chosen decays last."""
    for row in sorted(rows, key=lambda row: row.reg is not None):
        shown = [
            _mean(row.accuracies[name])
            if name in row.accuracies
            else ("failed" if name in row.failed else "–")
            for name in _methods(rows)
        ]
        gap = "–"
        if row.middle_gap is not None and row.largest_gap is not None:
            gap = f"{percent_up(row.middle_gap)}, {percent_up(row.largest_gap)}"
        yield [
            f"{row.data}{', bias' if row.hidden_bias else ''}",
            _decay(row),
            *shown,
            _within(row),
            row.effect if row.effect != "unknown" else "–",
            gap,
        ]


def summary(rows: Sequence[FairRow]) -> str:
    """How often the certified network is close to the best, and where optimality helps."""
    chosen = [row for row in rows if row.reg is None]
    judged = [row for row in chosen if row.within_an_error is not None]
    close = sum(bool(row.within_an_error) for row in judged)
    parts = [f"Within a standard error of the best other method: {close} of {len(judged)}."]
    for effect in ("helps", "no difference", "costs"):
        names = [
            f"{row.data}{', bias' if row.hidden_bias else ''}"
            for row in chosen
            if row.effect == effect
        ]
        parts.append(f"{effect.capitalize()}: {'; '.join(names) or 'nowhere'}.")
    return " ".join(parts)


def fair_markdown(rows: Sequence[FairRow]) -> Iterator[str]:
    """A section of a page; nothing without rows."""
    if not rows:
        return
    yield f"\n## Accuracy, fair protocol\n\n{_ABOUT}\n{summary(rows)}\n"
    names = headings(rows)
    for line in (names, ["---"] * len(names), *cells(rows)):
        yield f"| {' | '.join(line)} |"


def fair_terminal_table(rows: Sequence[FairRow]) -> Table:
    """The same for the terminal."""
    table = Table(*headings(rows), padding=(0, 0, 0, 1))
    table.title = "Accuracy under the fair protocol"
    table.caption = summary(rows)
    for line in cells(rows):
        table.add_row(*plain_cells(*line))
    return table


def _methods(rows: Sequence[FairRow]) -> list[str]:
    return [name for name in METHODS if any(name in {*r.accuracies, *r.failed} for r in rows)]


def _within(row: FairRow) -> str:
    if row.within_an_error is None:
        return "–"
    return "yes" if row.within_an_error else f"no: {METHODS[row.best].title}"


def _decay(row: FairRow) -> str:
    if row.reg is not None:
        return f"{row.reg:g}"
    return f"chosen, {median(row.decays):.3g}" if row.decays else "chosen"


def _mean(mean: Mean) -> str:
    error = "" if math.isnan(mean.error) else f" ± {100 * mean.error:.1f}"
    return f"{100 * mean.mean:.1f}{error}"
