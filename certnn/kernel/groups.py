"""The kind groups: bounds of disjoint groups of points, each with a share of reg, add up.

A network of the whole problem is one of each group's problem, so that its objective there is at
least what is proved of that (Theorem 53). A part holds the indices of its points, its reg and the
proof of its own bound; its data are rows of the whole's and are not stored again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from certnn.kernel.document import Section
from certnn.kernel.instance import Instance
from certnn.kernel.rejected import Rejected


@dataclass(frozen=True)
class Group:
    """A group of points, ascending, with the problem of them alone and its share of reg.

    `claimed` is a lower bound on the objective of that; its proof, in `section`, is not read yet.
    """

    section: Section
    points: list[int]
    instance: Instance
    claimed: Fraction


def groups_of(section: Section, whole: Instance) -> list[Group]:
    """The groups, which `require_apart` is to judge once all of the file is read.

    Raises `Malformed` if the parts are not as they must be; their proofs are not looked at.
    """
    given = section.value("parts")
    if not isinstance(given, list) or not given:
        raise section.wrong("parts", "must be a list of one part or more")
    keys = ("points", "reg", "lower_bound", "proof")
    parts = [Section(f"parts[{number}]", part, keys) for number, part in enumerate(given)]
    members = [_points(part, whole.n) for part in parts]
    shares = [part.positive("reg") for part in parts]
    claims = [Fraction(part.positive("lower_bound")) for part in parts]
    return [
        Group(part, points, _restricted(whole, points, share), claimed)
        for part, points, share, claimed in zip(parts, members, shares, claims, strict=True)
    ]


def require_apart(groups: list[Group], reg: float) -> None:
    """That the bounds of the groups add up, for the whole's reg.

    Raises `Rejected` if a point is in two groups, or their shares come to more than reg.
    """
    points = [group.points for group in groups]
    if len(set().union(*points)) < sum(map(len, points)):
        raise Rejected("a point is in two groups")
    if sum(Fraction(group.instance.reg) for group in groups) > Fraction(reg):
        raise Rejected("the shares of the groups come to more than reg")


def _points(part: Section, n: int) -> list[int]:
    """Indices of points in ascending order."""
    points = list(part.numbers("points", "I"))
    if not points or points[-1] >= n:
        raise part.wrong("points", f"must have one index or more, each below {n}")
    if any(i >= j for i, j in pairwise(points)):
        raise part.wrong("points", "must be in ascending order, each once")
    return points


def _restricted(whole: Instance, points: list[int], share: float) -> Instance:
    X, Y = (
        b"".join(data[size * i : size * (i + 1)] for i in points)
        for data, size in ((whole.X, 8 * whole.d), (whole.Y, 8 * whole.c))
    )
    return replace(whole, n=len(points), reg=share, X=X, Y=Y)
