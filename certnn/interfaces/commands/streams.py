"""Standard output and error that do not end the work, whatever becomes of their readers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO


class SteadyStream:
    """A text stream that falls silent when it cannot be written to, as in ``certnn … | head``.

    What it cannot encode is written as escapes. An exception in the midst of a search would lose
    what is proved by then, and one at the end the exit code.

    Attributes
    ----------
    trouble : str
        Why not all of it was written, or ""; a reader that has gone has read what it wanted.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.trouble = ""

    def write(self, text: str) -> int:
        """Write it, or nothing."""
        encoding = self._stream.encoding or "utf-8"
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        with self._silent_where_broken():
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        """Pass on what is kept back, or drop it."""
        with self._silent_where_broken():
            self._stream.flush()

    @contextmanager
    def _silent_where_broken(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.trouble = error.strerror or type(error).__name__
            # What the stream keeps back is written again when Python ends.
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self._stream.fileno())
            os.close(nothing)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def steady_output() -> Iterator[SteadyStream]:
    """Within it standard output, which is given, and error are steady, even if they are closed."""
    with ExitStack() as stack:
        output, error = (
            SteadyStream(stream or stack.enter_context(open(os.devnull, "w")))
            for stream in (sys.stdout, sys.stderr)
        )
        stack.enter_context(redirect_stdout(output))
        stack.enter_context(redirect_stderr(error))
        stack.callback(output.flush)
        yield output
