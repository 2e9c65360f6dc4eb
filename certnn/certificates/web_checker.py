"""The extracted checker in JavaScript, as the package has it: for a page, and for Python.

`proofs/build_web_checker.sh` makes ``web/checker.js`` from the proofs. Beside it are the
translation from a file to integers, which a page needs, and the page's own scripts.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

from certnn.errors import InputError, shorten

#: An engine of JavaScript with fast integers of any length.
ENGINE = "py_mini_racer"
_FOLDER = Path(__file__).with_name("web")
_KINDS = ("psd", "partition", "directions", "regions", "phases", "cells", "cuts")
_OF_WORKER = ("exact", "reading", "container", *_KINDS, "translation", "checker", "worker")


def page_scripts() -> tuple[str, str]:
    """The scripts of a page that checks certificates: of its worker, and its own."""
    return "".join(map(_script, _OF_WORKER)), _script("page")


def engine_installed() -> bool:
    """Whether there is an engine to run the checker."""
    return find_spec(ENGINE) is not None


def javascript_checker() -> Callable[[bytes], str]:
    """The checker, from a certificate in its integer form to what it says.

    It raises `InputError` where it does not come to an end: for want of memory, such as; and an
    interrupt ends it. Raises `ModuleNotFoundError` if no engine is installed.
    """
    module = import_module(ENGINE)
    loop = asyncio.new_event_loop()

    def run() -> None:
        loop.run_forever()
        loop.close()

    Thread(target=run, daemon=True).start()
    opened = module.mini_racer(loop)
    engine = opened.__enter__()  # until nobody has the checker any more
    engine.eval(_script("checker"))

    def says(line: bytes) -> str:
        call = f"certnnVerdict({json.dumps(line.decode('latin-1'))})"
        answer = asyncio.run_coroutine_threadsafe(engine.eval_cancelable(call), loop)
        try:
            return str(answer.result())
        except module.JSEvalException as error:
            reason = f"the extracted checker does not come to its end: {shorten(error)}"
            raise InputError("verified", reason) from None
        finally:
            if answer.cancel():  # after an interrupt the engine would go on
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0.1), loop).result()

    def close() -> None:
        opened.__exit__(None, None, None)
        loop.call_soon_threadsafe(loop.stop)

    weakref.finalize(says, close)
    return says


def _script(name: str) -> str:
    return (_FOLDER / f"{name}.js").read_text("utf-8")
