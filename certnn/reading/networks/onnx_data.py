"""The data on their way through an ONNX graph: the layers so far, and how the tensor lies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.reading.networks.layer_chain import LayerChain, UnsupportedLayer

#: Stands for the number of points where the graph leaves it open: more than a stored array can
#: have entries, so that no constant fits it by chance.
ANY_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Data:
    """A tensor that depends on the input: every point's features after some layers.

    Every method returns the tensor after one more operation, with the shape that the operation
    gives it by ONNX's rules.

    Parameters
    ----------
    chain : LayerChain
        What has been done to the features of each point.
    shape : tuple
        The tensor's shape; None for a number of features that the graph leaves open.
    points : int or None
        Its axis of points; None if it holds one point. The features are along the others: after a
        layer along one of them, before it in row-major order.

    Raises
    ------
    UnsupportedLayer
        By its methods, where points would no longer be apart, or the network would not be one of
        two layers.
    """

    chain: LayerChain
    shape: tuple[int | None, ...]
    points: int | None

    def multiply(self, weight: FloatArray) -> Data:
        """Append x @ weight, as `numpy.matmul`."""
        chain = self.chain.multiply(weight[:, None] if weight.ndim == 1 else weight)
        self._require_features_along(len(self.shape) - 1, weight.shape[0])
        return Data(chain, self.shape[:-1] + weight.shape[1:], self.points)

    def multiply_from_left(self, weight: FloatArray) -> Data:
        """Append weight @ x, as `numpy.matmul`: points are columns."""
        axis = max(len(self.shape) - 2, 0)
        chain = self.chain.multiply(weight[:, None] if weight.ndim == 1 else weight.T)
        self._require_features_along(axis, weight.shape[-1])
        shape = (*self.shape[:axis], *weight.shape[:-1], *self.shape[axis + 1 :])
        points = self.points
        if points is not None and points > axis:
            points += weight.ndim - 2
        return Data(chain, shape, points)

    def add(self, bias: FloatArray) -> Data:
        """Append x + bias, broadcast as numpy does."""
        aligned = self._aligned(bias)
        if self.points is not None and aligned[self.points] != 1:
            raise UnsupportedLayer("it adds other numbers to other data points")
        columns = self.chain.columns
        # Only weights make the number of columns known, and no larger than what is stored.
        row = np.zeros(0) if columns is None else np.broadcast_to(bias.reshape(-1), (columns,))
        return replace(self, chain=self.chain.add(row))

    def rectify(self) -> Data:
        """Append the ReLU."""
        return replace(self, chain=self.chain.rectify())

    def maximum(self, constant: FloatArray) -> Data:
        """Append max(x, constant), which must be the ReLU."""
        if np.any(constant):
            raise UnsupportedLayer("the maximum with another number than 0")
        self._aligned(constant)
        return self.rectify()

    def activate(self, output_activation: str, axes: range | None = None) -> Data:
        """Append the function that makes probabilities; `axes` are those that it works along."""
        if axes is not None:
            along = [self.shape[axis] for axis in axes]
            if self.points in axes or None in along or _product(along) != self.chain.columns:
                raise UnsupportedLayer(f"a {output_activation} over other numbers than the outputs")
        return replace(self, chain=self.chain.activate(output_activation))

    def transpose(self, order: Sequence[int] | None = None) -> Data:
        """Exchange axes, all of them in reverse without an order."""
        axes = list(reversed(range(len(self.shape)))) if order is None else list(order)
        if sorted(axes) != list(range(len(self.shape))):
            raise UnsupportedLayer("its order of axes is not one of all axes")
        features = [axis for axis in axes if axis != self.points and self.shape[axis] != 1]
        if features != sorted(features):
            raise UnsupportedLayer("it changes the order of the features")
        points = None if self.points is None else axes.index(self.points)
        return Data(self.chain, tuple(self.shape[axis] for axis in axes), points)

    def reshape(self, sizes: Sequence[int], *, zero_copies: bool = True) -> Data:
        """The same numbers in another shape: -1 for what is left, 0 for the size that was there."""
        if zero_copies and any(size == 0 for size in sizes[len(self.shape) :]):
            raise UnsupportedLayer("it copies the size of an axis that is not there")
        new = [
            self.shape[axis] if size == 0 and zero_copies else size
            for axis, size in enumerate(sizes)
        ]
        if tuple(new) == self.shape:
            return self
        count = 1 if self.points is None else self.shape[self.points]
        if (
            any(size != 1 for size in self.shape[: self.points or 0])
            or any(size is not None and (size == 0 or size < -1) for size in new)
            or new.count(-1) > 1
        ):
            raise UnsupportedLayer("it does not keep the data points apart")
        if None in self.shape:  # as many features as there are, or as the shape says
            match new:
                case [-1, int(columns)] if columns > 0:
                    new = [count, columns]
                case [rows, int(columns)] if rows == count:
                    new = [count, None if columns == -1 else columns]
                case _:
                    raise UnsupportedLayer("it does not keep the data points apart")
        elif -1 in new:
            given = _product([size for size in new if size != -1])
            new[new.index(-1)] = _product(self.shape) // given
        if None not in self.shape and _product(new) != _product(self.shape):
            raise UnsupportedLayer("its shape has another number of entries than the data")
        first = next((axis for axis, size in enumerate(new) if size != 1), None)
        if self.points is None:
            return Data(self.chain, tuple(new), None)
        if first is None or new[first] != count:
            raise UnsupportedLayer("it does not keep the data points apart")
        return Data(self.chain, tuple(new), first)

    def flatten(self, axis: int) -> Data:
        """Join the axes before `axis`, and those from it on."""
        axis = axis + len(self.shape) if axis < 0 else axis
        if not 0 <= axis <= len(self.shape) or None in self.shape[:axis]:
            raise UnsupportedLayer("it does not keep the data points apart")
        return self.reshape((_product(self.shape[:axis]), -1), zero_copies=False)

    def squeeze(self, axes: Sequence[int] | None) -> Data:
        """Drop axes of size 1, all of them if none is named."""
        if axes is None:
            if None in self.shape:
                raise UnsupportedLayer("it drops axes of a shape that is open")
            axes = [axis for axis, size in enumerate(self.shape) if size == 1]
        dropped = {self.axis(axis) for axis in axes}
        if any(self.shape[axis] != 1 for axis in dropped):
            raise UnsupportedLayer("it drops an axis of another size than 1")
        return self._rearranged([axis for axis in range(len(self.shape)) if axis not in dropped])

    def unsqueeze(self, axes: Sequence[int]) -> Data:
        """Insert axes of size 1, at these places of the result."""
        rank = len(self.shape) + len(axes)
        new = {axis + rank if axis < 0 else axis for axis in axes}
        if len(new) != len(axes) or not new <= set(range(rank)):
            raise UnsupportedLayer("it inserts axes that are not there")
        old: Iterator[int] = iter(range(len(self.shape)))
        return self._rearranged([None if axis in new else next(old) for axis in range(rank)])

    def gather(self, axis: int, indices: NDArray[Any]) -> Data:
        """Pick entries along an axis: the only one there."""
        axis = self.axis(axis)
        if self.shape[axis] != 1 or indices.size != 1 or indices.flat[0] not in (0, -1):
            raise UnsupportedLayer("it picks some of several numbers")
        places: list[int | None] = list(range(len(self.shape)))
        places[axis : axis + 1] = [None] * indices.ndim
        return self._rearranged(places)

    def slice(self, axis: int, start: int, stop: int, step: int) -> Data:
        """Cut along an axis, as a slice of Python: all that is there."""
        size = self.shape[self.axis(axis)]
        if size is None or step == 0:
            raise UnsupportedLayer("it cuts an axis of a size that is open")
        if range(size)[start:stop:step] != range(size):
            raise UnsupportedLayer("it picks some of several numbers")
        return self

    def axis(self, axis: int) -> int:
        """The number of an axis, counted from the front."""
        if not -len(self.shape) <= axis < len(self.shape):
            raise UnsupportedLayer(f"it names axis {axis} of {len(self.shape)}")
        return axis % len(self.shape)

    def _rearranged(self, places: list[int | None]) -> Data:
        """With these axes, None for a new one of size 1."""
        shape = tuple(1 if place is None else self.shape[place] for place in places)
        points = None if self.points is None else places.index(self.points)
        return Data(self.chain, shape, points)

    def _require_features_along(self, axis: int, size: int) -> None:
        others = [
            number
            for place, number in enumerate(self.shape)
            if place not in (axis, self.points) and number != 1
        ]
        if axis < 0 or axis == self.points or others or self.shape[axis] not in (None, size):
            raise UnsupportedLayer(
                f"it multiplies {size} numbers along axis {axis} of data of shape {self._shown()}, "
                "which are not the features of a point"
            )

    def _aligned(self, constant: FloatArray) -> tuple[int, ...]:
        """The constant's shape with one size for each axis; it must not change the data's shape."""
        missing = len(self.shape) - constant.ndim
        aligned = (1,) * missing + constant.shape
        if missing < 0 or any(
            size not in (1, there) for size, there in zip(aligned, self.shape, strict=True)
        ):
            raise UnsupportedLayer(
                f"its constant of shape {constant.shape} does not fit data of shape {self._shown()}"
            )
        return aligned

    def _shown(self) -> str:
        sizes = ["any" if size in (None, ANY_NUMBER) else str(size) for size in self.shape]
        return "×".join(sizes) or "()"


def input_layouts(sizes: Sequence[int | None] | None) -> list[Data]:
    """The ways in which an input may hold points, the usual one first.

    Raises `UnsupportedLayer` if there is no point in it, or it has no axes.

    Parameters
    ----------
    sizes : sequence or None
        Its declared shape, with None for what is open; None if none is declared.
    """
    declared = (None, None) if sizes is None else tuple(sizes)
    if any(size is not None and not 0 < size < ANY_NUMBER for size in declared):
        raise UnsupportedLayer("its input has an impossible shape")
    match declared:
        case ():
            raise UnsupportedLayer("its input is a single number")
        case (_,):  # one point, or one feature of many
            return [Data(LayerChain(), declared, None), _layout(declared, 0)]
        case (None, int()):
            return [_layout(declared, 0)]
        case (int(), None):
            return [_layout(declared, 1)]
        case (_, _):
            return [_layout(declared, 0), _layout(declared, 1)]
    return [_layout(declared, 0)]


def _layout(declared: tuple[int | None, ...], points: int) -> Data:
    shape = list(declared)
    shape[points] = count = declared[points] or ANY_NUMBER
    return Data(LayerChain(), tuple(shape), None if count == 1 else points)


def _product(sizes: Sequence[int | None]) -> int:
    return math.prod(size for size in sizes if size is not None)
