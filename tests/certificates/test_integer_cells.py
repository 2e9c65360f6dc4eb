"""The plain form of a proof by cells says what the certificate says."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from certificate_parts import exact_numbers, files, unpack
from integer_tokens import GOOD, read_outputs, taken_claim

import certnn
from certnn import kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import javascript_checker

CELLS = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "cells"}


def features(certificate):
    """Rows of exact numbers: the radius of the ball first, or the column of a bias last."""
    claim, proof = certificate["claim"], certificate["proof"]
    n, d = claim["n"], claim["d"]
    X = exact_numbers(certificate["data"]["X"])
    rows = [X[i * d :][:d] for i in range(n)]
    if "ball" in proof:
        *center, radius = exact_numbers(proof["ball"])
        return [[radius, *(a - b for a, b in zip(row, center, strict=True))] for row in rows]
    return [[*row, 1] for row in rows] if claim["hidden_bias"] else rows


def require_rounded(exact, rounded, unit):
    """Each within half a unit, and the longest of 26 bits."""
    for a, b in zip(exact, rounded, strict=True):
        assert abs(a - b * unit) <= unit / 2
    assert 2**25 <= max(map(abs, rounded)) <= 2**26


@pytest.mark.parametrize("name", CELLS)
def test_every_number_of_a_proof_by_cells_is_passed_on(name):
    proof, d = CELLS[name]["proof"], CELLS[name]["claim"]["d"]
    tokens, n, columns, c = taken_claim(CELLS[name])
    (has_ball,) = tokens.take(1)
    assert has_ball == ("ball" in proof)
    if has_ball:
        ball = [Fraction(x, tokens.data_unit) for x in tokens.take(d + 1)]
        assert ball == exact_numbers(proof["ball"])

    turned = columns - has_ball
    (rotation_unit,) = tokens.take(1)
    rotation = [Fraction(x, rotation_unit) for x in tokens.take(turned**2)]
    assert rotation == exact_numbers(proof["rotation"])
    over, under = tokens.take(2)
    exact = []
    for row in features(CELLS[name]):
        exact += [(1 + Fraction(1, 2**30)) * x for x in row[:has_ball]]
        for j in range(turned):
            axis = rotation[j::turned]
            exact.append(sum(a * b for a, b in zip(row[has_ball:], axis, strict=True)))
    unit = Fraction(under, over * tokens.data_unit * rotation_unit * 2**30)
    points = tokens.take(n * columns)
    require_rounded(exact, points, unit)

    Z, directions, cones = exact_numbers(proof["Z"]), [], []
    heights_unit, count = tokens.take(2)
    bounds = []
    for _ in range(count):
        ray, (height, over, under) = tokens.take(c), tokens.take(3)
        directions.append(ray)
        bounds.append(Fraction(height, heights_unit))
        sigma = [sum(a * b for a, b in zip(Z[i * c :], ray, strict=False)) for i in range(n)]
        weights = tokens.take(n)
        weight_unit = Fraction(under, over * tokens.dual_unit)
        require_rounded(sigma, weights, weight_unit)
        lost = sum(
            sum(map(abs, points[i * columns :][:columns])) + (abs(weights[i]) + 1) * columns
            for i in range(n)
            if sigma[i]
        )
        room = (1 - Fraction(1, 2**30)) * bounds[-1] / (unit * weight_unit) - Fraction(lost, 2)
        (level,) = tokens.take(1)
        assert room - 2 < level <= room
    assert bounds == exact_numbers(proof["bounds"])
    for _ in range(2**c):
        read_outputs(tokens, c, cones)
    for members, V in cones:
        for k in members:
            assert sum(a * b for a, b in zip(directions[k], V, strict=True)) == bounds[k]

    order = [*range(turned, columns), *range(turned)]  # of the file's coordinates here
    nodes = []
    for node in tokens.take(*tokens.take(1)):
        zero, j = divmod(node - 1, columns)
        nodes.append(1 + zero * columns + order[j] if node else 0)
    assert nodes == unpack(proof["tree"], "B")
    assert tokens.take(*tokens.take(1)) == unpack(proof["codes"], "B")
    multipliers = []
    for _ in range(*tokens.take(1)):
        *sides, sphere = tokens.over_unit(columns + 1)
        multipliers += [*(sides[order.index(j)] for j in range(columns)), sphere]
    assert multipliers == unpack(proof["multipliers"], "f")
    assert tokens.rest == []


@pytest.mark.parametrize(
    "name",
    [
        "bound-missing",
        "bound-tiny",
        "bound-too-many",
        "bound-zero",
        "coordinate-out-of-range",
        "directions-empty",
        "free-bias-radius-a-little-less",
        "kappa-halved",
        "multipliers-missing",
        "rotation-singular",
        "rotation-that-shortens",
    ],
)
def test_cells_without_their_form_are_rejected(name):
    paths = {path.stem: path for path in files("incorrect")}
    with pytest.raises(kernel.Rejected):
        verified.integer_form(paths[f"cells-{name}"].read_bytes())


def test_as_many_mixed_points_as_the_page_takes_are_no_matter_of_the_stack():
    """Of a proof far from tight, so that its first leaf has nearly all points on both sides."""
    X, Y = (np.random.default_rng(0).standard_normal((1490, width)) for width in (3, 1))
    problem = certnn.TrainingProblem(X, Y, reg=30.0)
    certificate = certnn.lower_bound(problem, level="cells", gap=0.9).certificate
    line = verified.integer_form(certificate.document)
    bound = certificate.check().value
    assert javascript_checker()(line) == f"proved: {bound.numerator}/{bound.denominator}"
