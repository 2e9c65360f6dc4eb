"""The level dnn by a first-order method: for more directions than an interior point bears."""

from certnn.relaxation.first_order.solver import first_order, step_cost

__all__ = ["first_order", "step_cost"]
