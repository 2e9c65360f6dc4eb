"""What a command returns, and how it says why."""

from __future__ import annotations

import sys

from certnn.errors import printable

#: Characters of a message, which may quote a file.
_LONGEST = 2000
OK, FAILED, UNUSABLE = 0, 1, 2
#: As shells have it: 128 and the number of the signal, SIGINT or SIGTERM.
INTERRUPTED, TERMINATED = 130, 143


def fail(message: str, code: int) -> int:
    """Say in one line on stderr what is wrong, and return the code."""
    line = printable(" ".join(message.split()), _LONGEST)
    print(f"certnn: error: {line}", file=sys.stderr)
    return code
