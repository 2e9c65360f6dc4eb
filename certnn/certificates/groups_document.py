"""Proofs of groups of points as one certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np

from certnn.certificates.certificate import Certificate
from certnn.certificates.container import numbers, read_document
from certnn.certificates.document import document_certificate, words
from certnn.certificates.dual_point import IndexArray
from certnn.directed_rounding import rounded_down
from certnn.problem.training_problem import TrainingProblem


@dataclass(frozen=True)
class ProvedGroup:
    """A group of points with the proof of its own problem, to be added up with others.

    Attributes
    ----------
    points : ndarray of int
        Ascending.
    reg : float
        Its share.
    bound : float
        Positive.
    proof : mapping
        As a certificate has it.
    """

    points: IndexArray
    reg: float
    bound: float
    proof: Mapping[str, Any]

    @classmethod
    def of(cls, points: IndexArray, certificate: Certificate) -> Self:
        """That of a certificate of the problem of these points."""
        document = read_document(certificate)
        claim = document["claim"]
        bound = rounded_down(Fraction(claim["lower_bound"]))
        return cls(points, claim["reg"], bound, document["proof"])


def groups_certificate(
    problem: TrainingProblem, groups: Sequence[ProvedGroup], about: dict[str, str]
) -> Certificate:
    """Write proofs of disjoint groups of points as one certificate (Theorem 53).

    The claim is the float64 below their sum.
    """
    parts = [
        {
            "points": words("<u4", group.points),
            "reg": group.reg,
            "lower_bound": group.bound,
            "proof": group.proof,
        }
        for group in groups
    ]
    claimed = Fraction(rounded_down(sum((Fraction(group.bound) for group in groups), Fraction(0))))
    return document_certificate(problem, claimed, {"kind": "groups", "parts": parts}, about)


def proved_groups(certificate: Certificate) -> list[ProvedGroup]:
    """The groups of a certificate that the kernel has accepted; none if it is of another kind."""
    proof = read_document(certificate)["proof"]
    return [
        ProvedGroup(
            numbers(part["points"], "<u4").astype(np.int64),
            part["reg"],
            part["lower_bound"],
            part["proof"],
        )
        for part in proof.get("parts", ())
    ]
