"""A proved bound: an exact number together with the statement that it belongs to."""

from __future__ import annotations

import math
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final, Literal, NoReturn, Self, final

from certnn.kernel.instance import Instance

#: For the kernel's checkers alone: there is no function that makes a bound of any number.
_MAKER: Final = object()


class _Proved:
    """What is proved cannot be changed, copied with changes, or stored."""

    __slots__ = ("evidence", "instance", "value")
    value: Fraction
    instance: Instance
    evidence: str

    def _fill(self, maker: object, **parts: object) -> None:
        if maker is not _MAKER:
            what = f"a {type(self).__name__} is made by the kernel alone"
            raise TypeError(f"{what}, from a certificate or a network")
        for name, part in parts.items():
            object.__setattr__(self, name, part)

    @property
    def exact(self) -> str:
        """`value` as the text ``"p/q"``."""
        return f"{self.value.numerator}/{self.value.denominator}"

    def came_from(self, evidence: bytes) -> bool:
        """Whether these bytes, of a certificate or of weights, are what the kernel has judged."""
        return sha256(evidence).hexdigest() == self.evidence

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is not stored; store its certificate and check it again"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


@final
class Bound(_Proved):
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
    evidence : str
        SHA-256, in hexadecimal, of what it was made from: the certificate, or for an upper bound
        the network's weights as `certnn.kernel.evaluate_network` takes them, U, V and output bias
        one after the other.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.25)
    >>> bound = certnn.TwoLayerNetwork([[1.0, -1.0]], [[1.0], [1.5]]).evaluate(problem)
    >>> bound.kind, bound.exact, bound.rounded
    ('upper', '25/32', 0.78125)
    >>> certnn.Bound(None, "lower", bound.value, bound.instance, "")
    Traceback (most recent call last):
        ...
    TypeError: a Bound is made by the kernel alone, from a certificate or a network
    """

    __slots__ = ("kind",)
    kind: Literal["lower", "upper"]

    def __init__(
        self,
        maker: object,
        kind: Literal["lower", "upper"],
        value: Fraction,
        instance: Instance,
        evidence: str,
    ) -> None:
        self._fill(maker, kind=kind, value=value, instance=instance, evidence=evidence)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Bound has no subclasses")

    @property
    def rounded(self) -> float:
        """`value` as a float64 in the safe direction: lower bounds down, upper bounds up."""
        return _rounded(self.value, self.kind)

    def __str__(self) -> str:
        if self.kind == "lower":
            relation = f">= {self.rounded!r} for every two-layer ReLU network of every width"
        else:
            relation = f"<= {self.rounded!r} for one network"
        return f"training objective {relation} ({_described(self.instance)})"


@final
class PatternBound(_Proved):
    """A proved statement about networks with given activation patterns; only the kernel makes one.

    No two-layer ReLU network, of any width, whose every neuron has one of these patterns, has an
    objective below `value`. It says nothing about other networks, so it is no `Bound`.

    Attributes
    ----------
    value : fractions.Fraction
        Exact, in the units of the objective.
    instance : Instance
        The problem that the statement is about.
    patterns : tuple of bytes
        Each has a bit for each point, as ``FORMAT.md`` says: 1 where the neuron is at least 0, and
        0 where it is at most 0, before the ReLU.
    evidence : str
        SHA-256 of the certificate, in hexadecimal.
    """

    __slots__ = ("patterns",)
    patterns: tuple[bytes, ...]

    def __init__(
        self,
        maker: object,
        value: Fraction,
        instance: Instance,
        patterns: tuple[bytes, ...],
        evidence: str,
    ) -> None:
        self._fill(maker, value=value, instance=instance, patterns=patterns, evidence=evidence)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("PatternBound has no subclasses")

    @property
    def rounded(self) -> float:
        """`value` as a float64, rounded down."""
        return _rounded(self.value, "lower")

    @property
    def scope(self) -> str:
        """The networks that the statement is about, in words."""
        count = len(self.patterns)
        if count == 1:
            return "networks with this 1 activation pattern"
        return f"networks with these {count} activation patterns"

    def __str__(self) -> str:
        return (
            f"for {self.scope}: training objective >= {self.rounded!r} for every width, "
            f"and nothing for other networks ({_described(self.instance)})"
        )


def _rounded(value: Fraction, kind: Literal["lower", "upper"]) -> float:
    try:
        nearest = value.numerator / value.denominator
    except OverflowError:
        nearest = math.inf if value > 0 else -math.inf
    # A comparison of a float with a Fraction is exact.
    if kind == "lower" and nearest > value:
        return math.nextafter(nearest, -math.inf)
    if kind == "upper" and nearest < value:
        return math.nextafter(nearest, math.inf)
    return nearest


def _described(problem: Instance) -> str:
    more = "" if problem.loss == "half-squared" else f" loss={problem.loss}"
    more += f" delta={problem.delta!r}" if problem.delta else ""
    for name, bias in (("hidden", problem.hidden_bias), ("output", problem.output_bias)):
        if bias is not False:
            more += f", {name} bias" if bias is True else f", free {name} bias"
    return (
        f"n={problem.n} d={problem.d} c={problem.c} reg={problem.reg!r}{more} "
        f"data sha256:{problem.data_sha256}"
    )
