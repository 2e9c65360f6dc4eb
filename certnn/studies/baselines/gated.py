"""The gated program over given activation patterns, and the ReLU network that it is rounded to.

Mishkin, Sahiner and Pilanci (ICML 2022, "Fast convex optimization for two-layer ReLU networks")
minimise ℓ(Σ D_k X W_k) + reg Σ ‖W_k‖, the norm being nuclear (Euclidean for one output), over
patterns D_k that are sampled. Its neurons need not have the patterns, which only gate them. It is
solved by accelerated proximal gradients, and rounded by Theorem 47.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns.collection import ActivationPatterns

#: Iterations between looks at the progress.
_LOOK = 20
#: Nominal seconds of an iteration for each pattern and entry of the outer product of X and Y.
_A_PRODUCT = 1e-9
#: The nuclear norm's terms below this share of the largest are rounding.
_NOISE = 1e-9


@dataclass(frozen=True, eq=False)
class GatedNetwork:
    """A solution of the gated program, and a ReLU network with the same outputs.

    Attributes
    ----------
    weights : ndarray, shape (p, D, c)
        W_k of each pattern.
    objective : float
        Of the gated program: ℓ + reg Σ ‖W_k‖.
    network : TwoLayerNetwork
        Each gated neuron outside of its cone is split into two that are inside (Theorem 47).
    """

    weights: FloatArray
    objective: float
    network: TwoLayerNetwork


def gated_network(
    problem: TrainingProblem,
    patterns: ActivationPatterns,
    budget: Budget,
    *,
    iterations: int = 2000,
    tolerance: float = 1e-8,
) -> GatedNetwork:
    """Solve the gated program by accelerated proximal gradients with restarts.

    Raises `InputError` if the problem has another loss, or a bias that is not a column of X.

    Parameters
    ----------
    problem : TrainingProblem
        With the half-squared loss, and no output bias nor a free hidden one.
    tolerance : float
        Stop when some iterations gain less than this share of the objective.
    """
    if not problem.is_plain:
        raise InputError("problem", "must have the half-squared loss, and no bias that is free")
    X, Y, gates = problem.features, problem.Y, patterns.bits.astype(np.float64)
    shape = (patterns.count, X.shape[1], problem.c)
    step = 1.0 / max(_largest_curvature(X, gates), 1e-300)
    latest, ahead, momentum = np.zeros(shape), np.zeros(shape), 1.0
    value, before = problem.null_loss, np.inf
    cost = _A_PRODUCT * patterns.count * problem.n * X.shape[1] * problem.c
    for iteration in range(1, iterations + 1):
        budget.spend(cost)
        slope = _adjoint(X, gates, _outputs(X, gates, ahead) - Y)
        moved, norms = _shrunk(ahead - step * slope, step * problem.reg)
        if np.vdot(ahead - moved, moved - latest) > 0.0:
            momentum = 1.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = moved + (momentum - 1.0) / following * (moved - latest)
        latest, momentum = moved, following
        if iteration % _LOOK == 0 or iteration == iterations or budget.over:
            residual = _outputs(X, gates, latest) - Y
            value = 0.5 * float(np.vdot(residual, residual)) + problem.reg * norms
            if abs(before - value) <= tolerance * value or budget.over:
                break
            before = value
    return GatedNetwork(latest, value, _rounded(X, patterns, latest))


def _outputs(X: FloatArray, gates: FloatArray, W: FloatArray) -> FloatArray:
    """Σ D_k X W_k, shape (n, c)."""
    columns = [np.sum(gates * (X @ W[:, :, j].T), axis=1) for j in range(W.shape[2])]
    return np.column_stack(columns)


def _adjoint(X: FloatArray, gates: FloatArray, residual: FloatArray) -> FloatArray:
    """XᵀD_k R for every k, shape (p, D, c)."""
    blocks = [(gates * residual[:, [j]]).T @ X for j in range(residual.shape[1])]
    return np.stack(blocks, axis=2)


def _largest_curvature(X: FloatArray, gates: FloatArray) -> float:
    """The largest eigenvalue of Σ D_k XXᵀ D_k, by the power method, and a little more."""
    vector, value = np.ones((X.shape[0], 1)), 0.0
    for _ in range(50):
        vector = vector / max(float(np.linalg.norm(vector)), 1e-300)
        vector = _outputs(X, gates, _adjoint(X, gates, vector))
        value = float(np.linalg.norm(vector))
    return 1.05 * value


def _shrunk(W: FloatArray, threshold: float) -> tuple[FloatArray, float]:
    """The proximal point of the nuclear norms, and the sum of its norms."""
    left, sizes, right = np.linalg.svd(W, full_matrices=False)
    sizes = np.maximum(sizes - threshold, 0.0)
    return (left * sizes[:, None, :]) @ right, float(np.sum(sizes))


def _rounded(X: FloatArray, patterns: ActivationPatterns, W: FloatArray) -> TwoLayerNetwork:
    hidden, output = [np.zeros((X.shape[1], 0))], [np.zeros((0, W.shape[2]))]
    left, sizes, right = np.linalg.svd(W, full_matrices=False)
    least = _NOISE * float(np.max(sizes, initial=0.0))
    for k, j in np.argwhere(sizes > least):
        signs = np.where(patterns.bits[:, k], 1.0, -1.0)
        inside = patterns.directions[:, k]
        u, v, size = left[k, :, j], right[k, j], sizes[k, j]
        short, room = -signs * (X @ u), signs * (X @ inside)
        outside = short > 0.0
        # Where rounding leaves no room the neuron keeps its violation.
        usable = outside & (room > 1e-12 * np.linalg.norm(X, axis=1))
        needed = float(np.max(short[usable] / room[usable], initial=0.0))
        for neuron, sign in ((u + needed * inside, 1.0), (needed * inside, -1.0)):
            length = float(np.linalg.norm(neuron))
            if length > 0.0:
                hidden.append(neuron[:, None] * np.sqrt(size / length))
                output.append(sign * v[None, :] * np.sqrt(size * length))
    return TwoLayerNetwork(np.hstack(hidden), np.vstack(output))
