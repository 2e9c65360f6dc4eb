"""What the tests of a run prove, kept in a file and compared with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certnn.errors import InputError, printable
from certnn.interfaces.commands.destinations import output_file
from certnn.studies.kept_figures import TOLERANCE, Figures, read_figures, save_figures

if TYPE_CHECKING:
    from certnn.testing import Kept

#: What may be lost where time ends a proof: it depends on the machine and on what else runs there.
_LOST_TO_TIME = 0.05
#: Names of a test and, behind the second, of its figures among its report's properties.
_TEST, _FIGURE = "certnn test", "certnn "


class Baseline:
    """The figures kept of earlier runs, and those of this one; a plugin of pytest's.

    Where pytest-xdist has workers, each reads the file, and the first process alone writes it.
    Raises `InputError` if the file is not a baseline, is missing where it is compared with, or
    cannot be written where it is updated.

    Parameters
    ----------
    update : bool
        Whether what is proved takes the place of what is kept, instead of being compared with it.
    tolerance : float or None
        By how much a figure may be worse. None: 1e-4 where work alone ends the proof, which is
        reproducible, and 0.05 elsewhere.
    """

    def __init__(self, path: Path, update: bool, tolerance: float | None) -> None:
        if update:
            output_file(str(path), "a baseline", read_figures)
        elif not path.exists():
            raise InputError(str(path), "does not exist; --certnn-update-baseline writes it")
        self._path, self._update, self._tolerance = path, update, tolerance
        self._kept: Figures = {} if update and not path.exists() else read_figures(path)
        self._found: Figures = {}
        self._passed: set[str] = set()

    def kept(self, test: str, figure: str, limits: dict[str, Any]) -> Kept | None:
        """What a figure of a test is compared with, if anything.

        Parameters
        ----------
        test, figure : str
            The id of a test, and such as "gap 2", the figure of its second assertion of that kind.
        limits : dict
            The arguments of the assertion, those that limit its proof among them.
        """
        from certnn.testing import Kept

        value = self._kept.get(test, {}).get(figure)
        if value is None or self._update:
            return None
        by_time = limits.get("time_limit") is not None or limits.get("work_limit") is None
        usual = _LOST_TO_TIME if by_time else TOLERANCE
        tolerance = usual if self._tolerance is None else self._tolerance
        return Kept(value, tolerance, f"{figure} of {test}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what a test has proved, in whichever process."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        if report.when != "teardown":  # which has what all phases proved
            return
        properties: dict[str, Any] = dict(report.user_properties)
        test = properties.pop(_TEST, None)
        if test is None:
            return
        figures = {
            name.removeprefix(_FIGURE): value
            for name, value in properties.items()
            if name.startswith(_FIGURE)
        }
        # Of a test that did not come to its end, what it has not proved stays as it was.
        earlier = {} if report.nodeid in self._passed else self._kept.get(test, {})
        self._found[test] = earlier | figures if self._update else figures

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file, in the first process."""
        if not self._update or not self._found or hasattr(session.config, "workerinput"):
            return
        try:
            save_figures(self._path, self._kept | self._found)
        except InputError as error:
            pytest.exit(f"--certnn-baseline: {error}", pytest.ExitCode.USAGE_ERROR)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what is new, or what was written."""
        count = sum(map(len, self._found.values()))
        if self._update:
            lines = [f"{count} figures of {len(self._found)} tests written to {self._path}"]
        else:
            lines = [*self._remarks()] or [f"of {count} figures none is new or worse"]
        terminalreporter.section("certnn: baseline")
        for line in lines:
            terminalreporter.line(line)

    def _remarks(self) -> Iterator[str]:
        """What is new, and what is worse by no more than is tolerated: it passes, but is said."""
        for test, figures in sorted(self._found.items()):
            for figure, value in figures.items():
                before = self._kept.get(test, {}).get(figure)
                name = f"{printable(test)} {figure}: {value:.6g}"
                if before is None:
                    yield f"new: {name}"
                elif (before - value if figure.startswith("ratio") else value - before) > TOLERANCE:
                    yield f"worse, but tolerated: {name}, was {before:.6g}"


def record(node: pytest.Item, figure: str, value: float) -> None:
    """Add a figure to what a test's report says, which pytest-xdist brings to the first process."""
    node.user_properties += [(_TEST, test_id(node)), (f"{_FIGURE}{figure}", value)]


def test_id(node: pytest.Item) -> str:
    """The test's node id without the group that pytest-xdist may add to it."""
    assert node.parent is not None
    return f"{node.parent.nodeid}::{node.name}"
