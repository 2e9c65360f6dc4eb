"""Results of earlier runs, from their certificates."""

from __future__ import annotations

import time
from pathlib import Path

from certnn.certificates import Certificate
from certnn.errors import InputError
from certnn.kernel import Malformed, Rejected
from certnn.problem.training_problem import TrainingProblem
from certnn.search.results import LowerBoundResult, ProvedLevel


def proved_before(problem: TrainingProblem, file: str | Path) -> LowerBoundResult:
    """The result that an earlier run left in a certificate, for `lower_bound` to improve.

    Raises `InputError` if it is for another problem, or the kernel does not accept it.

    Parameters
    ----------
    file : str or Path
        A certificate, which is checked.
    """
    return earlier_result(problem, Certificate.load(file), str(file))


def earlier_result(
    problem: TrainingProblem, certificate: Certificate, name: str
) -> LowerBoundResult:
    """The same from a certificate, which errors call by its name.

    Raises `InputError` as `proved_before`.
    """
    start = time.monotonic()
    try:
        bound = certificate.check()
    except (Malformed, Rejected) as error:
        raise InputError(name, f"is not a certificate to go on from: {error}") from None
    if bound.instance != problem.instance():
        raise InputError(name, "is a certificate of another problem")
    seconds = time.monotonic() - start
    return LowerBoundResult(
        bound=bound,
        certificate=certificate,
        level="earlier run",
        proved=(ProvedLevel("earlier run", bound, seconds),),
        network=None,
        solver_figures=(),
        notes=(),
        seconds=seconds,
        interrupted=False,
    )
