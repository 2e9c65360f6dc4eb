"""Checking by the program that is extracted from functions that Rocq has proved sound.

`proofs/build_checker.sh` makes the program; where there is none, the same in JavaScript, which the
package has, takes its place. It reads a plain form of a certificate, all integers,
which this module writes; ``proofs/checker/INTEGERS.md`` specifies it. The numbers of the claim
and of the data are passed on as they are in the file; everything else is witness, and cannot make
a false claim pass.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations
from math import lcm
from pathlib import Path
from struct import iter_unpack, pack

from certnn import kernel
from certnn.certificates.integer_cells import cells_witness
from certnn.certificates.integer_cuts import cuts_witness
from certnn.certificates.integer_phases import phases_witness
from certnn.certificates.integer_regions import SparseRow, product_blocks, regions_witness, sparse
from certnn.certificates.web_checker import engine_installed, javascript_checker
from certnn.errors import InputError
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.groups import Group
from certnn.kernel.instance import Instance
from certnn.kernel.losses import LOSSES
from certnn.kernel.outputs import DEEPEST, DirectedProof, solution
from certnn.kernel.partition import PartitionProof
from certnn.kernel.products import ProductsProof
from certnn.kernel.reading import Proof

#: Names the program, where it is not in its usual place.
ENVIRONMENT = "CERTNN_CHECKER"
#: What makes it, in the sources alone, and where.
_SCRIPT = Path(__file__).parents[2] / "proofs" / "build_checker.sh"
_BUILT = Path("_build", "certnn-checker")
BIASES = (False, True, "free")
#: Of proofs of a dual norm, in the order of their numbers.
KINDS = ("psd", "partition", "regions", "cells", "cuts", "phases")
#: Of the program, for each verdict.
_EXIT_CODES = {"proved": 0, "rejected": 1, "malformed": 2}
_PROVED = re.compile(r"proved: ([0-9]+/[0-9]+)")


@dataclass(frozen=True)
class Judge:
    """An extracted checker.

    Attributes
    ----------
    name : str
        What it is, for people.
    says : callable
        From a certificate in its integer form to "proved: p/q", "rejected" or "malformed: why".
    """

    name: str
    says: Callable[[bytes], str]


def find_checker() -> Path:
    """The extracted checker: what CERTNN_CHECKER names, or what proofs/build_checker.sh has made.

    Raises `InputError` if there is no such program.
    """
    named = os.environ.get(ENVIRONMENT)
    # A bare name would be looked for on PATH when it is run.
    checker = Path(named).absolute() if named else _SCRIPT.parent / _BUILT
    if checker.is_file() and os.access(checker, os.X_OK):
        return checker
    if named:
        raise InputError(ENVIRONMENT, f"must name the extracted checker, and {named} is no program")
    way = "pip install 'certnn[verified]' brings one"
    if _SCRIPT.is_file():
        way += f", and bash {shlex.quote(str(_SCRIPT))} makes a faster one"
    raise InputError("verified", f"needs an extracted checker: {way}")


def find_judge() -> Judge:
    """The extracted checker, as the program or, where there is none, in JavaScript.

    Raises `InputError` if there is neither, or CERTNN_CHECKER names no program.
    """
    built = os.environ.get(ENVIRONMENT) or (_SCRIPT.parent / _BUILT).is_file()
    if not built and engine_installed():
        return Judge("the extracted one in JavaScript", javascript_checker())
    checker = find_checker()
    return Judge(str(checker), lambda line: _said_by_program(checker, line))


def _said_by_program(checker: Path, line: bytes) -> str:
    try:
        ran = subprocess.run([checker], input=line + b"\n", capture_output=True)
    except OSError as error:
        raise InputError("verified", f"{checker} does not run: {error}") from None
    said = ran.stdout.decode("ascii", "replace").strip()
    verdict = said.partition(":")[0]
    if _EXIT_CODES.get(verdict) != ran.returncode:
        return f"{said or 'nothing'}, and ends with {ran.returncode}"
    return said


def check_verified(document: kernel.Document, judge: Judge) -> Fraction:
    """Let the extracted checker decide, and return the lower bound that it has proved.

    This is not a `certnn.kernel.Bound`, which only the kernel makes. Raises
    `certnn.kernel.Malformed` if the file is not a certificate; `certnn.kernel.Rejected` if the
    certificate does not prove its claim; `InputError` if the certificate is of a kind or size that
    the checker does not check, or the checker does not run.
    """
    said = judge.says(integer_form(document))
    if proved := _PROVED.fullmatch(said):
        return Fraction(proved[1])
    if said == "rejected":
        raise kernel.Rejected("the extracted checker rejects it")
    raise InputError("verified", f"the extracted checker says: {said}")


def integer_form(document: kernel.Document) -> bytes:
    """The certificate as one line of integers, for the extracted checker.

    Raises `certnn.kernel.Malformed` if the file is not a certificate; `certnn.kernel.Rejected` if
    the basis of a partition is singular, a tree or a leaf has not the form that it must have, or a
    point is in two groups.
    """
    instance, claimed, proof = kernel.read_proof(document)
    if isinstance(proof, list):
        head, rest = "groups", _groups(instance.n, proof)
    else:
        head, rest = proof.kind, _alone(instance, proof)
    claim = [
        *(instance.n, instance.d, instance.c, *_loss(instance)),
        *map(BIASES.index, (instance.hidden_bias, instance.output_bias)),
        *(claimed.numerator, claimed.denominator),
        _word(instance.reg),
        *(word for data in (instance.X, instance.Y) for (word,) in iter_unpack("<Q", data)),
    ]
    numbers = " ".join(f"{number:x}" for number in (*claim, *rest))
    return f"certnn-{head}-2 {numbers}".encode()


def _groups(n: int, groups: list[tuple[Group, Proof]]) -> Iterator[int]:
    """How many, for each point that of its group or -1, and the parts."""
    labels = [-1] * n
    for number, (group, _) in enumerate(groups):
        for point in group.points:
            labels[point] = number
    unit = lcm(*(group.claimed.denominator for group, _ in groups))
    yield from (len(groups), *labels, unit)
    for group, proof in groups:
        yield from (_word(group.instance.reg), int(group.claimed * unit), KINDS.index(proof.kind))
        yield from _alone(group.instance, proof)


def _alone(instance: Instance, proof: Proof) -> Iterator[int]:
    """A dual point, and the proof of its dual norm."""
    inputs = instance.inputs().exponent
    if isinstance(proof, DirectedProof) and proof.ball is not None:
        inputs = min(inputs, proof.ball.exponent)
    yield from (1 << -inputs, _unit(instance.targets()), 1 << instance.bias_exponent)
    yield from (*_entries(proof.Z), *proof.kappa.as_integer_ratio())
    if isinstance(proof, ProductsProof) and proof.cuts:
        yield from cuts_witness(proof, proof.cuts)
    elif isinstance(proof, ProductsProof):
        yield from _psd_witness(instance.n, proof)
    elif isinstance(proof, PartitionProof):
        yield from _partition_witness(proof)
    elif proof.kind == "regions":
        yield from regions_witness(instance, proof, -inputs)
    elif proof.kind == "cells":
        yield from cells_witness(instance, proof, -inputs)
    else:
        yield from phases_witness(instance, proof)


def _loss(instance: Instance) -> Iterator[int]:
    """Its number, and for huber the bits of delta."""
    yield LOSSES.index(instance.loss)
    if instance.loss == "huber":
        yield _word(instance.delta)


def _word(number: float) -> int:
    """The 64 bits of a double."""
    return int.from_bytes(pack("<d", number), "little")


def _entries(matrix: ExactMatrix) -> Iterator[int]:
    """The unit, and the entries row by row."""
    yield _unit(matrix)
    for row in matrix.rows:
        yield from row


def _psd_witness(n: int, proof: ProductsProof) -> Iterator[int]:
    products = proof.products
    yield _unit(products.multipliers)
    pairs = zip(products.first, products.second, chain(*products.multipliers.rows), strict=True)
    for rows in product_blocks(n, pairs):
        yield from sparse(rows)
    yield from _entries(proof.witness.weights)
    rows, exponent = _factor(n, proof)
    yield 1 << -exponent
    yield from sparse(rows)


def _unit(matrix: ExactMatrix) -> int:
    """Entries are the rows over this; an `ExactMatrix` of floats never has a positive exponent."""
    return 1 << -matrix.exponent


def _factor(n: int, proof: ProductsProof) -> tuple[list[SparseRow], int]:
    """The rows of L over the variables (a, u, v), and their common exponent."""
    witness = proof.witness
    parts = (witness.blocks, witness.cross.transposed(), witness.corner)
    exponent = min(part.exponent for part in parts)
    points, cross, corner = (part.at(exponent) for part in parts)
    rows: list[SparseRow] = [{} for _ in range(n + len(cross))]
    entries = chain(*points)
    for group in proof.groups:
        _fill(rows, group, entries)
    for row, numbers in zip(rows[n:], cross, strict=True):
        row.update(enumerate(numbers))
    _fill(rows, range(n, len(rows)), chain(*corner))
    return rows, exponent


def _fill(rows: list[SparseRow], members: Sequence[int], entries: Iterator[int]) -> None:
    """Put a lower triangle, row by row, at these rows and columns."""
    for place, i in enumerate(members, start=1):
        rows[i].update(zip(members[:place], entries))  # noqa: B905 - the rest is the next rows'


def _partition_witness(proof: PartitionProof) -> Iterator[int]:
    yield from _entries(proof.basis)
    yield from _inverse_transposed(proof.basis)
    columns = len(proof.basis.rows)
    edges = list(combinations(range(columns), 2))
    nodes, witnesses = iter(proof.tree), iter(proof.witnesses)
    try:
        for _ in range(1 << columns):
            open_nodes = [0]  # their depths, the next one last
            while open_nodes:
                depth, code = open_nodes.pop(), next(nodes)
                if code == 0:
                    leaf = [next(witnesses) for _ in range(columns)]
                    yield from (0, *leaf)
                    continue
                if depth == DEEPEST or code > len(edges):
                    raise kernel.Rejected("a tree of the partition is too deep, or splits no edge")
                yield from (1, *edges[code - 1], next(nodes), next(nodes))
                open_nodes += [depth + 1, depth + 1]
    except StopIteration:
        raise kernel.Rejected("the partition ends before it covers the space") from None
    if any(True for _ in (*nodes, *witnesses)):
        raise kernel.Rejected("the partition goes on after it covers the space")


def _inverse_transposed(basis: ExactMatrix) -> list[int]:
    """A unit and the rows of a matrix M with basis · Mᵀ = 1."""
    size, columns = len(basis.rows), []
    for k in range(size):
        try:
            determinant, column = solution(basis.rows, [int(i == k) for i in range(size)])
        except StopIteration:
            raise kernel.Rejected("the basis of the partition is singular") from None
        columns.append([Fraction(entry * _unit(basis), determinant) for entry in column])
    unit = lcm(*(entry.denominator for column in columns for entry in column))
    return [unit, *(int(entry * unit) for column in columns for entry in column)]
