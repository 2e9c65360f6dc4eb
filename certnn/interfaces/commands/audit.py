"""``certnn audit`` and ``certnn bound``."""

from __future__ import annotations

import argparse
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from certnn.errors import InputError
from certnn.interfaces.commands.exit_codes import FAILED, INTERRUPTED, OK
from certnn.interfaces.commands.problem_options import (
    add_problem_options,
    data_arguments,
    problem_of,
)
from certnn.interfaces.commands.search_options import (
    FORMULATION,
    MEGABYTES,
    add_search_options,
    choice_of,
    memory_of,
)

if TYPE_CHECKING:
    from certnn.problem.training_problem import TrainingProblem
    from certnn.report.html import AttachedNetwork
    from certnn.search.audit_result import AuditResult


def add_audit_options(command: argparse.ArgumentParser) -> None:
    """Those of ``certnn audit``."""
    command.add_argument(
        "network",
        metavar="NETWORK",
        help="PyTorch, safetensors, ONNX, .keras, or .npz with U (d×m) and V (m×c)",
    )
    command.add_argument(
        "--layers",
        nargs=2,
        metavar=("HIDDEN", "OUTPUT"),
        help="names of the two layers in a state_dict or safetensors, where there are others or "
        "their order cannot be told",
    )
    _add_search(command, "replaces another report, and nothing else")


def add_bound_options(command: argparse.ArgumentParser) -> None:
    """Those of ``certnn bound``, which has no network."""
    _add_search(command, "replaces another report that is on no network, and nothing else")
    command.add_argument(
        "--digits",
        type=int,
        metavar="K",
        help="prove so many digits of the value of the level dnn, for up to 20 points; writes "
        "certificate.json alone",
    )


def _add_search(command: argparse.ArgumentParser, present: str) -> None:
    add_problem_options(command)
    add_search_options(command)
    command.add_argument(
        "--out", required=True, metavar="DIR", help=f"folder for the report; {present}"
    )
    add_output_options(command)


def run_bound(options: argparse.Namespace) -> int:
    """Prove a lower bound and write the report."""
    if options.digits is not None:
        return _run_digits(options)
    options.network = options.layers = None
    return run_audit(options)


#: What does nothing beside --digits, and what it is if nothing is said.
_NOT_WITH_DIGITS = {
    "gap": None,
    "time_limit": None,
    "memory_limit": MEGABYTES,
    "solver": None,
    "formulation": FORMULATION,
    "cluster": None,
}


def _run_digits(options: argparse.Namespace) -> int:
    from certnn.atomic_files import make_folder
    from certnn.interfaces.commands.destinations import empty_folder
    from certnn.relaxation.extended.refine import refine
    from certnn.report.progress import SearchProgress
    from certnn.report.reading import REPORT_FILES

    if options.level not in ("auto", "dnn"):
        raise InputError("digits", f"are of the level dnn, not of {options.level}")
    for name, default in _NOT_WITH_DIGITS.items():
        if getattr(options, name) != default:
            raise InputError(name, "does nothing beside --digits: leave it out")
    out = empty_folder(options.out, *REPORT_FILES)
    problem, _ = problem_of(options)
    with SearchProgress() as progress:
        refined = refine(
            problem, options.digits, progress=lambda doing: progress.tell(doing, None, None)
        )
    print(f"proved: {refined}")
    refined.certificate.save(make_folder(out) / "certificate.json")
    print(f"Written to {out}: certificate.json")
    return OK


def run_audit(options: argparse.Namespace) -> int:
    """Audit the network, where there is one, and write the report."""
    from certnn.interfaces.commands.better_network import attach_better, better_name
    from certnn.interfaces.commands.destinations import report_folder
    from certnn.reading.networks import network_for, read_network
    from certnn.relaxation.shor.distributed import connected
    from certnn.report.progress import SearchProgress
    from certnn.search.audit import audit

    names = [Path(name).name for name in (options.network, options.data) if name is not None]
    title = " on ".join(names)
    better = None if options.network is None else better_name(options.network)
    beside = () if better is None else (better,)
    out = report_folder(options.out, title, on_network=options.network is not None, beside=beside)
    stored = None
    if options.network is not None:
        stored = read_network(options.network, layers=options.layers)
    problem, decay = problem_of(options, stored)
    network = None if stored is None else network_for(problem, stored)
    memory = memory_of(options, problem)
    with SearchProgress(options.quiet, partial(_expected, options, problem)) as progress:
        result = audit(
            network,
            problem,
            level=options.level,
            gap=options.gap,
            time_limit=options.time_limit,
            work_limit=options.work_limit,
            memory_limit=memory,
            choice=choice_of(options),
            cluster=connected(options.cluster) if options.cluster else None,
            title=title,
            recheck=lambda name: f"{check_command(out / name)} {data_arguments(options)}",
            decay_explained=decay,
            progress=progress.tell,
        )
    attached = None
    if stored is not None:
        attached = attach_better(options.network, stored, problem, result, out, options.layers)
    return finish(result, out, options, attached)


def _expected(options: argparse.Namespace, problem: TrainingProblem) -> str:
    """What so long an audit may be expected to prove; "" where nothing is known of such."""
    from certnn.search.forecast import USUAL_SECONDS, forecast_gap

    if options.level != "auto" or choice_of(options) is not None:
        return ""
    limits = [one for one in (options.time_limit, options.work_limit) if one is not None]
    forecast = forecast_gap(problem, min(limits, default=USUAL_SECONDS))
    if forecast is None:
        return ""
    of = f"{problem.n}×{problem.d}, reg {problem.reg:g}"
    when = f"expected in {forecast.seconds:g} s"
    return f"{of}: the gap {when} is {forecast}; a forecast, not proved"


def add_output_options(command: argparse.ArgumentParser) -> None:
    """How much is printed, and how."""
    command.add_argument(
        "--quiet", action="store_true", help="print the verdict alone, and no progress"
    )
    command.add_argument(
        "--json", action="store_true", help="print the report as JSON instead of tables"
    )


def check_command(certificate: Path) -> str:
    """The command that checks a certificate, quoted for a shell."""
    path = str(certificate)
    return shlex.join(["certnn", "check", f"./{path}" if path.startswith("-") else path])


def finish(
    result: AuditResult,
    out: Path,
    options: argparse.Namespace,
    attached: AttachedNetwork | None = None,
) -> int:
    """Write the report, print it as the options say, and return the exit code."""
    try:
        result.save(out, attached)
    finally:  # a disk that is full by now takes the files, not the figures
        _show(result, options)
    if not (options.json or options.quiet):
        certificate = result.report.certificate
        names = ["report.html", "report.json", certificate, "best_network.npz"]
        if attached is not None:
            names.append(attached.name)
        print(f"Written to {out}: {', '.join(names)}")
        if attached is not None:
            print(f"The better network in the form of {options.network}: {attached.load}")
    if not result.report.consistent:
        return FAILED
    return INTERRUPTED if result.report.interrupted else OK


def _show(result: AuditResult, options: argparse.Namespace) -> None:
    if options.json:
        print(result.report.to_json(), end="")
    elif options.quiet:
        from certnn.report.verdict import verdict

        print(verdict(result.report).headline)
    else:
        from rich.console import Console

        from certnn.report.terminal import print_report

        print_report(result.report, Console())
