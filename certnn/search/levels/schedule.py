"""The schedule: which levels of proof to run for a given request, and in which order.

shor ⊂ block(k) ⊂ dnn ⊂ cuts are levels of the relaxation, from the cheapest to the tightest
(Theorem 13). lifts has a relaxation for each direction of the outputs, with products in groups of
points and with norms. A partition of weight space into cones, cells of it, and phases of the
activations prove the dual norm itself, as tightly as time and memory allow, and train as they go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.cuts import Cuts
from certnn.search.levels.groups import Groups
from certnn.search.levels.level import Level
from certnn.search.levels.lifts import Lifts
from certnn.search.levels.limits import LIFTS_OUTPUTS_UP_TO, PARTITION_UP_TO
from certnn.search.levels.relaxed import Block, Dnn, takes_all_products
from certnn.search.levels.shor import Shor
from certnn.search.levels.tightening import Cells, Partition, Phases
from certnn.splitting.cells.proof import MOST_COLUMNS

#: Group size of the level block when none is given.
DEFAULT_GROUP = 25
#: Up to so many directions a partition may soon be done, and is tried before lifts with a share of
#: a limit.
_SOON_UP_TO, _FIRST_SHARE = 300, 0.25
#: Up to this many directions the level auto runs dnn with our own solver and with general ones;
#: above, it takes longer than minutes.
_DNN_UP_TO, _GENERAL_DNN_UP_TO = 300, 80
#: Share of a limit that a run of lifts may take where dnn follows, which is soon done, or cells,
#: which prove more in time; and block, where there is no time for lifts: then there may be none for
#: dnn either.
_BEFORE_OTHERS, _IN_PLACE_OF_LIFTS = 0.3, 0.5
#: Share of a limit that shor may take of another loss, where it trains, if levels follow; and where
#: dnn follows, which with many outputs soon proves more.
_OF_ANOTHER_LOSS, _BEFORE_GROUPS = 0.2, 0.1
#: Up to this many directions the level auto runs block.
_BLOCK_UP_TO = 2000
#: Where there is a limit to use, the level auto goes on with levels that take longer, up to these
#: sizes: directions for block and dnn; directions, columns and outputs together for cuts.
_PATIENT_BLOCK_UP_TO, _PATIENT_DNN_UP_TO, _ROUNDS_UP_TO = 20_000, 2000, 299
#: Up to so many directions and outputs the level auto ends with phases.
_PHASES_UP_TO, _OUTPUTS_UP_TO = 100, 3
#: Cells are searched for in each direction of the outputs, in at least so many columns, as cones of
#: the plane are few. Up to so many columns they prove more than lifts, and come first. Up to so
#: many outputs they come last, in what a limit leaves.
_CELLS_OUTPUTS_UP_TO, _CELLS_FROM, _CELLS_FIRST_UP_TO, _LAST_CELLS_UP_TO = 2, 3, 7, 3
#: Share of a limit that they may take before lifts where the loss or the biases are others, so that
#: lifts prove less and later.
_BEFORE_LIFTS = 0.2
#: Share of a limit in which they have to prove something where they come first: else lifts have
#: the other share of what is left, before cells are searched for again.
_SOMETHING, _INSTEAD = 0.4, 0.5
_CHOICE = (
    "auto, shor, block, block(k), lifts, lifts(k), dnn, cuts, phases, "
    "partition, cells, groups or groups(k)"
)

Plan = tuple[Level, ...]

SHOR = Shor()
BRIEF_SHOR = Shor(share=_OF_ANOTHER_LOSS)
FIRST_SHOR = Shor(share=_BEFORE_GROUPS)
BLOCK = Block(DEFAULT_GROUP)
LIFTS = Lifts()
EARLY_BLOCK = Block(DEFAULT_GROUP, share=_IN_PLACE_OF_LIFTS)
EARLY_LIFTS = Lifts(share=_BEFORE_OTHERS)
DNN = Dnn()
CUTS = Cuts()
PHASES = Phases()
PARTITION = Partition()
EARLY_CELLS = Cells(share=_BEFORE_LIFTS)
FIRST_CELLS, CELLS = Cells(trial=_SOMETHING), Cells()
LIFTS_INSTEAD = Lifts(share=_INSTEAD)

_ALONE: dict[str, Level] = {"partition": PARTITION, "cells": CELLS, "phases": PHASES}
_SIZED: dict[str, Callable[[int], Level]] = {"lifts": Lifts, "groups": Groups}

#: What our own solvers prove of plain problems alone.
_FOR_PLAIN: Plan = (BLOCK, EARLY_BLOCK, CUTS)

#: What proves nothing better once another level of the same plan has proved something.
OUTDONE_BY: dict[Level, Level] = {BLOCK: LIFTS, EARLY_BLOCK: LIFTS}


@dataclass(frozen=True)
class Case:
    """What the schedule goes by.

    Attributes
    ----------
    directions : int
        Number of distinct directions among the rows of X.
    columns : int
        Number of columns of the features.
    outputs : int
        Number of columns of Y.
    plain : bool
        Whether our own solvers of block and cuts take the problem (`TrainingProblem.is_plain`).
    all_products : bool
        Whether our own solver of dnn does
        (`certnn.search.levels.relaxed.takes_all_products`), as with every plain problem. Of others
        our own solvers take lifts alone, so that block and dnn are left to general ones.
    """

    directions: int
    columns: int
    outputs: int
    plain: bool = True
    all_products: bool = True

    @staticmethod
    def of(problem: TrainingProblem, directions: int | None = None) -> Case:
        """That of a problem; with as many directions as points if nobody has counted them."""
        return Case(
            problem.n if directions is None else directions,
            problem.features.shape[1],
            problem.c,
            problem.is_plain,
            takes_all_products(problem),
        )


def require_level(request: str) -> tuple[str, int]:
    """The name of a level and the size in parentheses, 0 without one.

    Raises
    ------
    InputError
        If there is no such level.
    """
    names = "auto|shor|dnn|cuts|phases|partition|cells|block|lifts|groups"
    pattern = rf"({names})(?:\(([1-9][0-9]{{0,5}})\))?"
    match = re.fullmatch(pattern, request) if isinstance(request, str) else None
    if match is None or (match[2] and match[1] not in ("block", *_SIZED)):
        raise InputError("level", f"must be {_CHOICE}, got {request!r}")
    return match[1], int(match[2] or 0)


def stages(request: str, case: Case, general: bool = False, limited: bool = False) -> Plan:
    """The levels to run, weakest first, so that there is a bound early on.

    Parameters
    ----------
    request : str
        "shor", "block" (groups of 25), "block(k)", "lifts", "lifts(k)" (groups of k), "dnn",
        "cuts", "phases", "partition", "cells", "groups", "groups(k)" (k groups of points, each
        bound by what auto runs for it), or "auto": a partition first if there are at most 5
        columns, which goes on after lifts if there is a limit, or cells if there are more
        than 300 directions, 3 to 5 columns and up to 2 outputs; with a limit cells up to 7 columns
        before lifts, if they prove something in the first part of it, and up to 16 after them, from
        8 columns or with 3 outputs with a fifth of it before them where the problem is not plain,
        and with 3 outputs at the end; then lifts where there are more than 25 distinct directions
        and up to 3 outputs, with less of a limit where cells or a short dnn follow, or with a limit
        block in their place; then as far as the solver goes in minutes, dnn up to 300 directions,
        and with more outputs block up to 2000, or with a limit dnn up to 20,000; phases last, up to
        100 directions and 3 outputs.
    case : Case
    general : bool
        Whether a general solver is to be run, which says nothing before it ends: a cheaper level
        comes before a long one, and auto runs dnn up to 80 directions.
    limited : bool
        Whether there is a limit on time or work: then auto goes on with what takes longer, so that
        it ends with its goal or at its limit.

    Raises
    ------
    InputError
        If the request is none of these.
    """
    name, size = require_level(request)
    directions, columns, outputs = case.directions, case.columns, case.outputs
    if name == "shor" or directions == 0:  # shor is exact where every row of X is zero
        return (SHOR,)
    own = case.all_products and not general
    shor = SHOR if case.all_products else BRIEF_SHOR
    if name in _SIZED:
        return (shor, _SIZED[name](size))
    if name in _ALONE:
        return (shor, _ALONE[name])
    patient = limited and own
    if name == "auto":
        lifted = not general and directions > DEFAULT_GROUP and outputs <= LIFTS_OUTPUTS_UP_TO
        soon = directions <= _SOON_UP_TO
        first, middle, last = _splits(case, soon, lifted, limited, general)
        lifts = (_lifts(case, first, middle),) if lifted else ()
        relaxed = [*_relaxed(directions, lifted, not own, patient)]
        if directions <= _PHASES_UP_TO and outputs <= _OUTPUTS_UP_TO:
            relaxed.append(PHASES)
        if patient:
            relaxed += _patient(directions, columns, outputs)
        if own and not case.plain:
            relaxed = [level for level in relaxed if level not in _FOR_PLAIN]
        plan = tuple(dict.fromkeys((*first, *lifts, *middle, *relaxed, *last)))
        if patient and outputs > LIFTS_OUTPUTS_UP_TO and plan[:1] == (DNN,):
            shor = FIRST_SHOR
        return (shor, *plan) if plan else (SHOR,)
    if name in ("dnn", "cuts"):
        if patient and outputs > LIFTS_OUTPUTS_UP_TO:
            shor = FIRST_SHOR
        tightest = (DNN,) if name == "dnn" else (DNN, CUTS)
        return (shor, *_early(directions, not own), *tightest)
    group = size or DEFAULT_GROUP
    block = Block(group) if directions > group else DNN
    return (shor, *_early(min(group, directions), not own), block)


def _splits(
    case: Case, soon: bool, lifted: bool, limited: bool, general: bool
) -> tuple[Plan, Plan, Plan]:
    """The partition or cells that auto runs before lifts, after them, and at the end."""
    columns, outputs = case.columns, case.outputs
    cells = _CELLS_FROM <= columns <= MOST_COLUMNS and outputs <= _LAST_CELLS_UP_TO
    if columns <= PARTITION_UP_TO:
        level = CELLS if cells and outputs <= _CELLS_OUTPUTS_UP_TO and not soon else PARTITION
        if not lifted or not limited:
            return (level,), (), ()
        if level == CELLS:
            return (FIRST_CELLS,), (CELLS,), ()
        # What is not done soon goes on after lifts.
        return ((Partition(_FIRST_SHARE),) if soon else ()), (level,), ()
    if not cells or not limited:
        return (), (), ()
    early = () if case.all_products or general else (EARLY_CELLS,)
    if outputs > _CELLS_OUTPUTS_UP_TO:
        return early, (), (() if general else (CELLS,))
    if lifted:
        return (early if columns > _CELLS_FIRST_UP_TO else (FIRST_CELLS,)), (CELLS,), ()
    return (CELLS,), (), ()


def _lifts(case: Case, first: Plan, middle: Plan) -> Lifts:
    """Lifts with their share of a limit, between what auto runs before and after them."""
    if first == (FIRST_CELLS,):
        return LIFTS_INSTEAD
    # Cells after them prove more in time, and a dnn is soon done, unless there are so many columns
    # that it takes longer than lifts.
    cells = case.all_products and middle == (CELLS,) and first == ()
    dnn = case.directions <= _most_of_dnn(not case.all_products) and case.columns <= MOST_COLUMNS
    return EARLY_LIFTS if cells or dnn else LIFTS


def _most_of_dnn(general: bool) -> int:
    """Up to how many directions the level auto runs dnn if nothing else is said."""
    return _GENERAL_DNN_UP_TO if general else _DNN_UP_TO


def _relaxed(directions: int, lifted: bool, general: bool, patient: bool) -> Iterator[Level]:
    """The levels of the relaxation but lifts that take minutes at most, or prove much in them."""
    if directions <= _most_of_dnn(general):
        yield from _early(directions, general)
        if patient and lifted:
            yield EARLY_BLOCK
        yield DNN
    elif patient and not lifted and directions <= _PATIENT_BLOCK_UP_TO:
        yield DNN  # its groups prove more than those of block, and sooner
    elif directions <= _BLOCK_UP_TO and not lifted:
        yield BLOCK


def _patient(directions: int, columns: int, outputs: int) -> Iterator[Level]:
    """What may take all the time there is, the cheapest first."""
    if DEFAULT_GROUP < directions <= _PATIENT_BLOCK_UP_TO and outputs <= LIFTS_OUTPUTS_UP_TO:
        yield BLOCK
    if directions <= _PATIENT_DNN_UP_TO:
        yield DNN
    if directions + columns + outputs <= _ROUNDS_UP_TO:
        yield CUTS
    if directions <= _PATIENT_DNN_UP_TO and outputs <= _OUTPUTS_UP_TO:
        yield PHASES


def _early(largest: int, general: bool) -> Plan:
    """A cheaper level to run before one whose largest group is this."""
    return (BLOCK,) if general and largest > DEFAULT_GROUP else ()
