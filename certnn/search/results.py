"""What a search for lower bounds returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from certnn.certificates import Certificate
from certnn.certificates.dual_point import Products
from certnn.certificates.proved import require_lower
from certnn.errors import InputError
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.solver_figure import SolverFigure


@dataclass(frozen=True)
class ProvedLevel:
    """A bound that the kernel accepted, with the level and the seconds that it took."""

    level: str
    bound: Bound
    seconds: float

    def __post_init__(self) -> None:
        require_lower("bound", self.bound)


@dataclass(frozen=True)
class LowerBoundResult:
    """A proved lower bound on the training objective of every network of every width.

    Its parts agree, or it is refused: the certificate is the one that the kernel made the bound
    from, and all bounds are about one problem.

    Attributes
    ----------
    bound : Bound
        The best one proved, made by the kernel.
    certificate : Certificate
        Its proof; ``certificate.save(path)`` writes it for ``certnn check``.
    level : str
        The level that proved it.
    proved : tuple of ProvedLevel
        Every level that was proved.
    network : TwoLayerNetwork or None
        The best network known, if the search was given or has trained one.
    solver_figures : tuple of SolverFigure
        What the solvers said themselves; not proved.
    notes : tuple of str
        Why a level is missing, or proved no more tightly though that is not enough; one line each.
    seconds : float
        Wall time in all, in seconds.
    interrupted : bool
        Whether Ctrl-C ended the search; the bound holds all the same.
    products : dict of Products
        By level, multipliers over the distinct directions of the points where our own solver of
        the relaxation ended: a start for a neighbouring problem.

    Raises
    ------
    TypeError
        If a bound is no `Bound` on every network.
    InputError
        If a bound is not a lower one, or the parts do not agree.
    """

    bound: Bound
    certificate: Certificate
    level: str
    proved: tuple[ProvedLevel, ...]
    network: TwoLayerNetwork | None
    solver_figures: tuple[SolverFigure, ...]
    notes: tuple[str, ...]
    seconds: float
    interrupted: bool
    products: Mapping[str, Products] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_lower("bound", self.bound, certificate=self.certificate)
        for proved in self.proved:
            require_lower("proved", proved.bound, self.bound.instance)
        best = max((p.bound.value for p in self.proved if p.level == self.level), default=None)
        if best != self.bound.value:
            raise InputError("level", f"{self.level!r} is not, in proved, the level of the bound")

    @property
    def value(self) -> float:
        """The bound as a float64, rounded down."""
        return self.bound.rounded

    def __repr__(self) -> str:
        return f"LowerBoundResult(value={self.value!r}, level={self.level!r}, proved by the kernel)"
