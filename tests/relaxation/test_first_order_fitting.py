"""Softmax and biases in the first-order method: against Clarabel, scipy, and their own algebra."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from small_problems import normal

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.errors import SolverError
from certnn.problem.losses import HALF_SQUARED, Softmax
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order
from certnn.relaxation.first_order.dual_weights import Layout
from certnn.relaxation.first_order.fitting import fit_of
from certnn.relaxation.first_order.form_blocks import FormBlocks
from certnn.relaxation.first_order.long_column import LongColumn
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.modelled.worker import SolverChoice, solve
from certnn.relaxation.reduced.directions import each_row, find_directions
from certnn.relaxation.reduced.reduced_problem import reduce_problem

BIASES = [(False, False), (True, False), (True, True), (True, "free"), ("free", "free")]


def problem_of(loss, hidden, output, n=14, d=2, c=4, reg=0.4, seed=0):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    if loss == "softmax":
        Y = np.eye(c)[np.arange(n) % c]
    return TrainingProblem(X, Y, reg, hidden, loss=loss, output_bias=output)


def reduced_of(problem):
    rows = find_directions if problem.loss == HALF_SQUARED else each_row
    return reduce_problem(problem, rows(problem.features))


def certified_bounds(problem, work):
    """The best bound that is certified, and the last estimate, within some work."""
    reduced, budget = reduced_of(problem), Budget(work=work)
    found = []
    for iterate in first_order(reduced, budget, begin=()):
        found.append(iterate)
        if budget.over:
            break
    best = max(found, key=lambda iterate: iterate.bound)
    bound = certify(problem, reduced.original_point(best.Z, best.products), {}).bound.rounded
    assert bound >= best.bound * (1.0 - 2e-4)  # the kernel stretches kappa by 2⁻¹³
    return bound, found[-1].estimate


@pytest.mark.parametrize("loss", ["half-squared", "softmax"])
@pytest.mark.parametrize(("hidden", "output"), BIASES)
def test_value_is_clarabels(loss, hidden, output):
    problem = problem_of(loss, hidden, output)
    value = solve(problem, None, SolverChoice("CLARABEL"), None).figure.primal_value
    bound, estimate = certified_bounds(problem, 1.0)
    share = 0.85 if hidden == "free" else 0.96
    assert share * value <= bound <= value * (1.0 + 1e-5)
    assert estimate == pytest.approx(value, rel=0.12 if hidden == "free" else 0.04)


def test_an_output_bias_is_refused_where_rows_are_on_one_line():
    plain = normal(0, n=10, d=2, c=4)
    X = plain.X.copy()
    X[3] = 2.0 * X[4]
    problem = TrainingProblem(X, plain.Y, 0.3, output_bias=True)
    with pytest.raises(SolverError, match="multiples of others"):
        next(first_order(reduce_problem(problem), Budget()))


def test_softmax_is_refused_where_a_row_is_zero():
    plain = problem_of("softmax", False, False)
    X = plain.X.copy()
    X[3] = 0.0
    problem = TrainingProblem(X, plain.Y, 0.3, loss="softmax")
    with pytest.raises(SolverError, match="rows of zeros"):
        next(first_order(reduced_of(problem), Budget()))


def random_fit(loss, decay, seed=3, m=6, c=3):
    rng = np.random.default_rng(seed)
    problem = problem_of(loss, False, False, n=m, c=c)
    layout = Layout(make_program(reduced_of(problem)), decay, problem.loss)
    sizes = np.exp(rng.standard_normal((2, m, c)))
    weights, given = (
        FormBlocks(np.eye(m), np.eye(m), np.eye(m), *blocks, np.eye(c))
        for blocks in (sizes, rng.standard_normal((2, m, c)))
    )
    return layout, fit_of(layout, weights, np.asarray), weights, given


@pytest.mark.parametrize("loss", ["half-squared", "softmax"])
@pytest.mark.parametrize("decay", [None, 0.7])
def test_nearest_minimises_loss_and_distance(loss, decay):
    layout, fit, weights, given = random_fit(loss, decay)
    rho, m, c = 0.8, layout.points, given.av.shape[1]
    for _ in range(60):  # softmax goes on from where it has ended
        av, _ = fit.nearest(given, rho)
    scale = layout.fits(layout.program.lengths)[0][:, None] / weights.av
    targets = layout.fits(layout.program.targets)[0]

    def objective(numbers):
        block, bias = numbers[: m * c].reshape(m, c), numbers[m * c :]
        bias = bias if decay is not None else 0.0 * bias
        cost = layout.loss.value(scale * block + bias, targets) + rho * np.sum(
            (block - given.av) ** 2
        )
        return cost + 0.5 * (decay or 0.0) * np.sum(bias**2)

    best = scipy.optimize.minimize(objective, np.zeros(m * c + c), tol=1e-12)
    assert av == pytest.approx(best.x[: m * c].reshape(m, c), abs=1e-4)


def test_within_gives_a_point_of_the_domain_with_the_sums_of_a_free_bias():
    problem = problem_of("softmax", False, "free")
    layout = Layout(make_program(reduced_of(problem)), 0.0, Softmax())
    rng = np.random.default_rng(2)
    m, c = layout.points, problem.c
    blocks = [rng.standard_normal((m, k)) for k in (m, m, m, c, c)]
    weights = layout.within(FormBlocks(*blocks, np.zeros((c, c))))
    zeta = layout.point(weights).zeta
    assert np.max(np.abs(np.sum(zeta, axis=1))) < 1e-12
    assert np.max(np.abs(np.sum(zeta, axis=0))) < 1e-6
    assert np.all(layout.program.targets - zeta > 0.0)


def test_a_class_without_points_leaves_the_sums_as_they_must_be():
    problem = problem_of("softmax", False, False)
    Y = np.hstack([problem.Y, np.zeros((problem.n, 1))])
    problem = TrainingProblem(problem.X, Y, 0.4, loss="softmax")
    layout = Layout(make_program(reduced_of(problem)), 0.0, Softmax())
    m, c = layout.points, problem.c
    blocks = [np.zeros((m, k)) for k in (m, m, m, c, c)]
    for zeta in (layout.start, layout.point(layout.within(FormBlocks(*blocks, np.eye(c)))).zeta):
        assert np.sum(zeta, axis=0) == pytest.approx(np.zeros(c), abs=1e-9)
        assert np.isfinite(layout.loss.dual_value(zeta, layout.program.targets))


@pytest.fixture
def long_layout():
    rng = np.random.default_rng(1)
    rows = np.hstack([rng.standard_normal((9, 3)), np.full((9, 1), 200.0)])
    layout = Layout(make_program(reduce_problem(TrainingProblem(rows, np.ones((9, 2)), 1.0))))
    assert layout.long_column is not None
    return layout


def seen_by(layout, weights):
    """What the form has at the long part of u."""
    form, long = layout.point(weights).form, layout.long_column
    return long.direction @ form[: long.direction.size]


def test_links_do_not_see_the_long_part(long_layout):
    long, rng = long_layout.long_column, np.random.default_rng(0)
    whole = np.abs(rng.standard_normal((3, 9, 9)))
    fits = np.zeros((2, 9, 2))
    linked = long.linked(FormBlocks(*whole, *fits, np.zeros((2, 2))))
    for weights in (linked, long.links(2)):
        seen = seen_by(long_layout, weights)
        expected = np.concatenate([long.direction, np.zeros(seen.size - long.direction.size)])
        assert seen == pytest.approx(expected, abs=1e-9)
        off = weights.ab - np.diag(np.diagonal(weights.ab))
        assert np.min(off) >= 0.0


def test_a_lift_raises_the_s_block_and_with_a_share_of_one_not_the_long_part(long_layout):
    long = long_layout.long_column
    diagonal = np.linspace(1.0, 2.0, 9)
    change = long.lift(diagonal, 0.5)
    assert np.linalg.eigvalsh(change)[-1] < 0.0
    assert long.lift(diagonal, 1.0) @ (1.0 / long.parts * long.parts**2) == pytest.approx(
        np.zeros(9), abs=1e-9
    )


def test_where_no_links_are_left_nothing_is_lifted(long_layout):
    assert not np.any(long_layout.long_column.lift(np.zeros(9), 0.5))


def test_ordinary_rows_have_no_long_part():
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((20, 3))
    assert LongColumn.of(rows / np.linalg.norm(rows, axis=1)[:, None]) is None
    assert LongColumn.of(np.hstack([rows, np.ones((20, 1))])) is None
    assert LongColumn.of(np.hstack([rows, np.full((20, 1), 1e3)])) is not None
    assert LongColumn.of(np.hstack([rows, np.full((20, 1), 1e9)])) is None  # for floats
