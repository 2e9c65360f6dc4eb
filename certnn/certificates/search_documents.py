"""What searches have proved as certificates: partition, phases, cells, patterns."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

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
class PartitionDocument:
    """A proof by a partition of weight space into cones.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
    basis : float64 array, shape (k, k)
        The rays, row by row.
    tree : bytes
    witnesses : uint32 array
        As the kernel's ``FORMAT.md`` describes them.
    """

    kappa: float
    Z: FloatArray
    basis: FloatArray
    tree: bytes
    witnesses: NDArray[np.uint32]

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file. It claims the float64 below what it gives (Theorem 3)."""
        proof = {
            "basis": doubles(self.basis),
            "tree": octets(self.tree),
            "witnesses": words("<u4", self.witnesses),
        }
        return proof_certificate(problem, "partition", self.Z, self.kappa, proof, about)


@dataclass(frozen=True, eq=False)
class PhasesDocument:
    """A proof by activation phases.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
    directions : bytes
    bounds : float64 array
    splits : int32 array
    pair_counts, first, second : uint32 array
    signs : int32 array
    ratios : float64 array
    multipliers : float32 array
        As the kernel's ``FORMAT.md`` describes them.
    """

    kappa: float
    Z: FloatArray
    directions: bytes
    bounds: FloatArray
    splits: NDArray[np.int32]
    pair_counts: NDArray[np.uint32]
    first: NDArray[np.uint32]
    second: NDArray[np.uint32]
    signs: NDArray[np.int32]
    ratios: FloatArray
    multipliers: NDArray[np.float32]

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file. It claims the float64 below what it gives (Theorem 3).

        Raises
        ------
        ValueError
            If `multipliers` has another type than float32: rounding could make the proof fail.
        """
        proof = {
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
        return proof_certificate(problem, "phases", self.Z, self.kappa, proof, about)


@dataclass(frozen=True, eq=False)
class CellsDocument:
    """A proof by cells of weight space.

    Attributes
    ----------
    kappa : float
        What it proves of ``Z``.
    Z : float64 array, shape (n, c)
    directions : bytes
    bounds : float64 array
    ball : BiasBall or None
        For a free hidden bias.
    rotation : float64 array, shape (k, k) or (d, d)
    tree, codes : bytes
    multipliers : float32 array
        As the kernel's ``FORMAT.md`` describes them.
    """

    kappa: float
    Z: FloatArray
    directions: bytes
    bounds: FloatArray
    ball: BiasBall | None
    rotation: FloatArray
    tree: bytes
    codes: bytes
    multipliers: NDArray[np.float32]

    def certificate(self, problem: TrainingProblem, about: dict[str, str]) -> Certificate:
        """The proof as a file. It claims the float64 below what it gives (Theorem 3).

        Raises
        ------
        ValueError
            If `multipliers` has another type than float32: rounding could make the proof fail.
        """
        proof = {
            "directions": octets(self.directions),
            "bounds": doubles(self.bounds),
            "rotation": doubles(self.rotation),
            "tree": octets(self.tree),
            "codes": octets(self.codes),
            "multipliers": singles(self.multipliers),
        }
        if self.ball is not None:
            proof["ball"] = doubles(self.ball.numbers())
        return proof_certificate(
            problem, "cells", self.Z, self.kappa, proof, about, self.ball is not None
        )


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
    claimed = Fraction(rounded_down(value))
    return PatternCertificate(
        written(
            problem,
            claimed,
            proof,
            about,
            kernel.reading.PATTERN_FORMAT,
            {"patterns": octets(patterns)},
        )
    )
