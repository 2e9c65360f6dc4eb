"""The level cuts, whose solver goes round by round, each round certified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from certnn.certificates import Certified
from certnn.certificates.cuts_certify import certify_cuts
from certnn.errors import SolverError
from certnn.relaxation.interior.cuts import CutFamilies, CutsIterate, cut_rounds
from certnn.search.levels.level import Context
from certnn.search.levels.relaxed import Dnn

_SOLVER = "interior point with cuts"


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
        """Bounds round by round.

        Raises
        ------
        SolverError
            If the last round cannot be certified.
        """
        begun = time.monotonic()
        about = context.about(self) | {"solver": _SOLVER}
        last: CutsIterate | None = None
        unproved: SolverError | None = None
        rounds = cut_rounds(
            context.problem,
            context.budget,
            self.families,
            context.goal.seed,
            context.products.get(str(Dnn())),
        )
        try:
            for last in rounds:
                context.tell(f"{self}: {last.bound:.6g} to be proved, {_in_play(last)}")
                try:
                    yield certify_cuts(context.problem, last.point, about)
                    unproved = None
                except SolverError as error:  # another round may do better
                    unproved = error
                context.tell(f"{self}: next round")
            if unproved is not None:
                raise unproved
        finally:
            if last is not None:
                seconds = time.monotonic() - begun
                context.note_solver(self, _SOLVER, last.bound, last.gap, seconds, _in_play(last))


def _in_play(found: CutsIterate) -> str:
    return f"{found.slacks} slacks, {found.sets} sets"
