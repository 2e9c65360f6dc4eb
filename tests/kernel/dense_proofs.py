"""Theorems 9 and 10 in dense fractions, from the definition of the quadratic form."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from dataclasses import dataclass, field, replace
from fractions import Fraction

import networkx as nx
import numpy as np


def pack(values, kind="d"):
    values = np.ravel(np.asarray(values, dtype=object)).tolist()
    return b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


@dataclass(frozen=True)
class DenseProof:
    """A problem and a proof in lists of floats; L is a dense lower triangular matrix."""

    X: list
    Y: list
    reg: float
    kappa: float
    Z: list
    products: list  # (r, s, y)
    w: list
    L: list = field(default_factory=list)
    hidden_bias: bool = False
    claim: Fraction = Fraction(0)

    def replaced(self, **changes):
        return replace(self, **changes)

    @property
    def n(self):
        return len(self.X)

    @property
    def features(self):
        return [[*map(Fraction, row), *([Fraction(1)] * self.hidden_bias)] for row in self.X]

    @property
    def order(self):
        return self.n + len(self.features[0]) + len(self.Y[0])

    def twice_q(self, z):
        """kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y f_r f_s at z = (a, u, v)."""
        n, columns = self.n, len(self.features[0])
        a, u, v = z[:n], z[n : n + columns], z[n + columns :]
        b = [t - np.dot(row, u) for t, row in zip(a, self.features, strict=True)]
        forms = [*a, *b]
        value = Fraction(self.kappa) * sum(t * t for t in [*u, *v])
        value -= 2 * sum(
            a[i] * Fraction(self.Z[i][k]) * v[k] for i in range(n) for k in range(len(v))
        )
        return value - 2 * sum(Fraction(y) * forms[r] * forms[s] for r, s, y in self.products)

    def matrix(self):
        """2S, by polarisation of 2q."""
        N = self.order

        def q(*ones):
            return self.twice_q([Fraction(ones.count(i)) for i in range(N)])

        single = [q(i) for i in range(N)]
        return [
            [single[i] if i == j else (q(i, j) - single[i] - single[j]) / 2 for j in range(N)]
            for i in range(N)
        ]

    def remainder(self):
        """diag(w)·2S·diag(w) − LLᵀ."""
        S2 = np.array(self.matrix(), dtype=object)
        w = np.array([Fraction(t) for t in self.w], dtype=object)
        L = np.array([[Fraction(t) for t in row] for row in self.L], dtype=object)
        return w[:, None] * S2 * w[None, :] - L @ L.T

    def margins(self):
        """E_ii − Σ_{j≠i} |E_ij| of every row."""
        E = self.remainder()
        return [E[i, i] + abs(E[i, i]) - sum(abs(E[i])) for i in range(self.order)]

    def groups(self):
        graph = nx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from((r % self.n, s % self.n) for r, s, _ in self.products)
        return sorted(sorted(group) for group in nx.connected_components(graph))

    def admissible(self):
        return all(y >= 0 or s == r + self.n for r, s, y in self.products)

    def proves_kappa(self):
        return self.admissible() and min(self.w) > 0 and min(self.margins()) >= 0

    def document(self):
        """As a certificate."""
        n = self.n
        points = [self.L[i][j] for g in self.groups() for i in g for j in g if j <= i]
        border = range(n, self.order)
        first, second, y = zip(*self.products, strict=True) if self.products else ((), (), ())
        certificate = {
            "format": "certnn-certificate",
            "version": 1,
            "claim": {
                "lower_bound": f"{self.claim.numerator}/{self.claim.denominator}",
                "n": n,
                "d": len(self.X[0]),
                "c": len(self.Y[0]),
                "reg": self.reg,
                "loss": "half-squared",
                "hidden_bias": self.hidden_bias,
            },
            "data": {"X": pack(self.X), "Y": pack(self.Y)},
            "proof": {
                "kind": "psd",
                "kappa": self.kappa,
                "Z": pack(self.Z),
                "products": {
                    "first": pack(first, "I"),
                    "second": pack(second, "I"),
                    "multiplier": pack(y),
                },
                "weights": pack(self.w),
                "L_points": pack(points),
                "L_cross": pack([self.L[i][:n] for i in border]),
                "L_corner": pack([t for i in border for t in self.L[i][n : i + 1]]),
            },
        }
        return json.dumps(certificate).encode()

    def zero_factor(self):
        """The same with L = 0."""
        return self.replaced(L=[[0.0] * self.order for _ in range(self.order)])

    def masked(self):
        """The same with L set to zero where the arrow form has no entry."""
        number = {i: g for g, group in enumerate(self.groups()) for i in group}
        L = [list(row) for row in self.L]
        for i in range(self.order):
            for j in range(self.order):
                if j > i or (i < self.n and number[i] != number[j]):
                    L[i][j] = 0.0
        return self.replaced(L=L)
