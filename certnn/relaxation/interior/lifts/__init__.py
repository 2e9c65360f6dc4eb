"""Lifts with products in small groups of points: an interior point method, linear in the points."""

from certnn.relaxation.interior.lifts.method import (
    STEPS,
    GroupedLifts,
    LiftsIterate,
    proof_cost,
    run_memory,
    step_cost,
)

__all__ = ["STEPS", "GroupedLifts", "LiftsIterate", "proof_cost", "run_memory", "step_cost"]
