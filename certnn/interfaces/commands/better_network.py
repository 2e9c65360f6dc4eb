"""The better network of an audit as a file of the kind that was audited."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from certnn.atomic_files import make_folder, write_atomically
from certnn.errors import InputError
from certnn.reading.networks import network_for, read_network
from certnn.reading.networks.writing import file_like, loading, name_beside
from certnn.report.html import AttachedNetwork

if TYPE_CHECKING:
    from fractions import Fraction

    from certnn.problem.training_problem import TrainingProblem
    from certnn.reading.networks import BiasedNetwork
    from certnn.report import GapReport
    from certnn.search.audit_result import AuditResult


def better_name(network: str) -> str | None:
    """The name of the file, if it can be written for a network of this name."""
    return name_beside(network, "better")


def attach_better(
    network: str,
    stored: BiasedNetwork,
    problem: TrainingProblem,
    result: AuditResult,
    out: Path,
    layers: tuple[str, str] | None,
) -> AttachedNetwork | None:
    """Write the best network into the folder of the report, where it is better than the audited.

    Where it cannot be written, stderr says why, and nothing is lost but the file.

    Parameters
    ----------
    network : str
        Path of the one audited, which is not written over.
    stored : BiasedNetwork
        What was read from it.
    out : Path
        The folder.
    layers : (str, str) or None
        Names of its two layers, as in `read_network`.
    """
    name = better_name(network)
    if name is None or _same(out / name, network):
        return None
    place = out / name
    place.unlink(missing_ok=True)  # that of an earlier report
    best = result.report.best_network
    if best is None or not _is_better(result.report, best.fraction):
        return None
    try:
        write_atomically(make_folder(out) / name, file_like(network, stored, result.best_network))
        again = network_for(problem, read_network(place, layers=layers))
        if not _is_better(result.report, again.evaluate(problem).value):
            reason = "the network found is no better once it is rounded to its precision"
            raise InputError(network, reason)
    except InputError as error:  # the report is written all the same
        place.unlink(missing_ok=True)
        print(f"certnn: no {name}: {error}", file=sys.stderr)
        return None
    return AttachedNetwork(name, loading(place))


def _same(one: Path, other: str) -> bool:
    return one.exists() and one.samefile(other)


def _is_better(report: GapReport, objective: Fraction) -> bool:
    given = report.network
    return given is not None and objective < given.fraction
