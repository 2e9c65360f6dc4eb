"""Many cells computed side by side, each kept as soon as it is done."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certnn.atomic_files import read_bytes
from certnn.budget import stoppable
from certnn.errors import InputError
from certnn.report.codec import parse_object
from certnn.search.side_by_side import TaskLost, on_cluster, on_processes

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
    values : dict or None
        The result; None if it failed.
    error : str
        Why it failed, or "".
    seconds : float
        Of a processor, in the process that computed it.
    earlier : bool
        Whether it was read, as an earlier run has left it: then its figures are the file's word.
    """

    cell: Record
    values: Record | None
    error: str
    seconds: float
    earlier: bool = False


def run_sweep(
    cells: Sequence[Record],
    run: Callable[[Record], Record],
    store: str | Path,
    jobs: int = 1,
    tell: Callable[[int, int, Outcome], None] | None = None,
    cluster: Client | None = None,
    examine: Callable[[Record], None] | None = None,
) -> tuple[list[Outcome], bool]:
    """Run a function on every cell that is not done yet.

    Raises `InputError` if the file is not one of outcomes, where the message names the line, or
    cannot be written, or `jobs` is 0; `certnn.relaxation.shor.distributed.ClusterLost` if the
    cluster does not answer any more; the outcomes by then are in the file.

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
        (`certnn.relaxation.shor.distributed.connected`); files that cells name must be there.
    examine : callable or None
        Called with each result that is read from the file; raises `InputError` where it is not
        such as `run` returns.

    Returns
    -------
    outcomes : list of Outcome
        In the order of the cells; where interrupted, those that are there.
    interrupted : bool
        Whether Ctrl-C or SIGTERM ended it.
    """
    if jobs == 0:
        raise InputError("jobs", "must not be 0; with -1 there are as many as cores")
    store = Path(store)
    done = _read(store, set(map(_key, cells)), examine or (lambda values: None))
    missing = [cell for cell in cells if _key(cell) not in done]
    with stoppable() as stop:
        if cluster is not None:
            finished = _gathered(on_cluster(partial(_outcome, run), missing, cluster, stop))
        elif jobs == 1:
            finished = (_outcome(run, cell) for cell in missing)
        else:
            finished = _gathered(on_processes(partial(_outcome, run), missing, jobs, stop))
        try:
            with store.open("a", encoding="utf-8") as file:
                if not _ends_with_a_line(store):  # a run that was killed has left half of one
                    file.write("\n")
                for outcome in finished:
                    done[_key(outcome.cell)] = outcome
                    file.write(json.dumps(_entry(outcome)) + "\n")
                    file.flush()
                    if tell is not None:
                        tell(len(done), len(cells), outcome)
                    if stop.asked:
                        break
        except KeyboardInterrupt:  # of a cell that was cut short
            stop.ask()
        except OSError as error:
            raise InputError(str(store), f"cannot be written: {error.strerror}") from None
        finally:
            finished.close()
        return [done[_key(cell)] for cell in cells if _key(cell) in done], stop.asked


def _gathered(
    finished: Generator[tuple[Record, Callable[[], Outcome]]],
) -> Generator[Outcome]:
    """The outcomes; of a cell that another process did not bring to its end, one that says so."""
    with closing(finished):
        for cell, result in finished:
            try:
                outcome = result()
            except TaskLost as problem:
                outcome = Outcome(cell, None, str(problem), 0.0)
            except Exception as problem:  # such as of a worker that cannot load the code
                outcome = Outcome(cell, None, f"{type(problem).__name__}: {problem}", 0.0)
            yield outcome


def _outcome(run: Callable[[Record], Record], cell: Record) -> Outcome:
    start = time.process_time()
    values, error = None, ""
    try:
        with stoppable() as stop:
            values = run(cell)
            if stop.asked:  # a result cut short is not one to keep
                raise KeyboardInterrupt
    except Exception as problem:  # whatever it is, the other cells go on
        error = f"{type(problem).__name__}: {problem}"
    return Outcome(cell, values, error, time.process_time() - start)


def _key(cell: Record) -> str:
    return json.dumps(cell, sort_keys=True)


def read_earlier(outcomes: Sequence[Outcome]) -> str:
    """A sentence on the outcomes that an earlier run has left; "" where there are none."""
    count = sum(outcome.earlier for outcome in outcomes)
    if not count:
        return ""
    return (
        f"{count} of {len(outcomes)} results were read from the file of an earlier run: their "
        "figures are its word and were not checked again."
    )


def _entry(outcome: Outcome) -> Record:
    """A line of the store."""
    return {name: value for name, value in vars(outcome).items() if name != "earlier"}


def _read(store: Path, wanted: set[str], examine: Callable[[Record], None]) -> dict[str, Outcome]:
    """The wanted outcomes of a store that did not fail, by their keys."""
    if not store.exists():
        return {}
    lines = read_bytes(store, _LARGEST).decode("utf-8", "replace").splitlines()
    done: dict[str, Outcome] = {}
    for number, line in enumerate(lines, 1):
        if not line.endswith("}"):  # cut off while writing
            continue
        try:
            outcome = _parsed(line)
            if _key(outcome.cell) not in wanted:
                continue
            if outcome.values is not None:
                examine(outcome.values)
        except (InputError, ValueError, TypeError, RecursionError) as error:
            reason = f"is not a file of outcomes: {error}; line {number}, which can be deleted"
            raise InputError(str(store), reason) from None
        done[_key(outcome.cell)] = outcome
    return {key: outcome for key, outcome in done.items() if not outcome.error}


def _ends_with_a_line(store: Path) -> bool:
    with store.open("rb") as file:
        file.seek(max(0, store.stat().st_size - 1))
        return file.read() in (b"", b"\n")


def _parsed(line: str) -> Outcome:
    outcome = Outcome(**parse_object(line, "line"), earlier=True)
    types = (type(outcome.cell), type(outcome.values), type(outcome.error), type(outcome.seconds))
    if types not in ((dict, dict, str, float), (dict, type(None), str, float)):
        raise ValueError("an entry has a cell, values, an error and seconds")
    if (outcome.values is None) != bool(outcome.error) or not 0.0 <= outcome.seconds < math.inf:
        raise ValueError("an entry has values or an error, and took some seconds")
    return outcome
