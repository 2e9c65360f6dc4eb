"""What training along weight decays has proved: the optimum between two curves (Theorem 21)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certnn.atomic_files import make_folder, write_atomically
from certnn.certificates.proved import require_lower
from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError, positive_number
from certnn.problem.html_table import html_table
from certnn.problem.training_problem import TrainingProblem
from certnn.report import ProblemSummary
from certnn.search.train import TrainingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Corner = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Band:
    """Two exact numbers with the optimum between them.

    Attributes
    ----------
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
        return Band(problem.reg, self.lower(problem.reg), upper)

    def lower(self, reg: float) -> Fraction:
        """The lower end of the band alone, which costs next to nothing.

        Raises
        ------
        InputError
            If reg is not a positive finite number.
        """
        place, corners = Fraction(positive_number("reg", reg)), self._corners
        if place >= corners[-1][0]:
            return corners[-1][1]
        after = next(k for k, (corner, _) in enumerate(corners) if corner > place)
        (left, low), (right, high) = corners[after - 1], corners[after]
        return low + (high - low) * (place - left) / (right - left)

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

    def to_frame(self) -> Any:
        """`rows` as a ``pandas.DataFrame``.

        Raises
        ------
        InputError
            If pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise InputError("to_frame", "needs the package pandas: pip install pandas") from None
        return pandas.DataFrame(self.rows)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the band, the bounds and the networks over the weight decay.

        Parameters
        ----------
        axes : matplotlib.axes.Axes or None
            Where to draw; on new axes of pyplot if None.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from certnn.report.path_plot import draw_path

        if axes is None:
            from matplotlib import pyplot

            _, axes = pyplot.subplots()
        draw_path(axes, self.rows, self._proved_at)
        return axes

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        from certnn.report.path_table import HEADINGS, path_cells

        return html_table("regularisation path", map(path_cells, self.rows), HEADINGS)

    def save(self, folder: str | Path) -> None:
        """Write the networks, the certificates and the tables.

        Raises
        ------
        InputError
            If the folder cannot be made or written to.
        """
        folder = make_folder(folder)
        for reg, result in zip(self.regs, self.results, strict=True):
            result.save(*path_files(folder, reg))
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


def path_files(folder: Path, reg: float) -> tuple[Path, Path]:
    """Where the network and the certificate of a weight decay are kept."""
    return folder / f"network-{reg!r}.npz", folder / f"certificate-{reg!r}.json"


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
