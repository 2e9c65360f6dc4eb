"""The records in Markdown and in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from certnn.report.table_cells import plain_cells
from certnn.report.wording import duration, percent_up, shown_down, shown_up
from certnn.studies.records.book import BOOK, Entry, Figure, RecordBook
from certnn.studies.records.problems import PROBLEMS

#: How a page begins: what tells it from another file.
TITLE = "# Records"
_ABOUT = """\
For each problem the best network and the best bound known. The bound is proved for networks of
every width, and rounded down; the objective is exact, and rounded up; the gap follows from the two.
`NAME-bias` has a decayed hidden bias, and the practice set too; the other data are the training
halves of the paper's split. {count}

Networks and certificates of up to 200 kB, packed by xz, lie in [{folder}]({folder}): where the best
certificate is larger, that of the best bound with a smaller one, which the last columns are about,
and the command gives the best again. `certnn records --check` has the kernel check every file and
every figure. A better result replaces an entry after the kernel's word:
`certnn records --submit FOLDER`, where FOLDER is what `certnn audit` or `certnn bound` has written.
"""
_HASHES = """\
SHA-256 of the data, of the network's weights and of the certificate, in full in
[{book}]({folder}/{book}). A command gives its figure again in a folder of records (`--folder`) that
is empty, unless it says that it went on from an earlier entry.
"""
_HEADINGS = (
    *("problem", "n", "d", "c", "reg", "best objective", "by", "in"),
    *("proved ≥", "by", "in", "gap", "proved here ≥", "by"),
)


def page_of(folder: Path) -> Path:
    """Where the page of a folder of records is: beside it, under its name."""
    return folder.resolve().with_suffix(".md")


def markdown(book: RecordBook) -> str:
    """The page."""
    folder = book.folder.resolve().name
    count = f"{len(book.entries)} of {len(PROBLEMS)} problems have an entry."
    lines = [TITLE, "", _ABOUT.format(count=count, folder=folder), _line(_HEADINGS)]
    lines += [_line(["---"] * len(_HEADINGS))]
    lines += [_line(_cells(name, entry)) for name, entry in book.entries.items()]
    lines += ["", "## Hashes and commands", "", *_hashes(book)]
    return "\n".join(lines) + "\n"


def terminal_table(book: RecordBook) -> Table:
    """The same figures for the terminal."""
    table = Table(*_HEADINGS, padding=(0, 0, 0, 1))
    for name, entry in book.entries.items():
        table.add_row(*plain_cells(*_cells(name, entry)))
    return table


def command(name: str, figure: Figure) -> str:
    """The command that gives a figure again; "" where it was handed in."""
    run = figure.run
    if run.seconds is None:
        return ""
    words = ["certnn", "records", "--improve", name]
    if run.level != "auto":
        words += ["--level", run.level]
    for option, limit in (("--time-limit", run.time_limit), ("--work-limit", run.work_limit)):
        if limit is not None:
            words += [option, f"{limit:g}"]
    if PROBLEMS[name].needs_folder:
        words += ["--data-dir", "FOLDER"]
    return " ".join(words)


def _cells(name: str, entry: Entry) -> list[str]:
    def time(figure: Figure) -> str:
        return "–" if figure.run.seconds is None else duration(figure.run.seconds)

    kept = entry.kept
    return [
        name,
        *map(str, entry.shape),
        f"{PROBLEMS[name].reg:.4g}",
        shown_up(entry.network.number),
        entry.network.run.by,
        time(entry.network),
        shown_down(entry.bound.number),
        entry.bound.run.by,
        time(entry.bound),
        percent_up(entry.gap),
        *(("–", "") if kept is None else (shown_down(kept.number), kept.run.by)),
    ]


def _hashes(book: RecordBook) -> Iterator[str]:
    """The SHA-256 of data, network and certificate, and the commands, an entry an item."""
    yield _HASHES.format(book=BOOK, folder=book.folder.resolve().name)
    yield _line(["problem", "data", "network", "certificate", "network by", "bound by"])
    yield _line(["---"] * 6)
    for name, entry in book.entries.items():
        hashes = (entry.data_sha256, entry.network.sha256, entry.bound.sha256)
        commands = [_again(name, figure) for figure in (entry.network, entry.bound)]
        yield _line([name, *(f"`{digest[:16]}`" for digest in hashes), *commands])


def _again(name: str, figure: Figure) -> str:
    text = command(name, figure)
    if not text:
        return "handed in"
    return f"`{text}`" + ("" if figure.run.fresh else ", from an earlier entry")


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
