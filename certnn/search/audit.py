"""Audit a trained network: a proved lower bound, its exact objective, the gap, a better network."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from certnn.budget import Budget, budgeted
from certnn.errors import InputError
from certnn.problem.losses import Loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.networks import network_for
from certnn.reading.statement import stated_problem
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.report.compiling import Compiling
from certnn.report.progress import SearchCallback, shown_progress
from certnn.search.audit_findings import (
    PATTERNS_SHARE,
    better_of,
    close_enough,
    evaluated,
    local_findings,
    no_neurons,
    over_patterns,
)
from certnn.search.audit_report import History, Recheck, gap_report, with_pattern_tier
from certnn.search.audit_result import AuditResult
from certnn.search.forecast import USUAL_SECONDS
from certnn.search.levels.schedule import FIRST_SHOR, Case, stages
from certnn.search.lower_bound import lower_bound, refuse_ignored
from certnn.splitting.prover import ENOUGH, MEMORY
from certnn.training import train_locally

if TYPE_CHECKING:
    from distributed import Client

#: Shares of what is left of a limit for the cheapest level where others follow, and for a better
#: network; and nominal seconds where there is no limit.
_CHEAPEST, _TRAINING, _TRAINING_WORK = 0.3, 0.15, 10.0
#: Where networks come from that the search has found.
_SEARCHED = "column generation"


def audit(
    network: Any,
    problem: TrainingProblem | Any,
    y: Any = None,
    *,
    reg: float | None = None,
    convention: str | None = None,
    decay: float | None = None,
    weight_decay: float | None = None,
    loss: Loss | str | None = None,
    level: str = "auto",
    gap: float | None = None,
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
    memory_limit: float = MEMORY,
    choice: SolverChoice | None = None,
    cluster: Client | None = None,
    title: str = "audit",
    recheck: Recheck = "certnn check {}".format,
    decay_explained: str = "",
    progress: SearchCallback | bool | None = None,
) -> AuditResult:
    """Prove how far a trained network can be from the global optimum of its training problem.

    Parameters
    ----------
    network : TwoLayerNetwork, or what `certnn.reading.networks.read_network` takes, or None
        The network to audit: a checkpoint's path, a PyTorch module, a fitted estimator of
        scikit-learn among others; None for a bound and the best network found.
    problem : TrainingProblem, or array_like of shape (n, d)
        The data that it was trained on and the weight decay; or X alone, with `y`, and a weight
        decay if the network does not tell its own.
    y : array_like of shape (n, c) or (n,), or None
        Targets or labels beside X, as in `certnn.problem_for`.
    reg, convention, decay, weight_decay, loss
        Beside X, as in `certnn.problem_for`: a fitted estimator of scikit-learn needs none of them,
        a PyTorch Lightning module at most `loss`, another PyTorch module `weight_decay` and, if it
        is not the mean squared error, `loss`. The report says what was made of them.
    level : str
        Level of the relaxation, as in `certnn.lower_bound`.
    gap : float or None
        Stop once the proved gap is at most this share of the objective, in [0, 1). None: once it
        is known to about a hundredth of itself, or the best network is proved to be within 1e-4 of
        optimal.
    time_limit : float or None
        Seconds for the whole audit; the cheapest level is always run to a bound. A minute if
        neither this nor `work_limit` nor `budget` says how long. `certnn.forecast_gap` says what
        may be expected of so much.
    work_limit, budget
        In place of seconds, as in `certnn.lower_bound`.
    memory_limit : float
        Bytes of a proof that is searched for, as in `certnn.lower_bound`.
    choice : SolverChoice or None
        Solver, formulation and options, as in `certnn.lower_bound`.
    cluster : distributed.Client or None
        As in `certnn.lower_bound`.
    title, decay_explained : str
        What the report says of the network's origin, and of the weight decay that reg stands for
        (`certnn.reading.conventions.Convention.explained`), where a problem is given.
    recheck : callable
        From a certificate's file name to the command in the report that checks it again, quoted for
        a shell.
    progress : callable, bool or None
        Called as ``progress(stage, bound, objective)``, at last with the figures of the result;
        True from it ends the search, which keeps what is proved. True: a line on stderr; None: that
        in a terminal, and nothing elsewhere.

    Returns
    -------
    AuditResult
        After Ctrl-C with what is proved by then.

    Raises
    ------
    InputError
        If an argument is unusable or the network does not fit the data.
    KeyboardInterrupt
        On Ctrl-C before anything is proved.

    Examples
    --------
    A network whose neurons were trained too little: 0.0975 above the optimum, a quarter of its
    objective.

    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> network = certnn.TwoLayerNetwork([[1.0, -1.0]], [[1.0], [1.5]])
    >>> result = certnn.audit(network, problem, work_limit=5.0)
    >>> round(result.gap, 3)
    0.252
    >>> round(result.best_network.evaluate(problem).rounded, 3)
    0.29
    """
    start = time.monotonic()
    if isinstance(network, TrainingProblem):
        raise InputError("network", "is a TrainingProblem, and comes before the problem")
    if not isinstance(problem, TrainingProblem):
        if y is None:
            raise InputError("y", "is needed beside X, or a certnn.TrainingProblem instead of both")
        problem, decay_explained = stated_problem(
            network,
            problem,
            y,
            reg=reg,
            convention=convention,
            decay=decay,
            weight_decay=weight_decay,
            loss=loss,
        )
    else:
        beside = {"y": y, "reg": reg, "convention": convention, "decay": decay}
        beside |= {"weight_decay": weight_decay, "loss": loss}
        for name, given_twice in beside.items():
            if given_twice is not None:
                raise InputError(name, "is for X, where no TrainingProblem is given")
    if gap is not None and not 0.0 <= gap < 1.0:
        raise InputError("gap", f"must be in [0, 1), got {gap!r}")
    if not isinstance(network, TwoLayerNetwork | None):
        network = network_for(problem, network)
    if time_limit is None and work_limit is None and budget is None:
        time_limit = USUAL_SECONDS
    with (
        budgeted(time_limit, work_limit, budget) as whole,
        shown_progress(progress) as show,
        Compiling() as compiling,
    ):
        refuse_ignored(problem, level, choice, cluster, whole.limited)
        given = None if network is None else evaluated(problem, network, "given")
        best = given or evaluated(problem, no_neurons(problem), "no neurons")
        local, history = None, History(start)
        if given is not None:
            local = local_findings(problem, given, whole)
            best = better_of(best, local.polished)

        def tell(stage: str, bound: float | None, objective: float | None) -> None:
            known = best.bound.rounded
            known = known if objective is None else min(known, objective)
            history.note(stage, bound, known)
            if show(stage, bound, known) is True:
                whole.stop()

        plan = stages(level, Case.of(problem), limited=whole.limited)
        # Leaves time for what follows, if something does.
        share = FIRST_SHOR.share if plan[0] == FIRST_SHOR else _CHEAPEST
        cheapest = whole if level == "shor" else whole.part(share)
        sums = cluster if problem.is_plain else None
        lower = lower_bound(problem, "shor", budget=cheapest, cluster=sums, progress=tell)
        # Where the search for a bound trains, its network is better to compare with than none.
        later = any(stage.trains for stage in plan[:2])
        patterns = None
        if not whole.over:
            tell("training", lower.value, None)
            starts = () if network is None else (network,)
            training = whole.part(_TRAINING, _TRAINING_WORK)
            trained = train_locally(problem, training, starts=starts)
            best = better_of(best, evaluated(problem, trained.network, _SEARCHED))
        if not later:
            patterns, lower = over_patterns(problem, given, best, lower, whole, tell)
            best = best if patterns is None else better_of(best, patterns.best)
        if not whole.over:
            reference = (given or best).bound.rounded
            share = close_enough(given, best) if gap is None else gap
            if gap is not None and given is not None:  # the goal is its gap, not the best network's
                share = min(gap, ENOUGH)
            lower = lower_bound(
                problem,
                level,
                budget=whole.part(1.0 - PATTERNS_SHARE) if later else whole,
                target=None if gap is None or given is None else reference * (1.0 - gap),
                gap=share,
                memory_limit=memory_limit,
                network=best.network,
                choice=choice,
                improve=lower,
                cluster=cluster,
                progress=tell,
            )
            if lower.network is not None:
                best = better_of(best, evaluated(problem, lower.network, _SEARCHED))
        if later:
            patterns, lower = over_patterns(problem, given, best, lower, whole, tell)
            best = best if patterns is None else better_of(best, patterns.best)
        lower = replace(lower, interrupted=whole.stopped)
        tell("done", lower.value, None)
    report = gap_report(
        *(problem, given, local, best, lower, history, compiling.seconds),
        *(title, recheck, decay_explained),
    )
    if patterns is None:
        return AuditResult(report, lower, best.network, None)
    report = with_pattern_tier(report, patterns, recheck)
    return AuditResult(report, lower, best.network, patterns.result)
