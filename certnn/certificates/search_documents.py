"""What searches have proved as certificates: partition, phases, cells, patterns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate, PatternCertificate
from certnn.certificates.document import (
    doubles,
    float_bytes,
    in_base64,
    proof_certificate,
    singles,
    words,
    written,
)
from certnn.certificates.dual_point import IndexArray
from certnn.directed_rounding import rounded_down
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem


def partition_certificate(
    problem: TrainingProblem,
    Z: FloatArray,
    kappa: float,
    basis: FloatArray,
    tree: bytes,
    witnesses: NDArray[np.uint32],
    about: dict[str, str],
) -> Certificate:
    """Write a proof by a partition of weight space into cones as a certificate.

    The claim is the float64 below what the proof gives (Theorem 3). `Z` to `witnesses` are the
    fields of `certnn.kernel.partition.PartitionProof`: the rows of `basis` are the rays, and
    `witnesses` has one positive integer a ray for each leaf, in the order of the tree.
    """
    proof = {
        "basis": doubles(basis),
        "tree": in_base64(tree),
        "witnesses": in_base64(np.ascontiguousarray(witnesses, dtype="<u4").tobytes()),
    }
    return proof_certificate(problem, "partition", Z, kappa, proof, about)


def phases_certificate(
    problem: TrainingProblem,
    Z: FloatArray,
    kappa: float,
    directions: bytes,
    bounds: FloatArray,
    splits: NDArray[np.int32],
    pair_counts: NDArray[np.uint32],
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
    signs: NDArray[np.int32],
    ratios: FloatArray,
    multipliers: NDArray[np.float32],
    about: dict[str, str],
) -> Certificate:
    """Write a proof by activation phases as a certificate.

    The claim is the float64 below what the proof gives (Theorem 3). `Z` to `multipliers` are the
    fields of `certnn.kernel.phases.PhasesProof`.

    Raises
    ------
    ValueError
        If `multipliers` has another type than float32: rounding could make the proof fail.
    """
    proof = {
        "directions": in_base64(directions),
        "bounds": doubles(bounds),
        "splits": words("<i4", splits),
        "pairs": {
            "count": words("<u4", pair_counts),
            "first": words("<u4", first),
            "second": words("<u4", second),
            "sign": words("<i4", signs),
            "ratio": doubles(ratios),
        },
        "multipliers": singles(multipliers),
    }
    return proof_certificate(problem, "phases", Z, kappa, proof, about)


def cells_certificate(
    problem: TrainingProblem,
    Z: FloatArray,
    kappa: float,
    directions: bytes,
    bounds: FloatArray,
    ball: BiasBall | None,
    rotation: FloatArray,
    tree: bytes,
    codes: bytes,
    multipliers: NDArray[np.float32],
    about: dict[str, str],
) -> Certificate:
    """Write a proof by cells of weight space as a certificate.

    The claim is the float64 below what the proof gives (Theorem 3). `Z` to `multipliers` are the
    fields of `certnn.kernel.cells.CellsProof`.

    Raises
    ------
    ValueError
        If `multipliers` has another type than float32: rounding could make the proof fail.
    """
    proof = {
        "directions": in_base64(directions),
        "bounds": doubles(bounds),
        "rotation": doubles(rotation),
        "tree": in_base64(tree),
        "codes": in_base64(codes),
        "multipliers": singles(multipliers),
    }
    if ball is not None:
        proof["ball"] = doubles(ball.numbers())
    return proof_certificate(problem, "cells", Z, kappa, proof, about, ball is not None)


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
    fields of `certnn.kernel.patterns.PatternsProof`, `patterns` their bits as in ``FORMAT.md``.
    """
    dual = float_bytes(Z)
    value = kernel.bound_from_dual_norm(problem.instance(), dual, kappa)
    proof = {
        "kind": "patterns",
        "kappa": kappa,
        "Z": in_base64(dual),
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
            kernel.check.PATTERN_FORMAT,
            {"patterns": in_base64(patterns)},
        )
    )
