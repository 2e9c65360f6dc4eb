"""What a command returns, and how it says why."""

from __future__ import annotations

import sys

from certnn.plain_text import printable

#: Characters of a message, which may quote a file.
_LONGEST = 2000
OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def fail(message: str, code: int) -> int:
    """Say in one line on stderr what is wrong, and return the code."""
    line = printable(" ".join(message.split()), _LONGEST)
    print(f"certnn: error: {line}", file=sys.stderr)
    return code
