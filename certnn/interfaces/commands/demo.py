"""``certnn demo``."""

from __future__ import annotations

import argparse
import shlex

from certnn.interfaces.commands.audit import add_output_options, check_command, finish


def add_demo_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("--out", default="certnn-demo", metavar="DIR", help="default: certnn-demo")
    add_output_options(command)


def run_demo(options: argparse.Namespace) -> int:
    """Audit a network trained on iris."""
    from certnn.atomic_files import make_folder
    from certnn.interfaces.commands.destinations import report_folder
    from certnn.interfaces.demo import DATA, NETWORK, TITLE, audited_iris

    out = make_folder(report_folder(options.out, TITLE, on_network=None, beside=(DATA, NETWORK)))
    data = shlex.quote(str(out / DATA))
    result = audited_iris(
        out, lambda name: f"{check_command(out / name)} --data {data}", options.quiet
    )
    return finish(result, out, options)
