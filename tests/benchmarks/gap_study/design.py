"""Which audits are run: an order that leaves a balanced design wherever it is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from certnn.problem.losses import HALF_SQUARED
from certnn.problem.training_problem import TrainingProblem
from certnn.studies.sweep import Record

from .sources import SOURCES, for_cross_entropy

#: Of cross-validation, what the decays are times.
DECAYS = (1 / 3, 1.0, 3.0)
#: Nominal seconds of an audit, and how much sooner than others those come.
WORK = {10.0: 8.0, 30.0: 3.0, 60.0: 0.5}
LOSSES, BIASES = ("half-squared", "cross-entropy"), ("decayed", "free")
WHOLE, HALVES = "whole", ("half 0", "half 1")


def design(names: Sequence[str]) -> list[Record]:
    """All runs in the order in which to run them.

    Round after round each data set in turn, in random order, has four neighbours of its own: the
    three decays, and a half of the points. Loss, biases and work are drawn for all four; there are
    as many rounds as it takes to have had them all.

    Parameters
    ----------
    names : sequence of str
        Data sets in `SOURCES`.
    """
    draw = np.random.default_rng(0)
    rounds: list[list[list[Record]]] = []
    for name in names:
        settings = list(product(SOURCES[name].regs, BIASES, WORK))
        # Drawn without replacement, each as likely next as its work is wanted.
        ranks = draw.exponential(size=len(settings)) / [WORK[work] for *_, work in settings]
        for turn, k in enumerate(np.argsort(ranks)):
            loss, biases, work = settings[k]
            shared = {"data": name, "loss": loss, "biases": biases, "work": work}
            block = [{**shared, "rows": WHOLE, "decay": decay} for decay in DECAYS]
            block.append({**shared, "rows": HALVES[turn % 2], "decay": 1.0})
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(block)
    return [
        run for blocks in rounds for k in draw.permutation(len(blocks)) for run in blocks[int(k)]
    ]


def problem_of(run: Record, folder: str | Path | None = None) -> TrainingProblem:
    """The problem that a run audits.

    A half of the points has half of the weight decay, so that it is the same a point.

    Parameters
    ----------
    run : dict
        One of `design`.
    folder : path or None
        Where the files are, for data that need one.

    Raises
    ------
    InputError
        If the data or a package are missing.
    """
    source = SOURCES[run["data"]]
    X, Y = source.read(folder)
    reg = run["decay"] * source.regs[run["loss"]]
    if run["rows"] != WHOLE:
        order = np.random.default_rng(HALVES.index(run["rows"])).permutation(len(X))
        kept = np.sort(order[: len(X) // 2])
        X, Y, reg = X[kept], Y[kept], reg / 2
    loss = HALF_SQUARED.name
    crossed = run["loss"] != loss
    if crossed:
        Y, loss = for_cross_entropy(Y)
    if run["biases"] == "free":
        return TrainingProblem(X, Y, reg, "free", loss=loss, output_bias="free")
    return TrainingProblem(X, Y, reg, True, loss=loss, output_bias=crossed)
