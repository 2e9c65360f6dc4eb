"""What networks are compared with: kernel ridge regression with the kernels of infinite width."""

from certnn.baselines.kernels import KernelRidge, nngp_kernel, ntk_kernel

__all__ = ["KernelRidge", "nngp_kernel", "ntk_kernel"]
