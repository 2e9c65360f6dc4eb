"""Check a certificate, and make the lower bound that it proves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final

from certnn.kernel.bound import _MAKER, Bound, PatternBound
from certnn.kernel.cells import check_cells
from certnn.kernel.container import Document, read_file
from certnn.kernel.document import Malformed, Section
from certnn.kernel.exact import Backend, ExactMatrix
from certnn.kernel.groups import Group, groups_of, require_apart
from certnn.kernel.instance import Instance, features_within
from certnn.kernel.outputs import DirectedProof
from certnn.kernel.partition import check_partition
from certnn.kernel.patterns import check_patterns
from certnn.kernel.phases import check_phases
from certnn.kernel.products import check_products
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
from certnn.kernel.regions import check_regions
from certnn.kernel.rejected import Rejected
from certnn.kernel.scaling import scaled_bound
from certnn.kernel.work import Work

#: Of each kind, what proves that kappa is at least the dual norm of Z on the features given. It
#: raises `Rejected` if the proof is wrong, or to follow it would take too much work.
_CHECKS: Final[dict[str, Callable[[ExactMatrix, Any, Work], None]]] = {
    "psd": check_products,
    "cuts": check_products,
    "partition": check_partition,
    "phases": check_phases,
    "regions": check_regions,
    "cells": check_cells,
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
    if claimed > _proved_bound(top, instance, Work(file.size, backend)):
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
    check_patterns(instance.features(), patterns, proof, Work(file.size, backend))
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
    return instance, claimed, [(group, _proof_of_group(k, group)) for k, group in enumerate(groups)]


def _proved_bound(top: Section, instance: Instance, work: Work) -> Fraction:
    """What the proof gives."""
    if kind_of(top) != "groups":
        return _proved_alone(read_proof_of(top, instance), instance, work)
    groups = _groups(top, instance)
    for number, group in enumerate(groups):
        proof = _proof_of_group(number, group)
        with _naming(number):
            if group.claimed > _proved_alone(proof, group.instance, work):
                raise Rejected("the claimed lower bound is above what the proof gives")
    return sum((group.claimed for group in groups), Fraction(0))


def _groups(top: Section, instance: Instance) -> list[Group]:
    """The groups, of which every part is read before one is checked."""
    groups = groups_of(top.inner("proof", ("kind", "parts")), instance)
    for number, group in enumerate(groups):
        _proof_of_group(number, group)  # not kept: in memory at a time are the numbers of one
    require_apart(groups, instance.reg)
    return groups


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


def _proved_alone(proof: Proof, instance: Instance, work: Work) -> Fraction:
    """What the proof of a dual norm gives: of Z, with a free hidden bias in it or beside u."""
    ball = proof.ball if isinstance(proof, DirectedProof) else None
    _CHECKS[proof.kind](features_within(instance, ball), proof, work)
    return scaled_bound(instance, proof.Z, proof.kappa, ball is not None)
