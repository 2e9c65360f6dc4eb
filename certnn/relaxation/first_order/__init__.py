"""The level dnn by a first-order method: for more directions than an interior point bears."""

from certnn.relaxation.first_order.devices import precisions_on
from certnn.relaxation.first_order.solver import first_order, step_cost

__all__ = ["first_order", "precisions_on", "step_cost"]
