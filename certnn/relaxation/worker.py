"""Runs one solver in a process of its own, so that it can be stopped at any moment.

Compiled solvers do not listen to Ctrl-C, and some have no time limit. The parent writes the task
to a folder and starts ``python -m certnn.relaxation.worker FOLDER``; the child answers there.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from certnn.certificate.dual_point import DualPoint, IndexArray, Products
from certnn.errors import InputError, SolverError
from certnn.losses import loss_named
from certnn.problem import TrainingProblem
from certnn.relaxation.outcome import SolverOutcome
from certnn.relaxation.solver_figure import SolverFigure

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

#: A solver may overrun its time limit by this much, for modelling and its last iteration.
_GRACE = 5.0
_POLL = 0.05


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
    """

    solver: str = OWN
    formulation: Formulation = "reduced"
    options: dict[str, Any] = field(default_factory=dict)


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
        from certnn.relaxation.dual import solve_dual

        return solve_dual(problem, choice.options)
    if choice.formulation == "literal":
        from certnn.relaxation.literal import solve_literal

        return solve_literal(problem, choice.solver, time_limit, choice.options)
    from certnn.relaxation.primal import solve_primal

    return solve_primal(problem, groups, choice.solver, time_limit, choice.options)


def solve_in_process(
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    choice: SolverChoice,
    time_limit: float | None,
) -> SolverOutcome:
    """Run the chosen solver in a child process, which is killed on Ctrl-C or when it overruns.

    Raises
    ------
    InputError, SolverError
        As `solve`; SolverError also when the child overran its time or died.
    KeyboardInterrupt
        After the child has been stopped.
    """
    with tempfile.TemporaryDirectory(prefix="certnn-") as name:
        folder = Path(name)
        _write_task(folder, problem, groups, choice, time_limit)
        command = [sys.executable, "-m", "certnn.relaxation.worker", name]
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                _wait(child, time_limit)
            except BaseException:
                child.kill()
                child.wait()
                raise
        return _read_answer(folder, problem, choice, child.returncode)


def _wait(child: subprocess.Popen[bytes], time_limit: float | None) -> None:
    end = None if time_limit is None else time.monotonic() + time_limit + _GRACE
    while child.poll() is None:
        if end is not None and time.monotonic() > end:
            raise SolverError("the solver did not stop at the time limit and was ended")
        time.sleep(_POLL)


def _write_task(
    folder: Path,
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    choice: SolverChoice,
    time_limit: float | None,
) -> None:
    members = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
    sizes = np.array([len(group) for group in groups or []], dtype=np.int64)
    np.savez(folder / "task.npz", X=problem.X, Y=problem.Y, members=members, sizes=sizes)
    settings = {
        "reg": problem.reg,
        "hidden_bias": problem.hidden_bias,
        "output_bias": problem.output_bias,
        "loss": [problem.loss.name, problem.loss.delta],
        "time_limit": time_limit,
        "choice": asdict(choice),
    }
    (folder / "task.json").write_text(json.dumps(settings))


def _read_answer(
    folder: Path, problem: TrainingProblem, choice: SolverChoice, code: int | None
) -> SolverOutcome:
    answer_file = folder / "answer.json"
    if not answer_file.exists():
        lines = (folder / "log").read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no output"
        raise SolverError(f"the process of {choice.solver} died (exit {code}): {last}")
    answer = json.loads(answer_file.read_text())
    if "input_error" in answer:
        raise InputError(*answer["input_error"])
    if "solver_error" in answer:
        raise SolverError(answer["solver_error"])
    point = None
    if (folder / "answer.npz").exists():
        with np.load(folder / "answer.npz", allow_pickle=False) as arrays:
            products = Products(problem.n, *(arrays[k] for k in ("first", "second", "multiplier")))
            point = DualPoint(arrays["Z"], products)
    return SolverOutcome(SolverFigure(**answer["figure"]), point)


def _answer(folder: Path) -> dict[str, Any]:
    settings = json.loads((folder / "task.json").read_text())
    with np.load(folder / "task.npz", allow_pickle=False) as arrays:
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
        return {"input_error": [error.argument, error.reason]}
    except SolverError as error:
        return {"solver_error": str(error)}
    if outcome.point is not None:
        products = outcome.point.products
        np.savez(
            folder / "answer.npz",
            Z=outcome.point.Z,
            first=products.first,
            second=products.second,
            multiplier=products.multiplier,
        )
    return {"figure": asdict(outcome.figure)}


def main() -> None:
    """Solve the task in the folder named on the command line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    folder = Path(sys.argv[1])
    answer = _answer(folder)
    temporary = folder / "answer.part"
    temporary.write_text(json.dumps(answer))
    temporary.rename(folder / "answer.json")


if __name__ == "__main__":
    main()
