"""The linear forms a_i, b_i, v_o of the relaxation, in the variables (u, s, v) with s = (a + b)/2.

As a − b = Xu, a_i = s_i + ½x_iᵀu and b_i = s_i − ½x_iᵀu. In these variables
a_i·b_i = s_i² − ¼(x_iᵀu)², so that the u- and s-blocks separate to begin with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Forms:
    """The 2m + c forms f = (a₁..a_m, b₁..b_m, v₁..v_c) of order p = r + m + c.

    Attributes
    ----------
    rows : float64 array, shape (m, r)
        The directions x_i.
    outputs : int
        Number c of outputs.
    """

    rows: FloatArray
    outputs: int

    @property
    def points(self) -> int:
        """Number m of directions."""
        return int(self.rows.shape[0])

    @property
    def rank(self) -> int:
        """Dimension r of u."""
        return int(self.rows.shape[1])

    @property
    def order(self) -> int:
        """Number p = r + m + c of variables."""
        return self.rank + self.points + self.outputs

    @property
    def count(self) -> int:
        """Number 2m + c of forms."""
        return 2 * self.points + self.outputs

    def values(self, matrix: FloatArray) -> FloatArray:
        """f_iᵀ·matrix·f_j for all forms; (p, p) symmetric to (2m + c, 2m + c)."""
        m, r, x = self.points, self.rank, self.rows
        ss, vv = matrix[r : r + m, r : r + m], matrix[r + m :, r + m :]
        half = 0.5 * (x @ matrix[:r])
        us, uv = half[:, r : r + m], half[:, r + m :]
        uu = 0.5 * (half[:, :r] @ x.T)
        sv = matrix[r : r + m, r + m :]
        even, odd = ss + uu, us + us.T
        result = np.empty((self.count, self.count))
        a, b, v = slice(0, m), slice(m, 2 * m), slice(2 * m, None)
        result[a, a] = even + odd
        result[b, b] = even - odd
        result[a, b] = ss - uu + us - us.T
        result[b, a] = result[a, b].T
        result[a, v] = sv + uv
        result[b, v] = sv - uv
        result[v, :m] = result[a, v].T
        result[v, m : 2 * m] = result[b, v].T
        result[v, v] = vv
        return result

    def matrix(self, weights: FloatArray) -> FloatArray:
        """Σ_ij weights_ij·f_i·f_jᵀ; (2m + c, 2m + c) symmetric to (p, p), the adjoint of `values`.

        The block of the v-forms among themselves is not read: no product joins two of them.
        """
        m, r, x = self.points, self.rank, self.rows
        aa, ab = weights[:m, :m], weights[:m, m : 2 * m]
        bb, av, bv = (
            weights[m : 2 * m, m : 2 * m],
            weights[:m, 2 * m :],
            weights[m : 2 * m, 2 * m :],
        )
        s, v = slice(r, r + m), slice(r + m, None)
        result = np.zeros((self.order, self.order))
        cross = ab + ab.T
        result[s, s] = aa + bb + cross
        result[:r, s] = 0.5 * (x.T @ (aa - bb + ab - ab.T))
        result[:r, :r] = 0.25 * (x.T @ ((aa + bb - cross) @ x))
        result[:r, v] = 0.5 * (x.T @ (av - bv))
        result[s, v] = av + bv
        result[s, :r] = result[:r, s].T
        result[v, :r] = result[:r, v].T
        result[v, s] = result[s, v].T
        return result
