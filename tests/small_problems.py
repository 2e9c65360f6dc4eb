"""Small training problems, ordinary and awkward, and networks to hold against a bound."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from certnn.certificates.region_blocks import alone, alone_points, region_blocks
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem


def random_family(seed, reg=0.1, n=25, d=2, c=5, neurons=100):
    """Targets made by a random network, as in the paper's random instances."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    U, V = rng.standard_normal((d, neurons)), rng.standard_normal((neurons, c))
    return TrainingProblem(X, np.maximum(X @ U, 0.0) @ V, reg)


def normal(seed, n, d, c, reg=0.1, hidden_bias=False):
    rng = np.random.default_rng(seed)
    return TrainingProblem(
        rng.standard_normal((n, d)), rng.standard_normal((n, c)), reg, hidden_bias
    )


def repeated_rows(seed, factors, zero_rows=0, reg=0.1, c=2):
    """Four random rows, more rows that are multiples of them by `factors`, and zero rows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((4, 2))
    more = np.array(factors)[:, None] * X[np.arange(len(factors)) % 4]
    X = np.vstack([X, more, np.zeros((zero_rows, 2))])
    return TrainingProblem(X, rng.standard_normal((len(X), c)), reg)


def _rank_deficient():
    rng = np.random.default_rng(11)
    X = rng.standard_normal((7, 2))
    return TrainingProblem(
        np.hstack([X, X @ rng.standard_normal((2, 2))]), rng.standard_normal((7, 1)), 0.1
    )


def _zero_columns():
    rng = np.random.default_rng(12)
    X = np.hstack([rng.standard_normal((7, 2)), np.zeros((7, 2))])
    return TrainingProblem(X, rng.standard_normal((7, 1)), 0.1)


#: Distinct directions: every formulation has the same value.
PLAIN = {
    "d=2, c=1": normal(0, 8, 2, 1),
    "d=2, c=2": normal(0, 8, 2, 2),
    "d=2, c=2, CVXOPT stalls": normal(5, 8, 2, 2),
    "d=3, c=1": normal(1, 6, 3, 1, reg=0.05),
    "d=3, c=3, large reg": normal(2, 6, 3, 3, reg=2.0),
    "d=1": normal(3, 6, 1, 2),
    "hidden bias": normal(4, 7, 2, 1, hidden_bias=True),
    "n < d": normal(6, 4, 6, 2),
    "one point": normal(7, 1, 3, 2),
    "rank deficient": _rank_deficient(),
    "zero columns": _zero_columns(),
}
#: Rows on one line, or zero: the relaxation has no interior.
DEGENERATE = {
    "duplicates": repeated_rows(0, [1.0, 1.0, 1.0]),
    "parallel": repeated_rows(1, [2.0, 0.1, 30.0]),
    "antiparallel": repeated_rows(2, [-1.0, -0.3]),
    "everything": repeated_rows(3, [1.0, -1.0, 2.5, -0.4, 1.0], zero_rows=2),
    "zero rows": repeated_rows(4, [], zero_rows=3),
}
#: Problems where a bound may be weak but has to exist and be true.
AWKWARD = {
    "zero Y": TrainingProblem(np.eye(3), np.zeros((3, 2)), 0.1),
    "zero X": TrainingProblem(np.zeros((3, 2)), np.ones((3, 1)), 0.1),
    "zero X, hidden bias": TrainingProblem(np.zeros((3, 2)), np.ones((3, 1)), 0.1, True),
    "all rows equal": TrainingProblem(np.ones((5, 2)), np.arange(5.0)[:, None], 0.1),
    "tiny reg": TrainingProblem(PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 1e-9),
    "huge reg": TrainingProblem(PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 1e9),
    "huge X": TrainingProblem(1e8 * PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 0.1),
    "tiny X": TrainingProblem(1e-8 * PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 0.1),
    "huge X, hidden bias": TrainingProblem(
        1e8 * PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 0.1, True
    ),
    "tiny X, hidden bias": TrainingProblem(
        1e-8 * PLAIN["d=2, c=2"].X, PLAIN["d=2, c=2"].Y, 0.1, True
    ),
    "huge everything": TrainingProblem(
        1e45 * PLAIN["d=2, c=1"].X, 1e45 * PLAIN["d=2, c=1"].Y, 1e89
    ),
    "tiny everything": TrainingProblem(
        1e-45 * PLAIN["d=2, c=1"].X, 1e-45 * PLAIN["d=2, c=1"].Y, 1e-91
    ),
    "largest data": TrainingProblem(1e99 * PLAIN["d=2, c=1"].X, 1e99 * PLAIN["d=2, c=1"].Y, 1e-100),
    "smallest data": TrainingProblem(
        1e-99 * PLAIN["d=2, c=1"].X, 1e-99 * PLAIN["d=2, c=1"].Y, 1e100
    ),
    "rows of all sizes": TrainingProblem(
        PLAIN["d=2, c=2"].X * 10.0 ** np.arange(-8, 8, 2)[:, None], PLAIN["d=2, c=2"].Y, 0.1
    ),
    "columns of all sizes": TrainingProblem(
        PLAIN["d=3, c=1"].X * np.array([1e-8, 1.0, 1e8]), PLAIN["d=3, c=1"].Y, 0.1
    ),
    "nearly parallel": TrainingProblem(
        [[1.0, 0.0], [1.0, 1e-10], [1.0, 1e-8], [-1.0, 1e-6], [1.0, 1e-4]],
        [[1.0], [-1.0], [2.0], [1.0], [0.5]],
        0.1,
    ),
    "integers": TrainingProblem(np.array([[1, -2], [3, 4], [0, 5]]), [[1], [0], [2]], 1),
    "float32": TrainingProblem(
        PLAIN["d=2, c=2"].X.astype(np.float32), PLAIN["d=2, c=2"].Y.astype(np.float32), 0.1
    ),
}


def region_form(features, Z, ray, leaf):
    """The matrix 2S of Theorem 48 over (a, u, ρ), without 2hρ², from its blocks."""
    mixed, columns = leaf.mixed, features.shape[1]
    whole = np.zeros((mixed.size + columns + 1,) * 2, dtype=np.longdouble)
    border = mixed.size + np.arange(columns + 1)
    whole[border, border] = np.append(np.full(columns, 2.0 * leaf.mu), -2.0 * leaf.mu)
    is_alone = alone(leaf)
    for block in region_blocks(features, Z, ray, leaf, is_alone):
        place = np.append(np.searchsorted(mixed, block.points), border)
        whole[np.ix_(place, place)] += block.matrix
    for points in alone_points(features, Z, ray, leaf, is_alone):
        place = np.searchsorted(mixed, points.points)
        whole[place, place] += points.diagonal
        whole[np.ix_(place, border)] += points.across
        whole[np.ix_(border, place)] += points.across.T
        whole[np.ix_(border, border)] += points.corner
    return whole


@st.composite
def problems(draw, scaled=True):
    """Problems with up to 6 points, in which any of the awkward features may meet.

    Without `scaled` the data are of size about 1 and reg is neither tiny nor huge.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d, c = draw(st.integers(1, 6)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    X, Y = rng.standard_normal((n, d)), rng.standard_normal((n, c))
    for i in range(1, n):
        kind = draw(st.sampled_from(["new", "new", "new", "multiple", "zero", "close"]))
        if kind == "multiple":
            X[i] = draw(st.sampled_from([1.0, 3.0, -1.0, -0.2])) * X[rng.integers(i)]
        elif kind == "zero":
            X[i] = 0.0
        elif kind == "close":
            X[i] = X[rng.integers(i)] + 1e-7 * rng.standard_normal(d)
    if draw(st.booleans()):
        X[:, -1] = draw(st.sampled_from([0.0, 1.0])) * X[:, 0]
    scales = st.sampled_from([1e-8, 1.0, 1.0, 1.0, 1e8] if scaled else [1.0])
    X, Y = draw(scales) * X, draw(scales) * Y
    dtype = draw(st.sampled_from([np.float64, np.float64, np.float32, np.int64]))
    X, Y = X.astype(dtype), Y.astype(dtype)
    regs = [0.1, 1.0, 1e-2, 1e-6, 1e-3, 1e6] if scaled else [0.1, 1.0, 1e-2]
    reg = draw(st.sampled_from(regs))
    return TrainingProblem(X, Y, reg, draw(st.booleans()))


def sampled_networks(problem, rng, count=20):
    """Random networks, each scaled along its ray to the best objective (up to rounding)."""
    features, Y, reg = problem.features, problem.Y, problem.reg
    n, columns = features.shape
    for _ in range(count):
        width = int(rng.integers(1, n + 2))
        U = rng.standard_normal((columns, width))
        if rng.random() < 0.5:  # weights of the order of the data's own directions
            U = features.T @ rng.standard_normal((n, width))
        size = np.linalg.norm(U)
        U = U / size if size > 0.0 else U
        V = np.linalg.lstsq(np.maximum(features @ U, 0.0), Y, rcond=1e-6)[0]
        if rng.random() < 0.3:
            V = rng.standard_normal(V.shape) * (np.linalg.norm(V) or 1.0)
        size = np.sqrt(np.linalg.norm(U) * np.linalg.norm(V))
        if not 0.0 < size < 1e45:
            continue
        U, V = U / np.linalg.norm(U) * size, V / np.linalg.norm(V) * size
        network = TwoLayerNetwork(U, V)
        output = network.output(features)
        top, bottom = np.sum(output * Y) - reg * size**2, np.sum(output * output)
        if top > 0.0 and bottom > 0.0:
            yield TwoLayerNetwork(np.sqrt(top / bottom) * U, np.sqrt(top / bottom) * V)
        yield network
    yield TwoLayerNetwork(np.zeros((columns, 0)), np.zeros((0, problem.c)))


def best_sampled(problem, rng):
    """The exact objective of the best network of a sample; a fraction."""

    def objective(network):
        residual = network.output(problem.features) - problem.Y
        decay = np.sum(network.U**2) + np.sum(network.V**2)
        return 0.5 * np.sum(residual**2) + 0.5 * problem.reg * decay

    return min(sampled_networks(problem, rng), key=objective).evaluate(problem).value


def awkward_for_lifts():
    """All awkward problems but the one without data; with half-squared loss and few outputs."""
    chosen = {}
    for name, problem in (DEGENERATE | AWKWARD).items():
        if not problem.is_plain or problem.c > 2:
            problem = TrainingProblem(problem.X, problem.Y[:, :1], problem.reg)
        if name != "zero X":
            chosen[name] = problem
    return chosen
