"""The dual norm by enumeration of all activation patterns and faces, against what is proved."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.partition.cones import isotropic_basis
from certnn.splitting.partition.proof import Partition, find_partition
from certnn.splitting.prover import Limits, NoProof
from certnn.training.arcs import arc_maxima
from certnn.training.ascent import ascend


def brute_force_dual_norm(X, Z):
    """max ‖Zᵀ(Xu)₊‖ over unit u.

    A maximum lies inside a face of the arrangement, where some points have x_iᵀu = 0 and the others
    a fixed sign. There the map is linear, so it is an eigenvector of that map's square restricted
    to the span of the face.
    """
    n, d = X.shape
    largest = 0.0
    for size in range(d):
        for zero in itertools.combinations(range(n), size):
            _, values, vectors = np.linalg.svd(X[list(zero)].reshape(size, d))
            span = vectors[int(np.sum(values > 1e-10)) :].T
            others = [i for i in range(n) if i not in zero]
            for signs in itertools.product((0.0, 1.0), repeat=len(others)):
                linear = Z[others].T @ (np.array(signs)[:, None] * X[others]) @ span
                found = span @ np.linalg.eigh(linear.T @ linear)[1]
                for u in np.hstack([found, -found]).T:
                    largest = max(largest, float(np.linalg.norm(Z.T @ np.maximum(X @ u, 0.0))))
    return largest


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 6), d=st.integers(1, 3), c=st.integers(1, 3))
def test_proved_just_above_and_never_below(seed, n, d, c):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((n, d)), draw((n, c))
    exact = brute_force_dual_norm(X, Z)
    basis = isotropic_basis(X)
    above = find_partition(X, Z, exact * (1 + 1e-6), basis, Limits())
    assert isinstance(above, Partition)
    above.certificate(TrainingProblem(X, Z, 1.0), {}).check("python")
    below = find_partition(X, Z, exact * (1 - 1e-6), basis, Limits())
    assert isinstance(below, NoProof)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), c=st.integers(1, 3))
def test_arcs_agree(seed, n, c):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((n, 2)), draw((n, c))
    assert arc_maxima(X, Z).scores[0] == pytest.approx(brute_force_dual_norm(X, Z), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_ascent_from_many_starts_reaches_it(seed):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((6, 3)), draw((6, 2))
    _, scores = ascend(TrainingProblem(X, Z, 1.0), Z, draw((3, 500)), Budget())
    assert np.max(scores) == pytest.approx(brute_force_dual_norm(X, Z), rel=1e-9)
