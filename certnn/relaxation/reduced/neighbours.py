"""Pairs of directions close in angle, up to sign, and the products that join them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray

_NEIGHBOURS = 4


@dataclass(frozen=True, eq=False)
class Links:
    """Links i < j with sign +1 for x_i close to x_j, −1 for x_i close to −x_j."""

    low: IndexArray
    high: IndexArray
    sign: IndexArray

    def united(self, other: Links, m: int) -> Links:
        """All links of both, each once, over m directions."""
        low, high = np.append(self.low, other.low), np.append(self.high, other.high)
        opposite = np.append(self.sign, other.sign) < 0
        return _links(np.unique((low * m + high) * 2 + opposite), m)

    def pairs(self, m: int) -> tuple[IndexArray, IndexArray]:
        """The two products of each link: all first ones, then all second ones."""
        i, j, same = self.low, self.high, self.sign > 0
        first = np.concatenate([i, np.where(same, j, i + m)])
        second = np.concatenate([np.where(same, j + m, j), np.where(same, i + m, j + m)])
        return first, second

    def differences(self, rows: FloatArray) -> FloatArray:
        """Δ of each link, shape (links, r)."""
        return np.asarray(rows[self.low] - self.sign[:, None] * rows[self.high])


def links_of(first: IndexArray, second: IndexArray, m: int) -> Links:
    """The links that hold these products of forms of different directions."""
    i, j = first % m, second % m
    opposite = (first >= m) == (second >= m)
    return _links(np.unique((np.minimum(i, j) * m + np.maximum(i, j)) * 2 + opposite), m)


def _links(key: IndexArray, m: int) -> Links:
    return Links(key // 2 // m, key // 2 % m, np.where(key % 2 == 1, -1, 1))


def nearest_links(rows: FloatArray, label: IndexArray) -> Links:
    """Each direction with the nearest lines of its own group; `label` numbers the groups."""
    m = rows.shape[0]
    cosine = rows @ rows.T
    size = np.where(label[:, None] == label[None, :], np.abs(cosine), -1.0)
    np.fill_diagonal(size, -1.0)
    near = np.argsort(-size, axis=1, kind="stable")[:, : min(_NEIGHBOURS, m - 1)]
    i, j = np.repeat(np.arange(m), near.shape[1]), near.ravel()
    inside = size[i, j] >= 0.0
    key = np.unique(np.minimum(i, j)[inside] * m + np.maximum(i, j)[inside])
    low, high = key // m, key % m
    return Links(low, high, np.where(cosine[low, high] >= 0.0, 1, -1))
