import pytest
from report_examples import bound_only_report, inconsistent_report, iris_report

from certnn.report import GapReport


@pytest.fixture
def iris() -> GapReport:
    return iris_report()


@pytest.fixture
def bound_only() -> GapReport:
    return bound_only_report()


@pytest.fixture
def inconsistent() -> GapReport:
    return inconsistent_report()
