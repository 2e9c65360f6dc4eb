"""Proofs of kind cuts, by hand and against sampled neurons."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certnn.certificates.cuts_certify import certify_cuts
from certnn.certificates.cuts_point import CutsPoint, SetForm, Slacks
from certnn.certificates.dual_point import Products
from certnn.kernel.cuts import Cuts, set_pairs
from certnn.kernel.definite import Witness
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.forms import ProductList, one_group
from certnn.kernel.products import ProductsProof, check_products
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work
from certnn.problem.training_problem import TrainingProblem

#: x₀ = 1 + ε and x₁ = 1, of which the slack a₁ − a₀ has the defect ε.
EPSILON = Fraction(1, 1 << 20)


def exact(rows, bits=60):
    integers = [[int(Fraction(t) * 2**bits) for t in row] for row in rows]
    assert all(
        Fraction(k, 2**bits) == Fraction(t)
        for p, q in zip(integers, rows, strict=True)
        for k, t in zip(p, q, strict=True)
    )
    return ExactMatrix(integers, -bits)


def by_hand(kappa, *, epsilon=EPSILON, multiplier=1, theta=1):
    """y = 1 for (a₁ − a₀)·a₀ and −1 for a₁·b₁, Z = 0, w = 1 and L = 0.

    2q = kappa(u² + v²) − 2λu² + 2a₀² − 2a₀a₁ + 2a₁² − 2a₁u with λ = ε(1 + ε). The row of a₁ is
    dominant with equality and that of u if kappa ≥ 2λ + 1.
    """
    proof = ProductsProof(
        kappa=float(kappa),
        Z=exact([[0], [0]]),
        products=ProductList([0, 1], [4, 3], exact([[multiplier, -1]]).transposed()),
        groups=one_group(2),
        witness=Witness.dense(exact([[1]] * 4), exact([[0]] * 10)),
        cuts=Cuts(
            targets=[0],
            supports=[[1]],
            theta=exact([[theta]]),
            sets=[],
            set_forms=exact([[]]),
            set_parts=exact([[]]),
        ),
    )
    check_products(exact([[1 + epsilon], [1]]), proof, Work(1 << 24, "auto"))


def test_the_defect_of_a_slack_is_paid_for_exactly():
    least = 1 + 2 * EPSILON * (1 + EPSILON)
    assert Fraction(float(least)) == least
    by_hand(least)
    with pytest.raises(Rejected, match="row 2"):
        by_hand(math.nextafter(float(least), 0.0))
    by_hand(1.0, epsilon=0)
    with pytest.raises(Rejected, match="row 2"):
        by_hand(math.nextafter(1.0, 0.0), epsilon=0)


def test_a_wrong_slack_costs_its_defect():
    """θ = ½: ρ = ½ + ε, and −a₀·(½a₁ − a₀) leaves the other rows dominant."""
    rho = Fraction(1, 2) + EPSILON
    least = 1 + 2 * rho * (1 + EPSILON)
    by_hand(least, theta=Fraction(1, 2))
    with pytest.raises(Rejected):
        by_hand(math.nextafter(float(least), 0.0), theta=Fraction(1, 2))


def test_products_with_slacks_need_positive_multipliers():
    with pytest.raises(Rejected, match=r"product \(0, 4\) is negative"):
        by_hand(100.0, multiplier=-EPSILON)


def a_set(form, part, kappa=4.0):
    """One set of the points 0 and 1 with x₀ = x₁ = 1, and −2 for both a_i·b_i."""
    proof = ProductsProof(
        kappa=kappa,
        Z=exact([[0], [0]]),
        products=ProductList([0, 1], [2, 3], exact([[-2, -2]]).transposed()),
        groups=one_group(2),
        witness=Witness.dense(exact([[1]] * 4), exact([[0]] * 10)),
        cuts=Cuts(
            targets=[],
            supports=[],
            theta=exact([[]]),
            sets=[[0, 1]],
            set_forms=exact([form]),
            set_parts=exact([part]),
        ),
    )
    check_products(exact([[1], [1]]), proof, Work(1 << 24, "auto"))


def test_sets_are_copositive_on_every_choice():
    assert set_pairs(2) == [(0, 0), (0, 1), (0, 3), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3)]
    small = Fraction(1, 1 << 30)
    good = [small, 1, 0, small, 0, small, 0, small]  # ε(a₀² + a₁² + b₀² + b₁²) + a₀a₁
    a_set(good, [1, 0, 0, 0], kappa=100.0)
    with pytest.raises(Rejected, match="not proved copositive"):
        a_set(good, [0, 0, 0, 0], kappa=100.0)
    with pytest.raises(Rejected, match="not proved copositive"):
        a_set(good, [1, 0, 0, 1], kappa=100.0)
    with pytest.raises(Rejected, match="is negative"):
        a_set(good, [1, 0, -small, 0], kappa=100.0)
    for number in range(8):
        bad = [*good[:number], -1, *good[number + 1 :]]
        with pytest.raises(Rejected, match="not proved copositive"):
            a_set(bad, [1 if number != 1 else 0, 0, 0, 0], kappa=100.0)


def random_point(rng, problem):
    """A point with slacks whose θ are about right, sets and products, all at random."""
    n, columns = problem.features.shape
    relations = []
    for i in range(n):
        points = np.sort(rng.choice(np.delete(np.arange(n), i), columns, replace=False))
        relations.append(
            (i, points, np.linalg.solve(problem.features[points].T, problem.features[i]))
        )
    slacks = Slacks.of(relations)
    first, second = rng.integers(0, 2 * n, 2 * n), rng.integers(2 * n, 3 * n, 2 * n)
    norms = np.abs(slacks.rows(problem.features)).sum(axis=1)
    sets = tuple(
        SetForm(
            points=rng.choice(n, 3, replace=False),
            form=1e-3 * rng.standard_normal(18),
            part=1e-3 * rng.uniform(size=(8, 3)),
        )
        for _ in range(3)
    )
    return CutsPoint(
        Z=problem.Y + 0.3 * rng.standard_normal(problem.Y.shape),
        products=Products.vanishing(-np.ones(n)),
        slacks=slacks,
        first=first,
        second=second,
        multiplier=rng.uniform(0.0, 0.1, 2 * n) / norms[second - 2 * n],
        sets=sets,
    )


@pytest.mark.parametrize("seed", range(6))
def test_kappa_is_never_below_a_neuron(seed):
    rng = np.random.default_rng(seed)
    problem = TrainingProblem(rng.standard_normal((6, 2)), rng.standard_normal((6, 2)), 0.1)
    point = random_point(rng, problem)
    certified = certify_cuts(problem, point, {})
    u = rng.standard_normal((20_000, 2))
    u /= np.linalg.norm(u, axis=1)[:, None]
    norms = np.linalg.norm(np.maximum(u @ problem.X.T, 0.0) @ point.Z, axis=1)
    # L is s⟨Z, Y⟩ − ½s²‖Z‖² with s at most reg over any neuron's norm.
    product, square = float(np.sum(point.Z * problem.Y)), float(np.sum(point.Z**2))
    scale = min(max(product / square, 0.0), problem.reg / float(np.max(norms)))
    assert 0.0 < certified.bound.value <= scale * product - 0.5 * scale**2 * square + 1e-12


def test_order_of_slacks_and_sets_does_not_matter():
    rng = np.random.default_rng(1)
    problem = TrainingProblem(rng.standard_normal((6, 2)), rng.standard_normal((6, 2)), 0.1)
    point = random_point(rng, problem)
    turned = replace(point, sets=point.sets[::-1], first=point.first[::-1])
    turned = replace(turned, second=point.second[::-1], multiplier=point.multiplier[::-1])
    one, other = (certify_cuts(problem, p, {}).bound.rounded for p in (point, turned))
    assert one == pytest.approx(other, rel=1e-9)
