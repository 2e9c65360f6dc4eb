"""The plain checker, independent of certnn, as the specification of certificates has it."""

import re
from pathlib import Path

import certnn.kernel

FORMAT = Path(certnn.kernel.__file__).with_name("FORMAT.md")


def source():
    """What a reader would copy from it."""
    (found,) = re.findall(r"^```python\n(.*?)^```", FORMAT.read_text("utf-8"), re.M | re.S)
    return found


def plain_program(**instead):
    """The names of the plain checker; some may stand for something else, as Q for rationals."""
    names = {"__name__": "checker"}
    exec(compile(source(), FORMAT.name, "exec"), names)
    names.update(instead)
    return names


def plain_checker(**instead):
    """Whether a file, which is not malformed, proves its claim."""
    return plain_program(**instead)["proved"]
