"""Dual points of the lifts, carried over to the rows of the original problem."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.directions import Cover
from certnn.certificates.dual_point import Products
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.regions.lift import Lift
from certnn.relaxation.reduced.original_leaf import original_leaf
from certnn.relaxation.reduced.reduced_problem import ReducedProblem


class Original:
    """From the directions of data to rows, from unit directions of outputs to the cover's rays."""

    def __init__(self, reduced: ReducedProblem, program: Program, of: Cover) -> None:
        self._reduced, self._program, self._cover = reduced, program, of
        self._unit = program.shrink * program.reg

    def point(
        self,
        trees: list[list[int]],
        lifts: tuple[Lift, ...],
        zeta: FloatArray,
        ys: list[FloatArray],
    ) -> RegionsPoint:
        """The dual point; the lifts are in the order of the trees' leaves."""
        program = self._program
        Z = program.combinations @ (program.shrink * zeta) + program.remainder
        numbers = [number for number, tree in enumerate(trees) for node in tree if node < 0]
        leaves = tuple(
            self._leaf(number, lift, y, Z)
            for number, lift, y in zip(numbers, lifts, ys, strict=True)
        )
        splits = np.array([node for tree in trees for node in tree], dtype=np.int64)
        return RegionsPoint(self._reduced.dual_scale * Z, self._cover, splits, leaves)

    def _leaf(self, number: int, lift: Lift, y: FloatArray, Z: FloatArray) -> RegionLeaf:
        m, begin, pairs = lift.points, lift.begin, y[lift.pairs]
        plain = lift.second < begin + 2 * m
        merged = Products(
            m,
            np.append(lift.mixed, lift.first[plain] - begin),
            np.append(lift.mixed + m, lift.second[plain] - begin),
            self._unit * np.append(y[: lift.free], pairs[plain]),
        )
        forms = lift.first[~plain] - begin
        used, place = np.unique(forms, return_inverse=True)
        rays = lift.rays[lift.second[~plain] - begin - 2 * m]
        rays = np.hstack([rays, np.ones((forms.size, 1))]) * pairs[~plain][:, None]
        partners = np.zeros((used.size, rays.shape[1]))
        np.add.at(partners, place, rays)
        return original_leaf(
            self._reduced,
            Z,
            (number, float(np.linalg.norm(self._cover.rays[number]))),
            lift.signs,
            (self._unit * float(y[-1]), 0.0),
            merged,
            used,
            self._unit * partners,
        )
