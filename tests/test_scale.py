"""Data in awkward units: the same gaps as in good ones, and the values of equivalent problems."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from small_problems import normal

import certnn
from certnn.budget import Budget
from certnn.search.levels.proving import tightening_proofs
from certnn.splitting.patterns import bound_over_patterns, collect_patterns
from certnn.splitting.prover import Effort, Limits, NoProof
from certnn.training import ColumnGeneration

#: How much above the optimum a bound, or a network below, may be off at a gap of 1e-2.
_GAP = 1e-2


def _one_output(seed=1, n=12, d=3):
    """Targets of a single neuron, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    u = np.resize([1.0, -1.0, 0.5], d)
    return X, np.maximum(X @ u, 0.0)[:, None] + 0.1 * rng.standard_normal((n, 1))


def _stretched(factors):
    X, Y = _one_output()
    return X * np.array(factors), Y


def _offset(by):
    X, Y = _one_output()
    X[:, 0] += by
    return X, Y


def _almost_constant():
    X, Y = _one_output()
    X[:, 0] = 1.0 + 1e-6 * X[:, 0]
    return X, Y


def _almost_parallel():
    X, Y = _one_output()
    X[:, 1] = X[:, 0] + 1e-6 * X[:, 1]
    return X, Y


def _repeated():
    X, Y = _one_output()
    return np.vstack([X, X[:4]]), np.vstack([Y, Y[:4]])


AWKWARD = {
    "a column times 1e4": _stretched([1e4, 1.0, 1.0]),
    "a column times 1e6": _stretched([1e6, 1.0, 1.0]),
    "a column times 1e8": _stretched([1.0, 1e8, 1.0]),
    "two columns times 1e6": _stretched([1e6, 1e6, 1.0]),
    "columns of three sizes": _stretched([1e6, 1.0, 1e-6]),
    "a column times 1e-8": _stretched([1.0, 1.0, 1e-8]),
    "an offset of 1e6": _offset(1e6),
    "an almost constant column": _almost_constant(),
    "almost parallel columns": _almost_parallel(),
    "repeated rows": _repeated(),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_training_reaches_its_goal_in_any_units(name):
    X, Y = AWKWARD[name]
    result = certnn.train(certnn.TrainingProblem(X, Y, 0.1), gap=_GAP)
    assert 0.0 <= result.gap <= _GAP
    assert result.certificate.check("python").value == result.lower.bound.value
    assert result.lower.notes == ()


def _orthogonal_optimum(lengths, targets, reg):
    """Points along the axes, targets above zero: z maximises ⟨z, y⟩ − ½|z|² where |Xz| ≤ reg.

    So z_i = y_i/(1 + μ s_i²) for the μ at which |Xz| is reg, here to fifty digits.
    """
    with mp.workdps(50):
        s, y = [mpf(v) ** 2 for v in lengths], [mpf(v) for v in targets]

        def excess(mu):
            return (
                sum(a * (t / (1 + mu * a)) ** 2 for a, t in zip(s, y, strict=True)) - mpf(reg) ** 2
            )

        low, high = mpf(0), mpf(1)
        while excess(high) > 0:
            high *= 2
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        z = [t / (1 + high * a) for a, t in zip(s, y, strict=True)]
        return float(sum(v * t - v**2 / 2 for v, t in zip(z, y, strict=True)))


@pytest.mark.parametrize(
    "lengths",
    [
        (1.0, 1.0, 1.0),
        (1e6, 1.0, 2.0),
        (1e8, 3.0, 1.0),
        pytest.param((1e8, 1e4, 1.0), marks=pytest.mark.slow),
    ],
)
def test_orthogonal_points_of_very_different_lengths(lengths):
    targets = (1.0, 2.0, 0.5)
    problem = certnn.TrainingProblem(np.diag(lengths), np.array(targets)[:, None], 0.1)
    result = certnn.train(problem, gap=1e-4)
    optimum = _orthogonal_optimum(lengths, targets, 0.1)
    assert result.gap <= 1e-4
    assert result.lower.value <= optimum * (1.0 + 1e-12)
    assert result.lower.value >= optimum * (1.0 - 1e-4)


@settings(max_examples=5, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from([1e-12, 1e-6, 3.0, 1e6, 1e12]),
    st.sampled_from([1e-12, 1e-6, 5.0, 1e6, 1e12]),
    st.permutations(range(3)),
    st.sampled_from([1.0, 1e4, 1e7]),
)
def test_equivalent_problems_have_equal_bounds(seed, of_x, of_y, order, stretch):
    X, Y = _one_output(seed, n=8)
    X = X * np.array([stretch, 1.0, 1.0])
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    plain = certnn.train(certnn.TrainingProblem(X, Y, 0.1), gap=_GAP)
    for features, targets, scale in (
        (of_x * X[:, order], of_y * Y, of_x * of_y),
        (X @ turn if stretch == 1.0 else X, Y, 1.0),
    ):
        other = certnn.train(certnn.TrainingProblem(features, targets, 0.1 * scale), gap=_GAP)
        share = other.lower.value / np.vdot(targets, targets) * np.vdot(Y, Y) / plain.lower.value
        assert plain.gap <= _GAP
        assert other.gap <= _GAP
        assert 1.0 - 1.1 * _GAP <= share <= 1.0 + 1.1 * _GAP


@dataclass(frozen=True)
class _SlowAtFirst:
    """A proof of a few nodes that took long, as where code is compiled first."""

    kappa: float
    Z: np.ndarray
    nodes: int
    cost: float


class _Prover:
    effort = Effort(growth=1.6, cheap=1e5, most=4e6)

    def __init__(self, cost):
        self.factors, self._cost = [], cost

    def prove(self, Z, kappa, margin, limits):
        self.factors.append(kappa)
        nodes = 12 if len(self.factors) == 1 else 100
        return _SlowAtFirst(kappa, Z, nodes, self._cost if nodes == 12 else 0.0)


def test_a_slow_first_proof_is_not_the_end_of_the_search():
    problem = normal(0, 10, 2, 1)
    prover = _Prover(cost=1e6)  # by this forecast no large proof comes before the deadline
    limits = Limits(Budget(seconds=1e6))
    *found, end = tightening_proofs(
        problem,
        ColumnGeneration(problem, Budget()),
        prover,
        limits,
        -np.inf,
        1.0 + 1e-6,
        lambda *_: None,
    )
    assert isinstance(end, NoProof)
    assert (1.0 + 1e-6) * problem.reg in prover.factors
    assert [proof.kappa for proof in found] == prover.factors


@pytest.mark.parametrize(("seed", "c"), [(5, 1), (3, 5), (16, 3)])
def test_a_time_limit_does_not_end_the_search_before_its_goal(seed, c):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((25, 2))
    U, V = rng.standard_normal((2, 100)), rng.standard_normal((100, c))
    problem = certnn.TrainingProblem(X, np.maximum(X @ U, 0.0) @ V, 0.1)
    assert certnn.train(problem, gap=1e-6, time_limit=1e4).gap <= 1e-6


def test_what_floats_cannot_prove_is_not_laid_to_time():
    problem = normal(0, 8, 6, 1)
    wide = certnn.TrainingProblem(problem.X * np.array([1e8, 1, 1, 1, 1, 1]), problem.Y, 0.1)
    [note] = certnn.lower_bound(wide, "phases").notes
    assert note.startswith("phases: ")
    assert "time" not in note
    assert "memory" not in note


@pytest.mark.parametrize("factor", [1.0, 1e4, 1e6])
def test_a_bound_over_patterns_is_close_in_any_units(factor):
    X, Y = _stretched([factor, 1.0, 1.0])
    problem = certnn.TrainingProblem(X, Y, 0.1)
    network = certnn.train(problem, gap=_GAP).network
    patterns = collect_patterns(problem, [("trained", network)], sampled=60)
    found = bound_over_patterns(problem, patterns, time_limit=1e4)
    best = found.network.evaluate(problem).value
    assert (1.0 - 2e-3) * best <= found.bound.value <= best
