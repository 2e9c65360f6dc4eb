"""A plain check of a phases proof in fractions, written from the theory and not from the kernel."""

from fractions import Fraction
from itertools import combinations, product
from math import isqrt

import numpy as np


def check(X, found):
    """Raise AssertionError unless the proof found is one of its kappa, exactly."""
    X = [[Fraction(x) for x in row] for row in X.tolist()]
    Z = [[Fraction(z) for z in row] for row in found.Z.tolist()]
    rays, cones = read_directions(found.directions, len(Z[0]))
    assert len(found.bounds) == len(found.pair_counts) == len(rays)
    bounds = [Fraction(h) for h in found.bounds.tolist()]
    for cone in cones:
        V = solved([rays[k] for k in cone], [bounds[k] for k in cone])
        assert sum(v * v for v in V) <= Fraction(found.kappa) ** 2
    pairs = list(
        zip(
            found.first.tolist(),
            found.second.tolist(),
            found.signs.tolist(),
            map(Fraction, found.ratios.tolist()),
            strict=True,
        )
    )
    splits, numbers = found.splits.tolist(), [Fraction(m) for m in found.multipliers.tolist()]
    for ray, h, count in zip(rays, bounds, found.pair_counts.tolist(), strict=True):
        sigma = [sum(a * b for a, b in zip(z, ray, strict=True)) for z in Z]
        mine, pairs = pairs[:count], pairs[count:]
        assert all(sigma[i] > 0 > sigma[j] and theta > 0 for i, j, _, theta in mine)
        splits, numbers = check_tree(X, sigma, h, mine, splits, numbers, {})
    assert not pairs
    assert not splits
    assert not numbers


def read_directions(tree, c):
    """The rays in the order of the leaves, and the cones by their numbers."""
    edges = list(combinations(range(c), 2))
    numbers, cones = {}, []

    def leaves(cone, tree):
        if tree[0] == 0:
            cones.append([numbers.setdefault(ray, len(numbers)) for ray in cone])
            return tree[1:]
        (i, j), p, q = edges[tree[0] - 1], tree[1], tree[2]
        assert p > 0
        assert q > 0
        middle = tuple(p * a + q * b for a, b in zip(cone[i], cone[j], strict=True))
        tree = leaves([*cone[:j], middle, *cone[j + 1 :]], tree[3:])
        return leaves([*cone[:i], middle, *cone[i + 1 :]], tree)

    for signs in product((1, -1), repeat=c):
        cone = [tuple(int(sign) * (i == j) for j in range(c)) for i, sign in enumerate(signs)]
        tree = leaves(cone, tree)
    assert not tree
    return list(numbers), cones


def solved(rows, right):
    rows = [[*map(Fraction, row), b] for row, b in zip(rows, right, strict=True)]
    for k in range(len(rows)):
        pivot = next(i for i in range(k, len(rows)) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(len(rows)):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def check_tree(X, sigma, h, pairs, splits, numbers, phases):
    point, splits = splits[0], splits[1:]
    if point == -1:
        return splits, check_leaf(X, sigma, h, pairs, numbers, phases)
    assert sigma[point] > 0
    assert point not in phases
    for phase in (-1, 1):
        rest = check_tree(X, sigma, h, pairs, splits, numbers, {**phases, point: phase})
        splits, numbers = rest
    return splits, numbers


def check_leaf(X, sigma, h, pairs, numbers, phases):
    """Σ σ_i (x_iᵀu)₊ ≤ h for |u| = 1 with these phases: p, A and the constants, term by term."""
    numbers = list(numbers)
    d = len(X[0])
    take = lambda: numbers.pop(0)  # noqa: E731
    p, A, constant = np.full(d, Fraction(0)), np.full((d, d), Fraction(0)), take()
    mu = constant
    rows = np.array(X, dtype=object).reshape(len(X), d)
    cover = {i: Fraction(0) for i, s in enumerate(sigma) if s > 0 and i not in phases}
    taken = {j: Fraction(0) for j, s in enumerate(sigma) if s < 0}
    minorants = {}

    def curved(weight, line, bend):
        nonlocal p, A, constant
        alpha = take()
        assert weight >= 0
        assert alpha >= 0
        if weight:
            assert alpha > 0
            constant += weight**2 / (16 * alpha)
        p = p + weight / 2 * line
        A = A + alpha * np.outer(bend, bend)

    for i, s in enumerate(sigma):
        if s < 0:
            theta, eta = take(), take()
            minorants[i] = theta, eta
            p = p - theta * rows[i]
            A = A - eta * np.outer(rows[i], rows[i])
        elif s > 0 and i in phases:
            multiplier = take()
            assert multiplier >= 0
            p = p + (phases[i] * multiplier + (s if phases[i] > 0 else 0)) * rows[i]
        elif s > 0:
            cover[i] = take()
            curved(cover[i], rows[i], rows[i])
    for i, j, sign, ratio in pairs:
        if i not in phases:
            weight = take()
            cover[i] += weight
            taken[j] += weight * ratio
            curved(weight, rows[i] - ratio * rows[j], rows[i] - sign * ratio * rows[j])
    for i, j in combinations(sorted(phases), 2):
        both = phases[i] * phases[j]
        if both * (rows[i] @ rows[j]) < 0:
            multiplier = take()
            assert multiplier >= 0
            outer = np.outer(rows[i], rows[j])
            A = A + both * multiplier / 2 * (outer + outer.T)
    assert all(weight >= sigma[i] for i, weight in cover.items())
    for j, (theta, eta) in minorants.items():
        steepest = eta * root_above(rows[j] @ rows[j])
        assert eta >= 0
        assert theta >= steepest
        assert -sigma[j] - taken[j] - theta >= steepest
    S = np.full((d + 1, d + 1), Fraction(0))
    S[0, 0], S[0, 1:], S[1:, 0], S[1:, 1:] = h - constant, -p / 2, -p / 2, -A
    for k in range(d):
        S[k + 1, k + 1] += mu
    for k in range(d + 1):
        assert S[k, k] > 0
        S[k + 1 :, k:] -= np.outer(S[k + 1 :, k] / S[k, k], S[k, k:])
    return numbers


def root_above(square):
    """A fraction that is at least the square root, and hardly more."""
    bits = 2**200
    return Fraction(isqrt(int(square * bits)) + 1, 2**100)
