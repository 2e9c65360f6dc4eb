"""From an approximate dual point of the level lifts to a certificate that the kernel accepted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.certify import Certified
from certnn.certificates.directions import bounds
from certnn.certificates.matrix_documents import regions_certificate
from certnn.certificates.region_blocks import RegionBlock, alone, alone_points, region_blocks
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.certificates.sphere import least_height
from certnn.errors import SolverError
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem

_FIRST_SHIFT, _LAST_SHIFT, _GROWTH = 4.0 * float(np.finfo(float).eps), 1e-6, 8.0
#: μ is so many times what the shift asks for above the least: the form may leave u free.
_MARGIN = 8.0
#: The kernel's own shift for each point, beside the first one here; and what a shift takes of the
#: square of a point alone is so many times as much, as its scaled square may be a half.
_FOR_A_POINT, _ALONE = 2e-3, 4.0
#: What s is above ‖r‖ at least, and kappa above what the leaves need, as shares.
_ABOVE, _ROOM = 1e-14, 1e-11


def certify_regions(
    problem: TrainingProblem, point: RegionsPoint, about: dict[str, str]
) -> Certified:
    """Complete an approximate dual point to an exact certificate, and have it checked.

    A poor point gives a weak bound, never a false one: the kernel judges every proposal (Theorems
    3, 18, 48, 49 and 51). Raises `SolverError` if the point has entries that are not finite
    numbers, or its forms cannot be made definite in floats.
    """
    if not point.finite:
        raise SolverError("the dual point has entries that are not finite")
    point = replace(
        point,
        Z=feasible_dual_point(problem, point.Z),
        leaves=tuple(_admissible(leaf, point.ball is not None) for leaf in point.leaves),
    )
    features = problem.features if point.ball is None else point.ball.features(problem.X)
    forms = [
        _LeafForm.of(features, point.Z, point.cover.rays[leaf.direction], leaf)
        for leaf in point.leaves
    ]
    unit = max(form.largest for form in forms) or 1.0
    shift = _FIRST_SHIFT * max(1.0, _FOR_A_POINT * problem.n)
    reason = "a form is not definite in floats"
    while shift < _LAST_SHIFT:
        found = [
            _least_height(form, shift, unit, None if point.ball is None else leaf.nu)
            for form, leaf in zip(forms, point.leaves, strict=True)
        ]
        least = [one for one in found if one is not None]
        if len(least) == len(forms):
            kappa, heights = _heights(point, np.array([height for height, _, _ in least]))
            chosen = zip(point.leaves, least, strict=True)
            leaves_of_file = tuple(replace(leaf, mu=mu, nu=nu) for leaf, (_, mu, nu) in chosen)
            certificate = regions_certificate(
                problem, replace(point, leaves=leaves_of_file), kappa, heights, about
            )
            try:
                return Certified(certificate, certificate.check())
            except kernel.Rejected as rejected:
                reason = str(rejected)
        shift *= _GROWTH
    raise SolverError(f"no proof was found: {reason}")


def _admissible(leaf: RegionLeaf, free_bias: bool) -> RegionLeaf:
    """Without negative multipliers, and with every s above its ‖r‖, or |t| beside it."""
    products, r = leaf.products, leaf.ball_multipliers[:, :-1]
    own = r.shape[1] - free_bias
    norms = np.linalg.norm(r[:, :own], axis=1) + np.sum(np.abs(r[:, own:]), axis=1)
    least = norms * (1.0 + _ABOVE) + float(np.finfo(float).tiny)
    allowed = (products.multiplier > 0.0) | products.sign_is_free
    # Of a million points copies are large, and what is streamed is admissible as it is.
    if not np.all(allowed):
        leaf = replace(leaf, products=products.selected(allowed))
    if np.any(leaf.ball_multipliers[:, -1] < least):
        above = np.maximum(leaf.ball_multipliers[:, -1], least)
        leaf = replace(leaf, ball_multipliers=np.hstack([r, above[:, None]]))
    return leaf


def _heights(point: RegionsPoint, least: FloatArray) -> tuple[float, FloatArray]:
    """The least kappa, and bounds of all directions that prove it and that the leaves can prove."""
    unit = bounds(point.cover, 1.0, Budget())
    needed = np.zeros(unit.size)
    np.maximum.at(needed, [leaf.direction for leaf in point.leaves], least)
    kappa = max(float(np.max(needed / unit)), float(np.finfo(float).tiny)) * (1.0 + _ROOM)
    return kappa, bounds(point.cover, kappa, Budget())


@dataclass(frozen=True, eq=False)
class _LeafForm:
    """The matrix 2S of a leaf without what h, μ and ν are in.

    Attributes
    ----------
    blocks : list of RegionBlock
        Of points that products join, and of fixed ones.
    corner, eliminated : arrays, shape (columns + 1,) * 2
        What the other points add over u and ρ, and what their elimination takes from it.
    definite : bool
        Whether these points have positive squares.
    largest : float
        The largest entry.
    """

    blocks: list[RegionBlock]
    corner: NDArray[np.floating[Any]]
    eliminated: NDArray[np.floating[Any]]
    definite: bool
    largest: float

    @classmethod
    def of(
        cls, features: NDArray[np.floating[Any]], Z: FloatArray, ray: FloatArray, leaf: RegionLeaf
    ) -> _LeafForm:
        is_alone = alone(leaf)
        blocks = region_blocks(features, Z, ray, leaf, is_alone)
        width, definite = features.shape[1] + 1, True
        corner, eliminated = np.zeros((2, width, width), dtype=np.longdouble)
        entries = [block.matrix for block in blocks]
        largest = max(float(np.max(np.abs(own), initial=0.0)) for own in entries)
        for points in alone_points(features, Z, ray, leaf, is_alone):
            corner += points.corner
            definite = definite and bool(np.all(points.diagonal > 0.0))
            with np.errstate(all="ignore"):
                crossed = points.across / np.sqrt(points.diagonal)[:, None]
            eliminated += crossed.T @ crossed
            largest = max(largest, float(np.max(np.abs(points.across))))
        return cls(blocks, corner, eliminated, definite, largest)


def _least_height(
    form: _LeafForm, shift: float, unit: float, nu: float | None
) -> tuple[float, float, float] | None:
    """The least h that makes a leaf's form definite with some μ, that, and ν; None if none does.

    Of a free bias ν is given, but for the shift. Where nothing is left of the form h is as small as
    the unit allows.
    """
    if not form.definite:
        return None
    width = form.corner.shape[0]
    border = form.corner - form.eliminated * (1.0 + _ALONE * shift)
    for block in form.blocks:
        m = block.points.size
        border += block.matrix[m:, m:]
        if m:
            crossed = _eliminated(block.matrix, m, shift)
            if crossed is None:
                return None
            border -= crossed
    turned = -0.5 * np.roll(border, 1, axis=(0, 1)).astype(np.float64)  # ρ first
    margin = _MARGIN * shift * width * (float(np.max(np.abs(turned))) or unit)
    if nu is not None:
        nu = max(nu, float(turned[-1, -1])) + margin
    mu = least_height(turned, nu)[1] + margin
    diagonal = np.append(np.full(width - 1, 2.0 * mu), -2.0 * mu)
    if nu is not None:
        diagonal[-2] = 2.0 * nu
        diagonal[-1] -= 2.0 * nu
    border += np.diag(diagonal)
    crossed = _eliminated(border, width - 1, shift)
    if crossed is None:
        return None
    return 0.5 * float(crossed[0, 0] - border[-1, -1]), mu, nu or 0.0


def _eliminated(
    matrix: NDArray[np.floating[Any]], size: int, shift: float
) -> NDArray[np.floating[Any]] | None:
    """BᵀD⁻¹B of the blocks [D, B; Bᵀ, ·], D of that size and shifted after it is scaled."""
    diagonal = np.diag(matrix)[:size].astype(np.float64)
    if not np.all(diagonal > 0.0):
        return None
    weights = np.exp2(-np.round(np.log2(diagonal) / 2.0))
    scaled = (matrix[:size, :size] * weights[:, None] * weights[None, :]).astype(np.float64)
    try:
        factor = np.linalg.cholesky(scaled - shift * (size + 1) * np.eye(size))
    except np.linalg.LinAlgError:
        return None
    across = matrix[:size, size:].astype(np.float64) * weights[:, None]
    from scipy.linalg import solve_triangular

    cross = solve_triangular(factor, across, lower=True, check_finite=False)
    wide = cross.astype(np.longdouble)
    square: NDArray[np.floating[Any]] = wide.T @ wide
    return square
