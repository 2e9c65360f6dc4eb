"""Exact solutions: three independent ways to the optimum, and closed forms."""

import numpy as np
import pytest
from cell_programs import solve_cells, solve_patterns
from small_problems import DEGENERATE, normal, random_family

from certnn import TrainingProblem
from certnn.errors import InputError, SolverError
from certnn.studies.completely_positive import exact_solution

GAP = 1e-6
SMALL = {
    "plane": random_family(0, n=6, c=1),
    "plane, three outputs": random_family(2, n=5, c=3),
    "space": random_family(1, n=5, d=3, c=1),
    "space, two outputs": random_family(3, 0.05, n=5, d=3, c=2),
    "line": random_family(5, n=6, d=1, c=2),
    "four columns": normal(4, 4, 4, 1),
    "hidden bias": normal(4, 5, 2, 1, hidden_bias=True),
    "antiparallel": DEGENERATE["antiparallel"],
    "zero rows": DEGENERATE["zero rows"],
    "two lines": TrainingProblem(
        np.outer([1, -2, 3, 1], [1, 2, 0]), np.array([[1], [2], [0], [-1]]), 0.1
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_three_ways_agree(name):
    problem = SMALL[name]
    solution = exact_solution(problem, GAP)
    assert 0 <= solution.gap <= GAP
    assert solution.lower.bound.value <= solution.objective.value
    values = [solve_cells(problem).value]
    if problem.c == 1:
        values.append(solve_patterns(problem).value)
    for value in values:
        assert value == pytest.approx(solution.objective.rounded, rel=4e-6)


def test_the_point_is_the_network_and_the_certificate_is_checked():
    problem = random_family(1, n=8, c=2)
    solution = exact_solution(problem)
    solution.point.verify()
    assert solution.point.objective() == solution.objective.value
    assert np.array_equal(solution.point.network().U, solution.network.U)
    assert solution.certificate.check().value == solution.lower.bound.value


@pytest.mark.parametrize("reg", [0.3, 1.0, 10.0])
def test_one_point_in_closed_form(reg):
    problem = TrainingProblem([[3.0, 4.0]], [[2.0, -1.0, 2.0]], reg)
    threshold = reg / 5  # of the norm of y, which is 3
    shrunk = threshold * 3 - threshold**2 / 2 if threshold < 3 else 4.5
    assert exact_solution(problem).objective.rounded == pytest.approx(shrunk, rel=2e-6)


def test_orthogonal_points_in_closed_form():
    """Positive and negative targets are fitted apart, each with its norm shrunk by reg."""
    y = np.array([3.0, -1.0, 2.0, -0.05])
    parts = [np.linalg.norm(y[y > 0]), np.linalg.norm(y[y < 0])]
    value = sum(0.5 * p - 0.125 if p > 0.5 else 0.5 * p * p for p in parts)
    problem = TrainingProblem(np.eye(4), y[:, None], 0.5)
    assert exact_solution(problem).objective.rounded == pytest.approx(value, rel=2e-6)
    assert solve_cells(problem).value == pytest.approx(value, rel=2e-6)


def test_nothing_to_fit():
    solution = exact_solution(TrainingProblem([[1.0, 0.0], [1.0, 1.0]], np.zeros((2, 1)), 0.1))
    assert solution.objective.value == 0
    assert solution.gap == 0


@pytest.mark.parametrize("gap", [0.0, 1.0, -1.0, float("nan")])
def test_bad_gap(gap):
    with pytest.raises(InputError, match="gap"):
        exact_solution(SMALL["plane"], gap)


def test_a_gap_that_is_not_reached_is_an_error():
    with pytest.raises(SolverError, match="gap proved is"):
        exact_solution(SMALL["plane"], GAP, level="shor")


def test_what_the_cell_programs_cannot_do():
    with pytest.raises(InputError, match="one column"):
        solve_patterns(SMALL["plane, three outputs"])
    with pytest.raises(InputError, match="rank 5"):
        solve_cells(normal(0, 6, 5, 1))
