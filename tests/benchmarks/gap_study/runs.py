"""Measured audits, kept in a small file: what was known before each, and what it proved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from certnn.atomic_files import read_bytes, write_atomically
from certnn.errors import InputError, shorten
from certnn.report.codec import decode, parse_object
from certnn.search.forecast import Traits
from certnn.studies.sweep import Outcome

from .design import problem_of

_LARGEST = 2**20


@dataclass(frozen=True)
class MeasuredAudit:
    """One audit of the design.

    Attributes
    ----------
    data, rows, loss, biases, times
        As `design.design` has them; `times` is of the decay.
    traits : Traits
        What was known of it before.
    gap : float
        Proved, of the best network found.
    level : str
        Which proved it.
    """

    data: str
    rows: str
    loss: str
    biases: str
    times: float
    traits: Traits
    gap: float
    level: str

    @property
    def setting(self) -> tuple[str, str, str, float]:
        """What neighbours share."""
        return self.data, self.loss, self.biases, self.traits.seconds


def measured(outcome: Outcome, folder: str | Path | None = None) -> MeasuredAudit:
    """From an outcome of the sweep that did not fail.

    Parameters
    ----------
    outcome : Outcome
    folder
        Of the data, as `design.problem_of` takes it.
    """
    run, values = outcome.cell, outcome.values
    assert values is not None
    traits = Traits.of(problem_of(run, folder), run["work"])
    return MeasuredAudit(
        **{name: run[name] for name in ("data", "rows", "loss", "biases")},
        times=run["decay"],
        traits=traits,
        gap=values["gap"],
        level=values["level"],
    )


def save_runs(path: str | Path, runs: Sequence[MeasuredAudit]) -> None:
    """Write them, one a line, figures in four digits.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    lines = ",\n".join(json.dumps(_short(asdict(run))) for run in runs)
    write_atomically(path, f'{{"runs": [\n{lines}\n]}}\n'.encode())


def read_runs(path: str | Path) -> list[MeasuredAudit]:
    """What `save_runs` has written.

    Raises
    ------
    InputError
        If the file is no such file, or cannot be read.
    """
    content = read_bytes(path, _LARGEST)
    try:
        found = parse_object(content.decode(), "the file")
        runs: tuple[MeasuredAudit, ...] = decode(tuple[MeasuredAudit, ...], found["runs"], "runs")
        return list(runs)
    except (UnicodeDecodeError, KeyError, InputError) as error:
        raise InputError(str(path), f"has no measured audits: {shorten(str(error))}") from None


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value
