"""scikit-learn's estimators: fit trains to a proved gap, and keeps the proof."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from certnn.arrays import FloatArray, require_unmasked
from certnn.budget import Budget, budgeted
from certnn.certificates import Certificate
from certnn.errors import InputError
from certnn.kernel.instance import Bias
from certnn.problem.losses import HALF_SQUARED, Huber, Logistic, Loss, Softmax, parse_loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.class_labels import ClassLabels
from certnn.search.brief_training import is_far_from_proof, train_briefly
from certnn.search.train import TrainingResult, train

_CROSS_ENTROPY, _OF_CLASSES = "cross-entropy", ("half-squared", "hinge", "squared-hinge")
#: The work limit if nothing is said, and the most nominal seconds that it stands for.
AUTO, _MOST_WORK = "auto", 30.0
#: Gaps from here on are in reach of levels for many points too; and the gap of a brief proof up to
#: which a longer one may come near its goal.
_IN_REACH, _NEAR = 0.01, 0.5


class CertifiedReLU(BaseEstimator):  # type: ignore[misc]
    """What the two estimators share; not for use by itself.

    Parameters
    ----------
    reg : float
        Weight decay of the hidden weights (the bias among them) and the output weights, in the
        units of a summed loss ½‖F − Y‖².
    loss : str
        Of a regressor "half-squared", "huber" or "huber:THRESHOLD"; of a classifier "half-squared"
        on one-hot targets, "cross-entropy", "hinge" or "squared-hinge".
    hidden_bias, output_bias : bool or "free"
        Whether hidden neurons and outputs have biases, decayed like the weights or free.
    gap : float
        Stop once this gap is proved, a share of the objective, in [0, 1). A fit that ends without
        it warns.
    level : str
        How the bound is proved, as in `certnn.lower_bound`.
    work_limit : float, "auto" or None
        Work of one fit in nominal seconds, counted from what is computed (`certnn.Budget`): the
        result does not depend on the machine's speed or load. "auto": 30; but with more outputs and
        points than proofs come near the gap for, if that is below 0.01 and no other limit or level
        is named, no more for the training than `MLPClassifier` takes, as much for the proof, and
        the rest only if half of the objective is proved by then.
    time_limit : float or None
        Seconds of one fit; where it is what ends the fit, the result depends on the machine. The
        cheapest proof is made all the same.
    max_rounds : int or None
        Rounds of training where it is apart from the proof, at most.
    random_state : int
        Seed of the search.

    Attributes
    ----------
    network_ : TwoLayerNetwork
        The best network found, of whatever width.
    lower_bound_ : float
        Proved by the kernel: no network of any width has a lower training objective.
    gap_ : float
        Proved: no network of any width is better by a larger share of the objective.
    certificate_ : Certificate
        The proof; ``certificate_.save(path)`` writes it for ``certnn check``.
    n_features_in_ : int
    """

    network_: TwoLayerNetwork
    lower_bound_: float
    gap_: float
    certificate_: Certificate

    def __init__(
        self,
        reg: float = 0.1,
        *,
        loss: str = "half-squared",
        hidden_bias: Bias = True,
        output_bias: Bias = False,
        gap: float = 1e-3,
        level: str = "auto",
        work_limit: float | str | None = AUTO,
        time_limit: float | None = None,
        max_rounds: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.reg = reg
        self.loss = loss
        self.hidden_bias = hidden_bias
        self.output_bias = output_bias
        self.gap = gap
        self.level = level
        self.work_limit = work_limit
        self.time_limit = time_limit
        self.max_rounds = max_rounds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.non_deterministic = self.time_limit is not None  # where time runs out depends
        return tags

    def _train(self, X: FloatArray, targets: FloatArray, loss: Loss) -> None:
        problem = self._problem(X, targets, loss, self.reg)
        automatic = isinstance(self.work_limit, str) and self.work_limit == AUTO
        work: Any = _MOST_WORK if automatic else self.work_limit
        with budgeted(self.time_limit, work) as budget:
            result = self._brief(problem, budget) if automatic else None
            if result is None or result.gap <= _NEAR:
                result = self._prove(problem, budget, None if result is None else result.network)
        self._keep(result)

    def _brief(self, problem: TrainingProblem, budget: Budget) -> TrainingResult | None:
        """A fit that costs little, where nobody asks for more and no proof is near its goal."""
        asked = (self.time_limit, self.max_rounds, self.level) != (None, None, "auto")
        if asked or not 0.0 <= self.gap < _IN_REACH or not is_far_from_proof(problem):
            return None
        return train_briefly(problem, budget, gap=self.gap, seed=self.random_state)

    def _problem(
        self, X: FloatArray, targets: FloatArray, loss: Loss, reg: float
    ) -> TrainingProblem:
        return TrainingProblem(
            X, targets, reg, self.hidden_bias, loss=loss, output_bias=self.output_bias
        )

    def _prove(
        self, problem: TrainingProblem, budget: Budget, start: TwoLayerNetwork | None = None
    ) -> TrainingResult:
        """Train and prove."""
        return train(
            problem,
            gap=self.gap,
            level=self.level,
            budget=budget,
            max_rounds=self.max_rounds,
            start=start,
            seed=self.random_state,
        )

    def _keep(self, result: TrainingResult) -> None:
        """What `_train` has found; a warning where it is not what was asked for."""
        self.network_ = result.network
        self.lower_bound_ = result.lower.value
        self.gap_ = result.gap
        self.certificate_ = result.certificate
        if result.gap > self.gap:
            message = f"a gap of {result.gap:.3g} is proved, not {self.gap:.3g}: allow more work"
            warnings.warn(message, ConvergenceWarning, stacklevel=4)

    def _checked(self, X: ArrayLike, y: ArrayLike, **how: bool) -> tuple[FloatArray, NDArray[Any]]:
        """What is trained on, as scikit-learn checks it."""
        require_unmasked("X", X)
        require_unmasked("y", y)
        rows, targets = validate_data(self, X, y, dtype=np.float64, **how)
        return rows, targets

    def _outputs(self, X: ArrayLike) -> FloatArray:
        check_is_fitted(self, "network_")
        return self.network_.predict(validate_data(self, X, dtype=np.float64, reset=False))


class CertifiedReLURegressor(MultiOutputMixin, RegressorMixin, CertifiedReLU):  # type: ignore[misc]
    """A two-layer ReLU network trained to a proved gap, for regression.

    Its parameters and attributes are those of `CertifiedReLU`.

    Examples
    --------
    >>> import certnn
    >>> model = certnn.CertifiedReLURegressor(reg=0.1, hidden_bias=False, gap=1e-6)
    >>> model = model.fit([[1.0], [-1.0]], [1.0, 2.0])
    >>> model.predict([[2.0]]).round(3).tolist(), model.gap_ <= 1e-6
    ([1.8], True)
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X, shape (n, d), and y, shape (n,) or (n, c).

        Raises
        ------
        InputError
            If the data or a parameter are unusable: a ValueError.
        """
        rows, targets = self._checked(X, y, multi_output=True, y_numeric=True)
        targets = np.asarray(targets, dtype=np.float64)
        self._one_output = targets.ndim == 1
        loss = parse_loss(self.loss)
        if not isinstance(loss, Huber) and loss != HALF_SQUARED:
            raise InputError("loss", f"must be half-squared or huber, got {self.loss!r}")
        self._train(rows, targets.reshape(rows.shape[0], -1), loss)
        return self

    def predict(self, X: ArrayLike) -> FloatArray:
        """The network's outputs on X, shape (n,) or (n, c) as y had."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_output else outputs


class CertifiedReLUClassifier(ClassifierMixin, CertifiedReLU):  # type: ignore[misc]
    """A two-layer ReLU network trained to a proved gap, for classes.

    Its parameters and attributes are those of `CertifiedReLU`, and

    Attributes
    ----------
    classes_ : array, shape (classes,)
        The labels, sorted.

    Examples
    --------
    >>> import certnn
    >>> model = certnn.CertifiedReLUClassifier(reg=0.1)
    >>> model = model.fit([[1.0], [-1.0], [2.0]], ["sun", "rain", "sun"])
    >>> model.predict([[3.0]]).tolist(), model.gap_ <= 1e-3
    (['sun'], True)
    """

    classes_: NDArray[Any]

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on X, shape (n, d), and class labels y, shape (n,).

        Raises
        ------
        InputError
            If the data or a parameter are unusable: a ValueError.
        """
        rows, given = self._checked(X, y)
        if given.dtype.kind != "O":  # of objects it takes no missing one
            check_classification_targets(given)
        labels = ClassLabels.of("y", given)
        self.classes_ = given[np.unique(labels.index, return_index=True)[1]]
        loss = self._loss()
        self._train(rows, labels.targets(loss), loss)
        return self

    def _loss(self) -> Loss:
        if self.loss == _CROSS_ENTROPY:
            return Logistic() if self.classes_.size == 2 else Softmax()
        if self.loss not in _OF_CLASSES:
            known = ", ".join((_CROSS_ENTROPY, *_OF_CLASSES))
            raise InputError("loss", f"must be one of {known}, got {self.loss!r}")
        return parse_loss(self.loss)

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Outputs on X, shape (n, classes); for two classes one number, shape (n,)."""
        outputs = self._outputs(X)
        if self.classes_.size != 2:
            return outputs
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The class of the largest output for each row of X."""
        scores = self.decision_function(X)
        largest = np.argmax(scores, axis=1) if scores.ndim == 2 else (scores > 0.0).astype(int)
        labels: NDArray[Any] = self.classes_[largest]
        return labels

    @available_if(lambda self: self.loss == _CROSS_ENTROPY)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Probabilities, shape (n, classes), with the loss cross-entropy."""
        scores = self.decision_function(X)
        if scores.ndim == 2:
            return np.asarray(softmax(scores, axis=1))
        second = expit(scores)
        return np.stack([1.0 - second, second], axis=1)
