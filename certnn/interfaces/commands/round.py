"""``certnn round``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from certnn.interfaces.commands.exit_codes import INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import add_problem_options, problem_of

if TYPE_CHECKING:
    from rich.table import Table

    from certnn.search.rounding_comparison import RoundingComparison


def add_round_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    add_problem_options(command)
    command.add_argument(
        "--method",
        nargs="+",
        metavar="M",
        help="paper, splitting, rotation, forms, eigenvectors, gaussian, all (of these but the "
        "first together); random, for comparison (default: each of them)",
    )
    command.add_argument(
        "--trainer", action="store_true", help="compare with certnn train, which proves its gap too"
    )
    command.add_argument(
        "--time-limit", type=float, metavar="S", help="seconds: relaxation, each method, trainer"
    )
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--out", required=True, metavar="NET.npz", help="the best of them")


def run_round(options: argparse.Namespace) -> int:
    """Solve the relaxation, round it, and show what came of it.

    Raises `InputError` if an option is unusable.
    """
    from rich.console import Console

    from certnn.interfaces.commands.destinations import network_file
    from certnn.reading.npz import save_network
    from certnn.relaxation.rounding import BLIND, METHODS
    from certnn.report.progress import SearchProgress
    from certnn.search.rounding_comparison import compare_roundings

    out = network_file(options.out)
    problem, decay = problem_of(options)
    with SearchProgress() as progress:
        comparison = compare_roundings(
            problem,
            options.method or (*METHODS, BLIND),
            trainer=options.trainer,
            time_limit=options.time_limit,
            seed=options.seed,
            progress=progress.tell,
        )
    best = comparison.best
    save_network(out, best.network)
    if decay:
        print(f"weight decay: {decay}")
    Console().print(rounding_table(comparison))
    print(
        f"objective {best.objective.rounded!r} with {best.network.width} neurons (exact, rounded "
        f"up), by {best.method}; nothing is proved of how good that is"
    )
    print(f"Written to {out}")
    return INTERRUPTED if comparison.interrupted else OK


def rounding_table(comparison: RoundingComparison) -> Table:
    """The rows of a comparison for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), caption=_CAPTION)
    table.add_column("method", no_wrap=True)
    for name in ("width", "as read", "fitted", "polished", "above", "unpaired", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in comparison.rows():
        table.add_row(
            row["method"],
            _shown(row["width"], "d"),
            *(_shown(row[key], ".5g") for key in ("read", "fitted", "objective")),
            _shown(row["excess"], ".2%"),
            _shown(row["complementarity_error"], ".1e"),
            _shown(row["seconds"], ".1f"),
        )
    return table


_CAPTION = (
    "Objectives are exact, of real networks, but for the relaxation's, which is the solver's word. "
    "Above: the best here. Unpaired: how far the columns are from α, β ≥ 0 with αβ = 0 before "
    "anything is repaired."
)


def _shown(figure: float | None, form: str) -> str:
    return "" if figure is None else format(figure, form)
