"""Certificates that make much work for their size, and integers that count what is done with them.

For use by tests alone.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from base64 import b64decode, b64encode
from itertools import combinations, product
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "certificates"))
from certificate_parts import pack

CERTIFICATES = Path(__file__).parents[1]
#: Codes of the arrays of numbers; others hold indices or counts.
NUMBERS = {
    "X": "d", "Z": "d", "multiplier": "d", "weights": "d", "L": "d", "L_points": "d",
    "L_cross": "d", "L_corner": "d", "theta": "d", "form": "d", "part": "d", "basis": "d",
    "bounds": "d", "ratio": "d", "rotation": "d", "multipliers": "f", "mu": "d", "split": "d",
}  # fmt: skip


def stretched(certificate, rng, lowest=-900, highest=60):
    """Each number times a power of two of its own: same shapes and signs, long integers."""

    def stretch(text, code):
        data = b64decode(text)
        low = max(lowest, -120) if code == "f" else lowest
        numbers = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
        return pack([x * 2.0 ** rng.randrange(low, highest) for x in numbers], code)

    def walk(section, key):
        if isinstance(section[key], dict):
            for inner in section[key]:
                if (key, inner) != ("balls", "form"):  # these are indices
                    walk(section[key], inner)
        elif key in NUMBERS and not isinstance(section[key], list):
            section[key] = stretch(section[key], NUMBERS[key])

    certificate = json.loads(json.dumps(certificate))
    for top in ("data", "proof"):
        for key in certificate[top]:
            if key != "Y":  # of which most losses want 1 or -1
                walk(certificate[top], key)
    return certificate


def certificate(n, d, c, X, Z, kappa, kind, **proof):
    return {
        "format": "certnn-certificate",
        "version": 1,
        "claim": {
            "lower_bound": "0/1", "n": n, "d": d, "c": c, "reg": 1.0,
            "loss": "half-squared", "hidden_bias": False,
        },
        "data": {"X": pack(X), "Y": pack([0.0] * (n * c))},
        "proof": {"kind": kind, "kappa": kappa, "Z": pack(Z), **proof},
    }  # fmt: skip


def wide(rng, low=-1000, high=-100):
    return rng.uniform(0.5, 1.0) * 2.0 ** rng.randrange(low, high)


def patterns(rng, n, d, c, count, width, kappa=1.0):
    """So many patterns of n points, or a few less."""
    bits = {rng.randrange(1, 1 << n).to_bytes((n + 7) // 8, "little") for _ in range(count)}
    Z = [wide(rng, -width - 1, -1) for _ in range(n * c)]
    Z[-1] = 1.0
    whole = certificate(
        n, d, c, [1.0] * (n * d), Z, kappa, "patterns", count=pack([0] * len(bits), "I"),
        point="", multiplier="", split=pack([0.0] * len(bits)),
    )  # fmt: skip
    whole["format"] = "certnn-pattern-certificate"
    whole["claim"]["patterns"] = b64encode(b"".join(sorted(bits))).decode()
    return whole


def phases(rng, D, leaves, width):
    """One point that is mixed, in one direction; S is positive up to its last pivot or nearly."""
    X = [wide(rng, -width - 1, -1) for _ in range(D)]
    X[-1] = 0.99999999999
    multipliers = [1.0, 1.0, 1.0] + [1.0, 0.0, 0.0] * (leaves - 1)
    return certificate(
        1, D, 1, X, [1.0], 1e6, "phases", directions=b64encode(b"\0\0").decode(),
        bounds=pack([4.0, 4.0]), splits=pack([-1] * leaves, "i"),
        pairs={"count": pack([0, 0], "I"), "first": "", "second": "", "sign": "", "ratio": ""},
        multipliers=pack(multipliers, "f"),
    )  # fmt: skip


def directions(c, tree, bounds):
    return certificate(
        1, 1, c, [1.0], [1.0] * c, 1e300, "phases", directions=b64encode(tree).decode(),
        bounds=pack([1e-300] * bounds), splits="",
        pairs={
            "count": pack([0] * bounds, "I"), "first": "", "second": "", "sign": "", "ratio": "",
        },
        multipliers="",
    )  # fmt: skip


def chain(rng, k, splits):
    """A tree of one split below the other, of the first of 2ᵏ cones."""
    edges = len(list(combinations(range(k), 2)))
    nodes = [(1 + rng.randrange(edges), rng.randrange(128, 256), rng.randrange(128, 256))]
    while len(nodes) < splits:
        nodes.append((1 + rng.randrange(edges), rng.randrange(128, 256), rng.randrange(128, 256)))
    return b"".join(map(bytes, nodes)) + bytes(splits + 2**k)


def partition(rng, n, D, splits):
    """Every point is mixed all the way down, and equality holds on every leaf."""
    identity = [float(i == j) for i in range(D) for j in range(D)]
    X = identity + [-t for t in identity] + [wide(rng, -60, 60) for _ in range((n - 2 * D) * D)]
    X[2 * D * D :: D] = [-x for x in X[2 * D * D :: D]]
    Z = identity + [-t for t in identity] + [0.0] * ((n - 2 * D) * D)
    tree = chain(rng, D, splits)
    leaves = tree.count(0)
    return certificate(
        n, D, D, X, Z, 1.0, "partition", basis=pack(identity), tree=b64encode(tree).decode(),
        witnesses=pack([1] * (leaves * D), "I"),
    )  # fmt: skip


def cells(rng, n, D, depth):
    """Boxes halved as often as is said, of n points; all leaves are proved, and codes are left."""

    def nodes(levels):
        return b"\0" if levels == 0 else bytes([1 + levels % D]) + 2 * nodes(levels - 1)

    leaves = 2**depth
    return certificate(
        n, D, 1, [rng.gauss(0.0, 1.0) for _ in range(n * D)], [1.0] * n, 1e5, "cells",
        directions=b64encode(b"\0\0").decode(), bounds=pack([1e5, 1e5]),
        rotation=pack([float(i == j) for i in range(D) for j in range(D)]),
        tree=b64encode(2 * nodes(depth)).decode(), codes=b64encode(bytes(n * leaves)).decode(),
        multipliers=pack(([0.1] * D + [0.1]) * (2 * leaves), "f"),
    )  # fmt: skip


def slacks_of_all_points(n):
    """Every form times two slacks, of which each has all points, and numbers of all lengths."""
    order = n + 2
    slacks = 16 * order
    last, theta = 2 * n + slacks - 1, [(1 + 2.0**-52) * 2.0 ** (-16 * k) for k in range(n)]
    pairs = [(r, s) for r in range(last - 1) for s in (last - 1, last)]
    return certificate(
        n, 1, 1, [1.0] * n, [1.0] * n, 1.0, "cuts",
        slacks={
            "target": pack([0] * slacks, "I"), "count": pack([0] * (slacks - 2) + [n, n], "I"),
            "point": pack([*range(n)] * 2, "I"), "theta": pack([*theta, *(-t for t in theta)]),
        },
        products={
            "first": pack([r for r, _ in pairs], "I"), "second": pack([s for _, s in pairs], "I"),
            "multiplier": pack([1.0] * len(pairs)),
        },
        sets={"count": "", "point": "", "form": "", "part": ""},
        weights=pack([1.0] * order), L=pack([0.0] * (order * (order + 1) // 2)),
    )  # fmt: skip


def weights_apart_from_factor(n):
    """Of the form with weights, all tiny, the unit is far below that of the square of L."""
    tiny, order = 2.0**-1074, n + 2
    return certificate(
        n, 1, 1, [tiny] * n, [tiny] * n, 1.0, "psd",
        products={
            "first": pack([*range(n), *range(n - 1)], "I"),
            "second": pack([*range(n), *range(1, n)], "I"),
            "multiplier": pack([tiny] * (2 * n - 1)),
        },
        weights=pack([tiny] * order), L_points=pack([1.0] * (n * (n + 1) // 2)),
        L_cross=pack([1.0] * (2 * n)), L_corner=pack([1.0] * 3),
    )  # fmt: skip


def set_of_points(rng, k):
    """A set of cuts, all of whose choices are singular in the last pivot, with long minors."""
    pairs = [(r, q) for r in range(2 * k) for q in range(r, 2 * k) if q != r + k]
    last = {k - 2, k - 1, 2 * k - 2, 2 * k - 1}
    form = [0.5 if r == q else 1.0 if {r, q} <= last else wide(rng) for r, q in pairs]
    order = k + 2
    return certificate(
        k, 1, 1, [1.0] * k, [1.0] * k, 1e300, "cuts",
        slacks={"target": "", "count": "", "point": "", "theta": ""},
        products={"first": "", "second": "", "multiplier": ""},
        sets={
            "count": pack([k], "I"), "point": pack(range(k), "I"), "form": pack(form),
            "part": pack([0.0] * (2**k * k * (k - 1) // 2)),
        },
        weights=pack([1.0] * order), L=pack([0.0] * (order * (order + 1) // 2)),
    )  # fmt: skip


def groups(certificates):
    """Their problems as groups of one, of the same numbers of columns and outputs."""
    whole, parts, n = json.loads(json.dumps(certificates[0])), [], 0
    for one in certificates:
        points = range(n, n + one["claim"]["n"])
        n = points.stop
        share = 0.5 * one["claim"]["reg"] / len(certificates)
        parts.append(
            {
                "points": pack(list(points), "I"),
                "reg": share,
                "lower_bound": 5e-324,
                "proof": one["proof"],
            }
        )
    for key in ("X", "Y"):
        data = b"".join(b64decode(one["data"][key]) for one in certificates)
        whole["data"][key] = b64encode(data).decode()
    whole["claim"]["n"] = n
    return whole | {"proof": {"kind": "groups", "parts": parts}}


def with_something_to_fit(whole):
    """With targets along the dual points, so that every part proves something."""
    Z = b"".join(b64decode(part["proof"]["Z"]) for part in whole["proof"]["parts"])
    whole["data"]["Y"] = b64encode(Z).decode()
    return whole


def hostile_files():
    """By name."""
    rng = random.Random(3)
    found = {
        "patterns of 40 outputs": patterns(rng, 1, 1, 40, 1, 900),
        "patterns of 100 outputs": patterns(rng, 12, 100, 100, 1000, 50, 1e6),
        "patterns, many": patterns(rng, 16, 2, 3, 3000, 3),
        "phases of 64 columns": phases(rng, 64, 2, 800),
        "phases of 40 columns, many leaves": phases(rng, 40, 100, 50),
        "directions of 12 outputs": directions(12, bytes(1 << 12), 24),
        "directions, a chain": directions(6, chain(rng, 6, 399), 500),
        "partition, a chain": partition(rng, 60, 3, 390),
        "set of eight": set_of_points(rng, 8),
        "cells, many boxes": cells(rng, 40, 3, 7),
    }
    # Each part alone could take what is the least that any file may.
    found["groups of phases"] = with_something_to_fit(groups([phases(rng, 64, 2, 800)] * 12))
    boxes = [cells(rng, 40, 3, 7) for _ in range(3)]
    found["groups of cells"] = with_something_to_fit(groups(boxes))
    for folder in ("certificates", "splitting/patterns"):
        for path in sorted((CERTIFICATES / folder / "correct").iterdir()):
            given = json.loads(path.read_bytes())
            found[f"{path.stem} stretched"] = stretched(given, rng)
    return {name: json.dumps(parsed).encode() for name, parsed in found.items()}


class TooMuch(Exception):
    """More was done than is allowed."""


class Meter:
    """What has been done: products of words of 64 bits, and the longest integer."""

    def __init__(self, most):
        self.done, self.longest, self.most = 0, 0, most

    def count(self, amount, *results):
        self.done += amount
        for result in results:
            self.longest = max(self.longest, int.bit_length(result))
        if self.done > self.most:
            raise TooMuch(self.done)


def words(number):
    return 1 + int.bit_length(number) // 64


def counting(meter):
    """A type of integers that counts on the meter all that is done with them."""

    class Counted(int):
        pass

    def operation(name, cost):
        plain = getattr(int, name)

        def method(self, *others):
            result = plain(self, *others)
            if result is NotImplemented:
                return result
            meter.count(cost(self, *others), result)
            return Counted(result)

        return method

    def of_both(a, b):
        return words(a) * words(b)

    for name in ("mul", "rmul"):
        setattr(Counted, f"__{name}__", operation(f"__{name}__", of_both))
    for name in ("floordiv", "rfloordiv"):
        setattr(Counted, f"__{name}__", operation(f"__{name}__", of_both))
    Counted.__pow__ = operation("__pow__", lambda a, b: words(a) ** 2)
    for name in ("add", "radd", "sub", "rsub"):
        linear = operation(f"__{name}__", lambda a, b: max(words(a), words(b)))
        setattr(Counted, f"__{name}__", linear)
    for name in ("lshift", "rshift"):
        shift = operation(f"__{name}__", lambda a, b: words(a) + abs(b) // 64)
        setattr(Counted, f"__{name}__", shift)
    for name in ("neg", "abs"):
        setattr(Counted, f"__{name}__", operation(f"__{name}__", words))
    return Counted


def signs_of(counted):
    """`itertools.product`, with integers that count."""
    return lambda numbers, repeat: product(map(counted, numbers), repeat=repeat)
