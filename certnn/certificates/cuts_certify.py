"""From an approximate dual point of the level cuts to a certificate that the kernel accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certify import Certified
from certnn.certificates.cuts_form import cuts_form, with_definite_sets
from certnn.certificates.cuts_point import CutsPoint
from certnn.certificates.dual_point import IndexArray, Products
from certnn.certificates.matrix_documents import cuts_certificate
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import QuadraticForm, eliminate, largest_eigenvalue
from certnn.errors import SolverError
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem

_FIRST_SHIFT = 2.0 * float(np.finfo(float).eps)
#: How much is taken from the multipliers of a_i·b_i, in units of reg/‖x_i‖², for definiteness.
_WEIGHTS = (0.0, *10.0 ** np.arange(-12.0, 4.0))
#: Multipliers below this share of reg/(‖f_r‖‖f_s‖) are left out.
_NEGLIGIBLE = 1e-10


def certify_cuts(problem: TrainingProblem, point: CutsPoint, about: dict[str, str]) -> Certified:
    """Complete an approximate dual point to an exact certificate, and have it checked.

    A poor point gives a weak bound, never a false one: the kernel judges every proposal (Theorems
    3, 29, 30 and 31). Raises `SolverError` if the point has entries that are not finite numbers, or
    its form cannot be made definite in floats.
    """
    if not point.finite:
        raise SolverError("the dual point has entries that are not finite")
    features = problem.features
    point = replace(point, Z=feasible_dual_point(problem, point.Z))
    point = with_definite_sets(features, _admissible(problem, point))
    unit = _unit_shift(problem)
    shift, reason = _FIRST_SHIFT, "the form is not definite in floats"
    while shift < 1e-6:
        repaired = _repaired(features, point, unit, shift)
        if repaired is not None:
            witness = psd_witness(repaired[1], problem.n, shift)
            if witness is not None:
                certificate = cuts_certificate(problem, repaired[0], witness, about)
                try:
                    return Certified(certificate, certificate.check())
                except kernel.Rejected as rejected:
                    reason = str(rejected)
        shift *= 8.0
    raise SolverError(f"no witness was found: {reason}")


def _repaired(
    features: FloatArray, point: CutsPoint, unit: Products, shift: float
) -> tuple[CutsPoint, QuadraticForm] | None:
    """The smallest kappa over how many units are added (Theorem 11(b))."""
    best, found = np.inf, None
    for weight in _WEIGHTS:
        candidate = point.plus(unit.scaled(weight)) if weight else point
        form = cuts_form(features, candidate)
        schur = eliminate(form, shift)
        if schur is None:
            continue
        kappa = largest_eigenvalue(schur)
        if kappa >= best:
            break  # more of them only costs more
        best, found = kappa, (candidate, form)
    return found


def _unit_shift(problem: TrainingProblem) -> Products:
    """Multipliers −reg/‖x_i‖² of a_i·b_i, which add 2reg/‖x_i‖² to the diagonal."""
    norms = np.linalg.norm(problem.features, axis=1)
    norms = np.where(norms > 0.0, norms, float(np.max(norms)) or 1.0)
    return Products.vanishing(-problem.reg / norms**2)


def _admissible(problem: TrainingProblem, point: CutsPoint) -> CutsPoint:
    """Without negative multipliers, and those that are tiny for their forms."""
    n, features = problem.n, problem.features
    norms = np.linalg.norm(features, axis=1)
    slacks = point.slacks
    sizes = norms[slacks.target].copy()
    np.add.at(sizes, slacks.owner, np.abs(slacks.theta) * norms[slacks.point])
    sizes = np.concatenate([norms, norms, sizes])
    products = point.products
    share = products.multiplier * sizes[products.first] * sizes[products.second]
    keep = (share > _NEGLIGIBLE * problem.reg) | products.sign_is_free
    own = point.multiplier * sizes[point.first] * sizes[point.second]
    used = own > _NEGLIGIBLE * problem.reg
    first, second = point.first[used], point.second[used]
    return replace(
        _with_slacks(point, first, second, point.multiplier[used], n),
        products=products.selected(keep),
    )


def _with_slacks(
    point: CutsPoint, first: IndexArray, second: IndexArray, multiplier: FloatArray, n: int
) -> CutsPoint:
    """With these products, and only the slacks that are in one."""
    slacks = point.slacks
    named = np.unique(np.concatenate([first, second]))
    kept = named[named >= 2 * n] - 2 * n
    place = np.zeros(2 * n + slacks.target.size, dtype=np.int64)
    place[: 2 * n] = np.arange(2 * n)
    place[2 * n + kept] = 2 * n + np.arange(kept.size)
    entries = np.isin(slacks.owner, kept)
    smaller = replace(
        slacks,
        target=slacks.target[kept],
        count=slacks.count[kept],
        point=slacks.point[entries],
        theta=slacks.theta[entries],
    )
    return replace(
        point, slacks=smaller, first=place[first], second=place[second], multiplier=multiplier
    )
