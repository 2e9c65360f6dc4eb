"""The losses as expressions of CVXPY."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.losses import Hinge, Huber, Logistic, Loss, Softmax, SquaredHinge


def loss_of_residual(loss: Loss, residual: cp.Expression, Y: FloatArray) -> cp.Expression:
    """ℓ(Y − residual), a convex expression.

    Parameters
    ----------
    loss : Loss
    residual : cvxpy expression, shape (n, c)
        Targets minus outputs.
    Y : ndarray, shape (n, c)
        Targets.
    """
    if isinstance(loss, Huber):
        return cp.sum(cp.huber(residual, loss.delta)) / 2
    margin = np.square(Y) - cp.multiply(Y, residual)
    if isinstance(loss, Hinge):
        return cp.sum(cp.pos(1 - margin))
    if isinstance(loss, SquaredHinge):
        return cp.sum_squares(cp.pos(1 - margin)) / 2
    if isinstance(loss, Logistic):
        return cp.sum(cp.logistic(-margin))
    if isinstance(loss, Softmax):
        total = np.sum(Y, axis=1)
        return cp.sum(cp.multiply(total, cp.log_sum_exp(Y - residual, axis=1))) - cp.sum(margin)
    return cp.sum_squares(residual) / 2
