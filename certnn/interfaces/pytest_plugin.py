"""The pytest plugin: assertions about proved gaps, with options and reports.

    def test_network(assert_certified_gap):
        assert_certified_gap(network, X, Y, reg=0.1, max_gap=0.05)

    @pytest.mark.certnn(work_limit=20)  # the same outcome on every machine; or time_limit=20
    def test_relaxation(assert_tight):
        assert_tight(problem, "dnn", min_ratio=0.9)

The fixtures are `certnn.testing`'s assertions with the level, the limits, the folder for reports
and the baseline of this run filled in. With ``--certnn-baseline FILE`` a test fails too where more
was proved before; ``--certnn-time-budget SECONDS`` is for all proofs of a run together.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from certnn.interfaces.pytest_baselines import Baseline
    from certnn.interfaces.pytest_proof_time import ProofTime

# certnn itself is imported by the fixtures: other people's test runs should not pay for it.

#: Name of what was proved among the properties of a test, which pytest-xdist brings from where the
#: test ran, and ``--junit-xml`` writes down.
_PROVED = "certnn"
_FAILURES = pytest.StashKey[int]()
#: Options by their names behind "--certnn-".
_OPTIONS = (
    *("level", "report", "time-budget"),
    *("baseline", "update-baseline", "baseline-tolerance"),
)
_BASELINE: pytest.StashKey[Baseline] = pytest.StashKey()
_PROOF_TIME: pytest.StashKey[ProofTime] = pytest.StashKey()


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
    group.addoption(
        "--certnn-baseline",
        metavar="FILE",
        help="fail too where a proved gap or ratio is worse than FILE has it for that assertion",
    )
    group.addoption(
        "--certnn-update-baseline",
        action="store_true",
        help="write what is proved to the file of --certnn-baseline, and compare nothing; tests "
        "that do not run keep their entries",
    )
    group.addoption(
        "--certnn-baseline-tolerance",
        type=float,
        metavar="SHARE",
        help="by how much of the objective a figure may be worse than in the baseline (1e-4 with "
        "work_limit alone, which is reproducible, and 0.05 elsewhere)",
    )
    group.addoption(
        "--certnn-time-budget",
        type=float,
        metavar="SECONDS",
        help="for all proofs of the run, an equal part for each process of pytest-xdist; what "
        "comes when it is used up fails, as not attempted",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker, and a look at the options.

    Raises `pytest.UsageError` if no test could use one of them.
    """
    config.addinivalue_line(
        "markers",
        "certnn(time_limit, work_limit): seconds, or nominal ones, for each proof of the test's "
        "certnn assertions",
    )
    options = {name: config.getoption(f"--certnn-{name}") for name in _OPTIONS}
    if all(given is None or given is False for given in options.values()):
        return
    from certnn.atomic_files import require_folder
    from certnn.errors import InputError, positive_number
    from certnn.interfaces.pytest_baselines import Baseline
    from certnn.interfaces.pytest_proof_time import ProofTime
    from certnn.search.levels.schedule import require_level

    option = ""
    try:
        for option, value in options.items():
            if value is None:
                continue
            if value == "":  # of "$NAME" that is not set
                raise InputError(option, "is empty")
            if option == "level":
                require_level(value)
            elif option == "report":
                require_folder(_place(config, option))
            elif option == "baseline":
                tolerance = options["baseline-tolerance"]
                baseline = Baseline(_place(config, option), options["update-baseline"], tolerance)
                config.stash[_BASELINE] = baseline
                config.pluginmanager.register(baseline, "certnn-baseline")
            elif option == "time-budget":
                workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
                config.stash[_PROOF_TIME] = ProofTime(positive_number(option, value), workers)
            elif value is not False and options["baseline"] is None:
                raise InputError(option, "is for the file of --certnn-baseline, which is not given")
            elif option == "baseline-tolerance" and not 0.0 <= value < 1.0:
                raise InputError(option, f"must be in [0, 1), got {value!r}")
    except InputError as error:
        raise pytest.UsageError(f"--certnn-{option}: {error.reason}") from None


def _place(config: pytest.Config, option: str) -> Path:
    """The file or folder of an option, wherever a test goes."""
    return Path(config.invocation_params.dir, config.getoption(f"--certnn-{option}"))


@pytest.fixture
def assert_certified_gap(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`certnn.testing.assert_certified_gap` with the options of this run."""
    from certnn import testing

    settings = _settings(request)
    level = request.config.getoption("--certnn-level")
    if level is not None:
        settings["level"] = level
    return _recorded(request, testing.assert_certified_gap, "gap", settings)


@pytest.fixture
def assert_tight(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`certnn.testing.assert_tight` with the options of this run."""
    from certnn import testing

    return _recorded(request, testing.assert_tight, "ratio", _settings(request))


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("certnn")
    if marker is None:
        return {}
    if marker.args or not set(marker.kwargs) <= {"time_limit", "work_limit"} or not marker.kwargs:
        pytest.fail("the marker is certnn(time_limit=seconds, work_limit=seconds)", pytrace=False)
    return dict(marker.kwargs)


def _recorded(
    request: pytest.FixtureRequest, check: Callable[..., Any], figure: str, settings: dict[str, Any]
) -> Callable[..., Any]:
    from certnn.interfaces.pytest_baselines import record, test_id
    from certnn.testing import folder_name

    node, config = request.node, request.config
    folder = None if config.getoption("--certnn-report") is None else _place(config, "report")
    baseline, proof_time = config.stash.get(_BASELINE, None), config.stash.get(_PROOF_TIME, None)
    places = count(1)

    @wraps(check)
    def run(*arguments: Any, **more: Any) -> Any:
        __tracebackhide__ = True
        failures = node.stash.get(_FAILURES, 0)
        given = {**settings, **more}
        given.setdefault("report", folder and folder / folder_name(node.nodeid, failures))
        place = f"{figure} {next(places)}"
        try:
            with proof_time.limits(given) if proof_time else nullcontext(given) as limited:
                if baseline is not None:
                    limited.setdefault("kept", baseline.kept(test_id(node), place, limited))
                result = check(*arguments, **limited)
        except AssertionError:  # the next of this test, as in subtests, has a folder of its own
            node.stash[_FAILURES] = failures + 1
            raise
        node.user_properties.append((_PROVED, repr(result)))
        if baseline is not None:
            record(node, place, getattr(result, figure))
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
