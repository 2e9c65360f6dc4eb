"""The levels cuts and regions, whose solvers go round by round, each round certified."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from certnn.certificates import Certified
from certnn.certificates.cuts_certify import certify_cuts
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import SolverError
from certnn.problem.solver_figure import SolverFigure
from certnn.relaxation.interior.cuts import CutFamilies, cut_rounds
from certnn.relaxation.interior.regions import region_rounds
from certnn.search.levels.level import Context, Level


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
        found = cut_rounds(context.problem, context.budget, self.families, context.goal.seed)
        rounds = (
            _Round(
                one.bound,
                one.gap,
                f"{one.slacks} slacks, {one.sets} sets",
                partial(certify_cuts, context.problem, one.point),
            )
            for one in found
        )
        return _proofs(context, self, "interior point with cuts", rounds)


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
        found = region_rounds(context.problem, context.budget, self.most, context.goal.seed)
        rounds = (
            _Round(
                one.bound,
                one.gap,
                f"{one.lifts} lifts",
                partial(certify_regions, context.problem, one.point),
            )
            for one in found
        )
        return _proofs(context, self, "interior point on lifts", rounds)


@dataclass(frozen=True)
class _Round:
    """One round's dual point: what the solver says of it, and how it is proved."""

    bound: float
    gap: float
    in_play: str
    prove: Callable[[dict[str, str]], Certified]


def _proofs(
    context: Context, level: Level, solver: str, rounds: Iterator[_Round]
) -> Iterator[Certified]:
    begun = time.monotonic()
    about = context.about(level) | {"solver": solver}
    last: _Round | None = None
    unproved: SolverError | None = None
    try:
        for last in rounds:
            context.tell(f"{level}: {last.bound:.6g} to be proved, {last.in_play}")
            try:
                yield last.prove(about)
                unproved = None
            except SolverError as error:  # another round may do better
                unproved = error
            context.tell(f"{level}: next round")
        if unproved is not None:
            raise unproved
    finally:
        if last is not None:
            context.figures.append(
                SolverFigure(
                    solver=solver,
                    version=version("certnn"),
                    formulation=f"{level}, dual",
                    status=f"relative gap {last.gap:.1e}",
                    primal_value=None,
                    dual_value=last.bound,
                    seconds=time.monotonic() - begun,
                    settings=last.in_play,
                )
            )
