"""The matrix 2S of Theorem 31 in floats, and what its sets need to be proved copositive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.cuts_point import CutsPoint, SetForm
from certnn.certificates.dual_point import Products, summed
from certnn.certificates.quadratic_form import GroupBatch, QuadraticForm
from certnn.kernel.cuts import set_pairs

#: What is added to the unit diagonal of the matrices of a set, beyond what they lack.
_MARGIN = 1e-11


def cuts_form(features: FloatArray, point: CutsPoint) -> QuadraticForm:
    """Assemble 2S, all points in one group, in extended precision where large terms cancel."""
    n, columns = features.shape
    x = features.astype(np.longdouble)
    J = point.slacks.target.size
    forms = np.zeros((2 * n + J, n + columns), dtype=np.longdouble)
    forms[:n, :n] = forms[n : 2 * n, :n] = np.eye(n)
    forms[n : 2 * n, n:] = -x
    forms[2 * n :] = point.slacks.rows(x)
    weights = np.zeros((2 * n + J, 2 * n + J), dtype=np.longdouble)
    products = point.products
    np.add.at(weights, (products.first, products.second), products.multiplier)
    np.add.at(weights, (point.first, point.second), point.multiplier)
    for one in point.sets:
        index = np.concatenate([one.points, one.points + n])
        pairs = np.array(set_pairs(one.points.size))
        np.add.at(weights, (index[pairs[:, 0]], index[pairs[:, 1]]), one.form)
    weights += weights.T
    half = weights @ forms
    whole = forms.T @ half
    size = np.abs(forms).T.astype(np.float64) @ np.abs(half).astype(np.float64)
    size *= 4.0 * float(np.finfo(np.longdouble).eps)
    doubt = np.zeros((n, columns + point.Z.shape[1]))
    doubt[:, :columns] = size[:n, n:]
    hidden = (-whole[:n, n:]).astype(np.float64)
    doubt[:, :columns] += float(np.finfo(np.float64).eps) * np.abs(hidden)
    corner = np.zeros((columns + point.Z.shape[1],) * 2, dtype=np.longdouble)
    # The corner pays for its own rounding.
    more = lost(features, point) + float(np.max(np.sum(size[n:, n:], axis=1)))
    corner[:columns, :columns] = whole[n:, n:] + more * np.eye(columns)
    batch = GroupBatch(
        members=np.arange(n)[None],
        points=(-whole[:n, :n]).astype(np.float64)[None],
        borders=np.hstack([hidden, -point.Z])[None],
        doubt=doubt[None],
    )
    return QuadraticForm((batch,), corner)


def lost(features: FloatArray, point: CutsPoint) -> float:
    """Twice what the products with slacks may be below zero, about, as a multiple of ‖u‖²."""
    slacks, n = point.slacks, features.shape[0]
    size = np.sum(np.abs(features), axis=1)
    left = features[slacks.target].astype(np.longdouble)
    wide = features.astype(np.longdouble)
    np.subtract.at(left, slacks.owner, slacks.theta[:, None] * wide[slacks.point])
    sizes = np.zeros(slacks.target.size)
    np.add.at(sizes, slacks.owner, np.abs(slacks.theta) * size[slacks.point])
    sizes = np.concatenate([size, size, sizes + size[slacks.target]])
    defects = np.concatenate([np.zeros(2 * n), np.sum(np.abs(left), axis=1).astype(np.float64)])
    r, s = point.first, point.second
    each = defects[r] * sizes[s] + defects[s] * sizes[r] + defects[r] * defects[s]
    return 2.0 * float(np.sum(point.multiplier * each))


def with_definite_sets(features: FloatArray, point: CutsPoint) -> CutsPoint:
    """Add squares to the sets' forms until they are definite on every choice of signs.

    δ(a_i² + b_i²) = δ(x_iᵀu)² + 2δa_i·b_i, of which the product a_i·b_i is taken away again.
    """
    n, norms = features.shape[0], np.linalg.norm(features, axis=1)
    sets, parts = [], []
    for one in point.sets:
        k, scale = one.points.size, norms[one.points]
        pairs = set_pairs(k)
        one = SetForm(one.points, one.form, np.maximum(one.part, 0.0))
        unit = one.choices() * scale[:, None] * scale[None, :]
        largest = float(np.max(np.abs(unit), initial=0.0))
        lacking = max(0.0, -float(np.min(np.linalg.eigvalsh(unit)))) + _MARGIN * largest
        added = 0.5 * max(lacking, float(np.finfo(float).tiny)) / scale**2
        form = one.form.copy()
        squares = [number for number, (r, s) in enumerate(pairs) if r == s]
        form[squares] += np.tile(added, 2)
        sets.append(SetForm(one.points, form, one.part))
        parts.append(Products(n, one.points, one.points + n, -2.0 * added))
    products = summed([point.products, *parts])
    return replace(point, products=products, sets=tuple(sets))
