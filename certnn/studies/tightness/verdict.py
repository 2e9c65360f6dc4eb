"""Whether the relaxation is tight on a problem: proved tight, proved loose, or open.

The judgement is exact and runs no solver (Theorem 35).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from certnn.certificates.container import read_document
from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.relaxation.moments.feasible_moment import relaxation_upper_bound
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.studies.completely_positive.lifting import LiftedNetwork, lift
from certnn.studies.tightness.evidence import Evidence, find_evidence
from certnn.studies.tightness.exact_families import exactness_reason

Standing = Literal["tight", "tight within tolerance", "loose", "open"]


@dataclass(frozen=True)
class TightnessVerdict:
    """How the value of the level dnn compares with the optimum; every figure is proved.

    Parameters
    ----------
    evidence : Evidence
        It is checked, exactly; all that follows is what it proves.
    tolerance : float
        What "tight within tolerance" means, a share of the optimum.

    Attributes
    ----------
    problem : TrainingProblem
    standing : {"tight", "tight within tolerance", "loose", "open"}
        Tight: the two are equal. Tight within tolerance: they differ by at most `tolerance` of the
        optimum. Loose: the optimum is larger.
    reason : str
        Why, in one line.
    relaxation : Bound
        A lower bound on the relaxation's value, by the kernel.
    feasible : Fraction or None
        The objective of an exactly feasible moment matrix.
    optimum : Bound
        The best lower bound on the optimum, by the kernel.
    network : TwoLayerNetwork
    objective : Bound
        The network's, by the kernel.

    Raises
    ------
    InputError
        If the tolerance is not in [0, 1), parts of the evidence are about other problems, the
        certificate for the relaxation is not of kind psd, or the problem has another loss than the
        squared one, or a free or an output bias.
    certnn.kernel.Rejected, certnn.kernel.Malformed, Infeasible
        If a part does not prove what it claims.
    """

    evidence: Evidence = field(repr=False)
    tolerance: float = 1e-6
    problem: TrainingProblem = field(init=False)
    standing: Standing = field(init=False)
    reason: str = field(init=False)
    relaxation: Bound = field(init=False)
    feasible: Fraction | None = field(init=False)
    optimum: Bound = field(init=False)
    network: TwoLayerNetwork = field(init=False)
    objective: Bound = field(init=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerance < 1.0:
            raise InputError("tolerance", f"must be in [0, 1), got {self.tolerance!r}")
        evidence = self.evidence
        problem, moment = evidence.problem, evidence.moment
        require_lifted_setting(problem)
        relaxation, optimum = evidence.relaxation.check(), evidence.optimum.check()
        if read_document(evidence.relaxation)["proof"]["kind"] != "psd":
            raise InputError("relaxation", "must be a certificate of kind psd")
        instances = [relaxation.instance, optimum.instance]
        if moment is not None:
            instances.append(moment.problem.instance())
        if any(instance != problem.instance() for instance in instances):
            raise InputError("evidence", "is about another problem")
        objective = evidence.network.evaluate(problem)
        feasible = None if moment is None else relaxation_upper_bound(moment)
        optimum = max(relaxation, optimum, key=lambda bound: bound.value)
        exact = exactness_reason(problem)
        standing, reason = _standing(
            exact, relaxation, feasible, optimum, objective, self.tolerance
        )
        vars(self).update(problem=problem, network=evidence.network, objective=objective)
        vars(self).update(relaxation=relaxation, feasible=feasible, optimum=optimum)
        vars(self).update(standing=standing, reason=reason)

    @property
    def relaxation_interval(self) -> tuple[Fraction, Fraction]:
        """The value of the relaxation lies between these; the network is feasible for it too."""
        above = self.objective.value
        return self.relaxation.value, above if self.feasible is None else min(above, self.feasible)

    @property
    def optimum_interval(self) -> tuple[Fraction, Fraction]:
        """The optimum lies between these."""
        return self.optimum.value, self.objective.value

    @property
    def distance(self) -> tuple[float, float]:
        """1 − relaxation/optimum lies between these, rounded outwards."""
        low, high = self.relaxation_interval
        least, most = self.optimum_interval
        if most == 0:
            return 0.0, 0.0
        below = max(Fraction(0), 1 - high / least) if least > 0 else Fraction(0)
        return rounded_down(below) + 0.0, rounded_up(1 - max(low, Fraction(0)) / most)

    @property
    def point(self) -> LiftedNetwork:
        """The network as Λ: where tight, an optimal Λ with its completely positive factor."""
        return lift(self.network, self.problem)

    def __repr__(self) -> str:
        least, most = self.distance
        return (
            f"TightnessVerdict({self.standing!r}: dnn {least:.4g} to {most:.4g} below the optimum, "
            "as a share of it, proved)"
        )


def tightness_verdict(
    problem: TrainingProblem,
    *,
    tolerance: float = 1e-6,
    time_limit: float | None = None,
    seed: int = 0,
) -> TightnessVerdict:
    """Find evidence on the tightness of the level dnn, and judge it.

    Parameters
    ----------
    problem : TrainingProblem
    tolerance : float
        What "tight within tolerance" means, a share of the optimum.
    time_limit : float or None
        Seconds for each of the two solves.
    seed : int
        Of the training.

    Raises
    ------
    InputError
        If an argument is unusable.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> verdict = certnn.tightness_verdict(problem)
    >>> verdict.standing, verdict.reason
    ('tight', 'the rows lie on at most two lines through the origin')
    """
    require_problem(problem)
    evidence = find_evidence(problem, time_limit=time_limit, seed=seed)
    return TightnessVerdict(evidence, tolerance)


def _standing(
    exactness: str | None,
    relaxation: Bound,
    feasible: Fraction | None,
    optimum: Bound,
    objective: Bound,
    tolerance: float,
) -> tuple[Standing, str]:
    if exactness is not None:
        return "tight", exactness
    if relaxation.value == objective.value:
        return "tight", "a network attains the bound of the relaxation"
    if feasible is not None and feasible < optimum.value:
        return "loose", "a feasible point of the relaxation is below a bound on every network"
    if objective.value - relaxation.value <= Fraction(tolerance) * objective.value:
        return "tight within tolerance", "a network is that close to the bound of the relaxation"
    return "open", "the intervals of the relaxation and of the optimum meet"
