"""What is compared: each method a name and a function from a problem to what it trained.

A further method is one more entry of `METHODS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.relaxed_moment import relaxed_moment
from certnn.relaxation.rounding import round_moment
from certnn.search.lower_bound import lower_bound
from certnn.search.results import LowerBoundResult
from certnn.search.train import train
from certnn.splitting.patterns.collection import collect_patterns
from certnn.studies.baselines.frank_wolfe import frank_wolfe
from certnn.studies.baselines.gated import gated_network
from certnn.studies.baselines.gradient_descent import gradient_descent
from certnn.studies.baselines.kernels import Kernel, nngp_kernel, ntk_kernel
from certnn.studies.experiments.dual_rounding import round_dual_point
from certnn.studies.experiments.protocols import Predictor
from certnn.studies.experiments.tables import ACCURACY, FAIR, TIGHTNESS
from certnn.studies.experiments.validation import chosen_decay, kernel_fit, ridges
from certnn.training import polish, train_locally

#: Objective after so many iterations (steps, rounds), one pair each.
History = tuple[tuple[int, float], ...]

#: Share of its time that the relaxation takes; the rest is for rounding.
_RELAXATION = 0.6
#: The level in place of dnn from so many unknowns on. With this time Λ is found and rounded up to
#: as many, and with less up to fewer, where so many nominal seconds are left.
_SCALES, _LARGE, _PATIENT, _MOMENT, _MOMENT_WORK = "block(16)", 1000, 15.0, 400, 1.0
#: Points from which on, and outputs up to which, lifts are run; and the share of the relaxation's
#: time for the first of two levels.
_LIFTED_FROM, _LIFTED_OUTPUTS, _FIRST_LEVEL = 25, 3, 0.4
#: Width and runs of gradient descent; folds of cross-validation have no time for more than one.
_DESCENTS, _STEPS = {TIGHTNESS: (100, 5), ACCURACY: (300, 5), FAIR: (100, 1)}, 4000
_FRANK_WOLFE_STEPS = 400
#: Activation patterns of the gated program.
_PATTERNS = 100
#: Folds by which kernel machines choose their ridge.
_RIDGE_FOLDS = 5
#: Columns from which on training begins with a network that descent has found, which for few is
#: no help; its neurons, iterations and share of the time.
_DESCEND_FROM, _DESCENT_WIDTH, _ITERATIONS, _DESCENT_SHARE = 6, 300, 1000, 0.2


@dataclass(frozen=True)
class Effort:
    """How far a method may go.

    Attributes
    ----------
    budget : Budget
    gap : float
        Proved gap that is small enough.
    table : str
        Which table it is for.
    seed : int
    """

    budget: Budget
    gap: float
    table: str
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
    """What a method has come to.

    Attributes
    ----------
    network : TwoLayerNetwork or None
        None for a kernel machine.
    iterates : tuple of callable
        Predictors on the way, on rows with the ones of a hidden bias; the last is what the method
        hands out.
    lower : LowerBoundResult or None
        A proved bound on every network, where the method proves one.
    relaxation_value : float or None
        What the solver says the value of the relaxation is: its word.
    history : tuple of (int, float)
        Training objective against iteration.
    notes : tuple of str
        What was chosen, what was left out and why.
    """

    network: TwoLayerNetwork | None
    iterates: tuple[Predictor, ...]
    lower: LowerBoundResult | None = None
    relaxation_value: float | None = None
    history: History = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Method:
    """One entry of the table of methods.

    Attributes
    ----------
    title : str
        As it is shown.
    run : callable
        From a problem and an effort to what was trained. Raises `InputError` where it is not for
        the problem or needs a package.
    tables : tuple of str
        Tables that it is a row of by default.
    """

    title: str
    run: Callable[[TrainingProblem, Effort], Trained]
    tables: tuple[str, ...]


def _rounded(problem: TrainingProblem, effort: Effort) -> Trained:
    """The relaxation by its best level in the time; rounded from its dual point and from Λ."""
    unknowns, patient = problem.n * (problem.c + 1), effort.budget.left >= _PATIENT
    lower = _relaxed(problem, effort.budget.part(_RELAXATION), effort.table)
    network = round_dual_point(problem, lower.certificate, effort.budget.part(0.4), effort.seed)
    rounded: tuple[str, ...] = ()
    fits = unknowns <= (_LARGE if patient else _MOMENT)
    if fits and effort.budget.left >= _MOMENT_WORK:
        network, rounded = _better_of_moment(problem, network, effort.budget, effort.seed)
    said = [figure for figure in lower.solver_figures if figure.level == lower.level]
    return Trained(
        network,
        (network.output,),
        lower,
        said[-1].dual_value if said else None,
        notes=(*lower.notes, *rounded),
    )


def _relaxed(problem: TrainingProblem, budget: Budget, table: str) -> LowerBoundResult:
    """The best level in the time: lifts for few outputs; with few unknowns the paper's after them,
    and with many one in its place before them, soon done, which columns of other scales hurt less.
    """
    large = problem.n * (problem.c + 1) > _LARGE
    lower, levels = None, [_SCALES] if large else ["dnn"]
    if table != TIGHTNESS and problem.n > _LIFTED_FROM and problem.c <= _LIFTED_OUTPUTS:
        levels = [_SCALES, "lifts"] if large else ["lifts", "dnn"]
    for number, level in enumerate(levels):
        part = budget.part(_FIRST_LEVEL if number + 1 < len(levels) else 1.0)
        lower = lower_bound(problem, level, budget=part, improve=lower)
    assert lower is not None
    return lower


def _better_of_moment(
    problem: TrainingProblem, network: TwoLayerNetwork, budget: Budget, seed: int
) -> tuple[TwoLayerNetwork, tuple[str, ...]]:
    """Λ rounded too; the better network, and which it is."""
    try:
        moment = relaxed_moment(problem, budget=budget.part(0.5))
        rounded = round_moment(moment, budget=budget, seed=seed)
    except SolverError as error:
        return network, (f"rounded from the dual point alone: {error}",)
    if rounded.objective.value < network.evaluate(problem).value:
        return rounded.network, ("rounded from the moment matrix",)
    return network, ("rounded from the dual point",)


def _gated(problem: TrainingProblem, effort: Effort) -> Trained:
    """The gated convex program over sampled patterns; output weights of its neurons fitted anew.

    The ReLU network with the same outputs as the gated one has neurons that all but cancel, so that
    its weight decay is enormous.
    """
    patterns = collect_patterns(problem, sampled=_PATTERNS, seed=effort.seed)
    gated = gated_network(problem, patterns, effort.budget.part(0.5))
    starts = (gated.network,)
    found = train_locally(problem, effort.budget, starts=starts, max_rounds=0, seed=effort.seed)
    notes = (f"{patterns.count} patterns, gated objective {gated.objective:.6g}",)
    return Trained(found.network, (found.network.output,), notes=notes)


def _global(problem: TrainingProblem, effort: Effort) -> Trained:
    """`certnn.train`; for many columns from where descent from random weights ends."""
    start = None
    if problem.features.shape[1] >= _DESCEND_FROM:
        start = _descended(problem, effort.budget.part(_DESCENT_SHARE), effort.seed)
    history: list[tuple[int, float]] = [(0, problem.null_loss)]

    def record(stage: str, bound: float | None, objective: float | None) -> None:
        if objective is not None and objective < history[-1][1]:
            history.append((len(history), objective))

    result = train(
        problem,
        gap=effort.gap,
        budget=effort.budget,
        start=start,
        seed=effort.seed,
        progress=record,
    )
    record("end", None, result.objective.rounded)
    return Trained(
        result.network,
        (result.network.output,),
        result.lower,
        history=tuple(history),
        notes=result.lower.notes,
    )


def _descended(problem: TrainingProblem, budget: Budget, seed: int) -> TwoLayerNetwork:
    rng, d = np.random.default_rng(seed), problem.features.shape[1]
    size = math.sqrt(float(np.mean(np.sum(problem.features**2, axis=1)))) or 1.0
    U = rng.standard_normal((d, _DESCENT_WIDTH)) / size
    V = rng.standard_normal((_DESCENT_WIDTH, problem.c)) / math.sqrt(_DESCENT_WIDTH)
    return polish(problem, TwoLayerNetwork(U, V), budget, _ITERATIONS)


def _descent(problem: TrainingProblem, effort: Effort) -> Trained:
    """The best of some runs, by the training objective."""
    width, runs = _DESCENTS[effort.table]
    best = gradient_descent(
        problem, effort.budget, width, runs=runs, steps=_STEPS, seed=effort.seed
    )
    history = zip(best.steps, map(float, best.histories[best.best]), strict=True)
    ends = ", ".join(f"{value:.6g}" for value in best.objectives)
    return Trained(
        best.network,
        tuple(network.output for network in best.snapshots),
        history=tuple(history),
        notes=(
            f"Adam, {width} neurons, {best.steps[-1]} steps at {best.learning_rate:g}; "
            f"runs: {ends}",
        ),
    )


def _frank_wolfe(problem: TrainingProblem, effort: Effort) -> Trained:
    found = frank_wolfe(problem, effort.budget, _FRANK_WOLFE_STEPS, effort.seed)
    history = tuple(enumerate(found.objectives))
    return Trained(found.network, (found.network.output,), history=history)


def _kernel(kernel: Kernel) -> Callable[[TrainingProblem, Effort], Trained]:
    fit = kernel_fit(kernel)

    def run(problem: TrainingProblem, effort: Effort) -> Trained:
        tried = ridges(kernel, problem.inputs)
        choice = chosen_decay(fit, problem, tried, effort.budget, _RIDGE_FOLDS, effort.seed)
        predictor, _ = fit(problem.with_reg(choice.decay), effort.budget, None)
        notes = (f"ridge {choice.decay:.3g}, by cross-validation on the training half",)
        return Trained(None, (predictor,), notes=notes)

    return run


_NETWORKS = (TIGHTNESS, ACCURACY, FAIR)
#: By the name under which cells and options speak of them. A fold of cross-validation is too short
#: for a relaxation that is worth rounding, and for the gated program of many outputs.
METHODS: dict[str, Method] = {
    "rounded": Method("relaxation, rounded", _rounded, (TIGHTNESS, ACCURACY)),
    "global": Method("global trainer", _global, _NETWORKS),
    "sgd": Method("gradient descent (Adam)", _descent, _NETWORKS),
    "frank-wolfe": Method("Frank–Wolfe", _frank_wolfe, (TIGHTNESS,)),
    "gated": Method("gated convex program", _gated, (TIGHTNESS, ACCURACY)),
    "nngp": Method("NNGP kernel", _kernel(nngp_kernel), (ACCURACY, FAIR)),
    "ntk": Method("tangent kernel", _kernel(ntk_kernel), (ACCURACY, FAIR)),
}
