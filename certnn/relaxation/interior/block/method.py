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
from certnn.relaxation.interior.block.joined import JoinedCliques, JoinedWay
from certnn.relaxation.interior.block.start import first_states
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.interior.block.working_set import grow
from certnn.relaxation.interior.predictor_corrector import corrected_step, steps
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

_MOST_STEPS = 200
#: Relative gaps at which the working sets grow; the tolerance comes after them.
_ROUNDS = (0.05, 0.02, 0.005, 0.001)
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
        The work is counted; where it does not afford another step they end.
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

    def take() -> tuple[DualIterate, float, float]:
        system = _CornerSystem(states, reduced.reg, packing)
        step = corrected_step(system)
        system.move(step.way, step.primal, step.dual)
        estimate = _estimate(reduced, responses, states, packing.unpacked(step.way.corner))
        iterate = _iterate(reduced, responses, states, estimate)
        return iterate, system.gap / system.degree, step.primal

    taken = steps(take, budget, lambda: _step_cost(states, packing), _MOST_STEPS)
    for iterate, centre, length in taken:
        yield iterate
        gap = abs(iterate.estimate - iterate.bound)
        if length > 0.5 and gap <= rounds[0] * abs(iterate.estimate):
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


class _CornerSystem(JoinedCliques):
    """All cliques and their corner, for a step."""

    share = 0.95
    corrections = 1
    cautious = False

    def __init__(self, states: list[CliqueState], reg: float, packing: Packing) -> None:
        super().__init__(states, reg * np.eye(len(states[0].share)), packing)
        self._factor = scipy.linalg.cho_factor(self.coupling, lower=True, check_finite=False)
        self._nothing = [state.given for state in states]

    def way(self, centre: float, before: JoinedWay | None) -> JoinedWay:
        """To products that are `centre`, with the second-order terms of a way before."""
        aims, pull = self.aims(centre, before)
        return self.to(aims, scipy.linalg.cho_solve(self._factor, pull), self._nothing)

    def reach(self, way: JoinedWay) -> tuple[float, float]:
        """How much of it primal and dual may take."""
        return way.reach


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
