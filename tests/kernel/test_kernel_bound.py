"""A Bound is made by the kernel, says what is proved, and is rounded in the safe direction."""

from __future__ import annotations

import ast
import copy
import dataclasses
import hashlib
import importlib
import inspect
import math
import pickle
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import certnn
from certnn import kernel
from certnn.kernel import Bound, Instance, evaluate_network
from certnn.kernel.bound import _MAKER


def packed(*entries):
    return struct.pack(f"<{len(entries)}d", *entries)


INSTANCE = Instance(1, 1, 1, 0.5, False, packed(1.0), packed(3.0))


@pytest.fixture
def bound():
    return evaluate_network(INSTANCE, packed(1.0), packed(2.0), 1)


def test_value(bound):
    assert bound.kind == "upper"
    assert bound.value == Fraction(1, 2) + Fraction(1, 4) * (1 + 4)
    assert bound.instance is INSTANCE
    assert Fraction(bound.exact) == bound.value
    assert "/" in bound.exact


def test_statement(bound):
    assert str(bound) == (
        "training objective <= 1.75 for one network "
        f"(n=1 d=1 c=1 reg=0.5 data sha256:{INSTANCE.data_sha256})"
    )
    biased = dataclasses.replace(INSTANCE, hidden_bias=True)
    lower = Bound(_MAKER, "lower", Fraction(1, 3), biased, b"")
    assert ">= 0.3333333333333333 for every two-layer ReLU network of every width" in str(lower)
    assert "hidden bias" in str(lower)
    assert "hidden bias" not in str(bound)


@pytest.mark.parametrize("maker", [None, object(), "kernel", True])
def test_is_not_made_by_others(maker):
    with pytest.raises(TypeError):
        Bound(maker, "lower", Fraction(10**9), INSTANCE, b"")
    with pytest.raises(TypeError):
        Bound("lower", Fraction(10**9), INSTANCE)
    with pytest.raises(TypeError):
        Bound()


@pytest.mark.parametrize("name", ["value", "kind", "instance", "evidence", "other", "__class__"])
def test_is_not_changed(bound, name):
    with pytest.raises(AttributeError):
        setattr(bound, name, Fraction(0))
    with pytest.raises(AttributeError):
        delattr(bound, name)
    assert bound.value == Fraction(7, 4)
    assert not hasattr(bound, "__dict__")


def test_is_not_made_again_by_calling_the_constructor(bound):
    with pytest.raises(TypeError):
        bound.__init__(None, "lower", Fraction(10**9), INSTANCE, b"")
    assert bound.kind == "upper"


def test_is_not_copied_with_changes(bound):
    assert copy.copy(bound) is bound
    assert copy.deepcopy(bound) is bound
    assert copy.deepcopy([bound])[0] is bound
    with pytest.raises(TypeError):
        dataclasses.replace(bound, value=Fraction(0))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_is_not_stored(bound, protocol):
    with pytest.raises(TypeError, match="certificate"):
        pickle.dumps(bound, protocol)


@pytest.mark.parametrize("parent", [Bound, Instance])
def test_has_no_subclasses(parent):
    with pytest.raises(TypeError, match="no subclasses"):
        type("Forged", (parent,), {})


def test_nothing_outside_the_kernel_makes_one():
    root = Path(certnn.__file__).parent
    sources = [path for path in root.rglob("*.py") if "kernel" not in path.relative_to(root).parts]
    assert len(sources) > 20
    for path in sources:
        words = {
            getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "name", None)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        }
        assert "_MAKER" not in words, path


def test_no_public_function_of_the_kernel_makes_one_of_a_number():
    """What the kernel offers by public names takes files and weights, no value and no kind."""
    makers = []
    for path in Path(kernel.__file__).parent.glob("*.py"):
        module = importlib.import_module(f"certnn.kernel.{path.stem}")
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            if str(inspect.signature(value).return_annotation) in ("Bound", "PatternBound"):
                makers.append((name, next(iter(inspect.signature(value).parameters))))
    assert set(makers) == {
        ("check_certificate", "document"),
        ("check_pattern_certificate", "document"),
        ("evaluate_network", "instance"),
    }


def test_it_knows_what_it_was_made_from(bound):
    weights = packed(1.0, 2.0)
    assert bound.evidence == hashlib.sha256(weights).hexdigest()
    assert bound.came_from(weights)
    assert not bound.came_from(packed(2.0, 1.0))


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.one_of(
    st.fractions(),
    st.builds(lambda x, k: Fraction(x) + Fraction(k, 10**400), FLOATS, st.integers(-2, 2)),
    st.integers(-(10**320), 10**320).map(Fraction),
    st.integers(1, 10**30).map(lambda q: Fraction(1, q**12)),
)


@given(VALUES)
@example(Fraction(10**400))
@example(-Fraction(10**400))
@example(Fraction(1, 10**400))
@example(-Fraction(1, 10**400))
@example(Fraction(0))
@example(Fraction(1.7976931348623157e308) + 1)
def test_rounding_is_safe_and_nearest(value):
    down = Bound(_MAKER, "lower", value, INSTANCE, b"").rounded
    up = Bound(_MAKER, "upper", value, INSTANCE, b"").rounded
    # Comparisons of floats (infinities too) with fractions are exact in Python.
    assert down <= value <= up
    assert math.nextafter(down, math.inf) > value or down == up
    assert math.nextafter(up, -math.inf) < value or down == up
    if down == up:
        assert Fraction(down) == value
