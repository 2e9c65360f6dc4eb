"""Reports from files, with what lies beside them checked by the kernel."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from certnn.atomic_files import read_bytes
from certnn.errors import InputError
from certnn.kernel import (
    Bound,
    Malformed,
    PatternBound,
    Rejected,
    check_certificate,
    check_pattern_certificate,
    evaluate_network,
)
from certnn.report.data import GapReport
from certnn.report.figures import Check
from certnn.report.wording import contrast

#: Names of the files of an audit; those of certificates end with what a `Certificate` ends with.
REPORT, NETWORK, PAGE = "report.json", "best_network.npz", "report.html"
CERTIFICATE, PATTERN_CERTIFICATE = "certificate.json", "patterns-certificate.json"
CERTIFICATES = {".json": CERTIFICATE, ".zip": "certificate.zip"}
PATTERN_CERTIFICATES = {".json": PATTERN_CERTIFICATE, ".zip": "patterns-certificate.zip"}
REPORT_FILES = (*CERTIFICATES.values(), *PATTERN_CERTIFICATES.values(), NETWORK, PAGE, REPORT)
#: Bytes of a report that is read, and of a certificate that is checked along the way.
_LARGEST, _LARGEST_CHECKED = 20_000_000, 100_000_000
#: A null loss is rounded by whoever wrote the report.
_NULL_LOSS_TOLERANCE = Fraction(1, 10**9)

_Statement = TypeVar("_Statement", Bound, PatternBound)


def read_report(name: str | Path) -> GapReport:
    """Read a report, and let the kernel check the certificates that lie beside it.

    Of its figures those are `proved` that follow from certificate.json and
    patterns-certificate.json, or .zip, in the same folder; a certificate that is not there, or
    larger than 100 MB, proves nothing here. One that is rejected, or is for another problem or
    another bound than the report says, makes the report contradict itself. The command to check it
    again is not that of the file. Raises `InputError` if it is not a report; the message names the
    file.

    Parameters
    ----------
    name : str or Path
        report.json, or the folder of an audit.
    """
    path = Path(name, REPORT) if os.path.isdir(name) else Path(name)
    content = read_bytes(path, _LARGEST)
    try:
        report = GapReport.from_json(content.decode())
    except UnicodeDecodeError:
        raise InputError(str(path), "is not UTF-8") from None
    except InputError as error:
        raise InputError(str(path), f"is not a report: {error}") from None
    certificate = path.with_name(_one_of(CERTIFICATES, report.certificate))
    try:
        document = read_bytes(certificate, _LARGEST_CHECKED)
    except InputError as error:
        return replace(report, recheck="", unchecked=f"{certificate.name} {error.reason}")
    report = replace(report, recheck=f"certnn check {shlex.quote(str(certificate))}")
    name, claimed = certificate.name, report.lower_bound.fraction
    bound = _checked(report, name, document, check_certificate, claimed)
    if isinstance(bound, Check):
        return replace(report, contradictions=(*report.contradictions, bound))
    report = replace(
        report,
        proved=(bound,),
        contradictions=(*report.contradictions, *_null_loss_wrong(report, bound)),
    )
    return _with_patterns_checked(report, path)


def _one_of(names: Mapping[str, str], said: str) -> str:
    """The name that a report says, if it is one of a report's, and else the first."""
    return said if said in names.values() else names[".json"]


def _with_patterns_checked(report: GapReport, path: Path) -> GapReport:
    tier = report.pattern_tier
    if tier is None:
        return report
    certificate = path.with_name(_one_of(PATTERN_CERTIFICATES, tier.certificate))
    try:
        document = read_bytes(certificate, _LARGEST_CHECKED)
    except InputError:  # it stays the report's word
        return report
    name = certificate.name
    found = _checked(report, name, document, check_pattern_certificate, tier.fraction)
    if not isinstance(found, Check) and len(found.patterns) != tier.patterns:
        detail = f"it is about {len(found.patterns)} patterns, the report about {tier.patterns}"
        found = Check(f"{name} proves the bound", False, detail)
    if isinstance(found, Check):
        return replace(report, contradictions=(*report.contradictions, found))
    return replace(report, proved=(*report.proved, found))


def _checked(
    report: GapReport,
    name: str,
    document: bytes,
    check: Callable[[bytes], _Statement],
    reported: Fraction,
) -> _Statement | Check:
    """What a certificate proves, if that is what the report says; else what is wrong."""
    try:
        found = check(document)
    except (Malformed, Rejected) as error:
        return Check(f"{name} proves the bound", False, f"it is rejected: {error}")
    detail = report.problem.difference(found.instance)
    if detail:
        return Check(f"{name} is about the problem of the report", False, detail)
    if found.value != reported:
        detail = f"the report says {contrast(float(reported), found.rounded)}"
        return Check(f"{name} proves the bound", False, detail)
    return found


def _null_loss_wrong(report: GapReport, bound: Bound) -> list[Check]:
    exact = evaluate_network(bound.instance, b"", b"", 0, output_bias=_no_bias(bound)).value
    stated = Fraction(report.problem.null_loss)
    if abs(stated - exact) <= _NULL_LOSS_TOLERANCE * exact:
        return []
    detail = f"the report says {contrast(report.problem.null_loss, float(exact))}"
    return [Check("null loss", False, detail)]


def _no_bias(bound: Bound) -> bytes:
    return bytes(8 * bound.instance.c) if bound.instance.output_bias is not False else b""
