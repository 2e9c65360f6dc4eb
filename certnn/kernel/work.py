"""The work and the memory that a check may take: bounded by the size of the file.

What a piece of the check costs is known from counts and from the lengths of its integers, before
it is done, and is spent first. It does not depend on what arithmetic is installed. What is done
but once with each number of the file is not counted: any file may take that.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

from certnn.kernel.exact import Backend, ExactMatrix, times_transpose
from certnn.kernel.rejected import Rejected

#: Work that any certificate may take, and times size**1.5 what a large one may take beyond.
_LEAST_WORK: Final = 1 << 28
_WORK_RATE: Final = 16
#: The same for the integers that are held at once, in bits, and in bits for each byte.
_LEAST_ROOM: Final = 1 << 30
_ROOM_RATE: Final = 512
#: An integer takes some 32 bytes however short it is, a place in a list included.
INTEGER: Final = 256


class Work:
    """What is left of the work that a check of a file of so many bytes may take.

    That is `left` products of words of 64 bits, and `room` for bits of integers at a time. The
    backend is the arithmetic of large products.
    """

    def __init__(self, size: int, backend: Backend = "auto") -> None:
        self.left = _LEAST_WORK + _WORK_RATE * size * isqrt(size)
        self.room = _LEAST_ROOM + _ROOM_RATE * size
        self.backend: Backend = backend

    def spend(self, products: int, bits: int) -> None:
        """Take work for so many products of integers, each product of at most so many bits."""
        self.take(word_products(products, bits))

    def take(self, amount: int) -> None:
        """Take so much work; `Rejected` if not so much is left."""
        self.left -= amount
        if self.left < 0:
            raise Rejected("the check would take more work than a file of its size may")

    def hold(self, count: int, bits: int) -> None:
        """See that so many such integers have room, beside a few such matrices; else `Rejected`."""
        if count * (bits + INTEGER) > self.room:
            raise Rejected("the check would take more memory than a file of its size may")

    def product(self, left: ExactMatrix, right: ExactMatrix) -> ExactMatrix:
        """left · rightᵀ, with the work and the room that it takes."""
        if not (left.rows and right.rows):
            return times_transpose(left, right, self.backend)
        bits, entries = left.bits + right.bits, len(left.rows) * len(right.rows)
        self.spend(entries * len(right.rows[0]), bits)
        self.hold(entries, bits)
        return times_transpose(left, right, self.backend)


def word_products(products: int, bits: int) -> int:
    """The work of so many products of integers, each product of at most so many bits."""
    return products * (1 + bits // 128) ** 2
