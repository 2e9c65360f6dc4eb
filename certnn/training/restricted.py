"""The training problem restricted to given hidden directions, and solved with few of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr, solve_triangular

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.losses import HALF_SQUARED
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.dual_barrier import solve_dual_barrier
from certnn.training.group_lasso import group_lasso, refined_group_lasso

#: What counts as dependent when neurons are joined, tried in this order.
_DEPENDENT = (1e-6, 1e-8, 1e-10, 1e-12)
#: Share of a gain that may be given back for fewer neurons.
_PRICE = 0.1
#: Gap of the group lasso for a unit of accuracy, a share of the null loss, and its range.
_GAP, _COARSEST, _FINEST = 1e-5, 1e-6, 1e-12
#: The same for losses other than the half-squared one.
_FINEST_OF_BARRIER = 1e-10
#: Nominal seconds of fewer neurons, for each, and of a multiplication and addition in it.
_A_NEURON, _A_PRODUCT = 2e-5, 5e-10


@dataclass(frozen=True, eq=False)
class RestrictedSolution:
    """The optimum over networks whose neurons have some of given directions.

    Attributes
    ----------
    directions : ndarray, shape (d, k)
        Unit vectors: those that are used.
    V : ndarray, shape (k, c)
        Their output weights, no row zero.
    residual : ndarray, shape (n, c)
        Z = −∇ℓ at the optimum, which is Y − (XU)₊V for the half-squared loss.
    objective : float
        The loss + reg Σ‖Vₖ‖, and what decay there is of the bias.
    bias : ndarray of shape (c,), or None
        Output bias, None where the problem has none.
    """

    directions: FloatArray
    V: FloatArray
    residual: FloatArray
    objective: float
    bias: FloatArray | None = None

    @property
    def network(self) -> TwoLayerNetwork:
        """The neurons with |u| = |v|, whose training objective is `objective`."""
        root = np.sqrt(np.linalg.norm(self.V, axis=1))
        return TwoLayerNetwork(self.directions * root, self.V / root[:, None], self.bias)

    @property
    def lengths(self) -> FloatArray:
        """‖Vₖ‖, shape (k,)."""
        lengths: FloatArray = np.linalg.norm(self.V, axis=1)
        return lengths


def no_directions(problem: TrainingProblem, bias_decay: float | None = None) -> RestrictedSolution:
    """The solution without neurons."""
    if problem.loss != HALF_SQUARED:
        none = np.zeros((problem.X.shape[1], 0))
        return _any_loss(problem, bias_decay, none, None, _COARSEST, Budget())
    left = _BiasEliminated(bias_decay, problem.n)
    residual = left.times(problem.Y)
    return RestrictedSolution(
        np.zeros((problem.features.shape[1], 0)),
        np.zeros((0, problem.c)),
        left.times(residual),
        0.5 * float(np.vdot(residual, residual)),
        left.bias(problem.Y),
    )


def solve_restricted(
    problem: TrainingProblem,
    directions: FloatArray,
    guess: FloatArray,
    worse_than: float,
    accuracy: float,
    bias_decay: float | None = None,
    near: FloatArray | None = None,
    budget: Budget | None = None,
) -> RestrictedSolution:
    """Solve the group lasso over the directions, and drop those that are not needed.

    Parameters
    ----------
    directions : ndarray, shape (d, k)
        Unit vectors.
    guess : ndarray, shape (k,)
        About the lengths of the output weights; zeros if nothing is known.
    worse_than : float
        An objective known to be above the optimum; a small share of the gain may be given back
        for fewer neurons.
    accuracy : float
        How much the scores may differ from those at the exact optimum, roughly, as a share of reg.
    bias_decay : float or None
        Weight decay of an output bias, None without one.
    near : ndarray of shape (n, c), or None
        The residual for some of the directions, if it is known.
    budget : Budget or None
        Where it is over, the best so far is good enough.
    """
    budget = budget or Budget()
    tolerance = min(max(_GAP * accuracy, _FINEST), _COARSEST)
    if problem.loss != HALF_SQUARED:
        return _any_loss(problem, bias_decay, directions, near, tolerance, budget)
    if directions.shape[1] == 0:
        return no_directions(problem, bias_decay)
    left = _BiasEliminated(bias_decay, problem.n)
    hidden, Y = left.times(np.maximum(problem.features @ directions, 0.0)), left.times(problem.Y)
    solution = group_lasso(hidden, Y, problem.reg, budget, tolerance, guess)
    lengths = np.linalg.norm(solution.V, axis=1)
    used = lengths > 0.0
    if not np.any(used):
        return no_directions(problem, bias_decay)
    images = solution.V[used] / lengths[used, None]
    allowed = max(
        _PRICE * (worse_than - solution.objective),
        2.0 * solution.gap,
        tolerance * problem.null_loss,
    )
    k = int(np.count_nonzero(used))
    cost = k * (_A_NEURON + _A_PRODUCT * min(Y.size, k) * (Y.size + k))
    for dependent in _DEPENDENT:
        budget.spend(cost)
        fewer = np.zeros(lengths.size)
        fewer[used] = recombined(hidden[:, used], images, lengths[used], dependent)
        refined = refined_group_lasso(hidden, Y, problem.reg, fewer, accuracy)
        # By the gap, not by the objective, which hardly feels a direction in which X is huge.
        if refined.gap <= allowed:
            solution = refined
            break
    kept = np.any(solution.V != 0.0, axis=1)
    directions, V = directions[:, kept], solution.V[kept]
    outputs = np.maximum(problem.features @ directions, 0.0) @ V
    return RestrictedSolution(
        directions,
        V,
        left.times(solution.residual),
        solution.objective,
        left.bias(problem.Y - outputs),
    )


@dataclass(frozen=True)
class _BiasEliminated:
    """The best output bias b for residuals R of the other outputs, in closed form.

    ½‖R − 1bᵀ‖² + (decay/2)|b|² is least for b = Rᵀ1/(n + decay), and is then ½‖LR‖² with
    L = I − τ11ᵀ, L² = I − 11ᵀ/(n + decay). So LA and LY make a group lasso without a bias.

    Attributes
    ----------
    decay : float or None
        Weight decay of the bias; None without one, where L = I.
    n : int
        Number of points.
    """

    decay: float | None
    n: int

    def times(self, matrix: FloatArray) -> FloatArray:
        """L·matrix."""
        if self.decay is None:
            return matrix
        share = 1.0 - math.sqrt(self.decay / (self.n + self.decay))
        product: FloatArray = matrix - share * np.mean(matrix, axis=0)
        return product

    def bias(self, residual: FloatArray) -> FloatArray | None:
        """b, shape (c,)."""
        if self.decay is None:
            return None
        best: FloatArray = np.sum(residual, axis=0) / (self.n + self.decay)
        return best


def _any_loss(
    problem: TrainingProblem,
    bias_decay: float | None,
    directions: FloatArray,
    near: FloatArray | None,
    tolerance: float,
    budget: Budget,
) -> RestrictedSolution:
    hidden = np.maximum(problem.features @ directions, 0.0)
    gap = max(tolerance, _FINEST_OF_BARRIER) * problem.null_loss
    found = solve_dual_barrier(
        hidden, problem.Y, problem.reg, problem.loss, bias_decay, gap, budget, near
    )
    used = np.any(found.V != 0.0, axis=1)
    bias = None if bias_decay is None else found.bias
    return RestrictedSolution(directions[:, used], found.V[used], found.Z, found.objective, bias)


def recombined(
    A: FloatArray, images: FloatArray, weights: FloatArray, tolerance: float
) -> FloatArray:
    """Nonnegative weights with nearly the same Σ wₖ aₖsₖᵀ, and few that are not zero.

    At an optimum of the restricted problem every row of V is wₖsₖ, where sₖ is the direction of
    Zᵀaₖ, and the same residual is had from any nonnegative weights with the same sum. As long as
    the matrices aₖsₖᵀ are dependent, the weights can be moved along a dependence until one is
    zero. At most n·c remain, and Σ wₖ, the weight decay, does not grow.

    Parameters
    ----------
    A : ndarray, shape (n, k)
        Hidden activations, a column aₖ each.
    images : ndarray, shape (k, c)
        Unit vectors sₖ.
    weights : ndarray, shape (k,)
        Positive.
    tolerance : float
        A matrix counts as a combination of others if no more than this share of the largest is
        left of it.

    Returns
    -------
    ndarray, shape (k,)
        Nonnegative.
    """
    n, c, k = A.shape[0], images.shape[1], weights.size
    # One matrix a column. Their Gram matrix would be smaller, but hide half of the digits.
    matrices = (A[:, None, :] * (images.T * weights)[None, :, :]).reshape(n * c, k)
    triangle, order = qr(matrices, mode="r", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    rank = int(np.sum(sizes > tolerance * sizes[0]))
    # One dependence a row, in units of the weights.
    dependences = np.zeros((k - rank, k))
    free = triangle[:rank, rank:]
    dependences[:, order[:rank]] = -solve_triangular(triangle[:rank, :rank], free).T
    dependences[np.arange(k - rank), order[rank:]] = 1.0
    shares = np.ones(weights.size)
    while dependences.shape[0] > 0:
        along, dependences = dependences[0], dependences[1:]
        if along @ weights > 0.0:
            along = -along
        falls = along < -1e-12 * np.max(np.abs(along))
        if not np.any(falls):
            continue
        steps = np.full(weights.size, np.inf)
        steps[falls] = shares[falls] / -along[falls]
        gone = int(np.argmin(steps))
        shares = np.maximum(shares + steps[gone] * along, 0.0)
        shares[gone] = 0.0
        dependences = dependences - np.outer(dependences[:, gone] / along[gone], along)
        dependences[:, gone] = 0.0
    return shares * weights
