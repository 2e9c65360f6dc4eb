"""The options of a search for a bound."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from certnn.errors import InputError

if TYPE_CHECKING:
    from certnn.problem.training_problem import TrainingProblem
    from certnn.relaxation.modelled.worker import SolverChoice

#: What --memory-limit and --formulation are if nothing is said.
MEGABYTES, FORMULATION = 1000.0, "reduced"


def add_search_options(command: argparse.ArgumentParser) -> None:
    """Add level, goal, limits, solver and cluster."""
    command.add_argument(
        "--level",
        default="auto",
        help="auto, shor, block, block(k), lifts, lifts(k), dnn, cuts, "
        "phases, partition, cells, groups or groups(k) (default: auto)",
    )
    command.add_argument(
        "--gap", type=float, metavar="G", help="stop at this proved gap, e.g. 0.05"
    )
    add_limit_options(command)
    add_memory_option(command)
    command.add_argument(
        "--solver", help="SDP solver that CVXPY knows; certnn, the default, are our own"
    )
    command.add_argument(
        "--formulation",
        default=FORMULATION,
        choices=("reduced", "literal", "dual"),
        help="of the level dnn: reduced primal, the paper's own by a solver of CVXPY (CLARABEL), "
        "or the dual by PICOS and CVXOPT",
    )
    command.add_argument(
        "--device",
        help="device of PyTorch, such as cuda, for our own solver of the level dnn, which then is "
        "the first-order method whatever the size (default: NumPy)",
    )
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="Dask scheduler for the sums of the level shor and for the levels groups and cells",
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
        default=MEGABYTES,
        metavar="MB",
        help="of a partition, cells or phases that are searched for (default: 1000)",
    )


def choice_of(options: argparse.Namespace) -> SolverChoice | None:
    """The solver that the options name; None for the usual one."""
    from certnn.relaxation.modelled.worker import DEFAULT_SOLVER, SolverChoice

    if (options.solver, options.formulation, options.device) == (None, FORMULATION, None):
        return None
    solver = options.solver or DEFAULT_SOLVER[options.formulation]
    return SolverChoice(solver, options.formulation, device=options.device)


def memory_of(options: argparse.Namespace, problem: TrainingProblem) -> float:
    """Bytes that --memory-limit says.

    Raises `InputError` if it is not positive, or named where the level searches for nothing that it
    limits.
    """
    from certnn.search.levels.schedule import Case, stages

    if not options.memory_limit > 0.0:
        raise InputError("memory_limit", f"must be positive, got {options.memory_limit!r}")
    limited = options.time_limit is not None or options.work_limit is not None
    plan = stages(options.level, Case.of(problem), limited=limited)
    if options.memory_limit != MEGABYTES and not any(stage.trains for stage in plan):
        raise InputError(
            "memory_limit",
            "is for the levels partition, cells, phases and groups; "
            f"{options.level} runs none of these",
        )
    return 1e6 * float(options.memory_limit)
