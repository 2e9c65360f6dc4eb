"""The dual point in a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate
from certnn.certificates.container import numbers, read_document


def dual_point(certificate: Certificate, shape: tuple[int, int]) -> tuple[FloatArray, float]:
    """Z, and the kappa that is proved of it, of a certificate that certnn wrote itself.

    Of groups of points it is Z of the groups, each scaled to its share of reg, zero at the other
    points, and reg (Theorem 53).

    Parameters
    ----------
    shape : (int, int)
        (n, c).
    """
    document = read_document(certificate)
    proof = document["proof"]
    if proof["kind"] != "groups":
        return proved_point(proof, shape)
    Z = np.zeros(shape)
    for part in proof["parts"]:
        points = numbers(part["points"], "<u4")
        own, kappa = proved_point(part["proof"], (points.size, shape[1]))
        Z[points] = own * min(1.0, part["reg"] / kappa)
    return Z, float(document["claim"]["reg"])


def proved_point(proof: Mapping[str, Any], shape: tuple[int, int]) -> tuple[FloatArray, float]:
    """The same of a proof that is not one of groups."""
    parts = proof["Z"] if isinstance(proof["Z"], list) else [proof["Z"]]
    Z = np.sum([numbers(part, "<f8") for part in parts], axis=0).reshape(shape)
    return Z, float(proof["kappa"])
