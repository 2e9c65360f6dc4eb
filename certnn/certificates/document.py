"""The certificate as a file: claim, data and proof in one JSON object (kernel/FORMAT.md)."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from certnn import kernel
from certnn.arrays import FloatArray
from certnn.atomic_files import read_bytes, write_atomically
from certnn.certificates.cuts_point import CutsPoint
from certnn.certificates.dual_point import DualPoint, IndexArray
from certnn.certificates.psd_witness import PsdWitness
from certnn.certificates.regions_point import RegionsPoint
from certnn.directed_rounding import rounded_down
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem


@dataclass(frozen=True)
class Certificate:
    """A certificate file in memory: untrusted bytes until `check` turns them into a bound.

    Attributes
    ----------
    document : bytes
        The file, as `certnn/kernel/FORMAT.md` describes it.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> proved = certnn.lower_bound(problem, "shor")
    >>> certnn.Certificate(proved.certificate.document).check().value == proved.bound.value
    True
    >>> certnn.Certificate(b"{}").check()
    Traceback (most recent call last):
        ...
    certnn.kernel.document.Malformed: ...
    """

    document: bytes

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.Bound:
        """Let the kernel check it; see `certnn.kernel.check_certificate`."""
        return kernel.check_certificate(self.document, backend)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, self.document)

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a file of at most the size that the kernel accepts.

        Raises
        ------
        InputError
            If the file cannot be read or is too large.
        """
        return cls(read_bytes(path, kernel.document.LARGEST_FILE))

    def __repr__(self) -> str:
        return f"<Certificate of {len(self.document)} bytes>"


@dataclass(frozen=True)
class PatternCertificate:
    """A certificate about networks with given activation patterns, and no others."""

    document: bytes

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.PatternBound:
        """Let the kernel check it; see `certnn.kernel.check_pattern_certificate`."""
        return kernel.check_pattern_certificate(self.document, backend)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, self.document)

    def __repr__(self) -> str:
        return f"<PatternCertificate of {len(self.document)} bytes>"


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
            "first": _base64(products.first.astype("<u4").tobytes()),
            "second": _base64(products.second.astype("<u4").tobytes()),
            "multiplier": _base64(_bytes(products.multiplier)),
        },
        "weights": _base64(_bytes(witness.weights)),
        "L_points": _base64(_bytes(witness.L_points)),
        "L_cross": _base64(_bytes(witness.L_cross)),
        "L_corner": _base64(_bytes(witness.L_corner)),
    }
    return _certificate(problem, "psd", point.Z, witness.kappa, proof, about)


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
            "first": _base64(_words(first, "<u4")),
            "second": _base64(_words(second, "<u4")),
            "multiplier": _summands(multiplier),
        },
        "weights": _base64(_bytes(witness.weights)),
        "L_points": _summands(witness.L_points),
        "L_cross": _summands(witness.L_cross),
        "L_corner": _summands(witness.L_corner),
    }
    return _document(
        problem,
        claimed,
        {"kind": "psd", "kappa": witness.kappa, "Z": _summands(Z), **proof},
        about,
    )


def _summands(arrays: FloatArray) -> list[str]:
    return [_base64(_bytes(array)) for array in arrays]


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
            "target": _base64(_words(slacks.target, "<u4")),
            "count": _base64(_words(slacks.count, "<u4")),
            "point": _base64(_words(slacks.point, "<u4")),
            "theta": _base64(_bytes(slacks.theta)),
        },
        "products": {
            "first": _base64(_words(first, "<u4")),
            "second": _base64(_words(second, "<u4")),
            "multiplier": _base64(_bytes(np.concatenate([products.multiplier, point.multiplier]))),
        },
        "sets": {
            "count": _base64(_words(np.array([s.points.size for s in sets], np.int64), "<u4")),
            "point": _base64(b"".join(_words(s.points, "<u4") for s in sets)),
            "form": _base64(_bytes(np.concatenate([none, *(s.form for s in sets)]))),
            "part": _base64(_bytes(np.concatenate([none, *(s.part.ravel() for s in sets)]))),
        },
        "weights": _base64(_bytes(witness.weights)),
        "L": _base64(_bytes(np.concatenate(_rows_of_L(witness)))),
    }
    return _certificate(problem, "cuts", point.Z, witness.kappa, proof, about)


def _rows_of_L(witness: PsdWitness) -> list[FloatArray]:
    """The rows of the lower triangle: those of the points, then of u and v."""
    rows, start = [witness.L_points], 0
    for number, cross in enumerate(witness.L_cross):
        rows += [cross, witness.L_corner[start : start + number + 1]]
        start += number + 1
    return rows


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
        "basis": _base64(_bytes(basis)),
        "tree": _base64(tree),
        "witnesses": _base64(np.ascontiguousarray(witnesses, dtype="<u4").tobytes()),
    }
    return _certificate(problem, "partition", Z, kappa, proof, about)


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
        "directions": _base64(directions),
        "bounds": _base64(_bytes(bounds)),
        "splits": _base64(_words(splits, "<i4")),
        "pairs": {
            "count": _base64(_words(pair_counts, "<u4")),
            "first": _base64(_words(first, "<u4")),
            "second": _base64(_words(second, "<u4")),
            "sign": _base64(_words(signs, "<i4")),
            "ratio": _base64(_bytes(ratios)),
        },
        "multipliers": _base64(_singles(multipliers)),
    }
    return _certificate(problem, "phases", Z, kappa, proof, about)


def dual_point(certificate: Certificate, shape: tuple[int, int]) -> tuple[FloatArray, float]:
    """Z, and the kappa that is proved of it, of a certificate that certnn wrote itself.

    Of groups of points it is Z of the groups, each scaled to its share of reg, zero at the other
    points, and reg (Theorem 53).

    Parameters
    ----------
    certificate : Certificate
    shape : (int, int)
        (n, c).
    """
    document = json.loads(certificate.document)
    proof = document["proof"]
    if proof["kind"] != "groups":
        return _dual_point(proof, shape)
    Z = np.zeros(shape)
    for part in proof["parts"]:
        points = np.frombuffer(b64decode(part["points"]), "<u4")
        own, kappa = _dual_point(part["proof"], (points.size, shape[1]))
        Z[points] = own * min(1.0, part["reg"] / kappa)
    return Z, float(document["claim"]["reg"])


def _dual_point(proof: Mapping[str, Any], shape: tuple[int, int]) -> tuple[FloatArray, float]:
    parts = proof["Z"] if isinstance(proof["Z"], list) else [proof["Z"]]
    Z = np.sum([np.frombuffer(b64decode(part), "<f8") for part in parts], axis=0).reshape(shape)
    return Z, float(proof["kappa"])


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
        "directions": _base64(directions),
        "bounds": _base64(_bytes(bounds)),
        "rotation": _base64(_bytes(rotation)),
        "tree": _base64(tree),
        "codes": _base64(codes),
        "multipliers": _base64(_singles(multipliers)),
    }
    if ball is not None:
        proof["ball"] = _base64(_bytes(ball.numbers()))
    return _certificate(problem, "cells", Z, kappa, proof, about, ball is not None)


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
        document = json.loads(certificate.document)
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
            "points": _base64(_words(group.points, "<u4")),
            "reg": group.reg,
            "lower_bound": group.bound,
            "proof": group.proof,
        }
        for group in groups
    ]
    claimed = Fraction(rounded_down(sum((Fraction(group.bound) for group in groups), Fraction(0))))
    return _document(problem, claimed, {"kind": "groups", "parts": parts}, about)


def proved_groups(certificate: Certificate) -> list[ProvedGroup]:
    """The groups of a certificate that the kernel has accepted; none if it is of another kind."""
    proof = json.loads(certificate.document)["proof"]
    return [
        ProvedGroup(
            np.frombuffer(b64decode(part["points"]), "<u4").astype(np.int64),
            part["reg"],
            part["lower_bound"],
            part["proof"],
        )
        for part in proof.get("parts", ())
    ]


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
    dual = _bytes(Z)
    value = kernel.bound_from_dual_norm(problem.instance(), dual, kappa)
    proof = {
        "kind": "patterns",
        "kappa": kappa,
        "Z": _base64(dual),
        "count": _base64(_words(counts, "<u4")),
        "point": _base64(_words(points, "<u4")),
        "multiplier": _base64(_bytes(multipliers)),
        "split": _base64(_bytes(splits)),
    }
    claimed = Fraction(rounded_down(value))
    return PatternCertificate(
        _written(
            problem,
            claimed,
            proof,
            about,
            kernel.check.PATTERN_FORMAT,
            {"patterns": _base64(patterns)},
        )
    )


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
        "directions": _base64(point.cover.tree),
        "bounds": _base64(_bytes(bounds)),
        "splits": _base64(_words(point.splits, "<i4")),
        **_of_free_bias(point),
        "mu": _base64(_bytes(np.array([leaf.mu for leaf in leaves]))),
        "products": {
            "count": _base64(_words(counts[:, 0], "<u4")),
            "first": _base64(b"".join(_words(leaf.products.first, "<u4") for leaf in leaves)),
            "second": _base64(b"".join(_words(leaf.products.second, "<u4") for leaf in leaves)),
            "multiplier": _base64(b"".join(_bytes(leaf.products.multiplier) for leaf in leaves)),
        },
        "balls": {
            "count": _base64(_words(counts[:, 1], "<u4")),
            "form": _base64(b"".join(_words(leaf.balls, "<u4") for leaf in leaves)),
            "multiplier": _base64(b"".join(_bytes(leaf.ball_multipliers) for leaf in leaves)),
        },
        "weights": "",
        "L": "",
    }
    return _certificate(problem, "regions", point.Z, kappa, proof, about, point.ball is not None)


def _of_free_bias(point: RegionsPoint) -> dict[str, str]:
    if point.ball is None:
        return {}
    return {
        "ball": _base64(_bytes(point.ball.numbers())),
        "nu": _base64(_bytes(np.array([leaf.nu for leaf in point.leaves]))),
    }


def _certificate(
    problem: TrainingProblem,
    kind: str,
    Z: FloatArray,
    kappa: float,
    proof: Mapping[str, object],
    about: dict[str, str],
    free_bias: bool = False,
) -> Certificate:
    dual = _bytes(Z)
    value = kernel.bound_from_dual_norm(problem.instance(), dual, kappa, free_bias)
    head = {"kind": kind, "kappa": kappa, "Z": _base64(dual)}
    return _document(problem, Fraction(rounded_down(value)), {**head, **proof}, about)


def _document(
    problem: TrainingProblem,
    claimed: Fraction,
    proof: Mapping[str, object],
    about: dict[str, str],
) -> Certificate:
    return Certificate(_written(problem, claimed, proof, about, kernel.check.FORMAT, {}))


def _written(
    problem: TrainingProblem,
    claimed: Fraction,
    proof: Mapping[str, object],
    about: dict[str, str],
    form: str,
    more_claimed: Mapping[str, object],
) -> bytes:
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
        "data": {"X": _base64(instance.X), "Y": _base64(instance.Y)},
        "proof": proof,
    }
    # In pieces: the arrays of a large certificate need not be in memory four times over.
    pieces = json.JSONEncoder(indent=1).iterencode(document)
    return b"".join([*(piece.encode() for piece in pieces), b"\n"])


def _bytes(array: FloatArray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _singles(multipliers: NDArray[np.float32]) -> bytes:
    if multipliers.dtype != np.float32:
        raise ValueError("multipliers must be float32")
    return np.ascontiguousarray(multipliers, dtype="<f4").tobytes()


def _words(numbers: NDArray[np.integer[Any]], kind: str) -> bytes:
    return np.ascontiguousarray(numbers, dtype=kind).tobytes()


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
