"""The same relaxation stated three times, for two solvers, and values known by other means."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, random_family

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.errors import InputError, SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.worker import SolverChoice, solve
from certnn.relaxation.reduced.directions import find_directions
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.shor.method import shor_point


def solved(problem, groups=None, **choice):
    """The solver's figure and the certified bound in floats."""
    outcome = solve(problem, groups, SolverChoice(**({"solver": "CLARABEL"} | choice)), None)
    return outcome.figure, certify(problem, outcome.point, {}).bound.rounded


@pytest.mark.parametrize("name", PLAIN | DEGENERATE)
def test_three_formulations_agree(name):
    problem = (PLAIN | DEGENERATE)[name]
    reduced, bound = solved(problem)
    value = reduced.primal_value
    assert reduced.dual_value == pytest.approx(value, rel=1e-6)
    assert bound == pytest.approx(value, rel=2e-6)

    dual, dual_bound = solved(problem, formulation="dual")
    assert dual.dual_value == pytest.approx(value, rel=1e-6)
    assert dual_bound == pytest.approx(value, rel=2e-6)

    # Clarabel on a problem with no interior; with rows on one line, doubly so.
    accuracy = 1e-4 if name in DEGENERATE else 5e-6
    literal, literal_bound = solved(problem, formulation="literal")
    assert literal.primal_value == pytest.approx(value, rel=accuracy)
    assert literal_bound == pytest.approx(value, rel=2.0 * accuracy)


@pytest.mark.parametrize("formulation", ["reduced", "dual", "literal"])
def test_zero_targets_have_value_zero(formulation):
    figure, bound = solved(AWKWARD["zero Y"], formulation=formulation)
    assert (figure.primal_value or figure.dual_value) == pytest.approx(0.0, abs=1e-8)
    assert bound == 0.0


@pytest.mark.parametrize("name", ["huge reg", "huge everything", "tiny everything"])
@pytest.mark.parametrize("formulation", ["reduced", "dual"])
def test_scales_do_not_matter(name, formulation):
    problem = AWKWARD[name]
    figure, bound = solved(problem, formulation=formulation)
    value = figure.primal_value or figure.dual_value
    assert bound == pytest.approx(value, rel=1e-5)
    if name == "huge reg":
        assert bound == pytest.approx(problem.null_loss, rel=1e-9)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("reg", [0.1, 0.01])
def test_random_family_is_certified_to_solver_accuracy(seed, reg):
    figure, bound = solved(random_family(seed, reg, n=12))
    assert bound == pytest.approx(figure.primal_value, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("reg", [0.1, 0.01])
def test_the_papers_family_is_certified_to_solver_accuracy(seed, reg):
    figure, bound = solved(random_family(seed, reg))
    assert bound == pytest.approx(figure.primal_value, rel=1e-5)


@given(
    factors=st.lists(st.sampled_from([1.0, -1.0, 2.5, -0.3, 40.0, 0.0]), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
    reg=st.sampled_from([1e-3, 0.1, 1.0]),
    c=st.integers(1, 2),
)
@settings(max_examples=15)
def test_one_direction_is_tight(factors, seed, reg, c):
    """d = 1: the αβ-block has order 2 after merging, so the relaxation is exact; a closed form."""
    x = np.array(factors)
    Y = np.random.default_rng(seed).standard_normal((x.size, c))
    problem = TrainingProblem(x[:, None], Y, reg)
    expected = 0.5 * np.sum(Y**2)
    for a in (np.maximum(x, 0.0), np.maximum(-x, 0.0)):
        if np.any(a):
            expected -= 0.5 * max(np.linalg.norm(a @ Y) - reg, 0.0) ** 2 / (a @ a)
    if not np.any(x):
        return
    figure, bound = solved(problem)
    assert figure.primal_value == pytest.approx(expected, rel=1e-6)
    assert bound <= expected * (1.0 + 1e-12)
    # What making the solver's point feasible costs grows as reg falls and the rows differ in size:
    # 6e-4 is the most that was seen.
    assert bound == pytest.approx(expected, rel=2e-3 if reg < 0.1 else 5e-5)


@given(
    seed=st.integers(0, 2**32 - 1),
    factors=st.lists(st.sampled_from([1.0, 0.2, 7.0]), min_size=1, max_size=5),
)
@settings(max_examples=6)
def test_parallel_rows_equal_one_row_of_their_mean(seed, factors):
    """Σ½|θ_i f − y_i|² = ½s²|f − ȳ|² + a constant, s² = Σθ_i², s²ȳ = Σθ_i y_i."""
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    more = rng.standard_normal((len(factors), 2))
    theta = np.array([1.0, *factors])
    targets = np.vstack([Y[:1], more])
    problem = TrainingProblem(np.vstack([X, np.outer(factors, X[0])]), np.vstack([Y, more]), 0.1)
    s = np.linalg.norm(theta)
    mean = theta @ targets / s**2
    constant = 0.5 * (np.sum(targets**2) - s**2 * np.sum(mean**2))
    merged = TrainingProblem(np.vstack([s * X[:1], X[1:]]), np.vstack([s * mean[None], Y[1:]]), 0.1)
    assert find_directions(problem.features).count == 3
    assert solved(problem)[1] == pytest.approx(solved(merged)[1] + constant, rel=1e-5)


@pytest.mark.parametrize("name", ["d=2, c=2", "d=3, c=1", "hidden bias", "n < d", "zero columns"])
def test_groups_of_one_are_shor(name):
    problem = PLAIN[name]
    units = find_directions(problem.features).units
    _, bound = solved(problem, angular_groups(units, 1))
    shor = certify(problem, shor_point(problem, Budget()), {}).bound.rounded
    assert shor == pytest.approx(bound, rel=3e-5)


@pytest.mark.parametrize("seed", range(4))
def test_levels_are_ordered(seed):
    problem = random_family(seed, n=8, d=2 + seed % 2, c=2)
    units = find_directions(problem.features).units
    pairs = angular_groups(units, 2)
    fours = [np.sort(np.concatenate(pairs[i : i + 2])) for i in (0, 2)]
    bounds = [certify(problem, shor_point(problem, Budget()), {}).bound.rounded]
    bounds += [solved(problem, groups)[1] for groups in (pairs, fours, None)]
    for weaker, stronger in itertools.pairwise(bounds):
        assert weaker <= stronger * (1.0 + 1e-5)
    assert bounds[0] < 0.999 * bounds[-1]
    assert bounds[1] < bounds[3]


def test_one_group_is_dnn():
    problem = PLAIN["d=2, c=2"]
    everything = [np.arange(8)]
    assert solved(problem, everything)[1] == pytest.approx(solved(problem)[1], rel=1e-7)


@pytest.mark.parametrize("solver", ["CLARABEL", "SCS"])
def test_an_unfinished_solver_makes_a_true_bound(solver):
    problem = PLAIN["d=2, c=2"]
    option = "max_iter" if solver == "CLARABEL" else "max_iters"
    rng = np.random.default_rng(0)
    values = []
    for iterations in (1, 5, 200):
        outcome = solve(problem, None, SolverChoice(solver, options={option: iterations}), None)
        bound = certify(problem, outcome.point, {}).bound
        assert best_sampled(problem, rng) >= bound.value
        values.append(bound.rounded)
    assert values[0] < values[2]


def test_what_scs_prints_is_no_bound_but_its_certificate_is():
    """At a loose tolerance SCS's own figure lies above the value of the relaxation."""
    problem = random_family(4, n=10, c=3)
    value = solved(problem)[0].primal_value
    figure, bound = solved(problem, solver="SCS", options={"eps_abs": 1e-2, "eps_rel": 1e-2})
    assert figure.status == "optimal"
    assert figure.printed > value * (1.0 + 1e-4)
    assert bound <= value * (1.0 + 1e-6)


def test_solving_is_deterministic():
    problem = PLAIN["d=3, c=3, large reg"]
    for formulation in ("reduced", "literal", "dual"):
        first, second = (
            solve(problem, None, SolverChoice("CLARABEL", formulation), None).point
            for _ in range(2)
        )
        assert np.array_equal(first.Z, second.Z)
        assert np.array_equal(first.products.multiplier, second.products.multiplier)


@pytest.mark.parametrize("formulation", ["reduced", "literal"])
def test_a_solver_that_is_not_installed_is_named(formulation):
    with pytest.raises(InputError, match=r"solver: XPRESS is not installed; there are .*CLARABEL"):
        solve(PLAIN["d=1"], None, SolverChoice("XPRESS", formulation), None)


def test_a_solver_that_cannot_solve_it_is_a_solver_error():
    """OSQP has no semidefinite cone."""
    with pytest.raises(SolverError, match=r"^OSQP failed: [^\n]+$"):
        solve(PLAIN["d=1"], None, SolverChoice("OSQP"), None)


@pytest.mark.parametrize("formulation", ["reduced", "dual"])
def test_nothing_to_solve_is_a_solver_error(formulation):
    with pytest.raises(SolverError, match="every row of X is zero"):
        solve(AWKWARD["zero X"], None, SolverChoice("CLARABEL", formulation), None)


def test_figures_say_what_was_run():
    problem = PLAIN["d=2, c=1"]
    figure, _ = solved(problem, options={"max_iter": 77})
    assert (figure.solver, figure.formulation) == ("CLARABEL", "dnn, reduced, order 11")
    assert "max_iter=77" in figure.settings
    literal, _ = solved(problem, formulation="literal")
    assert literal.formulation == "dnn, literal, order 19"
    dual, _ = solved(problem, formulation="dual")
    assert dual.solver == "CVXOPT"
    assert dual.formulation.startswith("dnn, dual, PICOS")
    assert dual.primal_value is None
    groups = angular_groups(find_directions(problem.features).units, 3)
    assert solved(problem, groups)[0].level == "block(3)"
