"""``certnn check``: the kernel on a certificate file."""

from __future__ import annotations

import argparse

from certnn.commands.exit_codes import FAILED, OK, UNUSABLE, fail


def add_check_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("certificate", metavar="CERTIFICATE")
    command.add_argument("--data", help="require the certificate's data to be these, bit for bit")
    command.add_argument(
        "--arithmetic",
        choices=("auto", "python", "flint"),
        default="auto",
        help="integers of Python or of FLINT (default: FLINT where installed); same verdict",
    )


def run_check(options: argparse.Namespace) -> int:
    """Check it; needs no solver."""
    from certnn.kernel import LARGEST_FILE, Malformed, Rejected, check_certificate
    from certnn.raw_files import read_bytes

    document = read_bytes(options.certificate, LARGEST_FILE)
    try:
        bound = check_certificate(document, options.arithmetic)
    except Malformed as error:
        return fail(f"malformed certificate: {error}", UNUSABLE)
    except Rejected as error:
        print(f"rejected: {error}")
        return FAILED
    except ModuleNotFoundError:
        return fail("--arithmetic: flint is not installed (pip install 'certnn[flint]')", UNUSABLE)
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
