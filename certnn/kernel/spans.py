"""How long the integers of exact arithmetic become, known from the numbers that go in."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import frexp
from typing import Final

#: The lowest bit of a float64.
_LOWEST: Final = -1074


@dataclass(frozen=True)
class Span:
    """Numbers that are multiples of 2**low, and less than 2**high in absolute value.

    So in units of 2**low they are integers of at most ``high - low`` bits.
    """

    low: int
    high: int

    @property
    def bits(self) -> int:
        """Length of the integers."""
        return self.high - self.low

    def __mul__(self, other: Span) -> Span:
        """Of all products of two of the numbers."""
        return Span(self.low + other.low, self.high + other.high)

    def __or__(self, other: Span) -> Span:
        """Of the numbers of both."""
        return Span(min(self.low, other.low), max(self.high, other.high))

    def summed(self, count: int) -> Span:
        """Of all sums of at most so many of the numbers."""
        return Span(self.low, self.high + count.bit_length())


#: Of 0 and ±1.
UNIT: Final = Span(0, 1)


def span_of(numbers: Sequence[float]) -> Span:
    """That of finite float64 numbers, or of 32 bits in an ``array("f")``."""
    digits = 24 if isinstance(numbers, array) and numbers.typecode == "f" else 53
    largest = max(map(abs, numbers), default=0.0)
    if largest == 0.0:
        return Span(0, 0)
    least = min(filter(None, map(abs, numbers)))
    return Span(max(frexp(least)[1] - digits, _LOWEST), frexp(largest)[1])


def span_of_integers(integers: Iterable[int], exponent: int = 0) -> Span:
    """That of integers times 2**exponent."""
    return Span(exponent, exponent + max(map(int.bit_length, integers), default=0))
