"""The page that checks a certificate in a browser: one file, which loads nothing."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from markupsafe import Markup

from certnn.report.html import render

#: The name of the file.
PAGE = "check.html"
#: Tells this page from others.
MARK = '<meta name="generator" content="certnn check">'


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
        mark=Markup(MARK),
        policy=Markup(policy),
        worker=Markup(worker),
        page=Markup(page),
    )
