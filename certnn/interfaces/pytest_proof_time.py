"""Seconds that the proofs of a test run may take, all together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from certnn.budget import budgeted


class ProofTime:
    """What is left of a run's seconds for proofs.

    The time that tests take for anything else does not count. Every process of pytest-xdist has an
    equal share, so that all of them together take no more; what one does not use up is lost.

    Parameters
    ----------
    seconds : float
        Of the whole run; positive.
    workers : int
        Processes among which they are divided.
    """

    def __init__(self, seconds: float, workers: int) -> None:
        self._share = self._left = seconds / workers
        self._workers = workers

    @contextmanager
    def limits(self, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The settings of an assertion, its limits no longer than what is left.

        Where nothing is left, the test fails: a proof that is not attempted is not a pass, and no
        skip that nobody looks at. It is not an AssertionError, which says that something was looked
        for and not proved.
        """
        __tracebackhide__ = True
        if self._left <= 0.0:
            each = f"that each of {self._workers} processes has " if self._workers > 1 else ""
            pytest.fail(
                f"not attempted, so not proved: the {self._share:.6g} s {each}of "
                "--certnn-time-budget are used up",
                pytrace=False,
            )
        begun = time.monotonic()
        try:
            if settings.get("budget") is not None:
                yield settings
                return
            own = settings.pop("time_limit", None)
            seconds = self._left if own is None else min(own, self._left)
            with budgeted(seconds, settings.pop("work_limit", None)) as budget:
                yield {**settings, "budget": budget}
        finally:
            self._left -= time.monotonic() - begun
