"""One problem and several levels: how much of the optimum each proves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import product

from certnn.directed_rounding import rounded_up
from certnn.errors import InputError, positive_number
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.npz import read_npz
from certnn.search.levels.schedule import require_level
from certnn.search.lower_bound import lower_bound
from certnn.search.train import TrainingResult, train
from certnn.studies.sweep import Record
from certnn.studies.tightness.families import FAMILIES, FIXED_SHAPES, Size, subset
from certnn.studies.tightness.ratio import Tightness
from certnn.studies.tightness.verdict import tightness_verdict

#: What the optimum is known to, where a proof of it can be had.
_EXACT = 1e-6
#: Of the sweep that runs if nothing is said, from the cheapest on.
LEVELS = (*("shor", "block(8)", "lifts", "dnn", "cuts", "phases", "partition", "cells"),)
#: Seconds for each level and for the optimum, so that all ends within 20 minutes.
SECONDS = 2.0
#: Of n, d, c and reg: the first, and from it one at a time.
_SIZES = (
    *(Size(20, 3, 2, 0.1, 0), Size(10, 3, 2, 0.1, 0), Size(40, 3, 2, 0.1, 0)),
    *(Size(20, 2, 2, 0.1, 0), Size(20, 5, 2, 0.1, 0)),
    *(Size(20, 3, 1, 0.1, 0), Size(20, 3, 4, 0.1, 0)),
    *(Size(20, 3, 2, 1.0, 0), Size(20, 3, 2, 0.01, 0)),
)
#: Columns of the points of a spiral; and of orthogonal ones, of which there are no more than these.
_COLUMNS = {"spiral": 2, "orthogonal": 40}


def cells(
    families: list[str],
    n: list[int],
    d: list[int],
    c: list[int],
    regs: list[float],
    seeds: int,
    levels: list[str],
    time_limit: float,
    data: str | None = None,
    verdicts: bool = False,
) -> list[Record]:
    """All combinations, each once.

    Raises `InputError` if a family or a level is not known, a number is unusable, or there is
    nothing to do.

    Parameters
    ----------
    families : list of str
        Names in `FAMILIES`.
    n, d, c : list of int
        Numbers of points, columns and outputs.
    seeds : int
        Problems of each size.
    time_limit : float
        Seconds for each level, and for the optimum.
    data : str or None
        An .npz file with X and Y: rows of it are one more family.
    verdicts : bool
        Whether to judge too if the level dnn is tight.
    """
    for family in families:
        if family not in FAMILIES:
            raise InputError("families", f"must be of {', '.join(FAMILIES)}, got {family!r}")
    for name, numbers in (("n", n), ("d", d), ("c", c)):
        if min(numbers) < 1:
            raise InputError(name, f"must be at least 1, got {min(numbers)}")
    for reg in regs:
        TrainingProblem([[1.0]], [[1.0]], reg)
    found: dict[tuple[str, Size], Record] = {}
    more = checked_levels(levels, seeds, time_limit, verdicts)
    for family, points, k, m, reg, seed in product(families, n, d, c, regs, range(seeds)):
        columns, outputs = FIXED_SHAPES.get(family, (k, m))
        size = Size(points, columns, outputs, reg, seed)
        found[family, size] = {"family": family, **asdict(size), **more}
    if data is not None:
        x, y = read_npz(data, ("X", "Y"))
        whole = TrainingProblem(x, y, regs[0])
        for points, reg, seed in product(n, regs, range(seeds)):
            size = Size(points, whole.d, whole.c, reg, seed)
            found[data, size] = {"family": data, **asdict(size), **more}
    if not found:
        raise InputError("families", "is empty, and there are no data: name one")
    return list(found.values())


def checked_levels(levels: list[str], seeds: int, time_limit: float, verdicts: bool) -> Record:
    """What the cells of a sweep share.

    Raises `InputError` if a level is not known or a number is unusable.
    """
    if seeds < 1:
        raise InputError("seeds", f"must be at least 1, got {seeds}")
    for level in levels:
        require_level(level)
    positive_number("time_limit", time_limit)
    shared: Record = {"levels": levels, "time_limit": time_limit}
    if verdicts:  # cells of earlier runs know no verdicts
        shared["verdict"] = True
    return shared


def problem_of(cell: Record) -> TrainingProblem:
    """The problem that a cell is about."""
    size = Size(*(cell[name] for name in ("n", "d", "c", "reg", "seed")))
    if cell["family"] in FAMILIES:
        return FAMILIES[cell["family"]](size)
    x, y = read_npz(cell["family"], ("X", "Y"))
    return subset(TrainingProblem(x, y, size.reg), size)


def measure(cell: Record) -> Record:
    """Prove each level and the optimum.

    Returns
    -------
    dict
        ``objective`` of the best network, exact and rounded up; ``optimum``, the best bound proved
        by any means, with its ``gap`` to that; and for each of the ``levels`` its proved ``bound``,
        the ``ratio`` to the objective, rounded down, what the ``solver`` says its value is, and
        ``seconds``. A level that was not proved has a ``note`` instead. Where asked for, the
        ``verdict`` on the level dnn, its ``reason``, and the ``distance`` of the relaxation's value
        from the optimum, a proved interval of shares of the optimum.
    """
    problem, limit = problem_of(cell), cell["time_limit"]
    best = train(problem, gap=_EXACT, time_limit=limit)
    objective = best.objective.value
    levels = {level: _level(problem, level, limit, best) for level in cell["levels"]}
    return {
        "objective": rounded_up(objective),
        "objective_exact": best.objective.exact,
        "null_loss": problem.null_loss,
        "width": best.network.width,
        "optimum": best.lower.value,
        "optimum_level": best.lower.level,
        "gap": best.gap,
        "levels": levels,
        **(_verdict(problem, limit) if cell.get("verdict") else {}),
    }


def _verdict(problem: TrainingProblem, limit: float) -> Record:
    found = tightness_verdict(problem, time_limit=limit)
    return {"verdict": found.standing, "reason": found.reason, "distance": list(found.distance)}


def _level(problem: TrainingProblem, level: str, limit: float, best: TrainingResult) -> Record:
    found = lower_bound(problem, level, time_limit=limit, network=best.network, gap=_EXACT)
    proved = [p for p in found.proved if p.level == level or p.level.startswith(f"{level}(")]
    if not proved and level.startswith("block"):  # with one group it is dnn
        proved = [p for p in found.proved if p.level == "dnn"]
    if not proved and found.bound.value >= (1 - Fraction(_EXACT)) * best.objective.value:
        return {"note": f"not run: {found.level} has closed the gap"}
    if not proved:
        return {"note": "; ".join(found.notes) or "not proved in time"}
    bound = proved[-1].bound
    value = [f.printed for f in found.solver_figures if f.level == proved[-1].level]
    return {
        "bound": bound.rounded,
        "bound_exact": bound.exact,
        "ratio": Tightness(level, bound, best.objective).ratio,
        "solver": value[-1] if value else None,
        "seconds": round(proved[-1].seconds, 3),
    }


def usual_cells(
    levels: Sequence[str] = LEVELS,
    seeds: int = 1,
    time_limit: float = SECONDS,
    verdicts: bool = False,
) -> list[Record]:
    """The cells of all families, those of a family together.

    Parameters
    ----------
    levels, seeds, time_limit, verdicts
        As in `certnn.studies.tightness.cells.cells`, as are errors.
    """
    more = checked_levels(list(levels), seeds, time_limit, verdicts)
    found: dict[tuple[str, Size], Record] = {}
    for family in FAMILIES:
        for size in _SIZES:
            for seed in range(seeds):
                columns, outputs = FIXED_SHAPES.get(family, (size.d, size.c))
                columns = _COLUMNS.get(family, columns)
                one = replace(size, d=columns, c=outputs, seed=seed)
                found[family, one] = {"family": family, **asdict(one), **more}
    return list(found.values())
