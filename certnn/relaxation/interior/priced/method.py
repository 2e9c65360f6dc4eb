"""From a reduced problem to dual points of level lifts, one after another, for the original rows.

The relaxation is that of `certnn.relaxation.interior.lifts`, and its dual is what is solved: the
unknowns are multipliers of the products that matter, where there they are moments, of which each
point has as many as there are columns. So this is the method for many columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds
from certnn.certificates.dual_point import summed
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.lifts.cost import RunCost
from certnn.relaxation.interior.lifts.fitting import OutputLoss
from certnn.relaxation.interior.lifts.method import lifted_directions, lowest_heights
from certnn.relaxation.interior.predictor_corrector import steps
from certnn.relaxation.interior.priced.elimination import Sizes
from certnn.relaxation.interior.priced.lift import Lift
from certnn.relaxation.interior.priced.newton import take_step
from certnn.relaxation.interior.priced.start import first_lifts
from certnn.relaxation.interior.priced.working_set import grow
from certnn.relaxation.reduced.original_leaf import original_leaf
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

_MOST_STEPS = 100
#: Relative gaps at which products are priced; the tolerance comes after them.
_ROUNDS, _TOLERANCE = (0.3, 0.03, 0.01), 3e-3
#: The step before pricing is at least this long.
_LONG = 0.5
#: Share of the mass of all lifts up to which products of one are not priced.
_EMPTY = 0.01
#: A dual point is handed out when the bound has risen by this share, and pricing that raises it by
#: no more is the last.
_RISE = 1e-3
#: Multipliers of a clique for each of its points, about.
_MULTIPLIERS = 9.0
#: Nominal seconds of a clique in a step, of a multiplication and addition, and such for each third
#: power of a clique's order, each entry of its equations, and each of the corner's.
_A_CLIQUE, _A_PRODUCT, _SCALED, _WRITTEN, _COUPLED = 2.7e-3, 8e-11, 60.0, 15.0, 6.0
#: Nominal seconds of certifying a product of a point.
_A_PROOF = 1.5e-7


@dataclass(frozen=True, eq=False)
class PricedIterate:
    """A dual point.

    Attributes
    ----------
    point : RegionsPoint
        For the rows of the original problem.
    bound : float
        What it should prove, in the units of the original.
    gap : float
        To the moments' objective, as a share of it.
    """

    point: RegionsPoint
    bound: float
    gap: float


class PricedLifts:
    """Lifts for the directions of a cover, with products within groups of points that are priced.

    Parameters
    ----------
    reduced : ReducedProblem
        Of the half-squared loss.
    of : Cover
        Of the outputs.
    size : int
        Largest number of directions in a group, at least 1.
    budget : Budget
        Where it is over no step is begun.
    """

    def __init__(self, reduced: ReducedProblem, of: Cover, size: int, budget: Budget) -> None:
        self._reduced, self._cover, self._size, self._budget = reduced, of, size, budget
        loss = OutputLoss(reduced.loss, reduced.outputs, reduced.centred)
        self._turn = loss.turn
        self._seen_targets = reduced.targets @ self._turn
        self._responses = Responses.of(replace(reduced, targets=self._seen_targets))
        self._directions, self._lift_of, self._seen = lifted_directions(of, loss)
        heights = bounds(of, reduced.reg, budget) / self._seen
        self._heights = lowest_heights(heights, self._lift_of)
        self._step = self.cost(reduced, of, size).step

    @staticmethod
    def cost(reduced: ReducedProblem, of: Cover, size: int) -> RunCost:
        """Of groups of this size, for the directions of a cover."""
        loss = OutputLoss(reduced.loss, reduced.outputs, reduced.centred)
        lifts = len(lifted_directions(of, loss)[0])
        order, points = reduced.rank + 1, reduced.directions.count
        size = min(size, points)
        groups, entries = points / size, order * (order + 1) // 2
        own = _MULTIPLIERS * size
        of_clique = own**3 / 3.0 + 0.5 * own**2 * entries + 0.5 * own * entries**2
        of_clique += _SCALED * (size + order) ** 3 + _WRITTEN * own**2 + _COUPLED * entries**2
        shared = Sizes(lifts, entries, points, loss.turn.shape[1])
        products = lifts * groups * of_clique + min(shared.corners_first, shared.outputs_first)
        numbers = groups * (own**2 + 8.0 * (size + order) ** 2 + size * entries)
        return RunCost(
            step=_A_CLIQUE * groups * lifts + _A_PRODUCT * products,
            proof=_A_PROOF * lifts * points * (order + size) ** 2,
            memory=8.0 * (lifts * numbers + shared.numbers),
        )

    def points(self) -> Iterator[PricedIterate]:
        """Dual points, each of a higher bound than the one before; none if floats allow none."""
        responses, packing = self._responses, Packing(self._reduced.rank + 1)
        if not np.any(responses.target):
            return
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                lifts, zeta = first_lifts(
                    self._reduced, responses, self._directions, self._heights, self._size
                )
        except (np.linalg.LinAlgError, FloatingPointError):
            return

        def take() -> tuple[float, float, float, list[float], float]:
            nonlocal zeta
            zeta, centre, length = take_step(lifts, responses, zeta, packing)
            return centre, length, *self._bound(lifts, zeta), self._estimate(lifts)

        rounds = [*_ROUNDS, _TOLERANCE]
        best, priced, handed = 0.0, 0.0, 0.0
        taken = steps(take, self._budget, lambda: self._step, _MOST_STEPS)
        for centre, length, bound, mus, estimate in taken:
            gap = abs(estimate - bound) / max(abs(estimate), np.finfo(float).tiny)
            done = length > _LONG and gap <= rounds[0]
            best = max(best, bound)
            if bound > handed + _RISE * abs(handed) or (done and bound > handed):
                handed = bound
                yield PricedIterate(self._point(lifts, zeta, mus), bound, gap)
            if done:
                try:
                    added = self._price(lifts, centre)
                except np.linalg.LinAlgError:
                    return
                if len(rounds) > 1:
                    rounds.pop(0)
                elif added == 0 or best <= priced * (1.0 + _RISE):
                    return
                priced = best

    @staticmethod
    def _price(lifts: list[Lift], centre: float) -> int:
        """Add the products that moments violate, and say how many."""
        whole = sum(lift.mass for lift in lifts)
        return sum(grow(lift, centre) for lift in lifts if lift.mass > _EMPTY * whole)

    def _bound(self, lifts: list[Lift], zeta: FloatArray) -> tuple[float, list[float]]:
        """With ζ scaled as well as what is proved of it allows (Theorem 3), and μ of all lifts."""
        proved = [lift.proved() for lift in lifts]
        kappa = max(h / lift.height for (h, _), lift in zip(proved, lifts, strict=True))
        if not 0.0 < kappa < np.inf:
            raise np.linalg.LinAlgError("the form is not finite")
        Z = self._responses.dual_rows(zeta)
        product, square = float(np.sum(Z * self._seen_targets)), float(np.sum(Z * Z))
        if self._responses.decay:
            square += float(np.sum(np.sum(Z, axis=0) ** 2)) / self._responses.decay
        scale = best_scale(product, square, 1.0 / kappa)
        value = scale * product - 0.5 * scale**2 * square
        return self._reduced.value_scale * value, [mu for _, mu in proved]

    def _estimate(self, lifts: list[Lift]) -> float:
        """The moments' objective, in the original's units."""
        responses = self._responses
        outputs, value = np.zeros_like(responses.target), responses.constant
        for lift in lifts:
            value += 2.0 * lift.height * lift.mass
            for state in lift.states:
                moments = state.given_moments(state.X)
                outputs[state.clique.place] += np.outer(moments, lift.direction)
        left = responses.target - outputs
        bias = responses.bias(left)
        left -= np.multiply.outer(responses.ones, bias)
        value += 0.5 * responses.decay * float(bias @ bias)
        value += 0.5 * float(np.sum(responses.weight[:, None] * left**2))
        return self._reduced.value_scale * value

    def _point(self, lifts: list[Lift], zeta: FloatArray, mus: list[float]) -> RegionsPoint:
        Z = self._responses.dual_rows(zeta) @ self._turn.T
        leaves = tuple(self._leaf(ray, lifts, Z, mus) for ray in range(len(self._cover.rays)))
        splits = np.full(len(leaves), -1, dtype=np.int64)
        Z, ball = self._reduced.dual_scale * Z, self._reduced.ball
        return RegionsPoint(Z, self._cover, splits, leaves, ball)

    def _leaf(self, ray: int, lifts: list[Lift], Z: FloatArray, mus: list[float]) -> RegionLeaf:
        number, m = int(self._lift_of[ray]), self._reduced.directions.count
        lift, mu = lifts[number], mus[number]
        products, forms, partners = [], [], []
        for state in lift.states:
            clique, k = state.clique, state.clique.size
            plain = state.second < 2 * k
            products.append(
                clique.products(m, state.first[plain], state.second[plain], state.y[plain])
            )
            own = np.zeros((2 * k, self._reduced.rank + 1))
            with_norm = ~plain & (state.first < 2 * k)
            rays = clique.forms[state.second[with_norm], k:]
            np.add.at(own, state.first[with_norm], state.y[with_norm, None] * rays)
            forms.append(np.concatenate([clique.members, clique.members + m]))
            partners.append(own)
        form, partner = np.concatenate(forms), np.vstack(partners)
        used = partner[:, -1] > 0.0
        return original_leaf(
            self._reduced,
            Z,
            (ray, float(self._seen[ray])),
            np.zeros(m, dtype=np.int8),
            (mu, lift.nu),
            summed(products),
            form[used],
            partner[used],
        )
