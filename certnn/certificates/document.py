"""What is in a certificate's file: claim, data and proof (kernel/FORMAT.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.certificates.certificate import Certificate
from certnn.certificates.container import Array, json_bytes, write_container
from certnn.certificates.kept_file import KeptFile
from certnn.directed_rounding import rounded_down
from certnn.problem.training_problem import TrainingProblem

#: Numbers in X and Y from which a certificate is a container: JSON would take much memory.
CONTAINED: Final = 1 << 20


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
    value = kernel.bound_from_dual_norm(problem.instance(), float_bytes(Z), kappa, free_bias)
    head = {"kind": kind, "kappa": kappa, "Z": doubles(Z)}
    return document_certificate(problem, Fraction(rounded_down(value)), {**head, **proof}, about)


def document_certificate(
    problem: TrainingProblem, claimed: Fraction, proof: Mapping[str, object], about: dict[str, str]
) -> Certificate:
    """A certificate that claims what one says, by the whole of a proof."""
    return Certificate(written(problem, claimed, proof, about, kernel.reading.FORMAT, {}))


def written(
    problem: TrainingProblem,
    claimed: Fraction,
    proof: Mapping[str, object],
    about: dict[str, str],
    form: str,
    more_claimed: Mapping[str, object],
) -> bytes | KeptFile:
    """The file, of the format `form`: JSON, or a container of at least `CONTAINED` numbers."""
    document = {
        "format": form,
        "version": kernel.reading.VERSION,
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
        "data": {"X": doubles(problem.X), "Y": doubles(problem.Y)},
        "proof": proof,
    }
    if problem.n * (problem.d + problem.c) < CONTAINED:
        return json_bytes(document)
    return KeptFile.written(partial(write_container, document))


def float_bytes(array: FloatArray) -> bytes:
    """What type f8 stands for."""
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def doubles(*arrays: FloatArray) -> Array:
    """Type f8, of one array or several, one after the other."""
    return _row("<f8", arrays)


def singles(multipliers: NDArray[np.float32]) -> Array:
    """Type f4.

    Raises `ValueError` if they have another type than float32: rounding could make a proof fail.
    """
    if multipliers.dtype != np.float32:
        raise ValueError("multipliers must be float32")
    return _row("<f4", [multipliers])


def words(kind: str, *arrays: NDArray[np.integer[Any]]) -> Array:
    """Type u4, if `kind` is "<u4", or i4, if it is "<i4"."""
    return _row(kind, arrays)


def octets(data: bytes) -> Array:
    """Bytes."""
    return np.frombuffer(data, "u1")


def _row(kind: str, arrays: Sequence[NDArray[Any]]) -> Array:
    """One array, which is not copied if it need not be, or all of them one after the other."""
    rows = [np.ascontiguousarray(array, dtype=kind).ravel() for array in arrays]
    return rows[0] if len(rows) == 1 else np.concatenate([np.zeros(0, kind), *rows])
