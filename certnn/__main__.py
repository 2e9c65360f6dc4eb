"""``python -m certnn``: the command line."""

from __future__ import annotations

import sys

from certnn.interfaces.cli import command

if __name__ == "__main__":
    sys.exit(command())
