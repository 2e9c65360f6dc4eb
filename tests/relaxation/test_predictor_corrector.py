"""The steps that all interior points share, on linear programs that SciPy solves too."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.relaxation.interior.predictor_corrector import (
    corrected_step,
    reach_of_numbers,
    steps,
)


class LinearProgram:
    """Least c·x with A·x = b, x ≥ 0: a way changes x, y and the slacks s = c − Aᵀy."""

    share = 0.9
    cautious = False

    def __init__(self, data, point, corrections=2):
        self.A, self.b, self.c = data
        self.x, self.y, self.s = point
        self.corrections, self.centres = corrections, []
        self.gap, self.degree = float(self.x @ self.s), float(self.x.size)

    def way(self, centre, before):
        self.centres.append(centre)
        wanted = centre - self.x * self.s
        if before is not None:
            wanted = wanted - before[0] * before[2]
        missed, drift = self.b - self.A @ self.x, self.c - self.A.T @ self.y - self.s
        scale = self.x / self.s
        right = missed + self.A @ (scale * drift - wanted / self.s)
        dy = np.linalg.solve((self.A * scale) @ self.A.T, right)
        ds = drift - self.A.T @ dy
        return (wanted - self.x * ds) / self.s, dy, ds

    def reach(self, way):
        return reach_of_numbers(self.x, way[0]), reach_of_numbers(self.s, way[2])

    def gap_after(self, way, primal, dual):
        return float((self.x + primal * way[0]) @ (self.s + dual * way[2]))

    def after(self, step):
        dx, dy, ds = step.way
        return self.x + step.primal * dx, self.y + step.dual * dy, self.s + step.dual * ds


def program(seed, rows, columns):
    """Data with points strictly inside on both sides, and a start that need not be."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((rows, columns))
    b = A @ rng.uniform(0.5, 2.0, columns)
    c = A.T @ rng.standard_normal(rows) + rng.uniform(0.5, 2.0, columns)
    return (A, b, c), (np.ones(columns), np.zeros(rows), np.ones(columns))


@given(seed=st.integers(0, 2**32 - 1), corrections=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_linear_programs_are_solved(seed, corrections):
    data, point = program(seed, 3, 8)

    def take():
        nonlocal point
        system = LinearProgram(data, point, corrections)
        point = system.after(corrected_step(system))
        return system.gap

    for gap in steps(take, Budget(), lambda: 1.0, 60):
        if gap <= 1e-10:
            break
    A, b, c = data
    expected = scipy.optimize.linprog(c, A_eq=A, b_eq=b)
    assert c @ point[0] == pytest.approx(expected.fun, rel=1e-6, abs=1e-6)
    assert b @ point[1] == pytest.approx(expected.fun, rel=1e-6, abs=1e-6)
    assert min(np.min(point[0]), np.min(point[2])) > 0.0


def test_a_step_stays_inside_and_aims_between_the_mean_product_and_nothing():
    system = LinearProgram(*program(1, 3, 8))
    step = corrected_step(system)
    assert system.centres[0] == 0.0
    assert 0.0 < system.centres[1] <= system.gap / system.degree
    assert 0.0 < step.primal <= 1.0
    assert 0.0 < step.dual <= 1.0
    assert system.gap_after(step.way, step.primal, step.dual) < system.gap
    kept = LinearProgram(*program(1, 3, 8))
    corrected_step(kept, keep_products=True)
    assert kept.centres[1] == kept.gap / kept.degree


def test_of_several_corrections_the_longest_step_is_taken():
    for seed in range(20):
        lengths = [
            corrected_step(LinearProgram(*program(seed, 4, 12), most)).length for most in (1, 2, 3)
        ]
        assert lengths == sorted(lengths)


def test_steps_end_with_the_budget_with_floats_and_with_the_most():
    def counted(take, budget=None, most=9):
        return list(steps(take, budget or Budget(), lambda: 1.0, most))

    budget = Budget(work=3.5)
    assert len(counted(lambda: 0, budget)) == 3  # another would be of 4
    assert budget.worked == 3.0
    assert len(counted(lambda: 0)) == 9
    stopped = Budget()
    stopped.stop()
    assert counted(lambda: 0, stopped) == []

    def failing(error):
        values = iter((1, 2))

        def take():
            for value in values:
                return value
            raise error

        return take

    for error in (SolverError("no"), np.linalg.LinAlgError(), FloatingPointError()):
        assert counted(failing(error)) == [1, 2]
    assert counted(lambda: np.array([1.0]) / 0.0) == []
    with pytest.raises(ValueError, match="a mistake"):
        counted(failing(ValueError("a mistake")))


@given(st.lists(st.tuples(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3)), max_size=9))
def test_how_far_numbers_may_go(pairs):
    own, change = np.array(pairs).reshape(-1, 2).T
    reach = reach_of_numbers(own, change)
    if np.all(change >= 0.0):
        assert reach == np.inf
    else:
        after = own + min(reach, 1e300) * change
        assert np.min(after / own) == pytest.approx(0.0, abs=1e-9)
