"""``certnn records``: show, check, improve and take up."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from certnn.atomic_files import read_bytes, require_file, require_folder, write_atomically
from certnn.errors import InputError, positive_number, printable
from certnn.interfaces.commands.destinations import empty_folder, output_file
from certnn.report.progress import SearchProgress
from certnn.search.levels.schedule import require_level
from certnn.studies.records.book import BOOK, RecordBook
from certnn.studies.records.check import check_entry
from certnn.studies.records.improve import Change, Effort, improve, open_problems, submit
from certnn.studies.records.page import TITLE, markdown, page_of, terminal_table
from certnn.studies.records.problems import PROBLEMS, find_problem

#: Characters of a line on one problem, bytes of a page.
_LONGEST, _LARGEST_PAGE = 2000, 2**24


def show(options: argparse.Namespace) -> None:
    """Print the table."""
    Console().print(terminal_table(_existing(options)))


def check_all(options: argparse.Namespace) -> bool:
    """Check every entry, and the page beside the folder; returns whether nothing is wrong."""
    book, right = _existing(options), True
    for name in book.entries:
        verdict = check_entry(book, name, options.data_dir)
        said = [f"{', '.join(verdict.checked)} checked"] if verdict.checked else []
        said += [f"{', '.join(verdict.unseen)} not here"] if verdict.unseen else []
        said += [f"wrong: {line}" for line in verdict.wrong]
        print(printable(f"{name}: {'; '.join(said)}", _LONGEST))
        right = right and not verdict.wrong
    page = page_of(book.folder)
    if page.exists() and read_bytes(page, _LARGEST_PAGE).decode("utf-8", "replace") != markdown(
        book
    ):
        print(printable(f"wrong: {page} is not the page of these records", _LONGEST))
        right = False
    return right


def improve_all(options: argparse.Namespace) -> bool:
    """Run the problems one after the other, each kept when it is done; returns if interrupted.

    Raises `InputError` if an option is unusable.
    """
    for name in ("time_limit", "work_limit"):
        if getattr(options, name) is not None:
            positive_number(name, getattr(options, name))
    effort = Effort(options.time_limit, options.work_limit, options.level or "auto")
    require_level(effort.level)
    book = _writable(options)
    names = options.improve or open_problems(book, effort.limit, options.data_dir is not None)
    for name in names:
        if find_problem(name).needs_folder:
            if options.data_dir is None:
                raise InputError("data_dir", f"is needed for {name}")
            require_file(Path(options.data_dir) / f"{PROBLEMS[name].data}.csv")
    for name in names:
        with SearchProgress() as progress:
            change = improve(book, name, effort, options.data_dir, progress.tell)
        book = _written(change)
        if change.interrupted:
            return True
    return False


def submit_one(options: argparse.Namespace) -> None:
    """Take up what lies in a folder."""
    _existing(options)
    _written(submit(_writable(options), options.submit))


def _written(change: Change) -> RecordBook:
    write_atomically(page_of(change.book.folder), markdown(change.book).encode())
    entry = change.book.entries[change.name]
    better = " and ".join(change.better)
    print(
        f"{change.name}: {f'better {better}' if better else 'nothing better'}; "
        f"objective {entry.network.value!r}, proved {entry.bound.value!r} by {entry.bound.run.by}",
        flush=True,
    )
    return change.book


def _existing(options: argparse.Namespace) -> RecordBook:
    require_file(Path(options.folder) / BOOK)
    return RecordBook.read(options.folder)


def _writable(options: argparse.Namespace) -> RecordBook:
    """The book, where nothing but records would be written over."""
    folder = require_folder(options.folder)
    if not (folder / BOOK).exists():
        empty_folder(options.folder, "*.json", "*.npz", "*.json.xz")
    output_file(str(page_of(folder)), "a page of records", _require_page)
    return RecordBook.read(folder)


def _require_page(path: Path) -> None:
    if not read_bytes(path, _LARGEST_PAGE).startswith(f"{TITLE}\n".encode()):
        raise InputError(str(path), "is not a page of records")
