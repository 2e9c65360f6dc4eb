"""certnn proves how close a trained two-layer ReLU network is to the global optimum.

    problem = certnn.TrainingProblem(X, Y, reg=0.1)
    result = certnn.lower_bound(problem)          # a theorem about every network of every width
    audited = certnn.audit(network, problem)      # the gap of your network, and a better one
    audited = certnn.audit("model.pt", X, y, reg=0.1)

Names are loaded on first use, so that ``import certnn`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certnn.auditing import AuditResult, audit
    from certnn.bound_result import LowerBoundResult
    from certnn.bounds import lower_bound
    from certnn.budget import Budget
    from certnn.certificate import Certificate
    from certnn.completely_positive import ExactSolution, exact_solution
    from certnn.errors import InputError, SolverError
    from certnn.estimators import CertifiedReLUClassifier, CertifiedReLURegressor
    from certnn.global_training import TrainingResult, train
    from certnn.kernel import Bound
    from certnn.network import TwoLayerNetwork
    from certnn.path import RegularisationPath, regularisation_path
    from certnn.problem import TrainingProblem
    from certnn.relaxation.worker import SolverChoice
    from certnn.report import GapReport
    from certnn.stated_problem import problem_for
    from certnn.tightness.verdict import TightnessVerdict, tightness_verdict

_HOMES = {
    "AuditResult": "certnn.auditing",
    "Bound": "certnn.kernel",
    "Budget": "certnn.budget",
    "Certificate": "certnn.certificate",
    "CertifiedReLUClassifier": "certnn.estimators",
    "CertifiedReLURegressor": "certnn.estimators",
    "ExactSolution": "certnn.completely_positive",
    "GapReport": "certnn.report",
    "InputError": "certnn.errors",
    "LowerBoundResult": "certnn.bound_result",
    "RegularisationPath": "certnn.path",
    "SolverChoice": "certnn.relaxation.worker",
    "SolverError": "certnn.errors",
    "TightnessVerdict": "certnn.tightness.verdict",
    "TrainingProblem": "certnn.problem",
    "TrainingResult": "certnn.global_training",
    "TwoLayerNetwork": "certnn.network",
    "audit": "certnn.auditing",
    "exact_solution": "certnn.completely_positive",
    "lower_bound": "certnn.bounds",
    "problem_for": "certnn.stated_problem",
    "regularisation_path": "certnn.path",
    "tightness_verdict": "certnn.tightness.verdict",
    "train": "certnn.global_training",
}

__all__ = [
    "AuditResult",
    "Bound",
    "Budget",
    "Certificate",
    "CertifiedReLUClassifier",
    "CertifiedReLURegressor",
    "ExactSolution",
    "GapReport",
    "InputError",
    "LowerBoundResult",
    "RegularisationPath",
    "SolverChoice",
    "SolverError",
    "TightnessVerdict",
    "TrainingProblem",
    "TrainingResult",
    "TwoLayerNetwork",
    "audit",
    "exact_solution",
    "lower_bound",
    "problem_for",
    "regularisation_path",
    "tightness_verdict",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'certnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
