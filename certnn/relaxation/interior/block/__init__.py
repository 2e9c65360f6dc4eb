"""The level block(k): products within groups, at a cost linear in the number of points."""

from certnn.relaxation.interior.block.method import block_points

__all__ = ["block_points"]
