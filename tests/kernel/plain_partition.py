"""Theorems 15 and 16 in plain arrays, of fractions or of floats, and a simple search."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np


def fractions(values):
    return np.vectorize(Fraction, otypes=[object])(np.asarray(values))


def relu(values):
    return np.where(values > 0, values, 0 * values)


def leaf_form(X, Z, kappa, R, w):
    """Q of Theorem 15 with the E_i that w chooses; the rays are the columns of R."""
    A, B = relu(X @ R), relu(-X @ R)
    J = [i for i in range(len(X)) if any(A[i] > 0) and any(B[i] > 0)]
    E = {i: A[i] if A[i] @ w <= B[i] @ w else B[i] for i in J}
    G = Z.T @ A
    Q = kappa * kappa * (R.T @ R) - G.T @ G
    centred, nothing = G, 0 * kappa * w
    for c in range(Z.shape[1]):
        p, n = (sum((E[i] * max(s * Z[i, c], 0) for i in J), nothing) for s in (1, -1))
        Q = Q - (np.outer(p, n) + np.outer(n, p)) / 2
    for i in J:
        centred = centred - np.outer(Z[i], E[i]) / 2
    for i in J:
        loss = relu(-(Z[i] @ centred))
        Q = Q - np.outer(E[i], loss) - np.outer(loss, E[i])
    return Q


def truncated(Q):
    """Q′: its diagonal and its negative entries."""
    return np.where(np.eye(len(Q), dtype=bool) | (Q < 0), Q, 0 * Q)


def proves(X, Z, kappa, R, w):
    return min(w) > 0 and min(truncated(leaf_form(X, Z, kappa, R, w)) @ w) >= 0


def witness(X, Z, kappa, R):
    """Integers w > 0 that prove the leaf, or None; found in floats."""
    length = np.sqrt(np.sum(R * R, axis=0).astype(float))
    w = np.maximum(1, np.round(1000 * length.max() / length)).astype(np.int64)
    for _ in range(3):
        if proves(X, Z, kappa, R, w * type(kappa)(1)):
            return w.tolist()
        Q = truncated(leaf_form(X, Z, kappa, R, w * type(kappa)(1))).astype(float)
        Q /= np.outer(length, length)
        if np.linalg.eigvalsh(Q)[0] <= 1e-12:
            return None
        w = np.linalg.solve(Q, np.ones(len(Q))) / length
        w = np.maximum(1, np.round(w / w.max() * 2**24)).astype(np.int64)
    return None


def cover(X, Z, kappa, basis, most_leaves=2000):
    """Tree and witnesses, bisecting the longest edge, or None if there would be too many leaves.

    The arrays all have entries of the type of kappa.
    """
    tree, witnesses, leaves = bytearray(), [], 0
    edges = list(combinations(range(len(basis)), 2))
    for signs in product((1, -1), repeat=len(basis)):
        stack = [(basis * np.reshape(signs, (-1, 1))).T]
        while stack:
            R = stack.pop()
            w = witness(X, Z, kappa, R)
            leaves += 1
            if w is not None:
                tree.append(0)
                witnesses.extend(w)
                continue
            if not edges or leaves > most_leaves:
                return None
            unit = R.astype(float)
            unit /= np.sqrt(np.sum(unit * unit, axis=0))
            code = min(range(len(edges)), key=lambda e: unit[:, edges[e][0]] @ unit[:, edges[e][1]])
            i, j = edges[code]
            tree += bytes([1 + code, 1, 1])
            first, second = R.copy(), R.copy()
            first[:, j] = second[:, i] = R[:, i] + R[:, j]
            stack += [second, first]
    return bytes(tree), witnesses
