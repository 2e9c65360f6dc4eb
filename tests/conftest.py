"""Settings that all tests share."""

import pytest
import specification
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("certnn", deadline=None, print_blob=True)
settings.load_profile("certnn")


@pytest.fixture(scope="session")
def plain_checker():
    """The checker in the specification of certificates: whether a file proves its claim."""
    return specification.plain_checker()
