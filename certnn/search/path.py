"""Training along weight decays: the optimum as a function of reg, between two proved curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from certnn.atomic_files import make_folder, require_folder
from certnn.budget import require_limit, stoppable
from certnn.certificates import Certificate
from certnn.errors import InputError
from certnn.kernel import Malformed
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.reading.npz import load_network
from certnn.search.levels.level import Progress
from certnn.search.path_result import RegularisationPath, path_files
from certnn.search.resume import proved_before
from certnn.search.train import TrainingResult, train


def regularisation_path(
    problem: TrainingProblem,
    regs: Sequence[float],
    *,
    gap: float = 1e-3,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    progress: Callable[[float], Progress] | None = None,
) -> RegularisationPath:
    """Train and prove from the largest weight decay to the smallest, each from the one before.

    Parameters
    ----------
    problem : TrainingProblem
        The data; its own reg plays no part.
    regs : sequence of float
        Weight decays, positive, in any order.
    gap, level, time_limit, work_limit, seed
        For each weight decay, as in `certnn.train`; the time limit is in seconds.
    folder : str, Path or None
        Where each network and certificate is kept. What is there already from an earlier run on the
        same data is checked and gone on from.
    progress : callable or None
        ``progress(reg)`` is asked for a callable like that of `certnn.train`.

    Returns
    -------
    RegularisationPath
        After Ctrl-C of what is done by then.

    Raises
    ------
    InputError
        If an argument is unusable, or the folder holds files of another problem.
    KeyboardInterrupt
        On Ctrl-C before the first weight decay is done.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> path = certnn.regularisation_path(problem, [0.1, 0.4])
    >>> band = path.band(0.2)  # between two that were proved
    >>> round(float(band.lower), 2), round(float(band.upper), 2)
    (0.54, 0.57)
    """
    require_problem(problem)
    ordered = sorted({problem.with_reg(reg).reg for reg in regs})
    if not ordered:
        raise InputError("regs", "is empty")
    for name, limit in (("time_limit", time_limit), ("work_limit", work_limit)):
        require_limit(name, limit)
    if folder is not None:
        _require_same_problem(require_folder(folder), problem, ordered)
    done: list[TrainingResult] = []
    with stoppable() as stop:
        for reg in reversed(ordered):
            here = problem.with_reg(reg)
            files = None if folder is None else path_files(Path(folder), reg)
            found = files is not None and all(file.exists() for file in files)
            start = load_network(files[0]) if files and found else None
            try:
                result = train(
                    here,
                    gap=gap,
                    level=level,
                    time_limit=time_limit,
                    work_limit=work_limit,
                    start=start or (done[-1].network if done else None),
                    improve=proved_before(here, files[1]) if files and found else None,
                    near=done[-1].lower if done else None,
                    seed=seed,
                    progress=progress(reg) if progress else None,
                )
            except KeyboardInterrupt:
                if not done:
                    raise
                break
            if folder is not None and files:
                make_folder(folder)
                result.save(*files)
            done.append(result)
            if stop.asked:
                break
        interrupted = stop.asked
    kept = tuple(ordered[len(ordered) - len(done) :])
    return RegularisationPath(problem, kept, tuple(reversed(done)), interrupted)


def _require_same_problem(folder: Path, problem: TrainingProblem, regs: Sequence[float]) -> None:
    """Refuse a folder with certificates of another problem, before anything is written there."""
    for reg in regs:
        _, proof = path_files(folder, reg)
        if not proof.exists():
            continue
        try:
            instance = Certificate.load(proof).instance()
        except Malformed as error:
            raise InputError(str(proof), f"is not a certificate to go on from: {error}") from None
        if instance != problem.with_reg(reg).instance():
            raise InputError(str(proof), "is a certificate of another problem")
