"""``certnn tightness``."""

from __future__ import annotations

import argparse


def add_tightness_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    families = "random, spiral, lattice, clustered, orthogonal, one-sided, iris"
    command.add_argument(
        "--families",
        nargs="*",
        metavar="F",
        help=f"{families} (random; all "
        "of them with one size changed at a time, and every level, if no family, data, size or reg "
        "is named: that takes up to 20 minutes)",
    )
    command.add_argument("--data", help="one more family: rows of X and Y of this .npz")
    command.add_argument("--n", nargs="+", type=int, help="points (10 25)")
    command.add_argument("--d", nargs="+", type=int, help="columns (2)")
    command.add_argument("--c", nargs="+", type=int, help="outputs (5)")
    command.add_argument("--regs", nargs="+", type=float, metavar="R", help="(0.1 0.01)")
    command.add_argument("--seeds", type=int, help="problems of each size (5; 1 if none is named)")
    command.add_argument("--levels", nargs="+", metavar="L", help="(shor dnn; all if no size is)")
    command.add_argument(
        "--verdicts",
        action="store_true",
        help="judge too if the level dnn is tight: proved tight, proved loose, or open",
    )
    command.add_argument(
        "--time-limit", type=float, metavar="S", help="each (60; 2 if no size is named)"
    )
    command.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    command.add_argument("--out", required=True, metavar="DIR", help="gone on from if there")
    command.add_argument(
        "--baseline", metavar="FILE", help="exit with 1 if a bound or a ratio is worse than in it"
    )
    command.add_argument("--save-baseline", metavar="FILE", help="keep this run's for later")


def run_tightness(options: argparse.Namespace) -> int:
    """Run the sweep, show it, and compare with a baseline."""
    from certnn.interfaces.commands.run_tightness import sweep_tightness

    return sweep_tightness(options)
