"""Theorems 18 and 19 in floats, and provers that try no more than a few splits."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import combinations, product
from math import inf, nextafter

import numpy as np

from certnn.certificates.search_documents import PhasesDocument
from certnn.kernel.exact import exact_matrix
from certnn.kernel.outputs import DirectedProof


@dataclass
class Parts:
    """The lists of a proof, as they grow."""

    kappa: float = 1.0
    directions: bytearray = field(default_factory=bytearray)
    bounds: list = field(default_factory=list)
    splits: list = field(default_factory=list)
    pairs: list = field(default_factory=list)  # of each direction: (i, j, sign, ratio)
    leaves: list = field(default_factory=list)  # of each leaf: {slot: multiplier}

    def proof(self, Z):
        pairs = [pair for of_direction in self.pairs for pair in of_direction]
        first, second, signs, ratios = ([pair[k] for pair in pairs] for k in range(4))
        rest = {
            "splits": array("i", self.splits),
            "pair_counts": array("I", [len(pairs) for pairs in self.pairs]),
            "first": array("I", first),
            "second": array("I", second),
            "signs": array("i", signs),
            "ratios": array("d", ratios),
            "multipliers": array("f", [value for leaf in self.leaves for value in leaf.values()]),
        }
        return DirectedProof(
            kind="phases",
            kappa=float(self.kappa),
            Z=matrix(Z),
            directions=bytes(self.directions),
            bounds=array("d", self.bounds),
            rest=rest,
        )

    def certificate(self, problem, Z):
        proof = self.proof(Z)
        kinds = {"bounds": "f8", "splits": "i4", "pair_counts": "u4", "first": "u4"}
        kinds |= {"second": "u4", "signs": "i4", "ratios": "f8", "multipliers": "f4"}
        given = {"bounds": proof.bounds} | proof.rest
        lists = {name: np.array(given[name], kind) for name, kind in kinds.items()}
        document = PhasesDocument(proof.kappa, Z, proof.directions, **lists)
        return document.certificate(problem, {})


def matrix(entries):
    entries = np.ascontiguousarray(np.asarray(entries, dtype=float))
    return exact_matrix(entries.astype("<f8").tobytes(), *entries.shape)


def slots(X, weights, pairs, phases):
    """What the multipliers of a leaf belong to, in the order of the file."""
    found = [("mu",)]
    for i, weight in enumerate(weights):
        if i in phases:
            found.append(("lambda", i))
        elif weight < 0:
            found += [("theta", i), ("eta", i)]
        elif weight > 0:
            found += [("pi", i), ("alpha", i)]
    for k, pair in enumerate(pairs):
        if pair[0] not in phases:
            found += [("pair pi", k), ("pair alpha", k)]
    for i, j in combinations(sorted(phases), 2):
        if phases[i] * phases[j] * (X[i] @ X[j]) < 0:
            found.append(("nu", i, j))
    return found


def differences(X, pairs, slot):
    """The vectors of a term in p and in A."""
    if slot[0] == "pi":
        return X[slot[1]], X[slot[1]]
    i, j, sign, ratio = pairs[slot[1]]
    return X[i] - ratio * X[j], X[i] - sign * ratio * X[j]


def form(X, weights, pairs, phases, leaf):
    """p, A and the sum of the gammas; the entries may be floats, fractions or expressions."""
    p, A, gammas = 0 * X[0], 0 * np.outer(X[0], X[0]), 0
    for i, sign in phases.items():
        p = p + X[i] * (sign * leaf["lambda", i] + (weights[i] if sign > 0 else 0))
    for slot, value in leaf.items():
        if slot[0] == "theta":
            p = p - X[slot[1]] * value
        elif slot[0] == "eta":
            A = A - np.outer(X[slot[1]], X[slot[1]]) * value
        elif slot[0] in ("pi", "pair pi"):
            half, root = differences(X, pairs, slot)
            alpha = leaf[slot[0][:-2] + "alpha", slot[1]]
            p = p + half * (value / 2)
            A = A + np.outer(root, root) * alpha
            if value > 0:
                gammas = gammas + value * value / (16 * alpha)
        elif slot[0] == "nu":
            _, i, j = slot
            product = np.outer(X[i], X[j])
            A = A + (product + product.T) * (phases[i] * phases[j] * value / 2)
    return p, A, gammas


def left_over(weights, pairs, phases, leaf):
    """|σ| of each point without what the pairs take of it."""
    left = np.abs(weights)
    for k, (i, j, _, ratio) in enumerate(pairs):
        if i not in phases:
            left[i] -= leaf["pair pi", k]
            left[j] -= leaf["pair pi", k] * ratio
    return left


def least_bound(X, weights, pairs, phases, leaf):
    """The least h that the leaf proves, up to rounding, and mu to go with it."""
    p, A, gammas = form(X, weights, pairs, phases, leaf)
    eigenvalues, vectors = np.linalg.eigh(A)
    squares = (vectors.T @ p) ** 2
    low = eigenvalues[-1]
    scale = max(np.sqrt(squares.sum()), abs(low), 1e-3)
    steps = np.geomspace(1e-6, 10, 400)
    for _ in range(2):  # the second time between the neighbours of the best
        grid = np.float32(low + scale * steps).astype(float)
        values = grid + (squares / 4 / (grid[:, None] - eigenvalues)).sum(axis=1)
        values[grid <= low + 1e-9 * scale] = inf
        best = np.argmin(values)
        steps = np.geomspace(steps[max(best - 1, 0)], steps[min(best + 1, 399)], 400)
    return float(values[best] + gammas) * (1 + 1e-9), float(grid[best])


def repaired(X, weights, pairs, phases, leaf):
    """Nearby multipliers in float32 that satisfy all conditions but that on h, and their h."""
    small = np.float32
    leaf = {slot: float(small(max(value, 0.0))) for slot, value in leaf.items()}
    for slot in leaf:
        if slot[0] in ("pi", "pair pi"):
            alpha = slot[0][:-2] + "alpha", slot[1]
            if leaf[slot] == 0 or leaf[alpha] == 0:
                leaf[slot] = leaf[alpha] = 0.0
    left = left_over(weights, pairs, phases, leaf)
    for i, weight in enumerate(weights):
        while weight < 0 and left[i] < 0:  # the pairs take too much
            for k, pair in enumerate(pairs):
                if pair[1] == i and pair[0] not in phases:
                    leaf["pair pi", k] = float(small(0.99 * leaf["pair pi", k]))
            left = left_over(weights, pairs, phases, leaf)
    for i, weight in enumerate(weights):
        if weight < 0:
            leaf["theta", i] = float(small(min(leaf["theta", i], left[i] * (1 - 1e-6))))
            room = min(leaf["theta", i], left[i] - leaf["theta", i])
            steepest = max(room, 0) / max(np.linalg.norm(X[i]), 1e-9) * (1 - 1e-6)
            leaf["eta", i] = float(small(min(leaf["eta", i], steepest) * (1 - 1e-6)))
        elif weight > 0 and i not in phases:
            if leaf["pi", i] < left[i]:
                leaf["pi", i] = float(np.nextafter(small(left[i]), small(inf)))
            if leaf["pi", i] > 0 and leaf["alpha", i] == 0:
                leaf["alpha", i] = float(small(leaf["pi", i] / 4))
    h, leaf["mu",] = least_bound(X, weights, pairs, phases, leaf)
    return leaf, h


def random_leaf(rng, X, weights, pairs, phases):
    """Multipliers of all kinds that prove some h."""
    counts = np.bincount([pair[1] for pair in pairs], minlength=len(X)) + 1
    leaf = {}
    for slot in slots(X, weights, pairs, phases):
        size = rng.choice([0.0, rng.uniform(0, 1)], p=[0.2, 0.8])
        if slot[0] in ("theta", "eta"):
            size *= abs(weights[slot[1]])
        elif slot[0] == "pair pi":
            _, j, _, ratio = pairs[slot[1]]
            size *= abs(weights[j]) / ratio / counts[j]
        leaf[slot] = size
    return repaired(X, weights, pairs, phases, leaf)


def best_leaf(X, weights, pairs, phases):
    """Multipliers that prove the least h that a leaf can, nearly; by a semidefinite program."""
    import cvxpy as cp

    names = slots(X, weights, pairs, phases)
    d, leaf, gammas = X.shape[1], {slot: cp.Variable() for slot in names}, 0
    conditions = [leaf[slot] >= 0 for slot in names if slot[0] != "mu"]
    p, A = np.zeros(d), np.zeros((d, d))
    left = {i: abs(weight) for i, weight in enumerate(weights)}
    for slot in names:
        if slot[0] == "lambda":
            i = slot[1]
            p = p + X[i] * phases[i] * leaf[slot] + X[i] * (weights[i] if phases[i] > 0 else 0)
        elif slot[0] == "theta":
            p = p - X[slot[1]] * leaf[slot]
        elif slot[0] == "eta":
            A = A - np.outer(X[slot[1]], X[slot[1]]) * leaf[slot]
        elif slot[0] in ("pi", "pair pi"):
            half, root = differences(X, pairs, slot)
            if slot[0] == "pi":
                left[slot[1]] = left[slot[1]] - leaf[slot]
            else:
                i, j, _, ratio = pairs[slot[1]]
                left[i], left[j] = left[i] - leaf[slot], left[j] - ratio * leaf[slot]
            alpha, gamma = leaf[slot[0][:-2] + "alpha", slot[1]], cp.Variable()
            gammas = gammas + gamma
            quarter = leaf[slot] / 4
            conditions.append(cp.bmat([[gamma, quarter], [quarter, alpha]]) >> 0)
            p = p + half * leaf[slot] / 2
            A = A + np.outer(root, root) * alpha
        elif slot[0] == "nu":
            _, i, j = slot
            both = np.outer(X[i], X[j])
            A = A + (both + both.T) * (phases[i] * phases[j] / 2) * leaf[slot]
    for i, weight in enumerate(weights):
        if weight < 0:
            room = leaf["eta", i] * np.linalg.norm(X[i])
            conditions += [leaf["theta", i] >= room, left[i] - leaf["theta", i] >= room]
        elif weight > 0 and i not in phases:
            conditions.append(left[i] <= 0)
    h, S = cp.Variable(), cp.Variable((d + 1, d + 1), symmetric=True)
    conditions += [
        S >> 0,
        h >= 1e-3,  # no bound is smaller; and a cell may be a point
        S[0, 0] == h - leaf["mu",] - gammas,
        S[0, 1:] == -p / 2,
        S[1:, 1:] == leaf["mu",] * np.eye(d) - A,
    ]
    cp.Problem(cp.Minimize(h), conditions).solve(solver="CLARABEL")
    values = {slot: float(variable.value) for slot, variable in leaf.items()}
    for slot in names:  # a term with hardly any weight is dropped
        if slot[0] in ("pi", "pair pi") and values[slot] < 1e-7 * np.abs(weights).max():
            values[slot] = values[slot[0][:-2] + "alpha", slot[1]] = 0.0
    return repaired(X, weights, pairs, phases, values)


def cones_of_outputs(rng, c, most_splits):
    """The tree, and the rays of its leaves."""
    tree, cones, edges, unit = (
        bytearray(),
        [],
        list(combinations(range(c), 2)),
        np.eye(c, dtype=int),
    )
    for signs in product((1, -1), repeat=c):
        stack = [[sign * ray for sign, ray in zip(signs, unit, strict=True)]]
        while stack:
            cone = stack.pop()
            if not edges or most_splits == 0 or rng.random() < 0.5:
                tree.append(0)
                cones.append([tuple(map(int, ray)) for ray in cone])
                continue
            most_splits -= 1
            code, p, q = rng.integers(len(edges)), rng.integers(1, 3), rng.integers(1, 3)
            tree += bytes([1 + code, p, q])
            i, j = edges[code]
            ray = p * cone[i] + q * cone[j]
            stack.append([*cone[:i], ray, *cone[i + 1 :]])
            stack.append([*cone[:j], ray, *cone[j + 1 :]])
    return tree, cones


def all_pairs(X, weights):
    """A pair for all points with weights of opposite signs whose rows are not orthogonal."""
    return [
        (i, j, 1 if X[i] @ X[j] > 0 else -1, float(np.linalg.norm(X[i]) / np.linalg.norm(X[j])))
        for i, j in product(range(len(X)), repeat=2)
        if weights[i] > 0 > weights[j] and X[i] @ X[j] != 0
    ]


def prove(X, Z, rng, most_splits=2, prove_leaf=None, depth=None):
    """A proof of some kappa. `depth` is that of the trees of phases; random if None."""
    prove_leaf = prove_leaf or (lambda *given: random_leaf(rng, *given))
    parts = Parts()
    parts.directions, cones = cones_of_outputs(rng, Z.shape[1], most_splits)
    heights = dict.fromkeys(ray for cone in cones for ray in cone)
    for ray in heights:
        weights = Z @ np.array(ray)
        pairs = [pair for pair in all_pairs(X, weights) if rng.random() < 0.7]
        bound, stack = 1e-3, [{}]
        while stack:
            phases = stack.pop()
            mixed = [i for i in range(len(X)) if weights[i] > 0 and i not in phases]
            deep = len(phases) >= depth if depth is not None else rng.random() < 0.6
            if deep or not mixed:
                leaf, h = prove_leaf(X, weights, pairs, phases)
                parts.splits.append(-1)
                parts.leaves.append(leaf)
                bound = max(bound, h)
                continue
            i = int(rng.choice(mixed))
            parts.splits.append(i)
            stack += [phases | {i: 1}, phases | {i: -1}]
        heights[ray] = bound
        parts.bounds.append(bound)
        parts.pairs.append(pairs)
    norms = [np.linalg.norm(np.linalg.solve(cone, [heights[r] for r in cone])) for cone in cones]
    parts.kappa = nextafter(max(norms) * (1 + 1e-12), inf)
    return parts
