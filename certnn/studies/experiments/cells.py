"""Which cells there are, and what is measured in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from certnn.budget import Budget, stoppable
from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.kernel import Bound
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import DATA_SETS
from certnn.studies.experiments.fair import run_fairly
from certnn.studies.experiments.fair_rows import CERTIFIED, LOCAL
from certnn.studies.experiments.instances import SHAPES, instance_of, needs_folder
from certnn.studies.experiments.methods import METHODS, Effort
from certnn.studies.experiments.protocols import as_record
from certnn.studies.experiments.tables import ACCURACY, FAIR, TIGHTNESS
from certnn.studies.sweep import Record

TABLES = (ACCURACY, FAIR, TIGHTNESS)


@dataclass(frozen=True)
class Plan:
    """How large a run is.

    Attributes
    ----------
    seeds : int
        Problems of the random family.
    biases : tuple of bool
        With and without a hidden bias, in the tables of accuracies.
    splits : int
        Of each data set, in the fair table.
    work : dict
        By table and method, the work of a cell in nominal seconds.
    """

    seeds: int
    biases: tuple[bool, ...]
    splits: int
    work: dict[str, dict[str, float]]


#: The paper's size and the fair table within about two hours of a processor, most of them for what
#: is proved where accuracies are compared; and a look at all of it within minutes.
PLANS = {
    "full": Plan(
        100,
        (False, True),
        4,
        {
            TIGHTNESS: {
                "rounded": 10.0,
                "global": 20.0,
                "sgd": 3.0,
                "frank-wolfe": 1.0,
                "gated": 1.0,
            },
            ACCURACY: {
                "rounded": 240.0,
                "global": 240.0,
                "sgd": 16.0,
                "gated": 4.0,
            },
            FAIR: {"global": 8.0, "sgd": 6.0},
        },
    ),
    "quick": Plan(
        2,
        (False,),
        2,
        {
            TIGHTNESS: {
                "rounded": 4.0,
                "global": 8.0,
                "sgd": 2.0,
                "frank-wolfe": 1.0,
                "gated": 1.0,
            },
            ACCURACY: {"rounded": 6.0, "global": 10.0, "sgd": 6.0, "gated": 3.0},
            FAIR: {"global": 3.0, "sgd": 3.0},
        },
    ),
}
#: For methods that end by themselves.
_OTHERWISE = 60.0
#: Data of each table, if nothing else is said, and weight decays.
USUAL = {
    TIGHTNESS: tuple(SHAPES),
    ACCURACY: ("iris", "ionosphere", "pima", "banknote", "mnist"),
    FAIR: tuple(DATA_SETS),
}
USUAL_REGS = (0.1, 0.01)
#: Proved gaps that end a cell: what the optimum is known to, and enough for accuracies.
_GAPS = {TIGHTNESS: 1e-6, ACCURACY: 1e-3, FAIR: 1e-3}
#: Of a cell of the fair table whose decay is given: the share of the work, as nothing is to be
#: chosen, and the methods, whose difference is what optimality does.
_GIVEN, _GIVEN_METHODS = 0.3, (CERTIFIED, LOCAL)


def cells(
    plan: str = "full",
    tables: Sequence[str] = TABLES,
    data: Sequence[str] | None = None,
    regs: Sequence[float] = USUAL_REGS,
    methods: Sequence[str] | None = None,
    data_dir: str | None = None,
) -> list[Record]:
    """All cells, those of one training problem together and problems with the same points too.

    Parameters
    ----------
    plan : str
        "full" or "quick".
    tables : sequence of str
        Of "accuracy", "fair" and "tightness".
    data : sequence of str or None
        Generated families and data sets, each for the table that it belongs to; None for those of
        the paper.
    regs : sequence of float
        Weight decays; in the fair table they stand beside those that cross-validation chooses, of
        the global trainer and of gradient descent.
    methods : sequence of str or None
        Names in `METHODS`; None for those of the table.
    data_dir : str or None
        Folder with the files of data sets that need one. Without it their cells fail, and say so.

    Raises
    ------
    InputError
        If data or a method are not known, a weight decay is unusable, or there is nothing to do.
    """
    known = {TIGHTNESS: tuple(SHAPES), ACCURACY: tuple(DATA_SETS), FAIR: tuple(DATA_SETS)}
    for name in data or ():
        if name not in (*SHAPES, *DATA_SETS):
            choices = ", ".join((*SHAPES, *DATA_SETS))
            raise InputError("datasets", f"must be of {choices}, got {name!r}")
    for reg in regs:
        TrainingProblem([[1.0]], [[1.0]], reg)
    for name in methods or ():
        if name not in METHODS:
            raise InputError("methods", f"must be of {', '.join(METHODS)}, got {name!r}")
    found = []
    for table in tables:
        names = USUAL[table] if data is None else [name for name in data if name in known[table]]
        wanted = _methods(table, methods)
        for problem in _problems(PLANS[plan], table, names, regs):
            folder = data_dir if needs_folder(problem["data"]) else None
            found += [
                {
                    **problem,
                    "data_dir": folder,
                    "method": method,
                    "work_limit": _work(PLANS[plan], problem, method),
                    "gap": _GAPS[table],
                }
                for method in wanted
                if table != FAIR or problem["reg"] is None or method in _GIVEN_METHODS
            ]
    if not found:
        raise InputError("datasets", f"has none of the table {' or '.join(tables)}")
    return found


def _problems(
    plan: Plan, table: str, names: Sequence[str], regs: Sequence[float]
) -> Iterator[Record]:
    """The training problems of a table, each once; in the fair one no decay is one to choose."""
    biases = (False,) if table == TIGHTNESS else plan.biases
    decays: list[float | None] = [*([None] if table == FAIR else []), *dict.fromkeys(regs)]
    seeds = plan.splits if table == FAIR else 1
    for name in dict.fromkeys(names):
        count = plan.seeds if name == "random" else seeds
        for seed, reg, bias in product(range(count), decays, biases):
            about = {"data": name, "reg": reg, "hidden_bias": bias, "seed": seed}
            yield {"table": table, **about}


def _work(plan: Plan, problem: Record, method: str) -> float:
    work = plan.work[problem["table"]].get(method, _OTHERWISE)
    return _GIVEN * work if problem["table"] == FAIR and problem["reg"] is not None else work


def measure(cell: Record) -> Record:
    """Run one method on one training problem.

    Returns
    -------
    dict
        ``shape`` (n, d, c) and the ``null_loss``; of a network its ``width`` and ``objective``,
        exact and rounded up; of a proof its ``lower`` bound, exact and rounded down, its ``level``,
        and of a relaxation what the ``solver`` says its value is; the ``history`` of objectives,
        ``notes``; where there is a test half, test figures under both protocols; and of a decay
        that was to choose, the ``decay`` and the ``validation``, each one tried with its accuracy.

    Raises
    ------
    InputError
        If the data or a package are missing.
    """
    instance = instance_of(cell)
    problem = instance.problem
    work = cell["work_limit"]
    with stoppable() as stop:
        budget = Budget(work=work, stop=stop)
        effort = Effort(budget, cell["gap"], cell["table"])
        choice = None
        if cell["reg"] is None:
            trained, choice = run_fairly(problem, cell["method"], effort)
            problem = problem.with_reg(choice.decay)
        else:
            trained = METHODS[cell["method"]].run(problem, effort)
    values: Record = {
        "shape": [problem.n, problem.d, problem.c],
        "null_loss": problem.null_loss,
        "history": trained.history,
        "notes": list(trained.notes),
    }
    if choice is not None:
        values |= {"decay": choice.decay, "validation": choice.accuracies}
    if trained.network is not None:
        values |= {"width": trained.network.width}
        values |= {"objective": _exact(trained.network.evaluate(problem), up=True)}
    if trained.lower is not None:
        values |= {"lower": _exact(trained.lower.bound, up=False), "level": trained.lower.level}
        values |= {"solver": trained.relaxation_value}
    if instance.split is not None:
        values |= as_record(instance.split, trained.iterates, bias=problem.hidden_bias is True)
    return values


def _exact(bound: Bound, up: bool) -> Record:
    value: Fraction = bound.value
    return {"value": rounded_up(value) if up else rounded_down(value), "exact": bound.exact}


def _methods(table: str, wanted: Sequence[str] | None) -> list[str]:
    return [
        name
        for name, method in METHODS.items()
        if (table in method.tables if wanted is None else name in wanted)
    ]
