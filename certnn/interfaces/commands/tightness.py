"""``certnn tightness``."""

from __future__ import annotations

import argparse

from certnn.interfaces.commands.exit_codes import FAILED, INTERRUPTED, OK


def add_tightness_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    families = "random, spiral, lattice, clustered, orthogonal, one-sided, iris"
    command.add_argument("--families", nargs="*", default=["random"], metavar="F", help=families)
    command.add_argument("--data", help="one more family: rows of X and Y of this .npz")
    command.add_argument("--n", nargs="+", type=int, default=[10, 25], help="points")
    command.add_argument("--d", nargs="+", type=int, help="columns (2)")
    command.add_argument("--c", nargs="+", type=int, help="outputs (5)")
    command.add_argument("--regs", nargs="+", type=float, default=[0.1, 0.01], metavar="R")
    command.add_argument("--seeds", type=int, default=5, help="problems of each size (5)")
    command.add_argument("--levels", nargs="+", default=["shor", "dnn"], metavar="L")
    command.add_argument(
        "--verdicts",
        action="store_true",
        help="judge too if the level dnn is tight: proved tight, proved loose, or open",
    )
    command.add_argument("--time-limit", type=float, default=60.0, metavar="S", help="each (60)")
    command.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    command.add_argument("--out", required=True, metavar="DIR", help="gone on from if there")
    command.add_argument(
        "--baseline", metavar="FILE", help="exit with 1 if a bound or a ratio is worse than in it"
    )
    command.add_argument("--save-baseline", metavar="FILE", help="keep this run's for later")


def run_tightness(options: argparse.Namespace) -> int:
    """Run the sweep, show it, and compare with a baseline."""
    from certnn.interfaces.commands.run_tightness import sweep_tightness

    worse, interrupted = sweep_tightness(options)
    if interrupted:
        return INTERRUPTED
    return FAILED if worse else OK
