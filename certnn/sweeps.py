"""Many cells computed side by side, each kept as soon as it is done."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certnn.errors import InputError

if TYPE_CHECKING:
    from distributed import Client

#: What is computed and what comes out of it: a JSON object.
Record = dict[str, Any]
_LARGEST = 2**28


@dataclass(frozen=True)
class Outcome:
    """One cell and what has become of it.

    Attributes
    ----------
    cell : dict
    values : dict or None
        The result; None if it failed.
    error : str
        Why it failed, or "".
    seconds : float
    """

    cell: Record
    values: Record | None
    error: str
    seconds: float


def run_sweep(
    cells: Sequence[Record],
    run: Callable[[Record], Record],
    store: str | Path,
    jobs: int = 1,
    tell: Callable[[int, int, Outcome], None] | None = None,
    cluster: Client | None = None,
) -> tuple[list[Outcome], bool]:
    """Run a function on every cell that is not done yet.

    Parameters
    ----------
    cells : sequence of dict
        JSON objects.
    run : callable
        From a cell to its result, a JSON object; defined at the top of a module, since it runs in
        other processes. If it raises, the cell has failed; it is run again the next time.
    store : str or Path
        A file with one outcome a line, made if it is not there. Cells that are in it are not run.
    jobs : int
        Processes side by side.
    tell : callable or None
        Called as ``tell(done, all, outcome)`` after each cell.
    cluster : distributed.Client or None
        A Dask cluster that runs the cells in the place of processes of this machine
        (`certnn.relaxation.distributed.connected`); files that cells name must be there.

    Returns
    -------
    outcomes : list of Outcome
        In the order of the cells; where interrupted, those that are there.
    interrupted : bool
        Whether Ctrl-C ended it.

    Raises
    ------
    InputError
        If the file is not one of outcomes or cannot be written, or `jobs` is 0.
    """
    if jobs == 0:
        raise InputError("jobs", "must not be 0; with -1 there are as many as cores")
    store = Path(store)
    done = {_key(outcome.cell): outcome for outcome in _read(store)}
    done = {key: outcome for key, outcome in done.items() if not outcome.error}
    missing = [cell for cell in cells if _key(cell) not in done]
    interrupted = False
    finished = _on_processes(run, missing, jobs)
    if cluster is not None:
        finished = _on_cluster(run, missing, cluster)
    try:
        with store.open("a", encoding="utf-8") as file:
            if not _ends_with_a_line(store):  # a run that was killed has left half of one
                file.write("\n")
            for outcome in finished:
                done[_key(outcome.cell)] = outcome
                file.write(json.dumps(vars(outcome)) + "\n")
                file.flush()
                if tell is not None:
                    tell(len(done), len(cells), outcome)
    except KeyboardInterrupt:
        interrupted = True
    except OSError as error:
        raise InputError(str(store), f"cannot be written: {error.strerror}") from None
    return [done[_key(cell)] for cell in cells if _key(cell) in done], interrupted


def _on_processes(
    run: Callable[[Record], Record], cells: Sequence[Record], jobs: int
) -> Iterator[Outcome]:
    import joblib

    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    left = {_key(cell): cell for cell in cells}
    tasks = (joblib.delayed(_outcome)(run, cell) for cell in cells)
    with warnings.catch_warnings():
        # A process whose memory has grown is replaced, of which joblib warns.
        warnings.filterwarnings("ignore", "A worker stopped while", UserWarning)
        try:
            for outcome in parallel(tasks):
                del left[_key(outcome.cell)]
                yield outcome
        except BrokenProcessPool as problem:  # one was killed: it is not known by which cell
            for cell in left.values():
                yield Outcome(cell, None, f"a process died: {str(problem).splitlines()[0]}", 0.0)


def _on_cluster(
    run: Callable[[Record], Record], cells: Sequence[Record], cluster: Client
) -> Iterator[Outcome]:
    from distributed import as_completed

    futures = cluster.map(_outcome, [run] * len(cells), cells, pure=False)
    by_key = {future.key: cell for future, cell in zip(futures, cells, strict=True)}
    try:
        for future in as_completed(futures):
            try:
                yield future.result()
            except Exception as problem:  # a worker was killed, or cannot load the code
                error = f"{type(problem).__name__}: {problem}"
                yield Outcome(by_key[future.key], None, error, 0.0)
    finally:
        cluster.cancel(futures)


def _outcome(run: Callable[[Record], Record], cell: Record) -> Outcome:
    start = time.monotonic()
    values, error = None, ""
    try:
        values = run(cell)
    except Exception as problem:  # whatever it is, the other cells go on
        error = f"{type(problem).__name__}: {problem}"
    return Outcome(cell, values, error, time.monotonic() - start)


def _key(cell: Record) -> str:
    return json.dumps(cell, sort_keys=True)


def _read(store: Path) -> list[Outcome]:
    if not store.exists():
        return []
    try:
        if store.stat().st_size > _LARGEST:
            raise InputError(str(store), "is too large")
        lines = store.read_text("utf-8").splitlines()
        return [_parsed(json.loads(line)) for line in lines if line.endswith("}")]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(store), f"is not a file of outcomes: {error}") from None


def _ends_with_a_line(store: Path) -> bool:
    with store.open("rb") as file:
        file.seek(max(0, store.stat().st_size - 1))
        return file.read() in (b"", b"\n")


def _parsed(entry: Any) -> Outcome:
    outcome = Outcome(**entry)
    if not isinstance(outcome.cell, dict) or not isinstance(outcome.error, str):
        raise ValueError("an entry has no cell")
    return outcome
