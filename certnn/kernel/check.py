"""Check a certificate, and make the lower bound that it proves."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from certnn.kernel.bound import _MAKER, Bound, PatternBound
from certnn.kernel.cell_geometry import MOST_COLUMNS as MOST_CELL_COLUMNS
from certnn.kernel.cells import CellsProof, check_cells
from certnn.kernel.container import Document, File, read_file
from certnn.kernel.cuts import LARGEST_SET, MOST_SLACKS, CutsProof, check_cuts, set_pairs
from certnn.kernel.document import Malformed, Section
from certnn.kernel.exact import Backend, ExactMatrix
from certnn.kernel.groups import Group, groups_of
from certnn.kernel.instance import Bias, Instance
from certnn.kernel.partition import MOST_COLUMNS, PartitionProof, check_partition
from certnn.kernel.patterns import PatternsProof, check_patterns
from certnn.kernel.phases import WIDEST, PhasesProof, check_phases
from certnn.kernel.psd import PsdProof, check_psd, connected_groups
from certnn.kernel.regions import RegionsProof, check_regions
from certnn.kernel.rejected import Rejected
from certnn.kernel.scaling import scaled_bound
from certnn.kernel.work import Work

FORMAT = "certnn-certificate"
#: Of certificates about networks with given activation patterns.
PATTERN_FORMAT = "certnn-pattern-certificate"
VERSION = 1

#: Of a dual norm.
Proof = PsdProof | CutsProof | PartitionProof | PhasesProof | RegionsProof | CellsProof


class PatternsOnly(Malformed):
    """The file is a certificate about some activation patterns, where one about all is needed."""


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
    top = _top(file)
    instance, claimed = _claim(top)
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
    top = _top(file, PATTERN_FORMAT)
    instance, claimed = _claim(top, "patterns")
    patterns = _patterns(top, instance.n)
    proof = _patterns_proof(top, instance, len(patterns))
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
    return _claim(_top(read_file(document)))[0]


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
    top = _top(read_file(document))
    instance, claimed = _claim(top)
    if _kind(top) != "groups":
        return instance, claimed, _proof(top, instance)
    groups = _groups(top, instance)
    return instance, claimed, [(group, _proof_of_group(k, group)) for k, group in enumerate(groups)]


def _top(file: File, wanted: str = FORMAT) -> Section:
    file.parsed.setdefault("about", {})  # for people; never believed
    keys = ("format", "version", "claim", "data", "proof", "about")
    top = Section("certificate", file.parsed, keys)
    if top.text("format") != wanted:
        if wanted == FORMAT and top.text("format") == PATTERN_FORMAT:
            raise PatternsOnly("it bounds only networks with the activation patterns in it")
        raise Malformed(f"the format is not {wanted}")
    if top.size("version") != VERSION:
        raise Malformed(f"version {top.size('version')} is not known, only {VERSION}")
    about = top.value("about")
    if not isinstance(about, dict) or not all(isinstance(text, str) for text in about.values()):
        raise Malformed("about must be an object of strings")
    return top


def _claim(top: Section, *more: str) -> tuple[Instance, Fraction]:
    given = top.value("claim")
    optional = [key for key in ("delta", "output_bias") if isinstance(given, dict) and key in given]
    keys = ("lower_bound", "n", "d", "c", "reg", "loss", "hidden_bias", *optional, *more)
    claim = Section("claim", given, keys)
    data = Section("data", top.value("data"), ("X", "Y"))
    n, d, c = claim.size("n"), claim.size("d"), claim.size("c")
    loss, delta = claim.text("loss"), claim.positive("delta") if "delta" in optional else 0.0
    hidden_bias = _bias(claim, "hidden_bias")
    output_bias = _bias(claim, "output_bias") if "output_bias" in optional else False
    X, Y, reg = data.array("X", "<f8"), data.array("Y", "<f8"), claim.positive("reg")
    try:
        instance = Instance(n, d, c, reg, hidden_bias, X, Y, loss, delta, output_bias)
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"data: {error}") from None
    return instance, claim.ratio("lower_bound")


def _bias(claim: Section, key: str) -> Bias:
    return "free" if claim.value(key) == "free" else claim.flag(key)


def _proved_bound(top: Section, instance: Instance, work: Work, backend: Backend) -> Fraction:
    """What the proof gives; of groups every part is read before one is checked."""
    if _kind(top) != "groups":
        proof = _proof(top, instance)
        return scaled_bound(instance, *_proved_dual_norm(proof, instance, work, backend))
    groups = _groups(top, instance)
    for number, group in enumerate(groups):
        _proof_of_group(number, group)  # not kept: in memory at a time are the numbers of one
    for number, group in enumerate(groups):
        proof = _proof_of_group(number, group)
        with _naming(number):
            proved = _proved_dual_norm(proof, group.instance, work, backend)
            if group.claimed > scaled_bound(group.instance, *proved):
                raise Rejected("the claimed lower bound is above what the proof gives")
    return sum((group.claimed for group in groups), Fraction(0))


def _groups(top: Section, instance: Instance) -> list[Group]:
    return groups_of(Section("proof", top.value("proof"), ("kind", "parts")), instance)


def _proof_of_group(number: int, group: Group) -> Proof:
    with _naming(number):
        return _proof(group.section, group.instance)


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
    beside, features = False, instance.features
    if isinstance(proof, RegionsProof):
        check_regions(instance, proof, work, backend)
        beside = proof.ball is not None
    elif isinstance(proof, CellsProof):
        check_cells(instance, proof, work, backend)
        beside = proof.ball is not None
    elif isinstance(proof, PsdProof):
        check_psd(features(), proof, work, backend)
    elif isinstance(proof, PartitionProof):
        check_partition(features(), proof, work, backend)
    elif isinstance(proof, PhasesProof):
        check_phases(features(), proof, work)
    else:
        check_cuts(features(), proof, work, backend)
    return proof.Z, proof.kappa, beside


def _proof(top: Section, instance: Instance) -> Proof:
    """The proof of a dual norm."""
    reader = _READERS.get(kind) if isinstance(kind := _kind(top), str) else None
    if reader is None:
        raise Malformed(
            "proof.kind is not known, only psd, cuts, partition, phases, cells and regions, and "
            "groups of these"
        )
    return reader(top, instance)


def _kind(top: Section) -> object:
    given = top.value("proof")
    return given.get("kind") if isinstance(given, dict) else None


def _psd_proof(top: Section, instance: Instance) -> PsdProof:
    keys = ("kind", "kappa", "Z", "products", "weights", "L_points", "L_cross", "L_corner")
    proof = Section("proof", top.value("proof"), keys)
    products = Section("products", proof.value("products"), ("first", "second", "multiplier"))
    n, border = instance.n, instance.columns + instance.c
    count = len(products.summands("multiplier")[0]) // 8
    first = products.indices("first", count, 2 * n)
    second = products.indices("second", count, 2 * n)
    if any(r > s for r, s in zip(first, second, strict=True)):
        raise products.wrong("first", "must not be above second")
    groups = connected_groups(n, ((r % n, s % n) for r, s in zip(first, second, strict=True)))
    triangles = sum(len(group) * (len(group) + 1) // 2 for group in groups)
    return PsdProof(
        kappa=proof.positive("kappa"),
        Z=proof.sum_of_doubles("Z", n, instance.c),
        first=first,
        second=second,
        multipliers=products.sum_of_doubles("multiplier", 1, count),
        groups=groups,
        weights=proof.doubles("weights", 1, n + border),
        L_points=proof.sum_of_doubles("L_points", 1, triangles),
        L_cross=proof.sum_of_doubles("L_cross", border, n),
        L_corner=proof.sum_of_doubles("L_corner", 1, border * (border + 1) // 2),
    )


def _cuts_proof(top: Section, instance: Instance) -> CutsProof:
    keys = ("kind", "kappa", "Z", "slacks", "products", "sets", "weights", "L")
    proof = Section("proof", top.value("proof"), keys)
    slacks = Section("slacks", proof.value("slacks"), ("target", "count", "point", "theta"))
    products = Section("products", proof.value("products"), ("first", "second", "multiplier"))
    sets = Section("sets", proof.value("sets"), ("count", "point", "form", "part"))
    n, order = instance.n, instance.n + instance.columns + instance.c
    supports = _lists(slacks, n)
    if len(supports) > MOST_SLACKS * order:
        raise slacks.wrong("count", f"has more than {MOST_SLACKS} slacks for each variable")
    forms, count = 2 * n + len(supports), len(products.array("multiplier", "<f8")) // 8
    first = products.indices("first", count, forms)
    second = products.indices("second", count, forms)
    if any(r > s for r, s in zip(first, second, strict=True)):
        raise products.wrong("first", "must not be above second")
    members = _lists(sets, n)
    sizes = [len(points) for points in members]
    if max(sizes, default=0) > LARGEST_SET:
        raise sets.wrong("count", f"has a set of more than {LARGEST_SET} points")
    return CutsProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", n, instance.c),
        targets=slacks.indices("target", len(supports), n),
        supports=supports,
        theta=slacks.doubles("theta", 1, sum(map(len, supports))),
        first=first,
        second=second,
        multipliers=products.doubles("multiplier", 1, count),
        sets=members,
        set_forms=sets.doubles("form", 1, sum(len(set_pairs(k)) for k in sizes)),
        set_parts=sets.doubles("part", 1, sum(2**k * (k * (k - 1) // 2) for k in sizes)),
        weights=proof.doubles("weights", 1, order),
        L=proof.doubles("L", 1, order * (order + 1) // 2),
    )


def _lists(section: Section, below: int) -> list[list[int]]:
    """Lists of indices: "count" has their lengths, "point" the indices of one after the other."""
    counts = section.words("count")
    indices = iter(section.indices("point", sum(counts), below))
    return [[next(indices) for _ in range(count)] for count in counts]


def _partition_proof(top: Section, instance: Instance) -> PartitionProof:
    proof = Section(
        "proof", top.value("proof"), ("kind", "kappa", "Z", "basis", "tree", "witnesses")
    )
    columns = instance.columns
    if columns > MOST_COLUMNS:
        raise Malformed(f"a partition is for at most {MOST_COLUMNS} columns")
    return PartitionProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", instance.n, instance.c),
        basis=proof.doubles("basis", columns, columns),
        tree=proof.array("tree"),
        witnesses=proof.words("witnesses"),
    )


def _phases_proof(top: Section, instance: Instance) -> PhasesProof:
    keys = ("kind", "kappa", "Z", "directions", "bounds", "splits", "pairs", "multipliers")
    proof = Section("proof", top.value("proof"), keys)
    pairs = Section("pairs", proof.value("pairs"), ("count", "first", "second", "sign", "ratio"))
    _require_few_outputs(instance)
    if instance.columns > WIDEST:
        raise Malformed(f"phases are for at most {WIDEST} columns")
    n, bounds, counts = instance.n, proof.floats("bounds", "d"), pairs.words("count")
    if len(counts) != len(bounds):
        raise pairs.wrong("count", "must have as many integers as there are bounds")
    total = sum(counts)
    first, second = (pairs.indices(key, total, n) for key in ("first", "second"))
    signs, ratios = pairs.integers("sign"), pairs.floats("ratio", "d")
    if len(signs) != total or len(ratios) != total:
        raise pairs.wrong("ratio", f"and sign must have {total} numbers")
    if any(sign not in (1, -1) for sign in signs):
        raise pairs.wrong("sign", "has a number that is not 1 or -1")
    return PhasesProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", n, instance.c),
        directions=proof.array("directions"),
        bounds=bounds,
        splits=_splits(proof, n),
        pair_counts=counts,
        first=first,
        second=second,
        signs=signs,
        ratios=ratios,
        multipliers=proof.floats("multipliers", "f"),
    )


def _cells_proof(top: Section, instance: Instance) -> CellsProof:
    keys = ("kind", "kappa", "Z", "directions", "bounds", "rotation", "tree", "codes")
    proof, ball = _with_ball(top, instance, (*keys, "multipliers"), ())
    _require_few_outputs(instance)
    if instance.columns > MOST_CELL_COLUMNS:
        raise Malformed(f"cells are for at most {MOST_CELL_COLUMNS} columns")
    turned = instance.columns if ball is None else instance.d
    return CellsProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", instance.n, instance.c),
        directions=proof.array("directions"),
        bounds=proof.floats("bounds", "d"),
        ball=ball,
        rotation=proof.doubles("rotation", turned, turned),
        tree=proof.array("tree"),
        codes=proof.array("codes"),
        multipliers=proof.floats("multipliers", "f"),
    )


def _with_ball(
    top: Section, instance: Instance, keys: tuple[str, ...], more: tuple[str, ...]
) -> tuple[Section, ExactMatrix | None]:
    """The proof, which may have a ball for a free hidden bias and then has `more`; and the ball."""
    given = top.value("proof")
    if not isinstance(given, dict) or "ball" not in given:
        return Section("proof", given, keys), None
    proof = Section("proof", given, (*keys, "ball", *more))
    if instance.hidden_bias != "free":
        raise proof.wrong("ball", "is for a free hidden bias")
    return proof, proof.doubles("ball", 1, instance.d + 1)


def _patterns(top: Section, n: int) -> tuple[bytes, ...]:
    """The patterns of a claim, which `_claim` has read: bits, those of a pattern in whole bytes."""
    claim = Section("claim", {"patterns": top.value("claim")["patterns"]}, ("patterns",))
    data, size = claim.array("patterns"), (n + 7) // 8
    if not data or len(data) % size:
        raise claim.wrong("patterns", f"must have one pattern or more, of {size} bytes each")
    patterns = tuple(data[start : start + size] for start in range(0, len(data), size))
    if any(pattern[-1] >> ((n - 1) % 8 + 1) for pattern in patterns):
        raise claim.wrong("patterns", "must have zeros for bits that are of no point")
    if len(set(patterns)) != len(patterns):
        raise claim.wrong("patterns", "has the same pattern twice")
    return patterns


def _patterns_proof(top: Section, instance: Instance, patterns: int) -> PatternsProof:
    keys = ("kind", "kappa", "Z", "count", "point", "multiplier", "split")
    proof = Section("proof", top.value("proof"), keys)
    if proof.text("kind") != "patterns":
        raise proof.wrong("kind", "is not known, only patterns")
    points = _lists(proof, instance.n)
    if len(points) != patterns:
        raise proof.wrong("count", f"must have {patterns} integers, one for each pattern")
    return PatternsProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", instance.n, instance.c),
        points=points,
        multipliers=proof.doubles("multiplier", sum(map(len, points)), instance.c + 1),
        splits=proof.doubles("split", 1, patterns),
    )


def _require_few_outputs(instance: Instance) -> None:
    if instance.c > MOST_COLUMNS:
        raise Malformed(f"directions are for at most {MOST_COLUMNS} outputs")


def _splits(proof: Section, n: int) -> array[int]:
    splits = proof.integers("splits")
    if min(splits, default=0) < -1 or max(splits, default=0) >= n:
        raise proof.wrong("splits", f"has a number that is not -1 and not an index below {n}")
    return splits


def _regions_proof(top: Section, instance: Instance) -> RegionsProof:
    keys = ("kind", "kappa", "Z", "directions", "bounds", "splits", "mu", "products", "balls")
    proof, ball = _with_ball(top, instance, (*keys, "weights", "L"), ("nu",))
    products = Section(
        "products", proof.value("products"), ("count", "first", "second", "multiplier")
    )
    balls = Section("balls", proof.value("balls"), ("count", "form", "multiplier"))
    _require_few_outputs(instance)
    first, second = (products.indices(key, None, 2 * instance.n) for key in ("first", "second"))
    forms = balls.indices("form", None, 2 * instance.n)
    if len(first) != len(second) or any(r > s for r, s in zip(first, second, strict=True)):
        raise products.wrong("first", "must have as many numbers as second, none above")
    return RegionsProof(
        kappa=proof.positive("kappa"),
        Z=proof.doubles("Z", instance.n, instance.c),
        directions=proof.array("directions"),
        bounds=proof.floats("bounds", "d"),
        splits=_splits(proof, instance.n),
        ball=ball,
        mu=proof.floats("mu", "d"),
        nu=array("d") if ball is None else proof.floats("nu", "d"),
        product_counts=products.words("count"),
        first=first,
        second=second,
        multipliers=products.floats("multiplier", "d"),
        ball_counts=balls.words("count"),
        balls=forms,
        ball_multipliers=balls.floats("multiplier", "d"),
        weights=proof.floats("weights", "d"),
        L=proof.floats("L", "d"),
    )


_READERS: Final[dict[str, Callable[[Section, Instance], Proof]]] = {
    "psd": _psd_proof,
    "cuts": _cuts_proof,
    "partition": _partition_proof,
    "phases": _phases_proof,
    "regions": _regions_proof,
    "cells": _cells_proof,
}
