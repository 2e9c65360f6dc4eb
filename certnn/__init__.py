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
    from certnn.budget import Budget
    from certnn.certificates import Certificate
    from certnn.certificates.check import check
    from certnn.errors import InputError, SolverError
    from certnn.interfaces.cross_validated import (
        CertifiedReLUClassifierCV,
        CertifiedReLURegressorCV,
    )
    from certnn.interfaces.estimators import CertifiedReLUClassifier, CertifiedReLURegressor
    from certnn.kernel import Bound, PatternBound
    from certnn.problem.mapped_problem import MappedProblem
    from certnn.problem.network import TwoLayerNetwork
    from certnn.problem.training_problem import TrainingProblem
    from certnn.reading.networks.exporting import to_onnx, to_torch
    from certnn.reading.npz import load_network, save_network
    from certnn.reading.statement import problem_for
    from certnn.relaxation.extended.refine import refine
    from certnn.relaxation.modelled.worker import SolverChoice
    from certnn.report import GapReport
    from certnn.search.audit import audit
    from certnn.search.audit_result import AuditResult
    from certnn.search.confidence import ConfidenceBound
    from certnn.search.forecast import GapForecast, forecast_gap
    from certnn.search.lower_bound import lower_bound
    from certnn.search.path import regularisation_path
    from certnn.search.path_result import RegularisationPath
    from certnn.search.results import LowerBoundResult
    from certnn.search.sample import sampled_bound
    from certnn.search.train import TrainingResult, train
    from certnn.splitting.patterns import bound_over_patterns
    from certnn.studies.completely_positive import ExactSolution, exact_solution
    from certnn.studies.tightness.verdict import TightnessVerdict, tightness_verdict

_HOMES = {
    "AuditResult": "certnn.search.audit_result",
    "Bound": "certnn.kernel",
    "Budget": "certnn.budget",
    "Certificate": "certnn.certificates",
    "CertifiedReLUClassifier": "certnn.interfaces.estimators",
    "CertifiedReLUClassifierCV": "certnn.interfaces.cross_validated",
    "CertifiedReLURegressor": "certnn.interfaces.estimators",
    "CertifiedReLURegressorCV": "certnn.interfaces.cross_validated",
    "ConfidenceBound": "certnn.search.confidence",
    "ExactSolution": "certnn.studies.completely_positive",
    "GapForecast": "certnn.search.forecast",
    "GapReport": "certnn.report",
    "InputError": "certnn.errors",
    "LowerBoundResult": "certnn.search.results",
    "MappedProblem": "certnn.problem.mapped_problem",
    "PatternBound": "certnn.kernel",
    "RegularisationPath": "certnn.search.path_result",
    "SolverChoice": "certnn.relaxation.modelled.worker",
    "SolverError": "certnn.errors",
    "TightnessVerdict": "certnn.studies.tightness.verdict",
    "TrainingProblem": "certnn.problem.training_problem",
    "TrainingResult": "certnn.search.train",
    "TwoLayerNetwork": "certnn.problem.network",
    "audit": "certnn.search.audit",
    "bound_over_patterns": "certnn.splitting.patterns",
    "check": "certnn.certificates.check",
    "exact_solution": "certnn.studies.completely_positive",
    "forecast_gap": "certnn.search.forecast",
    "load_network": "certnn.reading.npz",
    "lower_bound": "certnn.search.lower_bound",
    "problem_for": "certnn.reading.statement",
    "refine": "certnn.relaxation.extended.refine",
    "regularisation_path": "certnn.search.path",
    "sampled_bound": "certnn.search.sample",
    "save_network": "certnn.reading.npz",
    "tightness_verdict": "certnn.studies.tightness.verdict",
    "to_onnx": "certnn.reading.networks.exporting",
    "to_torch": "certnn.reading.networks.exporting",
    "train": "certnn.search.train",
}

__all__ = [
    "AuditResult",
    "Bound",
    "Budget",
    "Certificate",
    "CertifiedReLUClassifier",
    "CertifiedReLUClassifierCV",
    "CertifiedReLURegressor",
    "CertifiedReLURegressorCV",
    "ConfidenceBound",
    "ExactSolution",
    "GapForecast",
    "GapReport",
    "InputError",
    "LowerBoundResult",
    "MappedProblem",
    "PatternBound",
    "RegularisationPath",
    "SolverChoice",
    "SolverError",
    "TightnessVerdict",
    "TrainingProblem",
    "TrainingResult",
    "TwoLayerNetwork",
    "audit",
    "bound_over_patterns",
    "check",
    "exact_solution",
    "forecast_gap",
    "load_network",
    "lower_bound",
    "problem_for",
    "refine",
    "regularisation_path",
    "sampled_bound",
    "save_network",
    "tightness_verdict",
    "to_onnx",
    "to_torch",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            return getattr(import_module(_HOMES[name]), name)
        except ModuleNotFoundError as error:
            from certnn.interfaces.commands.packages import install_hint

            hint = install_hint(error.name or "")
            if hint is None:
                raise
            raise ModuleNotFoundError(f"certnn.{name} {hint}", name=error.name) from None
    raise AttributeError(f"module 'certnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
