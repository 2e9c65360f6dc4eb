"""Training over the networks with given activation patterns, and dual points that bound them.

That is a convex program (Pilanci and Ergen, ICML 2020, for one output and all patterns). It is
solved by column generation: the restricted problem has directions from the patterns' cones, and the
oracle finds in each cone the neuron of the largest score against a dual point. Dual points between
the best one and that of the restricted problem are asked about, which takes fewer rounds (Wentges,
1997, "Weighted Dantzig–Wolfe decomposition for linear mixed-integer programming").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.problem.dual_bound import expected_bound
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns.collection import ActivationPatterns
from certnn.splitting.patterns.cones import ascend_in_cone
from certnn.training.candidates import score
from certnn.training.objective import training_objective
from certnn.training.restricted import RestrictedSolution, no_directions, solve_restricted
from certnn.training.scaling import ScaledProblem, scaled

#: Share of the best dual point in the one asked about.
_SMOOTHING = 0.6
#: Directions that score above reg by more than this share are taken up.
_ABOVE = 1e-4
#: Accuracy of the restricted optimum, a share of how far the largest score is above reg.
_ACCURACY = 1e-3
#: Steps of an ascent for more than one output.
_STEPS = 8
#: Nominal seconds of the search in one cone, and for each point and pair of columns.
_A_CONE, _A_PRODUCT = 2e-4, 1e-8


@dataclass(frozen=True, eq=False)
class Cones:
    """The cones of patterns over rows of length about one.

    Attributes
    ----------
    rows : ndarray, shape (n, D)
        xᵢ/scaleᵢ.
    scales : ndarray, shape (n,)
        The powers of two next to ‖xᵢ‖, so that dividing by them does not round.
    patterns : ActivationPatterns
    """

    rows: FloatArray
    scales: FloatArray
    patterns: ActivationPatterns

    @classmethod
    def of(cls, features: FloatArray, patterns: ActivationPatterns) -> Cones:
        """The cones over the rows of a matrix."""
        scales = np.ldexp(1.0, np.frexp(np.linalg.norm(features, axis=1))[1])
        return cls(features / scales[:, None], scales, patterns)

    def faces(self, k: int) -> FloatArray:
        """G of pattern k, shape (n, D): its neurons are the u with Gu ≥ 0."""
        signed: FloatArray = np.where(self.patterns.bits[:, k], 1.0, -1.0)[:, None] * self.rows
        return signed

    def images(self, features: FloatArray, Z: FloatArray) -> FloatArray:
        """M = XᵀDZ of every pattern, shape (p, D, c)."""
        c, count = Z.shape[1], self.patterns.count
        found = np.empty((count, features.shape[1], c))
        active = self.patterns.bits.astype(np.float64)
        for j in range(c):
            found[:, :, j] = (active * Z[:, [j]]).T @ features
        return found


class PatternProgram:
    """The restricted problem, grown by directions in the cones whose score is above reg.

    Attributes
    ----------
    best : TwoLayerNetwork
        The best network met; its neurons have patterns of the set up to rounding.
    objective : float
        Its `training_objective`.
    value : float
        What the best dual point is expected to prove, if the oracle found all that there is.
    rounds : int
    """

    def __init__(
        self, problem: TrainingProblem, patterns: ActivationPatterns, budget: Budget
    ) -> None:
        self._original, self._patterns, self._budget = problem, patterns, budget
        self._scaled: ScaledProblem = scaled(problem)
        inner = self._problem = self._scaled.problem
        self._cones = Cones.of(inner.features, patterns)
        # One output has two directions, and each is asked about; of more one is followed.
        images = inner.features @ patterns.directions
        outputs = np.maximum(images, 0.0).T @ self._scaled.problem.loss.start(inner.Y)
        both = np.array([[1.0], [-1.0]])
        self._outputs = outputs[:, None] if inner.c > 1 else np.tile(both, (patterns.count, 1, 1))
        self._multipliers = np.zeros((*self._outputs.shape[:2], inner.n))
        self._known = np.full(patterns.count, math.inf)
        self._images: FloatArray | None = None
        self._dual: FloatArray | None = None
        self._smoothing = _SMOOTHING
        self._solution: RestrictedSolution = no_directions(inner, self._scaled.bias_decay)
        width = problem.inputs.shape[1]
        self.best = TwoLayerNetwork(np.zeros((width, 0)), np.zeros((0, problem.c)))
        self.objective, self.value, self.rounds = problem.null_loss, 0.0, 0
        self._take_up(patterns.directions, 1.0)

    @property
    def dual_point(self) -> FloatArray:
        """The best dual point, shape (n, c), in the units of Y, exactly feasible."""
        Z = self._solution.residual if self._dual is None else self._dual
        return feasible_dual_point(self._original, Z * self._scaled.output_scale)

    def round(self) -> bool:
        """Ask the oracle about one dual point, and take up what it finds.

        Returns
        -------
        bool
            True if it found nothing, or the budget is over.
        """
        self.rounds += 1
        reg, latest = self._problem.reg, self._solution.residual
        share = self._smoothing if self._dual is not None else 0.0
        asked = latest if self._dual is None else share * self._dual + (1.0 - share) * latest
        found, highest = self._ask(asked)
        if found is None:
            return True
        self._offer_dual(asked, highest / reg)
        bar = reg * (1.0 + _ABOVE)
        cutting = found[:, score(self._problem, latest, found) > bar] if found.size else found
        self._smoothing = _SMOOTHING if cutting.size else 0.0
        if cutting.size == 0:
            return share == 0.0
        self._take_up(found, highest / reg - 1.0)
        return False

    def _ask(self, Z: FloatArray) -> tuple[FloatArray | None, float]:
        """Directions that score above reg, and the largest score; None if the budget is over."""
        inner, images = self._problem, self._cones.images(self._problem.features, Z)
        norms = np.linalg.norm(images, 2, axis=(1, 2))
        if self._images is not None:  # scores change by no more than the images
            self._known += np.linalg.norm(images - self._images, 2, axis=(1, 2))
        self._images = images
        bar, directions, highest = inner.reg * (1.0 + _ABOVE), [], 0.0
        for k in np.flatnonzero(np.minimum(norms, self._known) > bar):
            if self._budget.over:
                return None, math.inf
            self._budget.spend(climb_cost(inner.n, images.shape[1], images.shape[2]))
            best, direction = self._climb(int(k), images[k])
            self._known[k] = best
            highest = max(highest, best)
            if best > bar:
                directions.append(direction)
        quiet = np.minimum(norms, self._known)
        highest = max(highest, float(np.max(quiet[quiet <= bar], initial=0.0)))
        return np.array(directions).reshape(-1, inner.features.shape[1]).T, highest

    def _climb(self, k: int, image: FloatArray) -> tuple[float, FloatArray]:
        """The score and the direction of the best neuron of cone k that ascent finds."""
        G, best = self._cones.faces(k), (0.0, np.zeros(image.shape[0]))
        steps = 1 if image.shape[1] == 1 else _STEPS
        for start, multipliers in zip(self._outputs[k], self._multipliers[k], strict=True):
            output = start if np.any(start) else np.ones(start.shape)
            found = ascend_in_cone(G, image, output, multipliers, steps)
            best = max(best, found, key=lambda pair: pair[0])
        if image.shape[1] > 1 and best[0] > 0.0:
            self._outputs[k, 0] = image.T @ best[1]
        return best

    def _offer_dual(self, Z: FloatArray, factor: float) -> None:
        outer = Z * self._scaled.output_scale
        value = expected_bound(self._original, outer, max(factor, 1e-300))
        if self._dual is None or value > self.value:
            self.value, self._dual = value, Z * min(1.0, 1.0 / max(factor, 1e-300))

    def _take_up(self, directions: FloatArray, above: float) -> None:
        self._solution = solve_restricted(
            self._problem,
            np.hstack([self._solution.directions, directions]),
            np.concatenate([self._solution.lengths, np.zeros(directions.shape[1])]),
            self._solution.objective,
            _ACCURACY * max(above, _ABOVE),
            self._scaled.bias_decay,
            self._solution.residual,
            self._budget,
        )
        network = self._scaled.outward(self._solution.network)
        objective = training_objective(self._original, network)
        if objective < self.objective:
            self.best, self.objective = network, objective


def climb_cost(n: int, columns: int, outputs: int) -> float:
    """Nominal seconds of looking for the neurons of one cone of n faces."""
    return _A_CONE + _A_PRODUCT * n * columns * (columns + outputs)


def solve_over_patterns(
    problem: TrainingProblem, patterns: ActivationPatterns, gap: float, budget: Budget
) -> PatternProgram:
    """Run rounds until the expected gap is reached, nothing is found, or the budget is over."""
    program = PatternProgram(problem, patterns, budget)
    try:
        while not budget.over and not program.round():
            if program.value >= (1.0 - gap) * program.objective:
                break
    except SolverError:  # of the restricted problem: the best dual point so far is good
        pass
    return program
