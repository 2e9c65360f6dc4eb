"""The gap report: plain data first; the views (terminal, HTML) are modules of their own."""

from certnn.problem.solver_figure import SolverFigure
from certnn.report.data import GapReport
from certnn.report.figures import Check, NetworkFigure, Neuron, PatternTier, ProvedBound, Reached
from certnn.report.problem_summary import ProblemSummary

__all__ = [
    "Check",
    "GapReport",
    "NetworkFigure",
    "Neuron",
    "PatternTier",
    "ProblemSummary",
    "ProvedBound",
    "Reached",
    "SolverFigure",
]
