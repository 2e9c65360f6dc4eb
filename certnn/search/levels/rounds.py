"""The levels cuts and regions, whose solvers go round by round, each round certified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from certnn.certificates import Certified
from certnn.certificates.cuts_certify import certify_cuts
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import SolverError
from certnn.relaxation.interior.cuts import CutFamilies, CutsIterate, cut_rounds
from certnn.relaxation.interior.regions import RegionsIterate, region_rounds
from certnn.search.levels.level import Context, Level

_Found = TypeVar("_Found", CutsIterate, RegionsIterate)


@dataclass(frozen=True)
class Cuts:
    """All products, and what they leave out: sublinearity, and forms on sets of points.

    Attributes
    ----------
    families : CutFamilies or None
        What may be added; None for what suits the problem.
    """

    families: CutFamilies | None = None
    trains = False

    def __str__(self) -> str:
        return "cuts"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds round by round."""
        problem = context.problem
        return _proofs(
            *(context, self, "interior point with cuts"),
            cut_rounds(problem, context.budget, self.families, context.goal.seed),
            lambda found: f"{found.slacks} slacks, {found.sets} sets",
            lambda found, about: certify_cuts(problem, found.point, about),
        )


@dataclass(frozen=True)
class Regions:
    """A relaxation for each direction of the outputs and each region of weight space.

    Attributes
    ----------
    most : int
        Regions for each direction of the outputs, at most; 0 for any number.
    """

    most: int = 0
    trains = False

    def __str__(self) -> str:
        return f"regions({self.most})" if self.most else "regions"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds round by round."""
        problem = context.problem
        return _proofs(
            *(context, self, "interior point on lifts"),
            region_rounds(problem, context.budget, self.most, context.goal.seed),
            lambda found: f"{found.lifts} lifts",
            lambda found, about: certify_regions(problem, found.point, about),
        )


def _proofs(
    context: Context,
    level: Level,
    solver: str,
    rounds: Iterator[_Found],
    in_play: Callable[[_Found], str],
    certified: Callable[[_Found, dict[str, str]], Certified],
) -> Iterator[Certified]:
    begun = time.monotonic()
    about = context.about(level) | {"solver": solver}
    last: _Found | None = None
    unproved: SolverError | None = None
    try:
        for last in rounds:
            context.tell(f"{level}: {last.bound:.6g} to be proved, {in_play(last)}")
            try:
                yield certified(last, about)
                unproved = None
            except SolverError as error:  # another round may do better
                unproved = error
            context.tell(f"{level}: next round")
        if unproved is not None:
            raise unproved
    finally:
        if last is not None:
            seconds = time.monotonic() - begun
            context.note_solver(level, solver, last.bound, last.gap, seconds, in_play(last))
