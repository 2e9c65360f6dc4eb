"""Damaged and doctored certificates: each is refused, or what it claims is true all the same."""

from __future__ import annotations

import json
import math
import random
import struct
from collections import Counter
from contextlib import suppress
from fractions import Fraction
from functools import cache

import pytest
from certificate_parts import changed, dump, exact_numbers, files, load, pack, unpack
from true_objectives import objective, optimum_rounded_up, strong_networks

from certnn import kernel

GOOD = {path.stem: load(path) for path in files("correct")}
CLOSED_FORM = ["tight", "one-column", "one-point", "partition-one-column"]
CLOSED_FORM += ["phases-one-column", "regions-one-point", "lifts-one-point", "cells-one-column"]
CLOSED_FORM += ["groups-tight"]
SEARCHED = ["shor", "block", "dnn", "summed", "hidden-bias", "repeated-antiparallel-zero-rows"]
SEARCHED += ["cuts", "cuts-slacks", "cuts-sets", "cuts-hidden-bias"]
SEARCHED += ["regions", "regions-two-outputs", "regions-hidden-bias"]
SEARCHED += ["lifts", "lifts-two-outputs", "lifts-hidden-bias", "lifts-with-splits"]
SEARCHED += ["lifts-free-bias"]
SEARCHED += ["cells", "cells-hidden-bias", "cells-of-rank-two"]
SEARCHED += ["partition", "partition-hidden-bias", "phases", "phases-hidden-bias"]
SEARCHED += ["groups", "groups-free-bias"]
OF_THE_CLAIM = [(("data", "X"), "d"), (("data", "Y"), "d")]
DATA = [*OF_THE_CLAIM, (("proof", "Z"), "d")]
PAIRS = ("proof", "pairs")
FLOAT_ARRAYS = {
    "psd": [
        *DATA,
        *((("proof", key), "d") for key in ("weights", "L_points", "L_cross", "L_corner")),
        (("proof", "products", "multiplier"), "d"),
    ],
    "cuts": [
        *DATA,
        *((("proof", key), "d") for key in ("weights", "L")),
        (("proof", "products", "multiplier"), "d"),
        *[(("proof", "slacks", "theta"), "d")] * 2,
        *((("proof", "sets", key), "d") for key in ("form", "part")),
    ],
    "regions": [
        *DATA,
        *((("proof", key), "d") for key in ("bounds", "mu", "weights", "L")),
        *[(("proof", part, "multiplier"), "d") for part in ("products", "balls")] * 2,
    ],
    "partition": [*DATA, (("proof", "basis"), "d")],
    "phases": [
        *DATA,
        (("proof", "bounds"), "d"),
        ((*PAIRS, "ratio"), "d"),
        *[(("proof", "multipliers"), "f")] * 3,
    ],
}
FLOAT_ARRAYS["cells"] = [
    *DATA,
    *((("proof", key), "d") for key in ("bounds", "rotation")),
    *[(("proof", "multipliers"), "f")] * 3,
]
OF_A_FREE_BIAS = [(("proof", key), "d") for key in ("ball", "nu")] * 2
INDEX_ARRAYS = {
    "psd": [(("proof", "products", key), "I") for key in ("first", "second")],
    "cuts": [
        *((("proof", "products", key), "I") for key in ("first", "second")),
        *((("proof", "slacks", key), "I") for key in ("target", "count", "point")),
        *((("proof", "sets", key), "I") for key in ("count", "point")),
    ],
    "regions": [
        (("proof", "directions"), "B"),
        (("proof", "splits"), "i"),
        *((("proof", "products", key), "I") for key in ("count", "first", "second")),
        *((("proof", "balls", key), "I") for key in ("count", "form")),
    ],
    "partition": [(("proof", "tree"), "B"), (("proof", "witnesses"), "I")],
    "phases": [
        (("proof", "directions"), "B"),
        (("proof", "splits"), "i"),
        ((*PAIRS, "sign"), "i"),
        *(((*PAIRS, key), "I") for key in ("count", "first", "second")),
    ],
}
INDEX_ARRAYS["cells"] = [(("proof", key), "B") for key in ("directions", "tree", "codes", "codes")]
RANGES = {"B": (0, 255), "I": (0, 2**32 - 1), "i": (-(2**31), 2**31 - 1)}
SCALARS = [("claim", "reg"), ("proof", "kappa")]


def bit_flipped(rng, number):
    bits = struct.unpack("<Q", struct.pack("<d", number))[0]
    return struct.unpack("<d", struct.pack("<Q", bits ^ (1 << rng.randrange(64))))[0]


def other_number(rng, number):
    return rng.choice(
        [
            lambda: bit_flipped(rng, number),
            lambda: -number,
            lambda: 0.0,
            lambda: math.nextafter(number, math.inf),
            lambda: math.nextafter(number, -math.inf),
            lambda: number * (1.0 + rng.choice([-1, 1]) * 2.0 ** -rng.randrange(1, 52)),
            lambda: number * 2.0 ** rng.randrange(-8, 9),
            lambda: rng.gauss(0.0, 1.0),
        ]
    )()


def other_numbers(rng, numbers):
    numbers = list(numbers)
    if not numbers:
        return [rng.gauss(0.0, 1.0)]
    i, j = rng.randrange(len(numbers)), rng.randrange(len(numbers))
    what = rng.randrange(8)
    if what == 0:
        numbers[i], numbers[j] = numbers[j], numbers[i]
    elif what == 1:
        numbers = numbers[i:] + numbers[:i]
    elif what == 2:
        factor = rng.choice([-1.0, 2.0, 0.5, 1.0 + 2.0**-52, 1.0 - 2.0**-53, 1.001, 0.999])
        numbers = [factor * number for number in numbers]
    elif what == 3:
        numbers = numbers[:i]
    else:
        numbers[i] = other_number(rng, numbers[i])
    return numbers


def other_floats(rng, given, kind):
    """Of a sum of arrays one is changed, left out or taken twice."""
    if isinstance(given, str):
        return pack(other_numbers(rng, unpack(given, kind)), kind)
    i, what = rng.randrange(len(given)), rng.randrange(8)
    if what < 2:
        return given[:i] + given[i + 1 :] if what else [*given, given[i]]
    return [*given[:i], other_floats(rng, given[i], kind), *given[i + 1 :]]


def other_indices(rng, numbers, kind):
    numbers = list(numbers)
    i = rng.randrange(len(numbers))
    other = numbers[i] + rng.choice([-1, 1, 2, len(numbers)])
    lowest, highest = RANGES[kind]
    numbers[i] = min(max(lowest, other), highest)
    return numbers


def kind_of(certificate):
    return certificate["proof"]["kind"]


def of_one_proof(proof):
    """Where the numbers and the indices of a proof are, and its scalars."""
    kind = proof["kind"]
    floats, indices = FLOAT_ARRAYS[kind], INDEX_ARRAYS[kind]
    if "ball" in proof:
        floats = [*floats, *[entry for entry in OF_A_FREE_BIAS if entry[0][1] in proof]]
    return floats, indices, SCALARS


def places(certificate):
    """The same of a certificate; of groups, that of all parts, each below its own path."""
    if kind_of(certificate) != "groups":
        return of_one_proof(certificate["proof"])
    floats, indices, scalars = list(OF_THE_CLAIM), [], [SCALARS[0]]
    for number, part in enumerate(certificate["proof"]["parts"]):
        path = ("proof", "parts", number)
        own, its, _ = of_one_proof(part["proof"])
        floats += [((*path, *rest), kind) for rest, kind in own if rest[0] == "proof"]
        indices += [((*path, "points"), "I")] * 4 + [((*path, *rest), kind) for rest, kind in its]
        scalars += [(*path, "reg"), (*path, "lower_bound"), (*path, "proof", "kappa")]
    return floats, indices, scalars


def mutated(rng, certificate, others):
    """One change, of one array or number; or of a whole array to one of another certificate."""
    floats, indices, scalars = places(certificate)
    what = rng.random()
    if what < 0.7:
        path, kind = rng.choice(floats)
        return changed(certificate, *path, to=lambda given: other_floats(rng, given, kind))
    if what < 0.75:
        path, kind = rng.choice(indices)
        return changed(
            certificate,
            *path,
            to=lambda text: pack(other_indices(rng, unpack(text, kind), kind), kind),
        )
    if what < 0.95:
        return changed(certificate, *rng.choice(scalars), to=lambda t: other_number(rng, t))
    others = [other for other in others if other["proof"].keys() == certificate["proof"].keys()]
    other, ((*path, key), _) = rng.choice(others), rng.choice(floats)
    for step in path:
        other = other[step]
    return changed(certificate, *path, key, to=other[key])


def greediest(certificate):
    """The same with the largest claim that Theorem 3 allows if the rest is right."""
    claim, data, proof = (certificate[key] for key in ("claim", "data", "proof"))
    Y = exact_numbers(data["Y"])
    if kind_of(certificate) != "groups":
        value = largest(claim["reg"], Y, proof)
        return certificate if value is None else claiming(certificate, value)
    parts = [part.copy() for part in proof["parts"]]
    for part in parts:
        own = unpack(part["points"], "I")
        its = [y for i in own for y in Y[i * claim["c"] : (i + 1) * claim["c"]]]
        value = largest(part["reg"], its, part["proof"])
        if value:
            nearest = float(value)
            part["lower_bound"] = nearest if nearest <= value else math.nextafter(nearest, 0.0)
    total = sum(Fraction(part["lower_bound"]) for part in parts)
    return claiming(changed(certificate, "proof", "parts", to=parts), total)


def largest(reg, Y, proof):
    Z = exact_numbers(proof["Z"])
    if len(Z) != len(Y) or not any(Z):
        return None
    product, square = sum(map(Fraction.__mul__, Z, Y)), sum(z * z for z in Z)
    scale = max(min(product / square, Fraction(reg) / Fraction(proof["kappa"])), 0)
    return scale * product - scale * scale * square / 2


def claiming(certificate, value):
    nearest = Fraction(math.nextafter(float(value), 0.0))
    shorter = value if len(str(value)) < 600 else nearest
    text = f"{shorter.numerator}/{shorter.denominator}"
    return changed(certificate, "claim", "lower_bound", to=text)


@cache
def networks(name):
    """Networks that are good for the problem, or for it with more weight decay."""
    more = [changed(GOOD[name], "claim", "reg", to=lambda reg, k=k: k * reg) for k in (1, 4)]
    return [network for certificate in more for network in strong_networks(certificate)[:5]]


def refuted(name, certificate):
    """Whether the claim is false, as far as can be told."""
    claimed = Fraction(certificate["claim"]["lower_bound"])
    if name in CLOSED_FORM:
        return claimed > optimum_rounded_up(certificate)
    return any(claimed > objective(certificate, *network) for network in networks(name))


@pytest.fixture(autouse=True)
def filter_whatever_the_size(monkeypatch):
    monkeypatch.setattr(kernel.partition, "_SMALL", 0)
    monkeypatch.setattr(kernel.cells, "_SMALL", 0)


def verdict(document):
    found, said = verdict_and_text(document, "auto")
    if b'"partition"' in document or b'"cells"' in document:  # the filter changes nothing
        assert said == verdict_and_text(document, "python")[1]
    return found


def verdict_and_text(document, backend):
    try:
        bound = kernel.check_certificate(document, backend)
    except kernel.Malformed as error:
        return "malformed", str(error)
    except kernel.Rejected as error:
        return "rejected", str(error)
    return bound, f"{bound.value} {bound.instance}"


def try_mutants(names, seed, count):
    rng, seen = random.Random(seed), Counter()
    for _ in range(count):
        name = rng.choice(names)
        mutant = GOOD[name]
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            try:
                mutant = mutated(rng, mutant, list(GOOD.values()))
            except (ValueError, LookupError, OverflowError):  # nothing there, or a number too large
                continue
        with suppress(ValueError, OverflowError, ZeroDivisionError):  # numbers out of range
            mutant = greediest(mutant)
        bound = verdict(dump(mutant))
        if isinstance(bound, str):
            seen[bound] += 1
            continue
        assert bound.value == Fraction(mutant["claim"]["lower_bound"])
        assert not refuted(name, mutant), json.dumps(mutant)
        seen["proved"] += 1
        seen["another claim proved"] += mutant["claim"] != GOOD[name]["claim"]
    return seen


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("names", [CLOSED_FORM, SEARCHED], ids=["closed form", "searched"])
def test_no_mutant_proves_what_is_false(names, seed):
    seen = try_mutants(names, seed, 100)
    assert seen["rejected"] > 20
    assert seen["proved"] > 5


@pytest.mark.slow
@pytest.mark.parametrize("names", [CLOSED_FORM, SEARCHED], ids=["closed form", "searched"])
def test_no_mutant_of_very_many_proves_what_is_false(names):
    seen = try_mutants(names, 12345, 10_000)
    assert seen["another claim proved"] > 300


@pytest.mark.parametrize("name", CLOSED_FORM + SEARCHED)
def test_the_judge_refutes_false_claims(name):
    """Otherwise the tests above could not fail."""
    certificate = GOOD[name]
    assert not refuted(name, certificate)
    margin = Fraction(10**-12) if name == "tight" else Fraction(1, 1000)
    true = optimum_rounded_up(certificate) if name in CLOSED_FORM else None
    if true is None:
        true = min(objective(certificate, *network) for network in networks(name))
    above = true * (1 + margin)
    false = changed(
        certificate, "claim", "lower_bound", to=f"{above.numerator}/{above.denominator}"
    )
    assert refuted(name, false)


def test_closed_form_bounds_are_nearly_the_optimum():
    """So that a small lie in a mutant shows."""
    for name in CLOSED_FORM:
        claimed = Fraction(GOOD[name]["claim"]["lower_bound"])
        assert 0 <= optimum_rounded_up(GOOD[name]) - claimed <= claimed / 10**6


@pytest.mark.parametrize("seed", range(3))
def test_damaged_bytes_are_noticed_or_harmless(seed):
    rng = random.Random(seed)
    for _ in range(200):
        name = rng.choice(CLOSED_FORM)
        document = bytearray(dump(GOOD[name]))
        for _ in range(rng.choice([1, 1, 2, 4])):
            where = rng.randrange(len(document))
            if rng.random() < 0.5:
                document[where] ^= 1 << rng.randrange(8)
            else:
                document[where] = rng.choice(b'0123456789AQgw=+/-.e"{}[],: ')
        if rng.random() < 0.1:
            del document[rng.randrange(len(document)) :]
        bound = verdict(bytes(document))
        if not isinstance(bound, str):
            assert not refuted(name, json.loads(document))


@pytest.mark.parametrize("name", GOOD)
def test_every_truncation_is_malformed(name):
    document = dump(GOOD[name]).rstrip()
    rng = random.Random(name)
    for length in {0, 1, len(document) - 1, *(rng.randrange(len(document)) for _ in range(20))}:
        with pytest.raises(kernel.Malformed):
            kernel.check_certificate(document[:length])
