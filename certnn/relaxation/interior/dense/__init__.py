"""An interior point method with a working set for the level dnn, up to a few hundred points."""

from certnn.relaxation.interior.dense.solver import interior_point

__all__ = ["interior_point"]
