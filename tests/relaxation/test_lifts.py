"""The level lifts against a general solver, sampled networks and the algebra of its cones."""

from __future__ import annotations

import sys
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, best_sampled, normal, problems, repeated_rows

import certnn
from certnn import lower_bound
from certnn.budget import Budget
from certnn.certificates.directions import bounds, cover
from certnn.certificates.regions_certify import certify_regions
from certnn.certificates.sphere import largest_on_sphere
from certnn.errors import InputError
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.lifts import GroupedLifts
from certnn.relaxation.interior.lifts.batch import Blocks, GroupBatch
from certnn.relaxation.interior.lifts.corner import add_corner, corner_entries
from certnn.relaxation.interior.lifts.dual_point import joint_dual
from certnn.relaxation.interior.lifts.elimination import Elimination
from certnn.relaxation.interior.lifts.hessian import ConeHessians, assemble
from certnn.relaxation.interior.lifts.newton import JointStep
from certnn.relaxation.interior.lifts.scaling import Scaling, central_dual
from certnn.relaxation.interior.lifts.start import first_state
from certnn.relaxation.interior.lifts.triangular import factor, solve_both, solve_lower
from certnn.relaxation.modelled.loss_expressions import loss_of_residual
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.reduced_problem import reduce_by_rows, reduce_problem
from certnn.search.levels.lifts import Lifts
from certnn.search.levels.schedule import BRIEF_SHOR, EARLY_LIFTS, LIFTS, SHOR, Case, stages
from certnn.training import train_locally

sys.path.append(str(Path(__file__).parents[1] / "problem"))
from loss_cases import BIASES, LOSSES, optimum_over_patterns
from loss_cases import problem as loss_case

SEEDS = st.integers(0, 2**32 - 1)


def lifts_of(problem, size, spread=1.2, budget=None):
    budget = budget or Budget()
    of = cover(problem.c, spread, budget)
    of = of.centred() if problem.centred else of
    return GroupedLifts(reduce_by_rows(problem), of, size, budget)


def one_hot(hidden_bias, output_bias, c, n=7, seed=0):
    rng = np.random.default_rng(seed)
    Y = np.eye(c)[np.arange(n) % c]
    return TrainingProblem(
        rng.standard_normal((n, 2)), Y, 0.3, hidden_bias, output_bias=output_bias
    )


def value_by_clarabel(problem, size, spread=1.2):
    """The relaxation as a conic program, its groups and directions given."""
    X, Y, n = problem.features, problem.Y, problem.n
    own, free_bias = X, problem.hidden_bias == "free"
    if free_bias:
        ball = BiasBall.around(problem.X)
        own, X = problem.X - ball.center, ball.features(problem.X).astype(float)
    groups = angular_groups(own / np.linalg.norm(own, axis=1, keepdims=True), size, 5e-3)
    of, d, e = cover(problem.c, spread, Budget()), X.shape[1], own.shape[1]
    of = of.centred() if problem.centred else of
    lengths = np.linalg.norm(of.rays, axis=1)
    constraints, output, decay = [], np.zeros(Y.shape), 0.0
    for ray, length, height in zip(of.rays, lengths, bounds(of, 1.0, Budget()), strict=True):
        M = cp.Variable((1 + d, 1 + d), PSD=True)
        constraints.append(cp.trace(M[1 : 1 + e, 1 : 1 + e]) <= M[0, 0])
        constraints += [M[d, d] <= M[0, 0]] if free_bias else []
        added = [None] * n
        for group in groups:
            x, k = X[group], len(group)
            Q, A = cp.Variable((1 + d, k)), cp.Variable((k, k), symmetric=True)
            B = Q - M[:, 1:] @ x.T
            AB, t = A - (x @ Q[1:]).T, x @ M[1:, 1:] @ x.T
            BB = AB - x @ Q[1:] + t
            constraints += [
                cp.bmat([[M, Q], [Q.T, A]]) >> 0,
                cp.diag(A) == cp.sum(cp.multiply(x.T, Q[1:]), axis=0),
            ]
            for moved in (Q, B):
                constraints += [cp.norm(moved[1 : 1 + e, j]) <= moved[0, j] for j in range(k)]
                constraints += [cp.abs(moved[d]) <= moved[0]] if free_bias else []
            if k > 1:
                off = ~np.eye(k, dtype=bool)
                constraints += [A[off] >= 0, AB[off] >= 0, BB[off] >= 0]
            for place, point in enumerate(group):
                added[point] = Q[0, place]
        column = cp.reshape(cp.hstack(added), (n, 1), order="C")
        seen = ray - np.mean(ray) if problem.centred else ray
        output = output + column @ (seen / length)[None, :]
        decay = decay + problem.reg * float(height / length) * M[0, 0]
    if problem.output_bias_decay is not None:
        bias = cp.Variable((1, problem.c))
        output = output + np.ones((n, 1)) @ bias
        decay = decay + problem.output_bias_decay / 2 * cp.sum_squares(bias)
    loss = loss_of_residual(problem.loss, Y - output, Y)
    program = cp.Problem(cp.Minimize(loss + decay), constraints)
    tolerances = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-6)
    return program.solve(solver=cp.CLARABEL, **tolerances)


@pytest.mark.parametrize(
    ("problem", "size"),
    [
        (normal(0, 8, 2, 1), 1),
        (normal(1, 9, 3, 1), 3),
        (normal(2, 7, 3, 1, hidden_bias=True), 7),
        (normal(3, 6, 2, 2), 2),
        (normal(4, 4, 2, 2), 4),
        (loss_case("half-squared", "free", False), 3),
        (loss_case("huber", False, True), 2),
        (loss_case("huber", "free", True), 7),
        (loss_case("hinge", True, "free"), 3),
        (loss_case("hinge", "free", False, n=9, seed=2), 2),
        (loss_case("squared-hinge", "free", "free"), 3),
        (loss_case("logistic", False, False, c=2), 2),
        (loss_case("logistic", "free", True), 3),
        (loss_case("softmax", True, True), 3),
        (loss_case("softmax", "free", False, n=6), 2),
        (loss_case("softmax", False, "free", n=6, c=3), 2),
        (one_hot(True, "free", 2), 3),
        (one_hot("free", False, 2), 7),
        (one_hot(False, "free", 3), 2),
    ],
    ids=str,
)
def test_as_high_as_a_general_solver_says_and_no_higher(problem, size):
    *_, last = lifts_of(problem, size).points()
    value = value_by_clarabel(problem, size)
    assert value * (1.0 - 1e-3) <= last.bound <= value * (1.0 + 1e-4)
    assert last.gap <= 5e-4
    certified = certify_regions(problem, last.point, {})
    assert last.bound * (1.0 - 1e-6) <= certified.bound.rounded <= value * (1.0 + 1e-4)


@pytest.mark.parametrize("hidden_bias", [True, "free"])
def test_two_classes_with_free_output_biases_are_one_output(hidden_bias):
    problem = one_hot(hidden_bias, "free", 2, n=12)
    difference = problem.Y @ [1.0, -1.0] / np.sqrt(2.0)
    alone = TrainingProblem(problem.X, difference, 0.3, hidden_bias, output_bias="free")
    (*_, both), (*_, one) = lifts_of(problem, 4).points(), lifts_of(alone, 4).points()
    assert both.bound == pytest.approx(one.bound, rel=1e-3)
    assert certify_regions(problem, both.point, {}).bound.value > 0.999 * one.bound


def test_more_products_prove_more():
    problem = normal(5, 12, 3, 1, reg=0.05)
    reached = [list(lifts_of(problem, size).points())[-1].bound for size in (1, 3, 6, 12)]
    assert max(reached) <= reached[-1] * (1.0 + 1e-4)
    assert reached[0] == min(reached) < 0.95 * reached[-1]
    best = certnn.train(problem, gap=1e-2, work_limit=20.0).objective.rounded
    assert reached[-1] <= best


@given(problem=problems(), size=st.integers(1, 6), seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_no_sampled_network_is_below_the_bound(problem, size, seed):
    result = lower_bound(problem, f"lifts({size})", work_limit=20.0)
    assert result.bound.value <= best_sampled(problem, np.random.default_rng(seed))
    assert result.certificate.check().value == result.bound.value


@pytest.mark.parametrize("output_bias", BIASES)
@pytest.mark.parametrize("hidden_bias", BIASES)
@pytest.mark.parametrize("loss", LOSSES)
def test_not_above_the_optimum_of_any_loss_with_any_biases(loss, hidden_bias, output_bias):
    problem = loss_case(loss, hidden_bias, output_bias, n=6, seed=4)
    result = lower_bound(problem, "lifts(3)", work_limit=20.0)
    best = train_locally(problem, Budget(work=5.0)).objective * (1.0 + 1e-9)
    if problem.c == 1:
        best = min(best, optimum_over_patterns(problem) * (1.0 + 1e-6))
    assert result.level == "lifts(3)"
    assert 0.5 * best < result.bound.rounded <= best


@pytest.mark.parametrize("hidden_bias", BIASES)
@pytest.mark.parametrize("loss", ["half-squared", "hinge", "logistic"])
def test_zero_and_repeated_rows_of_other_losses(loss, hidden_bias):
    given = loss_case(loss, n=6, seed=5)
    X = given.X.copy()
    X[1], X[2], X[3] = 0.0, X[0], -2.0 * X[0]
    for output_bias in BIASES:
        problem = TrainingProblem(
            X, given.Y, 0.2, hidden_bias, loss=given.loss, output_bias=output_bias
        )
        result = lower_bound(problem, "lifts(3)", work_limit=20.0)
        assert result.level == "lifts(3)"
        assert result.bound.rounded <= optimum_over_patterns(problem) * (1.0 + 1e-6)


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_problems_keep_a_bound(name):
    problem = AWKWARD[name]
    result = lower_bound(problem, "lifts(2)", work_limit=20.0)
    assert result.bound.value <= best_sampled(problem, np.random.default_rng(0))


@pytest.mark.parametrize("factors", [[1.0, 3.0], [-1.0, -0.3], [2.0, -1.0, -0.5]], ids=str)
def test_rows_on_a_line_are_fitted_through_one_another(factors):
    """With one output and all products no less is proved than by dnn (Theorem 50(a))."""
    problem = repeated_rows(6, factors, zero_rows=1, c=1)
    *_, last = lifts_of(problem, problem.n).points()
    certified = certify_regions(problem, last.point, {})
    assert certified.bound.rounded == pytest.approx(last.bound, rel=1e-4)
    assert certified.bound.rounded >= lower_bound(problem, "dnn").value * (1.0 - 1e-3)
    best = certnn.train(problem, gap=1e-3, work_limit=20.0).objective.rounded
    assert certified.bound.rounded <= best


def test_rows_that_are_nearly_parallel_are_in_different_groups():
    rng = np.random.default_rng(3)
    X = np.repeat(rng.standard_normal((6, 3)), 3, axis=0)
    X += 1e-6 * rng.standard_normal(X.shape)
    X[::2] *= -1.0
    problem = TrainingProblem(X, rng.standard_normal((18, 1)), 0.1)
    *_, last = lifts_of(problem, 18).points()
    assert (
        certify_regions(problem, last.point, {}).bound.rounded > lower_bound(problem, "shor").value
    )


def test_certificates_grow_with_the_points_and_not_with_their_square():
    sizes = []
    for n in (40, 80):
        problem = normal(8, n, 4, 1)
        *_, last = lifts_of(problem, 4).points()
        certified = certify_regions(problem, last.point, {})
        sizes.append(len(certified.certificate.document))
    assert sizes[1] < 2.1 * sizes[0]


# The level.


def test_as_a_level():
    assert stages("lifts", Case(8, 2, 1)) == (SHOR, LIFTS)
    assert stages("lifts(4)", Case(8, 2, 1)) == (SHOR, Lifts(4))
    assert str(Lifts(4)) == "lifts(4)"
    assert str(LIFTS) == "lifts"
    with pytest.raises(InputError, match="level"):
        stages("lifts(0)", Case(8, 2, 1))
    assert EARLY_LIFTS in stages("auto", Case(26, 9, 3))
    assert EARLY_LIFTS not in stages("auto", Case(25, 9, 3))
    assert EARLY_LIFTS.share < LIFTS.share
    assert LIFTS not in stages("auto", Case(26, 9, 4))
    assert LIFTS not in stages("auto", Case(26, 9, 3), general=True)
    of_another_loss = stages("auto", Case(90, 9, 3, False, False))
    assert LIFTS in of_another_loss
    assert of_another_loss[0] == BRIEF_SHOR != SHOR
    assert stages("shor", Case(90, 9, 3, False, False)) == (SHOR,)


def test_larger_groups_follow_as_long_as_they_are_affordable():
    problem = normal(9, 60, 8, 1)
    result = lower_bound(problem, "lifts", work_limit=3.0)
    tried = [figure.settings for figure in result.solver_figures]
    assert tried == sorted(set(tried), key=lambda text: int(text.split()[2].rstrip(",")))
    assert len(tried) >= 2
    same = lower_bound(problem, "lifts", work_limit=3.0)
    assert same.certificate.document == result.certificate.document
    little = lower_bound(problem, "lifts", work_limit=0.01)
    assert little.level == "shor"
    assert any("longer than the time left" in note for note in little.notes)


def test_without_budget_no_step_is_begun():
    budget = Budget(work=1.0)
    lifts = lifts_of(normal(0, 8, 2, 1), 2, budget=budget)
    budget.spend(1.0)
    assert list(lifts.points()) == []


def test_it_takes_few_outputs():
    problem = TrainingProblem(np.eye(4), np.eye(4), 0.1)
    assert any("up to 3 outputs" in note for note in lower_bound(problem, "lifts").notes)


def test_costs_are_linear_in_the_points():
    costs = []
    for n in (200, 400):
        reduced = reduce_problem(normal(1, n, 3, 1))
        of = cover(1, 1.5, Budget())
        cost = GroupedLifts.cost(reduced, of, 10)
        costs.append((cost.step, cost.memory))
    assert all(1.5 < more / less < 2.1 for less, more in zip(*costs, strict=True))


# The algebra.


def batch_of(rng, groups=2, size=3, rank=2, free_bias=False):
    rows = rng.standard_normal((groups * size, rank))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return GroupBatch(rows, np.arange(groups * size).reshape(groups, size), free_bias)


def symmetric(rng, *shape):
    matrix = rng.standard_normal(shape)
    return matrix + matrix.swapaxes(-1, -2)


def random_blocks(rng, batch, lifts):
    (pairs,), (ordered,) = batch.first.shape, batch.row.shape
    shape, whole = (lifts, batch.groups), batch.order + batch.size
    return Blocks(
        symmetric(rng, *shape, whole, whole),
        *(rng.standard_normal((*shape, count)) for count in (pairs, ordered, pairs)),
        *(rng.standard_normal((*shape, batch.size, 2 * batch.free_bias)) for _ in range(2)),
        *(
            rng.standard_normal((*shape, batch.size, batch.order - batch.free_bias))
            for _ in range(2)
        ),
    )


def inner_pair(rng, batch, lifts):
    """Points inside all cones."""
    result = []
    for _ in range(2):
        blocks = random_blocks(rng, batch, lifts)
        psd = np.matmul(blocks.psd, blocks.psd) + np.eye(blocks.psd.shape[-1])
        norms = []
        for norm in blocks.norms:
            norm[..., 0] = 0.1 + 1.5 * np.linalg.norm(norm[..., 1:], axis=-1)
            norms.append(norm)
        result.append(Blocks(psd, *(np.exp(one) for one in blocks.linear), *norms))
    return result


@given(seed=SEEDS, size=st.integers(1, 4), free_bias=st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_adjoint_is_one(seed, size, free_bias):
    rng = np.random.default_rng(seed)
    batch = batch_of(rng, size=size, free_bias=free_bias)
    corner = symmetric(rng, 2, batch.order, batch.order)
    unknowns = rng.standard_normal((2, batch.groups, batch.unknowns))
    dual = random_blocks(rng, batch, 2)
    own, of_corner = batch.adjoint(dual)
    value = batch.blocks(batch.moments(unknowns), corner).dot(dual)
    assert value == pytest.approx(float(np.vdot(own, unknowns) + np.vdot(of_corner, corner)))


@given(seed=SEEDS, free_bias=st.booleans())
@settings(max_examples=20, deadline=None)
def test_moments_of_neurons_are_in_the_cones(seed, free_bias):
    """For a neuron u, and with its own a and b, every entry is what it is called."""
    rng = np.random.default_rng(seed)
    batch = batch_of(rng, free_bias=free_bias)
    u = rng.standard_normal(batch.order - 1)
    z = np.append(np.linalg.norm(u[:-1] if free_bias else u), u)
    a, b = (np.maximum(sign * batch.rows @ u, 0.0) for sign in (1.0, -1.0))
    pairs = batch.first, batch.second
    unknowns = np.concatenate(
        [
            (z[:, None] * a[:, None, :]).reshape(batch.groups, -1),
            a[:, pairs[0]] * a[:, pairs[1]],
        ],
        axis=-1,
    )
    blocks = batch.blocks(batch.moments(unknowns[None]), np.outer(z, z)[None])
    whole = np.concatenate([np.tile(z, (batch.groups, 1)), a], axis=-1)
    np.testing.assert_allclose(blocks.psd[0], whole[:, :, None] * whole[:, None, :], atol=1e-12)
    np.testing.assert_allclose(blocks.ab[0], a[:, batch.row] * b[:, batch.column], atol=1e-12)
    np.testing.assert_allclose(blocks.bb[0], b[:, pairs[0]] * b[:, pairs[1]], atol=1e-12)
    np.testing.assert_allclose(
        blocks.norm_b[0], b[:, :, None] * (z[:-1] if free_bias else z), atol=1e-12
    )
    if free_bias:
        products = a[:, :, None] * np.array([z[0] + z[-1], z[0] - z[-1]])
        np.testing.assert_allclose(blocks.bias_a[0], products, atol=1e-12)


@given(seed=SEEDS, free_bias=st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_scaling_maps_the_primal_point_to_the_dual_one(seed, free_bias):
    rng = np.random.default_rng(seed)
    batch = batch_of(rng, free_bias=free_bias)
    primal, dual = inner_pair(rng, batch, 2)
    scaling = Scaling(primal, dual)
    mapped = scaling.squared(primal)
    for name in ("psd", "aa", "ab", "bb", "bias_a", "bias_b", "norm_a", "norm_b"):
        np.testing.assert_allclose(getattr(mapped, name), getattr(dual, name), rtol=1e-7, atol=1e-9)
    # Without a step the target at centring 1 is the gradient of the barrier.
    none = primal.with_parts(np.zeros_like)
    target, central = scaling.target(1.0, none, none), central_dual(primal, 1.0)
    for name in ("psd", "aa", "ab", "bb", "bias_a", "bias_b", "norm_a", "norm_b"):
        np.testing.assert_allclose(
            getattr(target, name), getattr(central, name), rtol=1e-7, atol=1e-9
        )


@given(seed=SEEDS, free_bias=st.booleans())
@settings(max_examples=20, deadline=None)
def test_a_step_reaches_the_border_and_not_beyond(seed, free_bias):
    rng = np.random.default_rng(seed)
    batch = batch_of(rng, free_bias=free_bias)
    primal, dual = inner_pair(rng, batch, 1)
    ds, dz = random_blocks(rng, batch, 1), random_blocks(rng, batch, 1)
    reach = Scaling(primal, dual).reach(ds, dz)
    for share, inside in ((0.999, True), (1.001, False)):
        ends = primal.plus(share * reach, ds), dual.plus(share * reach, dz)
        least = min(
            min(
                float(np.linalg.eigvalsh(end.psd).min()),
                *(float(np.min(one, initial=np.inf)) for one in end.linear),
                *(
                    float((one[..., 0] - np.linalg.norm(one[..., 1:], axis=-1)).min())
                    for one in end.norms
                ),
            )
            for end in ends
        )
        assert (least > 0.0) is inside


@given(seed=SEEDS, size=st.integers(1, 4), free_bias=st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_hessian_is_that_of_the_maps(seed, size, free_bias):
    rng = np.random.default_rng(seed)
    batch = batch_of(rng, groups=1, size=size, free_bias=free_bias)
    primal, dual = inner_pair(rng, batch, 1)
    scaling = Scaling(primal, dual)
    row, column = corner_entries(batch.order)
    own, across = np.zeros((batch.unknowns,) * 2), np.zeros((row.size, batch.unknowns))
    assemble(
        ConeHessians(*(getattr(scaling, name)[0, 0] for name in ConeHessians._fields)),
        batch.rows[0],
        row,
        column,
        own,
        across,
    )
    none, bent, lift = np.zeros((1, size)), np.ones((1, size, 1, 1)), np.ones((1, 1))
    sums = np.zeros((3, 1, row.size, row.size))
    elimination = Elimination(batch, scaling, none, none, bent, lift, row, column)
    elimination.add_sums(np.arange(1), sums)
    add_corner(*sums[:2, 0], row, column, sums[2, 0])
    own, of_corner = (np.tril(one) + np.tril(one, -1).T for one in (own, sums[2, 0]))
    whole = np.block([[own, across.T], [across, of_corner]])
    change = rng.standard_normal(whole.shape[0])
    corner = np.zeros((1, batch.order, batch.order))
    corner[0, row, column] = corner[0, column, row] = change[batch.unknowns :]
    moments = batch.moments(change[None, None, : batch.unknowns])
    own, of_corner = batch.adjoint(scaling.squared(batch.blocks(moments, corner)))
    twice = np.where(row == column, 1.0, 2.0)
    expected = np.concatenate([own[0, 0], of_corner[0, row, column] * twice])
    np.testing.assert_allclose(whole @ change, expected, rtol=1e-8, atol=1e-8)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_largest_value_on_the_sphere(seed):
    rng = np.random.default_rng(seed)
    form = symmetric(rng, 4, 4)
    height, mu = largest_on_sphere(form)
    u = rng.standard_normal((3, 1000))
    z = np.vstack([np.ones(1000), u / np.linalg.norm(u, axis=0)])
    assert float(np.max(np.einsum("ip,ij,jp->p", z, form, z))) <= height * (1.0 + 1e-9) + 1e-9
    left = np.diag([height - mu, mu, mu, mu]) - form
    assert np.linalg.eigvalsh(left)[0] >= -1e-6 * (1.0 + abs(height))


def test_the_dual_value_stays_below_the_objective():
    lifts = lifts_of(normal(3, 9, 3, 2), 3)
    state = first_state(lifts._joint)
    for _ in range(12):
        state, length = JointStep(lifts._joint, state).take()
        assert 0.0 < length <= 1.0
        dual = joint_dual(lifts._joint, state)
        assert dual is None or dual.value <= lifts._joint.objective(state)
    assert dual is not None
    assert dual.value > 0.9 * lifts._joint.objective(state)


@given(seed=SEEDS, size=st.integers(1, 70))
@settings(max_examples=20, deadline=None)
def test_factors_and_triangular_systems(seed, size):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((size, size)) + size * np.eye(size)
    matrix, right = root @ root.T, rng.standard_normal((size, 3))
    lower = np.tril(matrix)
    assert factor(lower)
    lower = np.tril(lower)
    np.testing.assert_allclose(lower @ lower.T, matrix, rtol=1e-10, atol=1e-10 * size**2)
    solved = right.copy()
    solve_lower(lower, solved)
    np.testing.assert_allclose(lower @ solved, right, rtol=1e-8, atol=1e-8)
    both = right[:, 0].copy()[None, None]
    solve_both(lower[None, None], both)
    np.testing.assert_allclose(matrix @ both[0, 0], right[:, 0], rtol=1e-7, atol=1e-7)


def test_a_matrix_is_raised_by_little_or_refused():
    almost = np.array([[1.0, 1.0], [1.0, 1.0 - 1e-13]])
    assert factor(almost)
    assert almost[1, 1] > 0.0
    assert not factor(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert not factor(np.array([[np.nan]]))


def test_how_many_threads_there_are_changes_little(monkeypatch):
    problem = normal(6, 60, 6, 2)
    monkeypatch.setattr("certnn.relaxation.interior.lifts.elimination._A_THREAD", 0.0)
    monkeypatch.setattr("certnn.relaxation.interior.lifts.scaling._A_THREAD", 0)
    ends = []
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        ends.append(list(lifts_of(problem, 4).points())[-1].bound)
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)
