"""The optimum as a function of the weight decay, between two proved curves (Theorem 21)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from certnn.atomic_files import make_folder, require_folder, write_atomically
from certnn.budget import require_limit, stoppable
from certnn.certificates import Certificate
from certnn.certificates.proved import require_lower
from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.kernel import Malformed, read_instance
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.reading.npz import load_network
from certnn.report import ProblemSummary
from certnn.search.levels.level import Progress
from certnn.search.resume import proved_before
from certnn.search.train import TrainingResult, train

_Corner = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Band:
    """Two exact numbers with the optimum between them.

    Attributes
    ----------
    reg : float
    lower : Fraction
        No network of any width has a smaller objective: from the bounds proved at other weight
        decays, by concavity.
    upper : Fraction
        The objective of the best of the path's networks.
    """

    reg: float
    lower: Fraction
    upper: Fraction


@dataclass(frozen=True)
class RegularisationPath:
    """Networks and proofs for several weight decays, and with them a band for every other one.

    Attributes
    ----------
    problem : TrainingProblem
        The data; its own reg plays no part.
    regs : tuple of float
        Ascending.
    results : tuple of TrainingResult
        One for each.
    interrupted : bool
        Whether Ctrl-C ended it before all weight decays were done.

    Raises
    ------
    InputError
        If the weight decays are not ascending, or a result is not about the problem at its own.
    """

    problem: TrainingProblem
    regs: tuple[float, ...]
    results: tuple[TrainingResult, ...]
    interrupted: bool

    def __post_init__(self) -> None:
        if not self.regs or any(left >= right for left, right in pairwise(self.regs)):
            raise InputError("regs", "must be ascending, and at least one")
        if len(self.results) != len(self.regs):
            raise InputError("results", f"are {len(self.results)} for {len(self.regs)} regs")
        for reg, result in zip(self.regs, self.results, strict=True):
            instance = self.problem.with_reg(reg).instance()
            require_lower(f"results, reg {reg!r}", result.lower.bound, instance)

    def band(self, reg: float) -> Band:
        """What is proved of the optimum at any weight decay (Theorem 21).

        Raises
        ------
        InputError
            If reg is not a positive finite number.
        """
        problem = self.problem.with_reg(reg)
        upper = min(result.network.evaluate(problem).value for result in self.results)
        return Band(problem.reg, self._lower(Fraction(problem.reg)), upper)

    def _lower(self, reg: Fraction) -> Fraction:
        corners = self._corners
        if reg >= corners[-1][0]:
            return corners[-1][1]
        after = next(k for k, (place, _) in enumerate(corners) if place > reg)
        (left, low), (right, high) = corners[after - 1], corners[after]
        return low + (high - low) * (reg - left) / (right - left)

    @property
    def _corners(self) -> list[_Corner]:
        """The corners of the concave envelope of the bounds, the origin first."""
        corners = [(Fraction(0), Fraction(0))]
        highest = Fraction(0)
        for reg, result in zip(self.regs, self.results, strict=True):
            place, highest = Fraction(reg), max(highest, result.lower.bound.value)
            while len(corners) > 1 and _below(corners[-2], corners[-1], (place, highest)):
                corners.pop()
            corners.append((place, highest))
        return corners

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each weight decay: plain figures, and exact ones as "p/q"."""
        return [_row(reg, result) for reg, result in zip(self.regs, self.results, strict=True)]

    def _proved_at(self, reg: float) -> tuple[Fraction, Fraction]:
        band = self.band(reg)
        return band.lower, band.upper

    def save(self, folder: str | Path) -> None:
        """Write the networks, the certificates and the tables.

        Raises
        ------
        InputError
            If the folder cannot be made or written to.
        """
        folder = make_folder(folder)
        for reg, result in zip(self.regs, self.results, strict=True):
            result.save(*_files(folder, reg))
        self.save_tables(folder)

    def save_tables(self, folder: str | Path) -> None:
        """Write path.json, path.csv, path.svg and path.html.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        from certnn.report.path_page import render_path
        from certnn.report.path_plot import path_svg

        folder = Path(folder)
        rows = self.rows
        document = {"interrupted": self.interrupted, "points": rows}
        table = io.StringIO()
        writer = csv.DictWriter(table, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(folder / "path.json", json.dumps(document, indent=1).encode() + b"\n")
        write_atomically(folder / "path.csv", table.getvalue().encode())
        write_atomically(folder / "path.svg", path_svg(rows, self._proved_at).encode())
        about = ProblemSummary.of(self.problem)
        page = render_path(rows, self._proved_at, about, self.interrupted)
        write_atomically(folder / "path.html", page.encode())


def _below(
    left: tuple[Fraction, Fraction],
    middle: tuple[Fraction, Fraction],
    right: tuple[Fraction, Fraction],
) -> bool:
    """Whether the middle point is on or below the line from left to right."""
    slope = (middle[1] - left[1]) * (right[0] - left[0])
    return slope <= (right[1] - left[1]) * (middle[0] - left[0])


def _row(reg: float, result: TrainingResult) -> dict[str, Any]:
    return {
        "reg": reg,
        "lower_bound": rounded_down(result.lower.bound.value),
        "lower_bound_exact": result.lower.bound.exact,
        "objective": rounded_up(result.objective.value),
        "objective_exact": result.objective.exact,
        "gap": result.gap,
        "level": result.lower.level,
        "width": result.network.width,
        "seconds": round(result.seconds, 3),
    }


def regularisation_path(
    problem: TrainingProblem,
    regs: Sequence[float],
    *,
    gap: float = 1e-3,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    progress: Callable[[float], Progress] | None = None,
) -> RegularisationPath:
    """Train and prove from the largest weight decay to the smallest, each from the one before.

    Parameters
    ----------
    problem : TrainingProblem
        The data; its own reg plays no part.
    regs : sequence of float
        Weight decays, positive, in any order.
    gap, level, time_limit, work_limit, seed
        For each weight decay, as in `certnn.train`; the time limit is in seconds.
    folder : str, Path or None
        Where each network and certificate is kept. What is there already from an earlier run on the
        same data is checked and gone on from.
    progress : callable or None
        ``progress(reg)`` is asked for a callable like that of `certnn.train`.

    Returns
    -------
    RegularisationPath
        After Ctrl-C of what is done by then.

    Raises
    ------
    InputError
        If an argument is unusable, or the folder holds files of another problem.
    KeyboardInterrupt
        On Ctrl-C before the first weight decay is done.
    """
    require_problem(problem)
    ordered = sorted({problem.with_reg(reg).reg for reg in regs})
    if not ordered:
        raise InputError("regs", "is empty")
    for name, limit in (("time_limit", time_limit), ("work_limit", work_limit)):
        require_limit(name, limit)
    if folder is not None:
        _require_same_problem(require_folder(folder), problem, ordered)
    done: list[TrainingResult] = []
    with stoppable() as stop:
        for reg in reversed(ordered):
            here = problem.with_reg(reg)
            files = None if folder is None else _files(Path(folder), reg)
            found = files is not None and all(file.exists() for file in files)
            start = load_network(files[0]) if files and found else None
            try:
                result = train(
                    here,
                    gap=gap,
                    level=level,
                    time_limit=time_limit,
                    work_limit=work_limit,
                    start=start or (done[-1].network if done else None),
                    improve=proved_before(here, files[1]) if files and found else None,
                    near=done[-1].lower if done else None,
                    seed=seed,
                    progress=progress(reg) if progress else None,
                )
            except KeyboardInterrupt:
                if not done:
                    raise
                break
            if folder is not None and files:
                make_folder(folder)
                result.save(*files)
            done.append(result)
            if stop.asked:
                break
        interrupted = stop.asked
    kept = tuple(ordered[len(ordered) - len(done) :])
    return RegularisationPath(problem, kept, tuple(reversed(done)), interrupted)


def _require_same_problem(folder: Path, problem: TrainingProblem, regs: Sequence[float]) -> None:
    """Refuse a folder with certificates of another problem, before anything is written there."""
    for reg in regs:
        _, proof = _files(folder, reg)
        if not proof.exists():
            continue
        try:
            instance = read_instance(Certificate.load(proof).document)
        except Malformed as error:
            raise InputError(str(proof), f"is not a certificate to go on from: {error}") from None
        if instance != problem.with_reg(reg).instance():
            raise InputError(str(proof), "is a certificate of another problem")


def _files(folder: Path, reg: float) -> tuple[Path, Path]:
    return folder / f"network-{reg!r}.npz", folder / f"certificate-{reg!r}.json"
