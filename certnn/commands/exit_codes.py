"""What a command returns, and how it says why."""

from __future__ import annotations

import sys

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def fail(message: str, code: int) -> int:
    """Say in one line on stderr what is wrong, and return the code."""
    print(f"certnn: error: {' '.join(message.split())}", file=sys.stderr)
    return code
