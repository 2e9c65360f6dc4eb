"""The level dnn by a first-order method: for more directions than an interior point bears."""

from certnn.relaxation.first_order.solver import first_order

__all__ = ["first_order"]
