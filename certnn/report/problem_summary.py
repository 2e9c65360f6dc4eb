"""The training problem of a gap report in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certnn.errors import InputError
from certnn.kernel import Instance
from certnn.report.wording import contrast

if TYPE_CHECKING:
    from certnn.problem.mapped_problem import MappedProblem
    from certnn.problem.training_problem import TrainingProblem

#: Classes that the line on the problem names, at most.
_CLASSES = 10
#: What biases are called, by what the kernel calls them.
_BIASES: dict[bool | str, str] = {False: "none", True: "decayed", "free": "free"}


@dataclass(frozen=True)
class ProblemSummary:
    """The training problem in figures.

    Raises `InputError` if a number is not such as a problem has.

    Parameters
    ----------
    n, d, c : int
        Numbers of points, of data columns (a bias not counted) and of outputs.
    reg : float
        Weight decay, in the units of a summed loss.
    loss : str
        Of the outputs, such as "half-squared" (`certnn.problem.losses`).
    hidden_bias, output_bias : {"none", "decayed", "free"}
    data_sha256 : str
        `TrainingProblem.data_sha256`.
    null_loss : float
        The objective of the network with no neurons and no bias.
    classes : tuple of str
        Names of the classes in the order of the outputs, as in `certnn.TrainingProblem`.
    """

    n: int
    d: int
    c: int
    reg: float
    loss: str
    hidden_bias: str
    output_bias: str
    data_sha256: str
    null_loss: float
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("n", "d", "c"):
            if getattr(self, name) < 1:
                raise InputError(name, "must be positive")
        if not self.reg > 0.0:
            raise InputError("reg", "must be positive")
        if not self.null_loss >= 0.0:
            raise InputError("null_loss", "must not be negative")
        for name in ("hidden_bias", "output_bias"):
            if getattr(self, name) not in _BIASES.values():
                raise InputError(name, f"must be one of {', '.join(_BIASES.values())}")

    @classmethod
    def of(cls, problem: TrainingProblem | MappedProblem) -> ProblemSummary:
        """The summary of a problem."""
        hidden_bias, output_bias = _BIASES[problem.hidden_bias], _BIASES[problem.output_bias]
        return cls(
            *(problem.n, problem.d, problem.c, problem.reg, problem.loss.label),
            *(hidden_bias, output_bias, problem.data_sha256, problem.null_loss, problem.classes),
        )

    def difference(self, instance: Instance) -> str:
        """In what another problem is not this one, in words; "" if in nothing."""
        other = self.difference_of_kind(instance)
        if other or self.data_sha256 == instance.data_sha256:
            return other
        return f"data_sha256 is {contrast(self.data_sha256, instance.data_sha256)}"

    def difference_of_kind(self, instance: Instance) -> str:
        """The same but for the numbers in X and Y."""
        from certnn.problem.losses import loss_named

        others = {
            **{name: getattr(instance, name) for name in ("n", "d", "c", "reg")},
            "loss": loss_named(instance.loss, instance.delta).label,
            "hidden_bias": _BIASES[instance.hidden_bias],
            "output_bias": _BIASES[instance.output_bias],
        }
        for name, other in others.items():
            if getattr(self, name) != other:
                return f"{name} is {contrast(getattr(self, name), other)}"
        return ""

    @property
    def text(self) -> str:
        """One line on it: sizes, weight decay, and what differs from the plain problem."""
        return ", ".join([*self._sizes, f"weight decay {self.reg:.10g}", *self._kind])

    @property
    def data_text(self) -> str:
        """The same without the weight decay."""
        return ", ".join([*self._sizes, *self._kind])

    @property
    def _sizes(self) -> list[str]:
        outputs = f"{self.c} output{'' if self.c == 1 else 's'}"
        if self.classes:
            shown = ", ".join(self.classes[:_CLASSES]) + (", …" if self.classes[_CLASSES:] else "")
            outputs += f" for the classes {shown}"
        return [f"{self.n} points", f"{self.d} inputs", outputs]

    @property
    def _kind(self) -> list[str]:
        biases = (("hidden", self.hidden_bias), ("output", self.output_bias))
        said = [f"{bias} {layer} bias" for layer, bias in biases if bias != "none"]
        return said if self.loss == "half-squared" else [f"loss {self.loss}", *said]
