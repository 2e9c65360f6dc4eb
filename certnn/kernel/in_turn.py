"""Arrays of a proof, of which its leaves take the numbers in turn."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from certnn.kernel.rejected import Rejected


class InTurn:
    """Arrays by their names, and `at`, how many numbers have been taken of each."""

    def __init__(self, **arrays: bytes | array[int] | array[float]) -> None:
        self._arrays, self.at = arrays, dict.fromkeys(arrays, 0)

    def take(self, name: str, count: int) -> Any:
        """The next numbers of an array, in one of its type; `Rejected` if it has not so many."""
        start, numbers = self.at[name], self._arrays[name]
        if start + count > len(numbers):
            raise Rejected(f"the {name} end before the last leaf")
        self.at[name] = start + count
        return numbers[start : start + count]

    def one(self, name: str) -> Any:
        """The next number."""
        return self.take(name, 1)[0]

    def each(self, name: str) -> Iterator[int]:
        """The numbers one by one, to the end of the array."""
        while self.at[name] < len(self._arrays[name]):
            yield self.one(name)

    def require_end(self) -> None:
        """Nothing may be left: `Rejected` if an array goes on."""
        for name, numbers in self._arrays.items():
            if self.at[name] < len(numbers):
                raise Rejected(f"the {name} go on after the last leaf")
