"""How long numba compiles, which it does where nothing compiled is kept on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numba.core.event import Listener, register, unregister

_KIND = "numba:compile"


class Compiling(Listener):
    """Listens to the compilation of functions while it is entered.

    Parameters
    ----------
    tell : callable or None
        Called with True when it begins and with False when it has ended.

    Attributes
    ----------
    seconds : float
        Wall time that it took.
    """

    def __init__(self, tell: Callable[[bool], None] | None = None) -> None:
        self.seconds = 0.0
        self._tell = tell or (lambda now: None)
        self._depth, self._begun = 0, 0.0

    def __enter__(self) -> Compiling:
        register(_KIND, self)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        unregister(_KIND, self)  # type: ignore[no-untyped-call]

    def on_start(self, event: Any) -> None:
        """Of a function; one that it calls may be compiled within."""
        self._depth += 1
        if self._depth == 1:
            self._begun = time.monotonic()
            self._tell(True)

    def on_end(self, event: Any) -> None:
        """Of the same."""
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.monotonic() - self._begun
            self._tell(False)
