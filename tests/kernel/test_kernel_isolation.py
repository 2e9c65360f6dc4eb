"""The trusted part stands alone: the standard library, and nothing else of certnn.

The filters in floats need numba, and nothing needs the filters.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import certnn.kernel

FOLDER = Path(certnn.kernel.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))
FILTERS = [FOLDER / f"{name}_filter.py" for name in ("float", "cell", "interval")]
EXACT = [path for path in SOURCES if path not in FILTERS]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_imports(path):
    more = {"numba", "numpy"} if path in FILTERS else set()
    for name in imported(ast.parse(path.read_text("utf-8"))):
        top = name.partition(".")[0]
        known = top in sys.stdlib_module_names or name.startswith("certnn.kernel.")
        assert known or top in more, name


def test_the_filter_is_imported_in_one_function():
    """Elsewhere for its types only; `test_import_loads_nothing_heavy` shows that."""
    functions = [
        (source.name, function.name)
        for source in SOURCES
        for function in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and any(f"certnn.kernel.{path.stem}" in imported(function) for path in FILTERS)
    ]
    assert functions == [("cells.py", "_filter"), ("partition.py", "_filtered")]


CORRECT = Path(__file__).parents[1] / "certificates" / "correct"
CHECK = """
import sys
if sys.argv[2] == "blocked":
    sys.modules[sys.argv[3]] = None
from certnn.kernel import cells, check_certificate, partition
cells._SMALL = partition._SMALL = 0
print(check_certificate(open(sys.argv[1], "rb").read()).value, "numba.core" in sys.modules)
"""


@pytest.mark.parametrize("package", ["numba", "numpy"])
@pytest.mark.parametrize("kind", ["partition", "cells"])
def test_the_filters_are_not_needed(kind, package):
    answers = [
        subprocess.run(
            [sys.executable, "-c", CHECK, CORRECT / f"{kind}.json", how, package],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for how in ("blocked", "free")
    ]
    assert answers[0][0] == answers[1][0]
    assert [used for _, used in answers] == ["False", "True"]


def test_flint_is_the_only_module_imported_by_name():
    calls = [
        ast.unparse(node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", None))
        in {"import_module", "__import__", "exec", "eval", "find_spec", "open"}
    ]
    members = "archive.open(info)"  # of a zip file that somebody else has opened
    assert sorted(calls) == [members, "find_spec('flint')", "import_module('flint')"]


def test_no_tolerance():
    """No float literal but the lower end of "positive and finite"."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                assert node.value == 0.0, path


def test_import_loads_nothing_heavy():
    program = (
        "import sys, certnn.kernel\n"
        "known = sys.stdlib_module_names\n"
        "print(*(m for m in sys.modules if m.partition('.')[0] not in known))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split()) - {"__main__"}
    own = {name for name in loaded if name == "certnn" or name.startswith("certnn.kernel")}
    assert "certnn.kernel.products" in own
    # What the environment's .pth files load is not the kernel's doing.
    bare = subprocess.run(
        [sys.executable, "-c", program.replace(", certnn.kernel", "")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded - own - set(bare.stdout.split()) == set()
    assert "numpy" not in loaded


def test_small_enough_to_read_in_one_sitting():
    """Without the filters: their memory is laid out by hand, and makes them long."""
    assert sum(len(path.read_text("utf-8").splitlines()) for path in EXACT) < 4070
    assert all(len(path.read_text("utf-8").splitlines()) < 550 for path in FILTERS)
