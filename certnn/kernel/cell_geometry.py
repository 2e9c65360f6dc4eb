"""Integers of a cell: its box, how far a point reaches in it, quadratics above and below (t)₊.

Plain functions of integers that no step makes longer than 63 bits, so that the exact check and the
filter in compiled code run the same ones (Theorem 52). A direction y with |y| ≤ 1 is in units of
2⁻²⁶, points x and what xᵀy comes to are integers of at most `MOST_COLUMNS` columns and 26 bits.
Of y the last `free` coordinates, 1 or 0, are no part of its length: there is a free hidden bias.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

#: So that |x| stays below 2³⁰, and a split fits a byte.
MOST_COLUMNS = 100
#: Of y, and of the integers of points; of a and b of a quadratic.
GRID_BITS, FORM_BITS = 26, 60
#: Why a tree is rejected.
TREE_ENDS = "the nodes end before the last leaf"
NO_COORDINATE = "the tree splits a coordinate that is not there"
TOO_DEEP = "a box of the tree is below too many others"
AT_SIDE = "the tree splits a box at its side"
CODES_END = "the codes end before the last leaf"
NUMBERS_END = "the multipliers end before the last leaf"
TOO_MUCH = "the check would take more work than a file of its size may"
#: 256 times 2 to the power of −k/8 and k/8.
_DOWN = (256, 235, 215, 197, 181, 166, 152, 140)
_UP = (256, 280, 305, 332, 363, 395, 431, 470)


def trimmed(low: Any, high: Any, free: int) -> bool:
    """Cut a box to what the sphere leaves of it, in place; False if the sphere does not meet it."""
    nearest, farthest = 0, 0
    for j in range(len(low) - free):
        a, b = low[j] * low[j], high[j] * high[j]
        farthest += max(a, b)
        if low[j] > 0 or high[j] < 0:
            nearest += min(a, b)
    if nearest > 1 << 52 or farthest < 1 << 52:
        return False
    for j in range(len(low) - free):
        left = (1 << 52) - nearest
        if low[j] > 0 or high[j] < 0:
            left += min(low[j] * low[j], high[j] * high[j])
        root = int(sqrt(left)) + 1  # not below the root itself, which is rounded correctly
        low[j], high[j] = max(low[j], -root), min(high[j], root)
    return True


def interval(x: Any, low: Any, high: Any, free: int) -> tuple[int, int]:
    """Bounds below and above of xᵀy for the y of the box with |y| ≤ 1.

    Those of the corners, or λ/2 + Σ max (x_j y_j − λ y_j²/2) for a λ at which the y of the maxima
    has a length of about 1: in quarters of octaves, and as near as floats tell.
    """
    round_columns = len(x) - free
    bottom, top, longest, least, most = 0, 0, 1, 0, 0
    for j in range(len(x)):
        a, b = x[j] * low[j], x[j] * high[j]
        bottom += min(a, b)
        top += max(a, b)
        if j < round_columns:
            longest = max(longest, abs(x[j]))
        else:
            least += min(a, b)
            most += max(a, b)
    bottom, top = bottom >> 26, -(-top >> 26)
    if bottom >= 0 or top <= 0:
        return bottom, top
    octave = 0
    while longest >> octave:
        octave += 1
    for sign in (-1, 1):
        first, last = 4 * max(0, octave - 6), 4 * (octave + 4)
        while first < last:
            middle = (first + last) >> 1
            rate = float(1 << 28) / float((4 + (middle & 3)) << (middle >> 2))
            length = 0.0
            for j in range(round_columns):
                y = min(max(float(sign * x[j]) * rate, float(low[j])), float(high[j]))
                length += y * y
            if length <= float(1 << 52):
                last = middle
            else:
                first = middle + 1
        scale = ((4 + (first & 3)) << (first >> 2)) >> 2
        bound = (scale + 1) >> 1
        bound += -(-most >> 26) if sign > 0 else -(least >> 26)
        for j in range(round_columns):
            t = sign * x[j]
            if t << 26 <= scale * low[j]:
                bound += -(-t * low[j] >> 26) - (scale * (low[j] * low[j] >> 26) >> 27)
            elif t << 26 >= scale * high[j]:
                bound += -(-t * high[j] >> 26) - (scale * (high[j] * high[j] >> 26) >> 27)
            else:
                bound += (t * t + 2 * scale - 1) // (2 * scale)
        if sign > 0:
            top = min(top, bound)
        else:
            bottom = max(bottom, -bound)
    return bottom, top


def majorant(code: int, low: int, high: int) -> tuple[int, int, int]:
    """a, b, c with (a t² + b t)/2⁶⁰ + c ≥ (t)₊ for low ≤ t ≤ high, where low < 0 < high.

    The code, of 8 bits, is 8 times the binary logarithm of τ over the nearer end e, plus 128. To
    128 it is (t + τ)²/4τ; above, with ρ for τ, e(t + ρ)²/(e + ρ)² or its mirror image.
    """
    near, step = min(high, -low), code - 128
    if step <= 0:
        tau = max(1, near * _DOWN[-step % 8] >> 8 + (-step >> 3))
        a = (1 << 58) // tau
        return a, 1 << 59, (1 << 56) // a + 1
    rho = max(near, min((near * _UP[step % 8] << (step >> 3) >> 8) + 1, 1 << 30))
    a = near * ((1 << 60) // (near + rho)) // (near + rho) + 2
    c = (((a * rho >> 30) + 1) * rho >> 30) + 1
    if high <= -low:
        return a, 2 * a * rho, c
    return a, (1 << 60) - 2 * a * rho, c


def minorant(code: int, low: int, high: int) -> tuple[int, int]:
    """a, b with (a t² + b t)/2⁶⁰ ≤ (t)₊ for low ≤ t ≤ high, where low < 0 < high.

    The code is 16·p + q with p + q ≤ 15: fifteenths of t and of t(t − low)/(high − low).
    """
    p, q = code >> 4, code & 15
    a = q * ((1 << 60) // (high - low)) // 15
    return a, a * -low + p * ((1 << 60) // 15)
