"""Cells put side by side: the best bound and the best network of each problem, and gaps to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median
from typing import Any

from certnn.directed_rounding import rounded_up
from certnn.studies.experiments.instances import InstanceKey, instance_key
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.tables import ACCURACY, FAIR, TIGHTNESS
from certnn.studies.sweep import Outcome

#: Methods that the global trainer is compared with, and how much accuracy may be missing.
RIVALS, ALLOWED = ("sgd", "nngp", "ntk"), 0.01


@dataclass(frozen=True)
class Row:
    """One cell, and what the cells about the same training problem say together.

    Attributes
    ----------
    outcome : Outcome
    lower : Fraction or None
        The best bound proved of the problem, by whichever method.
    level : str
        The level that proved it.
    best : Fraction or None
        The best objective of a network, by whichever method.
    """

    outcome: Outcome
    lower: Fraction | None
    level: str
    best: Fraction | None

    @property
    def cell(self) -> dict[str, Any]:
        """What was run."""
        return self.outcome.cell

    @property
    def values(self) -> dict[str, Any]:
        """What came out; empty if it failed."""
        return self.outcome.values or {}

    @property
    def objective(self) -> Fraction | None:
        """Of the method's network, exactly."""
        return _fraction(self.values.get("objective"))

    @property
    def gap(self) -> float | None:
        """(objective − best bound)/objective, rounded up: no network is better by more."""
        if self.objective is None or self.lower is None:
            return None
        return rounded_up(1 - self.lower / self.objective) if self.objective else 0.0

    @property
    def excess(self) -> float | None:
        """objective/best objective − 1, rounded up."""
        if self.objective is None or not self.best:
            return None
        return rounded_up(self.objective / self.best - 1)

    @property
    def remark(self) -> str:
        """Why it failed, or what the method noted."""
        return self.outcome.error or "; ".join(self.values.get("notes", ()))

    def as_record(self) -> dict[str, Any]:
        """One line of the CSV file."""
        values, cell = self.values, self.cell
        n, d, c = values.get("shape", (None, None, None))
        own = values.get("lower", {}).get("value")
        flat = {
            "table": cell["table"],
            "data": cell["data"],
            "n": n,
            "d": d,
            "c": c,
            "reg": instance_key(self.outcome).reg,
            "hidden_bias": cell["hidden_bias"],
            "seed": cell["seed"],
            "method": cell["method"],
            "objective": values.get("objective", {}).get("value"),
            "width": values.get("width"),
            "proved_lower_bound": None if self.lower is None else -rounded_up(-self.lower),
            "proved_by": self.level,
            "gap": self.gap,
            "own_bound": own,
            "own_level": values.get("level"),
            "solver_value": values.get("solver"),
            "seconds": round(self.outcome.seconds, 2),
            "remark": self.remark,
        }
        for protocol, names in (
            ("honest", ("accuracy", "precision", "recall", "f1")),
            ("paper", ("accuracy", "precision", "recall", "f1", "threshold", "leak")),
        ):
            for name in names:
                flat[f"{protocol}_{name}"] = values.get(protocol, {}).get(name)
        return flat


def joined(outcomes: Sequence[Outcome]) -> list[Row]:
    """A row for each outcome, in their order.

    What is proved of one problem holds of others with the same points: of a larger decay, of a
    smaller one in proportion (Theorem 21), and without the bias, which networks may have of weight
    zero (Theorem 4); so does the objective of a network without a bias where there is one.
    """
    proved: dict[Any, list[tuple[InstanceKey, tuple[Fraction, str]]]] = defaultdict(list)
    reached: dict[InstanceKey, list[Fraction]] = defaultdict(list)
    for outcome in outcomes:
        values, key = outcome.values or {}, instance_key(outcome)
        if (bound := _fraction(values.get("lower"))) is not None:
            proved[key.points].append((key, (bound, values["level"])))
        if (objective := _fraction(values.get("objective"))) is not None:
            reached[key].append(objective)
    rows = []
    for outcome in outcomes:
        key = instance_key(outcome)
        bounds = [pair for other, pair in proved[key.points] for pair in _carried(pair, other, key)]
        lower, level = max(bounds, default=(None, ""), key=lambda pair: pair[0] or 0)
        objectives = [*reached[key], *reached[replace(key, hidden_bias=False)]]
        rows.append(Row(outcome, lower, level, min(objectives, default=None)))
    return rows


def _carried(
    proved: tuple[Fraction, str], source: InstanceKey, target: InstanceKey
) -> Iterator[tuple[Fraction, str]]:
    """A bound of one problem, as far as it holds of another with the same points."""
    bound, level = proved
    if source == target:
        yield bound, level
    elif source.reg and target.reg and source.hidden_bias >= target.hidden_bias:
        share = min(Fraction(1), Fraction(target.reg) / Fraction(source.reg))
        with_bias = " with the bias" if source.hidden_bias > target.hidden_bias else ""
        yield share * bound, f"{level}, proved at reg {source.reg:g}{with_bias}"


@dataclass(frozen=True)
class Summary:
    """One method over all problems of generated data at one weight decay.

    Attributes
    ----------
    data : str
    reg : float
    method : str
        The title of the method, or of what it proves.
    done, problems : int
        Cells with a figure, and all.
    least, middle, most : float
        Of the ratios to the best objective known: of bounds, or of objectives of networks.
    proves : bool
        Whether the ratios are of bounds.
    seconds : float
        Median.
    """

    data: str
    reg: float
    method: str
    done: int
    problems: int
    least: float
    middle: float
    most: float
    proves: bool
    seconds: float


def tightness_summaries(rows: Sequence[Row]) -> list[Summary]:
    """By data, weight decay and method; for a relaxation its bound first, then its network."""
    groups: dict[tuple[str, float, str, bool], list[Row]] = defaultdict(list)
    for row in rows:
        cell = row.cell
        if cell["table"] == TIGHTNESS:
            for proves in (True, False) if cell["method"] in ("rounded", "global") else (False,):
                groups[cell["data"], cell["reg"], cell["method"], proves].append(row)
    found = []
    for (data, reg, method, proves), members in groups.items():
        ratios = [ratio for row in members if (ratio := _ratio(row, proves)) is not None]
        title = METHODS[method].title
        found.append(
            Summary(
                data,
                reg,
                f"{title}: proved bound" if proves else title,
                len(ratios),
                len(members),
                min(ratios, default=0.0),
                median(ratios) if ratios else 0.0,
                max(ratios, default=0.0),
                proves,
                median(row.outcome.seconds for row in members),
            )
        )
    return sorted(found, key=lambda s: (s.data, -s.reg))


@dataclass(frozen=True)
class Target:
    """Whether the global trainer is as good as what it is compared with.

    Attributes
    ----------
    where : str
        The problem.
    what : str
    met : bool
    figures : str
    """

    where: str
    what: str
    met: bool
    figures: str


def targets(rows: Sequence[Row]) -> list[Target]:
    """Accuracies within a point of the best rival's, and an objective at or below descent's.

    Only where the cells of the trainer and of a rival are done; nothing is chosen by the outcome.
    """
    groups: dict[tuple[str, InstanceKey], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.cell["table"] != FAIR:
            groups[row.cell["table"], instance_key(row.outcome)][row.cell["method"]] = row
    found = []
    for (table, key), methods in groups.items():
        data, seed, _ = key.points
        where = key.title + (f", seed {seed}" if table == TIGHTNESS and data == "random" else "")
        tested = {
            name: methods[name].values["honest"]["accuracy"]
            for name in (*RIVALS, "global")
            if table == ACCURACY and name in methods and methods[name].values
        }
        best = max((name for name in RIVALS if name in tested), key=tested.__getitem__, default="")
        if best and "global" in tested:
            figures = f"{100 * tested['global']:.2f} % against {100 * tested[best]:.2f} %"
            figures += f" of {METHODS[best].title}"
            met = tested["global"] >= tested[best] - ALLOWED - 1e-12
            found.append(Target(where, "honest accuracy, global trainer", met, figures))
        ours, descent = methods.get("global"), methods.get("sgd")
        if ours is not None and descent is not None and ours.objective and descent.objective:
            figures = f"{float(ours.objective):.6g} against {float(descent.objective):.6g}"
            met = ours.objective <= descent.objective
            found.append(Target(where, "training objective, global trainer", met, figures))
    return found


def _ratio(row: Row, proves: bool) -> float | None:
    own = _fraction(row.values.get("lower")) if proves else row.objective
    if own is None or not row.best:
        return None
    return -rounded_up(-(own / row.best)) if proves else rounded_up(own / row.best)


def _fraction(figure: dict[str, Any] | None) -> Fraction | None:
    return None if figure is None else Fraction(figure["exact"])
