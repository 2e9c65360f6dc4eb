"""A certificate's file: claim, data and proof in one JSON object (kernel/FORMAT.md)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate
from certnn.directed_rounding import rounded_down
from certnn.problem.training_problem import TrainingProblem


def proof_certificate(
    problem: TrainingProblem,
    kind: str,
    Z: FloatArray,
    kappa: float,
    proof: Mapping[str, object],
    about: dict[str, str],
    free_bias: bool = False,
) -> Certificate:
    """A certificate by a proof of a dual norm; its claim is the float64 below what that gives.

    Parameters
    ----------
    problem : TrainingProblem
    kind : str
        Of proof.
    Z : float64 array, shape (n, c)
    kappa : float
        What is proved of the dual norm of Z.
    proof : mapping
        What the kind has beside these.
    about : dict
        Says for people where the certificate comes from; the kernel does not read it.
    free_bias : bool
        Whether a free hidden bias is beside u (Theorem 51), and no column of its own.
    """
    dual = float_bytes(Z)
    value = kernel.bound_from_dual_norm(problem.instance(), dual, kappa, free_bias)
    head = {"kind": kind, "kappa": kappa, "Z": in_base64(dual)}
    return document_certificate(problem, Fraction(rounded_down(value)), {**head, **proof}, about)


def document_certificate(
    problem: TrainingProblem,
    claimed: Fraction,
    proof: Mapping[str, object],
    about: dict[str, str],
) -> Certificate:
    """A certificate that claims what one says, by the whole of a proof."""
    return Certificate(written(problem, claimed, proof, about, kernel.check.FORMAT, {}))


def written(
    problem: TrainingProblem,
    claimed: Fraction,
    proof: Mapping[str, object],
    about: dict[str, str],
    form: str,
    more_claimed: Mapping[str, object],
) -> bytes:
    """The file, of the format `form`."""
    instance = problem.instance()
    document = {
        "format": form,
        "version": kernel.check.VERSION,
        "about": about,
        "claim": {
            "lower_bound": f"{claimed.numerator}/{claimed.denominator}",
            "n": problem.n,
            "d": problem.d,
            "c": problem.c,
            "reg": problem.reg,
            "loss": problem.loss.name,
            "hidden_bias": problem.hidden_bias,
            **({"delta": problem.loss.delta} if problem.loss.delta else {}),
            **({"output_bias": problem.output_bias} if problem.output_bias else {}),
            **more_claimed,
        },
        "data": {"X": in_base64(instance.X), "Y": in_base64(instance.Y)},
        "proof": proof,
    }
    # In pieces: the arrays of a large certificate need not be in memory four times over.
    pieces = json.JSONEncoder(indent=1).iterencode(document)
    return b"".join([*(piece.encode() for piece in pieces), b"\n"])


def float_bytes(array: FloatArray) -> bytes:
    """What type f8 stands for."""
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def doubles(*arrays: FloatArray) -> str:
    """Type f8, of one array or several, one after the other."""
    return in_base64(b"".join(map(float_bytes, arrays)))


def singles(multipliers: NDArray[np.float32]) -> str:
    """Type f4.

    Raises
    ------
    ValueError
        If they have another type than float32: rounding could make a proof fail.
    """
    if multipliers.dtype != np.float32:
        raise ValueError("multipliers must be float32")
    return in_base64(np.ascontiguousarray(multipliers, dtype="<f4").tobytes())


def words(kind: str, *arrays: NDArray[np.integer[Any]]) -> str:
    """Type u4, if `kind` is "<u4", or i4, if it is "<i4"."""
    return in_base64(b"".join(np.ascontiguousarray(a, dtype=kind).tobytes() for a in arrays))


def in_base64(data: bytes) -> str:
    """Bytes as a string of JSON."""
    return b64encode(data).decode("ascii")
