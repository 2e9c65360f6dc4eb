"""The closed-form maxima in the plane against dense samples and exactly enumerated arcs."""

import functools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from certnn.errors import SolverError
from certnn.training.arcs import arc_maxima

small = st.integers(-3, 3).map(float)


@st.composite
def small_integers(draw):
    """Few distinct values, so that rows are often zero, repeated, parallel or antiparallel."""
    n, c = draw(st.integers(0, 7)), draw(st.integers(1, 3))
    return draw(arrays(float, (n, 2), elements=small)), draw(arrays(float, (n, c), elements=small))


def scores(X, Z, U):
    return np.linalg.norm(Z.T @ np.maximum(X @ U, 0.0), axis=0) / np.linalg.norm(U, axis=0)


def circle(angles):
    return np.array([np.cos(angles), np.sin(angles)])


def turned(U, angle):
    return math.cos(angle) * U + math.sin(angle) * np.array([-U[1], U[0]])


def random_data(seed, n, c):
    draw = np.random.default_rng(seed).standard_normal
    return draw((n, 2)), draw((n, c))


def enumerated_dual_norm(X, Z):
    """The arcs in rational arithmetic, and on each of them a search for the largest ‖Mu‖/|u|."""
    points = [(Fraction(a), Fraction(b)) for a, b in X.tolist()]
    weights = [[Fraction(value) for value in row] for row in Z.tolist()]
    # The axes and diagonals join so that no arc is longer than π/4, as a search for one maximum
    # needs.
    normals = [*points, *[(Fraction(a), Fraction(b)) for a, b in ((1, 0), (0, 1), (1, 1), (1, -1))]]
    rays = [ray for a, b in normals if (a, b) != (0, 0) for ray in ((-b, a), (b, -a))]

    def half(u):
        return 0 if (u[1], u[0]) > (0, 0) else 1

    def compare(u, v):
        cross = u[0] * v[1] - u[1] * v[0]
        return half(u) - half(v) or (cross < 0) - (cross > 0)

    rays.sort(key=functools.cmp_to_key(compare))
    distinct = [rays[k] for k in range(len(rays)) if compare(rays[k - 1], rays[k]) != 0]
    largest = 0.0
    for begin, end in zip(distinct, distinct[1:] + distinct[:1], strict=True):
        begin, end = shortened(begin), shortened(end)
        middle = (begin[0] + end[0], begin[1] + end[1])
        active = [i for i, (a, b) in enumerate(points) if a * middle[0] + b * middle[1] > 0]
        M = np.array(
            [
                [float(sum(weights[i][o] * points[i][j] for i in active)) for j in (0, 1)]
                for o in range(Z.shape[1])
            ]
        )
        largest = max(largest, largest_on_arc(M, *np.array([begin, end], dtype=float)))
    return largest


def shortened(u):
    size = max(abs(u[0]), abs(u[1]))
    return u[0] / size, u[1] / size


def largest_on_arc(M, begin, end):
    def value(t):
        u = (1.0 - t) * begin + t * end
        return float(np.linalg.norm(M @ u) / np.linalg.norm(u))

    found = minimize_scalar(
        lambda t: -value(t), bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-10}
    )
    return max(value(0.0), value(1.0), -found.fun)


def assert_local_maxima(X, Z, found):
    for angle in (1e-6, -1e-6, 1e-7, -1e-7):
        beside = scores(X, Z, turned(found.directions, angle))
        assert np.all(beside <= found.scores + 1e-12 * found.scores[0])


def assert_well_formed(X, Z, found):
    assert found.directions.shape == (X.shape[1], found.scores.size)
    assert found.scores.size >= 1
    assert np.linalg.norm(found.directions, axis=0) == pytest.approx(1.0, rel=1e-15)
    assert np.all(np.diff(found.scores) <= 0.0)
    assert found.scores == pytest.approx(scores(X, Z, found.directions), rel=1e-12, abs=1e-14)


@settings(max_examples=200, deadline=None)
@given(small_integers())
# A ray at which the score falls to its least value on one arc, and from its largest on the next.
@example(
    (
        np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]),
        np.array([[1.0], [0.0], [1.0], [1.0], [-1.0], [0.0]]),
    )
)
# An isometry on an arc, on which the score is thus constant.
@example((np.array([[1.0, 0.0], [0.0, 1.0]]), np.eye(2)))
def test_small_integers_agree_with_enumerated_arcs(data):
    X, Z = data
    found = arc_maxima(X, Z)
    assert_well_formed(X, Z, found)
    assert found.scores[0] == pytest.approx(enumerated_dual_norm(X, Z), rel=1e-11, abs=1e-14)
    if found.scores[0] > 1e-14:
        assert_local_maxima(X, Z, found)
        pairs = found.directions[:, :, None] - found.directions[:, None, :]
        distances = np.linalg.norm(pairs, axis=0) + 2.0 * np.eye(found.scores.size)
        assert np.min(distances) > 1e-6


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7), st.sampled_from([1e-12, 1e-14, 1e-15, 1e-16]))
def test_nearly_parallel_points_agree_with_enumerated_arcs(seed, n, angle):
    rng = np.random.default_rng(seed)
    X = rng.choice([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], n) * rng.choice([-2.0, -1.0, 1.0], (n, 1))
    X += angle * rng.standard_normal((n, 2))
    Z = rng.standard_normal((n, 2))
    assert arc_maxima(X, Z).scores[0] == pytest.approx(enumerated_dual_norm(X, Z), rel=1e-11)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.sampled_from([2.0, 5.0, 8.0]))
def test_points_of_very_different_sizes_agree_with_enumerated_arcs(seed, n, spread):
    rng = np.random.default_rng(seed)
    X, Z = random_data(seed, n, 2)
    X *= 10.0 ** rng.uniform(-spread, spread, (n, 1))
    Z *= 10.0 ** rng.uniform(-spread, spread, (n, 1))
    assert arc_maxima(X, Z).scores[0] == pytest.approx(enumerated_dual_norm(X, Z), rel=1e-11)


@pytest.mark.parametrize(("n", "c"), [(1, 1), (3, 2), (8, 1), (25, 5)])
def test_no_sampled_direction_is_better(n, c):
    X, Z = random_data(n, n, c)
    found = arc_maxima(X, Z)
    spacing = 2e-6 * np.pi
    angles = spacing * np.arange(1_000_000)
    sampled = np.concatenate([scores(X, Z, circle(part)) for part in np.split(angles, 20)])
    best = angles[np.argmax(sampled)]
    closer = scores(X, Z, circle(best + spacing * np.linspace(-1.0, 1.0, 1001)))
    largest = max(np.max(sampled), np.max(closer))
    assert largest <= found.scores[0] * (1 + 1e-9)
    assert largest >= found.scores[0] * (1 - 1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5))
def test_every_sampled_local_maximum_is_found(seed, n, c):
    X, Z = random_data(seed, n, c)
    found = arc_maxima(X, Z)
    assert_well_formed(X, Z, found)
    assert_local_maxima(X, Z, found)
    spacing = 2e-4 * np.pi
    angles = spacing * np.arange(10_000)
    sampled = scores(X, Z, circle(angles))
    beside = np.maximum(np.roll(sampled, 1), np.roll(sampled, -1))
    peaks = circle(angles[(sampled > beside) & (sampled > 1e-9 * found.scores[0])])
    distances = np.linalg.norm(peaks[:, :, None] - found.directions[:, None, :], axis=0)
    assert np.all(np.min(distances, axis=1) <= spacing)


@pytest.mark.parametrize("n", [100, 1000])
def test_many_points_agree_to_twelve_digits(n):
    X, Z = random_data(n, n, 3)
    ends = np.hstack([np.array([-X[:, 1], X[:, 0]]), np.array([X[:, 1], -X[:, 0]])])
    turns = np.sort(np.arctan2(ends[1], ends[0]))
    middles = circle(turns + 0.5 * np.diff(turns, append=turns[0] + 2.0 * np.pi))
    largest = float(np.max(scores(X, Z, ends)))
    for middle, length in zip(middles.T, np.diff(turns, append=turns[0] + 2 * np.pi), strict=True):
        active = X @ middle > 0.0
        _, values, vectors = np.linalg.svd(Z[active].T @ X[active])
        if abs(vectors[0] @ middle) > math.cos(0.5 * length):
            largest = max(largest, float(values[0]))
    found = arc_maxima(X, Z)
    assert found.scores[0] == pytest.approx(largest, rel=1e-12)
    assert_well_formed(X, Z, found)


def test_scores_are_those_of_exact_arithmetic():
    X, Z = random_data(0, 60, 5)
    found = arc_maxima(X, Z)
    for u, value in zip(found.directions.T.tolist(), found.scores, strict=True):
        u1, u2 = map(Fraction, u)
        active = [max(Fraction(a) * u1 + Fraction(b) * u2, Fraction(0)) for a, b in X.tolist()]
        sums = [
            sum(Fraction(z) * a for z, a in zip(Z[:, o], active, strict=True)) for o in range(5)
        ]
        square = sum(total * total for total in sums) / (u1 * u1 + u2 * u2)
        assert value == pytest.approx(math.sqrt(square), rel=1e-12)


@pytest.mark.parametrize("x_scale", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("z_scale", [1e-100, 1.0, 1e100])
def test_scale_does_not_matter(x_scale, z_scale):
    X, Z = random_data(3, 12, 2)
    found, scaled = arc_maxima(X, Z), arc_maxima(x_scale * X, z_scale * Z)
    assert scaled.scores / x_scale / z_scale == pytest.approx(found.scores, rel=1e-12)
    assert scaled.directions == pytest.approx(found.directions, abs=1e-12)


def test_powers_of_two_change_nothing():
    X, Z = random_data(4, 12, 2)
    found, scaled = arc_maxima(X, Z), arc_maxima(2.0**-300 * X, 2.0**250 * Z)
    assert np.array_equal(scaled.directions, found.directions)
    assert np.array_equal(scaled.scores, found.scores * 2.0**-50)


def test_small_point_of_large_weight_counts():
    X, Z = np.array([[1.0, 0.0], [0.0, 1e-200]]), np.array([[0.0], [1.0]])
    found = arc_maxima(X, Z)
    assert found.scores == pytest.approx([1e-200], rel=1e-15)
    assert found.directions == pytest.approx(np.array([[0.0], [1.0]]), abs=1e-15)


def test_one_point_has_its_own_direction():
    found = arc_maxima(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0]]))
    assert found.scores == pytest.approx([10.0], rel=1e-15)
    assert found.directions == pytest.approx(np.array([[0.6], [0.8]]), abs=1e-15)


def test_points_on_one_line_have_two_directions():
    X = np.array([[1.0, -2.0], [-3.0, 6.0], [2.0, -4.0], [0.0, 0.0]])
    found = arc_maxima(X, np.array([[1.0], [1.0], [1.0], [5.0]]))
    assert found.scores == pytest.approx(np.sqrt(5.0) * np.array([3.0, 3.0]), rel=1e-15)
    assert np.abs(found.directions) == pytest.approx(np.array([[1, 1], [2, 2]]) / np.sqrt(5.0))
    assert found.directions[:, 0] == pytest.approx(-found.directions[:, 1], abs=1e-15)


def test_constant_score_has_a_direction():
    # ‖(u)₊‖² + ‖(−u)₊‖² = |u|².
    found = arc_maxima(np.vstack([np.eye(2), -np.eye(2)]), np.eye(4))
    assert found.scores == pytest.approx([1.0], rel=1e-15)


def test_maximum_at_the_hyperplane_of_a_point():
    # The second point takes away more than the first can gain beyond its hyperplane.
    X, Z = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0], [-9.0]])
    found = arc_maxima(X, Z)
    ray = np.array([1.0, -1.0]) / np.sqrt(2.0)
    nearest = np.min(np.linalg.norm(found.directions - ray[:, None], axis=0))
    assert nearest < 1e-15


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("zero", ["X", "Z", "both"])
def test_zero_score_everywhere(d, n, zero):
    X = np.zeros((n, d)) if zero != "Z" else np.ones((n, d))
    Z = np.zeros((n, 2)) if zero != "X" else np.ones((n, 2))
    found = arc_maxima(X, Z)
    assert_well_formed(X, Z, found)
    assert np.all(found.scores == 0.0)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.integers(0, 6), st.integers(1, 3))
def test_line_has_two_directions(data, n, c):
    X = data.draw(arrays(float, (n, 1), elements=small))
    Z = data.draw(arrays(float, (n, c), elements=small))
    found = arc_maxima(X, Z)
    both = np.array([[1.0, -1.0]])
    assert_well_formed(X, Z, found)
    assert sorted(found.directions[0]) == [-1.0, 1.0]
    assert sorted(found.scores) == pytest.approx(sorted(scores(X, Z, both)), rel=1e-15)


@pytest.mark.parametrize("d", [0, 3])
def test_other_dimensions_are_refused(d):
    with pytest.raises(SolverError, match=f"in 1 or 2 dimensions, not in {d}"):
        arc_maxima(np.ones((4, d)), np.ones((4, 1)))


def test_inputs_are_left_alone():
    X, Z = random_data(5, 6, 2)
    before = X.copy(), Z.copy()
    X.setflags(write=False)
    Z.setflags(write=False)
    arc_maxima(X, Z)
    assert np.array_equal(X, before[0])
    assert np.array_equal(Z, before[1])
