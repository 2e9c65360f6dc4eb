"""The step of the splitting that fits outputs to targets: the proximal map of the loss.

An output bias is fitted with them. Half-squared loss has a closed form; softmax takes steps of
Newton's method row by row, of which the Hessian is diagonal but for one rank, and goes on from
where the step before has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from certnn.arrays import FloatArray
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.first_order.dual_weights import Layout
from certnn.relaxation.first_order.form_blocks import Array, FormBlocks, namespace

#: Steps of Newton's method for softmax, and the largest change of a logit in one.
_NEWTON, _LARGEST = 2, 2.0


class Fit(Protocol):
    """What fits the products with v, each times its weight, to the targets."""

    def nearest(self, given: FormBlocks, rho: float) -> tuple[Array, Array]:
        """The av- and bv-blocks that are best at loss + ρ·(squared distance), each entry twice."""

    def value(self, products: FormBlocks) -> float:
        """The loss of products, with the best output bias, and what that costs."""


def fit_of(layout: Layout, weights: FormBlocks, moved: Callable[[FloatArray], Array]) -> Fit:
    """That of a layout's loss, in arrays that `moved` makes."""
    kind = _SquaredFit if layout.loss == HALF_SQUARED else _SoftmaxFit
    return kind(layout, weights, moved)


class _SquaredFit:
    def __init__(
        self, layout: Layout, weights: FormBlocks, moved: Callable[[FloatArray], Array]
    ) -> None:
        program, self._layout = layout.program, layout
        self._xp: Any = namespace(weights.av)
        lengths = [moved(x[:, None]) for x in layout.fits(program.lengths)]
        both = zip(lengths, (weights.av, weights.bv), strict=True)
        self._scales = [length / weight for length, weight in both]
        self._targets = [moved(x) for x in layout.fits(program.targets)]
        self._ones = [moved(x[:, None]) for x in layout.fits(layout.ones)]

    def nearest(self, given: FormBlocks, rho: float) -> tuple[Array, Array]:
        blocks = given.av, given.bv
        sides = list(zip(blocks, self._scales, self._targets, self._ones, strict=True))
        bias = self._bias(
            [target - scale * block for block, scale, target, _ in sides],
            [2.0 * rho / (scale * scale + 2.0 * rho) for scale in self._scales],
        )
        av, bv = (
            (scale * (target - one * bias) + 2.0 * rho * block) / (scale * scale + 2.0 * rho)
            for block, scale, target, one in sides
        )
        return av, bv

    def value(self, products: FormBlocks) -> float:
        xp, blocks = self._xp, (products.av, products.bv)
        sides = zip(blocks, self._scales, self._targets, strict=True)
        gaps = [target - scale * block for block, scale, target in sides]
        bias = self._bias(gaps, [xp.ones_like(gap) for gap in gaps])
        value = (self._layout.decay or 0.0) * float(xp.sum(bias * bias))
        for gap, one in zip(gaps, self._ones, strict=True):
            value += float(xp.sum((gap - one * bias) ** 2))
        return 0.5 * value + self._layout.program.lost

    def _bias(self, gaps: list[Array], shares: list[Array]) -> Array:
        """The output bias that fits the gaps best, whose squares count by these shares."""
        xp, decay = self._xp, self._layout.decay
        if decay is None:
            return 0.0 * gaps[0][0, :]
        seen = [share * one for share, one in zip(shares, self._ones, strict=True)]
        wanted = sum(xp.sum(s * gap, axis=0) for s, gap in zip(seen, gaps, strict=True))
        given = sum(xp.sum(s * one, axis=0) for s, one in zip(seen, self._ones, strict=True))
        return wanted / (given + decay)


class _SoftmaxFit:
    """Every row has a form a_i of its own, and b-forms fit nothing."""

    def __init__(
        self, layout: Layout, weights: FormBlocks, moved: Callable[[FloatArray], Array]
    ) -> None:
        program, self._layout = layout.program, layout
        self._xp: Any = namespace(weights.av)
        self._scale = moved(layout.fits(program.lengths)[0][:, None]) / weights.av
        self._targets = moved(layout.fits(program.targets)[0])
        self._total = self._xp.sum(self._targets, axis=1)[:, None]
        self._logits = 0.0 * self._targets
        self._bias = self._logits[0, :]

    def nearest(self, given: FormBlocks, rho: float) -> tuple[Array, Array]:
        xp, scale, decay = self._xp, self._scale, self._layout.decay
        wanted, pull = scale * given.av, 2.0 * rho / (scale * scale)
        for _ in range(_NEWTON):
            p = self._total * self._shares(self._logits + self._bias)
            if decay is not None:
                slope = xp.sum(p - self._targets, axis=0) + decay * self._bias
                step = slope / (xp.sum(p * pull / (p + pull), axis=0) + decay)
                self._bias = self._bias - xp.clip(step, -_LARGEST, _LARGEST)
                p = self._total * self._shares(self._logits + self._bias)
            diagonal = p + pull
            step = (p - self._targets + pull * (self._logits - wanted)) / diagonal
            joint = p / diagonal
            left = self._total - xp.sum(p * joint, axis=1)[:, None]
            step = step + joint * (xp.sum(p * step, axis=1)[:, None] / left)
            self._logits = self._logits - xp.clip(step, -_LARGEST, _LARGEST)
        return self._logits / scale, given.bv

    def value(self, products: FormBlocks) -> float:
        xp, logits = self._xp, self._scale * products.av + self._bias
        log_shares = xp.log(self._shares(logits))
        value = 0.5 * (self._layout.decay or 0.0) * float(xp.sum(self._bias**2))
        return value - float(xp.sum(self._targets * log_shares))

    def _shares(self, logits: Array) -> Array:
        xp = self._xp
        grown = xp.exp(logits - xp.max(logits, axis=1)[:, None])
        return grown / xp.sum(grown, axis=1)[:, None]
