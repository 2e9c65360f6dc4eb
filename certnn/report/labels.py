"""Where to write labels along an axis so that none lies on another or on its leader line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """Place of one label.

    Parameters
    ----------
    position : float
        Where its leader line rises from the axis.
    start, stop : float
        Horizontal extent of the label; `position` is one of the two, except when the label is
        wider than the room on both sides.
    row : int
        0 is next to the axis.
    """

    position: float
    start: float
    stop: float
    row: int = -1


def place_labels(positions: Sequence[float], widths: Sequence[float], room: float) -> list[Label]:
    """Return one `Label` for each position, in the same order.

    A label is a flag on a pole: it begins at its leader line and runs to the right, or to the left
    where the room 0..`room` ends. A flag goes to a row above all poles that it would cross.

    Parameters
    ----------
    positions, widths : sequence of float, length k
        Leader lines and widths of the labels, in one unit.
    room : float
        Right end of the axis.
    """
    order = sorted(range(len(positions)), key=lambda i: (positions[i], i))
    flags: dict[int, Label] = {}
    for i in reversed(order):
        flags[i] = _flag(positions[i], widths[i], room, list(flags.values()))
    placed: dict[int, Label] = {}
    waiting = list(reversed(order))
    while waiting:
        chosen = min(waiting, key=lambda i: sum(_crosses(flags[i], flags[j]) for j in waiting))
        waiting.remove(chosen)
        placed[chosen] = _raised(flags[chosen], list(placed.values()))
    return [placed[i] for i in range(len(positions))]


def _flag(position: float, width: float, room: float, others: list[Label]) -> Label:
    right = Label(position, position, position + width)
    left = Label(position, position - width, position)
    tangled = any(_crosses(right, other) and _crosses(other, right) for other in others)
    if right.stop <= room and not tangled:
        return right
    if left.start >= 0:
        return left
    start = max(0.0, min(position, room - width))
    return Label(position, start, start + width)


def _crosses(flag: Label, pole: Label) -> bool:
    """Whether the pole would run through the flag; two that share a place share a pole."""
    return flag.start <= pole.position <= flag.stop and flag.position != pole.position


def _raised(flag: Label, placed: list[Label]) -> Label:
    lowest = max((other.row + 1 for other in placed if _crosses(flag, other)), default=0)
    taken = {other.row for other in placed if other.start <= flag.stop and flag.start <= other.stop}
    row = next(r for r in range(lowest, lowest + len(placed) + 1) if r not in taken)
    return Label(flag.position, flag.start, flag.stop, row)
