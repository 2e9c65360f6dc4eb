"""Trees of cells that a search may go on from: those of one before, or of a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.certificates.search_documents import CellsDocument
from certnn.kernel.cell_filter import box_trimmed
from certnn.splitting.cells.task import Grown, splits_above
from certnn.splitting.cells.tree import DEEPEST
from certnn.training.compiled import compiled

#: No tree at all.
NOTHING = Grown(
    np.empty(0, np.uint8),
    np.empty(0, np.int32),
    np.empty(0, np.uint8),
    np.empty(0),
    np.empty(0, np.float32),
    np.empty(0, np.float32),
)


@dataclass(frozen=True, eq=False)
class Part:
    """The tree of one orthant, in one direction of the outputs.

    Attributes
    ----------
    Z : float64 array, shape (n, c)
        Times a power of two.
    ray : tuple of int
        The direction.
    height : int
        What is 1 for the tree.
    grown : Grown
    """

    Z: FloatArray
    ray: tuple[int, ...]
    height: int
    grown: Grown

    def start(self, Z: FloatArray, ray: tuple[int, ...], height: int) -> tuple[Grown, float]:
        """What to go on from with this dual point, direction and height, and the ratio of both."""
        if self.ray == ray and np.array_equal(self.Z, Z):
            return self.grown, self.height / height
        return bare(self.grown.tree), 1.0


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a search.

    Attributes
    ----------
    directions : tuple of tuple of Part
        Of each direction those of the orthants.
    """

    directions: tuple[tuple[Part, ...], ...] = ()

    def nearest(self, ray: tuple[int, ...]) -> tuple[Part, ...]:
        """The trees of the direction with the least angle to a ray; none if there are none."""
        if not self.directions:
            return ()
        rays = np.array([parts[0].ray for parts in self.directions], dtype=np.float64)
        cosines = rays @ np.array(ray, dtype=np.float64) / np.linalg.norm(rays, axis=1)
        return self.directions[int(np.argmax(cosines))]

    @property
    def size(self) -> float:
        """Bytes."""
        parts = [part for own in self.directions for part in own]
        return float(sum(array.nbytes for part in parts for array in part.grown))


def bare(tree: NDArray[np.uint8]) -> Grown:
    """A tree of which nothing is known but its splits."""
    return NOTHING._replace(tree=tree)


def trees_of(document: CellsDocument, rays: Sequence[tuple[int, ...]], halves: Any) -> Trees:
    """The trees of a certificate that the kernel has accepted, for the searches of the orthants.

    Where its trees are not split like ours, those that come after it are left out.

    Parameters
    ----------
    document : CellsDocument
    rays : sequence of tuple of int
        Its directions.
    halves : sequence of int64 array
        Which halves of the first coordinates each search has.
    """
    whole = np.frombuffer(document.tree, np.uint8).copy()
    free = int(document.ball is not None)
    columns = document.rotation.shape[0] + free
    directions: list[tuple[Part, ...]] = []
    end = 0
    for ray in rays:
        parts = []
        for number, half in enumerate(halves):
            splits = splits_above(number, len(half), columns)
            start = end + len(splits)
            if whole[end:start].tolist() != splits:
                return Trees(tuple(directions))
            end = _end(whole, start, half, columns, free)
            parts.append(Part(document.Z, ray, 1, bare(whole[start:end].copy())))
        directions.append(tuple(parts))
    return Trees(tuple(directions))


@compiled
def _end(tree: NDArray[np.uint8], start: int, half: IndexArray, columns: int, free: int) -> int:
    """Where the tree of an orthant ends that begins at a place."""
    lows, highs = (
        np.empty((DEEPEST + 3, columns), np.int64),
        np.empty((DEEPEST + 3, columns), np.int64),
    )
    boxes, end = 1, start
    for j in range(columns):
        lows[0, j], highs[0, j] = -(1 << 26), 1 << 26
    for j in range(half.size):
        box_trimmed(lows[0], highs[0], free)
        if half[j] == 0:
            highs[0, j] = 0
        else:
            lows[0, j] = 0
    while boxes > 0 and end < tree.size:
        boxes -= 1
        low, high = lows[boxes], highs[boxes]
        if not box_trimmed(low, high, free):
            continue
        node = int(tree[end])
        end += 1
        if node > 0 and boxes < DEEPEST:
            j = (node - 1) % columns
            middle = 0 if node > columns else (low[j] + high[j]) >> 1
            for a in range(columns):
                lows[boxes + 1, a], highs[boxes + 1, a] = low[a], high[a]
            low[j] = highs[boxes + 1, j] = middle
            boxes += 2
    return end
