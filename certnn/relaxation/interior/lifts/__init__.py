"""Lifts with products in small groups of points: an interior point method, linear in the points."""

from certnn.relaxation.interior.lifts.cost import RunCost
from certnn.relaxation.interior.lifts.method import STEPS, GroupedLifts, LiftsIterate

__all__ = ["STEPS", "GroupedLifts", "LiftsIterate", "RunCost"]
