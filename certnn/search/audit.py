"""Audit a trained network: a proved lower bound, its exact objective, the gap, a better network."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from certnn.atomic_files import make_folder, write_atomically
from certnn.budget import Budget, budgeted
from certnn.certificates.proved import require_lower
from certnn.errors import InputError, SolverError
from certnn.kernel import Bound
from certnn.problem.losses import Loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.stationarity import stationarity_residual
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.networks import network_for
from certnn.reading.networks.writing import network_like
from certnn.reading.npz import save_network
from certnn.reading.statement import stated_problem
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.report import (
    GapReport,
    NetworkFigure,
    PatternTier,
    ProblemSummary,
    ProvedBound,
    Reached,
)
from certnn.report.compiling import Compiling
from certnn.report.model_card import UNNAMED, model_card
from certnn.report.neurons import neuron_table
from certnn.report.predictions import Predictions
from certnn.report.progress import SearchCallback, shown_progress
from certnn.report.reading import CERTIFICATE, NETWORK, PAGE, PATTERN_CERTIFICATE, REPORT
from certnn.search.levels.schedule import stages
from certnn.search.lower_bound import lower_bound, refuse_ignored
from certnn.search.results import LowerBoundResult
from certnn.splitting.patterns import PatternBoundResult, bound_over_patterns, collect_patterns
from certnn.splitting.prover import ENOUGH, MEMORY
from certnn.training import improvements, polish, train_locally

if TYPE_CHECKING:
    from distributed import Client

    from certnn.report.html import AttachedNetwork

#: From a certificate's file name to the command that checks it, as one would type it in a shell.
Recheck = Callable[[str], str]

#: Shares of what is left of a limit for descent from the weights of the given network, for the
#: cheapest level where others follow, for a better network, and for the bound over activation
#: patterns; and nominal seconds where there is no limit.
_POLISHING, _CHEAPEST, _TRAINING, _PATTERNS = 0.1, 0.3, 0.15, 0.15
_POLISHING_WORK, _TRAINING_WORK, _PATTERNS_WORK = 5.0, 10.0, 30.0
#: Of what the given network is above the best one, what the bound may leave open.
_SHARE_OF_EXCESS = 0.01
#: The bound over activation patterns is left out where the global bound is within this share of the
#: best network, or X has more numbers than this.
_TIGHT, _MOST_NUMBERS = 0.01, 2_000_000
#: Patterns that are sampled beside those of the networks.
_SAMPLED = 100
#: Seconds of an audit where nobody says how long.
_USUAL_SECONDS = 60.0
#: Moments of the history that are kept.
_MOST_MOMENTS = 400
#: Where networks come from that the search has found.
_SEARCHED = "column generation"
_PROGRAMS = (
    "certnn",
    "numpy",
    "scipy",
    "cvxpy",
    "clarabel",
    "scs",
    "picos",
    "cvxopt",
    "python-flint",
)


@dataclass(frozen=True, repr=False)
class AuditResult:
    """A gap report with its certificate and the best network found.

    Attributes
    ----------
    report : GapReport
        All figures; ``print(result.report.to_json())``, or `save` for the page.
    lower : LowerBoundResult
        The proved bound and its certificate.
    best_network : TwoLayerNetwork
        The best network known, which may be the one audited.
    patterns : PatternBoundResult or None
        The bound on the networks with some activation patterns; None where `lower` is so close to
        the best network that it would say little more, or the data are too large.

    Raises
    ------
    InputError
        If a figure of the report is not one that the kernel has proved, or the parts do not belong
        together.
    """

    report: GapReport
    lower: LowerBoundResult
    best_network: TwoLayerNetwork
    patterns: PatternBoundResult | None

    def __post_init__(self) -> None:
        report, bound = self.report, self.lower.bound
        if not report.all_proved:
            raise InputError("report", "has figures that the kernel has not proved")
        require_lower("lower", bound, report.proved[0].instance, self.lower.certificate)
        if bound.value != report.lower_bound.fraction or bound not in report.proved:
            raise InputError("lower", "is not the bound of the report")
        objectives = [said for said in report.proved if type(said) is Bound]
        best = report.best_network
        if best is None or not any(
            said.value == best.fraction and self.best_network.has_objective(said)
            for said in objectives
        ):
            raise InputError("best_network", "is not that of the report")
        tier = None if self.patterns is None else self.patterns.bound
        if (tier is None) != (report.pattern_tier is None) or (
            tier is not None and tier not in report.proved
        ):
            raise InputError("patterns", "are not those of the report")

    @property
    def gap(self) -> float | None:
        """How far the audited network can be from optimal, a share of its objective; proved."""
        return self.report.gap

    def save(self, folder: str | Path, attached: AttachedNetwork | None = None) -> None:
        """Write report.json, report.html, certificate.json and best_network.npz into `folder`.

        With a bound over activation patterns, patterns-certificate.json too; without one, none is
        left there.

        Parameters
        ----------
        folder : str or Path
        attached : AttachedNetwork or None
            A file with the best network that is there already, for the page to name.

        Raises
        ------
        InputError
            If the folder cannot be made or written to.
        """
        from certnn.report.html import render_html

        data, folder = self.report.to_json(), make_folder(folder)
        network = folder / NETWORK
        self.lower.certificate.save(folder / CERTIFICATE)
        if self.patterns is not None:
            self.patterns.certificate.save(folder / PATTERN_CERTIFICATE)
        else:  # that of an earlier report says nothing of this one
            (folder / PATTERN_CERTIFICATE).unlink(missing_ok=True)
        save_network(network, self.best_network)
        page = render_html(self.report, network.read_bytes(), attached)
        write_atomically(folder / PAGE, page.encode())
        write_atomically(folder / REPORT, data.encode())

    def best_like(self, source: Any) -> Any:
        """The best network as an object like the one that was audited, which is not changed.

        Parameters
        ----------
        source : object
            A fitted estimator of scikit-learn, a ``torch.nn.Module``, an ``onnx.ModelProto``, a
            live model of Keras, or a dictionary of arrays, as
            `certnn.reading.networks.writing.network_like` takes it.

        Raises
        ------
        InputError
            If it is none of these, or of other shapes.
        """
        return network_like(source, self.best_network)

    def model_card(self, name: str = UNNAMED) -> str:
        """What is proved of the audited network as a model card, or of the best if none was given.

        Parameters
        ----------
        name : str
            The network's.

        Returns
        -------
        str
            Markdown, with metadata for model hubs.
        """
        report, gap = self.report, self.gap if self.report.network else self.report.best_gap
        figure = report.network or report.best_network
        assert figure is not None
        assert gap is not None
        objective = next(
            said
            for said in report.proved
            if type(said) is Bound and said.kind == "upper" and said.value == figure.fraction
        )
        classes = bool(report.problem.classes)
        bound, command = self.lower.bound, report.recheck
        return model_card(name, objective, bound, gap, command, classes=classes)

    def _repr_html_(self) -> str:
        """The page, for notebooks."""
        from certnn.report.html import render_html

        page = escape(render_html(self.report))
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 45rem; border: 0"></iframe>'

    def __repr__(self) -> str:
        gap = "" if self.gap is None else f"gap={self.gap:.3g}, "
        return f"AuditResult({gap}lower={self.lower.value!r}, proved by the kernel)"


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
        neither this nor `work_limit` nor `budget` says how long.
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
    # Refuses an unknown level at once.
    plan = stages(level, problem.n, problem.features.shape[1], problem.c)
    refuse_ignored(problem, level, choice, cluster)
    if not isinstance(network, TwoLayerNetwork | None):
        network = network_for(problem, network)
    if time_limit is None and work_limit is None and budget is None:
        time_limit = _USUAL_SECONDS
    with (
        budgeted(time_limit, work_limit, budget) as whole,
        shown_progress(progress) as show,
        Compiling() as compiling,
    ):
        given = None if network is None else _evaluated(problem, network, "given")
        best = given or _evaluated(problem, _no_neurons(problem), "no neurons")
        local, history = None, _History(start)
        if given is not None:
            local = _local_tier(problem, given, whole)
            best = _better(best, local.polished)

        def tell(stage: str, bound: float | None, objective: float | None) -> None:
            known = best.bound.rounded
            known = known if objective is None else min(known, objective)
            history.note(stage, bound, known)
            if show(stage, bound, known) is True:
                whole.stop()

        # Leaves time for what follows, if something does.
        cheapest = whole if level == "shor" else whole.part(_CHEAPEST)
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
            best = _better(best, _evaluated(problem, trained.network, _SEARCHED))
        if not later:
            patterns, lower = _over_patterns(problem, given, best, lower, whole, tell)
            best = best if patterns is None else _better(best, patterns.best)
        if not whole.over:
            reference = (given or best).bound.rounded
            share = _close_enough(given, best) if gap is None else gap
            if gap is not None and given is not None:  # the goal is its gap, not the best network's
                share = min(gap, ENOUGH)
            lower = lower_bound(
                problem,
                level,
                budget=whole.part(1.0 - _PATTERNS) if later else whole,
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
                best = _better(best, _evaluated(problem, lower.network, _SEARCHED))
        if later:
            patterns, lower = _over_patterns(problem, given, best, lower, whole, tell)
            best = best if patterns is None else _better(best, patterns.best)
        lower = replace(lower, interrupted=whole.stopped)
        tell("done", lower.value, None)
    report = _report(
        *(problem, given, local, best, lower, history, compiling.seconds),
        *(title, recheck, decay_explained),
    )
    if patterns is None:
        return AuditResult(report, lower, best.network, None)
    report = _with_pattern_tier(report, patterns, recheck)
    return AuditResult(report, lower, best.network, patterns.result)


def _over_patterns(
    problem: TrainingProblem,
    given: _Evaluated | None,
    best: _Evaluated,
    lower: LowerBoundResult,
    budget: Budget,
    tell: SearchCallback,
) -> tuple[_PatternTier | None, LowerBoundResult]:
    """The bound over the patterns of the networks and sampled ones, where it is worth its time."""
    if budget.over or lower.bound.value >= (1 - Fraction(_TIGHT)) * best.bound.value:
        return None, lower
    if problem.features.size > _MOST_NUMBERS:
        note = f"activation patterns: X has more than {_MOST_NUMBERS} numbers"
        return None, replace(lower, notes=(*lower.notes, note))
    tell("activation patterns", lower.value, None)
    named = [] if given is None else [("of the given network", given.network)]
    if given is None or best.network is not given.network:
        named.append(("more of the best network", best.network))
    try:
        patterns = collect_patterns(problem, named, _SAMPLED)
        part = budget.part(_PATTERNS, _PATTERNS_WORK)
        found = bound_over_patterns(problem, patterns, budget=part)
    except (InputError, SolverError) as error:
        note = f"activation patterns: {error}"
        return None, replace(lower, notes=(*lower.notes, note))
    own_best = _evaluated(problem, found.network, "over activation patterns")
    return _PatternTier(found, own_best), lower


def _with_pattern_tier(report: GapReport, over: _PatternTier, recheck: Recheck) -> GapReport:
    found = over.result
    best = replace(over.best, source="column generation over these patterns")
    tier = PatternTier.from_exact(
        found.bound.value,
        patterns=found.patterns.count,
        origins=dict(found.patterns.origins),
        left_out=found.patterns.left_out,
        best_network=best.figure,
        seconds=found.seconds,
        certificate=PATTERN_CERTIFICATE,
        certificate_bytes=len(found.certificate.document),
        recheck=recheck(PATTERN_CERTIFICATE),
    )
    return replace(report, pattern_tier=tier, proved=(*report.proved, found.bound, best.bound))


class _History:
    """What was proved and found by when."""

    def __init__(self, start: float) -> None:
        self._start = start
        self.moments: list[Reached] = []

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    def note(self, stage: str, bound: float | None, objective: float) -> None:
        """Keep it if anything is new, and half of the moments where they get many."""
        last = self.moments[-1] if self.moments else None
        if last is not None and (last.bound, last.objective) == (bound, objective):
            return
        if len(self.moments) == _MOST_MOMENTS:
            self.moments = self.moments[::2]
        self.moments.append(Reached(self.seconds, stage, bound, objective))


@dataclass(frozen=True)
class _Evaluated:
    """A network with its exact objective."""

    network: TwoLayerNetwork
    bound: Bound
    source: str

    @property
    def figure(self) -> NetworkFigure:
        return NetworkFigure.from_exact(self.bound.value, self.network.width, self.source)


def _evaluated(problem: TrainingProblem, network: TwoLayerNetwork, source: str) -> _Evaluated:
    return _Evaluated(network, network.evaluate(problem), source)


def _better(best: _Evaluated, other: _Evaluated) -> _Evaluated:
    """The better of the best network so far and another one."""
    return other if other.bound.value < best.bound.value else best


@dataclass(frozen=True)
class _PatternTier:
    """The bound over activation patterns, and the best network that was found over them."""

    result: PatternBoundResult
    best: _Evaluated


@dataclass(frozen=True)
class _LocalTier:
    """What is said of the given network by itself."""

    polished: _Evaluated
    stationarity: float | None
    improvements: tuple[_Evaluated, ...]


def _local_tier(problem: TrainingProblem, given: _Evaluated, budget: Budget) -> _LocalTier:
    part = budget.part(_POLISHING, _POLISHING_WORK)
    polished = _evaluated(problem, polish(problem, given.network, part), "given, polished")
    residual = None if budget.over else stationarity_residual(problem, given.network)
    changed = [
        _evaluated(problem, found.network, found.change)
        for found in improvements(problem, given.network, budget.part(_POLISHING, _POLISHING_WORK))
    ]
    better = sorted(
        (one for one in changed if one.bound.value < given.bound.value),
        key=lambda one: one.bound.value,
    )
    return _LocalTier(polished, residual, tuple(better))


def _close_enough(given: _Evaluated | None, best: _Evaluated) -> float:
    """Where the given network is far from the best one, a share that tells its gap well enough."""
    if given is None or best.bound.value == 0:
        return ENOUGH
    excess = given.bound.value / best.bound.value - 1
    return max(ENOUGH, _SHARE_OF_EXCESS * min(float(excess), 1.0))


def _no_neurons(problem: TrainingProblem) -> TwoLayerNetwork:
    return TwoLayerNetwork(np.zeros((problem.features.shape[1], 0)), np.zeros((0, problem.c)))


def _report(
    problem: TrainingProblem,
    given: _Evaluated | None,
    local: _LocalTier | None,
    best: _Evaluated,
    lower: LowerBoundResult,
    history: _History,
    compiling: float,
    title: str,
    recheck: Recheck,
    decay: str,
) -> GapReport:
    bounds = tuple(ProvedBound.from_exact(p.level, p.bound.value, p.seconds) for p in lower.proved)
    found = [given, best] if local is None else [given, best, local.polished, *local.improvements]
    evaluated = [one for one in found if one is not None]
    return GapReport(
        title=title,
        problem=ProblemSummary.of(problem),
        lower_bound=next(b for b in bounds if b.level == lower.level),
        bounds=bounds,
        network=None if given is None else given.figure,
        polished=None if local is None else local.polished.figure,
        best_network=best.figure,
        stationarity=None if local is None else local.stationarity,
        neurons=() if given is None else neuron_table(problem, given.network),
        improvements=() if local is None else tuple(one.figure for one in local.improvements),
        solver_figures=lower.solver_figures,
        notes=lower.notes,
        interrupted=lower.interrupted,
        seconds=history.seconds,
        compiling=compiling,
        versions=_versions(),
        certificate=CERTIFICATE,
        certificate_bytes=len(lower.certificate.document),
        recheck=recheck(CERTIFICATE),
        decay=decay,
        pattern_tier=None,
        history=tuple(history.moments),
        predictions=Predictions.of(problem, _named(given, best)),
        proved=(*(p.bound for p in lower.proved), *(one.bound for one in evaluated)),
    )


def _named(given: _Evaluated | None, best: _Evaluated) -> list[tuple[str, TwoLayerNetwork]]:
    """The audited network and the best one, if that is another."""
    if given is None:
        return [("best network found", best.network)]
    if best is given:
        return [("given network, the best found", given.network)]
    return [("given network", given.network), ("best network found", best.network)]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for program in _PROGRAMS:
        with contextlib.suppress(PackageNotFoundError):
            found[program] = version(program)
    return found
