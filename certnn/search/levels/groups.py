"""The level groups: bounds of groups of points, each of a problem of its own, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from certnn.certificates import Certified
from certnn.certificates.groups_document import ProvedGroup, groups_certificate, proved_groups
from certnn.directed_rounding import rounded_down
from certnn.errors import InputError, SolverError
from certnn.kernel import Rejected
from certnn.relaxation.shor.distributed import ClusterLost
from certnn.search.groups.part import Part, Proving, train_part
from certnn.search.groups.representative import representative_groups
from certnn.search.groups.shares import even_shares, moved_shares
from certnn.search.groups.tasks import Workers, open_workers
from certnn.search.levels.level import Context

#: Points of a group where the number of groups is not asked for; and the most groups then, as a
#: certificate may have so many parts.
_SIZE, _MOST = 400, 2000
#: Share of what is left of a limit for each round of training, nominal seconds of all rounds of a
#: group without one, and rounds.
_TRAINING, _WITHOUT_LIMIT, _ROUNDS = 0.05, 10.0, 2
#: Share of what is left then that is kept for checking all groups together.
_CHECKING = 0.1
#: Slopes are the same if none is further than this share from their mean.
_SAME = 0.02


@dataclass(frozen=True)
class Groups:
    """Groups of points that are small images of the whole, each proved by itself (Theorem 53).

    Attributes
    ----------
    count : int
        How many; 0 for as many as have a few hundred points each.
    """

    count: int = 0
    trains = True

    def __str__(self) -> str:
        return f"groups({self.count})" if self.count else "groups"

    def require_points(self, points: int) -> None:
        """Raise `InputError` if there are more groups than points."""
        if self.count > points:
            raise InputError("level", f"{self} is for at least {self.count} points, here {points}")

    def proofs(self, context: Context) -> Iterator[Certified]:
        """The sum of what is proved by then, whenever twice as many groups are, and at the end.

        The end may also be that of the cluster.

        Groups of the best certificate so far, where that is one of these groups, are not proved
        again.

        Raises
        ------
        InputError
            If there are more groups than points, or a group is no problem of its own.
        SolverError
            If no group is proved, or all together prove no more than is known.
        """
        problem, seed = context.problem, context.goal.seed
        count = self.count or min(max(2, round(problem.n / _SIZE)), _MOST, problem.n)
        self.require_points(problem.n)
        sets = representative_groups(problem, count, seed)
        shares = even_shares(problem.reg, count)
        parts = [
            Part.of(problem, points, reg, seed) for points, reg in zip(sets, shares, strict=True)
        ]
        found = _Found(context, self, count)
        if context.best is not None:
            parts = found.taken_over(proved_groups(context.best.certificate), parts)
        try:
            yield from self._proved(context, found, parts)
            lost = ""
        except ClusterLost as error:
            lost = f"{error}; "
        yield from found.certified()
        if not context.reached:
            raise SolverError(lost + found.reason)

    def _proved(self, context: Context, found: _Found, parts: list[Part]) -> Iterator[Certified]:
        budget, due = context.budget, 1
        with open_workers(context.cluster, len(parts)) as workers:
            memory = context.goal.memory / workers.in_one_memory
            proving = Proving(context.search, context.goal.gap, memory)
            parts = self._trained(context, workers, parts)
            limit, end = budget.part(1.0 - _CHECKING), budget.part(1.0 - 0.5 * _CHECKING)
            for number, proved in workers.finished(proving, parts, limit, end):
                if proved is not None:
                    certificate, level = proved
                    found.add(ProvedGroup.of(parts[number].points, certificate), level)
                context.tell(f"{self}: {len(found.groups)} of {found.count} proved")
                if due <= len(found.groups) < found.count:
                    due = 2 * len(found.groups)
                    yield from found.certified()

    def _trained(self, context: Context, workers: Workers, parts: list[Part]) -> list[Part]:
        """The parts with networks, and with shares of reg where these rise equally fast."""
        budget = context.budget
        for _ in range(_ROUNDS if parts else 0):
            context.tell(f"{self}: training")
            limit = budget.part(_TRAINING, _WITHOUT_LIMIT * len(parts) / _ROUNDS)
            trained = dict(workers.finished(train_part, parts, limit, budget))
            for number, found in trained.items():
                parts[number] = replace(parts[number], network=found.network)
            if len(trained) < len(parts):  # the time is over, or processes died
                break
            slopes = [trained[number].slope for number in range(len(parts))]
            mean = sum(slopes) / len(slopes)
            if all(abs(slope - mean) <= _SAME * mean for slope in slopes):
                break
            shares = moved_shares([part.portion.reg for part in parts], slopes)
            parts = [
                replace(part, portion=part.portion.with_reg(share))
                for part, share in zip(parts, shares, strict=True)
            ]
        return parts


class _Found:
    """The groups that are proved by now."""

    def __init__(self, context: Context, level: Groups, count: int) -> None:
        self._context, self._level, self.count = context, level, count
        self._levels: Counter[str] = Counter()
        self._last = 0  # groups of the sum that was certified last
        self.groups: list[ProvedGroup] = []

    def taken_over(self, earlier: Sequence[ProvedGroup], parts: Sequence[Part]) -> list[Part]:
        """The parts that are not proved yet, with what reg the others have left for them."""
        known = {tuple(group.points.tolist()): group for group in earlier}
        pairs = [(part, known.get(tuple(part.points.tolist()))) for part in parts]
        taken = [group for _, group in pairs if group is not None]
        rest = [part for part, group in pairs if group is None]
        left = Fraction(self._context.problem.reg) - sum(Fraction(group.reg) for group in taken)
        if not taken or (rest and left <= 0):
            return list(parts)
        self.groups, self._last = taken, len(taken)
        self._levels["earlier run"] = len(taken)
        if not rest:
            return []
        shares = even_shares(rounded_down(left), len(rest))
        return [
            replace(part, portion=part.portion.with_reg(reg))
            for part, reg in zip(rest, shares, strict=True)
        ]

    def add(self, group: ProvedGroup, level: str) -> None:
        """One more."""
        self.groups.append(group)
        self._levels[level] += 1

    def certified(self) -> Iterator[Certified]:
        """The certificate of the sum, if it has grown and is above what is known."""
        best = self._context.best
        if len(self.groups) == self._last or (
            best is not None and sum(Fraction(g.bound) for g in self.groups) <= best.bound.value
        ):
            return
        self._last = len(self.groups)
        proved = ", ".join(f"{level} {count}" for level, count in sorted(self._levels.items()))
        about = self._context.about(self._level) | {"groups by level": proved}
        self._context.tell(f"{self._level}: proving")
        problem, groups = self._context.problem, sorted(self.groups, key=lambda g: g.points[0])
        certificate = groups_certificate(problem, groups, about)
        try:
            yield Certified(certificate, certificate.check())
        except Rejected as error:
            raise SolverError(f"the sum is not a proof: {error}") from None

    @property
    def reason(self) -> str:
        """Why no more is proved."""
        if not self.groups:
            return "no group was proved in the time that there was"
        total = sum(group.bound for group in self.groups)
        return (
            f"{len(self.groups)} of {self.count} groups are proved, to {total:.6g} in all, and "
            "none more tightly"
        )
