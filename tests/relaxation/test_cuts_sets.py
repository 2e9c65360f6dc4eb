"""Forms on sets of points: their matrices, and sets whose moments no neurons have."""

from __future__ import annotations

from itertools import product

import cvxpy as cp
import numpy as np
import pytest
from small_problems import normal

from certnn.budget import Budget
from certnn.certificates.cuts_point import SetForm, choice_matrices
from certnn.kernel.cuts import set_pairs
from certnn.relaxation.interior.cuts.ascent import Ascent
from certnn.relaxation.interior.cuts.set_search import SetSearch
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.reduced.reduced_problem import reduce_problem


def moments_of_neurons(rng, rows, count):
    forms = rng.standard_normal((count, rows.shape[1])) @ rows.T
    forms = np.maximum(np.hstack([forms, -forms]), 0.0)
    return forms.T @ forms


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_choices_are_the_form_where_the_other_activations_vanish(k):
    rng = np.random.default_rng(k)
    pairs = set_pairs(k)
    assert len(pairs) == 2 * k * k
    form, part = rng.standard_normal(2 * k * k), rng.uniform(size=(2**k, k * (k - 1) // 2))
    matrices = SetForm(np.arange(k), form, part).choices()
    for number, signs in enumerate(product((0, 1), repeat=k)):
        eta = rng.uniform(size=k)
        h = np.zeros(2 * k)
        for p, sign in enumerate(signs):
            h[p + k * sign] = eta[p]
        value = sum(t * h[r] * h[s] for t, (r, s) in zip(form, pairs, strict=True))
        above = [eta[p] * eta[q] for p in range(k) for q in range(p + 1, k)]
        assert eta @ matrices[number] @ eta == pytest.approx(2.0 * (value - part[number] @ above))
    together = choice_matrices(k, np.stack([form, 2 * form]), np.stack([part, 2 * part]))
    assert together == pytest.approx(np.stack([matrices, 2 * matrices]))


@pytest.mark.parametrize("k", [3, 4])
def test_moments_of_neurons_violate_no_set(k):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((6, 4))
    moments = moments_of_neurons(rng, rows, 30)
    assert SetSearch(6, k, 0).violated(moments, 20, 2.0, Budget()) == []
    assert SetSearch(6, k, 0).violated(moments, 2, 2.0, Budget()) == []  # not all sets are tried


def dnn_moments(m):
    """Of the level dnn, for m directions."""
    program = make_program(reduce_problem(normal(1, m, 3, 2, reg=0.1)))
    ascent = Ascent(program, None, 4, Budget())
    assert ascent.solve(1e-3)
    return ascent.form_values()[: 2 * m, : 2 * m]


@pytest.mark.parametrize("k", [3, 4])
def test_forms_found_are_nonnegative_on_neurons_and_negative_for_the_moments(k):
    m = 9
    moments, rng = dnn_moments(m), np.random.default_rng(1)
    search = SetSearch(m, k, 0)
    found = search.violated(moments, 6, 5.0, Budget()) + search.violated(moments, 6, 5.0, Budget())
    assert found
    pairs = set_pairs(k)
    for one in found:
        index = np.concatenate([one.points, one.points + m])

        def value(moments, one=one, index=index):
            own = moments[np.ix_(index, index)]
            return sum(t * own[r, s] for t, (r, s) in zip(one.form, pairs, strict=True))

        assert value(moments) < 0.0
        assert value(moments) == pytest.approx(one.violation, rel=1e-6)
        for _ in range(50):
            size = rng.standard_normal(m)
            neuron = np.maximum(np.append(size, -size), 0.0)
            assert value(np.outer(neuron, neuron)) >= -1e-9 * np.sum(np.abs(one.form))
        matrices = SetForm(one.points, one.form, one.part).choices()
        assert np.min(np.linalg.eigvalsh(matrices)) > -1e-9 * np.max(np.abs(matrices))
        assert np.min(one.part) >= 0.0


def violation_needed(moments, k):
    """How far moments of k points are from those of neurons, by another model and solver.

    The distance, in the largest entry, to a sum over the choices of doubly nonnegative matrices.
    """
    total = cp.Constant(np.zeros((2 * k, 2 * k)))
    constraints = []
    for signs in product((0, 1), repeat=k):
        place = np.zeros((2 * k, k))
        place[[p + k * sign for p, sign in enumerate(signs)], np.arange(k)] = 1.0
        part = cp.Variable((k, k), PSD=True)
        constraints.append(part >= 0)
        total = total + place @ part @ place.T
    distance = cp.Minimize(cp.max(cp.abs(total - moments)))
    return cp.Problem(distance, constraints).solve(solver="SCS", eps_abs=1e-8, eps_rel=1e-8)


@pytest.mark.parametrize("k", [3, 4])
def test_sets_found_in_the_moments_of_dnn_are_violated(k):
    m = 8
    moments = dnn_moments(m)
    found = SetSearch(m, k, 0).violated(moments, 5, 2.0, Budget())
    assert 2 <= len(found) <= 5
    for one in found[:2]:
        assert np.all(np.diff(one.points) > 0)
        index = np.concatenate([one.points, one.points + m])
        own = moments[np.ix_(index, index)]
        size = np.sqrt(np.diag(own))
        assert violation_needed(own / size[:, None] / size[None, :], k) > 1e-5
