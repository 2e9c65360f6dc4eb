"""The first-order method against Clarabel, the kernel, real networks and its own algebra."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, normal, random_family

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order, solver
from certnn.relaxation.first_order.dual_weights import Layout
from certnn.relaxation.first_order.form_blocks import FormBlocks, FormMap, outer_blocks
from certnn.relaxation.first_order.metric import Metric
from certnn.relaxation.first_order.repair import repaired
from certnn.relaxation.first_order.splitting import Splitting
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.modelled.worker import SolverChoice, solve
from certnn.relaxation.reduced.own_solvers import iterates, solver_name
from certnn.relaxation.reduced.reduced_problem import reduce_problem


def points(problem, **options):
    reduced = reduce_problem(problem)
    found = list(first_order(reduced, Budget(), **options))
    assert found
    return reduced, found


def certified(problem, reduced, iterate):
    point = reduced.original_point(iterate.Z, iterate.products)
    return certify(problem, point, {}).bound


def best_certified(problem, **options):
    reduced, found = points(problem, **options)
    return certified(problem, reduced, max(found, key=lambda iterate: iterate.bound))


def random_blocks(rng, m, c):
    aa, bb = (x + x.T for x in rng.standard_normal((2, m, m)))
    vv = rng.standard_normal((c, c))
    av, bv = rng.standard_normal((2, m, c))
    return FormBlocks(aa, rng.standard_normal((m, m)), bb, av, bv, vv + vv.T)


def whole(blocks):
    return np.block(
        [
            [blocks.aa, blocks.ab, blocks.av],
            [blocks.ab.T, blocks.bb, blocks.bv],
            [blocks.av.T, blocks.bv.T, blocks.vv],
        ]
    )


def linear_forms(x, c):
    """a, b and v as functions of (u, s, v)."""
    m, r = x.shape
    linear = np.zeros((2 * m + c, r + m + c))
    linear[:m, :r], linear[m : 2 * m, :r] = x / 2.0, -x / 2.0
    linear[:m, r : r + m] = linear[m : 2 * m, r : r + m] = np.eye(m)
    linear[2 * m :, r + m :] = np.eye(c)
    return linear


def test_form_map_is_that_of_the_forms_written_out():
    rng = np.random.default_rng(0)
    m, r, c = 5, 3, 2
    x = rng.standard_normal((m, r))
    linear, forms = linear_forms(x, c), FormMap(x)
    matrix = rng.standard_normal((r + m + c, r + m + c))
    matrix = matrix + matrix.T
    blocks = random_blocks(rng, m, c)
    assert np.allclose(whole(forms.values(matrix)), linear @ matrix @ linear.T, atol=1e-12)
    assert np.allclose(forms.matrix(blocks), linear.T @ whole(blocks) @ linear, atol=1e-12)
    assert blocks.square_sum() == pytest.approx(np.sum(whole(blocks) ** 2), rel=1e-13)
    weights = rng.random(2 * m + c)
    assert np.allclose(whole(outer_blocks(weights, m)), np.outer(weights, weights))


def test_metric_makes_the_form_the_identity_and_the_normal_equations_diagonal():
    rng = np.random.default_rng(1)
    m, r, c = 6, 2, 3
    x = rng.standard_normal((m, r))
    root = rng.standard_normal((r + m + c, r + m + c))
    form = root @ root.T + np.eye(r + m + c)
    metric = Metric.of(x, form)
    P, d = metric.transform, metric.form_weights
    assert np.allclose(P @ form @ P.T, np.eye(r + m + c), atol=1e-10)
    scaled = d[:, None] * linear_forms(x, c) @ P.T
    assert np.allclose(np.sum(scaled**2, axis=1), 1.0)
    assert np.allclose(scaled.T @ scaled, np.diag(metric.normal), atol=1e-10)
    with pytest.raises(np.linalg.LinAlgError):
        Metric.of(x, form - 2.0 * np.linalg.eigvalsh(form)[0] * np.eye(r + m + c))


@pytest.mark.parametrize("name", PLAIN | DEGENERATE)
def test_value_is_clarabels(name):
    problem = (PLAIN | DEGENERATE)[name]
    value = solve(problem, None, SolverChoice("CLARABEL"), None).figure.primal_value
    assert best_certified(problem).rounded == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize("seed", range(2))
def test_random_family_beyond_one_group_is_solved(seed):
    """With more directions than a group of block holds, so that the splitting has work to do."""
    problem = normal(seed, n=40, d=6, c=2)
    reduced, found = points(problem, tolerance=2e-3)
    value = max(iterate.bound for iterate in interior_point(reduced, Budget()))
    assert found[-1].bound > 1.005 * max(i.bound for i in found if i.estimate == np.inf)
    assert certified(problem, reduced, found[-1]).rounded == pytest.approx(value, rel=3e-3)
    assert certified(problem, reduced, found[-1]).rounded <= value * (1.0 + 1e-5)


def test_every_iterate_is_feasible():
    """What an iterate claims is what certify proves of it."""
    problem = normal(3, n=36, d=4, c=2)
    reduced, found = points(problem, tolerance=1e-2)
    assert len(found) > 3
    for iterate in found[:: max(1, len(found) // 5)] + found[-1:]:
        free = iterate.products.sign_is_free
        assert np.all(iterate.products.multiplier[~free] > 0.0)
        assert certified(problem, reduced, iterate).rounded >= iterate.bound * (1.0 - 1e-6)


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_problems_get_a_true_bound(name):
    problem = AWKWARD[name]
    if not problem.features.any():
        return
    assert best_sampled(problem, np.random.default_rng(0)) >= best_certified(problem).value >= 0


def test_repair_makes_any_weights_definite():
    """However wrong the point, what comes out is definite and proves no less than the known one."""
    problem = random_family(0, n=12, c=2)
    reduced = reduce_problem(problem)
    layout = Layout(make_program(reduced))
    known = layout.from_iterate(next(interior_point(reduced, Budget())))
    before = layout.proved(known)
    assert before.value > 0.0
    rng = np.random.default_rng(4)
    m, c = layout.points, reduced.outputs
    for size in (1e-3, 1.0, 1e3):
        noise = random_blocks(rng, m, c).with_each(np.abs) * size
        wrong = layout.point(known.weights + noise)
        found, proof = repaired(layout, wrong, known)
        assert proof.value >= before.value
        claimed = layout.proved(found)
        bound = certified(problem, reduced, layout.iterate(found, np.inf))
        assert bound.rounded >= claimed.value * reduced.value_scale * (1.0 - 1e-6)


def test_single_precision_steps_end_at_the_same_bound():
    problem = normal(3, n=36, d=4, c=2)
    bounds = [
        points(problem, tolerance=1e-2, likes=(np.zeros(0, dtype),))[1][-1].bound
        for dtype in (np.float64, np.float32)
    ]
    assert bounds[0] == pytest.approx(bounds[1], rel=1e-2)


def test_another_penalty_leaves_moments_and_multipliers():
    """As they are worked out anew, too."""
    layout = Layout.of(reduce_problem(normal(3, n=12, d=4, c=2)))
    best, _ = solver._definite(layout, solver._linked(layout, None))
    point = layout.point(best.weights * 0.5)  # the best one is on the border
    metric = Metric.of(layout.program.forms.rows, point.form)
    splitting = Splitting(layout, metric, point, 2.0, np.zeros(0))
    for _ in range(40):
        splitting.step()
    before = splitting.moment(), *splitting.weights().arrays
    splitting.set_penalty(7.0)
    kept = splitting.moment(), *splitting.weights().arrays
    splitting._halves = None
    anew = splitting.moment(), *splitting.weights().arrays
    assert np.linalg.norm(before[0]) > 0.1
    for one, two, three in zip(before, kept, anew, strict=True):
        assert np.allclose(one, two, rtol=0.0, atol=1e-10 * np.max(np.abs(one), initial=1.0))
        assert np.allclose(two, three, rtol=0.0, atol=1e-10 * np.max(np.abs(one), initial=1.0))


def test_callers_can_end_it_while_nothing_rises():
    """The level block begins lower than the nearest links, and takes steps to get above them."""
    rng, budget = np.random.default_rng(0), Budget()
    X = np.abs(rng.standard_normal((200, 18)))
    problem = TrainingProblem(X, np.maximum(X[:, 0] - 0.5, 0.0), 10.0)
    found = first_order(reduce_problem(problem), budget)
    spent = [budget.worked for _, _ in zip(range(25), found, strict=False)]
    assert max(np.diff(spent)) < 0.4


def test_callers_can_end_it_between_bounds():
    """Iterates come while no bound is better, the same ones again."""
    _, found = points(normal(0, n=40, d=6, c=2), tolerance=1e-2)
    assert any(one is other for one, other in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("n", "c", "name"), [(60, 2, "certnn interior point"), (400, 4, "certnn first-order")]
)
def test_size_chooses_the_solver(n, c, name):
    problem = normal(5, n=n, d=3, c=c)
    reduced = reduce_problem(problem)
    assert solver_name(None, reduced) == name
    first = next(iterates(reduced, None, Budget()))
    assert 0.0 < first.bound < 0.5 * np.sum(problem.Y**2)
