"""``certnn audit`` and ``certnn bound``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from certnn.commands.exit_codes import FAILED, INTERRUPTED, OK
from certnn.commands.problem_options import add_problem_options, data_arguments, problem_of
from certnn.commands.search_options import add_search_options, choice_of

if TYPE_CHECKING:
    from certnn.auditing import AuditResult


def add_audit_options(command: argparse.ArgumentParser) -> None:
    """Those of ``certnn audit``."""
    command.add_argument(
        "network",
        metavar="NETWORK",
        help="PyTorch, safetensors, ONNX, .keras, or .npz with U (d×m) and V (m×c)",
    )
    _add_search(command)


def add_bound_options(command: argparse.ArgumentParser) -> None:
    """Those of ``certnn bound``, which has no network."""
    _add_search(command)
    command.add_argument(
        "--digits",
        type=int,
        metavar="K",
        help="prove so many digits of the value of the level dnn, for up to 20 points; writes "
        "certificate.json alone",
    )


def _add_search(command: argparse.ArgumentParser) -> None:
    add_problem_options(command)
    add_search_options(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the report")


def run_bound(options: argparse.Namespace) -> int:
    """Prove a lower bound and write the report."""
    if options.digits is not None:
        return _run_digits(options)
    options.network = None
    return run_audit(options)


def _run_digits(options: argparse.Namespace) -> int:
    from certnn.extended import refine
    from certnn.paths import make_folder
    from certnn.progress import SearchProgress

    problem, _ = problem_of(options)
    out = make_folder(options.out)
    with SearchProgress() as progress:
        refined = refine(
            problem, options.digits, progress=lambda doing: progress.tell(doing, None, None)
        )
    refined.certificate.save(out / "certificate.json")
    print(f"proved: {refined}")
    print(f"Written to {out}: certificate.json")
    return OK


def run_audit(options: argparse.Namespace) -> int:
    """Audit the network, where there is one, and write the report."""
    from certnn.auditing import audit
    from certnn.formats import network_for, read_network
    from certnn.paths import make_folder
    from certnn.progress import SearchProgress
    from certnn.relaxation.distributed import connected

    stored = None if options.network is None else read_network(options.network)
    problem, decay = problem_of(options, stored)
    network = None if stored is None else network_for(problem, stored)
    out = make_folder(options.out)  # before the work, not after it
    names = [Path(name).name for name in (options.network, options.data) if name is not None]
    with SearchProgress() as progress:
        result = audit(
            network,
            problem,
            level=options.level,
            gap=options.gap,
            time_limit=options.time_limit,
            memory_limit=1e6 * options.memory_limit,
            choice=choice_of(options),
            cluster=connected(options.cluster) if options.cluster else None,
            title=" on ".join(names),
            recheck=f"certnn check {out / 'certificate.json'} {data_arguments(options)}",
            decay=decay,
            progress=progress.tell,
        )
    return finish(result, out)


def finish(result: AuditResult, out: Path) -> int:
    """Write the report, print it, and return the exit code."""
    from rich.console import Console

    from certnn.report.terminal import print_report

    result.save(out)
    print_report(result.report, Console())
    print(f"Written to {out}: report.html, report.json, certificate.json, best_network.npz")
    if not result.report.consistent:
        return FAILED
    return INTERRUPTED if result.report.interrupted else OK
