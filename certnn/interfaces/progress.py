"""Progress of a search in the terminal: what runs, what is proved so far, and the gap."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class SearchProgress:
    """A line on stderr: a moving one in a terminal, one line a change elsewhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._start = time.monotonic()
        self._bar: Progress | None = None
        if self._console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("starting", total=None)

    def __enter__(self) -> SearchProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tell_of(self, reg: float) -> Callable[[str, float | None, float | None], None]:
        """The same for one of several weight decays."""

        def tell(stage: str, bound: float | None, objective: float | None) -> None:
            self.tell(f"reg {reg:g}: {stage}", bound, objective)

        return tell

    def tell(self, stage: str, bound: float | None, objective: float | None) -> None:
        """Show a stage, the best proved bound and the best network's objective."""
        parts = [stage]
        if bound is not None:
            parts.append(f"proved ≥ {bound:.6g}")
        if objective is not None:
            parts.append(f"best network {objective:.6g}")
        if bound is not None and objective is not None and objective > 0.0:
            parts.append(f"gap ≤ {100.0 * (objective - bound) / objective:.3g} %")
        line = "   ".join(parts)
        if self._bar is not None:
            self._bar.update(self._task, description=line)
        else:
            elapsed = time.monotonic() - self._start
            self._console.print(f"{elapsed:7.1f} s   {line}", soft_wrap=True, markup=False)
