"""Settings that all tests share."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

import certnn.kernel

pytest_plugins = ["pytester"]

settings.register_profile("certnn", deadline=None, print_blob=True)
settings.load_profile("certnn")


@pytest.fixture(scope="session")
def plain_checker():
    """The checker in the specification of certificates: whether a file proves its claim."""
    text = Path(certnn.kernel.__file__).with_name("FORMAT.md").read_text("utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    names = {"__name__": "checker"}
    exec(compile(source, "FORMAT.md", "exec"), names)
    return names["proved"]
