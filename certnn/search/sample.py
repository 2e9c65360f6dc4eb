"""A bound with confidence for any number of points: random subsets, each with its own proof."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from certnn.atomic_files import make_folder, read_bytes, require_folder
from certnn.budget import Stop, require_limit, stoppable
from certnn.certificates import Certificate
from certnn.errors import InputError, SolverError, require_seed, whole_number
from certnn.kernel import Bound
from certnn.problem.mapped_problem import MappedProblem
from certnn.problem.portion import Portion
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.relaxation.shor.distributed import ClusterLost
from certnn.report import ProblemSummary
from certnn.report.codec import parse_object
from certnn.search.confidence import FORMAT, ConfidenceBound, Draw, require_confidence
from certnn.search.levels.level import Progress
from certnn.search.levels.schedule import require_level
from certnn.search.lower_bound import lower_bound
from certnn.search.resume import proved_before
from certnn.search.side_by_side import TaskLost, on_cluster, on_processes

if TYPE_CHECKING:
    from distributed import Client

#: Nominal seconds for a subset where there is no limit.
_USUAL_WORK = 10.0
#: With so many little more is to be won: the limit is within 0.4 % of the mean if all are alike.
_MOST_SUBSETS = 2000
#: The summary in a folder of certificates, and the most bytes of one that is read.
SUMMARY, _LARGEST = "sample.json", 1 << 28
#: A subset's number and its points, and how its bound is proved.
_Task = tuple[int, Portion, Mapping[str, object]]


def sampled_bound(
    problem: TrainingProblem | MappedProblem,
    *,
    size: int = 200,
    subsets: int = 100,
    confidence: float = 0.999,
    seed: int = 0,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    jobs: int = 1,
    cluster: Client | None = None,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> ConfidenceBound:
    """Say with confidence, not proved, what no network's objective is below: by random subsets.

    The best network of all points is one for a subset of s of the n too, where it costs s/n of its
    objective on average, if the subset has s/n of the weight decay. So what is proved of random
    subsets bounds the whole's optimum with confidence (Theorem 54), at a cost that does not grow
    with n. The subsets are drawn once, by the seed; they may be proved in any order, again, and
    with more of them added, and the confidence is in all that is said of them together. To choose
    the seed by what comes of it would void it.

    Parameters
    ----------
    problem : TrainingProblem or MappedProblem
        The latter where the points shall not be in memory.
    size : int
        Points of a subset. The limit approaches the optimum with it, from below.
    subsets : int
        How many. With bounds that are all alike the limit is (0.5(1 − confidence))^(1/subsets)
        times their mean: 0.93 with 100 subsets and 0.96 with 200.
    confidence : float
        Between 0 and 1.
    seed : int
        Of the draw, and of the searches.
    level : str
        How each bound is proved, as in `certnn.lower_bound`.
    time_limit : float or None
        Seconds for each subset.
    work_limit : float or None
        Nominal seconds for each, as in `certnn.lower_bound`: 10 if there is no limit.
    jobs : int
        Processes side by side; -1 for as many as cores.
    cluster : distributed.Client or None
        A Dask cluster in their place (`certnn.relaxation.shor.distributed.connected`).
    folder : str, Path or None
        Where each certificate is kept, and sample.json with the summary. What is there already of
        the same sample is checked by the kernel and not proved again.
    progress : callable or None
        Called as ``progress(stage, None, None)`` when something is done.

    Returns
    -------
    ConfidenceBound
        After Ctrl-C, or where the cluster does not answer any more, of what is done by then.

    Raises
    ------
    InputError
        If an argument is unusable, or the folder holds another sample.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]] * 500, [1.0, 2.0] * 500, reg=50.0)
    >>> likely = certnn.sampled_bound(problem, size=20, subsets=30, level="shor")
    >>> likely.confidence_text, 0.0 < likely.lower_limit < 145.0  # which is the optimum
    ('99.9 %', True)
    """
    begun = time.monotonic()
    if not isinstance(problem, MappedProblem):
        problem = MappedProblem.of(require_problem(problem))
    count = whole_number("subsets", subsets)
    if count > _MOST_SUBSETS:
        raise InputError("subsets", f"must be at most {_MOST_SUBSETS}, got {count}")
    require_seed(seed)
    draw = Draw(problem.n, whole_number("size", size), int(seed))
    require_confidence(confidence)
    require_level(level)
    for name, limit in (("time_limit", time_limit), ("work_limit", work_limit)):
        require_limit(name, limit)
    if jobs == 0:
        raise InputError("jobs", "must not be 0; with -1 there are as many as cores")
    if cluster is not None and jobs != 1:
        raise InputError("jobs", "goes without a cluster, which has its own")
    if time_limit is None and work_limit is None:
        work_limit = _USUAL_WORK
    how = {"level": level, "time_limit": time_limit, "work_limit": work_limit, "seed": seed}
    place = None if folder is None else require_folder(folder)
    summary = ProblemSummary.of(problem)
    bounds: list[Bound | None] = [None] * count
    notes: dict[int, str] = {}

    def result(interrupted: bool) -> ConfidenceBound:
        seconds, said = time.monotonic() - begun, tuple(notes[k] for k in sorted(notes))
        return ConfidenceBound(
            *(summary, draw, confidence, tuple(bounds), said, seconds, interrupted)
        )

    def tell(stage: str) -> None:
        if progress is not None:
            progress(stage, None, None)

    def subset(number: int) -> Portion:
        return Portion.of(problem, draw.rows(number), draw.reg(problem.reg))

    if place is not None:
        _require_same_sample(place, result(False))
        for number in range(count):
            if _file(place, number).exists():
                tell(f"subsets: checking the certificate of {number}")
                bounds[number] = proved_before(subset(number).problem(), _file(place, number)).bound
        result(False).save(make_folder(place) / SUMMARY)
    with stoppable() as stop:
        tasks = _tasks([k for k in range(count) if bounds[k] is None], subset, how, notes)
        for number, certificate, bound in _proved(tasks, jobs, cluster, stop, notes):
            bounds[number] = bound
            so_far = result(False)
            if place is not None:
                certificate.save(_file(place, number))
                so_far.save(place / SUMMARY)
            tell(
                f"subsets: {count - so_far.missing} of {count}; with confidence "
                f"{so_far.confidence_text}, not proved, ≥ {so_far.lower_limit:.6g}"
            )
        last = result(stop.asked)
    if place is not None:
        last.save(place / SUMMARY)
    return last


def _tasks(
    numbers: list[int],
    subset: Callable[[int], Portion],
    how: Mapping[str, object],
    notes: dict[int, str],
) -> Iterator[_Task]:
    """What is to be proved, one after the other, so that few subsets are in memory."""
    for number in numbers:
        try:
            yield number, subset(number), how
        except InputError as error:  # a class that it has no point of, beside a free bias
            notes[number] = f"subset {number}: {error}"


def _prove(task: _Task) -> bytes | None:
    """A certificate of a subset; None if somebody asked to stop before it was done."""
    _, portion, how = task
    try:
        found = lower_bound(portion.problem(), **how)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        return None
    return None if found.interrupted else found.certificate.document


def _proved(
    tasks: Iterator[_Task], jobs: int, cluster: Client | None, stop: Stop, notes: dict[int, str]
) -> Generator[tuple[int, Certificate, Bound]]:
    """The certificates as they come, checked; why there is none goes to the notes."""
    finished: Generator[tuple[_Task, Callable[[], bytes | None]]]
    if cluster is not None:
        finished = on_cluster(_prove, tasks, cluster, stop)
    elif jobs == 1:
        finished = ((task, lambda task=task: _prove(task)) for task in tasks)  # type: ignore[misc]
    else:
        finished = on_processes(_prove, tasks, jobs, stop)
    try:
        with closing(finished):
            for (number, portion, _), bytes_of in finished:
                try:
                    document = bytes_of()
                except (SolverError, TaskLost) as error:
                    notes[number] = f"subset {number}: {error}"
                else:
                    if document is not None:
                        certificate = Certificate(document)
                        bound = certificate.check()
                        if portion.is_of(bound.instance):
                            yield number, certificate, bound
                        else:
                            notes[number] = f"subset {number}: other points were proved"
                if stop.asked:
                    return
    except ClusterLost as error:
        notes[_MOST_SUBSETS] = f"all the rest: {error}"


def _file(folder: Path, number: int) -> Path:
    return folder / f"subset-{number:05d}.json"


def _require_same_sample(folder: Path, sample: ConfidenceBound) -> None:
    """Refuse a folder whose summary is of another problem, draw or confidence."""
    file = folder / SUMMARY
    if not file.exists():
        return
    there = parse_object(read_bytes(file, _LARGEST).decode("utf-8", "replace"), str(file))
    if there.get("format") != FORMAT:
        raise InputError(str(file), "is not the summary of a sample: name another folder")
    expected = json.loads(sample.to_json())
    for name in ("problem", "size", "seed", "confidence"):
        if there.get(name) != expected[name]:
            raise InputError(
                str(file),
                f"is of a sample with another {name}, which was not to be chosen again: name "
                "another folder",
            )
