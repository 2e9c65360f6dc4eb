"""Progress of a search: what runs, what is proved so far, and the gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from certnn.report.compiling import Compiling

_COMPILING = "compiling, once on this machine"
#: Seconds between two lines where none moves.
_BETWEEN_LINES = 10.0
#: Called with what is running, the best bound proved or None, and the best objective or None; True
#: ends the search.
SearchCallback = Callable[[str, float | None, float | None], bool | None]


class SearchProgress:
    """A line on stderr that moves in a terminal; elsewhere one a stage, and one every ten seconds.

    It says too when numba compiles; where no line moves, the first time.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    opening : callable or None
        Asked for a line that is printed when the search has begun, and stays; "" for none.
    """

    def __init__(self, quiet: bool = False, opening: Callable[[], str] | None = None) -> None:
        self._opening = None if quiet else opening
        self._console = Console(stderr=True, quiet=quiet)
        self._start = time.monotonic()
        self._last, self._stage, self._waiting = -_BETWEEN_LINES, "", ""
        self._shown, self._compiled = "starting", False
        self._listener = Compiling(self._compiling)
        self._bar: Progress | None = None
        if self._console.is_terminal and not quiet:
            self._bar = Progress(
                SpinnerColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(self._shown, total=None)

    def __enter__(self) -> SearchProgress:
        if self._bar is not None:
            self._bar.start()
        self._listener.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.__exit__()
        if self._bar is not None:
            self._bar.stop()
        if self._waiting:
            self._print(self._waiting)

    def tell_of(self, reg: float) -> Callable[[str, float | None, float | None], None]:
        """The same for one of several weight decays."""
        return lambda stage, bound, objective: self.tell(f"reg {reg:g}: {stage}", bound, objective)

    def tell(self, stage: str, bound: float | None, objective: float | None) -> None:
        """Show a stage, the best proved bound and the best network's objective."""
        if self._opening is not None:
            said, self._opening = self._opening(), None
            if said:
                self._print(said)
        parts = [stage]
        if bound is not None:
            parts.append(f"proved ≥ {bound:.6g}")
        if objective is not None:
            parts.append(f"best network {objective:.6g}")
        if bound is not None and objective is not None and objective > 0.0:
            parts.append(f"gap ≤ {100.0 * (objective - bound) / objective:.3g} %")
        line = "   ".join(parts)
        self._shown = line
        if self._bar is not None:
            self._bar.update(self._task, description=line)
            return
        elapsed = self._elapsed
        line, self._waiting = _timed(elapsed, line), ""
        own = stage.partition(":")[0]
        if own != self._stage or elapsed >= self._last + _BETWEEN_LINES:
            self._last, self._stage = elapsed, own
            self._print(line)
        else:
            self._waiting = line

    def _compiling(self, now: bool) -> None:
        if self._bar is not None:
            line = f"{self._shown}   {_COMPILING}" if now else self._shown
            self._bar.update(self._task, description=line)
        elif not self._compiled:
            self._print(_timed(self._elapsed, _COMPILING))
        self._compiled = True

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._start

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)


def _timed(elapsed: float, line: str) -> str:
    return f"{elapsed:7.1f} s   {line}"


@contextmanager
def shown_progress(progress: SearchCallback | bool | None) -> Iterator[SearchCallback]:
    """What a search calls, from what its caller gave.

    Parameters
    ----------
    progress : callable, bool or None
        A callable itself; True for a line on stderr; None for that in a terminal alone.
    """
    if callable(progress):
        yield progress
        return
    wanted = Console(stderr=True).is_terminal if progress is None else progress
    with SearchProgress(quiet=not wanted) as line:
        yield line.tell
