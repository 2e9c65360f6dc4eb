"""A two-layer ReLU network: hidden and output weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from certnn.arrays import FloatArray, frozen_matrix, frozen_vector
from certnn.errors import InputError, shorten
from certnn.kernel import Bound, evaluate_network
from certnn.problem.html_table import html_table
from certnn.problem.training_problem import TrainingProblem, require_problem


@dataclass(frozen=True, eq=False, repr=False)
class TwoLayerNetwork:
    """The network x ↦ (xU)₊V + b with m hidden neurons.

    Parameters
    ----------
    U : array_like, shape (d, m)
        Hidden weights, one neuron a column; with a hidden bias the bias is the last row.
    V : array_like, shape (m, c)
        Output weights, one neuron a row. m = 0 is allowed.
    output_bias : array_like of shape (c,), or None
        b; None for a network without one.

    Raises
    ------
    InputError
        If U or V is not a finite matrix of numbers up to 1e100, their widths differ, or b does not
        fit V.

    Examples
    --------
    >>> import certnn
    >>> network = certnn.TwoLayerNetwork([[1.0, -1.0]], [[1.0], [1.5]])
    >>> network.predict([[2.0], [-2.0]]).tolist()
    [[2.0], [3.0]]
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.25)
    >>> str(network.evaluate(problem).value)  # exact: ½·½² + ⅛·(1 + 1 + 1 + 1½²)
    '25/32'
    """

    U: FloatArray
    V: FloatArray
    output_bias: FloatArray | None = None

    def __init__(self, U: Any, V: Any, output_bias: Any = None) -> None:
        # Weight decay may have taken the weights to anything above zero.
        u, v = frozen_matrix("U", U, smallest=0.0), frozen_matrix("V", V, smallest=0.0)
        if u.shape[1] != v.shape[0]:
            raise InputError(
                "V", f"has {v.shape[0]} rows where U has {u.shape[1]} columns (neurons)"
            )
        object.__setattr__(self, "U", u)
        object.__setattr__(self, "V", v)
        if output_bias is not None:
            output_bias = frozen_vector("output_bias", output_bias, v.shape[1])
        object.__setattr__(self, "output_bias", output_bias)

    @property
    def width(self) -> int:
        """Number of hidden neurons."""
        return int(self.U.shape[1])

    def output(self, features: FloatArray) -> FloatArray:
        """The network's outputs on `features`, shape (n, d) → (n, c), in float arithmetic.

        With a hidden bias the last of the d columns is one of ones.
        """
        outputs: FloatArray = np.maximum(features @ self.U, 0.0) @ self.V
        return outputs if self.output_bias is None else outputs + self.output_bias

    def predict(self, X: Any) -> FloatArray:
        """Outputs on data as they are, without a column of ones for a hidden bias.

        Parameters
        ----------
        X : array_like, shape (n, d)

        Returns
        -------
        ndarray, shape (n, c)

        Raises
        ------
        InputError
            If X has another number of columns than the network has inputs.
        """
        rows = frozen_matrix("X", X, smallest=0.0)
        if rows.shape[1] == self.U.shape[0] - 1:
            rows = np.hstack([rows, np.ones((rows.shape[0], 1))])
        if rows.shape[1] != self.U.shape[0]:
            raise InputError("X", f"has {rows.shape[1]} columns where U has {self.U.shape[0]} rows")
        return self.output(rows)

    def evaluate(self, problem: TrainingProblem) -> Bound:
        """The exact training objective, an upper bound on the optimum (Theorems 14 and 42).

        For the losses logistic and softmax it is rounded up.

        Raises
        ------
        InputError
            If the network's shapes are not those of `problem`.
        """
        self.require_fits(problem)
        hidden, output, bias = self._weights(problem.output_bias is not False)
        return evaluate_network(problem.instance(), hidden, output, self.width, output_bias=bias)

    def has_objective(self, objective: Bound) -> bool:
        """Whether the kernel made this upper bound by evaluating these weights."""
        instance = objective.instance
        if (self.U.shape[0], self.V.shape[1]) != (instance.columns, instance.c):
            return False
        with_bias = instance.output_bias is not False
        if not with_bias and self.output_bias is not None and np.any(self.output_bias):
            return False
        weights = b"".join(self._weights(with_bias))
        return objective.kind == "upper" and objective.came_from(weights)

    def _weights(self, with_bias: bool) -> tuple[bytes, bytes, bytes]:
        """U, V and the output bias, where the problem has one, as the kernel takes them."""
        hidden, output = self.U.astype("<f8").tobytes(), self.V.astype("<f8").tobytes()
        if not with_bias:
            return hidden, output, b""
        bias = np.zeros(self.V.shape[1]) if self.output_bias is None else self.output_bias
        return hidden, output, bias.astype("<f8").tobytes()

    def require_fits(self, problem: TrainingProblem) -> None:
        """Raise `InputError` unless the network's shapes are those of `problem`."""
        rows = require_problem(problem).inputs.shape[1]
        if self.U.shape[0] != rows:
            bias = " (with the bias row)" if problem.hidden_bias else ""
            raise InputError("U", f"has {self.U.shape[0]} rows where the data need {rows}{bias}")
        if self.V.shape[1] != problem.c:
            classes = shorten(f" (for the classes {', '.join(problem.classes)}")
            more = f"{classes})" if problem.classes else ""
            raise InputError("V", f"has {self.V.shape[1]} columns where Y has {problem.c}{more}")
        if not problem.output_bias and self.output_bias is not None and np.any(self.output_bias):
            raise InputError("output_bias", "the output bias is not zero, and the problem has none")

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        d, m = self.U.shape
        bias = "none" if self.output_bias is None else "one"
        rows = {
            "rows of U": d,
            "hidden neurons": m,
            "outputs": self.V.shape[1],
            "output bias": bias,
        }
        return html_table("two-layer ReLU network", rows.items())

    def __repr__(self) -> str:
        d, m = self.U.shape
        bias = "" if self.output_bias is None else ", output_bias"
        return f"TwoLayerNetwork(d={d}, width={m}, c={self.V.shape[1]}{bias})"
