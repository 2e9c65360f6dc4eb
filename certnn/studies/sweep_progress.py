"""A sweep with a bar of what is done, in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from certnn.atomic_files import make_folder
from certnn.errors import printable
from certnn.studies.sweep import Outcome, Record, run_sweep

if TYPE_CHECKING:
    from distributed import Client

#: Characters of what is said of a cell that failed.
_LONGEST = 2000


#: Name of the file in a folder of results that keeps the outcomes.
STORE = "outcomes.jsonl"


def sweep_with_progress(
    what: str,
    cells: Sequence[Record],
    run: Callable[[Record], Record],
    folder: str | Path,
    jobs: int = 1,
    cluster: Client | None = None,
    examine: Callable[[Record], None] | None = None,
) -> tuple[list[Outcome], bool]:
    """`run_sweep` with a bar on stderr, where cells that fail are named at once.

    Parameters
    ----------
    what : str
        Name of the cells.
    cells, run, jobs, cluster, examine
        As in `run_sweep`, as are returns and errors.
    folder : str or Path
        Made if it is not there; keeps the outcomes.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=len(cells))

        def tell(done: int, _: int, outcome: Outcome) -> None:
            bar.update(task, completed=done)
            if outcome.error:
                line = printable(f"{outcome.cell}: {outcome.error}", _LONGEST)
                bar.console.print(line, markup=False)

        return run_sweep(cells, run, make_folder(folder) / STORE, jobs, tell, cluster, examine)
