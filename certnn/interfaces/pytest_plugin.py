"""The pytest plugin: assertions about proved gaps, with options and reports.

    def test_network(assert_certified_gap):
        assert_certified_gap(network, X, Y, reg=0.1, max_gap=0.05)

    @pytest.mark.certnn(work_limit=20)  # the same outcome on every machine; or time_limit=20
    def test_relaxation(assert_tight):
        assert_tight(problem, "dnn", min_ratio=0.9)

The fixtures are `certnn.testing`'s assertions with the level, the time limit and the folder for
reports of this run filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

# certnn itself is imported by the fixtures: other people's test runs should not pay for it.

#: Name of what was proved among the properties of a test, which pytest-xdist brings from where the
#: test ran, and ``--junit-xml`` writes down.
_PROVED = "certnn"
_FAILURES = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    group = parser.getgroup("certnn", "proved gaps of two-layer ReLU networks")
    group.addoption(
        "--certnn-level",
        metavar="LEVEL",
        help="level of the proofs of assert_certified_gap, if the test names none (auto)",
    )
    group.addoption(
        "--certnn-report", metavar="DIR", help="a gap report for each failure, in folders of DIR"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and a look at the options.

    Raises
    ------
    pytest.UsageError
        If no test could use one of them.
    """
    config.addinivalue_line(
        "markers",
        "certnn(time_limit, work_limit): seconds, or nominal ones, for each proof of the test's "
        "certnn assertions",
    )
    folder, level = _report_folder(config), config.getoption("--certnn-level")
    if folder is None and level is None:
        return
    from certnn.atomic_files import require_folder
    from certnn.errors import InputError
    from certnn.search.levels.schedule import stages

    try:
        option = "--certnn-level"
        if level is not None:
            stages(level, directions=1, columns=1, outputs=1)
        option = "--certnn-report"
        if config.getoption(option) == "":  # of "$NAME" that is not set
            raise InputError(option, "is empty")
        if folder is not None:
            require_folder(folder)
    except InputError as error:
        raise pytest.UsageError(f"{option}: {error.reason}") from None


def _report_folder(config: pytest.Config) -> Path | None:
    """The folder for reports, wherever a test goes."""
    folder = config.getoption("--certnn-report")
    return None if folder is None else config.invocation_params.dir / folder


@pytest.fixture
def assert_certified_gap(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`certnn.testing.assert_certified_gap` with the options of this run."""
    from certnn import testing

    settings = _settings(request)
    level = request.config.getoption("--certnn-level")
    if level is not None:
        settings["level"] = level
    return _recorded(request, testing.assert_certified_gap, settings)


@pytest.fixture
def assert_tight(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`certnn.testing.assert_tight` with the options of this run."""
    from certnn import testing

    return _recorded(request, testing.assert_tight, _settings(request))


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("certnn")
    if marker is None:
        return {}
    if marker.args or not set(marker.kwargs) <= {"time_limit", "work_limit"} or not marker.kwargs:
        pytest.fail("the marker is certnn(time_limit=seconds, work_limit=seconds)", pytrace=False)
    return dict(marker.kwargs)


def _recorded(
    request: pytest.FixtureRequest, check: Callable[..., Any], settings: dict[str, Any]
) -> Callable[..., Any]:
    from certnn.testing import folder_name

    node, folder = request.node, _report_folder(request.config)

    @wraps(check)
    def run(*arguments: Any, **more: Any) -> Any:
        __tracebackhide__ = True
        failures = node.stash.get(_FAILURES, 0)
        report = folder and folder / folder_name(node.nodeid, failures)
        try:
            result = check(*arguments, **{"report": report, **settings, **more})
        except AssertionError:  # the next of this test, as in subtests, has a folder of its own
            node.stash[_FAILURES] = failures + 1
            raise
        node.user_properties.append((_PROVED, repr(result)))
        return result

    return run


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What was proved, with -v."""
    proved = [
        f"{report.nodeid}: {found}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "teardown"  # which has what all phases proved
        for name, found in report.user_properties
        if name == _PROVED
    ]
    if proved and config.get_verbosity() > 0:
        terminalreporter.section("certnn: proved")
        for line in proved:
            terminalreporter.line(line)
