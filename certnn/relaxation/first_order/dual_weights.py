"""Dual points as weights of the products of all forms: their form S, and what they prove."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.linalg
import scipy.optimize

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.problem.dual_bound import best_scale
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.relaxation.first_order.form_blocks import FormBlocks, FormMap
from certnn.relaxation.first_order.long_column import LongColumn
from certnn.relaxation.interior.dense.program import Program, make_program
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Sizes from here to its inverse can be balanced without leaving the range of floats.
_SAFE = 1e-150
#: Share of the rows that combinations of them may leave out where there is an output bias.
_LEFT_OUT = 1e-9
#: What a class keeps of a row's weight with softmax, and sweeps over rows and columns.
_KEPT, _SWEEPS = 1e-12, 50


@dataclass(frozen=True, eq=False)
class DualWeights:
    """A dual point of a `Program`: S = diag(I, 0, I) − Σ weights_ij·fᵢ·fⱼᵀ in (u, s, v).

    Attributes
    ----------
    zeta : float64 array, shape (K, c)
    form : float64 array, shape (p, p)
        S; it may be indefinite.
    weights : FormBlocks
        λζ in the blocks of v and the multipliers of the other products, in numpy.
    """

    zeta: FloatArray
    form: FloatArray
    weights: FormBlocks

    def blend(self, share: float, other: DualWeights) -> DualWeights:
        """This point moved by a share of the way to another."""
        keep = 1.0 - share
        return DualWeights(
            keep * self.zeta + share * other.zeta,
            keep * self.form + share * other.form,
            self.weights * keep + other.weights * share,
        )


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a program's ζ and multipliers stand among the weights.

    Attributes
    ----------
    program : Program
        Of targets that sum to zero where an output bias is free, as every ζ then does.
    decay : float or None
        Of an output bias: 0.0 if it is free, None without one.
    loss : Loss
        Half-squared or softmax.
    """

    program: Program
    decay: float | None = None
    loss: Loss = HALF_SQUARED

    @classmethod
    def of(cls, reduced: ReducedProblem) -> Layout:
        """That of a reduced problem with one of these losses.

        Raises
        ------
        SolverError
            If there is an output bias or the loss softmax, and a row is zero, or with a bias a
            multiple of another.
        """
        decay, n = reduced.bias_decay, len(reduced.targets)
        if decay == 0.0 and reduced.loss == HALF_SQUARED:
            targets = reduced.targets - np.mean(reduced.targets, axis=0)
            reduced = replace(reduced, targets=targets)
        layout = cls(make_program(reduced), decay, reduced.loss)
        if decay is not None and n - float(layout.ones @ layout.ones) > _LEFT_OUT * n:
            raise SolverError("with an output bias it takes no rows that are multiples of others")
        if reduced.loss != HALF_SQUARED and layout.program.fitted.size < n:
            raise SolverError("with the loss softmax it takes no rows of zeros")
        return layout

    @property
    def start(self) -> FloatArray:
        """A multiple of this is a first ζ: what no network but the best output bias leaves."""
        Y = self.program.targets
        if self.loss == HALF_SQUARED:
            return Y
        shares = np.sum(Y, axis=0) / np.sum(Y)
        left: FloatArray = Y - np.sum(Y, axis=1)[:, None] * shares
        return left

    @cached_property
    def long_column(self) -> LongColumn | None:
        """What rows have in common, where it is much longer than what they differ by."""
        return LongColumn.of(self.program.forms.rows)

    @cached_property
    def ones(self) -> FloatArray:
        """How an output bias is seen in the combinations of rows; shape (K,)."""
        return np.asarray(self.program.combinations.sum(axis=0), dtype=np.float64).ravel()

    @property
    def points(self) -> int:
        """Number m of directions."""
        return self.program.forms.points

    def fits(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """An array of K rows as the rows of a and of b, zero where no data row sees a form."""
        m = self.points
        both = np.zeros((2 * m, *values.shape[1:]))
        both[self.program.fitted] = values
        return both[:m], both[m:]

    def point(self, weights: FormBlocks) -> DualWeights:
        """The dual point of these weights; squares a_i², b_i² and products of v are dropped."""
        np.fill_diagonal(weights.aa, 0.0)
        np.fill_diagonal(weights.bb, 0.0)
        weights.vv[:] = 0.0
        program, forms = self.program, self.program.forms
        both = np.concatenate([weights.av, weights.bv])[program.fitted]
        form = -FormMap(forms.rows).matrix(weights)
        unit = np.ones(forms.order)
        unit[forms.rank : forms.rank + forms.points] = 0.0
        form[np.diag_indices(forms.order)] += unit
        return DualWeights(both / program.lengths[:, None], form, weights)

    def from_iterate(self, iterate: DualIterate) -> DualWeights:
        """A dual point of another solver of the same reduced problem."""
        program, m = self.program, self.points
        products = iterate.products
        whole = np.zeros((2 * m, 2 * m))
        np.add.at(whole, (products.first, products.second), products.multiplier / program.reg)
        whole = whole + whole.T
        zeta = program.combinations.T @ iterate.Z
        av, bv = self.fits(program.lengths[:, None] * zeta)
        c = zeta.shape[1]
        a, b = slice(0, m), slice(m, 2 * m)
        blocks = whole[a, a].copy(), whole[a, b].copy(), whole[b, b].copy()
        return self.point(FormBlocks(*blocks, av, bv, np.zeros((c, c))))

    def iterate(self, point: DualWeights, estimate: float) -> DualIterate:
        """The dual point for others; `estimate` in the units of the program."""
        m, weights = self.points, point.weights
        upper_a, upper_b = np.triu(weights.aa), np.triu(weights.bb)
        parts = [np.nonzero(block) for block in (upper_a, weights.ab, upper_b)]
        first = np.concatenate([parts[0][0], parts[1][0], parts[2][0] + m])
        second = np.concatenate([parts[0][1], parts[1][1] + m, parts[2][1] + m])
        y = np.concatenate([upper_a[parts[0]], weights.ab[parts[1]], upper_b[parts[2]]])
        found = self.program.iterate(point.zeta, first, second, y, estimate)
        value = self._value(self.program.shrink * point.zeta)
        return replace(found, bound=self.program.value_scale * value)

    def within(self, weights: FormBlocks) -> FormBlocks:
        """Weights with ζ in the domain of the loss's conjugate, and balanced where that is needed.

        For softmax Q = Y − ζ ≥ 0 is scaled until its rows, and columns, sum to those of Y.
        """
        if self.loss == HALF_SQUARED:
            return weights
        Y, lengths = self.program.targets, self.fits(self.program.lengths)[0][:, None]
        total, columns = np.sum(Y, axis=1, keepdims=True), np.sum(Y, axis=0)
        Q = np.maximum(Y - weights.av / lengths, _KEPT * total)
        for _ in range(_SWEEPS if self.decay == 0.0 else 1):
            if self.decay == 0.0:
                Q *= columns / np.maximum(np.sum(Q, axis=0), _KEPT)  # 0 of a class without points
            Q *= total / np.sum(Q, axis=1, keepdims=True)
        return replace(weights, av=lengths * (Y - Q))

    def _value(self, zeta: FloatArray) -> float:
        """What a dual point gives, in the units of the program (Theorems 37 and 38)."""
        bias = 0.5 * self._of_bias(zeta)
        if self.loss == HALF_SQUARED:
            return self.program.value(zeta) - bias
        return self.loss.dual_value(zeta, self.program.targets) - bias

    def _of_bias(self, zeta: FloatArray) -> float:
        """What a decayed output bias adds to ‖ζ‖² (Theorem 38)."""
        return float(np.sum((self.ones @ zeta) ** 2)) / self.decay if self.decay else 0.0

    def proved(self, point: DualWeights) -> Proof:
        """What the best rescaling of a point proves; nothing if the s-block is indefinite.

        The multipliers other than ζ may have a factor of their own, which trades u against v
        (Theorems 3 and 11(c)).
        """
        program, forms = self.program, self.program.forms
        r, m = forms.rank, forms.points
        kept = np.r_[0:r, r + m : forms.order]
        s = slice(r, r + m)
        root, failed = scipy.linalg.lapack.dpotrf(point.form[s, s], lower=1, clean=0)
        if failed:
            return _NOTHING
        solved = scipy.linalg.solve_triangular(
            root, point.form[s][:, kept], lower=True, check_finite=False
        )
        with np.errstate(over="ignore", invalid="ignore"):
            taken = np.eye(kept.size) - point.form[np.ix_(kept, kept)] + solved.T @ solved
        if not np.all(np.isfinite(taken)):
            return _NOTHING
        factor, kappa = _balanced(taken, r)
        largest = 1.0 / kappa if kappa > 0.0 else np.inf
        scale = min(1.0, largest)
        if self.loss == HALF_SQUARED:
            product = float(np.sum(point.zeta * program.targets))
            square = float(np.sum(point.zeta**2)) + self._of_bias(point.zeta)
            scale = best_scale(product, square, largest)
        return Proof(self._value(scale * point.zeta), scale, scale * factor)

    def rescaled(self, point: DualWeights, proof: Proof) -> DualWeights:
        """The rescaling of a point that proves this."""
        w, by = point.weights, proof.product_scale
        products = by * w.aa, by * w.ab, by * w.bb
        fits = proof.fit_scale * w.av, proof.fit_scale * w.bv
        return self.point(FormBlocks(*products, *fits, w.vv.copy()))


@dataclass(frozen=True)
class Proof:
    """The bound of a rescaled dual point, in the units of the program, and its factors."""

    value: float
    fit_scale: float
    product_scale: float


_NOTHING = Proof(0.0, 0.0, 0.0)


def _balanced(taken: FloatArray, r: int) -> tuple[float, float]:
    """The factor on the u-block (its inverse on that of v) at which κ is least, and that κ."""
    top = float(np.linalg.eigvalsh(taken[:r, :r])[-1])
    bottom = float(np.linalg.eigvalsh(taken[r:, r:])[-1])

    def kappa(logarithm: float) -> float:
        half = np.exp(0.5 * logarithm)
        weight = np.concatenate([np.full(r, half), np.full(taken.shape[0] - r, 1.0 / half)])
        return float(np.linalg.eigvalsh(taken * weight[:, None] * weight[None, :])[-1])

    same = kappa(0.0)
    if not (_SAFE < top < 1.0 / _SAFE and _SAFE < bottom < 1.0 / _SAFE):
        return 1.0, same
    middle = 0.5 * float(np.log(bottom / top))
    found = scipy.optimize.minimize_scalar(
        kappa, bounds=(middle - 2.0, middle + 2.0), method="bounded", options={"xatol": 1e-3}
    )
    least = float(found.fun)
    return (float(np.exp(found.x)), least) if least < same else (1.0, same)
