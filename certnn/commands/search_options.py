"""The options of a search for a bound."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certnn.relaxation.worker import SolverChoice


def add_search_options(command: argparse.ArgumentParser) -> None:
    """Add level, goal, limits, solver and cluster."""
    command.add_argument(
        "--level",
        default="auto",
        help="auto, shor, block, block(k), dnn, cuts, regions, regions(k), phases or partition "
        "(default: auto)",
    )
    command.add_argument(
        "--gap", type=float, metavar="G", help="stop at this proved gap, e.g. 0.05"
    )
    add_limit_options(command)
    add_memory_option(command)
    command.add_argument(
        "--solver",
        help="SDP solver that CVXPY knows; certnn, the default, are our own",
    )
    command.add_argument(
        "--formulation",
        default="reduced",
        choices=("reduced", "literal", "dual"),
        help="of the level dnn: reduced primal, the paper's own by a solver of CVXPY (CLARABEL), "
        "or the dual by PICOS and CVXOPT",
    )
    command.add_argument(
        "--cluster", metavar="ADDRESS", help="Dask scheduler for the sums of the level shor"
    )


def add_limit_options(command: argparse.ArgumentParser, of: str = "the whole run") -> None:
    """Add --time-limit and --work-limit."""
    command.add_argument("--time-limit", type=float, metavar="S", help=f"seconds for {of}")
    command.add_argument(
        "--work-limit",
        type=float,
        metavar="W",
        help="the same in nominal seconds, counted from what is computed: the same result on every "
        "machine, however busy",
    )


def add_memory_option(command: argparse.ArgumentParser) -> None:
    """Add --memory-limit."""
    command.add_argument(
        "--memory-limit",
        type=float,
        default=1000.0,
        metavar="MB",
        help="of a partition or phases that are searched for (default: 1000)",
    )


def choice_of(options: argparse.Namespace) -> SolverChoice | None:
    """The solver that the options name; None for the usual one."""
    from certnn.relaxation.worker import DEFAULT_SOLVER, SolverChoice

    if options.solver is None and options.formulation == "reduced":
        return None
    solver = options.solver or DEFAULT_SOLVER[options.formulation]
    return SolverChoice(solver, options.formulation)
