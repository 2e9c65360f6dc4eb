"""The pytest plugin: assertions about proved gaps, with options and reports.

    def test_network(assert_certified_gap):
        assert_certified_gap(network, X, Y, reg=0.1, max_gap=0.05)

    @pytest.mark.certnn(time_limit=20)
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

_PROVED = pytest.StashKey[list[str]]()


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
    """The marker."""
    config.addinivalue_line(
        "markers", "certnn(time_limit): seconds for each proof of the test's certnn assertions"
    )
    config.stash[_PROVED] = []


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
    from certnn.testing import folder_name

    settings: dict[str, Any] = {}
    marker = request.node.get_closest_marker("certnn")
    if marker is not None:
        if marker.args or set(marker.kwargs) != {"time_limit"}:
            pytest.fail("the marker is certnn(time_limit=seconds)", pytrace=False)
        settings["time_limit"] = marker.kwargs["time_limit"]
    folder = request.config.getoption("--certnn-report")
    if folder is not None:
        settings["report"] = Path(folder) / folder_name(request.node.nodeid)
    return settings


def _recorded(
    request: pytest.FixtureRequest, check: Callable[..., Any], settings: dict[str, Any]
) -> Callable[..., Any]:
    @wraps(check)
    def run(*arguments: Any, **more: Any) -> Any:
        __tracebackhide__ = True
        failure = ""
        try:
            result = check(*arguments, **{**settings, **more})
        except AssertionError as error:
            failure = str(error)
        if failure:  # from here, so that the trace ends in the test
            pytest.fail(failure)
        request.config.stash[_PROVED].append(f"{request.node.nodeid}: {result!r}")
        return result

    return run


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What was proved, with -v."""
    proved = config.stash[_PROVED]
    if proved and config.get_verbosity() > 0:
        terminalreporter.section("certnn: proved")
        for line in proved:
            terminalreporter.line(line)
