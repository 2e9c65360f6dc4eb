"""``certnn demo``."""

from __future__ import annotations

import argparse
from pathlib import Path

from certnn.commands.audit import finish


def add_demo_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("--out", default="certnn-demo", metavar="DIR", help="default: certnn-demo")


def run_demo(options: argparse.Namespace) -> int:
    """Audit a network trained on iris."""
    from certnn.demo import audited_iris
    from certnn.paths import make_folder

    return finish(audited_iris(make_folder(options.out)), Path(options.out))
