"""What networks are compared with: kernel ridge regression with the kernels of infinite width, and
the gated program over sampled activation patterns."""

from certnn.studies.baselines.gated import GatedNetwork, gated_network
from certnn.studies.baselines.kernels import KernelRidge, nngp_kernel, ntk_kernel

__all__ = ["GatedNetwork", "KernelRidge", "gated_network", "nngp_kernel", "ntk_kernel"]
