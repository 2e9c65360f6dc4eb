"""The dual of the relaxation in the units of the solver: reg 1, orthonormal combinations of data.

Maximise ⟨ζ, η⟩ − ½‖ζ‖² + lost over ζ (K×c) and multipliers y of products such that

    S = diag(I, 0, I) − 2 Σ λ_k ζ_ko sym(f_k·v_o) − 2 Σ y_rs sym(f_r·f_s)

in the variables (u, s, v) of `Forms` is positive semidefinite, y_rs ≥ 0 but for the products
a_i·b_i. All data rows on one line see neurons through the same form f_k, so that only one
combination of their targets can be fitted: η_k is that one, and the rest is lost (Theorem 8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products
from certnn.relaxation.interior.dense.forms import Forms
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Beyond this and its inverse the best ζ no longer changes, but for its size (data of size 1).
_SMALLEST_REG = 1e-12


@dataclass(frozen=True, eq=False)
class Program:
    """The data of the dual.

    Attributes
    ----------
    forms : Forms
    fitted : int64 array, shape (K,)
        The forms f_k that data rows see.
    lengths : float64 array, shape (K,)
        λ_k.
    targets : float64 array, shape (K, c)
        η.
    combinations : sparse array, shape (n, K)
        Orthonormal columns: how data rows combine.
    remainder : float64 array, shape (n, c)
        What of the data's targets no combination holds.
    reg : float
        Unit of the multipliers: that of the reduced problem, or the nearest that floats bear.
    shrink : float
        At most 1: a dual point for `reg` times this is one for the reduced problem.
    value_scale : float
        From objectives of the reduced problem to those of the original.
    """

    forms: Forms
    fitted: IndexArray
    lengths: FloatArray
    targets: FloatArray
    combinations: csr_array
    remainder: FloatArray
    reg: float
    shrink: float
    value_scale: float

    @property
    def lost(self) -> float:
        """The loss that no network avoids."""
        return 0.5 * float(np.sum(self.remainder**2))

    def value(self, zeta: FloatArray) -> float:
        """The dual objective."""
        return float(np.sum(zeta * (self.targets - 0.5 * zeta))) + self.lost

    def nothing_to_fit(self) -> DualIterate:
        """The best dual point where all targets are zero but for what is lost."""
        none = np.zeros(0, dtype=np.int64)
        return self.iterate(self.targets, none, none, np.zeros(0), self.lost)

    def iterate(
        self,
        zeta: FloatArray,
        first: IndexArray,
        second: IndexArray,
        y: FloatArray,
        estimate: float,
    ) -> DualIterate:
        """A dual point in the units of the reduced problem."""
        m = self.forms.points
        zeta = self.shrink * zeta
        Z = self.combinations @ zeta + self.remainder
        products = Products(m, first, second, self.shrink * self.reg * y)
        value = self.value(zeta)
        return DualIterate(Z, products, self.value_scale * value, self.value_scale * estimate)


def make_program(reduced: ReducedProblem) -> Program:
    """The dual of a reduced problem."""
    seen = csr_array(hstack([reduced.lift_a, reduced.lift_b]))
    norms = np.sqrt(np.asarray(seen.multiply(seen).sum(axis=0), dtype=np.float64).ravel())
    fitted = np.flatnonzero(norms > 0.0)
    combinations = csr_array(seen[:, fitted] @ diags_array(1.0 / norms[fitted]))
    reg = min(max(reduced.reg, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
    targets = combinations.T @ reduced.targets
    return Program(
        forms=Forms(reduced.rows, reduced.outputs),
        fitted=fitted,
        lengths=norms[fitted] / reg,
        targets=targets,
        combinations=combinations,
        remainder=reduced.targets - combinations @ targets,
        reg=reg,
        shrink=min(reduced.reg / reg, 1.0),
        value_scale=reduced.value_scale,
    )
