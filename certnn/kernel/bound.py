"""A proved bound: an exact number together with the statement that it belongs to."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Final, Literal, NoReturn, final

from certnn.kernel.instance import Instance

_MAKER: Final = object()


@final
class Bound:
    """A proved statement about one training problem; only the kernel makes one.

    ``kind == "lower"``: no two-layer ReLU network of any width has an objective below `value`.
    ``kind == "upper"``: some network has an objective of `value`, or, where the loss has
    logarithms, of at most that, by a rounding.

    It cannot be changed, copied with changes, stored or subclassed. Python has no stronger lock:
    code that reaches for this module's private names, or for ``object.__new__``, lies to itself.

    Attributes
    ----------
    kind : {"lower", "upper"}
    value : fractions.Fraction
        Exact, in the units of the objective: the summed loss, such as ½‖(XU)₊V − Y‖², with
        (reg/2)(‖U‖² + ‖V‖²), and (reg/2) times the square of what else is decayed.
    instance : Instance
        The problem that the statement is about.
    """

    __slots__ = ("instance", "kind", "value")
    kind: Literal["lower", "upper"]
    value: Fraction
    instance: Instance

    def __init__(self, maker: object, kind: str, value: Fraction, instance: Instance) -> None:
        if maker is not _MAKER:
            raise TypeError("a Bound is made by the kernel alone, from a certificate or a network")
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "instance", instance)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Bound has no subclasses")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Bound cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Bound cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Bound is not stored; store its certificate and check it again")

    def __copy__(self) -> Bound:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Bound:
        return self

    @property
    def rounded(self) -> float:
        """`value` as a float64 in the safe direction: lower bounds down, upper bounds up."""
        try:
            nearest = self.value.numerator / self.value.denominator
        except OverflowError:
            nearest = math.inf if self.value > 0 else -math.inf
        # A comparison of a float with a Fraction is exact.
        if self.kind == "lower" and nearest > self.value:
            return math.nextafter(nearest, -math.inf)
        if self.kind == "upper" and nearest < self.value:
            return math.nextafter(nearest, math.inf)
        return nearest

    @property
    def exact(self) -> str:
        """`value` as the text ``"p/q"``."""
        return f"{self.value.numerator}/{self.value.denominator}"

    def __str__(self) -> str:
        problem = self.instance
        if self.kind == "lower":
            relation = f">= {self.rounded!r} for every two-layer ReLU network of every width"
        else:
            relation = f"<= {self.rounded!r} for one network"
        more = "" if problem.loss == "half-squared" else f" loss={problem.loss}"
        more += f" delta={problem.delta!r}" if problem.delta else ""
        for name, bias in (("hidden", problem.hidden_bias), ("output", problem.output_bias)):
            if bias is not False:
                more += f", {name} bias" if bias is True else f", free {name} bias"
        return (
            f"training objective {relation} "
            f"(n={problem.n} d={problem.d} c={problem.c} reg={problem.reg!r}{more} "
            f"data sha256:{problem.data_sha256})"
        )

    def __repr__(self) -> str:
        return f"<Bound {self}>"


def make_bound(kind: Literal["lower", "upper"], value: Fraction, instance: Instance) -> Bound:
    """Make a `Bound`; to be called by the kernel's checkers and by nothing else."""
    return Bound(_MAKER, kind, value, instance)
