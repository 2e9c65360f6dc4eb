"""Moments strictly inside a box that the unit sphere meets."""

from __future__ import annotations

from certnn.arrays import FloatArray
from certnn.training.compiled import inner

#: Shares of the variance that the box allows, from ample to hardly any.
_SHARES = (0.5, 0.1, 0.01)
#: How much wider the box becomes at a time where it meets the sphere in a corner only, and how
#: often it may.
_WIDER, _MOST = 0.05, 8


@inner
def write_start(
    low: FloatArray, high: FloatArray, free: int, mean: FloatArray, square: FloatArray
) -> bool:
    """Write m and M with tr M = 1 without the free ones; the box is widened until there are any.

    Parameters
    ----------
    low, high : array, shape (k,)
        The box, which may be widened.
    free : int
        So many last coordinates are no part of the length.
    mean, square : array, shape (k,) and (k, k)
        To be written.

    Returns
    -------
    bool
        False if there are none.
    """
    inner, outer = low[: low.size - free], high[: low.size - free]
    for _ in range(_MOST):
        for share in _SHARES:
            least = _second_moment(inner, outer, -1.0, share)
            if least < 1.0 < _second_moment(inner, outer, 1.0, share):
                _write(low, high, free, share, mean, square)
                return True
        for j in range(low.size):
            wider = _WIDER * (high[j] - low[j])
            low[j] -= wider
            high[j] += wider
    return False


@inner
def _write(
    low: FloatArray, high: FloatArray, free: int, share: float, mean: FloatArray, square: FloatArray
) -> None:
    inner, outer, k = -1.0, 1.0, low.size - free
    for _ in range(30):
        middle = 0.5 * (inner + outer)
        if _second_moment(low[:k], high[:k], middle, share) < 1.0:
            inner = middle
        else:
            outer = middle
    place = 0.5 * (inner + outer)
    for j in range(low.size):
        if j < k:
            mean[j], variance = _coordinate(low[j], high[j], place, share)
        else:
            mean[j], variance = 0.5 * (low[j] + high[j]), share * (0.5 * (high[j] - low[j])) ** 2
        for m in range(j + 1):
            square[j, m] = square[m, j] = mean[j] * mean[m]
        square[j, j] += variance


@inner
def _second_moment(low: FloatArray, high: FloatArray, place: float, share: float) -> float:
    total = 0.0
    for j in range(low.size):
        mean, variance = _coordinate(low[j], high[j], place, share)
        total += mean * mean + variance
    return total


@inner
def _coordinate(low: float, high: float, place: float, share: float) -> tuple[float, float]:
    """Mean between the nearest point to zero (place −1) and the farthest (1), and variance."""
    centre, half = 0.5 * (low + high), 0.5 * (high - low)
    reach = (1.0 - 0.5 * share) * half
    far = centre + reach if centre >= 0.0 else centre - reach
    near = min(max(0.0, centre - reach), centre + reach)
    mean = near + (far - near) * 0.5 * (place + 1.0)
    return mean, share * (half * half - (mean - centre) ** 2)
