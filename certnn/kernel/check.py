"""Check a certificate, and make the lower bound that it proves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final

from certnn.kernel.bound import _MAKER, Bound, PatternBound
from certnn.kernel.cells import CellsProof, check_cells
from certnn.kernel.container import Document, read_file
from certnn.kernel.cuts import CutsProof, check_cuts
from certnn.kernel.document import Malformed, Section
from certnn.kernel.exact import Backend, ExactMatrix
from certnn.kernel.groups import Group, groups_of, require_apart
from certnn.kernel.instance import Instance, features_within
from certnn.kernel.partition import PartitionProof, check_partition
from certnn.kernel.patterns import check_patterns
from certnn.kernel.phases import PhasesProof, check_phases
from certnn.kernel.psd import PsdProof, check_psd
from certnn.kernel.reading import (
    PATTERN_FORMAT,
    PatternsOnly,
    Proof,
    kind_of,
    read_claim,
    read_patterns,
    read_patterns_proof,
    read_proof_of,
    read_top,
)
from certnn.kernel.regions import RegionsProof, check_regions
from certnn.kernel.rejected import Rejected
from certnn.kernel.scaling import scaled_bound
from certnn.kernel.work import Work

#: Each proves kappa on the features that it is given.
_CHECKS: Final[dict[type, Callable[[ExactMatrix, Any, Work, Backend], None]]] = {
    PsdProof: check_psd,
    CutsProof: check_cuts,
    PartitionProof: check_partition,
    PhasesProof: check_phases,
    RegionsProof: check_regions,
    CellsProof: check_cells,
}


def check_certificate(document: Document, backend: Backend = "auto") -> Bound:
    """Check a certificate and return the lower bound that it proves.

    Parameters
    ----------
    document : bytes or binary file
        As specified in ``FORMAT.md``.
    backend : {"auto", "python", "flint"}
        Arithmetic of the large products of a "psd", "cuts", "regions" or "cells" proof. With
        "auto" leaves of a "partition" or "cells" that floats prove rigorously (Theorems 17 and
        52) are left out of the integers, where numba is installed. For "phases" there is no
        difference. The verdict does not depend on it.

    Returns
    -------
    Bound
        ``kind == "lower"``; its value is the bound that the certificate claims, its instance the
        problem that the certificate carries.

    Raises
    ------
    Malformed
        If the file is not a certificate; `PatternsOnly` if it is one about some activation
        patterns, which bounds no other networks.
    Rejected
        If the certificate does not prove its claim, or to see that it does would take more work
        than a file of its size may.
    """
    file = read_file(document)
    top = read_top(file)
    instance, claimed = read_claim(top)
    if claimed > _proved_bound(top, instance, Work(file.size), backend):
        raise Rejected("the claimed lower bound is above what the proof gives")
    return Bound(_MAKER, "lower", claimed, instance, file.sha256)


def check_any_certificate(document: Document, backend: Backend = "auto") -> Bound | PatternBound:
    """Check a certificate about all networks, or else about those with given patterns.

    Parameters
    ----------
    document, backend
        As in `check_certificate`.
    """
    try:
        return check_certificate(document, backend)
    except PatternsOnly:
        return check_pattern_certificate(document, backend)


def check_pattern_certificate(document: Document, backend: Backend = "auto") -> PatternBound:
    """Check a certificate about networks with given activation patterns (Theorems 44 and 45).

    Parameters
    ----------
    document, backend
        As in `check_certificate`.

    Returns
    -------
    PatternBound
        It says nothing about networks with other patterns.

    Raises
    ------
    Malformed
        If the file is not such a certificate.
    Rejected
        If the certificate does not prove its claim, or to see that it does would take more work
        than a file of its size may.
    """
    file = read_file(document)
    top = read_top(file, PATTERN_FORMAT)
    instance, claimed = read_claim(top, "patterns")
    patterns = read_patterns(top, instance.n)
    proof = read_patterns_proof(top, instance, len(patterns))
    check_patterns(instance.features(), patterns, proof, Work(file.size), backend)
    if claimed > scaled_bound(instance, proof.Z, proof.kappa):
        raise Rejected("the claimed lower bound is above what the proof gives")
    return PatternBound(_MAKER, claimed, instance, patterns, file.sha256)


def read_instance(document: Document) -> Instance:
    """The training problem that a certificate speaks of, without checking the proof.

    Parameters
    ----------
    document : bytes or binary file

    Raises
    ------
    Malformed
        If the file is not a certificate.
    """
    return read_claim(read_top(read_file(document)))[0]


def read_proof(
    document: Document,
) -> tuple[Instance, Fraction, Proof | list[tuple[Group, Proof]]]:
    """The problem, the claimed bound, and the proof, read and not checked.

    Of kind groups these are the groups, each with the proof of its own problem.

    Parameters
    ----------
    document : bytes or binary file

    Raises
    ------
    Malformed
        If the file is not a certificate.
    Rejected
        If a point is in two groups, or their shares come to more than reg.
    """
    top = read_top(read_file(document))
    instance, claimed = read_claim(top)
    if kind_of(top) != "groups":
        return instance, claimed, read_proof_of(top, instance)
    groups = _groups(top, instance)
    parts = [(group, _proof_of_group(k, group)) for k, group in enumerate(groups)]
    require_apart(groups, instance.reg)
    return instance, claimed, parts


def _proved_bound(top: Section, instance: Instance, work: Work, backend: Backend) -> Fraction:
    """What the proof gives; of groups every part is read before one is checked."""
    if kind_of(top) != "groups":
        proof = read_proof_of(top, instance)
        return scaled_bound(instance, *_proved_dual_norm(proof, instance, work, backend))
    groups = _groups(top, instance)
    for number, group in enumerate(groups):
        _proof_of_group(number, group)  # not kept: in memory at a time are the numbers of one
    require_apart(groups, instance.reg)
    for number, group in enumerate(groups):
        proof = _proof_of_group(number, group)
        with _naming(number):
            proved = _proved_dual_norm(proof, group.instance, work, backend)
            if group.claimed > scaled_bound(group.instance, *proved):
                raise Rejected("the claimed lower bound is above what the proof gives")
    return sum((group.claimed for group in groups), Fraction(0))


def _groups(top: Section, instance: Instance) -> list[Group]:
    return groups_of(top.inner("proof", ("kind", "parts")), instance)


def _proof_of_group(number: int, group: Group) -> Proof:
    with _naming(number):
        return read_proof_of(group.section, group.instance)


@contextmanager
def _naming(number: int) -> Iterator[None]:
    """What is wrong with a group says with which."""
    try:
        yield
    except (Malformed, Rejected) as error:
        raise type(error)(f"group {number}: {error}") from None


def _proved_dual_norm(
    proof: Proof, instance: Instance, work: Work, backend: Backend
) -> tuple[ExactMatrix, float, bool]:
    """Z, a proved upper bound of its dual norm, and whether that is with a free bias itself."""
    ball = proof.ball if isinstance(proof, RegionsProof | CellsProof) else None
    _CHECKS[type(proof)](features_within(instance, ball, work), proof, work, backend)
    return proof.Z, proof.kappa, ball is not None
