"""``certnn path``."""

from __future__ import annotations

import argparse

from certnn.interfaces.commands.exit_codes import INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import add_data_options, add_model_options, data_of
from certnn.interfaces.commands.search_options import add_limit_options


def add_path_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    add_data_options(command)
    add_model_options(command)
    command.add_argument(
        "--regs", required=True, nargs="+", type=float, metavar="R", help="weight decays"
    )
    command.add_argument("--gap", type=float, default=1e-3, metavar="G", help="of each (0.001)")
    command.add_argument("--level", default="auto", help="as for audit (default: auto)")
    add_limit_options(command, "each")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument(
        "--out", required=True, metavar="DIR", help="folder for results; gone on from if there"
    )


def run_path(options: argparse.Namespace) -> int:
    """Train and prove along the weight decays."""
    from rich.console import Console

    from certnn.interfaces.commands.destinations import continued_folder
    from certnn.report.path_table import path_table
    from certnn.report.progress import SearchProgress
    from certnn.search.path import regularisation_path

    out = continued_folder(options.out, results="certificate-*.json", tables="path.*")
    problem = data_of(options, options.regs[0])
    with SearchProgress() as progress:
        path = regularisation_path(
            problem,
            options.regs,
            gap=options.gap,
            level=options.level,
            time_limit=options.time_limit,
            work_limit=options.work_limit,
            seed=options.seed,
            folder=out,
            progress=progress.tell_of,
        )
    path.save_tables(out)  # networks and certificates are there already
    Console().print(path_table(path.rows))
    print(f"Written to {out}: path.html, path.json, path.csv, path.svg, networks and certificates")
    return INTERRUPTED if path.interrupted else OK
