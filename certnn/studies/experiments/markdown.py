"""The tables in Markdown, one line a training problem: to be kept beside a project's pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from certnn.errors import printable
from certnn.report.wording import percent_up, shown_down, shown_up
from certnn.studies.experiments.instances import instance_key
from certnn.studies.experiments.methods import ACCURACY, METHODS
from certnn.studies.experiments.records import contradictions
from certnn.studies.experiments.rows import Row, targets, tightness_summaries
from certnn.studies.sweep import read_earlier

#: Characters of a text that is quoted.
_LONGEST = 500


def markdown(rows: Sequence[Row], command: str) -> str:
    """A page with the command, both tables, what failed and the targets."""
    return "\n".join([f"# Experiments\n\n```sh\n{command}\n```", *_parts(rows)]) + "\n"


def _parts(rows: Sequence[Row]) -> Iterator[str]:
    yield (
        "\nLower bounds are proved for networks of every width, and rounded down; objectives are "
        "exact, and rounded up; gaps follow from the two."
    )
    if earlier := read_earlier([row.outcome for row in rows]):
        yield f"\n{earlier}"
    for line in contradictions(rows):
        yield f"\nCONTRADICTION: {_plain(line)}"
    summaries = tightness_summaries(rows)
    if summaries:
        yield "\n## Tightness\n\nRatios to the best objective known of the same problem.\n"
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
    failed = [row for row in rows if row.outcome.error]
    if failed:
        yield "\n## Failed\n"
        for row in failed:
            yield f"- {_where(row)}, {row.cell['method']}: {_plain(row.outcome.error)}"
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
    for _, group in groupby(rows, key=lambda row: instance_key(row.cell)):
        members = {row.cell["method"]: row for row in group}
        first = next(iter(members.values()))
        cells = [
            (figure(row) if row.values else "failed") if (row := members.get(name)) else ""
            for name in methods
        ]
        if bound and first.lower is not None:
            gaps = [row.gap for row in members.values() if row.gap is not None]
            gap = percent_up(min(gaps)) if gaps else "–"
            cells += [shown_down(first.lower), _plain(first.level), gap]
        elif bound:
            cells += ["–", "", "–"]
        yield _line(_where(first), *cells)


def _where(row: Row) -> str:
    cell = row.cell
    return f"{cell['data']}, {cell['reg']:g}{', bias' if cell['hidden_bias'] else ''}"


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
