"""The tables in Markdown, one line a training problem: to be kept beside a project's pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from certnn.directed_rounding import rounded_up
from certnn.errors import printable
from certnn.report.wording import duration, percent_up, shown_down, shown_up
from certnn.studies.experiments.fair_rows import fair_rows
from certnn.studies.experiments.fair_table import fair_markdown
from certnn.studies.experiments.instances import instance_key
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.records import contradictions
from certnn.studies.experiments.rows import Row, targets, tightness_summaries
from certnn.studies.experiments.tables import ACCURACY
from certnn.studies.sweep import Record, read_earlier

#: Characters of a text that is quoted.
_LONGEST = 500


def markdown(rows: Sequence[Row], command: str, left_out: Sequence[Record] = ()) -> str:
    """A page with the command, the tables, what failed, what was not run and the targets.

    Parameters
    ----------
    rows : sequence of Row
    command : str
    left_out : sequence of dict
        Cells that were not run.
    """
    parts = _parts(rows, left_out)
    return "\n".join([f"# Experiments\n\n```sh\n{command}\n```", *parts]) + "\n"


def _parts(rows: Sequence[Row], left_out: Sequence[Record]) -> Iterator[str]:
    outcomes = [row.outcome for row in rows]
    took = duration(sum(outcome.seconds for outcome in outcomes))
    yield (
        "\nLower bounds are proved for networks of every width, and rounded down; objectives are "
        f"exact, and rounded up; gaps follow from the two. {len(outcomes)} cells took {took} of a "
        "processor."
    )
    if earlier := read_earlier(outcomes):
        yield f"\n{earlier}"
    for line in contradictions(rows):
        yield f"\nCONTRADICTION: {_plain(line)}"
    summaries = tightness_summaries(rows)
    if summaries:
        yield (
            "\n## Tightness\n\nRatios to the best objective known of the same problem; seconds are "
            "of a processor.\n"
        )
        yield _line("data", "reg", "method", "done", "least", "median", "most", "median time")
        yield _line(*["---"] * 8)
    for s in summaries:
        ratios = [f"{ratio:.4f}" for ratio in (s.least, s.middle, s.most)] if s.done else ["–"] * 3
        done, time = f"{s.done} of {s.problems}", f"{s.seconds:.1f} s"
        yield _line(s.data, f"{s.reg:g}", s.method, done, *ratios, time)
    tested = [row for row in rows if row.cell["table"] == ACCURACY]
    if tested:
        yield "\n## Training objectives\n"
        yield from _pivot(tested, _objective, bound=True)
        yield (
            "\n## Accuracy, honest\n\nThe class is that of the largest output; nothing is chosen "
            "on the test half.\n"
        )
        yield from _pivot(tested, lambda row: _percent(row.values["honest"]["accuracy"]))
        yield (
            "\n## Accuracy, the paper's protocol\n\nThreshold and iterate are those that are best "
            "on the test half; in parentheses what that gains over choosing them on the training "
            "half, in points.\n"
        )
        yield from _pivot(tested, _leaking)
    yield from fair_markdown(fair_rows(rows))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        yield "\n## Failed\n"
        for one in failed:
            yield f"- {_where(one.cell)}, {one.cell['method']}: {_plain(one.error)}"
    made = [row.cell for row in rows]
    if left_out:
        yield "\n## Not run\n"
        kinds = [Counter((c["table"], c["data"]) for c in some) for some in (left_out, made)]
        for kind, count in kinds[0].items():
            yield f"- {', '.join(kind)}: {count} of {count + kinds[1][kind]} cells"
    found = sorted(targets(rows), key=lambda target: target.what)
    if found:
        yield "\n## Targets\n"
    for what, group in groupby(found, key=lambda target: target.what):
        members = list(group)
        yield f"- {what}: {sum(target.met for target in members)} of {len(members)} met"
        yield from (f"  - missed: {t.where}: {t.figures}" for t in members if not t.met)


def _pivot(rows: Sequence[Row], figure: Callable[[Row], str], bound: bool = False) -> Iterator[str]:
    """A line for each problem and a column for each method; failed cells are named as such."""
    methods = [name for name in METHODS if any(row.cell["method"] == name for row in rows)]
    proof = ["proved ≥", "by", "gap of the best"] if bound else []
    yield _line("data", *(METHODS[name].title for name in methods), *proof)
    yield _line(*["---"] * (1 + len(methods) + len(proof)))
    for _, group in groupby(rows, key=lambda row: instance_key(row.outcome)):
        members = {row.cell["method"]: row for row in group}
        first = next(iter(members.values()))
        cells = [
            (figure(row) if row.values else "failed") if (row := members.get(name)) else ""
            for name in methods
        ]
        if bound and first.lower is not None:
            gap = percent_up(rounded_up(1 - first.lower / first.best)) if first.best else "–"
            cells += [shown_down(first.lower), _plain(first.level), gap]
        elif bound:
            cells += ["–", "", "–"]
        yield _line(_where(first.cell), *cells)


def _where(cell: Record) -> str:
    decay = "chosen decay" if cell["reg"] is None else f"{cell['reg']:g}"
    return f"{cell['data']}, {decay}{', bias' if cell['hidden_bias'] else ''}"


def _objective(row: Row) -> str:
    return "–" if row.objective is None else shown_up(row.objective, 5)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _leaking(row: Row) -> str:
    paper = row.values["paper"]
    return f"{_percent(paper['accuracy'])} ({_percent(paper['leak'])})"


def _plain(text: str) -> str:
    """Text that is no markup in a page of Markdown either."""
    return re.sub(r"([\\`*\[\]<>|!])", r"\\\1", printable(text, _LONGEST))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
