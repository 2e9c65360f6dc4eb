"""All roundings of one Λ, beside random directions and training to proved optimality."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from certnn.budget import Budget, stoppable
from certnn.errors import InputError, require_seed
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_moment import LiftedMoment
from certnn.relaxation.moments.relaxed_moment import relaxed_moment
from certnn.relaxation.rounding.methods import METHODS, require_method
from certnn.relaxation.rounding.result import BLIND, Rounding, round_blindly, round_moment
from certnn.search.train import TrainingResult, train

#: Names of the rows that are no roundings.
RELAXATION, TRAINER = "relaxation", "global trainer"
_FIGURES = (
    *("candidates", "width", "read", "fitted", "objective", "excess"),
    *("range_error", "complementarity_error", "seconds"),
)


@dataclass(frozen=True)
class RoundingComparison:
    """The networks that roundings of one moment matrix have come to.

    Attributes
    ----------
    moment_seconds : float
        What it took to find; zero if it was given.
    trained : TrainingResult or None
        The global trainer's network with its proof, where it was asked for.
    interrupted : bool
        Whether somebody asked to stop before all were done.
    """

    moment: LiftedMoment
    moment_seconds: float
    roundings: tuple[Rounding, ...]
    trained: TrainingResult | None
    interrupted: bool = False

    @property
    def best(self) -> Rounding:
        """The rounding with the best network; of Λ, not of random directions, if there is one."""
        of_moment = [rounding for rounding in self.roundings if rounding.method != BLIND]
        return min(of_moment or self.roundings, key=lambda rounding: rounding.objective.value)

    @property
    def best_known(self) -> float:
        """The least objective of any network here."""
        known = [rounding.objective.rounded for rounding in self.roundings]
        if self.trained is not None:
            known.append(self.trained.objective.rounded)
        return min(known)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each line of a table: the relaxation, the roundings, the trainer.

        Keys: method, candidates, width, read, fitted, objective, excess (of the objective over the
        best known, a share), range_error, complementarity_error, seconds. Objectives are exact and
        rounded up, but for the relaxation's, which is the solver's word; None where there is none.
        """
        rows = [_row(RELAXATION, objective=self.moment.objective, seconds=self.moment_seconds)]
        for rounding in self.roundings:
            errors = rounding.errors
            rows.append(
                _row(
                    rounding.method,
                    candidates=rounding.candidates,
                    width=rounding.network.width,
                    read=None if rounding.read is None else rounding.read.rounded,
                    fitted=rounding.fitted.rounded,
                    objective=rounding.objective.rounded,
                    excess=self._excess(rounding.objective.rounded),
                    range_error=None if errors is None else errors.range,
                    complementarity_error=None if errors is None else errors.complementarity,
                    seconds=rounding.seconds,
                )
            )
        if self.trained is not None:
            rows.append(
                _row(
                    TRAINER,
                    width=self.trained.network.width,
                    objective=self.trained.objective.rounded,
                    excess=self._excess(self.trained.objective.rounded),
                    seconds=self.trained.seconds,
                )
            )
        return rows

    def _excess(self, objective: float) -> float:
        best = self.best_known
        return objective / best - 1.0 if best > 0.0 else 0.0


def compare_roundings(
    problem: TrainingProblem,
    methods: Sequence[str] = (*METHODS, BLIND),
    *,
    moment: LiftedMoment | None = None,
    trainer: bool = True,
    gap: float = 1e-3,
    time_limit: float | None = None,
    seed: int = 0,
    progress: Callable[[str, float | None, float | None], None] | None = None,
) -> RoundingComparison:
    """Round Λ by several methods, and train without it.

    Raises `InputError` if an argument is unusable or the moment is one of another problem;
    `SolverError` if no moment is found; `KeyboardInterrupt` on Ctrl-C before one is.

    Parameters
    ----------
    problem : TrainingProblem
        With the squared loss and no bias but a decayed hidden one.
    methods : sequence of str
        Of `METHODS`, and "random" for random directions; at least one.
    moment : LiftedMoment or None
        Λ; None for that of `relaxed_moment`.
    trainer : bool
        Whether to run `certnn.train` too.
    gap : float
        Where that stops.
    time_limit : float or None
        Seconds for Λ, for each rounding and for the trainer, each.
    seed : int
        Of what is drawn.
    progress : callable or None
        Called as ``progress(what is running, None, best objective or None)``.
    """
    if not methods:
        raise InputError("methods", "must not be empty")
    for method in methods:
        if method != BLIND:
            require_method(method)
    require_seed(seed)
    tell = progress or (lambda *_: None)
    begun, seconds = time.monotonic(), 0.0
    if moment is not None and moment.problem != problem:
        raise InputError("moment", "is of another problem")
    with stoppable() as stop:

        def limit() -> Budget:
            return Budget(math.inf if time_limit is None else time_limit, stop=stop)

        if moment is None:
            tell("relaxation", None, None)
            moment = relaxed_moment(problem, budget=limit())
            seconds = time.monotonic() - begun
        found: list[Rounding] = []
        for method in methods:
            if found and stop.asked:
                break
            best = min((rounding.objective.rounded for rounding in found), default=None)
            tell(f"rounding, {method}", None, best)
            if method == BLIND:
                found.append(round_blindly(problem, budget=limit(), seed=seed))
            else:
                found.append(round_moment(moment, method, budget=limit(), seed=seed))
        trained = None
        if trainer and not stop.asked:
            trained = train(problem, gap=gap, budget=limit(), seed=seed, progress=progress)
        return RoundingComparison(moment, seconds, tuple(found), trained, stop.asked)


def _row(method: str, **figures: Any) -> dict[str, Any]:
    return {"method": method} | dict.fromkeys(_FIGURES) | figures
