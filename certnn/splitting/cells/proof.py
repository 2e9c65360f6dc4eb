"""Search all directions of the outputs for cells that prove a dual norm, on several cores."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import thread_count
from certnn.certificates.directions import Cover
from certnn.certificates.search_documents import CellsDocument
from certnn.errors import SolverError
from certnn.kernel.cell_rounding import RoundedPoints, turned
from certnn.kernel.document import LARGEST_FILE
from certnn.kernel.exact import exact_matrix
from certnn.kernel.instance import beside_radius
from certnn.kernel.outputs import proved_directions
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work
from certnn.problem.bias_ball import BiasBall
from certnn.splitting.cells.orthants import TOO_NEAR, directions, halves, search_all
from certnn.splitting.cells.task import Grown, splits_above
from certnn.splitting.directed import directed_claim, spread_for
from certnn.splitting.ordered_search import InOrder, in_order
from certnn.splitting.prover import Effort, Limits, NoProof, Searched

if TYPE_CHECKING:
    from certnn.splitting.cells.earlier import Trees

#: Columns beyond which a node takes too long to be worth it.
MOST_COLUMNS = 16
#: Coordinates whose signs are separate searches, so that all cores have work.
_HALVED = 2
#: Nodes grow with 1/(kappa/reg − 1) to the power of the columns over this, from what was seen.
_COLUMNS_OF_AN_ORDER = 3.5
#: Of a core's time for a node of one column, what its check takes; falls with the columns.
_CHECKING = 4.5
#: What to prove, in multiples of reg: in many columns a little less takes many times the nodes.
_FACTORS = tuple(1.0 + 7.0 * 0.98**m for m in range(1110))
#: Where there is enough time the next tree has so many times the nodes: its leaves are looked at
#: again less often.
_LEAP = 2.0


@dataclass(frozen=True, eq=False)
class Cells(CellsDocument, Searched):
    """Cells that, in float arithmetic, prove a dual norm: that of Z times a power of two."""


class CellsProver:
    """Searches for cells, for the features X of one problem and its reg.

    Each search goes on from the trees of the one before.

    Parameters
    ----------
    features : float64 array, shape (n, k)
    reg : float
    ball : BiasBall or None
        With one the last column, of equal numbers, is that of a free hidden bias, and ‖u‖ is
        without it.
    earlier : CellsDocument or None
        Accepted by the kernel for the same features: the first search goes on from its trees.
    run : callable
        Where the orthants of all directions are searched: on all cores if nothing is said.

    Raises
    ------
    SolverError
        If there are too many columns.
    """

    def __init__(
        self,
        features: FloatArray,
        reg: float,
        ball: BiasBall | None = None,
        earlier: CellsDocument | None = None,
        run: InOrder = in_order,
    ) -> None:
        if features.shape[1] > MOST_COLUMNS:
            raise SolverError(f"cells are for at most {MOST_COLUMNS} columns")
        self._features, self._reg, self._ball, self._earlier = features, reg, ball, earlier
        self._run = run
        self._cones: Cover | None = None
        size = features.shape[0] * features.shape[1] ** 4
        # From what was seen on banknote, pima and diabetes.
        order = features.shape[1] / _COLUMNS_OF_AN_ORDER
        checking = thread_count() * _CHECKING / features.shape[1] ** 1.5
        cheap, most = 2e9 / size, 2e11 / size
        self.effort = Effort(1.0, cheap, most, _FACTORS, order, checking, quiet=0, leap=_LEAP)

    def prove(self, Z: FloatArray, kappa: float, margin: float, limits: Limits) -> Cells | NoProof:
        """See `search`, whose room for rounding is its own."""
        return self.search(Z, kappa, spread_for(kappa, self._reg), limits)

    def search(self, Z: FloatArray, kappa: float, spread: float, limits: Limits) -> Cells | NoProof:
        """Search for cells that prove ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ for all u (Theorem 52).

        Parameters
        ----------
        Z : float64 array, shape (n, c)
        kappa : float
            Positive.
        spread : float
            Above 1: in a direction of the outputs kappa/spread is proved, or a little more.
        limits : Limits
            Time and memory.

        Returns
        -------
        Cells or NoProof
            The same for the same input on any number of cores, unless a limit is met.
        """
        nothing, columns = np.zeros((self._features.shape[1], 0)), self._features.shape[1]
        begun, start = time.monotonic(), limits.budget.now
        try:
            claim = directed_claim(self._features, Z, kappa, spread, limits.budget, self._cones)
            points, rotation = self._turned
            searched, number_of = directions(claim, points, self._halved)
        except SolverError as error:
            return NoProof(nothing, str(error))
        with threadpool_limits(1):  # every search is a thread; threads of theirs would only wait
            outcome = search_all(searched, claim.Z, self._trees, limits, self._run)
        self._cones, self._trees = claim.cones, outcome.trees
        if outcome.exceeded is not None:
            turned_back = rotation @ outcome.exceeded[: rotation.shape[0]]
            if self._ball is not None:
                bias = self._ball.radius * outcome.exceeded[-1] - self._ball.center @ turned_back
                turned_back = np.append(turned_back, bias / claim.features[0, -1])
            found = claim.violators(turned_back[None])
            return NoProof(found, "the bound of a direction is exceeded", near=True)
        if outcome.reason:
            return NoProof(nothing, outcome.reason, near=outcome.reason == TOO_NEAR)
        own = [outcome.grown[number] for number in number_of]
        grown = [each for ofone in own for each, _ in ofone]
        return Cells(
            kappa=claim.kappa,
            Z=claim.Z,
            directions=claim.cones.tree,
            bounds=claim.bounds,
            ball=self._ball,
            rotation=rotation,
            tree=b"".join(
                _joined([each.tree.tobytes() for each, _ in ofone], columns) for ofone in own
            ),
            codes=b"".join(each.codes.tobytes() for each in grown),
            multipliers=np.concatenate([np.empty(0, np.float32), *map(_in_height, grown)]),
            nodes=sum(nodes for ofone in own for _, nodes in ofone),
            seconds=time.monotonic() - begun,
            cost=limits.budget.now - start,
        )

    @cached_property
    def _turned(self) -> tuple[RoundedPoints, FloatArray]:
        """The points in the coordinates of the kernel, and the rotation to them."""
        ball = self._ball
        X = np.ascontiguousarray(self._features if ball is None else self._features[:, :-1])
        rotation = principal_axes(X if ball is None else X - ball.center)
        if self._earlier is not None:
            rotation = self._earlier.rotation
        exact = exact_matrix(X.tobytes(), *X.shape)
        try:
            if ball is not None:
                exact = beside_radius(exact, ball.exact())
            axes = exact_matrix(rotation.tobytes(), *rotation.shape)
            return turned(exact, axes, Work(LARGEST_FILE)), rotation
        except Rejected as error:
            raise SolverError("floats are not enough for it") from error

    @property
    def _halved(self) -> int:
        return min(_HALVED, int(self._features.shape[1]) - (self._ball is not None))

    @cached_property
    def _trees(self) -> Trees:
        """Of the search before; at first of the certificate, if there is one."""
        from certnn.splitting.cells.earlier import Trees, trees_of

        if self._earlier is None:
            return Trees()
        bounds, c = array("d", self._earlier.bounds.tolist()), self._earlier.Z.shape[1]
        work, kappa = Work(LARGEST_FILE), self._earlier.kappa
        rays = proved_directions(self._earlier.directions, c, bounds, kappa, work)
        return trees_of(self._earlier, rays, halves(self._halved))


def principal_axes(features: FloatArray) -> FloatArray:
    """An orthogonal matrix, (k, k): the principal directions of the rows, the longest first."""
    _, vectors = np.linalg.eigh(features.T @ features)
    axes: FloatArray = np.ascontiguousarray(vectors[:, ::-1])
    return axes


def _in_height(grown: Grown) -> NDArray[np.float32]:
    """Multipliers in units of the bound of a direction, rounded up."""
    leaves = grown.levels.size
    exact = grown.multipliers.reshape(leaves, -1).astype(float) * grown.levels[:, None]
    rounded = exact.astype(np.float32)
    return np.where(rounded < exact, np.nextafter(rounded, np.float32(np.inf)), rounded).ravel()


def _joined(trees: list[bytes], k: int) -> bytes:
    """The trees of the orthants below the splits of the first coordinates at zero."""
    joined, halved = [], len(trees).bit_length() - 1
    for number, tree in enumerate(trees):
        joined += [bytes(splits_above(number, halved, k)), tree]
    return b"".join(joined)
