"""scikit-learn's estimators that choose their weight decay by cross-validation, as LassoCV does."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv

from certnn.arrays import LARGEST_SCALE, SMALLEST_SCALE, FloatArray, as_array
from certnn.budget import Budget, budgeted
from certnn.directed_rounding import rounded_down
from certnn.errors import InputError, positive_number
from certnn.interfaces.estimators import (
    CertifiedReLU,
    CertifiedReLUClassifier,
    CertifiedReLURegressor,
)
from certnn.kernel.instance import Bias
from certnn.problem.losses import Loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.search.path_result import RegularisationPath
from certnn.training import train_locally

#: Shares of a limit for the largest weight decay of the grid and for the networks of the folds, and
#: nominal seconds without one; the rest is for the proof.
_LARGEST_SHARE, _FOLDS_SHARE = 0.1, 0.5
_LARGEST_WORK, _FOLDS_WORK = 2.0, 60.0
#: Rounds of the search for the largest weight decay.
_ROUNDS = 3


class CrossValidated(CertifiedReLU):
    """What the two estimators share; not for use by itself.

    For each fold networks are trained from the largest weight decay to the smallest, each from the
    one before, and without proofs. The weight decay with the least mean loss on what was held out
    is chosen, the larger one of two that are equal. Then a network is trained on all data, and how
    close it is to the best at that weight decay is proved. How well it does on new data is not.

    Parameters
    ----------
    regs : int or array_like of shape (k,)
        Weight decays to choose from, positive; or how many, in equal ratios, from the largest one
        at which a neuron pays, as far as a search can tell, down to `eps` times that.
    eps : float
        The smallest weight decay over the largest, in (0, 1), where `regs` is a number.
    cv : int, splitter, iterable or None
        Folds as scikit-learn has them: None for five; those of a classifier are stratified.
    loss, hidden_bias, output_bias, gap, level, max_rounds, random_state
        As of an estimator with a weight decay of its own.
    work_limit : float or None
        Work of the whole fit in nominal seconds, half of it for the folds (`certnn.Budget`).
    time_limit : float or None
        Seconds of the whole fit.

    Attributes
    ----------
    reg_ : float
        The weight decay that was chosen.
    regs_ : ndarray, shape (k,)
        Those to choose from, the largest first.
    loss_path_ : ndarray, shape (k, folds)
        The mean loss of a point that was held out.
    lower_bound_path_ : ndarray, shape (k,)
        Proved, from the one certificate: at each of `regs_` no network of any width has a lower
        objective on all data (Theorem 21).
    """

    reg_: float
    regs_: FloatArray
    loss_path_: FloatArray
    lower_bound_path_: FloatArray

    def __init__(
        self,
        regs: int | ArrayLike = 10,
        *,
        eps: float = 1e-3,
        cv: Any = None,
        loss: str = "half-squared",
        hidden_bias: Bias = True,
        output_bias: Bias = False,
        gap: float = 1e-3,
        level: str = "auto",
        work_limit: float | None = 60.0,
        time_limit: float | None = None,
        max_rounds: int | None = None,
        random_state: int = 0,
    ) -> None:
        super().__init__(
            loss=loss,
            hidden_bias=hidden_bias,
            output_bias=output_bias,
            gap=gap,
            level=level,
            work_limit=work_limit,
            time_limit=time_limit,
            max_rounds=max_rounds,
            random_state=random_state,
        )
        del self.reg  # it is found, not given
        self.regs = regs
        self.eps = eps
        self.cv = cv

    def _train(self, X: FloatArray, targets: FloatArray, loss: Loss) -> None:
        whole = self._problem(X, targets, loss, 1.0)
        folds = self._folds(X, whole.Y)
        work: Any = self.work_limit
        with budgeted(self.time_limit, work) as budget:
            self.regs_ = self._grid(whole, budget.part(_LARGEST_SHARE, _LARGEST_WORK))
            self.loss_path_ = np.empty((self.regs_.size, len(folds)))
            training = budget.part(_FOLDS_SHARE, _FOLDS_WORK)
            for k, (kept, held_out) in enumerate(folds):
                part = training.part(1.0 / (len(folds) - k))
                networks = self._path(self._problem(X[kept], targets[kept], loss, 1.0), part)
                for row, network in enumerate(networks):
                    value = loss.value(network.predict(X[held_out]), whole.Y[held_out])
                    self.loss_path_[row, k] = value / len(held_out)
            if budget.stopped:  # what was found of the folds may be of half of them
                raise KeyboardInterrupt
            chosen = int(np.argmin(np.mean(self.loss_path_, axis=1)))
            self.reg_ = float(self.regs_[chosen])
            problem = whole.with_reg(self.reg_)
            result = self._prove(problem, budget, networks[chosen])
        self._keep(result)
        path = RegularisationPath(problem, (self.reg_,), (result,), result.interrupted)
        self.lower_bound_path_ = np.array([rounded_down(path.lower(reg)) for reg in self.regs_])

    def _folds(self, X: FloatArray, targets: FloatArray) -> list[tuple[Any, Any]]:
        classes = None
        if is_classifier(self):
            classes = np.argmax(targets, axis=1) if targets.shape[1] > 1 else targets[:, 0] > 0.0
        splitter = check_cv(self.cv, classes, classifier=classes is not None)
        folds = [*splitter.split(X, targets if classes is None else classes)]
        if not folds or not all(len(kept) and len(held_out) for kept, held_out in folds):
            raise InputError("cv", "has no folds, or one with no points to train on or to hold out")
        return folds

    def _grid(self, problem: TrainingProblem, budget: Budget) -> FloatArray:
        """The weight decays to choose from, the largest first."""
        regs: Any = self.regs
        if isinstance(regs, bool) or (isinstance(regs, Integral) and regs < 1):
            raise InputError("regs", f"must be weight decays or how many, got {regs!r}")
        if not isinstance(regs, Integral):
            given = [positive_number("regs", reg) for reg in np.ravel(as_array("regs", regs))]
            if not given:
                raise InputError("regs", "is empty")
            return np.unique(given)[::-1]
        if not 0.0 < self.eps < 1.0:
            raise InputError("eps", f"must be in (0, 1), got {self.eps!r}")
        largest = self._largest(problem, budget)
        return np.geomspace(largest, self.eps * largest, int(regs))

    def _largest(self, problem: TrainingProblem, budget: Budget) -> float:
        """About the dual norm of the residual without neurons: above it no neuron pays.

        Where there is no time to look for it, what is surely not below it.
        """
        slope = problem.loss.gradient(np.zeros(problem.Y.shape), problem.Y)
        ample = float(np.linalg.norm(problem.features) * np.linalg.norm(slope))
        if ample == 0.0:
            return 1.0
        ample = min(max(ample, SMALLEST_SCALE), LARGEST_SCALE)
        found = train_locally(
            problem.with_reg(ample), budget, max_rounds=_ROUNDS, seed=self.random_state
        )
        if not math.isfinite(found.local_dual_norm):  # no time for a round
            return ample
        return found.local_dual_norm * ample or 1.0

    def _path(self, problem: TrainingProblem, budget: Budget) -> list[TwoLayerNetwork]:
        """A network for each weight decay, each trained from the one before."""
        networks: list[TwoLayerNetwork] = []
        for k, reg in enumerate(self.regs_):
            found = train_locally(
                problem.with_reg(reg),
                budget.part(1.0 / (self.regs_.size - k)),
                starts=networks[-1:],
                max_rounds=self.max_rounds,
                seed=self.random_state,
            )
            networks.append(found.network)
        return networks


class CertifiedReLURegressorCV(CrossValidated, CertifiedReLURegressor):
    """`CertifiedReLURegressor` with the weight decay chosen by cross-validation.

    Its parameters and attributes are those of `CrossValidated`.

    Examples
    --------
    >>> import certnn
    >>> model = certnn.CertifiedReLURegressorCV([0.01, 10.0], cv=2, work_limit=5)
    >>> model = model.fit([[1.0], [2.0], [3.0], [4.0]], [1.0, 2.0, 3.0, 4.0])
    >>> model.reg_, model.gap_ <= 1e-3
    (0.01, True)
    """


class CertifiedReLUClassifierCV(CrossValidated, CertifiedReLUClassifier):
    """`CertifiedReLUClassifier` with the weight decay chosen by cross-validation.

    Its parameters and attributes are those of `CrossValidated`.

    Examples
    --------
    >>> import certnn
    >>> model = certnn.CertifiedReLUClassifierCV([0.01, 10.0], cv=2, work_limit=5)
    >>> model = model.fit([[1.0], [2.0], [-1.0], [-2.0]], ["sun", "sun", "rain", "rain"])
    >>> model.predict([[3.0]]).tolist(), model.reg_, model.gap_ <= 1e-3
    (['sun'], 0.01, True)
    """
