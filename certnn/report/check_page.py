"""The page that checks a certificate in a browser: one file, which loads nothing."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from certnn.atomic_files import read_bytes
from certnn.errors import InputError
from certnn.report.html import render

#: The name of the file.
PAGE = "check.html"
#: Tells this page from others.
_MARK = '<meta name="generator" content="certnn check">'
_LARGEST = 1 << 24


def render_check_page(worker: str, page: str) -> str:
    """Return the page, to be written as UTF-8.

    Its policy lets the browser run this one script and what it makes of `worker`, and reach nothing
    over the network.

    Parameters
    ----------
    worker, page : str
        JavaScript, of what checks and of the page itself.
    """
    digest = b64encode(sha256(page.encode()).digest()).decode("ascii")
    allowed = {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "worker-src": "blob:",
        "style-src": "'unsafe-inline'",
    }
    policy = "; ".join(f"{what} {whence}" for what, whence in allowed.items())
    return render(
        "check_page.html",
        mark=Markup(_MARK),
        policy=Markup(policy),
        worker=Markup(worker),
        page=Markup(page),
    )


def require_check_page(path: Path) -> None:
    """Refuse a file that is no such page.

    Raises
    ------
    InputError
        If it is none or cannot be read.
    """
    if _MARK.encode() not in read_bytes(path, _LARGEST):
        raise InputError(str(path), "is no page of certnn check")
