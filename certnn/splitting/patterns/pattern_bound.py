"""A proved bound over the networks whose neurons have given activation patterns."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import Budget, budgeted
from certnn.certificates.certificate import PatternCertificate
from certnn.certificates.search_documents import pattern_certificate
from certnn.errors import InputError, SolverError
from certnn.kernel import PatternBound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns.collection import ActivationPatterns
from certnn.splitting.patterns.multipliers import MARGIN, prove_patterns
from certnn.splitting.patterns.program import Cones, solve_over_patterns
from certnn.splitting.prover import ENOUGH
from certnn.training.scaling import scaled

#: Share for the search of what writing and checking the certificate leave; nominal seconds where
#: there is no limit; and the share of the search that is for the dual point.
_SEARCHING, _SEARCHING_WORK, _SOLVING = 0.95, 60.0, 0.5
#: Nominal seconds of the certificate and its check for each pattern, point, and column or output.
_A_PRODUCT = 1e-7
#: Dual points are rounded to multiples of the largest entry times this, which keeps integers short.
_GRID = 2.0**-40
#: A least kappa, a share of reg: where nothing scores, any will do.
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class PatternBoundResult:
    """A lower bound over the networks with given patterns, which bounds no other networks.

    Attributes
    ----------
    bound : PatternBound
        Made by the kernel.
    certificate : PatternCertificate
        Its proof.
    patterns : ActivationPatterns
    network : TwoLayerNetwork
        The best network found whose neurons have these patterns, up to rounding.
    seconds : float
    interrupted : bool
        Whether Ctrl-C ended the search; the bound holds all the same.

    Raises
    ------
    TypeError
        If the bound is no `PatternBound`.
    InputError
        If it is proved by another certificate, or for other patterns.
    """

    bound: PatternBound
    certificate: PatternCertificate
    patterns: ActivationPatterns
    network: TwoLayerNetwork
    seconds: float
    interrupted: bool

    def __post_init__(self) -> None:
        if type(self.bound) is not PatternBound:
            raise TypeError(f"a PatternBound is needed, got a {type(self.bound).__name__}")
        if not self.certificate.proves(self.bound):
            raise InputError("certificate", "is not the one that the bound is proved by")
        if b"".join(self.bound.patterns) != self.patterns.packed:
            raise InputError("patterns", "are not those that the bound is about")

    @property
    def value(self) -> float:
        """The bound as a float64, rounded down."""
        return self.bound.rounded

    def __repr__(self) -> str:
        return (
            f"PatternBoundResult(value={self.value!r}, patterns={self.patterns.count}, "
            "proved by the kernel for networks with these patterns alone)"
        )


def bound_over_patterns(
    problem: TrainingProblem,
    patterns: ActivationPatterns,
    *,
    gap: float = 1e-3,
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
) -> PatternBoundResult:
    """Prove a lower bound for all networks, of any width, whose neurons have given patterns.

    Parameters
    ----------
    problem : TrainingProblem
    patterns : ActivationPatterns
        Of the same points.
    gap : float
        Stop looking for a better dual point once it should prove so much of the objective of the
        best network with these patterns.
    time_limit : float or None
        Seconds; without a limit on time or work a minute's worth of work is done.
    work_limit, budget
        In place of seconds, as in `certnn.lower_bound`.

    Returns
    -------
    PatternBoundResult
        Ctrl-C ends the search, and what is at hand is proved.

    Raises
    ------
    InputError
        If an argument is unusable.
    SolverError
        If the certificate of so many patterns takes longer than there is.

    Examples
    --------
    >>> import certnn
    >>> from certnn.splitting.patterns import collect_patterns
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> network = certnn.TwoLayerNetwork([[1.0]], [[1.0]])  # its neuron is off on the second point
    >>> patterns = collect_patterns(problem, [("mine", network)], sampled=0)
    >>> found = certnn.bound_over_patterns(problem, patterns)
    >>> found.bound.scope, round(found.value, 3)
    ('networks with this 1 activation pattern', 2.095)
    """
    start = time.monotonic()
    if not 0.0 <= gap < 1.0:
        raise InputError("gap", f"must be in [0, 1), got {gap!r}")
    if patterns.bits.shape[0] != problem.n:
        raise InputError("patterns", f"are of {patterns.bits.shape[0]} points, not of {problem.n}")
    # Small matrices: on busy cores threads only wait.
    with threadpool_limits(1), budgeted(time_limit, work_limit, budget) as limit:
        proving = _A_PRODUCT * patterns.count * problem.n * (problem.features.shape[1] + problem.c)
        if not limit.affords(proving):
            raise SolverError("there is no time to prove anything of so many patterns")
        search = limit.but(proving).part(_SEARCHING, _SEARCHING_WORK)
        program = solve_over_patterns(problem, patterns, max(gap, ENOUGH), search.part(_SOLVING))
        Z = _short(problem, program.dual_point)
        certificate = _proved(problem, patterns, Z, search)
        limit.spend(proving)
        return PatternBoundResult(
            bound=certificate.check(),
            certificate=certificate,
            patterns=patterns,
            network=program.best,
            seconds=time.monotonic() - start,
            interrupted=limit.stopped,
        )


def _short(problem: TrainingProblem, Z: FloatArray) -> FloatArray:
    """Entries with fewer bits, where the loss and the biases leave the choice."""
    largest = float(np.max(np.abs(Z)))
    low, high = problem.loss.limits(problem.Y)
    if largest == 0.0 or problem.output_bias_decay == 0.0 or problem.loss.sums_to_zero:
        return Z
    unit = 2.0 ** math.frexp(largest)[1] * _GRID
    short: FloatArray = np.clip(np.round(Z / unit) * unit, low, high)
    return short


def _proved(
    problem: TrainingProblem, patterns: ActivationPatterns, Z: FloatArray, budget: Budget
) -> PatternCertificate:
    """The certificate of a dual point; its proof is sought for data of size one."""
    inner = scaled(problem)
    features, scale_Y = inner.problem.features, inner.output_scale
    largest = float(np.max(np.abs(features)))
    scale_X = float(np.max(np.abs(problem.features))) / largest if largest > 0.0 else 1.0
    cones = Cones.of(features, patterns)
    proofs = prove_patterns(cones, features, Z / scale_Y, budget)
    kappa = max(proof.kappa for proof in proofs) * (1.0 + MARGIN)
    kappa = max(kappa * scale_X * scale_Y, _LEAST * problem.reg)
    points = np.concatenate([proof.points for proof in proofs])
    # Powers of two: nothing is rounded.
    values = np.concatenate([proof.values for proof in proofs])
    values *= (scale_Y / cones.scales[points])[:, None]
    return pattern_certificate(
        problem,
        Z,
        kappa,
        patterns.packed,
        np.array([proof.points.size for proof in proofs]),
        points,
        values,
        np.array([proof.split for proof in proofs]) * kappa**2,
        {"made by": "certnn"},
    )
