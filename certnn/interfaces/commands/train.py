"""``certnn train``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from certnn.errors import InputError
from certnn.interfaces.commands.exit_codes import INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import add_problem_options, problem_of
from certnn.interfaces.commands.search_options import (
    add_limit_options,
    add_memory_option,
    memory_of,
)

if TYPE_CHECKING:
    from certnn.search.results import LowerBoundResult


def add_train_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    add_problem_options(command)
    command.add_argument(
        "--gap", type=float, default=1e-3, metavar="G", help="stop at this proved gap (0.001)"
    )
    command.add_argument(
        "--level", default="auto", help="how to prove the bound, as for audit (default: auto)"
    )
    add_limit_options(command)
    add_memory_option(command)
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--out", required=True, metavar="NET.npz", help="kept up to date")
    command.add_argument("--certificate", metavar="FILE", help="the proof, kept up to date")
    command.add_argument(
        "--resume", action="store_true", help="go on from what is in these two files, if it is"
    )


def run_train(options: argparse.Namespace) -> int:
    """Train and prove; the files are kept up to date.

    Raises `InputError` if an option is unusable.
    """
    from certnn.interfaces.commands.destinations import certificate_file, network_file
    from certnn.reading.npz import load_network, save_network
    from certnn.report.progress import SearchProgress
    from certnn.search.resume import proved_before
    from certnn.search.train import train

    out = network_file(options.out)
    proof = None if options.certificate is None else certificate_file(options.certificate)
    if proof is not None and proof.resolve() == out.resolve():
        raise InputError("certificate", f"and --out are the same file, {proof}: name two")
    problem, decay = problem_of(options)
    memory = memory_of(options, problem)
    resumed = options.resume and out.exists()
    earlier = proof if options.resume and proof is not None and proof.exists() else None

    def keep(result: LowerBoundResult) -> None:
        if result.network is not None:
            save_network(out, result.network)
        if proof is not None:
            result.certificate.save(proof)

    with SearchProgress() as progress:
        result = train(
            problem,
            gap=options.gap,
            level=options.level,
            time_limit=options.time_limit,
            work_limit=options.work_limit,
            memory_limit=memory,
            start=load_network(out) if resumed else None,
            improve=None if earlier is None else proved_before(problem, earlier),
            seed=options.seed,
            progress=progress.tell,
            checkpoint=keep,
        )
    result.save(out, proof)
    if decay:
        print(f"weight decay: {decay}")
    print(
        f"objective {result.objective.rounded!r} with {result.network.width} neurons "
        "(exact, rounded up)"
    )
    print(f"proved by {result.lower.level}: {result.lower.bound}")
    print(f"gap: no network of any width is better by more than {100.0 * result.gap:.3g} %")
    print(f"Written to {out}{'' if proof is None else f' and {proof}'}")
    return INTERRUPTED if result.interrupted else OK
