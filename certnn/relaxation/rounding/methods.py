"""From Λ to columns (α, β, u, v) that may be neurons: the roundings by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.relaxation.rounding.lifted_space import LiftedSpace
from certnn.relaxation.rounding.rotation import random_rotation, rotated_to_complementarity
from certnn.relaxation.rounding.splitting import PAPER_STEP, split

#: Columns of rotated factors; the paper pads its factor to as many.
_COLUMNS = 300
_DRAWS = 20_000
#: So many sums of each of these numbers of forms.
_SUMS, _SUMMANDS = 1000, (2, 3, 5)


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns (α, β, u, v) in the units of a `LiftedSpace`.

    Attributes
    ----------
    values : ndarray, shape (2n + columns + c, R)
    factor : bool
        Whether WWᵀ is about Λ, so that the u and v of the columns are a network as they are.
    """

    values: FloatArray
    factor: bool


def _paper(space: LiftedSpace, _: np.random.Generator) -> Columns:
    return Columns(split(space, space.factor(), PAPER_STEP).columns, factor=True)


def _splitting(space: LiftedSpace, rng: np.random.Generator) -> Columns:
    start = random_rotation(space.factor(), _COLUMNS, rng)
    return Columns(split(space, start).columns, factor=True)


def _rotation(space: LiftedSpace, rng: np.random.Generator) -> Columns:
    turned = rotated_to_complementarity(space, space.factor(), _COLUMNS, rng)
    return Columns(turned, factor=True)


def _forms(space: LiftedSpace, rng: np.random.Generator) -> Columns:
    """Columns Λq for nonnegative forms q: each α_i and β_i, and positive sums of a few.

    For Λ = Σ zzᵀ the column is Σ q(z)z, the mean of the neurons weighted by q(z) ≥ 0.
    """
    activations = space.matrix[:, : 2 * space.moment.problem.n]
    alive = activations[:, np.any(activations != 0.0, axis=0)]
    parts = [alive]
    for summands in _SUMMANDS:
        if summands <= alive.shape[1]:
            order = np.argsort(rng.random((_SUMS, alive.shape[1])), axis=1)[:, :summands]
            weights = np.zeros((alive.shape[1], _SUMS))
            weights[order, np.arange(_SUMS)[:, None]] = rng.exponential(size=order.shape)
            parts.append(alive @ weights)
    return Columns(np.hstack(parts), factor=False)


def _eigenvectors(space: LiftedSpace, _: np.random.Generator) -> Columns:
    """The factor by eigenvectors, with both signs."""
    factor = space.factor()
    return Columns(np.hstack([factor, -factor]), factor=False)


def _gaussian(space: LiftedSpace, rng: np.random.Generator) -> Columns:
    """Draws from the normal distribution with Λ for its second moments."""
    factor = space.factor()
    return Columns(factor @ rng.standard_normal((factor.shape[1], _DRAWS)), factor=False)


_SINGLE: dict[str, Callable[[LiftedSpace, np.random.Generator], Columns]] = {
    "paper": _paper,
    "splitting": _splitting,
    "rotation": _rotation,
    "forms": _forms,
    "eigenvectors": _eigenvectors,
    "gaussian": _gaussian,
}
#: The columns of all of these together are "all".
_JOINED = ("splitting", "rotation", "forms", "eigenvectors", "gaussian")
METHODS = (*_SINGLE, "all")


def columns_by(method: str, space: LiftedSpace, rng: np.random.Generator) -> Columns:
    """The columns that a rounding proposes.

    Parameters
    ----------
    method : str
        "paper": three-operator splitting as the paper has it, from eigenvectors. "splitting": the
        same with a shorter step, from a random rotation. "rotation": a factor turned towards
        complementarity. "forms": columns of Λ. "eigenvectors", "gaussian": combinations of a
        factor's columns. "all": those of all but the first.
    space : LiftedSpace
    rng : numpy.random.Generator

    Raises
    ------
    InputError
        If there is no such method.
    """
    require_method(method)
    if method == "all":
        parts = [_SINGLE[name](space, rng).values for name in _JOINED]
        return Columns(np.hstack(parts), factor=False)
    return _SINGLE[method](space, rng)


def require_method(method: str) -> None:
    """Raise `InputError` unless there is such a rounding."""
    if method not in METHODS:
        raise InputError("method", f"must be one of {', '.join(METHODS)}, got {method!r}")
