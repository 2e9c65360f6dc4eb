"""The problem as the kernel reads it."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from certnn.kernel import Instance
from certnn.problem.training_problem import TrainingProblem


def packed(*entries):
    return struct.pack(f"<{len(entries)}d", *entries)


GOOD = Instance(2, 2, 1, 0.25, False, packed(1.0, 2.0, 3.0, 5e-324), packed(5.0, -1e90))


def fractions(matrix):
    return [[entry * Fraction(2) ** matrix.exponent for entry in row] for row in matrix.rows]


def test_entries():
    assert fractions(GOOD.features()) == [[1, 2], [3, Fraction(5e-324)]]
    assert fractions(GOOD.targets()) == [[5], [-Fraction(1e90)]]
    assert GOOD.columns == 2


def test_hidden_bias_is_a_column_of_ones():
    biased = dataclasses.replace(GOOD, hidden_bias=True)
    assert fractions(biased.features()) == [[1, 2, 1], [3, Fraction(5e-324), 1]]
    assert biased.columns == 3
    large = dataclasses.replace(biased, X=packed(2.0**80, 2.0**90, 0.0, 2.0**100))
    assert fractions(large.features()) == [[2**80, 2**90, 1], [0, 2**100, 1]]


def test_hash_is_that_of_shapes_and_data():
    expected = hashlib.sha256(b"certnn data 1\n2 2 1\n" + GOOD.X + GOOD.Y).hexdigest()
    assert GOOD.data_sha256 == expected
    rng = np.random.default_rng(0)
    problem = TrainingProblem(rng.standard_normal((3, 2)), rng.standard_normal((3, 1)), 0.5)
    assert problem.instance().data_sha256 == problem.data_sha256
    transposed = Instance(1, 2, 2, 0.25, False, packed(1.0, 2.0), packed(3.0, 4.0))
    other = Instance(2, 1, 1, 0.25, False, packed(1.0, 2.0), packed(3.0, 4.0))
    assert transposed.data_sha256 != other.data_sha256


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 0, "X": b"", "Y": b""},
        {"n": -2},
        {"n": 1},
        {"d": 3},
        {"c": 2},
        {"d": 0, "X": b""},
        {"reg": 0.0},
        {"reg": -1.0},
        {"reg": math.inf},
        {"reg": math.nan},
        {"X": packed(1.0, 2.0, 3.0)},
        {"X": packed(1.0, 2.0, 3.0, math.nan)},
        {"Y": packed(5.0, math.inf)},
        {"Y": b"12345678901234567"},
    ],
)
def test_bad_values(changes):
    with pytest.raises(ValueError, match=r"positive|length|finite"):
        dataclasses.replace(GOOD, **changes)


class Text(str):
    pass


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2.0},
        {"n": np.int64(2)},
        {"n": True, "X": packed(1.0, 2.0), "Y": packed(1.0)},
        {"reg": 1},
        {"reg": np.float64(0.25)},
        {"hidden_bias": 1},
        {"hidden_bias": None},
        {"X": bytearray(GOOD.X)},
        {"X": memoryview(GOOD.X)},
        {"Y": list(GOOD.Y)},
    ],
)
def test_parts_cannot_be_something_that_changes_later(changes):
    with pytest.raises(TypeError):
        dataclasses.replace(GOOD, **changes)


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.reg = 1e-9
