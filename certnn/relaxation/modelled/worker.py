"""Runs one solver in a process of its own, so that it can be stopped at any moment.

Compiled solvers do not listen to Ctrl-C, and some have no time limit. The parent writes the task
to the child's standard input and keeps that open; the child answers on its standard output, and
ends when its input does, so that it never outlives the parent.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from certnn.budget import Budget
from certnn.certificates.dual_point import DualPoint, IndexArray, Products
from certnn.errors import InputError, SolverError
from certnn.problem.losses import loss_named
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.reduced.outcome import SolverOutcome

Formulation = Literal["reduced", "literal", "dual"]
FORMULATIONS: tuple[Formulation, ...] = ("reduced", "literal", "dual")
#: The name of our own solvers, which are run in this process.
OWN = "certnn"
#: The solvers to take if none is named.
DEFAULT_SOLVER: dict[Formulation, str] = {
    "reduced": OWN,
    "literal": "CLARABEL",
    "dual": "CVXOPT",
}

_POLL = 0.05
#: Bytes of the number that a task begins with: how many bytes follow.
_LENGTH = 8
#: Seconds that the child takes to start, and share of the time that is left for the solver itself;
#: the rest is for modelling and proving.
_STARTING, _SOLVING = 3.0, 0.7


@dataclass(frozen=True)
class SolverChoice:
    """Which solver to run on which formulation of the relaxation; never replaced by another.

    Attributes
    ----------
    solver : str
        "certnn" for our own solvers, or a name that CVXPY knows.
    formulation : {"reduced", "literal", "dual"}
        Facially reduced primal, the paper's own primal, or the dual through PICOS. Our own solvers
        take "reduced" alone, and "dual" is for "CVXOPT" alone.
    options : dict
        Options of the solver, JSON values; our own take none.
    device : str or None
        Of PyTorch, such as "cuda", for our own solver of dnn, which then is the first-order method
        whatever the size; None for numpy.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> found = certnn.lower_bound(problem, "dnn", choice=certnn.SolverChoice("CLARABEL"))
    >>> [figure.solver for figure in found.solver_figures], round(found.value, 4)
    (['CLARABEL'], 0.29)
    """

    solver: str = OWN
    formulation: Formulation = "reduced"
    options: dict[str, Any] = field(default_factory=dict)
    device: str | None = None


def solve(
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    choice: SolverChoice,
    time_limit: float | None,
) -> SolverOutcome:
    """Run the chosen solver in this process.

    Raises
    ------
    InputError
        If the solver is not installed.
    SolverError
        If it fails.
    """
    if choice.formulation != "reduced" and not problem.is_plain:
        raise SolverError(
            f"the formulation {choice.formulation} takes the half-squared loss without output bias "
            "and free biases alone; reduced takes any"
        )
    if choice.formulation == "dual":
        from certnn.relaxation.modelled.dual import solve_dual

        return solve_dual(problem, choice.options)
    if choice.formulation == "literal":
        from certnn.relaxation.modelled.literal import solve_literal

        return solve_literal(problem, choice.solver, time_limit, choice.options)
    from certnn.relaxation.modelled.primal import solve_primal

    return solve_primal(problem, groups, choice.solver, time_limit, choice.options)


def solve_in_process(
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    choice: SolverChoice,
    budget: Budget,
) -> SolverOutcome:
    """Run the chosen solver in a child process, which ends when the budget does, or this process.

    Raises
    ------
    InputError, SolverError
        As `solve`; SolverError also when the child was stopped or died.
    """
    left = budget.seconds_left
    if left is not None and left < _STARTING:
        raise SolverError(f"there is no time left to start {choice.solver}")
    time_limit = None if left is None else _SOLVING * (left - _STARTING)
    # No module of the current folder may take the place of one that the child imports.
    command = [sys.executable, "-P", "-m", "certnn.relaxation.modelled.worker"]
    # Files without a name: nothing is left of them, however this process ends.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=answer, stderr=log)
        pipe = child.stdin
        assert pipe is not None
        try:
            with suppress(BrokenPipeError):  # it has died, of which it tells itself
                pipe.write(_task(problem, groups, choice, time_limit))
                pipe.flush()
            _wait(child, budget)
        finally:
            child.kill()
            child.wait()
            with suppress(BrokenPipeError):
                pipe.close()
        answer.seek(0)
        log.seek(0)
        return _read_answer(answer, log, problem, choice, child.returncode)


def _wait(child: subprocess.Popen[bytes], budget: Budget) -> None:
    while child.poll() is None:
        if budget.over:
            reason = "was stopped" if budget.stopped else "did not end at the time limit"
            raise SolverError(f"the solver {reason}, and had proved nothing by then")
        time.sleep(_POLL)


def _task(
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    choice: SolverChoice,
    time_limit: float | None,
) -> bytes:
    members = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
    sizes = np.array([len(group) for group in groups or []], dtype=np.int64)
    settings = {
        "reg": problem.reg,
        "hidden_bias": problem.hidden_bias,
        "output_bias": problem.output_bias,
        "loss": [problem.loss.name, problem.loss.delta],
        "time_limit": time_limit,
        "choice": asdict(choice),
    }
    task = _packed(settings, X=problem.X, Y=problem.Y, members=members, sizes=sizes)
    return len(task).to_bytes(_LENGTH, "big") + task


def _packed(settings: dict[str, Any], **arrays: NDArray[Any]) -> bytes:
    packed = io.BytesIO()
    text = np.frombuffer(json.dumps(settings).encode(), dtype=np.uint8)
    np.savez(packed, allow_pickle=False, settings=text, **arrays)
    return packed.getvalue()


def _unpacked(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return json.loads(arrays.pop("settings").tobytes()), arrays


def _read_answer(
    file: IO[bytes],
    log: IO[bytes],
    problem: TrainingProblem,
    choice: SolverChoice,
    code: int | None,
) -> SolverOutcome:
    try:
        answer, arrays = _unpacked(file)
    except (OSError, ValueError, EOFError, KeyError):
        lines = log.read().decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no output"
        raise SolverError(f"the process of {choice.solver} died (exit {code}): {last}") from None
    if "input_error" in answer:
        raise InputError(*answer["input_error"])
    if "solver_error" in answer:
        raise SolverError(answer["solver_error"])
    point = None
    if "Z" in arrays:
        products = Products(problem.n, *(arrays[k] for k in ("first", "second", "multiplier")))
        point = DualPoint(arrays["Z"], products)
    return SolverOutcome(SolverFigure(**answer["figure"]), point)


def _answer(file: IO[bytes]) -> bytes:
    settings, arrays = _unpacked(file)
    problem = TrainingProblem(
        arrays["X"],
        arrays["Y"],
        settings["reg"],
        settings["hidden_bias"],
        loss=loss_named(*settings["loss"]),
        output_bias=settings["output_bias"],
    )
    sizes, members = arrays["sizes"], arrays["members"]
    groups = np.split(members, np.cumsum(sizes)[:-1]) if sizes.size else None
    try:
        choice = SolverChoice(**settings["choice"])
        outcome = solve(problem, groups, choice, settings["time_limit"])
    except InputError as error:
        return _packed({"input_error": [error.argument, error.reason]})
    except SolverError as error:
        return _packed({"solver_error": str(error)})
    found: dict[str, NDArray[Any]] = {}
    if outcome.point is not None:
        products = outcome.point.products
        found = {
            "Z": outcome.point.Z,
            "first": products.first,
            "second": products.second,
            "multiplier": products.multiplier,
        }
    return _packed({"figure": asdict(outcome.figure)}, **found)


def _end_with_parent() -> None:
    """Wait for the parent to close its end, which it does at the latest when it dies."""
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    """Solve the task on standard input, and write the answer to standard output."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the parent decides when to stop
    length = int.from_bytes(sys.stdin.buffer.read(_LENGTH), "big")
    task = io.BytesIO(sys.stdin.buffer.read(length))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What solvers print is no part of the answer.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        output.write(_answer(task))


if __name__ == "__main__":
    main()
