"""Proved lower bounds: run the levels of the relaxation, certify each, keep the best."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from certnn.budget import Budget, budgeted
from certnn.certificates import Certified
from certnn.certificates.proved import require_lower, require_network
from certnn.errors import InputError, require_seed
from certnn.kernel import Instance
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.relaxation.first_order import precisions_on
from certnn.relaxation.modelled.worker import DEFAULT_SOLVER, FORMULATIONS, OWN, SolverChoice
from certnn.relaxation.reduced.directions import find_directions
from certnn.search.bound_search import BoundSearch, Checkpoint
from certnn.search.levels.groups import Groups
from certnn.search.levels.level import Context, Goal, Level, Progress
from certnn.search.levels.relaxed import Block, Dnn, takes_all_products
from certnn.search.levels.schedule import DNN, PARTITION, Case, stages
from certnn.search.levels.tightening import Cells
from certnn.search.results import LowerBoundResult
from certnn.splitting.prover import ENOUGH, MEMORY

if TYPE_CHECKING:
    from distributed import Client

#: The solver to take by default where our own do not take the problem.
_ANY_LOSS = "CLARABEL"


def lower_bound(
    problem: TrainingProblem,
    level: str = "auto",
    *,
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
    memory_limit: float = MEMORY,
    target: float | None = None,
    gap: float = ENOUGH,
    network: TwoLayerNetwork | None = None,
    choice: SolverChoice | None = None,
    improve: LowerBoundResult | None = None,
    near: LowerBoundResult | None = None,
    cluster: Client | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> LowerBoundResult:
    """Prove a lower bound on the objective of every two-layer ReLU network of every width.

    Levels are run from the cheapest to the one asked for, and each is certified by the kernel
    (Theorems 3, 9, 10, 15, 16, 18, 19, 31, 49, 52 and 53); what solvers say is not believed.

    Parameters
    ----------
    problem : TrainingProblem
    level : str
        "auto", "shor", "block", "block(k)", "lifts", "lifts(k)", "dnn", "cuts", "phases",
        "partition", "cells", "groups" or "groups(k)"; see
        `certnn.search.levels.schedule.stages`. After a partition "auto" runs no further level,
        unless there is a limit: then it goes on, also with levels that take long, until its goal or
        its limit is reached.
    time_limit : float or None
        Seconds, positive; the cheapest level is always run to a bound.
    work_limit : float or None
        The same in nominal seconds, counted from what is computed: with the same seed and number of
        threads the same result on every machine, however busy (`certnn.Budget`).
    budget : Budget or None
        One to share with other calls, in place of the limits.
    memory_limit : float
        Bytes, positive, of a partition, cells or phases while they are searched for; a certificate
        is about a third larger.
    target : float or None
        Stop once a bound of at least this is proved.
    gap : float
        Stop once the bound is within this share of the objective of the best network known; 0 to
        go on until time or memory runs out.
    network : TwoLayerNetwork or None
        The best network known: where the training for phases, cells or a partition starts.
    choice : SolverChoice or None
        Solver, formulation, options and device for the levels block and dnn; by default our own
        solvers, which certify as they go, in numpy.
    improve : LowerBoundResult or None
        An earlier result on the same problem; its levels are not run again, but for phases,
        cells and partition, which go on from its network, cells from the trees of its certificate
        too, and groups, of which those that its certificate proves are kept.
    near : LowerBoundResult or None
        A result for the same points with another reg or other targets: our own solvers of the
        relaxation begin with its working set.
    cluster : distributed.Client or None
        A Dask cluster for the sums over points of the level shor and for the levels groups and
        cells (`certnn.relaxation.shor.distributed.connected`).
    seed : int
        Of the training for phases, cells or a partition.
    progress : callable or None
        Called as ``progress(stage, bound, objective)`` when something starts or is proved, with
        the best bound and the objective of the best network, each None if there is none yet.
    checkpoint : callable or None
        Called with the result so far whenever a better bound is proved, so that it can be saved.

    Returns
    -------
    LowerBoundResult
        The best bound proved. A level whose solver failed or overran is left out, with a note; no
        other solver takes its place. Ctrl-C ends the search and keeps what is proved by then.

    Raises
    ------
    InputError
        If an argument is unusable, such as a solver that is not installed, or a device that
        PyTorch cannot use.
    KeyboardInterrupt
        On Ctrl-C before anything is proved.

    Examples
    --------
    Two points that no neuron sees both: each is fitted alone, and the optimum is 0.29.

    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> found = certnn.lower_bound(problem, "dnn")
    >>> found.level, round(found.value, 4)
    ('dnn', 0.29)
    """
    require_problem(problem)
    require_seed(seed)
    _validate(problem, memory_limit, improve, near, network)
    if near is not None and not _same_points(near.bound.instance, problem.instance()):
        raise InputError("near", "is a result for other points")
    start = near or improve
    if improve is not None and network is None:
        network = improve.network
    with budgeted(time_limit, work_limit, budget) as limit:
        refuse_ignored(problem, level, choice, cluster, limit.limited)
        context = Context(
            problem,
            Goal(limit, gap, target, memory_limit, seed),
            choice or SolverChoice(OWN if takes_all_products(problem) else _ANY_LOSS),
            cluster,
            progress or Context.progress,
            best=Certified(improve.certificate, improve.bound) if improve else None,
            network=network,
            products=dict(start.products) if start else {},
            figures=list(improve.solver_figures) if improve else [],
            search=lower_bound,
        )
        search = BoundSearch(context, improve, checkpoint or (lambda result: None))
        with threadpool_limits(1):  # small matrices: on busy cores threads only wait
            search.run(_plan(context, level, choice), _last(context, level))
        return search.result()


def _plan(context: Context, level: str, choice: SolverChoice | None) -> tuple[Level, ...]:
    """The levels to run."""
    # The level shor needs no directions, and may have very many points.
    directions = 0 if level == "shor" else context.directions.count
    general = choice is not None and choice.solver != OWN
    return stages(level, Case.of(context.problem, directions), general, context.budget.limited)


def _last(context: Context, level: str) -> Level | None:
    """The level after which none is run: a partition, where there is no limit to go on to."""
    return PARTITION if level == "auto" and not context.budget.limited else None


def _validate(
    problem: TrainingProblem,
    memory_limit: float,
    improve: LowerBoundResult | None,
    near: LowerBoundResult | None,
    network: TwoLayerNetwork | None,
) -> None:
    if not memory_limit > 0.0:
        raise InputError("memory_limit", f"must be positive, got {memory_limit!r}")
    for name, result in (("improve", improve), ("near", near)):
        if result is not None and type(result) is not LowerBoundResult:
            raise InputError(name, f"must be a LowerBoundResult, got a {type(result).__name__}")
    if improve is not None:
        require_lower("improve", improve.bound, problem.instance(), improve.certificate)
    improved = None if improve is None else improve.network
    for name, known in (("network", network), ("improve", improved)):
        if known is not None:
            require_network(name, known, problem)


def refuse_ignored(
    problem: TrainingProblem,
    level: str,
    choice: SolverChoice | None,
    cluster: Client | None,
    limited: bool,
) -> None:
    """Refuse a solver, device or cluster that would not be used, and more groups than points.

    Raises `InputError` if the level runs none of those that a general solver or a device is for,
    either cannot be had, nothing would be summed on the cluster, or there would be groups without
    points.

    Parameters
    ----------
    level, choice, cluster
        As in `lower_bound`.
    limited : bool
        Whether there is a limit on time or work.
    """
    # Where every row of X is zero, no level is run but shor, whatever is asked for. The level shor
    # may have very many points, whose directions nobody counts.
    directions = None if choice is None else max(1, find_directions(problem.features).count)
    general = choice is not None and choice.solver != OWN
    plan = stages(level, Case.of(problem, directions), general, limited)
    shared = [stage for stage in plan if isinstance(stage, Groups | Cells)]
    for stage in shared:
        if isinstance(stage, Groups):
            stage.require_points(problem.n)
    if cluster is not None and not problem.is_plain and not shared:
        raise InputError(
            "cluster",
            "is for groups and cells, or the half-squared loss without output bias and free biases",
        )
    if choice is None:
        return
    _validate_choice(choice)
    if choice.formulation != "reduced" and DNN not in plan:
        raise InputError("formulation", f"{choice.formulation} is for dnn; {level} leaves it out")
    if choice.device is not None and DNN not in plan:
        raise InputError("device", f"{choice.device} is for dnn; {level} leaves it out")
    precisions_on(choice.device)
    if general and not any(isinstance(stage, Block | Dnn) for stage in plan):
        raise InputError("solver", f"{choice.solver} is for block and dnn; {level} leaves out both")
    if choice.formulation == "dual" and not (find_spec("picos") and find_spec("cvxopt")):
        raise InputError(
            "formulation", "dual needs the packages picos and cvxopt: pip install 'certnn[solvers]'"
        )
    if general and choice.formulation != "dual":
        from certnn.relaxation.modelled.cvxpy_solvers import require_installed

        require_installed(choice.solver)


def _same_points(one: Instance, other: Instance) -> bool:
    return (one.X, one.n, one.hidden_bias) == (other.X, other.n, other.hidden_bias)


def _validate_choice(choice: SolverChoice) -> None:
    if choice.formulation not in FORMULATIONS:
        raise InputError("formulation", f"must be one of {', '.join(FORMULATIONS)}")
    usual = DEFAULT_SOLVER[choice.formulation]
    if choice.formulation == "dual" and choice.solver != usual:
        raise InputError("solver", f"must be {usual} for the formulation dual")
    if choice.solver == OWN and choice.formulation != "reduced":
        raise InputError(
            "solver", f"must be one of CVXPY's for the formulation literal, such as {usual}"
        )
    if choice.solver == OWN and choice.options:
        raise InputError("options", "are for solvers of CVXPY and PICOS; our own take none")
    if choice.solver != OWN and choice.device is not None:
        raise InputError("device", f"is for our own solver of dnn, not for {choice.solver}")
