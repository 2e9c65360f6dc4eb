"""What searches have proved as certificates: partition, phases, cells, patterns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate, PatternCertificate
from certnn.certificates.document import (
    doubles,
    float_bytes,
    octets,
    proof_certificate,
    singles,
    words,
    written,
)
from certnn.certificates.dual_point import IndexArray
from certnn.directed_rounding import rounded_down
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem


@dataclass(frozen=True, eq=False)
class _Document(ABC):
    """A proof of a dual norm.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
    """

    kappa: float
    Z: FloatArray
    _kind: ClassVar[str]

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file. It claims the float64 below what it gives (Theorem 3).

        Raises `ValueError` if multipliers have another type than float32: rounding could make the
        proof fail.
        """
        proof = self._proof()
        free_bias = "ball" in proof
        return proof_certificate(problem, self._kind, self.Z, self.kappa, proof, about, free_bias)

    @abstractmethod
    def _proof(self) -> dict[str, object]:
        """What the kind has beside `kappa` and `Z`."""


@dataclass(frozen=True, eq=False)
class PartitionDocument(_Document):
    """A proof by a partition of weight space into cones.

    Attributes
    ----------
    basis : float64 array, shape (k, k)
        The rays, row by row.
    witnesses : uint32 array
        As `certnn.kernel.partition.PartitionProof` describes them.
    """

    basis: FloatArray
    tree: bytes
    witnesses: NDArray[np.uint32]
    _kind = "partition"

    def _proof(self) -> dict[str, object]:
        return {
            "basis": doubles(self.basis),
            "tree": octets(self.tree),
            "witnesses": words("<u4", self.witnesses),
        }


@dataclass(frozen=True, eq=False)
class PhasesDocument(_Document):
    """A proof by activation phases.

    Attributes
    ----------
    bounds : float64 array
    splits : int32 array
    pair_counts, first, second : uint32 array
    signs : int32 array
    ratios : float64 array
    multipliers : float32 array
        As the kernel's ``FORMAT.md`` describes them.
    """

    directions: bytes
    bounds: FloatArray
    splits: NDArray[np.int32]
    pair_counts: NDArray[np.uint32]
    first: NDArray[np.uint32]
    second: NDArray[np.uint32]
    signs: NDArray[np.int32]
    ratios: FloatArray
    multipliers: NDArray[np.float32]
    _kind = "phases"

    def _proof(self) -> dict[str, object]:
        return {
            "directions": octets(self.directions),
            "bounds": doubles(self.bounds),
            "splits": words("<i4", self.splits),
            "pairs": {
                "count": words("<u4", self.pair_counts),
                "first": words("<u4", self.first),
                "second": words("<u4", self.second),
                "sign": words("<i4", self.signs),
                "ratio": doubles(self.ratios),
            },
            "multipliers": singles(self.multipliers),
        }


@dataclass(frozen=True, eq=False)
class CellsDocument(_Document):
    """A proof by cells of weight space.

    Attributes
    ----------
    bounds : float64 array
    ball : BiasBall or None
        For a free hidden bias.
    rotation : float64 array, shape (k, k) or (d, d)
    multipliers : float32 array
        As the kernel's ``FORMAT.md`` describes them.
    """

    directions: bytes
    bounds: FloatArray
    ball: BiasBall | None
    rotation: FloatArray
    tree: bytes
    codes: bytes
    multipliers: NDArray[np.float32]
    _kind = "cells"

    def _proof(self) -> dict[str, object]:
        return {
            "directions": octets(self.directions),
            "bounds": doubles(self.bounds),
            "rotation": doubles(self.rotation),
            "tree": octets(self.tree),
            "codes": octets(self.codes),
            "multipliers": singles(self.multipliers),
            **({} if self.ball is None else {"ball": doubles(self.ball.numbers())}),
        }


def pattern_certificate(
    problem: TrainingProblem,
    Z: FloatArray,
    kappa: float,
    patterns: bytes,
    counts: IndexArray,
    points: IndexArray,
    multipliers: FloatArray,
    splits: FloatArray,
    about: dict[str, str],
) -> PatternCertificate:
    """Write a proof for networks with given activation patterns as a certificate.

    The claim is the float64 below what the proof gives (Theorem 44). `Z` to `splits` are the
    arrays of the kind, and `patterns` the bits, as ``FORMAT.md`` describes them.
    """
    value = kernel.bound_from_dual_norm(problem.instance(), float_bytes(Z), kappa)
    proof = {
        "kind": "patterns",
        "kappa": kappa,
        "Z": doubles(Z),
        "count": words("<u4", counts),
        "point": words("<u4", points),
        "multiplier": doubles(multipliers),
        "split": doubles(splits),
    }
    claimed, more = Fraction(rounded_down(value)), {"patterns": octets(patterns)}
    form = kernel.reading.PATTERN_FORMAT
    return PatternCertificate(written(problem, claimed, proof, about, form, more))
