"""``certnn sample``."""

from __future__ import annotations

import argparse

from certnn.interfaces.commands.exit_codes import INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import add_problem_options, mapped_problem_of
from certnn.interfaces.commands.search_options import add_limit_options


def add_sample_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    add_problem_options(command)
    command.add_argument("--size", type=int, default=200, metavar="S", help="of a subset (200)")
    command.add_argument(
        "--subsets", type=int, default=100, metavar="M", help="how many, which may be raised (100)"
    )
    command.add_argument(
        "--confidence", type=float, default=0.999, metavar="C", help="below 1 (0.999)"
    )
    command.add_argument(
        "--seed", type=int, default=0, help="of the draw: to be fixed before anything is known (0)"
    )
    command.add_argument("--level", default="auto", help="of each proof, as for audit (auto)")
    add_limit_options(command, "each subset; without a limit 10 nominal ones")
    command.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    command.add_argument(
        "--cluster", metavar="ADDRESS", help="Dask scheduler in place of the processes"
    )
    command.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="folder for certificates and sample.json; gone on from if there",
    )


def run_sample(options: argparse.Namespace) -> int:
    """Prove a bound on each subset, and say what that says of the whole."""
    from certnn.relaxation.shor.distributed import connected
    from certnn.report.progress import SearchProgress
    from certnn.search.sample import SUMMARY, sampled_bound

    problem, decay = mapped_problem_of(options)
    with SearchProgress() as progress:
        sampled = sampled_bound(
            problem,
            size=options.size,
            subsets=options.subsets,
            confidence=options.confidence,
            seed=options.seed,
            level=options.level,
            time_limit=options.time_limit,
            work_limit=options.work_limit,
            jobs=options.jobs,
            cluster=None if options.cluster is None else connected(options.cluster),
            folder=options.out,
            progress=progress.tell,
        )
    if decay:
        print(f"weight decay: {decay}")
    for note in sampled.notes:
        print(f"without a bound, which counts as 0: {note}")
    print(sampled)
    print(f"Written to {options.out}: {SUMMARY}, and a certificate of each subset")
    return INTERRUPTED if sampled.interrupted else OK
