"""Problems whose points stay on the disk are the same problems."""

import numpy as np
import pytest

import certnn
from certnn.arrays import CHUNK_ROWS
from certnn.errors import InputError


@pytest.mark.parametrize(
    ("loss", "hidden", "output"),
    [("half-squared", False, False), ("logistic", "free", True), ("huber:0.5", True, "free")],
)
def test_the_same_problem_from_a_file(tmp_path, loss, hidden, output):
    draw = np.random.default_rng(0)
    X = draw.standard_normal((CHUNK_ROWS + 7, 3))
    X[0, 0] = -0.0
    Y = draw.choice([0.0, 1.0], (len(X), 2))
    np.save(tmp_path / "X.npy", X)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    loss = certnn.problem.losses.parse_loss(loss)
    stated = (Y, 0.3, hidden)
    more = {"loss": loss, "output_bias": output}
    whole, mapped = (
        certnn.TrainingProblem(X, *stated, **more),
        certnn.MappedProblem(X, *stated, **more),
    )
    assert mapped.X is X
    for name in ("n", "d", "c", "reg", "loss", "hidden_bias", "output_bias", "null_loss"):
        assert getattr(mapped, name) == getattr(whole, name)
    assert mapped.data_sha256 == whole.data_sha256
    assert certnn.MappedProblem.of(whole).data_sha256 == whole.data_sha256
    rows = np.array([5, 2, CHUNK_ROWS])
    part = mapped.part(rows, 0.1)
    assert part == certnn.TrainingProblem(X[rows], Y[rows], 0.1, hidden, **more)
    assert mapped.with_reg(2.0).reg == 2.0
    assert mapped.with_reg(2.0).X is X


def test_only_rows_that_are_asked_for_are_read():
    X = np.ones((5, 2))
    X[3] = np.nan
    problem = certnn.MappedProblem(X, np.arange(5.0), 1.0)
    assert problem.part([0, 4], 0.5).n == 2
    with pytest.raises(InputError, match=r"^X: has NaN"):
        problem.part([0, 3], 0.5)
    with pytest.raises(InputError, match=r"^X: has NaN"):
        _ = problem.data_sha256


@pytest.mark.parametrize(
    ("X", "Y", "reg", "argument"),
    [
        (np.ones((3, 2)), np.ones(4), 1.0, "Y"),
        (np.ones((3, 2)), np.ones(3), -1.0, "reg"),
        (np.ones((0, 2)), np.ones(0), 1.0, "X"),
        (np.ones((3, 0)), np.ones(3), 1.0, "X"),
        (np.ones(3), np.ones(3), 1.0, "X"),
        ("text", np.ones(3), 1.0, "X"),
    ],
)
def test_bad_input(X, Y, reg, argument):
    with pytest.raises(InputError, match=rf"^{argument}: "):
        certnn.MappedProblem(X, Y, reg)
