"""Training problems: what is accepted, what is refused and by which name."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from fractions import Fraction

import ml_dtypes
import numpy as np
import pandas
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import check_array

from certnn.errors import InputError
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.losses import Huber
from certnn.problem.training_problem import TrainingProblem

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([[1.0], [0.0], [2.0]])

longdouble_is_wider = np.finfo(np.longdouble).eps < np.finfo(np.float64).eps

BAD_MATRICES = {
    "NaN": (np.where(X == 4.0, np.nan, X), "NaN or infinite"),
    "infinite": (np.where(X == 4.0, -np.inf, X), "NaN or infinite"),
    "scalar": (1.0, "two dimensions"),
    "three dimensions": (X[None], "two dimensions"),
    "ragged": ([[1.0, 2.0], [3.0]], "not a rectangular array"),
    "strings": ([["a", "b"]], "real numbers, got dtype"),
    "numbers as strings": ([["1", "2"]], "real numbers, got dtype"),
    "complex": (X + 0j, "real numbers, got dtype complex"),
    "None among objects": (np.where(X == 4.0, None, X), "no value in row 1"),
    "NaN among objects": (np.where(X == 4.0, np.nan, X).astype(object), "NaN or no value in row 1"),
    "text among objects": (np.where(X == 4.0, "a", X.astype(object)), "object with str in row 1"),
    "third": ([[Fraction(1, 3)]], "cannot hold exactly"),
    "decimal": ([[Decimal("0.1")]], "cannot hold exactly"),
    "masked": (np.ma.masked_equal(X, 4.0), r"masked entries, the first at \(1, 1\)"),
    "sparse": (scipy.sparse.csr_matrix(X), r"is sparse, and is needed dense: .\.toarray\(\)"),
    "structured": (np.zeros((3, 2), dtype=[("a", "f4")]), "real numbers"),
    "text in a frame": (pandas.DataFrame({"a": [1, 2, 3], "b": list("uvw")}), "column b must hold"),
    "NaN in a frame": (pandas.DataFrame({"a": [1.0, np.nan, 3], "b": 1}), "column a has NaN"),
    "NA in a frame": (
        pandas.DataFrame({"a": [True] * 3, "b": pandas.array([1, None, 3], dtype="Int64")}),
        "column b has NaN",
    ),
    "dates in a frame": (
        pandas.DataFrame({"a": [1, 2, 3], "day\n": pandas.to_datetime(["2020-01-01"] * 3)}),
        "column day  must hold real numbers",
    ),
    "None": (None, "two dimensions"),
    "dictionary": ({"a": 1}, "two dimensions"),
    "dates": (np.array([["2020-01-01"]], dtype="datetime64[D]"), "real numbers"),
    "no rows": (np.zeros((0, 2)), "empty"),
    "no columns": (np.zeros((3, 0)), "empty"),
    "int64 beyond 2^53": (np.array([[2**53 + 1]]), "cannot hold exactly"),
    "largest int64": (np.array([[2**63 - 1]]), "cannot hold exactly"),
    "uint64 beyond 2^53": (np.array([[2**64 - 1]], dtype=np.uint64), "cannot hold exactly"),
    "Python int beyond 64 bits": ([[2**200 + 1]], "cannot hold exactly"),
    "Python int beyond float64": ([[10**400]], "cannot hold exactly"),
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


def test_a_vector_is_a_column_of_targets_and_no_data():
    assert TrainingProblem(X, Y[:, 0], 0.1) == TrainingProblem(X, Y, 0.1)
    assert TrainingProblem(X, pandas.Series(Y[:, 0]), 0.1) == TrainingProblem(X, Y, 0.1)
    with pytest.raises(InputError, match=r"shape \(3,\); X.reshape\(-1, 1\) if it is one column"):
        TrainingProblem(X[:, 0], Y, 0.1)


FRAME = pandas.DataFrame(
    {
        "float": [0.5, 1.0, -2.0],
        "bool": [True, False, True],
        "Int64": pandas.array([1, 2, 3], dtype="Int64"),
        "boolean": pandas.array([True, True, False], dtype="boolean"),
        "Float32": pandas.array([0.5, 1.5, 2.5], dtype="Float32"),
        "category": pandas.Categorical([10, 2, 10]),
        "int8": np.array([1, 2, 3], dtype="i1"),
    }
)


@pytest.mark.parametrize("columns", [["float", "bool"], ["Int64", "float"], list(FRAME.columns)])
def test_frames_of_columns_that_differ(columns):
    """As scikit-learn takes them."""
    frame = FRAME[columns]
    problem = TrainingProblem(frame, frame, 0.1)
    assert problem.X.flags.c_contiguous
    assert np.array_equal(problem.X, check_array(frame, dtype=np.float64))
    assert problem == TrainingProblem(problem.X, problem.X, 0.1)


def test_frames_with_columns_of_one_name():
    frame = pandas.concat([FRAME[["bool"]], FRAME[["float"]]], axis=1, keys=None)
    frame.columns = ["a", "a"]
    assert np.array_equal(TrainingProblem(frame, Y, 0.1).X, [[1, 0.5], [0, 1], [1, -2]])


@given(
    st.lists(
        st.one_of(st.floats(-1e90, 1e90), st.booleans(), st.fractions(), st.integers()),
        min_size=1,
    )
)
def test_python_numbers_are_taken_exactly_or_refused(values):
    array = np.array(values, dtype=object)[:, None]
    largest = max(abs(Fraction(value)) for value in values)
    if all(Fraction(float(value)) == value for value in values) and (
        largest == 0 or Fraction(1, 10**100) <= largest <= 10**100
    ):
        assert TrainingProblem(array, array, 0.1).X.ravel().tolist() == values
    else:
        with pytest.raises(InputError, match=r"exactly|magnitude"):
            TrainingProblem(array, array, 0.1)


def test_an_array_with_a_mask_that_hides_nothing():
    assert TrainingProblem(np.ma.masked_array(X, mask=False), Y, 0.1) == TrainingProblem(X, Y, 0.1)


def test_short_floats():
    short = X.astype(ml_dtypes.bfloat16)
    assert TrainingProblem(short, Y, 0.1) == TrainingProblem(X, Y, 0.1)


@pytest.mark.torch
def test_tensors():
    import torch

    expected = TrainingProblem(X, Y, 0.1)
    for tensor in (
        torch.tensor(X, requires_grad=True),
        torch.tensor(X).bfloat16(),
        torch.tensor(X, dtype=torch.float32, requires_grad=True) * 1.0,
        torch.tensor(X, dtype=torch.int64),
    ):
        assert TrainingProblem(tensor, torch.tensor(Y, requires_grad=True), 0.1) == expected
    with pytest.raises(InputError, match="cannot hold exactly"):
        TrainingProblem(torch.tensor([[2**53 + 1]]), [[1.0]], 0.1)
    with pytest.raises(InputError, match="X: is not a rectangular array"):
        TrainingProblem(torch.tensor(X).to_sparse(), Y, 0.1)


@pytest.mark.parametrize("bias", ["decayed", 2, None, [True], np.array([True, False])])
@pytest.mark.parametrize("name", ["hidden_bias", "output_bias"])
def test_bad_bias_is_refused_by_name(name, bias):
    with pytest.raises(InputError, match="must be True, False or") as caught:
        TrainingProblem(X, Y, 0.1, **{name: bias})
    assert caught.value.argument == name


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


def test_rows_of_a_best_dual_point_sum_to_zero_where_one_output_is_superfluous():
    X, classes = np.eye(4), np.eye(3)[[0, 1, 2, 0]]
    given = {"output_bias": "free"}
    assert TrainingProblem(X, classes, 0.1, **given).centred
    assert TrainingProblem(X, classes, 0.1, "free").centred
    assert TrainingProblem(X, classes, 0.1, loss="softmax").centred
    assert not TrainingProblem(X, classes, 0.1, True, output_bias=True).centred
    assert not TrainingProblem(X, classes + np.eye(4, 3), 0.1, **given).centred
    assert not TrainingProblem(X, np.ones((4, 1)), 0.1, **given).centred
    assert not TrainingProblem(X, classes, 0.1, loss=Huber(0.5), **given).centred
    problem = TrainingProblem(X, classes, 0.1, **given)
    Z = feasible_dual_point(problem, np.arange(12.0).reshape(4, 3) ** 2)
    assert np.all(np.sum(Z, axis=0) == 0.0)
    np.testing.assert_allclose(np.sum(Z, axis=1), 0.0, atol=1e-13 * np.max(Z))
