"""Strict reading of strangers' files."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certnn.kernel import Malformed, Rejected, check_certificate, document
from certnn.kernel.document import Section, parse

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**8), 10**8),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_objects_are_read_as_they_are(value):
    assert parse(json.dumps(value).encode()) == value


@given(st.one_of(json_values.filter(lambda value: not isinstance(value, dict))))
def test_only_objects(value):
    with pytest.raises(Malformed):
        parse(json.dumps(value).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(alphabet='{}[]":,\\u0d8NaInfity1e.- \n\ufeff', max_size=100).map(str.encode),
    )
)
@example(b"{" * 100_000)
@example(b'{"":' * 100_000)
@example(b"[" * 100_000)
@example(b'"' + b"\\" * 100_001)
@example(b"1" * 100_000)
@example(b"-" + b"1" * 5000 + b".0")
@example(b"1." + b"1" * 100_000)
@example(b"1e" + b"9" * 100_000)
@example(b'{"about":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}")
@example('{"\ud800":1}'.encode("utf-8", "surrogatepass"))
@example(b'{"\\ud800":1}')
@example(b"{}")
@example(b"\xff\xfe{\x00}\x00")
@example(b"{\x00}\x00")
@example(b"\x00")
def test_any_bytes_end_in_a_verdict(content):
    with pytest.raises(Malformed) as caught:
        check_certificate(content)
    assert str(caught.value).isprintable()


@given(st.recursive(st.none(), lambda inner: st.lists(inner, min_size=1, max_size=2)))
def test_depth_within_reason_is_not_an_error_of_parsing(value):
    assert parse(json.dumps({"": value}).encode()) == {"": value}


def test_files_above_the_limit_are_not_parsed(monkeypatch):
    monkeypatch.setattr(document, "LARGEST_FILE", 2)
    assert parse(b"{}") == {}
    with pytest.raises(Malformed, match="larger than 2 bytes"):
        parse(b"{} ")


def test_keys_once_at_every_depth():
    assert parse(b'{"a": {"b": 1}, "b": 1}') == {"a": {"b": 1}, "b": 1}
    for text in ('{"a": 1, "a": 1}', '{"b": [{"a": 1, "a": 2}]}', '{"a": 1, "\\u0061": 1}'):
        with pytest.raises(Malformed, match="twice"):
            parse(text.encode())


def one(value, **more):
    return Section("part", {"x": value, **more}, ("x", *more))


def test_section_has_exactly_its_keys():
    with pytest.raises(Malformed, match="part lacks y"):
        Section("part", {"x": 1}, ("x", "y"))
    with pytest.raises(Malformed, match="part has unknown 'x'"):
        Section("part", {"x": 1, "y": 1}, ("y",))
    for value in ([], "x", None, 1, [("x", 1)]):
        with pytest.raises(Malformed, match="must be an object"):
            Section("part", value, ("x",))


@pytest.mark.parametrize(
    ("reader", "good", "bad"),
    [
        ("text", ["", "é"], [None, 1, [], {}, True, b""]),
        ("flag", [True, False], [0, 1, "true", None]),
        ("size", [1, 2**31 - 1], [0, -1, 2**31, 1.0, True, "1", None]),
        ("positive", [5e-324, 1.0, 1e308], [0.0, -0.0, -1.0, 1, float("inf"), "1.0", None, True]),
    ],
)
def test_scalars(reader, good, bad):
    for value in good:
        assert getattr(one(value), reader)("x") == value
    for value in bad:
        with pytest.raises(Malformed, match=r"part\.x"):
            getattr(one(value), reader)("x")


@given(st.integers(0, 10**600 - 1), st.integers(1, 10**600 - 1))
def test_ratio(p, q):
    assert one(f"{p}/{q}").ratio("x") == Fraction(p, q)
    for text in (f"-{p}/{q}", f"{p}/-{q}", f"0{p}/{q}", f"{p}/0", f"{p}", f"{p}/{q}\n"):
        with pytest.raises(Malformed):
            one(text).ratio("x")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=9))
def test_doubles(values):
    section = one(b64encode(struct.pack(f"<{len(values)}d", *values)).decode())
    matrix = section.doubles("x", 1, len(values))
    assert [t * Fraction(2) ** matrix.exponent for t in matrix.rows[0]] == values
    with pytest.raises(Malformed):
        section.doubles("x", 1, len(values) + 1)


@given(st.lists(st.integers(0, 2**32 - 1), max_size=9))
def test_indices(values):
    section = one(b64encode(struct.pack(f"<{len(values)}I", *values)).decode())
    top = max(values, default=0)
    assert list(section.indices("x", len(values), top + 1)) == values
    with pytest.raises(Malformed, match="integers"):
        section.indices("x", len(values) + 1, top + 1)
    if values:
        with pytest.raises(Malformed, match="below"):
            section.indices("x", len(values), top)


@given(st.binary(max_size=40), st.integers(0, 60), st.characters())
def test_base64_is_canonical(data, where, character):
    text = b64encode(data).decode()
    assert one(text).array("x") == data
    changed = text[:where] + character + text[where + 1 :]
    try:
        read = one(changed).array("x")
    except Malformed:
        return
    assert b64encode(read).decode() == changed


def test_rejected_and_malformed_are_told_apart():
    assert not issubclass(Malformed, Rejected)
    assert not issubclass(Rejected, Malformed)
