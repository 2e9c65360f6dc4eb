"""The level block(k): an interior point method with arrow structure, feasible at every iterate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products, summed
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.interior.block.cliques import Responses, cliques
from certnn.relaxation.interior.block.newton import CliqueState, CliqueStep, Direction
from certnn.relaxation.interior.block.start import first_states
from certnn.relaxation.interior.block.working_set import grow
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

_STEPS = 200
_SHARE = 0.95
#: Relative gaps at which the working sets grow; the tolerance comes after them.
_ROUNDS = (0.05, 0.02, 0.005, 0.001)
_LEAST_CENTRING = 1e-4
#: Nominal seconds of a step for each group, and of a multiplication and addition in it.
_A_GROUP, _A_PRODUCT = 1e-3, 2e-10


def block_points(
    reduced: ReducedProblem,
    groups: list[IndexArray],
    budget: Budget,
    *,
    start: Products | None = None,
    tolerance: float = 1e-4,
) -> Iterator[DualIterate]:
    """Dual points of the level block, one after another; time and memory are linear in n.

    Parameters
    ----------
    reduced : ReducedProblem
    groups : list of int64 arrays
        A partition of the directions, as `certnn.relaxation.reduced.groups.angular_groups` makes.
    budget : Budget
        The work is counted; when to end is the caller's choice.
    start : Products or None
        Multipliers of a neighbouring problem with the same directions; the working sets begin
        with their products.
    tolerance : float
        Relative gap to the estimate at which to end.

    Yields
    ------
    DualIterate
        Feasible in float arithmetic; the first is about that of the level shor. It ends early
        where floats are not enough for a further step.
    """
    responses = Responses.of(reduced)
    if not np.any(responses.target):
        yield _trivial(reduced)
        return
    packing = Packing(reduced.rank + reduced.outputs)
    try:
        parts = cliques(reduced, responses, groups)
        states = first_states(reduced, responses, parts, start, budget)
        first = _iterate(reduced, responses, states, np.inf)
    except np.linalg.LinAlgError:
        yield _trivial(reduced)
        return
    yield first
    rounds = [*(gap for gap in _ROUNDS if gap > tolerance), tolerance]
    for _ in range(_STEPS):
        budget.spend(_step_cost(states, packing))
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                corner, centre, length = _step(reduced, states, packing)
            estimate = _estimate(reduced, responses, states, corner)
            iterate = _iterate(reduced, responses, states, estimate)
        except (np.linalg.LinAlgError, FloatingPointError):
            return
        yield iterate
        gap = abs(estimate - iterate.bound)
        if length > 0.5 and gap <= rounds[0] * abs(estimate):
            try:
                added = sum(grow(state, centre) for state in states)
            except np.linalg.LinAlgError:
                return
            if len(rounds) > 1:
                rounds.pop(0)
            elif added == 0:
                return


def _step_cost(states: list[CliqueState], packing: Packing) -> float:
    """Nominal seconds of a step."""
    corner = packing.size
    unknowns = [state.y.size for state in states]
    products = sum(p * (p * p / 3.0 + p * corner + corner * corner) for p in unknowns)
    return _A_GROUP * len(states) + _A_PRODUCT * (products + corner**3)


def _step(
    reduced: ReducedProblem, states: list[CliqueState], packing: Packing
) -> tuple[FloatArray, float, float]:
    """One predictor and corrector; the new corner Ω, μ before it, and the primal step's length."""
    q = reduced.rank + reduced.outputs
    coupling = np.zeros((packing.size, packing.size))
    steps = [CliqueStep.of(state, packing, coupling) for state in states]
    degree = sum(state.slack.size + state.X.shape[0] for state in states)
    gap = sum(step.gap() for step in steps)
    drift = reduced.reg * np.eye(q) - np.sum([state.share for state in states], axis=0)
    lack = packing.packed(drift)
    if not np.all(np.isfinite(coupling)):
        raise np.linalg.LinAlgError("the equations are not finite")
    factor = scipy.linalg.cho_factor(coupling, lower=True, check_finite=False)
    none = np.zeros(0)

    def solve(centre: float, affine: list[Direction] | None) -> tuple[FloatArray, list[Direction]]:
        aims = [
            step.aim(centre, None if affine is None else affine[i]) for i, step in enumerate(steps)
        ]
        pull = np.sum([step.pull(aim) for step, aim in zip(steps, aims, strict=True)], axis=0)
        omega = scipy.linalg.cho_solve(factor, pull - lack)
        return omega, [
            step.direction(aim, omega, none) for step, aim in zip(steps, aims, strict=True)
        ]

    def lengths(directions: list[Direction]) -> tuple[float, float]:
        reach = [step.reach(way) for step, way in zip(steps, directions, strict=True)]
        return min(one for one, _ in reach), min(other for _, other in reach)

    _, affine = solve(0.0, None)
    primal, dual = (min(1.0, length) for length in lengths(affine))
    after = sum(s.gap_after(way, primal, dual) for s, way in zip(steps, affine, strict=True))
    centring = min(1.0, max((after / gap) ** 3 if after > 0.0 else 0.0, _LEAST_CENTRING))
    omega, directions = solve(centring * gap / degree, affine)
    primal, dual = (min(1.0, _SHARE * length) for length in lengths(directions))
    for step, way in zip(steps, directions, strict=True):
        step.move(way, primal, dual)
    return packing.unpacked(omega), gap / degree, primal


def _estimate(
    reduced: ReducedProblem, responses: Responses, states: list[CliqueState], corner: FloatArray
) -> float:
    """The primal objective, in the original's units."""
    value = responses.constant + reduced.reg * float(np.trace(corner))
    for state in states:
        clique = state.clique
        output = state.moments(state.X)[: state.answers].reshape(clique.target.shape)
        value += 0.5 * float(np.sum(clique.weight[:, None] * (output - clique.target) ** 2))
    return reduced.value_scale * value


def _iterate(
    reduced: ReducedProblem, responses: Responses, states: list[CliqueState], estimate: float
) -> DualIterate:
    """The dual point of all cliques, scaled as well as its dual norm allows (Theorem 3)."""
    m, q = reduced.directions.count, reduced.rank + reduced.outputs
    zeta, total, parts = np.zeros_like(responses.target), np.zeros((q, q)), []
    for state in states:
        clique, p = state.clique, state.answers
        zeta[clique.place] = state.y[:p].reshape(clique.target.shape)
        total += state.eliminated()
        parts.append(clique.products(m, state.first[p:], state.second[p:], state.y[p:]))
    kappa = float(np.linalg.eigvalsh(total)[-1])
    if not 0.0 < kappa < np.inf:
        raise np.linalg.LinAlgError("the form is not finite")
    Z = responses.dual_rows(zeta)
    product, square = float(np.sum(Z * reduced.targets)), float(np.sum(Z * Z))
    scale = best_scale(product, square, reduced.reg / kappa)
    bound = reduced.value_scale * (scale * product - 0.5 * scale**2 * square)
    return DualIterate(Z, summed(parts), bound, estimate)


def _trivial(reduced: ReducedProblem) -> DualIterate:
    """Z = Y on zero rows and 0 elsewhere: exact where no other row has a target."""
    m = reduced.directions.count
    rows = (reduced.lift_a + reduced.lift_b).sum(axis=1) > 0.0
    Z = np.where(np.ravel(rows)[:, None], 0.0, reduced.targets)
    bound = 0.5 * reduced.value_scale * float(np.sum(Z * Z))
    return DualIterate(Z, Products.vanishing(np.full(m, -reduced.reg)), bound, np.inf)
