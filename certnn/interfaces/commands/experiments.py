"""``certnn experiments``."""

from __future__ import annotations

import argparse


def add_experiments_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("--out", required=True, metavar="DIR", help="gone on from if there")
    command.add_argument(
        "--quick", action="store_true", help="in minutes: few problems, short time limits, no bias"
    )
    command.add_argument(
        "--only",
        choices=("accuracy", "fair", "tightness"),
        help="one of the tables: the paper's two, and accuracies where cross-validation chooses "
        "all decays",
    )
    command.add_argument(
        "--datasets",
        nargs="+",
        metavar="D",
        help="random, spiral; iris, wine, breast-cancer, digits, ionosphere, pima, banknote, mnist "
        "(those of the paper)",
    )
    command.add_argument(
        "--reg", nargs="+", type=float, default=[0.1, 0.01], metavar="R", help="(0.1 0.01)"
    )
    command.add_argument(
        "--methods",
        nargs="+",
        metavar="M",
        help="rounded, global, sgd, frank-wolfe, gated, nngp, ntk (those of the table)",
    )
    command.add_argument(
        "--data-dir", metavar="DIR", help="with ionosphere.csv, pima.csv and banknote.csv"
    )
    command.add_argument("--jobs", type=int, metavar="N", help="processes side by side (all cores)")
    command.add_argument(
        "--cluster", metavar="ADDRESS", help="of a Dask scheduler that runs the cells instead"
    )


def run_experiments(options: argparse.Namespace) -> int:
    """Run the cells that are not done, and write the tables."""
    from certnn.interfaces.commands.run_experiments import run_all

    return run_all(options)
