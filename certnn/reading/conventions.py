"""What other libraries call weight decay, in the units of `TrainingProblem.reg`.

If a library minimises a·(loss summed over all points) + w·(‖U‖² + ‖V‖²), where the loss is certnn's
own (½‖f − y‖² for half-squared), then its minimisers are those of reg = 2w/a, and its objective is
a times certnn's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.errors import InputError, positive_number

if TYPE_CHECKING:
    from certnn.problem.mapped_problem import MappedProblem
    from certnn.problem.training_problem import TrainingProblem

_Problem = TypeVar("_Problem", "TrainingProblem", "MappedProblem")
#: How far the weights of softmax targets may be from 1 by rounding: theirs may be of float32.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Scaling:
    """How a library scales one loss, and its weight decay beside it.

    Attributes
    ----------
    objective : str
        What the library minimises, λ its weight decay; ℓ is ½‖f − y‖² for the loss half-squared.
    formula : str
        reg in terms of λ, n, c and the number K of minibatches an epoch.
    factor : callable
        reg/λ of n, c and K.
    """

    objective: str
    formula: str
    factor: Callable[[int, int, int], float]


@dataclass(frozen=True)
class Convention:
    """How one library scales losses and weight decay.

    Attributes
    ----------
    name : str
        What ``--convention`` takes.
    scalings : dict of str to Scaling
        By the names in `certnn.problem.losses` of the losses ℓ that it is for.
    caveat : str
        In what sense the library does not minimise that, if only with minibatches where it counts
        them; "" if it does.
    spares_biases : bool
        Whether the library's own decay leaves biases alone.
    divides_by_weights : bool
        Whether its mean over the points is one by their weights, which `TrainingProblem` knows only
        as rows of softmax targets.
    """

    name: str
    scalings: Mapping[str, Scaling]
    caveat: str = ""
    spares_biases: bool = False
    divides_by_weights: bool = False

    @property
    def losses(self) -> tuple[str, ...]:
        """The names of the losses that it is for."""
        return tuple(self.scalings)

    def reg(
        self, decay: float, n: int, c: int, batches: int = 1, *, loss: str | None = None
    ) -> float:
        """The weight decay λ = `decay` of the library as `TrainingProblem.reg`.

        Raises `InputError` if `decay` is not positive and finite, `batches` is not positive, the
        convention is not for the loss, or it takes one to tell.

        Parameters
        ----------
        decay : float
            Positive.
        n, c : int
            Numbers of points and of outputs.
        batches : int
            Minibatches an epoch; of account where the library decays once a minibatch, but
            averages the loss over it.
        loss : str or None
            One of `losses`; needed where they are not all scaled alike.
        """
        decay = positive_number("decay", decay)
        if positive_number("batches", batches) % 1 != 0:
            raise InputError("batches", f"must be a whole number, got {batches!r}")
        possible = {scaling.factor(n, c, batches) for scaling in self._scalings(loss)}
        if len(possible) > 1:
            raise InputError("loss", f"is needed: {self.name} is not the same for all its losses")
        return decay * possible.pop()

    def explained(
        self, decay: float, n: int, c: int, batches: int = 1, *, loss: str | None = None
    ) -> str:
        """One line for a report: the objective, the formula and its numbers.

        Where losses are scaled in several ways and none is given, all of them. The parameters and
        errors are those of `reg`.
        """
        decay = positive_number("decay", decay)
        known, caveat = f"λ = {decay:.10g}, n = {n}, c = {c}", self.caveat
        scalings = self._scalings(loss)
        if any("K" in scaling.formula for scaling in scalings):
            known += f", K = {batches}"
            caveat = caveat if batches > 1 else ""
        said = "; or ".join(
            f"{scaling.objective}: {scaling.formula} = {decay * scaling.factor(n, c, batches):.10g}"
            for scaling in scalings
        )
        return f"{self.name}, {said} with {known}" + (f". {caveat}" if caveat else "")

    def stated(self, problem: _Problem, decay: float, batches: int = 1) -> tuple[_Problem, str]:
        """The problem with this weight decay of the library, and the same `explained`.

        Raises `InputError` as `reg` does; or if the targets of softmax weigh points or classes, and
        the library divides by the weights.
        """
        if self.divides_by_weights and problem.loss.name == "softmax":
            weights = problem.Y.sum(axis=1)
            if abs(weights - 1.0).max() > _ROUNDING:
                raise InputError(
                    "convention",
                    f"{self.name} divides by the weights of the points, which are not 1 here: give "
                    "reg, in the units of the summed loss",
                )
        of, loss = (decay, problem.n, problem.c, batches), problem.loss.name
        return problem.with_reg(self.reg(*of, loss=loss)), self.explained(*of, loss=loss)

    def _scalings(self, loss: str | None) -> list[Scaling]:
        if loss is None:
            return list(dict.fromkeys(self.scalings.values()))
        if loss not in self.scalings:
            raise InputError(
                "convention",
                f"{self.name} is for {' and '.join(self.losses)}, not for {loss}: name the loss",
            )
        return [self.scalings[loss]]


#: Said of optimisers whose decay is apart.
DECOUPLED = (
    "AdamW decays weights apart from the scaling of the gradient, and so minimises no objective "
    "exactly; this is what SGD with the same decay minimises"
)
_SQUARED = ("half-squared",)
_ANY = ("half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax")


def _convention(
    name: str,
    losses: tuple[str, ...],
    objective: str,
    formula: str,
    factor: Callable[[int, int, int], float],
    **more: Any,
) -> Convention:
    """One that scales all its losses alike."""
    return Convention(name, dict.fromkeys(losses, Scaling(objective, formula, factor)), **more)


_ALL = (
    _convention("sum", _ANY, "Σℓ + (λ/2)‖θ‖²", "reg = λ", lambda n, c, batches: 1.0),
    _convention("mean", _ANY, "(1/n)Σℓ + (λ/2)‖θ‖²", "reg = nλ", lambda n, c, batches: n),
    _convention(
        "torch-mse",
        _SQUARED,
        "MSELoss() and weight_decay = λ of SGD or Adam: (1/nc)Σ‖f − y‖² + (λ/2)‖θ‖²",
        "reg = ncλ/2",
        lambda n, c, batches: 0.5 * n * c,
    ),
    _convention(
        "torch-mse-adamw",
        _SQUARED,
        "MSELoss() and weight_decay = λ of AdamW: (1/nc)Σ‖f − y‖² + (λ/2)‖θ‖²",
        "reg = ncλ/2",
        lambda n, c, batches: 0.5 * n * c,
        caveat=DECOUPLED,
    ),
    _convention(
        "torch-mse-sum",
        _SQUARED,
        "MSELoss(reduction='sum') and weight_decay = λ of SGD or Adam: Σ‖f − y‖² + (λ/2)‖θ‖²",
        "reg = λ/2",
        lambda n, c, batches: 0.5,
    ),
    _convention(
        "torch-cross-entropy",
        ("softmax",),
        "CrossEntropyLoss() and weight_decay = λ of SGD or Adam: (1/n)Σℓ + (λ/2)‖θ‖²",
        "reg = nλ",
        lambda n, c, batches: n,
        divides_by_weights=True,
    ),
    _convention(
        "torch-bce",
        ("logistic",),
        "BCEWithLogitsLoss() and weight_decay = λ of SGD or Adam: (1/nc)Σℓ + (λ/2)‖θ‖²",
        "reg = ncλ",
        lambda n, c, batches: n * c,
    ),
    _convention(
        "keras-mse",
        _SQUARED,
        "mean_squared_error and L2(λ) on both kernels: (1/nc)Σ‖f − y‖² + λ‖θ‖²",
        "reg = ncλ",
        lambda n, c, batches: n * c,
        spares_biases=True,
    ),
    Convention(
        "keras-cross-entropy",
        {
            "logistic": Scaling(
                "binary_crossentropy from logits and L2(λ) on both kernels: (1/nc)Σℓ + λ‖θ‖²",
                "reg = 2ncλ",
                lambda n, c, batches: 2 * n * c,
            ),
            "softmax": Scaling(
                "categorical_crossentropy from logits and L2(λ) on both kernels: (1/n)Σℓ + λ‖θ‖²",
                "reg = 2nλ",
                lambda n, c, batches: 2 * n,
            ),
        },
        spares_biases=True,
    ),
    _convention(
        "scikit-learn",
        ("half-squared", "logistic", "softmax"),
        "the gradients of MLPRegressor or MLPClassifier with alpha = λ: (1/n)Σℓ + (λ/2n)‖θ‖²",
        "reg = Kλ",
        lambda n, c, batches: batches,
        caveat="With minibatches this is the mean over an epoch",
        spares_biases=True,
        divides_by_weights=True,
    ),
)
#: By name.
CONVENTIONS: dict[str, Convention] = {convention.name: convention for convention in _ALL}


def find_convention(name: str) -> Convention:
    """The convention of this name.

    Raises `InputError` if there is none; the message lists them.
    """
    if not isinstance(name, str) or name not in CONVENTIONS:
        raise InputError("convention", f"must be one of {', '.join(CONVENTIONS)}, got {name!r}")
    return CONVENTIONS[name]
