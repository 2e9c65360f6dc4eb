"""The search for a lower bound: run levels one after another, and keep the best bound."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from certnn.certificates import Certified
from certnn.errors import SolverError
from certnn.search.levels.level import Context, Level
from certnn.search.levels.schedule import OUTDONE_BY
from certnn.search.results import LowerBoundResult, ProvedLevel

#: Called as checkpoint(the result so far).
Checkpoint = Callable[[LowerBoundResult], None]


class BoundSearch:
    """What is proved so far in one call of `lower_bound`.

    Parameters
    ----------
    context : Context
        What the levels are given; it begins with what `improve` proved.
    improve : LowerBoundResult or None
        An earlier result to go on from.
    checkpoint : callable
        Called with each better result.
    """

    def __init__(
        self, context: Context, improve: LowerBoundResult | None, checkpoint: Checkpoint
    ) -> None:
        self._context, self._checkpoint = context, checkpoint
        self._start = time.monotonic() - (improve.seconds if improve else 0.0)
        self._proved = list(improve.proved) if improve else []
        self._notes = list(improve.notes) if improve else []
        self._level = improve.level if improve else ""

    def has(self, level: Level) -> bool:
        """Whether the level is proved already."""
        return any(proved.level == str(level) for proved in self._proved)

    def run(self, plan: Sequence[Level], last: Level | None) -> None:
        """Run the levels of the plan until the goal is reached or the budget is used.

        Something has to be proved: as long as nothing is, limits end nothing, and after Ctrl-C the
        first level is run all the same. After `last` none is, if that one proves anything.
        """
        context = self._context
        for level in plan:
            if self.has(level) and not level.trains:
                continue
            better = OUTDONE_BY.get(level)
            if better and str(better) in map(str, plan) and self.has(better):
                continue
            if context.best is not None and (context.budget.over or context.reached):
                break
            if level != plan[0] and context.budget.stopped:
                break
            self._run(level)
            if level == last and self.has(level):
                break

    def _run(self, level: Level) -> None:
        start = time.monotonic()
        self._context.tell(str(level))
        try:
            for certified in level.proofs(self._context):
                self._add(level, certified, time.monotonic() - start)
                if self._context.reached:
                    break
        except SolverError as error:
            self._notes.append(f"{level}: {error}")

    def result(self) -> LowerBoundResult:
        """What is proved so far.

        Raises `SolverError` if nothing is; `KeyboardInterrupt` if nothing is because somebody asked
        to stop.
        """
        context = self._context
        if context.best is None and context.budget.stopped:
            raise KeyboardInterrupt
        if context.best is None:
            raise SolverError("; ".join(self._notes) or "nothing was proved")
        return LowerBoundResult(
            bound=context.best.bound,
            certificate=context.best.certificate,
            level=self._level,
            proved=tuple(self._proved),
            network=context.network,
            solver_figures=tuple(context.figures),
            notes=tuple(self._notes),
            seconds=time.monotonic() - self._start,
            interrupted=context.budget.stopped,
            products=dict(context.products),
        )

    def _add(self, level: Level, certified: Certified, seconds: float) -> None:
        proved = ProvedLevel(str(level), certified.bound, seconds)
        # Some levels are proved again and again, as a rule each time tighter.
        same = [p for p in self._proved if p.level == proved.level] + [proved]
        others = [p for p in self._proved if p.level != proved.level]
        self._proved = [*others, max(same, key=lambda p: p.bound.value)]
        # Why it proved nothing before is no longer so.
        self._notes = [note for note in self._notes if not note.startswith(f"{level}: ")]
        best = self._context.best
        if best is None or certified.bound.value > best.bound.value:
            self._context.best, self._level = certified, str(level)
            self._checkpoint(self.result())
        self._context.tell(f"{level}: proved")
