"""The rooms of the package and what each may import: no circle, and no arrow back up."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "certnn"
#: Open to all but the kernel; and the doors that stand at the top.
GROUND = ("arrays", "atomic_files", "budget", "directed_rounding", "errors")
DOORS = ("__init__", "__main__", "testing")
ABOVE_READING = ("problem", "kernel", "reading", "certificates")
BELOW_SEARCH = (*ABOVE_READING, "cones", "training", "relaxation", "splitting", "report")
ROOMS = {
    "kernel": (),
    "cones": ("kernel",),
    "problem": ("kernel",),
    "reading": ("problem", "kernel"),
    "certificates": ("problem", "kernel"),
    "training": ABOVE_READING,
    "relaxation": (*ABOVE_READING, "cones", "training"),
    "splitting": (*ABOVE_READING, "training"),
    "report": ("problem", "kernel"),
    "search": BELOW_SEARCH,
    "studies": (*BELOW_SEARCH, "search"),
    "interfaces": (*BELOW_SEARCH, "search", "studies"),
}


def modules():
    """Every module's file, by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(path, for_types=True):
    """The modules of the package that a file imports, anywhere in it."""
    tree = ast.parse(path.read_text())
    if not for_types:
        tree.body = [node for node in tree.body if not _is_for_types(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "certnn")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "certnn":
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in MODULES else node.module


def _is_for_types(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_every_module_is_in_a_room_or_on_the_ground():
    assert {room(module) for module in MODULES} == {*ROOMS, *GROUND, *DOORS}
    assert len(GROUND) + len(DOORS) - 2 <= 6  # `__init__` and `__main__` are the package itself


def test_each_room_has_its_tests():
    folders = {
        path.name
        for path in Path(__file__).parent.iterdir()
        if path.is_dir() and path.name[0] not in "._"
    }
    assert {*ROOMS} == folders - {"benchmarks", "browser"}


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_says_in_one_sentence_what_it_is_for(name):
    said = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text()))
    first = said.splitlines()[0]
    assert first.endswith(".")
    assert len(first) <= 100


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_what_its_room_may(module):
    here = room(module)
    if here in DOORS:
        return
    allowed = {here, *ROOMS.get(here, ()), *(() if here == "kernel" else GROUND)}
    if here == "interfaces":
        allowed |= {*DOORS}
    assert {room(name) for name in imports(MODULES[module])} <= allowed


def test_the_rooms_are_no_circle():
    for name, below in ROOMS.items():
        for other in below:
            assert name not in ROOMS[other]


def test_no_modules_import_each_other_in_a_circle():
    arrows = {name: {*imports(path, for_types=False)} - {name} for name, path in MODULES.items()}
    # The filter needs numba, so that it is looked for only where it is used.
    arrows["certnn.kernel.partition"].discard("certnn.kernel.float_filter")
    left = set(arrows)
    while ready := {name for name in left if not arrows[name] & left}:
        left -= ready
    assert sorted(left) == []
