"""From an approximate dual point of the level regions to a certificate that the kernel accepted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.certify import Certified
from certnn.certificates.directions import bounds
from certnn.certificates.document import regions_certificate
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint, region_form
from certnn.errors import SolverError
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem

_FIRST_SHIFT, _LAST_SHIFT, _GROWTH = 4.0 * float(np.finfo(float).eps), 1e-6, 8.0
#: L is rounded to multiples of this, so that the kernel's integers stay short.
_GRID = 2.0**-60
#: What s is above ‖r‖ at least, and kappa above what the leaves need, as shares.
_ABOVE, _ROOM = 1e-14, 1e-11


def certify_regions(
    problem: TrainingProblem, point: RegionsPoint, about: dict[str, str]
) -> Certified:
    """Complete an approximate dual point to an exact certificate, and have it checked.

    A poor point gives a weak bound, never a false one: the kernel judges every proposal
    (Theorems 3, 18, 48 and 49).

    Raises
    ------
    SolverError
        If the point has entries that are not finite numbers, or its forms cannot be made definite
        in floats.
    """
    if not point.finite:
        raise SolverError("the dual point has entries that are not finite")
    point = replace(
        point,
        Z=feasible_dual_point(problem, point.Z),
        leaves=tuple(_admissible(leaf) for leaf in point.leaves),
    )
    forms = [
        region_form(problem.features, point.Z, point.cover.rays[leaf.direction], leaf)
        for leaf in point.leaves
    ]
    shift, reason = _FIRST_SHIFT, "a form is not definite in floats"
    while shift < _LAST_SHIFT:
        eliminated = [_eliminated(form, shift) for form in forms]
        done = [one for one in eliminated if one is not None]
        if len(done) == len(forms):
            kappa, heights = _heights(point, done)
            witnesses = [
                one.witness(float(heights[leaf.direction]))
                for one, leaf in zip(done, point.leaves, strict=True)
            ]
            certificate = regions_certificate(problem, point, kappa, heights, witnesses, about)
            try:
                return Certified(certificate, certificate.check())
            except kernel.Rejected as rejected:
                reason = str(rejected)
        shift *= _GROWTH
    raise SolverError(f"no witness was found: {reason}")


def _admissible(leaf: RegionLeaf) -> RegionLeaf:
    """Without negative multipliers, and with every s above its ‖r‖."""
    products, r = leaf.products, leaf.ball_multipliers[:, :-1]
    least = np.linalg.norm(r, axis=1) * (1.0 + _ABOVE) + float(np.finfo(float).tiny)
    above = np.maximum(leaf.ball_multipliers[:, -1], least)
    return replace(
        leaf,
        products=products.selected((products.multiplier > 0.0) | products.sign_is_free),
        ball_multipliers=np.hstack([r, above[:, None]]),
    )


def _heights(point: RegionsPoint, eliminated: list[_Eliminated]) -> tuple[float, FloatArray]:
    """The least kappa, and bounds of all directions that prove it and that the leaves can prove."""
    unit = bounds(point.cover, 1.0, Budget())
    needed = np.zeros(unit.size)
    for one, leaf in zip(eliminated, point.leaves, strict=True):
        needed[leaf.direction] = max(needed[leaf.direction], one.least)
    kappa = max(float(np.max(needed / unit)), float(np.finfo(float).tiny)) * (1.0 + _ROOM)
    return kappa, bounds(point.cover, kappa, Budget())


@dataclass(frozen=True, eq=False)
class _Eliminated:
    """A form with a and u eliminated, all scaled to about unit diagonal.

    Attributes
    ----------
    weights : float64 array, shape (order,)
        Powers of two; that of ρ is for the size of what is left.
    factor : float64 array, shape (order − 1, order − 1)
        Lower triangular.
    cross : float64 array, shape (order − 1,)
        The row of L for ρ.
    constant : float
        What ρ² has besides 2h, scaled, when `cross` is taken away and room for rounding is left.
    """

    weights: FloatArray
    factor: FloatArray
    cross: FloatArray
    constant: float

    @property
    def least(self) -> float:
        """The least h."""
        return -0.5 * self.constant / float(self.weights[-1]) ** 2

    def witness(self, height: float) -> tuple[FloatArray, FloatArray]:
        """w, and L row by row."""
        left = 2.0 * height * float(self.weights[-1]) ** 2 + self.constant
        last = np.floor(np.sqrt(max(left, 0.0)) / _GRID) * _GRID
        size = self.factor.shape[0]
        return self.weights, np.concatenate(
            [self.factor[np.tril_indices(size)], self.cross, [last]]
        )


def _eliminated(form: NDArray[np.floating[Any]], shift: float) -> _Eliminated | None:
    """Eliminate a and u; None where their block, scaled and shifted, is not definite."""
    size = form.shape[0] - 1
    diagonal = np.diag(form)[:size].astype(np.float64)
    if not np.all(diagonal > 0.0):
        return None
    weights = np.exp2(-np.round(np.log2(diagonal) / 2.0))
    room = shift * (size + 1)
    scaled = (form[:size, :size] * weights[:, None] * weights[None, :]).astype(np.float64)
    try:
        factor = np.linalg.cholesky(scaled - room * np.eye(size))
    except np.linalg.LinAlgError:
        return None
    factor = np.round(factor / _GRID) * _GRID
    border = form[:size, size].astype(np.float64) * weights
    cross = scipy.linalg.solve_triangular(factor, border, lower=True, check_finite=False)
    square = float(cross @ cross)
    largest = max(square, abs(float(form[size, size])), float(np.finfo(float).tiny))
    unit = float(np.exp2(-np.ceil(np.log2(largest) / 2.0)))
    cross = np.round(cross * unit / _GRID) * _GRID
    wide = cross.astype(np.longdouble)
    constant = float(form[size, size] * unit**2 - wide @ wide) - 2.0 * room
    return _Eliminated(np.append(weights, unit), factor, cross, constant)
