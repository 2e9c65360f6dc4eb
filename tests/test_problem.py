"""Training problems: what is accepted, what is refused and by which name."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from certnn.errors import InputError
from certnn.problem import TrainingProblem

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([[1.0], [0.0], [2.0]])

longdouble_is_wider = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps

BAD_MATRICES = {
    "NaN": (np.where(X == 4.0, np.nan, X), "NaN or infinite"),
    "infinite": (np.where(X == 4.0, -np.inf, X), "NaN or infinite"),
    "vector": (X[:, 0], r"two dimensions\), got shape \(3,\)"),
    "scalar": (1.0, "two dimensions"),
    "three dimensions": (X[None], "two dimensions"),
    "ragged": ([[1.0, 2.0], [3.0]], "not a rectangular array"),
    "strings": ([["a", "b"]], "real numbers, got dtype"),
    "numbers as strings": ([["1", "2"]], "real numbers, got dtype"),
    "complex": (X + 0j, "real numbers, got dtype complex"),
    "objects": (X.astype(object), "real numbers, got dtype object"),
    "None": (None, "two dimensions"),
    "dictionary": ({"a": 1}, "two dimensions"),
    "dates": (np.array([["2020-01-01"]], dtype="datetime64[D]"), "real numbers"),
    "no rows": (np.zeros((0, 2)), "empty"),
    "no columns": (np.zeros((3, 0)), "empty"),
    "int64 beyond 2^53": (np.array([[2**53 + 1]]), "cannot hold exactly"),
    "largest int64": (np.array([[2**63 - 1]]), "cannot hold exactly"),
    "uint64 beyond 2^53": (np.array([[2**64 - 1]], dtype=np.uint64), "cannot hold exactly"),
    "Python int beyond 64 bits": ([[2**200]], "real numbers, got dtype object"),
    "too large": (1e101 * X, "1e-100..1e100"),
    "too small": (1e-102 * X, "1e-100..1e100"),
}


@pytest.mark.parametrize("name", ["X", "Y"])
@pytest.mark.parametrize("kind", BAD_MATRICES)
def test_bad_matrix_is_refused_by_name(name, kind):
    value, reason = BAD_MATRICES[kind]
    arguments = {"X": X, "Y": Y, name: value}
    with pytest.raises(InputError, match=reason) as caught:
        TrainingProblem(arguments["X"], arguments["Y"], 0.1)
    assert caught.value.argument == name
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["X", "Y"])
def test_longdouble_is_refused_only_when_it_does_not_fit(name):
    wide = np.array([[1.0], [2.0], [3.0]], dtype=np.longdouble)
    assert TrainingProblem(wide, wide, 0.1) == TrainingProblem(
        [[1], [2], [3]], [[1], [2], [3]], 0.1
    )
    third = wide / np.longdouble(3)
    if not longdouble_is_wider:
        third = np.array([[2**53 + 1]])
    huge = wide * np.longdouble(10) ** 400 if longdouble_is_wider else np.array([[np.inf]])
    for value in (third, huge):
        arguments = {"X": wide, "Y": wide, name: value}
        with pytest.raises(InputError) as caught:
            TrainingProblem(arguments["X"], arguments["Y"], 0.1)
        assert caught.value.argument == name


def test_rows_must_agree():
    with pytest.raises(InputError, match="Y: has 2 rows where X has 3"):
        TrainingProblem(X, Y[:2], 0.1)


@pytest.mark.parametrize(
    "reg",
    [
        0.0, -0.1, float("nan"), float("inf"), -float("inf"), None, "a tenth", "", [0.1, 0.2],
        1j, 1e-101, 1e101, 10**400, object(), {},
    ],
)  # fmt: skip
def test_bad_reg_is_refused_by_name(reg):
    with pytest.raises(InputError) as caught:
        TrainingProblem(X, Y, reg)
    assert caught.value.argument == "reg"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reg", [1e-100, 1e100, 1, np.float32(0.5), np.int64(3)])
def test_good_reg(reg):
    assert TrainingProblem(X, Y, reg).reg == float(reg)


def test_the_callers_arrays_are_neither_kept_nor_changed():
    x, y = X.copy(), Y.copy()
    problem = TrainingProblem(x, y, 0.1)
    x[0, 0] = y[0, 0] = 99.0
    assert problem.X[0, 0] == 1.0
    assert problem.Y[0, 0] == 1.0
    assert x.flags.writeable


@pytest.mark.parametrize("hidden_bias", [False, True])
def test_nothing_can_be_changed(hidden_bias):
    problem = TrainingProblem(X, Y, 0.1, hidden_bias)
    for array in (problem.X, problem.Y, problem.features):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 7.0
    for name in ("X", "Y", "reg", "hidden_bias"):
        with pytest.raises(AttributeError):
            setattr(problem, name, getattr(problem, name))


def test_hidden_bias_is_a_last_column_of_ones():
    problem = TrainingProblem(X, Y, 0.1, hidden_bias=True)
    assert problem.d == 2
    assert np.array_equal(problem.features, np.hstack([X, np.ones((3, 1))]))
    assert np.array_equal(TrainingProblem(X, Y, 0.1).features, X)


def test_sizes_and_null_loss():
    problem = TrainingProblem(X, Y, 0.1)
    assert (problem.n, problem.d, problem.c) == (3, 2, 1)
    assert problem.null_loss == 2.5


def test_data_sha256_is_the_documented_one():
    expected = hashlib.sha256(b"certnn data 1\n3 2 1\n")
    expected.update(X.astype("<f8").tobytes() + Y.astype("<f8").tobytes())
    assert TrainingProblem(X, Y, 0.1).data_sha256 == expected.hexdigest()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X.astype(np.int64), Y.astype(np.uint8)),
        (X.astype(np.float32), Y.astype(np.float16)),
        (X.astype(np.longdouble), Y.astype(np.longdouble)),
        (np.asfortranarray(X), Y),
        (np.repeat(X, 2, axis=0)[::2], Y),
        (X.astype(">f8"), Y.astype(">i4")),
        (X.tolist(), Y.tolist()),
        (X, np.where(Y == 0.0, -0.0, Y)),
    ],
    ids=["int", "float32", "longdouble", "Fortran", "strided", "big-endian", "lists", "-0.0"],
)
def test_equal_numbers_make_equal_problems(x, y):
    problem, same = TrainingProblem(X, Y, 0.1), TrainingProblem(x, y, 0.1)
    assert same.data_sha256 == problem.data_sha256
    assert same == problem
    assert hash(same) == hash(problem)


def test_any_difference_makes_another_problem():
    problem = TrainingProblem(X, Y, 0.1)
    one_bit = X.copy()
    one_bit[2, 1] = np.nextafter(one_bit[2, 1], 7.0)
    assert TrainingProblem(one_bit, Y, 0.1).data_sha256 != problem.data_sha256
    assert TrainingProblem(X.reshape(2, 3), Y.T[:, :2].T, 0.1).data_sha256 != problem.data_sha256
    assert TrainingProblem(X, Y, 0.1) != TrainingProblem(X, Y, 0.2)
    assert TrainingProblem(X, Y, 0.1) != TrainingProblem(X, Y, 0.1, hidden_bias=True)
    assert problem != "a problem"


def test_shape_enters_the_hash():
    flat = np.arange(1.0, 5.0)
    wide = TrainingProblem(flat.reshape(2, 2), [[1.0], [2.0]], 0.1)
    tall = TrainingProblem(flat.reshape(4, 1)[:2], [[3.0, 4.0, 1.0], [2.0, 0.0, 0.0]], 0.1)
    same_bytes = TrainingProblem([[1.0], [2.0]], [[3.0, 4.0], [1.0, 2.0]], 0.1)
    assert len({wide.data_sha256, tall.data_sha256, same_bytes.data_sha256}) == 3


def test_repr():
    assert repr(TrainingProblem(X, Y, 0.1)) == "TrainingProblem(n=3, d=2, c=1, reg=0.1)"
    assert repr(TrainingProblem(X, Y, 1, True)).endswith("reg=1.0, hidden_bias=True)")
