"""Bounds from levels that are solved in rounds, cuts and regions, certified round by round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.certificates.cuts_certify import certify_cuts
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import SolverError
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.cuts import CutFamilies, cut_rounds
from certnn.relaxation.interior.lifts import region_rounds


@dataclass(frozen=True)
class Round:
    """One round's dual point.

    Attributes
    ----------
    bound, gap : float
        What the solver says: its value, and the relative gap to the primal side.
    settings : str
        What is in play, in words.
    prove : callable
        Called with texts for the certificate; raises SolverError where nothing can be proved.
    """

    bound: float
    gap: float
    settings: str
    prove: Callable[[dict[str, str]], Certified]


class RoundsRun:
    """One run of such a level.

    Parameters
    ----------
    level : str
    solver : str
        Name of the solver.
    rounds : callable
        Called with a budget; where it is over no round begins.
    """

    def __init__(
        self, level: str, solver: str, rounds: Callable[[Budget], Iterator[Round]]
    ) -> None:
        self._level, self._solver, self._rounds = level, solver, rounds
        self._begun = time.monotonic()
        self.last: Round | None = None

    @property
    def figures(self) -> list[SolverFigure]:
        """What the solver says of the last round; empty before the first."""
        if self.last is None:
            return []
        return [
            SolverFigure(
                solver=self._solver,
                version=version("certnn"),
                formulation=f"{self._level}, dual",
                status=f"relative gap {self.last.gap:.1e}",
                primal_value=None,
                dual_value=self.last.bound,
                seconds=time.monotonic() - self._begun,
                settings=self.last.settings,
            )
        ]

    def certified(
        self, budget: Budget, tell: Callable[[str], None], about: dict[str, str]
    ) -> Iterator[Certified]:
        """Certify the bound of each round.

        Parameters
        ----------
        budget : Budget
            In which the last bound should be certified.
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
        about = about | {"solver": self._solver}
        unproved: SolverError | None = None
        for found in self._rounds(budget):
            self.last = found
            tell(f"{self._level}: {found.bound:.6g} to be proved, {found.settings}")
            try:
                yield found.prove(about)
                unproved = None
            except SolverError as error:  # another round may do better
                unproved = error
            tell(f"{self._level}: next round")
        if unproved is not None:
            raise unproved


def cuts_run(
    problem: TrainingProblem, families: CutFamilies | None = None, seed: int = 0
) -> RoundsRun:
    """A run of the level cuts; the arguments are those of `cut_rounds`."""

    def rounds(budget: Budget) -> Iterator[Round]:
        for found in cut_rounds(problem, budget, families, seed):
            in_play = f"{found.slacks} slacks, {found.sets} sets"
            prove = partial(certify_cuts, problem, found.point)
            yield Round(found.bound, found.gap, in_play, prove)

    return RoundsRun("cuts", "interior point with cuts", rounds)


def regions_run(problem: TrainingProblem, regions: int = 0, seed: int = 0) -> RoundsRun:
    """A run of the level regions; the arguments are those of `region_rounds`."""

    def rounds(budget: Budget) -> Iterator[Round]:
        for found in region_rounds(problem, budget, regions, seed):
            prove = partial(certify_regions, problem, found.point)
            yield Round(found.bound, found.gap, f"{found.lifts} lifts", prove)

    level = f"regions({regions})" if regions else "regions"
    return RoundsRun(level, "interior point on lifts", rounds)
