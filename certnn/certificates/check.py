"""A certificate file to a bound, of whichever kind it is."""

from __future__ import annotations

from pathlib import Path

from certnn import kernel
from certnn.atomic_files import open_file
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem


def check(
    file: str | Path,
    problem: TrainingProblem | None = None,
    *,
    arithmetic: kernel.exact.Backend = "auto",
) -> kernel.Bound | kernel.PatternBound:
    """Let the kernel decide whether a certificate proves what it says.

    Parameters
    ----------
    file : str or Path
        A certificate, by certnn or by anybody else.
    problem : TrainingProblem or None
        The one that it has to be about, bit for bit.
    arithmetic : {"auto", "python", "flint"}
        Whose integers; the verdict is the same.

    Returns
    -------
    Bound or PatternBound
        On every network; or on those with the activation patterns that the certificate is about.

    Raises
    ------
    InputError
        If the file cannot be read, or is about another problem.
    certnn.kernel.Malformed
        If it is no certificate, or larger than one may be.
    certnn.kernel.Rejected
        If it does not prove what it says.
    ModuleNotFoundError
        If FLINT is asked for and not installed.

    Examples
    --------
    >>> import certnn, tempfile
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> proved = certnn.lower_bound(problem, "shor")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     proved.certificate.save(f"{folder}/certificate.json")
    ...     bound = certnn.check(f"{folder}/certificate.json", problem)
    >>> bound.value == proved.bound.value
    True
    """
    with open_file(file) as stream:
        bound = kernel.check_any_certificate(stream, arithmetic)
    if problem is not None and bound.instance != problem.instance():
        raise InputError(str(file), "is a certificate of another problem")
    return bound
