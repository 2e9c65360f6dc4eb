"""A node of an ONNX graph, with what it works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.reading.networks.layer_chain import UnsupportedLayer
from certnn.reading.networks.onnx_data import Data


@dataclass(frozen=True)
class Complement:
    """1 − p, p the probability that a network of one output ends in."""

    of: Data


#: No shape has more.
MOST_INTEGERS = 64
#: A value in the graph, or an argument left out.
Value = Data | Complement | NDArray[Any] | None


@dataclass(frozen=True)
class Operation:
    """A node of a graph with what it works on.

    Parameters
    ----------
    kind : str
        The operator's name, with its domain before it if it is not one of ONNX itself.
    arguments : list
        Its inputs, in order.
    attributes : dict
        Its attributes: numbers, lists of numbers, and arrays.
    opset : int
        The version of ONNX's own operators.

    Raises
    ------
    UnsupportedLayer
        By its methods, where an input or attribute is of another kind than asked for.
    """

    kind: str
    arguments: list[Value]
    attributes: dict[str, Any]
    opset: int

    def argument(self, place: int) -> Value:
        """An input; None if it is left out."""
        return self.arguments[place] if place < len(self.arguments) else None

    def data(self, place: int = 0) -> Data:
        """An input that depends on the network's."""
        value = self.argument(place)
        if not isinstance(value, Data):
            raise UnsupportedLayer("it does not work on the data")
        return value

    def floats(self, place: int) -> FloatArray:
        """An input of constant numbers."""
        value = self.argument(place)
        if not isinstance(value, np.ndarray) or value.dtype != np.float64:
            raise UnsupportedLayer("its other input is not constant weights")
        return value

    def integers(self, place: int) -> list[int] | None:
        """An input that is a constant list of integers; None if it is left out."""
        value = self.argument(place)
        if value is None:
            return None
        if not isinstance(value, np.ndarray) or value.dtype.kind != "i" or value.ndim > 1:
            raise UnsupportedLayer("its axes or shape are not constant integers")
        if value.size > MOST_INTEGERS:
            raise UnsupportedLayer(f"its axes or shape are {value.size} integers")
        return [int(number) for number in value.reshape(-1)]

    def axes(self, place: int, since: int) -> list[int] | None:
        """Integers that are an attribute before the opset `since`, and an input from it on."""
        return self.integers(place) if self.opset >= since else self.numbers("axes")

    def number(self, name: str, default: int | None = None) -> int:
        """An attribute that is one integer."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise UnsupportedLayer(f"its attribute {name} is not an integer")
        return value

    def numbers(self, name: str) -> list[int] | None:
        """An attribute that is a list of integers; None if it is left out."""
        value = self.attributes.get(name)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(number, int) for number in value)
        ):
            raise UnsupportedLayer(f"its attribute {name} is not a list of integers")
        return value

    def data_and_floats(self) -> tuple[Data, FloatArray]:
        """Two inputs whose order does not matter."""
        if len(self.arguments) != 2:
            raise UnsupportedLayer(f"it has {len(self.arguments)} inputs, not two")
        place = 1 if isinstance(self.argument(1), Data) else 0
        return self.data(place), self.floats(1 - place)
