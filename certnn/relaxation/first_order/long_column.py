"""Rows with one long part in common, as the column of a free hidden bias is (Theorem 41).

Scaled to be alike in it, rows x_i/r_i differ by little. The form has next to no room for a long
part, so that of the products those that do not see it are left: links

    −y(a_i/r_i − a_j/r_j)(b_i/r_i − b_j/r_j) ≥ 0,    y ≥ 0,

at the price of a multiple of the square of what the two scaled rows do to u. A splitting finds that
in the limit alone. So its metric has as much room as all else has, and what it finds is replaced by
its links.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.first_order.form_blocks import FormBlocks

#: The largest square of what rows have beside the long part, in units of that: between what floats
#: tell apart and a little more than a column of Theorem 41 has.
_NOTHING, _SHORT = 1e-10, 2e-3
#: Share of the u-block that links of all rows take at first, of 4 that there are; and what the
#: metric has for the long part, in units of the s-block's mean diagonal, and of 1 over that square.
_OF_LINKS, _ROOM = 3.5, 1.0


@dataclass(frozen=True, eq=False)
class LongColumn:
    """The part that unit rows have in common.

    Attributes
    ----------
    direction : float64 array, shape (r,)
        Of length 1.
    parts : float64 array, shape (m,)
        Of the rows, all positive.
    rest : float64 array, shape (m, r)
        The rows, scaled to have 1 of it, less their mean.
    """

    direction: FloatArray
    parts: FloatArray
    rest: FloatArray

    @classmethod
    def of(cls, rows: FloatArray) -> LongColumn | None:
        """That of some rows, shape (m, r); None where they have none that is much longer."""
        direction = np.linalg.svd(rows, full_matrices=False)[2][0]
        parts = rows @ direction
        if parts[0] < 0.0:
            direction, parts = -direction, -parts
        if np.min(parts) <= 0.0:
            return None
        rest = rows / parts[:, None]
        rest -= np.mean(rest, axis=0)
        found = cls(direction, parts, rest)
        return found if _NOTHING <= found._reach <= _SHORT else None

    @property
    def _reach(self) -> float:
        return float(np.max(np.sum(self.rest**2, axis=1)))

    def links(self, outputs: int) -> FormBlocks:
        """Of all rows with one another, with weights alike, as multipliers."""
        m, r = self.parts.size, self.parts
        top = float(np.linalg.eigvalsh(self.rest.T @ self.rest)[-1])
        t = _OF_LINKS / top
        ab = t / m * np.outer(1.0 / r, 1.0 / r) - np.diag(t / r**2)
        none, unfitted = np.zeros((m, m)), np.zeros((m, outputs))
        vv = np.zeros((outputs, outputs))
        return FormBlocks(none, ab, none.copy(), unfitted, unfitted.copy(), vv)

    def roomy(self, form: FloatArray) -> FloatArray:
        """A form over (u, s, v) with room for the long part in u and s."""
        rank, m = self.direction.size, self.parts.size
        s, unit = slice(rank, rank + m), self.parts / np.linalg.norm(self.parts)
        result, mean = form.copy(), float(np.mean(np.diagonal(form[s, s])))
        result[:rank, :rank] += _ROOM / self._reach * np.outer(self.direction, self.direction)
        result[s, s] += _ROOM * mean * np.outer(unit, unit)
        return result

    def linked(self, weights: FormBlocks) -> FormBlocks:
        """The links among multipliers, and nothing else but what fits the targets."""
        ab = np.maximum(0.5 * (weights.ab + weights.ab.T), 0.0)
        np.fill_diagonal(ab, 0.0)
        ab -= np.diag(ab @ self.parts / self.parts)
        return replace(weights, aa=0.0 * weights.aa, ab=ab, bb=0.0 * weights.bb)

    def lift(self, diagonal: FloatArray, share: float) -> FloatArray:
        """A change of the ab-block that takes this diagonal, but for a share by links alone."""
        q = diagonal * self.parts
        whole = max(float(q @ self.parts), float(np.finfo(float).tiny))  # 0 where there is no lift
        return np.asarray(share * np.outer(q, q) / whole - np.diag(diagonal))
