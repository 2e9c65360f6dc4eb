"""Training to proved global optimality: a network, and a proof that none of any width is better."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from certnn.budget import Budget, budgeted
from certnn.certificates import Certificate
from certnn.certificates.proved import proved_gap, require_lower, require_network, require_objective
from certnn.errors import InputError, require_seed
from certnn.kernel import Bound
from certnn.problem.html_table import html_table
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.reading.npz import save_network
from certnn.report.model_card import UNNAMED, model_card
from certnn.report.reading import CERTIFICATES
from certnn.report.wording import duration, percent_up, shown_down, shown_up
from certnn.search.bound_search import Checkpoint
from certnn.search.levels.level import Progress
from certnn.search.levels.schedule import Case, stages
from certnn.search.lower_bound import lower_bound
from certnn.search.results import LowerBoundResult
from certnn.splitting.prover import MEMORY
from certnn.training import train_locally

#: Share of a limit for training where the proof trains further and where it does not, and nominal
#: seconds without one.
_FIRST_SHARE, _TRAINING_SHARE, _TRAINING_WORK = 0.15, 0.3, 60.0


@dataclass(frozen=True)
class TrainingResult:
    """A network and a proof of how close to the global optimum it is.

    Its parts agree, or it is refused: the objective is that of the network, and the bound is about
    the same problem.

    Attributes
    ----------
    network : TwoLayerNetwork
        The best network found.
    objective : Bound
        Its exact training objective, by the kernel.
    lower : LowerBoundResult
        The proved bound on every network of every width, with its certificate.
    seconds : float
        Wall time in all, in seconds.
    interrupted : bool
        Whether Ctrl-C ended the search; the figures hold all the same.

    Raises
    ------
    InputError
        If the parts do not agree.
    """

    network: TwoLayerNetwork
    objective: Bound
    lower: LowerBoundResult
    seconds: float
    interrupted: bool

    def __post_init__(self) -> None:
        instance = self.lower.bound.instance
        require_lower("lower", self.lower.bound, instance, self.lower.certificate)
        require_objective("objective", self.objective, instance, self.network)

    @property
    def gap(self) -> float:
        """(objective − bound)/objective, rounded up: no network is better by a larger share."""
        return proved_gap(self.lower.bound, self.objective)

    @property
    def certificate(self) -> Certificate:
        """The proof of the bound; ``certificate.save(path)`` writes it for ``certnn check``."""
        return self.lower.certificate

    def save(self, network: str | Path, certificate: str | Path | None = None) -> None:
        """Write the network (.npz) and, where asked, the certificate (.json; .zip if it is large).

        Raises
        ------
        InputError
            If a file cannot be written.
        """
        save_network(network, self.network)
        if certificate is not None:
            self.certificate.save(certificate)

    def model_card(self, name: str = UNNAMED) -> str:
        """What is proved of the network as a model card in Markdown, with metadata for model hubs.

        Parameters
        ----------
        name : str
            The network's.

        Returns
        -------
        str
            It calls the file of the certificate, by whose hash it goes, certificate.json, or
            certificate.zip where it is large.
        """
        command = f"certnn check {CERTIFICATES[self.certificate.suffix]}"
        return model_card(name, self.objective, self.lower.bound, self.gap, command)

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        rows = {
            "objective, rounded up": shown_up(self.objective.value),
            "proved: no network of any width is below": shown_down(self.lower.bound.value),
            "proved gap": percent_up(self.gap),
            "hidden neurons": self.network.width,
            "level of the proof": self.lower.level,
            "time": duration(self.seconds) + (", interrupted" if self.interrupted else ""),
        }
        return html_table("training with a proof", rows.items())

    def __repr__(self) -> str:
        return (
            f"TrainingResult(width={self.network.width}, objective={self.objective.rounded!r}, "
            f"gap={self.gap:.3g}, proved by the kernel)"
        )


def train(
    problem: TrainingProblem,
    *,
    gap: float = 1e-3,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
    memory_limit: float = MEMORY,
    max_rounds: int | None = None,
    start: TwoLayerNetwork | None = None,
    improve: LowerBoundResult | None = None,
    near: LowerBoundResult | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train a network of whatever width is best, and prove how good it is.

    Column generation: a group lasso over the hidden directions found, and a search for directions
    that would lower the objective. Where there are few columns that search is a partition of weight
    space (Theorem 16) or one over cells of it (Theorem 52), and where there are few points it may
    be one over the phases of their activations (Theorem 19); it finds such a direction or proves
    that there is none.

    Parameters
    ----------
    problem : TrainingProblem
    gap : float
        Stop once this gap is proved, a share of the objective, in [0, 1).
    level : str
        How the bound is proved, as in `certnn.lower_bound`.
    time_limit : float or None
        Seconds; without one the search goes on while its certificate stays of a size that can be
        checked in about ten seconds.
    work_limit, budget
        In place of seconds, as in `certnn.lower_bound`.
    memory_limit : float
        Bytes of a proof that is searched for, as in `certnn.lower_bound`.
    max_rounds : int or None
        Rounds of training before the proof, at most.
    start : TwoLayerNetwork or None
        A network to begin with; the result is never worse.
    improve : LowerBoundResult or None
        A bound proved before on the same problem.
    near : LowerBoundResult or None
        A bound for the same points with another reg or other targets, as in `certnn.lower_bound`.
    seed : int
        Of the search. The result depends on nothing else unless time runs out; what is proved is
        proved in any case.
    progress : callable or None
        Called as ``progress(stage, bound, objective)``.
    checkpoint : callable or None
        Called with the bound and the network so far whenever a better bound is proved.

    Returns
    -------
    TrainingResult
        After Ctrl-C the best so far.

    Raises
    ------
    InputError
        If an argument is unusable.
    KeyboardInterrupt
        On Ctrl-C before anything is proved.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> best = certnn.train(problem, gap=1e-6)
    >>> best.network
    TwoLayerNetwork(d=1, width=2, c=1)
    >>> round(best.objective.rounded, 6), best.gap <= 1e-6
    (0.29, True)
    """
    begun = time.monotonic()
    require_problem(problem)
    if not 0.0 <= gap < 1.0:
        raise InputError("gap", f"must be in [0, 1), got {gap!r}")
    require_seed(seed)
    if start is not None:
        require_network("start", start, problem)
    plan = stages(level, Case.of(problem))
    with budgeted(time_limit, work_limit, budget) as limit:
        further = any(stage.trains for stage in plan[:2])
        start = train_locally(
            problem,
            limit.part(_FIRST_SHARE if further else _TRAINING_SHARE, _TRAINING_WORK),
            starts=() if start is None else (start,),
            max_rounds=max_rounds,
            seed=seed,
            progress=None
            if progress is None
            else lambda value, rounds: progress(f"training, round {rounds}", None, value),
        ).network
        began = limit.now
        objective = start.evaluate(problem)
        evaluating = limit.now - began  # none where work is what is counted
        lower = lower_bound(
            problem,
            # After Ctrl-C only what is cheap.
            "shor" if limit.stopped else level,
            gap=gap,
            budget=limit.but(evaluating),
            memory_limit=memory_limit,
            network=start,
            improve=improve,
            near=near,
            seed=seed,
            progress=progress,
            checkpoint=checkpoint,
        )
        network = lower.network or start
        return TrainingResult(
            network=network,
            objective=objective if network is start else network.evaluate(problem),
            lower=lower,
            seconds=time.monotonic() - begun,
            interrupted=limit.stopped,
        )
