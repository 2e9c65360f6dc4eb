"""What is true of the problem in a certificate, found without certnn's kernel."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
from certificate_parts import unpack

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.training import train_locally


def _data(certificate):
    claim, data = certificate["claim"], certificate["data"]
    n, d, c = claim["n"], claim["d"], claim["c"]
    X = np.reshape([Fraction(x) for x in unpack(data["X"])], (n, d))
    Y = np.reshape([Fraction(y) for y in unpack(data["Y"])], (n, c))
    if claim["hidden_bias"]:
        X = np.hstack([X, np.full((n, 1), Fraction(1))])
    return X, Y, Fraction(claim["reg"])


def objective(certificate, U, V):
    """The training objective of a network in fractions, from its definition."""
    X, Y, reg = _data(certificate)
    U, V = (np.vectorize(Fraction, otypes=[object])(weights) for weights in (U, V))
    residual = np.maximum(X @ U, Fraction(0)) @ V - Y
    if certificate["claim"]["hidden_bias"] == "free":
        U = U[:-1]
    return (np.sum(residual * residual) + reg * (np.sum(U * U) + np.sum(V * V))) / 2


def strong_networks(certificate):
    """The network that training finds, smaller and larger ones, and random ones."""
    claim, data = certificate["claim"], certificate["data"]
    X = np.reshape(unpack(data["X"]), (claim["n"], claim["d"]))
    Y = np.reshape(unpack(data["Y"]), (claim["n"], claim["c"]))
    problem = TrainingProblem(X, Y, claim["reg"], claim["hidden_bias"])
    best = train_locally(problem, Budget(work=20.0)).network
    rng = np.random.default_rng(0)
    networks = [(factor * best.U, factor * best.V) for factor in (1.0, 0.0, 0.7, 0.9, 1.1)]
    for width in (1, 2, 5):
        shapes = (best.U.shape[0], width), (width, claim["c"])
        networks.append(tuple(rng.standard_normal(shape) for shape in shapes))
    return networks


def optimum_rounded_up(certificate):
    """P* where it has a closed form, rounded up by next to nothing; None elsewhere.

    Atoms (Xu)₊vᵀ with |u| = |v| = 1 have at most two directions, with no point in common: of (x)₊
    and (−x)₊ for one column, of 1 for one point. Each is a scalar problem.
    """
    X, Y, reg = _data(certificate)
    if X.shape[1] == 1:
        atoms = [np.maximum(sign * X[:, 0], Fraction(0)) for sign in (1, -1)]
        scores = [(np.sum((a @ Y) ** 2), a @ a) for a in atoms]
    elif X.shape[0] == 1:
        scores = [(np.sum(X * X) * np.sum(Y * Y), np.sum(X * X))]
    else:
        return None
    gains = [max(_root(score) - reg, 0) ** 2 / square for score, square in scores if square]
    return (np.sum(Y * Y) - sum(gains)) / 2


def _root(square):
    """The square root of a fraction, rounded down to a relative 2⁻³⁰⁰ or so; exact if rational."""
    whole = square.numerator * square.denominator
    bits = max(0, 600 - whole.bit_length()) // 2
    return Fraction(isqrt(whole << (2 * bits)), square.denominator << bits)
