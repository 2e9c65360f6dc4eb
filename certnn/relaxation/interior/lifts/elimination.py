"""The groups of a batch eliminated from the Newton equations, which leaves M of all lifts.

A group's unknowns are eliminated in each lift, then its part of the residual, which joins the
lifts. Each thread takes a share of the groups; their sums are added in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.lifts.batch import GroupBatch
from certnn.relaxation.interior.lifts.corner import add_corner
from certnn.relaxation.interior.lifts.hessian import ConeHessians, eliminate, finish
from certnn.relaxation.interior.lifts.scaling import Scaling
from certnn.relaxation.interior.lifts.threads import in_threads, threads_for
from certnn.relaxation.interior.lifts.triangular import SHIFTS, solve_both, solve_lower

#: Multiplications from which on more threads than one are worth it.
_A_THREAD = 1e9
#: And numbers of factors that are read.
_A_THREAD_READS = 5e6
#: Numbers that the borders of the groups have that are eliminated at once; and those of the rows
#: that are multiplied at once, whose product is large.
_BORDERS, _ROWS = 4_000_000, 8_000_000
_NOT_DEFINITE = "the Newton equations are not definite in floats"


@dataclass(frozen=True, eq=False)
class Eliminated:
    """What is kept of the groups of a batch.

    Attributes
    ----------
    factors : float64 array, shape (ℓ, g, unknowns, unknowns)
        Lower triangular, of the groups' own blocks.
    fits : float64 array, shape (ℓ, g, unknowns, fits)
        What these blocks solve for the fits.
    joints : float64 array, shape (g, fits·c, fits·c)
        Lower triangular, of the residual's blocks.
    """

    factors: FloatArray
    fits: FloatArray
    joints: FloatArray

    def own(self, right: FloatArray) -> FloatArray:
        """What the own blocks solve for a right side, shape (ℓ, g, unknowns)."""
        solved = right.copy()

        def share(groups: IndexArray) -> None:
            place = slice(groups[0], groups[-1] + 1)
            solve_both(self.factors[:, place], solved[:, place])

        threads = threads_for(self.factors.size, _A_THREAD_READS)
        in_threads(share, np.arange(right.shape[1]), threads)
        return solved


@dataclass(frozen=True, eq=False)
class Elimination:
    """The equations of a batch's groups at a scaling.

    Attributes
    ----------
    batch : GroupBatch
    scaling : Scaling
    lengths : float64 array, shape (g, fits)
        With which a batch's moments meet the targets.
    ones : float64 array, shape (g, fits)
        So many times an output bias is added.
    curvature : float64 array, shape (g, fits, c, c)
        Of the loss's conjugate.
    directions : float64 array, shape (ℓ, c)
    row, column : int64 arrays
        Of M's unknowns.
    """

    batch: GroupBatch
    scaling: Scaling
    lengths: FloatArray
    ones: FloatArray
    curvature: FloatArray
    directions: FloatArray
    row: IndexArray
    column: IndexArray

    def of_groups(self, whole: FloatArray) -> Eliminated:
        """The groups' factors.

        What is left is added to the lower triangle of `whole`, over M of all lifts and then the
        output bias, if there is one, in Fortran's order.

        Raises
        ------
        numpy.linalg.LinAlgError
            If floats are not enough for it.
        """
        lifts, entries, unknowns = self.directions.shape[0], self.row.size, self.batch.unknowns
        fits = self.lengths.shape[1] * self.directions.shape[1]
        factors = np.empty((lifts, self.batch.groups, unknowns, unknowns))
        solved = np.empty((*factors.shape[:3], self.lengths.shape[1]))
        joints = np.empty((self.batch.groups, fits, fits))
        size = min(self.batch.groups, max(1, _ROWS // (fits * whole.shape[0])))
        half = np.empty((size, fits, whole.shape[0]))  # of as many groups as are done in a round
        sums = np.zeros((3, lifts, entries, entries))
        threads = threads_for(factors.size * (unknowns + entries), _A_THREAD)

        def share(groups: IndexArray) -> FloatArray:
            own = np.zeros_like(sums)
            shape = lifts, min(self._at_once, groups.size), unknowns
            across, fitted = np.empty((*shape, entries)), np.empty((*shape, self.lengths.shape[1]))
            for part in range(0, groups.size, self._at_once):
                some = groups[part : part + self._at_once]
                self.add_sums(some, own)
                self._eliminate(some, factors, across, fitted)
                corner, fit = across[:, : some.size], fitted[:, : some.size]
                for lift in range(lifts):
                    rows = corner[lift].reshape(-1, entries)
                    own[2, lift] -= rows.T @ rows
                joints[some], half[some % size] = self._joined(some, corner, fit, half.shape[2])
                finish(factors, fit, some)
                solved[:, some] = fit
            return own

        for begin in range(0, self.batch.groups, size):
            some = np.arange(begin, min(begin + size, self.batch.groups))
            for own in in_threads(share, some, threads):
                sums += own
            rows = half[: some.size].reshape(-1, whole.shape[0])
            with threadpool_limits(threads):
                dsyrk(1.0, rows.T, beta=1.0, c=whole, lower=1, overwrite_c=1)
        for lift in range(lifts):
            place = slice(lift * entries, (lift + 1) * entries)
            add_corner(sums[0, lift], sums[1, lift], self.row, self.column, sums[2, lift])
            whole[place, place] += sums[2, lift]
        return Eliminated(factors, solved, joints)

    @property
    def _at_once(self) -> int:
        """So many groups a thread eliminates at once."""
        return max(1, _BORDERS // (len(self.directions) * self.batch.unknowns * self.row.size))

    def _eliminate(
        self, groups: IndexArray, factors: FloatArray, across: FloatArray, fitted: FloatArray
    ) -> None:
        if not eliminate(
            ConeHessians(*(getattr(self.scaling, name) for name in ConeHessians._fields)),
            self.batch.rows,
            self.row,
            self.column,
            groups,
            self.lengths,
            factors,
            across,
            fitted,
        ):
            raise np.linalg.LinAlgError(_NOT_DEFINITE)

    def _joined(
        self, groups: IndexArray, corner: FloatArray, fitted: FloatArray, width: int
    ) -> tuple[FloatArray, FloatArray]:
        """Factors of the residual's blocks, and what multiplies M and the bias, as rows."""
        batch, lengths, directions = self.batch, self.lengths[groups], self.directions
        turned = fitted.swapaxes(-1, -2)
        border = np.matmul(turned, corner)
        if lengths.shape[1] > batch.size:
            moved = lengths[:, batch.size :, None] * batch.rows[groups]
            first = np.flatnonzero((self.row == 0) & (self.column > 0))
            border[:, :, batch.size :, first] += moved
        count = groups.size, lengths.shape[1] * directions.shape[1]
        squares = directions[:, :, None] * directions[:, None]
        joint = np.einsum("lgfh,lco->gfcho", np.matmul(turned, fitted), squares)
        place = np.arange(lengths.shape[1])
        joint[:, place, :, place] += self.curvature[groups].swapaxes(0, 1)
        factors = cholesky(joint.reshape(*count, count[1]))
        across = np.empty((*count, width))
        of_corner = np.einsum("lgfe,lc->gfcle", border, directions).reshape(*count, -1)
        across[..., : of_corner.shape[-1]] = of_corner
        if width > of_corner.shape[-1]:
            of_bias = -self.ones[groups][..., None, None] * np.eye(directions.shape[1])
            across[..., of_corner.shape[-1] :] = of_bias.reshape(*count, -1)
        for lower, right in zip(factors, across, strict=True):
            solve_lower(lower, right)
        return factors, across

    def add_sums(self, groups: IndexArray, sums: FloatArray) -> None:
        """Add what `add_corner` wants of the groups, and what their pairs of b are of M alone."""
        scaling, row, column, entries = self.scaling, self.row, self.column, self.row.size
        of_points, of_pairs = self._bilinear(groups)
        for lift in range(self.directions.shape[0]):
            own = scaling.psd[lift, groups][:, row, column]
            sums[0, lift] += own.T @ own
            of_norms = scaling.norm_b[lift, groups][..., row, column].reshape(-1, entries)
            sums[1, lift] += of_norms.T @ of_points
            if of_pairs.size:
                weighted = np.sqrt(scaling.bb[lift, groups]).reshape(-1, 1) * of_pairs
                sums[2, lift] += weighted.T @ weighted

    def _bilinear(self, groups: IndexArray) -> tuple[FloatArray, FloatArray]:
        """Products of the entries of (0, x) of each point; and x_iᵀM_uu x_j of each pair."""
        batch, row, column = self.batch, self.row, self.column
        bordered = np.pad(batch.rows[groups], ((0, 0), (0, 0), (1, 0)))
        of_points = (bordered[..., row] * bordered[..., column]).reshape(-1, row.size)
        one, other = bordered[:, batch.first], bordered[:, batch.second]
        of_pairs = one[..., row] * other[..., column]
        of_pairs += np.where(row == column, 0.0, one[..., column] * other[..., row])
        return of_points, of_pairs.reshape(-1, row.size)


def cholesky(matrices: FloatArray) -> FloatArray:
    """Factors of matrices whose lower triangles are given, raised as little as floats ask for.

    Raises
    ------
    numpy.linalg.LinAlgError
        If that is too much.
    """
    place = np.arange(matrices.shape[-1])
    for shift in SHIFTS:
        raised = matrices if shift == 0.0 else matrices.copy()
        raised[..., place, place] *= 1.0 + shift
        try:
            return np.asarray(np.linalg.cholesky(raised), dtype=np.float64)
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError(_NOT_DEFINITE)
