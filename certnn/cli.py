"""The command line: audit, bound, check, train, path, tightness, demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from certnn.errors import InputError, SolverError
from certnn.tightness.options import add_tightness_options

if TYPE_CHECKING:
    from certnn.auditing import AuditResult
    from certnn.bound_result import LowerBoundResult
    from certnn.problem import TrainingProblem
    from certnn.relaxation.worker import SolverChoice

# Heavy imports are made by the commands that need them: `certnn check` needs the kernel alone.

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: error: {message}\n")
        raise SystemExit(UNUSABLE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code.

    0: done, and the report is consistent. 1: the certificate is rejected, or the report contradicts
    itself. 2: unusable input, in one line. 130: interrupted; what was proved by then is written.
    """
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except InputError as error:
        return _fail(str(error), UNUSABLE)
    except SolverError as error:
        return _fail(str(error), FAILED)
    except KeyboardInterrupt:
        return _fail("interrupted before anything was proved", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        return OK


def _fail(message: str, code: int) -> int:
    print(f"certnn: error: {' '.join(message.split())}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="certnn",
        description="Prove how close a trained two-layer ReLU network is to the global optimum of "
        "its training problem: ½‖(XU)₊V − Y‖² + (reg/2)(‖U‖² + ‖V‖²) over networks of any width.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    audit = commands.add_parser("audit", help="prove the gap of a trained network")
    audit.add_argument(
        "network",
        metavar="NETWORK",
        help="PyTorch, safetensors, ONNX, .keras, or .npz with U (d×m) and V (m×c)",
    )
    _add_problem(audit)
    _add_search(audit)
    audit.set_defaults(command=_audit)

    bound = commands.add_parser("bound", help="prove a lower bound, without a network")
    _add_problem(bound)
    _add_search(bound)
    bound.set_defaults(command=_audit, network=None)

    check = commands.add_parser("check", help="check a certificate exactly; needs no solver")
    check.add_argument("certificate", metavar="CERTIFICATE")
    check.add_argument("--data", help="require the certificate's data to be these, bit for bit")
    check.add_argument(
        "--arithmetic",
        choices=("auto", "python", "flint"),
        default="auto",
        help="integers of Python or of FLINT (default: FLINT where installed); same verdict",
    )
    check.set_defaults(command=_check)

    train = commands.add_parser("train", help="train to proved optimality, of whatever width")
    _add_problem(train)
    train.add_argument(
        "--gap", type=float, default=1e-3, metavar="G", help="stop at this proved gap (0.001)"
    )
    train.add_argument(
        "--level", default="auto", help="how to prove the bound, as for audit (default: auto)"
    )
    train.add_argument("--time-limit", type=float, metavar="S", help="seconds for the whole run")
    _add_memory(train)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--out", required=True, metavar="NET.npz", help="kept up to date")
    train.add_argument("--certificate", metavar="FILE", help="the proof, kept up to date")
    train.add_argument(
        "--resume", action="store_true", help="go on from what is in these two files, if it is"
    )
    train.set_defaults(command=_train)

    path = commands.add_parser("path", help="the optimum against weight decay, in a proved band")
    _add_data(path)
    path.add_argument(
        "--regs", required=True, nargs="+", type=float, metavar="R", help="weight decays"
    )
    path.add_argument("--gap", type=float, default=1e-3, metavar="G", help="of each (0.001)")
    path.add_argument("--level", default="auto", help="as for audit (default: auto)")
    path.add_argument("--time-limit", type=float, metavar="S", help="seconds for each")
    path.add_argument("--seed", type=int, default=0)
    path.add_argument(
        "--out", required=True, metavar="DIR", help="folder for results; gone on from if there"
    )
    path.set_defaults(command=_path)

    tightness = commands.add_parser(
        "tightness", help="how much of the optimum each level proves, over families of problems"
    )
    add_tightness_options(tightness)
    tightness.set_defaults(command=_tightness)

    demo = commands.add_parser("demo", help="audit a network trained on iris, in a minute")
    demo.add_argument("--out", default="certnn-demo", metavar="DIR", help="default: certnn-demo")
    demo.set_defaults(command=_demo)
    return parser


def _add_problem(command: argparse.ArgumentParser) -> None:
    _add_data(command)
    command.add_argument("--reg", required=True, type=float, metavar="R", help="weight decay")


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", required=True, help=".npz with X (n×d) and Y (n×c)")
    command.add_argument(
        "--hidden-bias", action="store_true", help="decayed hidden bias: the last row of U"
    )


def _add_search(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--level",
        default="auto",
        help="auto, shor, block, block(k), dnn, phases or partition (default: auto)",
    )
    command.add_argument(
        "--gap", type=float, metavar="G", help="stop at this proved gap, e.g. 0.05"
    )
    command.add_argument("--time-limit", type=float, metavar="S", help="seconds for the whole run")
    _add_memory(command)
    command.add_argument(
        "--solver",
        help="SDP solver that CVXPY knows; certnn, the default, are our own",
    )
    command.add_argument(
        "--formulation",
        default="reduced",
        choices=("reduced", "literal", "dual"),
        help="of the level dnn: reduced primal, the paper's own by a solver of CVXPY (CLARABEL), "
        "or the dual by PICOS and CVXOPT",
    )
    command.add_argument("--out", required=True, metavar="DIR", help="folder for the report")


def _add_memory(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--memory-limit",
        type=float,
        default=1000.0,
        metavar="MB",
        help="of a partition or phases that are searched for (default: 1000)",
    )


def _problem(options: argparse.Namespace) -> TrainingProblem:
    from certnn.files import read_npz
    from certnn.problem import TrainingProblem

    x, y = read_npz(options.data, ("X", "Y"))
    return TrainingProblem(x, y, options.reg, options.hidden_bias)


def _choice(options: argparse.Namespace) -> SolverChoice:
    from certnn.relaxation.worker import DEFAULT_SOLVER, SolverChoice

    solver = options.solver or DEFAULT_SOLVER[options.formulation]
    return SolverChoice(solver, options.formulation)


def _audit(options: argparse.Namespace) -> int:
    from certnn.auditing import audit, make_folder
    from certnn.formats import read_network
    from certnn.progress import SearchProgress

    stored = None if options.network is None else read_network(options.network)
    problem = _problem(options)
    network = None
    if stored is not None:
        # Where no bias is stored apart, it is the last row of U.
        network = stored.as_network(problem.hidden_bias and stored.hidden_bias is not None)
        network.require_fits(problem)
    out = make_folder(options.out)  # before the work, not after it
    names = [Path(name).name for name in (options.network, options.data) if name is not None]
    with SearchProgress() as progress:
        result = audit(
            network,
            problem,
            level=options.level,
            gap=options.gap,
            time_limit=options.time_limit,
            memory_limit=1e6 * options.memory_limit,
            choice=_choice(options),
            title=" on ".join(names),
            recheck=f"certnn check {out / 'certificate.json'} --data {options.data}",
            progress=progress.tell,
        )
    return _finish(result, out)


def _finish(result: AuditResult, out: Path) -> int:
    from rich.console import Console

    from certnn.report.terminal import print_report

    result.save(out)
    print_report(result.report, Console())
    print(f"Written to {out}: report.html, report.json, certificate.json, best_network.npz")
    if not result.report.consistent:
        return FAILED
    return INTERRUPTED if result.report.interrupted else OK


def _check(options: argparse.Namespace) -> int:
    from certnn.kernel import LARGEST_FILE, Malformed, Rejected, check_certificate
    from certnn.raw_files import read_bytes

    document = read_bytes(options.certificate, LARGEST_FILE)
    try:
        bound = check_certificate(document, options.arithmetic)
    except Malformed as error:
        return _fail(f"malformed certificate: {error}", UNUSABLE)
    except Rejected as error:
        print(f"rejected: {error}")
        return FAILED
    except ModuleNotFoundError:
        return _fail("--arithmetic: flint is not installed (pip install 'certnn[flint]')", UNUSABLE)
    if options.data is not None:
        from certnn.files import read_npz
        from certnn.problem import TrainingProblem

        x, y = read_npz(options.data, ("X", "Y"))
        given = TrainingProblem(x, y, bound.instance.reg).instance()
        if (given.X, given.Y) != (bound.instance.X, bound.instance.Y):
            print(f"rejected: the certificate is for other data than {options.data}")
            return FAILED
    print(f"proved: {bound}")
    return OK


def _train(options: argparse.Namespace) -> int:
    from certnn.earlier_bound import proved_before
    from certnn.files import load_network, save_network
    from certnn.global_training import train
    from certnn.progress import SearchProgress

    problem = _problem(options)
    out, proof = Path(options.out), options.certificate and Path(options.certificate)
    for file in (out, proof):
        if file is not None and not file.parent.is_dir():
            raise InputError(str(file), "is in a folder that does not exist")
    resumed = options.resume and out.exists()
    earlier = options.resume and proof is not None and proof.exists()

    def keep(result: LowerBoundResult) -> None:
        if result.network is not None:
            save_network(out, result.network)
        if proof is not None:
            result.certificate.save(proof)

    with SearchProgress() as progress:
        result = train(
            problem,
            gap=options.gap,
            level=options.level,
            time_limit=options.time_limit,
            memory_limit=1e6 * options.memory_limit,
            start=load_network(out) if resumed else None,
            improve=proved_before(problem, proof) if earlier else None,
            seed=options.seed,
            progress=progress.tell,
            checkpoint=keep,
        )
    result.save(out, proof)
    print(
        f"objective {result.objective.rounded!r} with {result.network.width} neurons "
        "(exact, rounded up)"
    )
    print(f"proved by {result.lower.level}: {result.lower.bound}")
    print(f"gap: no network of any width is better by more than {100.0 * result.gap:.3g} %")
    print(f"Written to {out}{'' if proof is None else f' and {proof}'}")
    return INTERRUPTED if result.interrupted else OK


def _path(options: argparse.Namespace) -> int:
    from rich.console import Console

    from certnn.auditing import make_folder
    from certnn.files import read_npz
    from certnn.path import regularisation_path
    from certnn.problem import TrainingProblem
    from certnn.progress import SearchProgress
    from certnn.report.path_table import path_table

    x, y = read_npz(options.data, ("X", "Y"))
    problem = TrainingProblem(x, y, options.regs[0], options.hidden_bias)
    out = make_folder(options.out)
    with SearchProgress() as progress:
        path = regularisation_path(
            problem,
            options.regs,
            gap=options.gap,
            level=options.level,
            time_limit=options.time_limit,
            seed=options.seed,
            folder=out,
            progress=progress.tell_of,
        )
    path.save_tables(out)  # networks and certificates are there already
    Console().print(path_table(path))
    print(f"Written to {out}: path.json, path.csv, path.svg, networks and certificates")
    return INTERRUPTED if path.interrupted else OK


def _tightness(options: argparse.Namespace) -> int:
    from certnn.tightness.command import run_tightness

    worse, interrupted = run_tightness(options)
    if interrupted:
        return INTERRUPTED
    return FAILED if worse else OK


def _demo(options: argparse.Namespace) -> int:
    from certnn.auditing import make_folder
    from certnn.demo import run_demo

    return _finish(run_demo(make_folder(options.out)), Path(options.out))


if __name__ == "__main__":
    sys.exit(main())
