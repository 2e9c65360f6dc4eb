"""One audit by nominal work: its proved gap, and what each level has proved."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from certnn.budget import Budget, stoppable
from certnn.directed_rounding import rounded_up
from certnn.search.audit import audit
from certnn.studies.sweep import Record

from .design import problem_of


def measure(run: Record, folder: str | Path | None = None) -> Record:
    """Audit the problem of a run.

    Parameters
    ----------
    run, folder
        As `problem_of` takes them, as are errors.

    Returns
    -------
    dict
        ``n``, ``d``, ``c``, ``reg`` and ``null_loss`` of the problem; ``objective`` of the best
        network that was found, and how many neurons it has as ``width``; the proved ``gap`` to it,
        rounded up, and the ``level`` that proved it; by level, in the order in which they proved
        something, ``levels``, gaps of their own; ``notes`` on levels that did not; ``worked``, in
        nominal seconds.
    """
    problem = problem_of(run, folder)
    with stoppable() as stop:
        budget = Budget(work=run["work"], stop=stop)
        found = audit(None, problem, budget=budget, progress=lambda *_: None)
    best = found.report.best_network
    assert best is not None

    def gap(bound: Fraction) -> float:
        return rounded_up(1 - bound / best.fraction) if best.fraction else 0.0

    return {
        **{"n": problem.n, "d": problem.d, "c": problem.c, "reg": problem.reg},
        "null_loss": problem.null_loss,
        "objective": rounded_up(best.fraction),
        "width": best.width,
        "gap": gap(found.lower.bound.value),
        "level": found.lower.level,
        "levels": {proved.level: gap(proved.bound.value) for proved in found.lower.proved},
        "notes": list(found.lower.notes),
        "worked": budget.worked,
    }
