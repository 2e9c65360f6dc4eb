"""From an approximate dual point to a certificate that the kernel has accepted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn import kernel
from certnn.certificates.certificate import Certificate
from certnn.certificates.dual_point import DualPoint, Products
from certnn.certificates.matrix_documents import psd_certificate
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import quadratic_form
from certnn.certificates.repair import RepairedPoint, repair
from certnn.errors import SolverError
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem

_FIRST_SHIFT = 2.0 * float(np.finfo(float).eps)
#: Multipliers below this share of their natural size are left out of the certificate.
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Certified:
    """A certificate and the bound that the kernel made of it."""

    certificate: Certificate
    bound: kernel.Bound


def certify(problem: TrainingProblem, point: DualPoint, about: dict[str, str]) -> Certified:
    """Complete an approximate dual point to an exact certificate, and have it checked.

    A poor point gives a weak bound, never a false one: the kernel judges every proposal (Theorems
    3, 9, 10 and 11). Raises `SolverError` if the point has entries that are not finite numbers, or
    the data are too badly scaled.

    Parameters
    ----------
    point : DualPoint
        Z, shape (n, c), and multipliers of any accuracy.
    about : dict of str
        Where the point comes from, for people.
    """
    if not point.finite:
        raise SolverError("the dual point has entries that are not finite")
    features = problem.features
    Z = feasible_dual_point(problem, point.Z)
    small = DualPoint(Z, _without_negligible(problem, point.products))
    shift = _FIRST_SHIFT
    reason = ""
    while shift < 1.0:
        repaired = repair(features, small, shift)
        try:
            return _checked(problem, repaired, shift, about)
        except kernel.Rejected as rejected:
            reason, shift = str(rejected), 4.0 * shift
    raise SolverError(f"no witness found for a repaired dual point: {reason}")


def _checked(
    problem: TrainingProblem, repaired: RepairedPoint, shift: float, about: dict[str, str]
) -> Certified:
    form = quadratic_form(problem.features, repaired.point, np.longdouble)
    witness = psd_witness(form, problem.n, shift)
    if witness is None:
        raise kernel.Rejected("the form is not definite in floats")
    certificate = psd_certificate(problem, repaired.point, witness, about)
    del witness  # it is in the file, and large
    return Certified(certificate, certificate.check())


def _without_negligible(problem: TrainingProblem, products: Products) -> Products:
    """Without multipliers that are tiny against reg/(‖x_i‖‖x_j‖), the unit of a multiplier."""
    norms = np.linalg.norm(problem.features, axis=1)
    n = problem.n
    size = np.abs(products.multiplier) * norms[products.first % n] * norms[products.second % n]
    return products.selected((size > _NEGLIGIBLE * problem.reg) | products.sign_is_free)
