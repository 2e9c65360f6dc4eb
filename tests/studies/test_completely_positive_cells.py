"""The cells of an arrangement: all of them, with their rays and triangulations."""

from math import comb

import numpy as np
import pytest
from activation_cells import activation_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import PLAIN, normal

from certnn import TrainingProblem
from certnn.errors import InputError


def floats(rays):
    return np.array([[float(x) for x in ray] for ray in rays])


@pytest.mark.parametrize(("n", "d"), [(1, 1), (4, 1), (1, 2), (7, 2), (6, 3), (8, 3), (6, 4)])
def test_number_in_general_position(n, d):
    cells = activation_cells(normal(n, n, d, 1))
    rank = min(n, d)
    lines = 1 if rank == 1 else n
    assert len(cells) == 2 * sum(comb(lines - 1, k) for k in range(rank))
    assert len({cell.active for cell in cells}) == len(cells)


@st.composite
def lattices(draw):
    """Few directions with small integers: parallel, repeated and zero rows, low rank."""
    n, d = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    entries = st.integers(-2, 2)
    rows = draw(st.lists(st.tuples(*[entries] * d), min_size=n, max_size=n))
    return TrainingProblem(np.array(rows, dtype=float), np.ones((n, 1)), 0.1)


@settings(max_examples=60)
@given(lattices(), st.integers(0, 1000))
def test_every_pattern_of_samples_is_a_cell_with_that_simplex(problem, seed):
    if not np.any(problem.X):
        with pytest.raises(InputError, match="only zero rows"):
            activation_cells(problem)
        return
    cells = {cell.active: cell for cell in activation_cells(problem)}
    rank = np.linalg.matrix_rank(problem.X)
    for u in np.random.default_rng(seed).standard_normal((20, problem.d)):
        cell = cells[tuple(problem.X @ u > 0)]
        projected = np.linalg.pinv(problem.X) @ (problem.X @ u)
        held = 0
        for simplex in cell.simplices:
            assert len(simplex) == rank
            rays = floats([cell.rays[k] for k in simplex]).T
            t = np.linalg.lstsq(rays, projected, rcond=None)[0]
            held += np.all(t > -1e-9)
            np.testing.assert_allclose(rays @ t, projected, atol=1e-9)
        assert held == 1


@pytest.mark.parametrize("name", ["d=3, c=1", "rank deficient", "hidden bias", "zero columns"])
def test_rays_are_on_the_closure(name):
    problem = PLAIN[name]
    for cell in activation_cells(problem):
        values = problem.features @ floats(cell.rays).T
        assert np.all(values[np.array(cell.active)] >= -1e-12)
        assert np.all(values[~np.array(cell.active)] <= 1e-12)


def test_repeated_rows_make_no_cells():
    x = np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])
    single = activation_cells(TrainingProblem(x, np.ones((3, 1)), 0.1))
    repeated = np.vstack([x, 2 * x, -x, np.zeros((1, 2))])
    cells = activation_cells(TrainingProblem(repeated, np.ones((10, 1)), 0.1))
    assert [cell.active[:3] for cell in cells] == [cell.active for cell in single]
    assert all(cell.active[3:6] == cell.active[:3] for cell in cells)
    assert all(cell.active[6:9] == tuple(not a for a in cell.active[:3]) for cell in cells)
    assert not any(cell.active[9] for cell in cells)


def test_too_many_hyperplanes():
    with pytest.raises(InputError, match="40 hyperplanes in dimension 5"):
        activation_cells(normal(0, 40, 5, 1))
