"""The best multiple of a dual point, in float arithmetic (Theorem 3); the kernel has its own."""

from __future__ import annotations


def best_scale(product: float, square: float, largest: float) -> float:
    """The s in [0, largest] at which s⟨Z, Y⟩ − ½s²‖Z‖² is greatest.

    Parameters
    ----------
    product, square : float
        ⟨Z, Y⟩ and ‖Z‖².
    largest : float
        reg/kappa.
    """
    return min(max(product / square if square > 0.0 else 0.0, 0.0), largest)
