"""The least majorant and the largest minorant of (t)₊ for given moments of t in an interval."""

from __future__ import annotations

import math

from certnn.arrays import FloatArray
from certnn.training.compiled import inner

#: Indices of what is written: the value, its derivatives by s = E t² and m = E t, and by both.
VALUE, BY_S, BY_M, BY_SS, BY_SM, BY_MM = range(6)


@inner
def write_majorant(m: float, s: float, low: float, high: float, out: FloatArray) -> float:
    """The largest mean of (t)₊ for moments m and s and t on the near side of its nearer end.

    It is concave in (m, s), and its derivatives are the majorant that attains it.

    Returns
    -------
    float
        τ or ρ of `certnn.kernel.cell_geometry.majorant`.
    """
    side = 1.0 if high <= -low else -1.0
    near, mean, root = min(high, -low), side * m, math.sqrt(s)
    if root <= near:
        out[VALUE] = 0.5 * (m + root)
        out[BY_S], out[BY_M] = 0.25 / root, 0.5
        out[BY_SS], out[BY_SM], out[BY_MM] = -0.125 / (s * root), 0.0, 0.0
        return root
    # A share of the mass at the end, the rest at one point beyond the other: near·N/D.
    top, rest = s - m * m, near - mean
    whole = top + rest * rest
    value = near * top / whole
    by_mean = 2.0 * near * (near * top - mean * whole) / (whole * whole)
    cubed = whole * whole * whole
    out[BY_S] = near * rest * rest / (whole * whole)
    out[BY_SS] = -2.0 * near * rest * rest / cubed
    out[BY_SM] = side * near * (4.0 * near * rest * rest - 2.0 * rest * whole) / cubed
    out[BY_MM] = near * (8.0 * near * (near * top - mean * whole) - 2.0 * whole * whole) / cubed
    if side > 0.0:
        out[VALUE], out[BY_M] = value, by_mean
    else:  # (t)₊ = t + (−t)₊
        out[VALUE], out[BY_M] = m + value, 1.0 - by_mean
    return (s - mean * near) / rest


@inner
def write_minorant(
    m: float, s: float, low: float, high: float, room: float, out: FloatArray, shares: FloatArray
) -> float:
    """The largest of 0, m and E t(t − low)/(high − low), smoothed: convex up to `room`.

    Written are its value as it is, and the derivatives of Σ w v − room/2·|w|² at the best shares w
    of the three, which are written too.

    Returns
    -------
    float
        The smoothed value.
    """
    rate = 1.0 / (high - low)
    first, second, third = 0.0, m, (s - low * m) * rate
    a, c = max(first, second, third), min(first, second, third)
    b = first + second + third - a - c
    # Of the shares (v − θ)₊/room, whose sum is 1, one, two or three are positive.
    if b <= a - room:
        theta = a - room
    elif c <= 0.5 * (a + b - room):
        theta = 0.5 * (a + b - room)
    else:
        theta = (a + b + c - room) / 3.0
    total, active = 0.0, 0.0
    for k in range(3):
        value = first if k == 0 else (second if k == 1 else third)
        shares[k] = max(0.0, value - theta) / room
        total += shares[k] * (value - 0.5 * room * shares[k])
        active += shares[k] > 0.0
    out[VALUE] = a
    out[BY_S], out[BY_M] = shares[2] * rate, shares[1] - shares[2] * low * rate
    two, three = 1.0 * (shares[1] > 0.0), 1.0 * (shares[2] > 0.0)
    here, across, there = two - two / active, -two * three / active, three - three / active
    out[BY_SS] = there * rate * rate / room
    out[BY_SM] = (across * rate - there * low * rate * rate) / room
    out[BY_MM] = (here - 2.0 * across * low * rate + there * low * low * rate * rate) / room
    return total
