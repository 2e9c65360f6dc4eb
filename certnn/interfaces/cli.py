"""The command line, a command a line: see `_COMMANDS`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import NamedTuple

from certnn.interfaces.commands.audit import (
    add_audit_options,
    add_bound_options,
    run_audit,
    run_bound,
)
from certnn.interfaces.commands.check import add_check_options, run_check
from certnn.interfaces.commands.completion import add_completion_options, run_completion
from certnn.interfaces.commands.demo import add_demo_options, run_demo
from certnn.interfaces.commands.doctor import add_doctor_options, run_doctor
from certnn.interfaces.commands.experiments import add_experiments_options, run_experiments
from certnn.interfaces.commands.path import add_path_options, run_path
from certnn.interfaces.commands.records import add_records_options, run_records
from certnn.interfaces.commands.report import add_report_options, run_report
from certnn.interfaces.commands.round import add_round_options, run_round
from certnn.interfaces.commands.running import OneLineParser, run_words
from certnn.interfaces.commands.sample import add_sample_options, run_sample
from certnn.interfaces.commands.tightness import add_tightness_options, run_tightness
from certnn.interfaces.commands.train import add_train_options, run_train


class _Command(NamedTuple):
    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    searches: bool = True


_COMMANDS = (
    _Command("audit", "prove the gap of a trained network", add_audit_options, run_audit),
    _Command("bound", "prove a lower bound, without a network", add_bound_options, run_bound),
    _Command(
        "check", "check a certificate exactly; needs no solver", add_check_options, run_check, False
    ),
    _Command("report", "several audits on one page", add_report_options, run_report, False),
    _Command(
        "train", "train to proved optimality, of whatever width", add_train_options, run_train
    ),
    _Command("round", "round the relaxation to networks", add_round_options, run_round),
    _Command(
        "path", "the optimum against weight decay, in a proved band", add_path_options, run_path
    ),
    _Command(
        "sample",
        "a bound with confidence, not proved, for any number of points",
        add_sample_options,
        run_sample,
    ),
    _Command(
        "tightness",
        "how much of the optimum each level proves, over families of problems",
        add_tightness_options,
        run_tightness,
    ),
    _Command(
        "experiments",
        "the paper's tables: how tight the proofs are and how accurate the networks",
        add_experiments_options,
        run_experiments,
    ),
    _Command(
        "records",
        "the best networks and bounds known of the paper's problems and others",
        add_records_options,
        run_records,
    ),
    _Command("demo", "audit a network trained on iris, in a minute", add_demo_options, run_demo),
    _Command("doctor", "what is installed, and what for", add_doctor_options, run_doctor, False),
    _Command(
        "completion",
        "a script for bash, zsh or fish that completes these words",
        add_completion_options,
        run_completion,
        False,
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    0: done, and the report is consistent. 1: the certificate is rejected, or the report contradicts
    itself. 2: unusable input, or output that could not be written, in one line. 130 or 143:
    interrupted by Ctrl-C or SIGTERM; what was proved by then is written.
    """
    return run_words(_parser(), sys.argv[1:] if arguments is None else arguments)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="certnn",
        description="Prove how close a trained two-layer ReLU network is to the global optimum of "
        "its training problem: ½‖(XU)₊V − Y‖² + (reg/2)(‖U‖² + ‖V‖²) over networks of any width.",
    )
    parser.add_argument("--version", action="version", version=f"certnn {version('certnn')}")
    parser.set_defaults(run=None, parser=parser)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=OneLineParser)
    for command in _COMMANDS:
        options = commands.add_parser(command.name, help=command.help)
        command.add_options(options)
        options.set_defaults(run=command.run, searches=command.searches)
    return parser


def command() -> int:
    """The command ``certnn``: `main`, whose exit code no later signal changes."""
    code = main()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(command())
