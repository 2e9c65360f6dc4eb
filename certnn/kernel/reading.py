"""Reading a certificate: its claim, and the arrays of each kind of proof, as ``FORMAT.md`` says.

What breaks a rule of form is `Malformed`; nothing is proved here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Final

from certnn.kernel.cell_geometry import MOST_COLUMNS as MOST_CELL_COLUMNS
from certnn.kernel.container import File
from certnn.kernel.cuts import LARGEST_SET, MOST_SLACKS, Cuts, set_pairs
from certnn.kernel.definite import Witness
from certnn.kernel.document import Malformed, Section
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.forms import ProductList, one_group
from certnn.kernel.instance import Bias, Instance
from certnn.kernel.outputs import MOST_COLUMNS, DirectedProof
from certnn.kernel.partition import PartitionProof
from certnn.kernel.patterns import PatternsProof
from certnn.kernel.phases import WIDEST
from certnn.kernel.products import ProductsProof

FORMAT = "certnn-certificate"
#: Of certificates about networks with given activation patterns.
PATTERN_FORMAT = "certnn-pattern-certificate"
VERSION = 1

#: Of a dual norm.
Proof = ProductsProof | PartitionProof | DirectedProof


class PatternsOnly(Malformed):
    """The file is a certificate about some activation patterns, where one about all is needed."""


def read_top(file: File, wanted: str = FORMAT) -> Section:
    """The object that a file is, of this format.

    Raises `Malformed` if it is not of this format and version; `PatternsOnly` if it is of the other
    format.
    """
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


def read_claim(top: Section, *more: str) -> tuple[Instance, Fraction]:
    """The problem, and the bound that is claimed; the claim has these keys more.

    Raises `Malformed` if they are not as they must be, which holds for all that follows.
    """
    given = top.value("claim")
    optional = [key for key in ("delta", "output_bias") if isinstance(given, dict) and key in given]
    keys = ("lower_bound", "n", "d", "c", "reg", "loss", "hidden_bias", *optional, *more)
    claim, data = top.inner("claim", keys), top.inner("data", ("X", "Y"))
    n, d, c = claim.size("n"), claim.size("d"), claim.size("c")
    loss, delta = claim.text("loss"), claim.positive("delta") if "delta" in optional else 0.0
    hidden_bias = _bias(claim, "hidden_bias")
    output_bias = _bias(claim, "output_bias") if "output_bias" in optional else False
    X, Y, reg = data.array("X", "<f8"), data.array("Y", "<f8"), claim.positive("reg")
    try:
        instance = Instance(n, d, c, reg, hidden_bias, X, Y, loss, delta, output_bias)
    except ValueError as error:
        raise Malformed(f"data: {error}") from None
    return instance, claim.ratio("lower_bound")


def _bias(claim: Section, key: str) -> Bias:
    return "free" if claim.value(key) == "free" else claim.flag(key)


def read_patterns(top: Section, n: int) -> tuple[bytes, ...]:
    """The patterns of a claim, which `read_claim` has read: bits, each in whole bytes."""
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


def kind_of(top: Section) -> object:
    """The kind of the proof, which may be of any type."""
    given = top.value("proof")
    return given.get("kind") if isinstance(given, dict) else None


def read_proof_of(top: Section, instance: Instance) -> Proof:
    """The proof of a dual norm; `Malformed` if it is none of a known kind."""
    kind = kind_of(top)
    if not isinstance(kind, str) or kind not in _READERS:
        raise Malformed(f"proof.kind is not known, only {', '.join(_READERS)}, or groups of these")
    reader, keys = _READERS[kind]
    if "ball" in top.value("proof"):
        keys += _WITH_BALL.get(kind, "")
    return reader(top.inner("proof", ("kind", "kappa", "Z", *keys.split())), instance)


def read_patterns_proof(top: Section, instance: Instance, patterns: int) -> PatternsProof:
    """The proof about so many patterns."""
    keys = ("kind", "kappa", "Z", "count", "point", "multiplier", "split")
    proof = top.inner("proof", keys)
    if proof.text("kind") != "patterns":
        raise proof.wrong("kind", "is not known, only patterns")
    points = _lists(proof, instance.n)
    if len(points) != patterns:
        raise proof.wrong("count", f"must have {patterns} integers, one for each pattern")
    return PatternsProof(
        **_dual_point(proof, instance),
        points=points,
        multipliers=proof.doubles("multiplier", sum(map(len, points)), instance.c + 1),
        splits=proof.doubles("split", 1, patterns),
    )


def _dual_point(proof: Section, instance: Instance) -> dict[str, Any]:
    Z = proof.doubles("Z", instance.n, instance.c)
    return {"kappa": proof.positive("kappa"), "Z": Z}


def _lists(section: Section, below: int) -> list[list[int]]:
    """Lists of indices: "count" has their lengths, "point" the indices of one after the other."""
    counts = section.numbers("count", "I")
    indices = iter(section.indices("point", sum(counts), below))
    return [[next(indices) for _ in range(count)] for count in counts]


def _pairs(products: Section, count: int | None, below: int) -> dict[str, Any]:
    """Forms r ≤ s of products."""
    first, second = (products.indices(key, count, below) for key in ("first", "second"))
    if len(first) != len(second) or any(r > s for r, s in zip(first, second, strict=True)):
        raise products.wrong("first", "must have as many numbers as second, none above")
    return {"first": first, "second": second}


def _psd(proof: Section, instance: Instance) -> ProductsProof:
    products = proof.inner("products", ("first", "second", "multiplier"))
    n, border = instance.n, instance.columns + instance.c
    count = len(products.summands("multiplier")[0]) // 8
    y = products.sum_of_doubles("multiplier", 1, count).transposed()
    given = ProductList(**_pairs(products, count, 2 * n), multipliers=y)
    groups = given.groups(n)
    triangles = sum(size * (size + 1) // 2 for size in groups.sizes)
    return ProductsProof(
        kappa=proof.positive("kappa"),
        Z=proof.sum_of_doubles("Z", n, instance.c),
        products=given,
        groups=groups,
        witness=Witness(
            weights=proof.doubles("weights", 1, n + border).transposed(),
            blocks=proof.sum_of_doubles("L_points", 1, triangles).transposed(),
            cross=proof.sum_of_doubles("L_cross", border, n).transposed(),
            corner=proof.sum_of_doubles("L_corner", 1, border * (border + 1) // 2).transposed(),
        ),
    )


def _cuts(proof: Section, instance: Instance) -> ProductsProof:
    slacks = proof.inner("slacks", ("target", "count", "point", "theta"))
    products = proof.inner("products", ("first", "second", "multiplier"))
    sets = proof.inner("sets", ("count", "point", "form", "part"))
    n, order = instance.n, instance.n + instance.columns + instance.c
    supports, members = _lists(slacks, n), _lists(sets, n)
    sizes = [len(points) for points in members]
    if len(supports) > MOST_SLACKS * order:
        raise slacks.wrong("count", f"has more than {MOST_SLACKS} slacks for each variable")
    if max(sizes, default=0) > LARGEST_SET:
        raise sets.wrong("count", f"has a set of more than {LARGEST_SET} points")
    count = len(products.array("multiplier", "<f8")) // 8
    return ProductsProof(
        **_dual_point(proof, instance),
        cuts=Cuts(
            targets=slacks.indices("target", len(supports), n),
            supports=supports,
            theta=slacks.doubles("theta", 1, sum(map(len, supports))),
            sets=members,
            set_forms=sets.doubles("form", 1, sum(len(set_pairs(k)) for k in sizes)),
            set_parts=sets.doubles("part", 1, sum(2**k * (k * (k - 1) // 2) for k in sizes)),
        ),
        products=ProductList(
            **_pairs(products, count, 2 * n + len(supports)),
            multipliers=products.doubles("multiplier", 1, count).transposed(),
        ),
        groups=one_group(n),
        witness=Witness.dense(
            proof.doubles("weights", 1, order).transposed(),
            proof.doubles("L", 1, order * (order + 1) // 2).transposed(),
        ),
    )


def _partition(proof: Section, instance: Instance) -> PartitionProof:
    columns = instance.columns
    if columns > MOST_COLUMNS:
        raise Malformed(f"a partition is for at most {MOST_COLUMNS} columns")
    return PartitionProof(
        **_dual_point(proof, instance),
        basis=proof.doubles("basis", columns, columns),
        tree=proof.array("tree"),
        witnesses=proof.numbers("witnesses", "I"),
    )


def _directed(proof: Section, instance: Instance, widest: int) -> dict[str, Any]:
    """The dual point with directions of the outputs and their bounds, and not too many columns."""
    kind = proof.text("kind")
    if instance.c > MOST_COLUMNS:
        raise Malformed(f"directions are for at most {MOST_COLUMNS} outputs")
    if instance.columns > widest:
        raise Malformed(f"{kind} are for at most {widest} columns")
    own = {"directions": proof.array("directions"), "bounds": proof.numbers("bounds", "d")}
    return {"kind": kind} | _dual_point(proof, instance) | own


def _ball(proof: Section, instance: Instance) -> ExactMatrix | None:
    if not proof.has("ball"):
        return None
    if instance.hidden_bias != "free":
        raise proof.wrong("ball", "is for a free hidden bias")
    return proof.doubles("ball", 1, instance.d + 1)


def _splits(proof: Section, n: int) -> Sequence[int]:
    splits = proof.numbers("splits", "i")
    if min(splits, default=0) < -1 or max(splits, default=0) >= n:
        raise proof.wrong("splits", f"has a number that is not -1 and not an index below {n}")
    return splits


def _phases(proof: Section, instance: Instance) -> DirectedProof:
    pairs = proof.inner("pairs", ("count", "first", "second", "sign", "ratio"))
    own, counts = _directed(proof, instance, WIDEST), pairs.numbers("count", "I")
    if len(counts) != len(own["bounds"]):
        raise pairs.wrong("count", "must have as many integers as there are bounds")
    total = sum(counts)
    first, second = (pairs.indices(key, total, instance.n) for key in ("first", "second"))
    signs, ratios = pairs.numbers("sign", "i"), pairs.numbers("ratio", "d")
    if len(signs) != total or len(ratios) != total:
        raise pairs.wrong("ratio", f"and sign must have {total} numbers")
    if any(sign not in (1, -1) for sign in signs):
        raise pairs.wrong("sign", "has a number that is not 1 or -1")
    rest = {
        "splits": _splits(proof, instance.n),
        "pair_counts": counts,
        "first": first,
        "second": second,
        "signs": signs,
        "ratios": ratios,
        "multipliers": proof.numbers("multipliers", "f"),
    }
    return DirectedProof(**own, rest=rest)


def _regions(proof: Section, instance: Instance) -> DirectedProof:
    ball = _ball(proof, instance)
    products = proof.inner("products", ("count", "first", "second", "multiplier"))
    balls = proof.inner("balls", ("count", "form", "multiplier"))
    own, forms = _directed(proof, instance, instance.columns), 2 * instance.n
    rest = {
        "splits": _splits(proof, instance.n),
        "mu": proof.numbers("mu", "d"),
        **({} if ball is None else {"nu": proof.numbers("nu", "d")}),
        "product_counts": products.numbers("count", "I"),
        **_pairs(products, None, forms),
        "multipliers": products.numbers("multiplier", "d"),
        "ball_counts": balls.numbers("count", "I"),
        "balls": balls.indices("form", None, forms),
        "ball_multipliers": balls.numbers("multiplier", "d"),
        "weights": proof.numbers("weights", "d"),
        "L": proof.numbers("L", "d"),
    }
    return DirectedProof(**own, rest=rest, ball=ball)


def _cells(proof: Section, instance: Instance) -> DirectedProof:
    ball = _ball(proof, instance)
    turned = instance.columns if ball is None else instance.d
    own = _directed(proof, instance, MOST_CELL_COLUMNS)
    rotation = proof.doubles("rotation", turned, turned)
    rest: dict[str, Sequence[Any]] = {
        "nodes": proof.array("tree"),
        "codes": proof.array("codes"),
        "multipliers": proof.numbers("multipliers", "f"),
    }
    return DirectedProof(**own, rest=rest, ball=ball, rotation=rotation)


#: For each kind what reads it, and its keys.
_READERS: Final[dict[str, tuple[Callable[..., Proof], str]]] = {
    "psd": (_psd, "products weights L_points L_cross L_corner"),
    "cuts": (_cuts, "slacks products sets weights L"),
    "partition": (_partition, "basis tree witnesses"),
    "phases": (_phases, "directions bounds splits pairs multipliers"),
    "cells": (_cells, "directions bounds rotation tree codes multipliers"),
    "regions": (_regions, "directions bounds splits mu products balls weights L"),
}
#: What more a proof of the kind has with a ball for a free hidden bias.
_WITH_BALL: Final = {"cells": " ball", "regions": " ball nu"}
