"""Bounds from the level cuts, certified round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

from certnn.certificate import Certified
from certnn.certificate.cuts_certify import certify_cuts
from certnn.errors import SolverError
from certnn.problem import TrainingProblem
from certnn.relaxation.cuts import CutFamilies, CutsIterate, cut_rounds
from certnn.relaxation.solver_figure import SolverFigure


class CutsRun:
    """One run of the level cuts.

    Parameters
    ----------
    problem : TrainingProblem
    families : CutFamilies or None
        Which cuts may be added; None for the default of `cut_rounds`.
    seed : int
        Of the searches for cuts.
    """

    def __init__(
        self, problem: TrainingProblem, families: CutFamilies | None = None, seed: int = 0
    ) -> None:
        self._problem, self._seed = problem, seed
        self._families = families
        self._begun = time.monotonic()
        self.last: CutsIterate | None = None

    @property
    def figures(self) -> list[SolverFigure]:
        """What the solver says of the last round; empty before the first."""
        if self.last is None:
            return []
        return [
            SolverFigure(
                solver="interior point with cuts",
                version=version("certnn"),
                formulation="cuts, dual",
                status=f"relative gap {self.last.gap:.1e}",
                primal_value=None,
                dual_value=self.last.bound,
                seconds=time.monotonic() - self._begun,
                settings=f"{self.last.slacks} slacks, {self.last.sets} sets",
            )
        ]

    def certified(
        self, deadline: float, tell: Callable[[str], None], about: dict[str, str]
    ) -> Iterator[Certified]:
        """Certify the bound of each round.

        Parameters
        ----------
        deadline : float
            Time of `time.monotonic` after which no round begins.
        tell : callable
            Told what is going on.
        about : dict of str
            For the certificates.

        Raises
        ------
        SolverError
            If the solver fails, the last round could not be proved, or the problem is of a kind
            that it does not take.
        """
        about = about | {"solver": "interior point with cuts"}
        unproved: SolverError | None = None
        for iterate in cut_rounds(self._problem, deadline, self._families, self._seed):
            self.last = iterate
            tell(f"cuts: {iterate.bound:.6g} to be proved, {iterate.slacks} slacks")
            try:
                yield certify_cuts(self._problem, iterate.point, about)
                unproved = None
            except SolverError as error:  # another round may do better
                unproved = error
            tell("cuts: next round")
        if unproved is not None:
            raise unproved
