"""What other libraries call weight decay, in the units of `TrainingProblem.reg`.

If a library minimises a·(loss summed over all points) + w·(‖U‖² + ‖V‖²), where the loss is certnn's
own (½‖f − y‖² for half-squared), then its minimisers are those of reg = 2w/a, and its objective is
a times certnn's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from certnn.errors import InputError


@dataclass(frozen=True)
class Convention:
    """How one library scales loss and weight decay.

    Attributes
    ----------
    name : str
        What ``--convention`` takes.
    losses : tuple of str
        The losses ℓ that it is for, by their names in `certnn.losses`.
    objective : str
        What the library minimises, λ its weight decay; ℓ is ½‖f − y‖² for the loss half-squared.
    formula : str
        reg in terms of λ, n, c and the number K of minibatches an epoch.
    caveat : str
        In what sense the library does not minimise that; "" if it does.
    spares_biases : bool
        Whether the library's own decay leaves biases alone.
    """

    name: str
    losses: tuple[str, ...]
    objective: str
    formula: str
    _factor: Callable[[int, int, int], float]
    caveat: str = ""
    spares_biases: bool = False

    def reg(self, decay: float, n: int, c: int, batches: int = 1) -> float:
        """The weight decay λ = `decay` of the library as `TrainingProblem.reg`.

        Parameters
        ----------
        decay : float
            Positive.
        n, c : int
            Numbers of points and of outputs.
        batches : int
            Minibatches an epoch; of account where the library decays once a minibatch, but
            averages the loss over it.

        Raises
        ------
        InputError
            If `decay` is not positive and finite or `batches` is not positive.
        """
        if not 0.0 < decay < math.inf:
            raise InputError("decay", f"must be positive and finite, got {decay!r}")
        if batches < 1:
            raise InputError("batches", f"must be at least 1, got {batches!r}")
        return decay * self._factor(n, c, batches)

    def explained(self, decay: float, n: int, c: int, batches: int = 1) -> str:
        """One line for a report: the objective, the formula and its numbers."""
        known = f"λ = {decay!r}, n = {n}, c = {c}"
        if "K" in self.formula:
            known += f", K = {batches}"
        reg = self.reg(decay, n, c, batches)
        caveat = f". {self.caveat}" if self.caveat else ""
        return f"{self.name}, {self.objective}: {self.formula} = {reg!r} with {known}{caveat}"


_DECOUPLED = (
    "AdamW decays weights apart from the scaling of the gradient, and so minimises no objective "
    "exactly; this is what SGD with the same decay minimises"
)
_IN_BATCHES = "With minibatches this is the mean over an epoch"

_SQUARED = ("half-squared",)
_ANY = ("half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax")


CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention("sum", _ANY, "Σℓ + (λ/2)‖θ‖²", "reg = λ", lambda n, c, batches: 1.0),
        Convention("mean", _ANY, "(1/n)Σℓ + (λ/2)‖θ‖²", "reg = nλ", lambda n, c, batches: n),
        Convention(
            "torch-mse",
            _SQUARED,
            "MSELoss() and weight_decay = λ of SGD or Adam: (1/nc)Σ‖f − y‖² + (λ/2)‖θ‖²",
            "reg = ncλ/2",
            lambda n, c, batches: 0.5 * n * c,
        ),
        Convention(
            "torch-mse-adamw",
            _SQUARED,
            "MSELoss() and weight_decay = λ of AdamW: (1/nc)Σ‖f − y‖² + (λ/2)‖θ‖²",
            "reg = ncλ/2",
            lambda n, c, batches: 0.5 * n * c,
            _DECOUPLED,
        ),
        Convention(
            "torch-mse-sum",
            _SQUARED,
            "MSELoss(reduction='sum') and weight_decay = λ of SGD or Adam: Σ‖f − y‖² + (λ/2)‖θ‖²",
            "reg = λ/2",
            lambda n, c, batches: 0.5,
        ),
        Convention(
            "torch-cross-entropy",
            ("softmax",),
            "CrossEntropyLoss() and weight_decay = λ of SGD or Adam: (1/n)Σℓ + (λ/2)‖θ‖²",
            "reg = nλ",
            lambda n, c, batches: n,
        ),
        Convention(
            "torch-bce",
            ("logistic",),
            "BCEWithLogitsLoss() and weight_decay = λ of SGD or Adam: (1/nc)Σℓ + (λ/2)‖θ‖²",
            "reg = ncλ",
            lambda n, c, batches: n * c,
        ),
        Convention(
            "keras-mse",
            _SQUARED,
            "mean_squared_error and L2(λ) on both kernels: (1/nc)Σ‖f − y‖² + λ‖θ‖²",
            "reg = ncλ",
            lambda n, c, batches: n * c,
            spares_biases=True,
        ),
        Convention(
            "keras-cross-entropy",
            ("logistic", "softmax"),
            "cross-entropy from logits and L2(λ) on both kernels: (1/n)Σℓ + λ‖θ‖²",
            "reg = 2nλ",
            lambda n, c, batches: 2 * n,
            spares_biases=True,
        ),
        Convention(
            "scikit-learn",
            ("half-squared", "logistic", "softmax"),
            "the gradients of MLPRegressor or MLPClassifier with alpha = λ: (1/n)Σℓ + (λ/2n)‖θ‖²",
            "reg = Kλ",
            lambda n, c, batches: batches,
            _IN_BATCHES,
            spares_biases=True,
        ),
    )
}


def find_convention(name: str) -> Convention:
    """The convention of this name.

    Raises
    ------
    InputError
        If there is none; the message lists them.
    """
    if name not in CONVENTIONS:
        raise InputError("convention", f"must be one of {', '.join(CONVENTIONS)}, got {name!r}")
    return CONVENTIONS[name]
