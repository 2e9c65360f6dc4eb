"""Where the steps of the splitting run: in numpy, or in PyTorch on one of its devices."""

from __future__ import annotations

import numpy as np

from certnn.errors import InputError, refused, shorten
from certnn.reading.optional_packages import require_package
from certnn.relaxation.first_order.form_blocks import Array


def precisions_on(device: str | None) -> tuple[Array, ...]:
    """Empty arrays that others are made like: of single precision, and of double after it.

    Parameters
    ----------
    device : str or None
        As PyTorch names it, such as "cuda", "cuda:1" or "cpu"; None for numpy.

    Raises
    ------
    InputError
        If PyTorch is not installed, or has no double precision there.
    """
    if device is None:
        return np.zeros(0, np.float32), np.zeros(0)
    if not isinstance(device, str):
        raise InputError("device", f"must be a name such as cuda, or None, got {device!r}")
    torch, _ = (
        require_package(package, "device", shorten(device))
        for package in ("torch", "array_api_compat")
    )
    with refused("device", f"{shorten(device)} is none that PyTorch can use"):
        single = torch.zeros(0, dtype=torch.float32, device=device)
        double = single.to(torch.float64)
        float(double.sum())  # there are devices that compute nothing
    return single, double
