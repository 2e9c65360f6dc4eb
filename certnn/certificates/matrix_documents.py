"""Proofs by positive semidefinite matrices as certificates: psd, cuts, regions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate
from certnn.certificates.container import Array
from certnn.certificates.cuts_point import CutsPoint
from certnn.certificates.document import (
    document_certificate,
    doubles,
    octets,
    proof_certificate,
    words,
)
from certnn.certificates.dual_point import DualPoint, IndexArray
from certnn.certificates.psd_witness import PsdWitness
from certnn.certificates.regions_point import RegionsPoint
from certnn.problem.training_problem import TrainingProblem


def psd_certificate(
    problem: TrainingProblem, point: DualPoint, witness: PsdWitness, about: dict[str, str]
) -> Certificate:
    """Write a proof by a positive semidefinite matrix as a certificate.

    The claim is the float64 below what the proof gives (Theorem 3). `about` says for people where
    the certificate comes from; the kernel does not read it.
    """
    products = point.products
    proof = {
        "products": {
            "first": words("<u4", products.first),
            "second": words("<u4", products.second),
            "multiplier": doubles(products.multiplier),
        },
        "weights": doubles(witness.weights),
        "L_points": doubles(witness.L_points),
        "L_cross": doubles(witness.L_cross),
        "L_corner": doubles(witness.L_corner),
    }
    return proof_certificate(problem, "psd", point.Z, witness.kappa, proof, about)


def summed_psd_certificate(
    problem: TrainingProblem,
    Z: FloatArray,
    first: IndexArray,
    second: IndexArray,
    multiplier: FloatArray,
    witness: PsdWitness,
    claimed: Fraction,
    about: dict[str, str],
) -> Certificate:
    """Write a proof whose numbers are exact sums of doubles, for claims of many digits.

    Along the first axis of `Z`, `multiplier` and the parts of L in `witness` are the summands.
    """
    proof = {
        "products": {
            "first": words("<u4", first),
            "second": words("<u4", second),
            "multiplier": _summands(multiplier),
        },
        "weights": doubles(witness.weights),
        "L_points": _summands(witness.L_points),
        "L_cross": _summands(witness.L_cross),
        "L_corner": _summands(witness.L_corner),
    }
    return document_certificate(
        problem,
        claimed,
        {"kind": "psd", "kappa": witness.kappa, "Z": _summands(Z), **proof},
        about,
    )


def _summands(arrays: FloatArray) -> list[Array]:
    return [doubles(array) for array in arrays]


def cuts_certificate(
    problem: TrainingProblem, point: CutsPoint, witness: PsdWitness, about: dict[str, str]
) -> Certificate:
    """Write a proof by slacks and sets as a certificate; the witness has one group of all points.

    The claim is the float64 below what the proof gives (Theorem 3).
    """
    slacks, sets, products = point.slacks, point.sets, point.products
    first = np.concatenate([products.first, point.first])
    second = np.concatenate([products.second, point.second])
    none = np.zeros(0)
    proof = {
        "slacks": {
            "target": words("<u4", slacks.target),
            "count": words("<u4", slacks.count),
            "point": words("<u4", slacks.point),
            "theta": doubles(slacks.theta),
        },
        "products": {
            "first": words("<u4", first),
            "second": words("<u4", second),
            "multiplier": doubles(np.concatenate([products.multiplier, point.multiplier])),
        },
        "sets": {
            "count": words("<u4", np.array([s.points.size for s in sets], np.int64)),
            "point": words("<u4", *(s.points for s in sets)),
            "form": doubles(np.concatenate([none, *(s.form for s in sets)])),
            "part": doubles(np.concatenate([none, *(s.part.ravel() for s in sets)])),
        },
        "weights": doubles(witness.weights),
        "L": doubles(np.concatenate(_rows_of_L(witness))),
    }
    return proof_certificate(problem, "cuts", point.Z, witness.kappa, proof, about)


def _rows_of_L(witness: PsdWitness) -> list[FloatArray]:
    """The rows of the lower triangle: those of the points, then of u and v."""
    rows, start = [witness.L_points], 0
    for number, cross in enumerate(witness.L_cross):
        rows += [cross, witness.L_corner[start : start + number + 1]]
        start += number + 1
    return rows


def regions_certificate(
    problem: TrainingProblem,
    point: RegionsPoint,
    kappa: float,
    bounds: FloatArray,
    about: dict[str, str],
) -> Certificate:
    """Write a proof by regions as a certificate, whose forms the kernel factors itself.

    The claim is the float64 below what the proof gives (Theorem 3).
    """
    leaves = point.leaves
    counts = np.array([[leaf.products.first.size, leaf.balls.size] for leaf in leaves])
    proof = {
        "directions": octets(point.cover.tree),
        "bounds": doubles(bounds),
        "splits": words("<i4", point.splits),
        **_of_free_bias(point),
        "mu": doubles(np.array([leaf.mu for leaf in leaves])),
        "products": {
            "count": words("<u4", counts[:, 0]),
            "first": words("<u4", *(leaf.products.first for leaf in leaves)),
            "second": words("<u4", *(leaf.products.second for leaf in leaves)),
            "multiplier": doubles(*(leaf.products.multiplier for leaf in leaves)),
        },
        "balls": {
            "count": words("<u4", counts[:, 1]),
            "form": words("<u4", *(leaf.balls for leaf in leaves)),
            "multiplier": doubles(*(leaf.ball_multipliers for leaf in leaves)),
        },
        "weights": doubles(),
        "L": doubles(),
    }
    return proof_certificate(
        problem, "regions", point.Z, kappa, proof, about, point.ball is not None
    )


def _of_free_bias(point: RegionsPoint) -> dict[str, Array]:
    if point.ball is None:
        return {}
    return {
        "ball": doubles(point.ball.numbers()),
        "nu": doubles(np.array([leaf.nu for leaf in point.leaves])),
    }
