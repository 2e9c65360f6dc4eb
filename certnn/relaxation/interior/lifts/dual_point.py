"""From multipliers that are nearly feasible to a dual point that is, and what it proves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.sphere import best_of_bias, least_height
from certnn.relaxation.interior.lifts.batch import Blocks, GroupBatch
from certnn.relaxation.interior.lifts.program import JointProgram, State

#: Added to the squares of the a, as a share of their mean, beyond what makes them definite.
_ROOM = 1e-6


@dataclass(frozen=True, eq=False)
class GroupMultipliers:
    """Of all lifts ℓ and groups of a batch; every product has a nonnegative multiplier.

    Attributes
    ----------
    free : float64 array, shape (ℓ, g, k)
        Of a_i b_i, any sign.
    aa, ab, bb : float64 arrays, shape (ℓ, g, k, k)
        Of the products of two points: aa and bb above the diagonal, ab off it.
    norm_a, norm_b : float64 arrays, shape (ℓ, g, k, q)
        s and r of each a_i(sρ + rᵀu), b_i(sρ + rᵀu); u includes a free bias.
    """

    free: FloatArray
    aa: FloatArray
    ab: FloatArray
    bb: FloatArray
    norm_a: FloatArray
    norm_b: FloatArray


@dataclass(frozen=True, eq=False)
class JointDual:
    """A feasible dual point, and its value in the program's units.

    Attributes
    ----------
    zetas : list of float64 arrays, shape (g, fits, c)
        ζ of each batch, and of the points that no network changes.
    multipliers : list of GroupMultipliers
    mu, nu : float64 arrays, shape (ℓ,)
        Of ρ² − |u|² and, with a free bias g, of ρ² − g².
    value : float
    """

    zetas: list[FloatArray]
    multipliers: list[GroupMultipliers]
    mu: FloatArray
    nu: FloatArray
    value: float


def joint_dual(program: JointProgram, state: State) -> JointDual | None:
    """The multipliers of a state made feasible; None where their forms are not definite.

    The semidefinite ones are not read, but for the squares of the a: what the others leave of the
    claim has to be definite, as far as ρ² is multiplied by enough.
    """
    zetas = program.loss.feasible(
        program.fits, [point.zeta for point in state.fitted], program.decay == 0.0
    )
    corner, multipliers = np.zeros_like(state.corner), []
    for k, (batch, dual) in enumerate(zip(program.batches, state.dual, strict=True)):
        turned = zetas[k] @ program.loss.turn
        along = np.einsum(
            "gfc,lc->lgf", program.fits[k].lengths[..., None] * turned, program.directions
        )
        found = _group_multipliers(batch, dual)
        share = None if found is None else _eliminated(batch, found, along)
        if found is None or share is None:
            return None
        corner += share
        multipliers.append(found)
    free_bias = program.batches[0].free_bias
    nus = [best_of_bias(own) if free_bias else None for own in -corner]
    solved = [least_height(own, nu) for own, nu in zip(-corner, nus, strict=True)]
    kappa = max(h / bound for (h, _), bound in zip(solved, program.bounds, strict=True))
    largest = 1.0 / kappa if kappa > 0.0 else np.inf
    value = program.loss.best_value(program.fits, zetas, largest, program.decay)
    mu, nu = np.array([mu for _, mu in solved]), np.array([nu or 0.0 for nu in nus])
    return JointDual(zetas, multipliers, mu, nu, value)


def _group_multipliers(batch: GroupBatch, dual: Blocks) -> GroupMultipliers | None:
    """Of the dual's; the squares of the a get what makes them definite."""
    ab, bb = batch.tables(dual)
    near_a, near_b = batch.near(dual.norm_a, dual.bias_a), batch.near(dual.norm_b, dual.bias_b)
    aa = np.zeros_like(ab)
    aa[..., batch.first, batch.second] = dual.aa
    place, q = np.arange(batch.size), batch.order
    squares = dual.psd[..., q + place, q + place]
    found = GroupMultipliers(-squares, aa, ab, bb, near_a, near_b)
    least = np.linalg.eigvalsh(_own_form(found))[..., 0]
    room = np.maximum(-least, 0.0) * 2.0 + _ROOM * np.mean(squares, axis=-1)
    found = replace(found, free=found.free - room[..., None])
    return found if np.all(np.isfinite(found.free)) else None


def _own_form(multipliers: GroupMultipliers) -> FloatArray:
    """The form of the a of each group, shape (ℓ, g, k, k)."""
    half = 0.5 * (multipliers.aa + multipliers.ab + multipliers.bb)
    form = -half - half.swapaxes(-1, -2)
    place = np.arange(form.shape[-1])
    form[..., place, place] -= multipliers.free
    return np.asarray(form)


def _eliminated(
    batch: GroupBatch, multipliers: GroupMultipliers, along: FloatArray
) -> FloatArray | None:
    """What is left of the forms over (ρ, u) without the a, shape (ℓ, q, q)."""
    x, k = batch.rows, batch.size
    turned, place = x.swapaxes(-1, -2), np.arange(k)
    bb = 0.5 * (multipliers.bb + multipliers.bb.swapaxes(-1, -2))
    mixed = multipliers.ab + 2.0 * bb
    mixed[..., place, place] += multipliers.free
    linear = along[..., :k] + (along[..., k:] if along.shape[-1] > k else 0.0)
    border = -0.5 * (multipliers.norm_a + multipliers.norm_b)
    border[..., 0] -= 0.5 * linear
    border[..., 1:] += 0.5 * np.matmul(mixed, x)
    try:
        solved = np.linalg.solve(np.linalg.cholesky(_own_form(multipliers)), border)
    except np.linalg.LinAlgError:
        return None
    corner: FloatArray = -np.sum(np.matmul(solved.swapaxes(-1, -2), solved), axis=1)
    corner[:, 1:, 1:] -= np.sum(np.matmul(turned, np.matmul(bb, x)), axis=1)
    norms = 0.5 * np.sum(np.matmul(multipliers.norm_b.swapaxes(-1, -2), x), axis=1)
    if along.shape[-1] > k:  # ρ·b_i has −ρ·x_iᵀu
        norms[:, 0, :] += 0.5 * np.einsum("lgk,gkd->ld", along[..., k:], x)
    corner[:, :, 1:] += norms
    corner[:, 1:, :] += norms.swapaxes(-1, -2)
    return corner
