"""The levels block and dnn: products of points in a group, or of all, certified as they rise."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from certnn.certificates import Certified, certify
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.problem.losses import HALF_SQUARED, Softmax
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.worker import OWN, solve_in_process
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.own_solvers import is_large, iterates, solver_name
from certnn.search.groups.tasks import open_workers
from certnn.search.levels.level import Context
from certnn.search.levels.limits import LIFTS_OUTPUTS_UP_TO
from certnn.search.levels.merging import MergedGroups
from certnn.search.levels.rising import Rising

#: Nominal seconds of certifying, for each entry of a matrix, and third power of its order.
_AN_ENTRY, _A_CUBE = 5e-6, 1e-9
#: Nominal seconds of a general solver, for each fourth power of the order of a matrix: it took half
#: a second at order 57, and 39 at 157.
_A_FOURTH = 6e-8
#: A solver is at the optimum where its estimate is this close to its bound, as a share.
_NEAR = 2e-3


def takes_all_products(problem: TrainingProblem) -> bool:
    """Whether our own solver of dnn takes a problem."""
    many, known = problem.c > LIFTS_OUTPUTS_UP_TO, problem.loss in (HALF_SQUARED, Softmax())
    return problem.is_plain or (many and known)


@dataclass(frozen=True)
class Block:
    """All products within groups of `size` points that are close in angle.

    Attributes
    ----------
    size : int
    share : float
        Of what is left of a limit, what our own solver may take.
    """

    size: int
    share: float = 1.0
    trains = False

    def __str__(self) -> str:
        return f"block({self.size})"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds as they rise."""
        groups = angular_groups(context.directions.units, self.size)
        if context.choice.solver == OWN or context.choice.formulation != "reduced":
            return _by_own_solver(context, self, groups, share=self.share)
        return _by_general_solver(context, self, groups)


@dataclass(frozen=True)
class Dnn:
    """All products: the doubly nonnegative relaxation of Prakhya, Birdal and Yurtsever."""

    trains = False

    def __str__(self) -> str:
        return "dnn"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds as they rise."""
        if context.choice.solver == OWN:
            # There are no lifts that prove more than groups, and block takes longer.
            if context.problem.c > LIFTS_OUTPUTS_UP_TO and is_large(context.reduced):
                return _in_groups(context, self)
            return _by_own_solver(context, self, None)
        return _by_general_solver(context, self, None)


def _in_groups(context: Context, level: Dnn) -> Iterator[Certified]:
    """In groups that are merged two by two, and all together if there is time for that."""
    problem, budget, started = context.problem, context.budget, time.monotonic()
    reduced, device = context.reduced, context.choice.device
    solver = solver_name(None, reduced, device)
    merged, last = MergedGroups(problem, reduced, budget, context.goal.seed, device), None
    try:
        with open_workers(context.cluster, len(merged.groups)) as workers:
            for last in merged.rounds(workers):
                count, best = len(merged.groups), context.best
                context.tell(f"{level}: {last.bound:.6g} to be proved, in {count} groups")
                if best is None or last.bound > best.bound.value:
                    point = reduced.original_point(last.Z, last.products)
                    about = context.about(level) | {"solver": solver, "groups": str(count)}
                    yield certify(problem, point, about)
                    budget.spend(_proof_cost(problem, merged.sets))
                context.tell(f"{level}: next round")
    finally:
        if last is not None:
            context.products[str(level)] = last.products
            seconds = time.monotonic() - started
            context.figures.append(_figure(solver, str(level), last, seconds))
    if len(merged.groups) == 1:
        yield from _by_own_solver(context, level, None, merged.points)
    elif last is None:
        raise SolverError("it would take longer than the time left")


def _by_general_solver(
    context: Context, level: Block | Dnn, groups: list[IndexArray] | None
) -> Iterator[Certified]:
    choice, budget = context.choice, context.budget
    if math.isfinite(budget.work_left):  # nobody counts what it computes
        cost = _solver_cost(context.problem, groups)
        if not budget.affords(cost):
            raise SolverError(f"{choice.solver} would take longer than the work left")
        budget.spend(cost)
    outcome = solve_in_process(context.problem, groups, choice, budget)
    context.figures.append(outcome.figure)
    if outcome.point is None:
        raise SolverError(f"{choice.solver} ended with no dual point: {outcome.figure.status}")
    context.tell(f"{level}: proving")
    about = context.about(level) | {"solver": outcome.figure.solver}
    yield certify(context.problem, outcome.point, about)


def _by_own_solver(
    context: Context,
    level: Block | Dnn,
    groups: list[IndexArray] | None,
    begin: Sequence[DualIterate] | None = None,
    share: float = 1.0,
) -> Iterator[Certified]:
    """Certify the bound now and then while it rises, and at the end."""
    problem, budget, name = context.problem, context.budget.part(share), str(level)
    if not (problem.is_plain or (groups is None and takes_all_products(problem))):
        raise SolverError(
            "our own solvers take the half-squared loss without output bias and free biases "
            "alone, or dnn with many outputs any biases and softmax too; CLARABEL takes any"
        )
    proving = _proof_cost(problem, groups)
    if context.best is not None and not budget.affords(proving):
        if begin:
            return  # from what is proved already
        raise SolverError("its proof would take longer than the time left")
    started = time.monotonic()
    reduced, device = context.reduced, context.choice.device
    solver = solver_name(groups, reduced, device)
    about = context.about(level) | {"solver": solver}

    def prove(iterate: DualIterate) -> Certified:
        return certify(problem, reduced.original_point(iterate.Z, iterate.products), about)

    run = Rising(context, name, prove, proving, budget)
    start = context.products.get(name)
    try:
        yield from run.proofs(iterates(reduced, groups, budget, start, begin, device))
    finally:
        if run.highest is not None:
            context.products[name] = run.highest.products
            seconds = time.monotonic() - started
            context.figures.append(_figure(solver, name, run.highest, seconds))


def _solver_cost(problem: TrainingProblem, groups: list[IndexArray] | None) -> float:
    """Nominal seconds of a general solver, roughly: of a matrix for each group, or one for all."""
    order = problem.features.shape[1] + problem.c
    sizes = [len(group) for group in groups or ()] or [problem.n]
    return _A_FOURTH * sum(float(2 * size + order) ** 4 for size in sizes)


def _proof_cost(problem: TrainingProblem, groups: list[IndexArray] | None) -> float:
    """Nominal seconds of certifying: of matrices for each group, or one for all points."""
    order = problem.features.shape[1] + problem.c
    orders = [order + len(group) for group in groups or ()] or [order + problem.n]
    return sum(_AN_ENTRY * float(p) ** 2 + _A_CUBE * float(p) ** 3 for p in orders)


def _figure(solver: str, level: str, highest: DualIterate, seconds: float) -> SolverFigure:
    """What the solver says itself; an estimate that is far from the bound says nothing."""
    near = abs(highest.estimate - highest.bound) <= _NEAR * abs(highest.bound)
    return SolverFigure(
        solver=solver,
        version=version("certnn"),
        formulation=f"{level}, reduced",
        status="optimal" if near else "stopped",
        primal_value=highest.estimate if near else None,
        dual_value=highest.bound,
        seconds=seconds,
        settings="",
    )
