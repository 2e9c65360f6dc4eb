"""What is public says what it takes: parameters, shapes of arrays, units, errors."""

import ast
import dataclasses
import inspect
from importlib import import_module
from pathlib import Path

import docstring_parser
import pytest

import certnn

ROOT = Path(certnn.__file__).parent
HOMES = (
    "certnn",
    "certnn.studies.baselines.frank_wolfe",
    "certnn.studies.baselines.kernels",
    "certnn.studies.completely_positive",
    "certnn.cones",
    "certnn.reading.networks",
    "certnn.kernel",
    "certnn.testing",
)
#: A Bound is made by the kernel alone, of which it needs the `maker`.
NOT_TAKEN = ("self", "args", "kwargs", "maker")
#: What a parameter or attribute of this name is measured in.
UNITS = {
    "seconds": "second",
    "time_limit": "second",
    "work_limit": "second",
    "memory_limit": "byte",
}


def public(home):
    module = import_module(home)
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == home and name[0] != "_"
    ]
    return [f"{home}:{name}" for name in sorted(names)]


def found(name):
    home, _, name = name.partition(":")
    return getattr(import_module(home), name)


NAMES = [name for home in HOMES for name in public(home)]
CALLABLE = [name for name in NAMES if callable(found(name))]


def documented(thing):
    """Text by parameter; of a class that names those of its base, that of the base too."""
    found = {}
    for base in reversed(inspect.getmro(thing)) if isinstance(thing, type) else [thing]:
        if not base.__module__.startswith("certnn"):
            continue
        parsed = docstring_parser.parse(base.__doc__ or "", docstring_parser.Style.NUMPYDOC)
        for entry in parsed.params:
            for name in entry.arg_name.split(","):
                found[name.strip()] = f"{entry.type_name or ''} {entry.description or ''}"
    return found


def taken(thing):
    if isinstance(thing, type):
        if issubclass(thing, BaseException):
            return []
        if dataclasses.is_dataclass(thing):
            return [field.name for field in dataclasses.fields(thing) if field.name[0] != "_"]
        if thing.__init__ is object.__init__:
            return []
    names = inspect.signature(thing).parameters
    return [name for name in names if name not in NOT_TAKEN]


@pytest.mark.parametrize("name", CALLABLE)
def test_every_parameter_is_documented(name):
    thing = found(name)
    missing = [parameter for parameter in taken(thing) if parameter not in documented(thing)]
    assert not missing


@pytest.mark.parametrize("name", CALLABLE)
def test_arrays_have_shapes_and_figures_have_units(name):
    for parameter, text in documented(found(name)).items():
        if "ndarray" in text or "array_like" in text or "float64 array" in text:
            assert "shape" in text, parameter
        if parameter in UNITS:
            assert UNITS[parameter] in text.lower(), parameter


def functions(body, prefix="", more=""):
    """Public functions by name, with their docstrings and those of their classes."""
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name[0] != "_":
            yield from functions(node.body, f"{prefix}{node.name}.", ast.get_docstring(node) or "")
        elif isinstance(node, ast.FunctionDef) and node.name[0] != "_":
            text = ast.get_docstring(node)
            if text is not None or not prefix:  # a method without one has that of the base
                yield f"{prefix}{node.name}", node, f"{text or ''} {more}"


def raised(node):
    """Names of the errors raised where no handler of the function itself is around."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        name = getattr(node.exc.func, "id", getattr(node.exc.func, "attr", ""))
        yield from [name] if name[0].isupper() else []
    for child in ast.iter_child_nodes(node):
        handled = isinstance(node, ast.Try) and child in node.body
        if not handled and not isinstance(child, ast.FunctionDef):
            yield from raised(child)


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda f: str(f.relative_to(ROOT)))
def test_errors_that_are_raised_are_documented(file):
    for name, function, text in functions(ast.parse(file.read_text("utf-8")).body):
        for error in raised(function):
            assert error in text, f"{name} raises {error}"


def test_the_checks_find_what_is_missing():
    source = """
def undocumented(a):
    \"\"\"Nothing of errors.\"\"\"
    try:
        raise ValueError("handled")
    except ValueError:
        raise InputError("a", "is bad") from None
"""
    [(_, function, text)] = functions(ast.parse(source).body)
    assert list(raised(function)) == ["InputError"]
    assert "InputError" not in text
