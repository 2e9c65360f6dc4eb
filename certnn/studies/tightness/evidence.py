"""What a verdict on the tightness of the relaxation rests on: found here, judged elsewhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from certnn.atomic_files import make_folder
from certnn.budget import Budget, require_limit, stoppable
from certnn.certificates import Certificate
from certnn.errors import InputError, SolverError
from certnn.kernel import Malformed
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.npz import load_network, save_network
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.relaxation.moments.feasible_moment import FeasibleMoment
from certnn.relaxation.moments.feasible_search import feasible_moment
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.relaxation.moments.moment_document import load_moment, save_moment
from certnn.search.lower_bound import lower_bound
from certnn.search.results import LowerBoundResult
from certnn.search.train import train
from certnn.studies.tightness.exact_families import exactness_reason

#: Where the relaxation is known no better than to this share, a second solver is asked, up to so
#: many points.
_WIDE, _SECOND_UP_TO = 1e-4, 40
_NAMES = ("relaxation.json", "optimum.json", "network.npz", "moment.json")


@dataclass(frozen=True)
class Evidence:
    """Bounds from both sides on the relaxation and on the optimum, none of them checked yet.

    Attributes
    ----------
    relaxation : Certificate
        Of kind psd: a lower bound on the relaxation's value too (Theorem 35(a)).
    optimum : Certificate
        A lower bound on the optimum, of any kind.
    network : TwoLayerNetwork
        An upper bound on both.
    moment : FeasibleMoment or None
        An upper bound on the relaxation's value, where one was found.
    """

    problem: TrainingProblem
    relaxation: Certificate
    optimum: Certificate
    network: TwoLayerNetwork
    moment: FeasibleMoment | None

    def save(self, folder: str | Path) -> None:
        """Write relaxation.json, optimum.json, network.npz, and moment.json where there is one.

        Raises `InputError` if the folder cannot be made or written to.
        """
        out = make_folder(folder)
        relaxation, optimum, network, moment = (out / name for name in _NAMES)
        self.relaxation.save(relaxation)
        self.optimum.save(optimum)
        save_network(network, self.network)
        if self.moment is not None:
            save_moment(moment, self.moment)
        else:
            moment.unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: str | Path) -> Evidence:
        """Read what `save` has written; the problem is that of relaxation.json.

        Raises `InputError` if a file is missing or is not what it should be.
        """
        relaxation, optimum, network, moment = (Path(folder) / name for name in _NAMES)
        certificate = Certificate.load(relaxation)
        try:
            problem = TrainingProblem.of_instance(certificate.instance())
        except Malformed as error:
            raise InputError(str(relaxation), f"is not a certificate: {error}") from None
        return cls(
            problem,
            certificate,
            Certificate.load(optimum),
            load_network(network),
            load_moment(moment) if moment.exists() else None,
        )


def find_evidence(
    problem: TrainingProblem, *, gap: float = 1e-6, time_limit: float | None = None, seed: int = 0
) -> Evidence:
    """Solve the relaxation from both sides, and train to global optimality.

    Raises `InputError` if an argument is unusable, or the problem has another loss than the squared
    one, or a free or an output bias.

    Parameters
    ----------
    gap : float
        Between the network and the bound on the optimum; in (0, 1).
    time_limit : float or None
        Seconds for each of the two solves; without one, training goes on as `certnn.train` says.
    seed : int
        Of the training.
    """
    require_lifted_setting(problem)
    if not 0.0 < gap < 1.0:
        raise InputError("gap", f"must be in (0, 1), got {gap!r}")
    seconds = require_limit("time_limit", time_limit)
    level = "auto" if exactness_reason(problem) is None else "dnn"
    with stoppable() as stop:

        def limit() -> Budget:
            return Budget(seconds, stop=stop)

        relaxed = lower_bound(problem, "dnn", budget=limit(), choice=SolverChoice())
        trained = train(problem, gap=gap, level=level, budget=limit(), seed=seed)
        above, moment = trained.objective.value, None
        with suppress(SolverError):
            moment, feasible = feasible_moment(problem, limit())
            above = min(above, feasible)
        if above - relaxed.bound.value > _WIDE * above and problem.n <= _SECOND_UP_TO:
            choice = SolverChoice("CLARABEL")
            second = lower_bound(problem, "dnn", budget=limit(), choice=choice)
            relaxed = max((relaxed, second), key=_value)
    best = max((relaxed, trained.lower), key=_value)
    return Evidence(problem, relaxed.certificate, best.certificate, trained.network, moment)


def _value(found: LowerBoundResult) -> Fraction:
    return found.bound.value
