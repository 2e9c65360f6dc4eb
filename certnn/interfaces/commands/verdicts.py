"""What a check of a certificate says, in which words and with which exit code."""

from __future__ import annotations

from collections.abc import Callable

from certnn.interfaces.commands.exit_codes import FAILED, OK, UNUSABLE, fail
from certnn.kernel import Bound, Malformed, PatternBound, Rejected


def say_verdict(decide: Callable[[], tuple[Bound | PatternBound, str]]) -> int:
    """Print what is proved, or why nothing is.

    Parameters
    ----------
    decide : callable
        Returns the kernel's bound and what stands behind it, or raises the kernel's `Malformed` or
        `Rejected`.
    """
    try:
        bound, more = decide()
    except Malformed as error:
        return fail(f"malformed certificate: {error}", UNUSABLE)
    except Rejected as error:
        print(f"rejected: {error}")
        return FAILED
    colon = "" if isinstance(bound, PatternBound) else ":"
    print(f"proved{colon} {bound}{more}")
    return OK


def other_data(data: str) -> Rejected:
    """For a certificate that proves what it says, of another problem."""
    return Rejected(f"the certificate is for other data than {data}")
