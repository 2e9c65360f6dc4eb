"""Layers put together one after the other into a two-layer ReLU network, or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from certnn.arrays import FloatArray
from certnn.reading.networks.biased_network import BiasedNetwork


class UnsupportedLayer(Exception):
    """A layer that no two-layer ReLU network has at its place; the message says why."""


@dataclass(frozen=True)
class Linear:
    """x ↦ x·weight + bias: weight (inputs × outputs) and bias (outputs,) or None, as stored."""

    weight: FloatArray
    bias: FloatArray | None = None


@dataclass(frozen=True)
class LayerChain:
    """The layers met so far, from the input on; every method returns the chain with one more.

    They raise `UnsupportedLayer` where the network would not be one of two layers.

    No two stored numbers are ever multiplied or added, so that what is read is what was stored.
    """

    hidden: Linear | None = None
    rectified: bool = False
    outer: Linear | None = None
    output_activation: str = "identity"

    @property
    def last(self) -> Linear | None:
        """The linear layer met last."""
        return self.outer if self.rectified else self.hidden

    @property
    def columns(self) -> int | None:
        """Number of columns of what comes out so far; None at the input, where it is open."""
        if self.rectified and self.outer is None and self.hidden is not None:
            return int(self.hidden.weight.shape[1])
        return None if self.last is None else int(self.last.weight.shape[1])

    def multiply(self, weight: FloatArray) -> LayerChain:
        """Append x ↦ x·weight."""
        self._require_no_activation()
        if weight.ndim != 2:
            raise UnsupportedLayer(f"its weight has {weight.ndim} dimensions, not two")
        if self.outer is not None:
            raise UnsupportedLayer("it would be a third layer of weights")
        if self.hidden is not None and not self.rectified:
            raise UnsupportedLayer("it follows another linear layer without a ReLU between")
        if self.columns not in (None, weight.shape[0]):
            raise UnsupportedLayer(f"its weight has {weight.shape[0]} inputs, not {self.columns}")
        if self.rectified:
            return replace(self, outer=Linear(weight))
        return replace(self, hidden=Linear(weight))

    def add(self, bias: FloatArray) -> LayerChain:
        """Append x ↦ x + bias, the bias of shape (outputs,)."""
        self._require_no_activation()
        if self.last is None:
            raise UnsupportedLayer("it adds to what is not the output of a linear layer")
        if self.last.bias is not None:
            raise UnsupportedLayer("it adds a second bias to a linear layer")
        columns = self.last.weight.shape[1]
        if bias.shape != (columns,):
            raise UnsupportedLayer(f"its bias has shape {bias.shape} for {columns} outputs")
        if self.rectified:
            return replace(self, outer=Linear(self.last.weight, bias))
        return replace(self, hidden=Linear(self.last.weight, bias))

    def rectify(self) -> LayerChain:
        """Append the ReLU."""
        self._require_no_activation()
        if self.hidden is None:
            raise UnsupportedLayer("a ReLU of the input itself")
        if self.outer is not None:
            raise UnsupportedLayer("a ReLU of the outputs")
        return replace(self, rectified=True)

    def activate(self, output_activation: str) -> LayerChain:
        """Append the function that makes probabilities of the outputs."""
        self._require_no_activation()
        if self.outer is None:
            raise UnsupportedLayer(f"a {output_activation} function before the output layer")
        return replace(self, output_activation=output_activation)

    def network(self, source: str) -> BiasedNetwork:
        """The network, once the chain is complete."""
        if self.hidden is None or self.outer is None:
            found = "no" if self.hidden is None else "one"
            raise UnsupportedLayer(f"{found} layer of weights before the end, not two")
        return BiasedNetwork(
            self.hidden.weight,
            self.outer.weight,
            self.hidden.bias,
            self.outer.bias,
            output_activation=self.output_activation,
            source=source,
        )

    def _require_no_activation(self) -> None:
        if self.output_activation != "identity":
            raise UnsupportedLayer(f"it follows the {self.output_activation} function at the end")
