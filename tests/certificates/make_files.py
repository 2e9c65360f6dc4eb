"""Write correct/, incorrect/ and malformed/ anew: python tests/certificates/make_files.py"""

from __future__ import annotations

import math
import re
import sys
from fractions import Fraction
from itertools import islice

import numpy as np
from certificate_parts import FOLDER, array_changed, changed, dump, load, pack, unpack

from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.certificates.cuts_certify import certify_cuts
from certnn.certificates.directions import cover as cover_of_outputs
from certnn.certificates.groups_document import ProvedGroup, groups_certificate
from certnn.certificates.regions_certify import certify_regions
from certnn.certificates.search_documents import CellsDocument, PartitionDocument
from certnn.kernel.cuts import set_pairs
from certnn.problem.bias_ball import BiasBall
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.refine import refine
from certnn.relaxation.interior.cuts import CutFamilies, cut_rounds
from certnn.relaxation.interior.lifts import GroupedLifts
from certnn.relaxation.reduced.reduced_problem import reduce_by_rows
from certnn.search.lower_bound import lower_bound
from certnn.splitting.cells.proof import CellsProver
from certnn.splitting.prover import Limits
from certnn.training import train_locally

sys.path.append(str(FOLDER.parent / "kernel"))
from plain_partition import cover, fractions
from plain_phases import best_leaf, prove


def ratio(number):
    return "/".join(map(str, Fraction(number).as_integer_ratio()))


def tight():
    """x = 1, y = 3, reg = 1. E of Theorem 10 is dominant with equality, and the bound is P*."""
    return {
        "format": "certnn-certificate",
        "version": 1,
        "about": {"made by": "hand"},
        "claim": {
            "lower_bound": "5/2",
            "n": 1,
            "d": 1,
            "c": 1,
            "reg": 1.0,
            "loss": "half-squared",
            "hidden_bias": False,
        },
        "data": {"X": pack([1.0]), "Y": pack([3.0])},
        "proof": {
            "kind": "psd",
            "kappa": 1.0,
            "Z": pack([1.0]),
            "products": {
                "first": pack([0], "I"),
                "second": pack([1], "I"),
                "multiplier": pack([-1.0]),
            },
            "weights": pack([1.0, 1.0, 1.0]),
            "L_points": pack([0.0]),
            "L_cross": pack([0.0, 0.0]),
            "L_corner": pack([0.0, 0.0, 0.0]),
        },
    }


def problems():
    rng = np.random.default_rng(7)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    X, Y = normal(4, 2), normal(4, 2)
    yield "shor", "shor", TrainingProblem(X, Y, 0.1)
    yield "block", "block(2)", TrainingProblem(normal(5, 2), normal(5, 1), 0.2)
    yield "dnn", "dnn", TrainingProblem(X, Y, 0.1)
    yield "one-column", "dnn", TrainingProblem(normal(5, 1), normal(5, 1), 0.3)
    yield "one-point", "shor", TrainingProblem(normal(1, 3), normal(1, 2), 0.05)
    yield "hidden-bias", "dnn", TrainingProblem(normal(4, 1), normal(4, 1), 0.05, True)
    yield "hidden-bias-shor", "shor", TrainingProblem(normal(4, 2), normal(4, 3), 0.1, True)
    special = np.array([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0], [0.0, 0.0], [0.5, -1.0]])
    yield "repeated-antiparallel-zero-rows", "dnn", TrainingProblem(special, normal(5, 1), 0.1)
    yield "zero-data", "shor", TrainingProblem(np.zeros((3, 2)), normal(3, 1), 0.1)
    yield "zero-targets", "shor", TrainingProblem(normal(3, 2), np.zeros((3, 2)), 0.1)
    yield "reg-above-everything", "shor", TrainingProblem(X, Y, 1e6)
    yield "data-times-1e8", "dnn", TrainingProblem(1e8 * X, 1e8 * Y, 1e15)
    yield "data-times-1e-90", "shor", TrainingProblem(1e-90 * X, 1e-90 * Y, 1e-100)


def partitions():
    """Name, kappa as a multiple of what the trained network's residual has at least, problem."""
    rng = np.random.default_rng(8)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield "partition", 1.01, TrainingProblem(normal(10, 2), normal(10, 2), 0.1)
    yield "partition-one-column", 1.0 + 1e-12, TrainingProblem(normal(5, 1), normal(5, 1), 0.3)
    yield "partition-hidden-bias", 1.01, TrainingProblem(normal(8, 1), normal(8, 1), 0.05, True)
    yield "partition-three-columns", 1.2, TrainingProblem(normal(8, 3), normal(8, 1), 0.2)


def partition(problem, factor):
    trained = train_locally(problem, Budget(work=20.0))
    X, Z = problem.features, problem.Y - trained.network.output(problem.features)
    kappa, basis = factor * problem.reg * trained.local_dual_norm, np.eye(X.shape[1])
    found = cover(fractions(X), fractions(Z), Fraction(kappa), fractions(basis))
    witnesses = np.array(found[1], np.uint32)
    return PartitionDocument(kappa, Z, basis, found[0], witnesses).certificate(problem, {})


def phases_problems():
    """Name, most splits of the outputs, depth of the trees of phases, problem."""
    rng = np.random.default_rng(9)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield "phases", 3, 2, TrainingProblem(normal(9, 2), normal(9, 2), 0.1)
    yield "phases-one-column", 0, 9, TrainingProblem(normal(5, 1), normal(5, 1), 0.3)
    yield "phases-hidden-bias", 0, 3, TrainingProblem(normal(6, 1), normal(6, 1), 0.05, True)
    yield "phases-three-outputs", 2, 1, TrainingProblem(normal(5, 3), normal(5, 3), 0.2)


def phases(problem, most_splits, depth):
    trained = train_locally(problem, Budget(work=20.0))
    X, Z = problem.features, problem.Y - trained.network.output(problem.features)
    parts = prove(X, Z, np.random.default_rng(0), most_splits, best_leaf, depth)
    return parts.certificate(problem, Z)


def cells_problems():
    """Name, kappa as a multiple of what the trained network's residual has at least, problem."""
    rng = np.random.default_rng(13)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield "cells", 1.1, TrainingProblem(normal(9, 2), normal(9, 2), 0.1)
    yield "cells-hidden-bias", 1.05, TrainingProblem(normal(8, 1), normal(8, 1), 0.05, True)
    special = np.vstack([normal(6, 2) @ normal(2, 3), np.zeros((1, 3))])
    yield "cells-of-rank-two", 1.2, TrainingProblem(special, normal(7, 1), 0.1)
    yield "cells-free-bias", 1.1, TrainingProblem(normal(8, 2), normal(8, 1), 0.05, "free")


def cells(problem, factor):
    trained = train_locally(problem, Budget(work=20.0))
    Z = feasible_dual_point(problem, problem.Y - trained.network.output(problem.inputs))
    kappa = factor * problem.reg * trained.local_dual_norm
    ball = BiasBall.around(problem.X) if problem.hidden_bias == "free" else None
    prover = CellsProver(problem.features, problem.reg, ball)
    found = prover.search(Z, kappa, 0.5 + 0.5 * factor, Limits())
    return found.certificate(problem, {"made by": "certnn"})


def cells_of_one_column():
    """More tightly than the search: h − Σ is h − s + s(1 − |y|)² on both halves."""
    rng = np.random.default_rng(14)
    x, y = np.round(rng.standard_normal((2, 5, 1)), 3)
    problem = TrainingProblem(x, y, 0.3)
    trained = train_locally(problem, Budget(work=20.0))
    Z = y - trained.network.output(x)
    kappa = (1.0 + 7e-7) * problem.reg * trained.local_dual_norm
    multipliers = []
    for ray in (1.0, -1.0):
        for side in (-1.0, 1.0):
            s = float(np.sum(ray * Z * np.maximum(side * x, 0.0))) / kappa
            multipliers += [2.0 * max(s, 0.5) - s, s - max(s, 0.5)]
    document = CellsDocument(
        *(kappa, Z, b"\0\0", np.array([kappa, kappa]), None, np.eye(1)),
        *(bytes([2, 0, 0] * 2), b"", np.array(multipliers, np.float32)),
    )
    return document.certificate(problem, {"made by": "hand"})


def cuts_problems():
    """Name, families of cuts, rounds, problem."""
    rng = np.random.default_rng(10)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield (
        "cuts",
        CutFamilies(slacks=True, set_size=3),
        2,
        TrainingProblem(normal(7, 2), normal(7, 1), 0.05),
    )
    yield (
        "cuts-slacks",
        CutFamilies(slacks=True, set_size=0),
        3,
        TrainingProblem(normal(7, 2), normal(7, 2), 0.05),
    )
    yield (
        "cuts-sets",
        CutFamilies(slacks=False, set_size=3),
        2,
        TrainingProblem(normal(5, 3), normal(5, 1), 0.1),
    )
    yield (
        "cuts-hidden-bias",
        CutFamilies(slacks=True, set_size=0),
        3,
        TrainingProblem(normal(7, 1), normal(7, 1), 0.05, True),
    )


def cut(problem, families, rounds):
    points = islice(cut_rounds(problem, Budget(), families), rounds)
    return certify_cuts(problem, list(points)[-1].point, {"made by": "certnn"}).certificate


GROUPS = ("-tight", "", "-free-bias")
#: With a witness, or with regions of weight space: certnn does not write them any more, and these
#: are kept.
KEPT = (
    *("regions", "regions-one-point", "regions-two-outputs", "regions-hidden-bias"),
    "lifts-with-splits",
)


def lifts_problems():
    """Name, largest group, problem."""
    rng = np.random.default_rng(11)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield "lifts", 3, TrainingProblem(normal(7, 2), normal(7, 1), 0.05)
    yield "lifts-one-point", 1, TrainingProblem([[2.0]], [[3.0]], 0.5)
    yield "lifts-two-outputs", 2, TrainingProblem(normal(4, 2), normal(4, 2), 0.1)
    yield "lifts-hidden-bias", 2, TrainingProblem(normal(6, 1), normal(6, 1), 0.05, True)
    yield "lifts-free-bias", 2, TrainingProblem(normal(6, 1), normal(6, 1), 0.05, "free")


def lifts(problem, size):
    of = cover_of_outputs(problem.c, 1.2, Budget())
    *_, last = GroupedLifts(reduce_by_rows(problem), of, size, Budget()).points()
    return certify_regions(problem, last.point, {"made by": "certnn"}).certificate


def grouped(problem, *groups):
    """Of groups, each (indices, share of reg, what makes the certificate of their problem)."""
    proved = []
    for indices, share, certificate_of in groups:
        points, reg = np.array(indices), share * problem.reg
        part = TrainingProblem(problem.X[points], problem.Y[points], reg, problem.hidden_bias)
        proved.append(ProvedGroup.of(points, certificate_of(part)))
    return groups_certificate(problem, proved, {"made by": "certnn"})


def groups():
    """Name and certificate; the first proves the optimum, as `tight` does."""
    two = TrainingProblem([[1.0], [1.0]], [3.0, 3.0], 2.0)

    def by_hand(part):
        return Certificate(dump(tight()))

    yield "groups-tight", grouped(two, ([0], 0.5, by_hand), ([1], 0.5, by_hand))
    rng = np.random.default_rng(15)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    def shor(part):
        return lower_bound(part, "shor").certificate

    problem = TrainingProblem(normal(9, 2), normal(9, 1), 0.4)
    mixed = ([0, 3, 5], 0.375, shor), ([1, 4, 8], 0.25, lambda part: lifts(part, 2))
    yield "groups", grouped(problem, *mixed, ([6, 7], 0.25, lambda part: cells(part, 1.1)))
    free = TrainingProblem(normal(8, 1), normal(8, 1), 0.1, "free")
    halves = ([0, 2, 3, 6], 0.5, lambda part: lifts(part, 2))
    yield (
        "groups-free-bias",
        grouped(free, halves, ([1, 4, 5, 7], 0.5, lambda part: cells(part, 1.1))),
    )


def incorrect_groups(tight_groups, good, free):
    proof, claim = ("proof", "parts"), ("claim", "lower_bound")
    up = ratio(math.nextafter(float(Fraction(good["claim"]["lower_bound"])), math.inf))

    def points(certificate, number, to):
        return array_changed(certificate, *proof, number, "points", to=to, kind="I")

    yield "groups-claim-one-ulp-up", "claimed", changed(good, *claim, to=up)
    above = ratio(5 + Fraction(1, 10**500))
    yield "groups-claim-above-optimum-by-1e-500", "claimed", changed(tight_groups, *claim, to=above)
    yield "groups-same-group-twice", "in two groups", points(tight_groups, 1, lambda i: [0])
    first = unpack(good["proof"]["parts"][0]["points"], "I")[0]
    yield "groups-with-a-common-point", "in two groups", points(good, 1, lambda i: [first, *i[1:]])
    shares = changed(tight_groups, *proof, 0, "reg", to=math.nextafter(1.0, 2.0))
    yield "groups-shares-one-ulp-above-reg", "come to more", shares
    yield "groups-shares-doubled", "come to more", changed(good, *proof, 0, "reg", to=double_one)
    yield "groups-reg-of-the-claim-less", "come to more", changed(good, "claim", "reg", to=0.3)
    bound = changed(tight_groups, *proof, 1, "lower_bound", to=math.nextafter(2.5, 3.0))
    yield "groups-bound-of-a-part-one-ulp-up", "group 1: the claimed", bound
    more = changed(good, *proof, 0, "lower_bound", to=double_one)
    yield "groups-bound-of-a-part-doubled", "group 0: the claimed", more
    less = changed(good, *proof, 0, "reg", to=lambda reg: reg / 2)
    yield "groups-share-halved", "group 0: the claimed", less
    yield "groups-kappa-halved", "dominant", changed(good, *proof, 0, "proof", "kappa", to=halved)
    yield "groups-of-other-points", "group 1", points(good, 1, lambda i: [1, 2, 8])
    yield "groups-left-out-point-taken", "dominant", points(good, 0, lambda i: [0, 2, 5])
    swapped = changed(good, *proof, to=lambda parts: [parts[1] | {"proof": parts[0]["proof"]}])
    yield "groups-proof-of-another-group", "group 0", swapped
    yield "groups-part-left-out", "claimed", changed(good, *proof, to=lambda parts: parts[:2])
    yield "groups-data-doubled", "group", array_changed(good, "data", "X", to=double)
    flipped = array_changed(good, "data", "Y", to=lambda y: [-t for t in y])
    yield "groups-sign-of-targets-flipped", "claimed", flipped
    Z = (*proof, 0, "proof", "Z")
    unbalanced = array_changed(free, *Z, to=entry(0, lambda t: t * (1.0 + 2.0**-40)))
    yield "groups-dual-point-of-one-unbalanced", "group 0: a bias is free", unbalanced
    ball = (*proof, 1, "proof", "ball")
    smaller = array_changed(free, *ball, to=entry(-1, lambda t: 0.999 * t))
    yield "groups-ball-of-one-too-small", "group 1: a point is outside", smaller


def malformed_groups(tight_groups, good, free):
    parts = ("proof", "parts")

    def points(number, to):
        return dump(array_changed(good, *parts, number, "points", to=to, kind="I"))

    yield "groups-of-none", dump(changed(good, *parts, to=[]))
    yield "groups-an-object", dump(changed(good, *parts, to=lambda parts: parts[0]))
    yield "groups-with-a-dual-point", dump(changed(good, "proof", to=good["proof"] | {"Z": ""}))
    nested = changed(tight_groups, *parts, 0, "proof", to=tight_groups["proof"])
    yield "groups-of-groups", dump(nested)
    for key in ("points", "reg", "lower_bound", "proof"):
        lacking = {name: value for name, value in good["proof"]["parts"][0].items() if name != key}
        yield f"groups-without-{key.replace('_', '-')}", dump(changed(good, *parts, 0, to=lacking))
    more = good["proof"]["parts"][0] | {"data": good["data"]}
    yield "groups-with-data-of-their-own", dump(changed(good, *parts, 0, to=more))
    yield "groups-empty-group", points(2, lambda i: [])
    yield "groups-point-out-of-range", points(1, lambda i: [*i[:2], good["claim"]["n"]])
    yield "groups-points-descending", points(0, lambda i: i[::-1])
    yield "groups-point-twice", points(0, lambda i: [i[0], i[0], i[2]])
    yield "groups-more-points-than-in-the-proof", points(0, lambda i: [0, 2, 3, 5])
    yield "groups-reg-zero", dump(changed(good, *parts, 0, "reg", to=0.0))
    yield "groups-reg-negative", dump(changed(good, *parts, 0, "reg", to=-1.0))
    yield "groups-reg-an-integer", dump(changed(tight_groups, *parts, 0, "reg", to=1))
    yield "groups-bound-zero", dump(changed(good, *parts, 0, "lower_bound", to=0.0))
    yield "groups-bound-a-fraction", dump(changed(good, *parts, 0, "lower_bound", to="1/2"))
    overflow = dump(changed(good, *parts, 0, "lower_bound", to=1.5)).replace(b"1.5", b"1e999")
    yield "groups-bound-infinite", overflow
    yield "groups-ball-of-a-decayed-bias", dump(changed(free, "claim", "hidden_bias", to=True))


def double_one(number):
    return 2.0 * number


def halved(number):
    return number / 2


def double(numbers):
    return [2.0 * number for number in numbers]


def entry(index, to):
    """A change of one entry of a list."""

    def change(numbers):
        position = index % len(numbers)
        new = to(numbers[position]) if callable(to) else to
        return [*numbers[:position], new, *numbers[position + 1 :]]

    return change


def incorrect(correct):
    """Name, what the kernel must complain of, certificate."""
    exact, dnn, block, shor = (correct[name] for name in ("tight", "dnn", "block", "shor"))
    claim, proof, products = ("claim", "lower_bound"), "proof", ("proof", "products")
    value = float(Fraction(dnn["claim"]["lower_bound"]))
    lower, row, sign, weight = "claimed", "dominant", "multiplier", "weight"

    yield "claim-one-ulp-up", lower, changed(dnn, *claim, to=ratio(math.nextafter(value, math.inf)))
    yield "claim-doubled", lower, changed(dnn, *claim, to=ratio(2 * value))
    above = ratio(Fraction(5, 2) + Fraction(1, 10**500))
    yield "claim-above-optimum-by-1e-500", lower, changed(exact, *claim, to=above)
    yield (
        "claim-of-some-bound-without-targets",
        lower,
        changed(correct["zero-targets"], *claim, to=f"1/{10**500}"),
    )
    smaller = changed(shor, "claim", "reg", to=0.05)
    yield "proof-of-an-easier-problem-with-larger-reg", lower, smaller
    flipped = array_changed(dnn, "data", "Y", to=lambda y: [-t for t in y])
    yield "sign-of-targets-flipped", lower, flipped
    halved = array_changed(dnn, "data", "Y", to=lambda y: [t / 2 for t in y])
    yield "targets-halved", lower, halved
    yield "dual-point-negated", row, array_changed(dnn, proof, "Z", to=lambda z: [-t for t in z])
    yield "dual-point-doubled", row, array_changed(dnn, proof, "Z", to=double)
    both = array_changed(changed(dnn, proof, "kappa", to=lambda k: 2 * k), proof, "Z", to=double)
    yield "dual-point-and-kappa-doubled-but-not-multipliers", row, both
    yield "data-doubled", row, array_changed(dnn, "data", "X", to=double)
    yield "one-data-entry-changed", row, array_changed(dnn, "data", "X", to=entry(0, 1.5))
    yield "kappa-halved", row, changed(dnn, proof, "kappa", to=lambda k: k / 2)
    down = math.nextafter(1.0, 0.0)
    yield "kappa-one-ulp-down", row, changed(exact, proof, "kappa", to=down)
    yield "kappa-tiny", row, changed(dnn, proof, "kappa", to=5e-324)
    biased = changed(exact, "claim", "hidden_bias", to=True)
    for part, to in (("weights", [1.0] * 4), ("L_cross", [0.0] * 3), ("L_corner", [0.0] * 6)):
        biased = changed(biased, proof, part, to=pack(to))
    yield "hidden-bias-forgotten-in-the-proof", row, biased

    y = unpack(dnn["proof"]["products"]["multiplier"])
    r, s = (unpack(dnn["proof"]["products"][key], "I") for key in ("first", "second"))
    n = dnn["claim"]["n"]
    kinds = {
        "a-a": [k for k in range(len(y)) if s[k] < n],
        "b-b": [k for k in range(len(y)) if r[k] >= n],
        "a-b": [k for k in range(len(y)) if r[k] < n <= s[k] and s[k] != r[k] + n],
    }
    for kind, where in kinds.items():
        negative = array_changed(dnn, *products, "multiplier", to=entry(where[0], lambda t: -t))
        yield f"negative-multiplier-of-{kind}", sign, negative
    tiny = array_changed(dnn, *products, "multiplier", to=entry(kinds["a-b"][0], -5e-324))
    yield "multiplier-barely-negative", sign, tiny
    square = array_changed(exact, *products, "second", to=lambda i: [0], kind="I")
    yield "negative-multiplier-of-a-square", sign, square
    dropped = array_changed(exact, *products, "multiplier", to=lambda t: [0.0])
    yield "multiplier-of-the-vanishing-product-zero", row, dropped
    opposite = array_changed(exact, *products, "multiplier", to=lambda t: [1.0])
    yield "multiplier-of-the-vanishing-product-positive", row, opposite

    yield "weight-zero", weight, array_changed(dnn, proof, "weights", to=entry(0, 0.0))
    yield (
        "weight-negative",
        weight,
        array_changed(dnn, proof, "weights", to=entry(-1, lambda w: -w)),
    )
    yield (
        "all-weights-negative",
        weight,
        array_changed(dnn, proof, "weights", to=lambda w: [-t for t in w]),
    )
    yield "weight-huge", row, array_changed(dnn, proof, "weights", to=entry(0, 1e300))
    yield "weights-and-L-zero", weight, nothing(dnn)
    for part in ("L_points", "L_cross", "L_corner"):
        zeros = array_changed(dnn, proof, part, to=lambda t: [0.0] * len(t))
        yield f"{part}-zero", row, zeros
        yield f"{part}-entry-1e300", row, array_changed(dnn, proof, part, to=entry(-1, 1e300))
    other = correct["repeated-antiparallel-zero-rows"]["proof"]
    stranger = changed(block, proof, "L_corner", to=other["L_corner"])
    yield (
        "L-of-another-problem",
        row,
        changed(
            changed(stranger, proof, "L_cross", to=other["L_cross"]),
            proof,
            "weights",
            to=other["weights"],
        ),
    )

    yield from incorrect_cuts(correct["cuts"], correct["cuts-sets"])
    ends = ("", "-one-column", "-three-columns")
    yield from incorrect_partitions(*(correct[f"partition{end}"] for end in ends))
    yield from incorrect_phases(correct["phases"], correct["phases-one-column"])
    yield from incorrect_regions(correct["regions"])
    yield from incorrect_lifts(correct["lifts"])
    yield from incorrect_cells(correct["cells"], correct["cells-one-column"])
    yield from incorrect_free_bias(correct["lifts-free-bias"])
    yield from incorrect_cells_of_free_bias(correct["cells-free-bias"])
    yield from incorrect_groups(*(correct[f"groups{which}"] for which in GROUPS))


def nothing(certificate):
    """With weights and L of zeros, of which no row of the remainder is not dominant."""
    for key in certificate["proof"]:
        if key == "weights" or key[0] == "L":
            certificate = array_changed(certificate, "proof", key, to=lambda t: [0.0] * len(t))
    return certificate


def incorrect_cells(good, one_column):
    proof, form = "proof", "not positive definite"
    value = float(Fraction(good["claim"]["lower_bound"]))
    up = ratio(math.nextafter(value, math.inf))
    numbers = unpack(good["proof"]["multipliers"], "f")
    side = next(k for k in range(len(numbers)) if k % 3 < 2 and numbers[k] > 0.01)

    def lists(key, change, kind="d", certificate=good):
        return array_changed(certificate, *key, to=change, kind=kind)

    def nodes(change):
        return lists((proof, "tree"), change, "B")

    def multipliers(change):
        return lists((proof, "multipliers"), change, "f")

    yield "cells-claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    yield "cells-kappa-halved", "kappa", changed(good, proof, "kappa", to=lambda k: k / 2)
    barely = changed(one_column, proof, "kappa", to=lambda k: k * (1.0 - 1e-6))
    below = lists((proof, "bounds"), lambda h: [t * (1.0 - 1e-6) for t in h], "d", barely)
    yield "cells-kappa-and-bounds-barely-below-the-norm", form, below
    yield "cells-bounds-lowered", form, lists((proof, "bounds"), lambda h: [0.9 * t for t in h])
    yield "cells-bound-zero", "not positive", lists((proof, "bounds"), entry(0, 0.0))
    tiny = lists((proof, "bounds"), entry(0, 1e-300), "d", one_column)
    yield "cells-bound-tiny", "lost in rounding", tiny
    yield "cells-bound-missing", "bounds end", lists((proof, "bounds"), lambda h: h[:-1])
    yield "cells-bound-too-many", "bounds go on", lists((proof, "bounds"), lambda h: [*h, h[-1]])
    yield "cells-dual-point-doubled", form, lists((proof, "Z"), double)
    yield "cells-dual-point-negated", "no minorant", lists((proof, "Z"), lambda t: [-x for x in t])
    yield "cells-data-doubled", form, lists(("data", "X"), double)
    short = lists((proof, "rotation"), lambda t: [x * (1.0 - 1e-9) for x in t])
    yield "cells-rotation-that-shortens", "changes a length", short
    yield (
        "cells-rotation-singular",
        "changes a length",
        lists((proof, "rotation"), lambda t: [1.0] * len(t)),
    )
    zero = lists((proof, "rotation"), lambda t: [0.0] * len(t))
    yield "cells-rotation-zero", "changes a length", zero
    longer = lists((proof, "rotation"), lambda t: [x * (1.0 + 1e-9) for x in t])
    yield "cells-rotation-that-lengthens", "changes a length", longer
    yield "cells-tree-of-one-leaf", "no minorant", nodes(lambda t: [0])
    yield "cells-tree-empty", "nodes end", nodes(lambda t: [])
    yield "cells-last-leaf-missing", "nodes end", nodes(lambda t: t[:-1])
    yield "cells-tree-too-long", "nodes go on", nodes(lambda t: [*t, 0])
    yield "cells-coordinate-out-of-range", "not there", nodes(entry(0, 5))
    yield "cells-split-at-a-side", "at its side", nodes(lambda t: [3, 3, *t])
    yield "cells-side-barely-negative", "is negative", multipliers(entry(side, -(2.0**-149)))
    yield "cells-side-negative", "is negative", multipliers(entry(side, lambda t: -t))
    yield "cells-side-huge", form, multipliers(entry(side, 1e38))
    yield "cells-sides-zero", form, multipliers(lambda t: [0.0] * len(t))
    yield "cells-multipliers-missing", "multipliers end", multipliers(lambda t: t[:-1])
    yield "cells-multipliers-too-many", "multipliers go on", multipliers(lambda t: [*t, 0.0])
    codes = (proof, "codes")
    yield "cells-codes-missing", "codes end", lists(codes, lambda t: t[:-1], "B")
    yield "cells-codes-too-many", "codes go on", lists(codes, lambda t: [*t, 0], "B")
    yield "cells-codes-zero", form, lists(codes, lambda t: [0] * len(t), "B")
    yield (
        "cells-directions-empty",
        "directions end",
        lists((proof, "directions"), lambda t: [], "B"),
    )


def incorrect_cells_of_free_bias(good):
    proof, form = "proof", "not positive definite"

    def lists(key, change, kind="d"):
        return array_changed(good, proof, key, to=change, kind=kind)

    less = lists("ball", entry(-1, lambda t: 0.999 * t))
    yield "cells-free-bias-radius-a-little-less", "outside", less
    yield "cells-free-bias-center-moved", "outside", lists("ball", entry(0, lambda t: t + 0.1))
    yield "cells-free-bias-radius-negative", "outside", lists("ball", entry(-1, lambda t: -t))
    yield "cells-free-bias-radius-doubled", form, lists("ball", entry(-1, lambda t: 2.0 * t))
    unbalanced = lists("Z", entry(0, lambda t: t * (1.0 + 2.0**-40)))
    yield "cells-free-bias-dual-point-unbalanced", "sum to zero", unbalanced
    sides = good["claim"]["d"] + 2
    unbound = lists(
        "multipliers",
        lambda t: [0.0 if k % sides == sides - 2 else x for k, x in enumerate(t)],
        "f",
    )
    yield "cells-free-bias-without-its-sides", form, unbound


def malformed_cells_of_free_bias(good):
    proof = "proof"
    yield "cells-free-bias-of-a-decayed-one", dump(changed(good, "claim", "hidden_bias", to=True))
    lacking = {name: value for name, value in good[proof].items() if name != "ball"}
    yield "cells-free-bias-without-ball", dump(good | {proof: lacking})
    short = array_changed(good, proof, "ball", to=lambda t: t[1:])
    yield "cells-free-bias-ball-too-short", dump(short)
    square = array_changed(good, proof, "rotation", to=lambda t: [1.0] * (len(t) + 5))
    yield "cells-free-bias-rotation-of-all-columns", dump(square)


def malformed_cells(good):
    proof = "proof"

    def lists(key, change, kind):
        return dump(array_changed(good, proof, key, to=change, kind=kind))

    yield "cells-called-phases", dump(changed(good, proof, "kind", to="phases"))
    yield "cells-key-missing", dump(without(good, "codes"))
    yield "cells-tree-a-list", dump(changed(good, proof, "tree", to=[0]))
    yield "cells-multiplier-nan", lists("multipliers", entry(0, math.nan), "f")
    yield "cells-multipliers-not-whole", lists("multipliers", lambda t: [*t, 1], "B")
    yield "cells-bound-infinite", lists("bounds", entry(0, math.inf), "d")
    yield "cells-rotation-too-short", lists("rotation", lambda t: t[1:], "d")
    yield "cells-rotation-nan", lists("rotation", entry(0, math.nan), "d")
    yield "cells-of-101-columns", dump(changed(columns(good, 101), proof, to=good["proof"]))


def incorrect_lifts(good):
    proof, row = "proof", "not positive definite"

    def lists(key, change, kind="d"):
        return array_changed(good, *key, to=change, kind=kind)

    halved = changed(good, proof, "kappa", to=lambda k: k / 2)
    both = array_changed(halved, proof, "bounds", to=lambda t: [x / 2 for x in t])
    yield "lifts-kappa-and-bounds-halved", row, both
    barely = changed(good, proof, "kappa", to=lambda k: k * (1.0 - 1e-6))
    below = array_changed(barely, proof, "bounds", to=lambda t: [x * (1.0 - 2e-6) for x in t])
    yield "lifts-kappa-and-bounds-a-little-lower", row, below
    yield "lifts-dual-point-doubled", row, lists((proof, "Z"), double)
    yield "lifts-data-doubled", row, lists(("data", "X"), double)
    yield "lifts-mu-zero", row, lists((proof, "mu"), lambda t: [0.0] * len(t))
    products = (proof, "products")
    n = good["claim"]["n"]
    first, second = (unpack(good["proof"]["products"][key], "I") for key in ("first", "second"))
    vanishing = [s == r + n for r, s in zip(first, second, strict=True)]

    def without_squares(numbers):
        return [0.0 if free else y for y, free in zip(numbers, vanishing, strict=True)]

    yield "lifts-without-squares", row, lists((*products, "multiplier"), without_squares)
    # So little that the form of the leaf is definite all the same.
    shorter = lists((proof, "balls", "multiplier"), entry(32, lambda t: t * (1.0 - 1e-6)))
    yield "lifts-norm-barely-negative", "norm may be negative", shorter
    yield "lifts-with-weights-alone", "weights end", lists((proof, "weights"), lambda t: [1.0])
    yield "lifts-with-L-alone", "weights end", lists((proof, "L"), lambda t: [1.0])


def incorrect_free_bias(good):
    proof, row = "proof", "not positive definite"

    def lists(key, change):
        return array_changed(good, proof, key, to=change, kind="d")

    yield "free-bias-radius-a-little-less", "outside", lists("ball", entry(-1, lambda t: 0.999 * t))
    yield "free-bias-radius-zero", "outside", lists("ball", entry(-1, 0.0))
    yield "free-bias-radius-negative", "outside", lists("ball", entry(-1, lambda t: -t))
    yield "free-bias-center-moved", "outside", lists("ball", entry(0, lambda t: t + 0.1))
    yield "free-bias-radius-doubled", row, lists("ball", entry(-1, lambda t: 2.0 * t))
    yield "free-bias-nu-barely-negative", "free bias", lists("nu", entry(-1, -5e-324))
    yield "free-bias-nu-zero", row, lists("nu", lambda t: [0.0] * len(t))
    yield "free-bias-nu-missing", "nu end", lists("nu", lambda t: t[:-1])
    yield "free-bias-nu-too-many", "nu go on", lists("nu", lambda t: [*t, 1.0])
    unbalanced = lists("Z", entry(0, lambda t: t * (1.0 + 2.0**-40)))
    yield "free-bias-dual-point-unbalanced", "sum to zero", unbalanced
    size = good["claim"]["d"] + 2
    balls = (proof, "balls", "multiplier")

    def beyond(numbers):
        """The bias's share of the first product as large as its s, beside r that is not zero."""
        first = next(k for k in range(0, len(numbers), size) if numbers[k] != 0.0)
        return [
            *numbers[: first + size - 2],
            numbers[first + size - 1],
            *numbers[first + size - 1 :],
        ]

    yield (
        "free-bias-beyond-the-norm",
        "norm may be negative",
        array_changed(good, *balls, to=beyond),
    )


def incorrect_regions(good):
    proof, row, sign, weight = "proof", "dominant", "multiplier", "weight"
    products, balls = (proof, "products"), (proof, "balls")
    value = float(Fraction(good["claim"]["lower_bound"]))
    up = ratio(math.nextafter(value, math.inf))
    n, columns = good["claim"]["n"], good["claim"]["d"]
    first, second = (unpack(good["proof"]["products"][key], "I") for key in ("first", "second"))
    y = unpack(good["proof"]["products"]["multiplier"])
    signed = max((k for k in range(len(y)) if second[k] != first[k] + n), key=y.__getitem__)
    norm = unpack(good["proof"]["balls"]["multiplier"])
    heights = range(columns, len(norm), columns + 1)
    tightest = max(heights, key=lambda k: math.hypot(*norm[k - columns : k]) / norm[k])

    def lists(key, change, kind="d"):
        return array_changed(good, *key, to=change, kind=kind)

    yield "regions-claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    halved = changed(good, proof, "kappa", to=lambda k: k / 2)
    yield "regions-kappa-halved", "kappa", halved
    yield "regions-bounds-doubled", "kappa", lists((proof, "bounds"), double)
    both = array_changed(halved, proof, "bounds", to=lambda t: [x / 2 for x in t])
    yield "regions-kappa-and-bounds-halved", row, both
    negative = lists((proof, "bounds"), entry(0, -1.0))
    yield "regions-bound-negative", "not positive", negative
    yield "regions-bound-missing", "bounds end", lists((proof, "bounds"), lambda t: t[:-1])
    yield "regions-bound-too-many", "bounds go on", lists((proof, "bounds"), lambda t: [*t, 1.0])
    yield "regions-dual-point-doubled", row, lists((proof, "Z"), double)
    yield "regions-dual-point-negated", row, lists((proof, "Z"), lambda t: [-x for x in t])
    yield "regions-data-doubled", row, lists(("data", "X"), double)
    yield "regions-mu-zero", row, lists((proof, "mu"), lambda t: [0.0] * len(t))
    yield "regions-mu-doubled", row, lists((proof, "mu"), double)
    multiplier = (*products, "multiplier")
    yield "regions-multiplier-negative", sign, lists(multiplier, entry(signed, lambda t: -t))
    yield "regions-multiplier-barely-negative", sign, lists(multiplier, entry(signed, -5e-324))
    lower = lists((*balls, "multiplier"), entry(tightest, lambda t: t * (1.0 - 1e-9)))
    yield "regions-ball-below-its-norm", "norm may be negative", lower
    negated = lists((*balls, "multiplier"), entry(tightest, lambda t: -t))
    yield "regions-ball-negative", "norm may be negative", negated
    yield "regions-balls-doubled", row, lists((*balls, "multiplier"), double)
    yield "regions-weights-and-L-zero", weight, nothing(good)
    yield "regions-weight-zero", weight, lists((proof, "weights"), entry(0, 0.0))
    yield "regions-L-zero", row, lists((proof, "L"), lambda t: [0.0] * len(t))
    yield "regions-L-entry-1e300", row, lists((proof, "L"), entry(-1, 1e300))
    splits = unpack(good["proof"]["splits"], "i")
    root = next(k for k, node in enumerate(splits) if node >= 0)
    other = lists((proof, "splits"), entry(root, lambda i: (i + 1) % n), "i")
    yield "regions-split-at-another-point", row, other
    twice = lists((proof, "splits"), entry(root + 1, splits[root]), "i")
    yield "regions-split-twice-at-a-point", "not mixed", twice
    cut = lists((proof, "splits"), lambda t: t[:-1], "i")
    yield "regions-splits-too-few", "splits end", cut
    yield (
        "regions-splits-too-many",
        "splits go on",
        lists((proof, "splits"), lambda t: [*t, -1], "i"),
    )
    for key in ((proof, "mu"), (proof, "weights"), (proof, "L"), multiplier):
        name = key[-1]
        word = "multipliers" if name == "multiplier" else name
        yield f"regions-{name}-too-short", f"{word} end", lists(key, lambda t: t[:-1])
        yield f"regions-{name}-too-long", f"{word} go on", lists(key, lambda t: [*t, 1.0])
    for section, word in ((products, "product_counts"), (balls, "ball_counts")):
        key = (*section, "count")
        yield f"regions-{word}-too-long", f"{word} go on", lists(key, lambda t: [*t, 0], "I")
    many = lists((*products, "count"), entry(-1, 2**31), "I")
    yield "regions-count-huge", "end before", many


def incorrect_cuts(good, of_sets):
    proof, row, sign, part = "proof", "dominant", "multiplier", "nonnegative part"
    copositive, slacks, sets = "copositive", ("proof", "slacks"), ("proof", "sets")
    value = float(Fraction(good["claim"]["lower_bound"]))
    up = ratio(math.nextafter(value, math.inf))
    n = good["claim"]["n"]
    second = unpack(good["proof"]["products"]["second"], "I")
    y = unpack(good["proof"]["products"]["multiplier"])
    of_slack = max((k for k in range(len(y)) if second[k] >= 2 * n), key=y.__getitem__)
    theta = unpack(good["proof"]["slacks"]["theta"])

    def lists(key, change, kind="d", certificate=good):
        return array_changed(certificate, *key, to=change, kind=kind)

    def multiplier(to):
        return lists((proof, "products", "multiplier"), entry(of_slack, to))

    yield "cuts-claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    yield "cuts-kappa-halved", row, changed(good, proof, "kappa", to=lambda k: k / 2)
    yield "cuts-dual-point-doubled", row, lists((proof, "Z"), double)
    yield "cuts-data-doubled", row, lists(("data", "X"), double)
    yield "cuts-multiplier-of-a-slack-negative", sign, multiplier(lambda t: -t)
    yield "cuts-multiplier-of-a-slack-barely-negative", sign, multiplier(-5e-324)
    yield "cuts-multiplier-of-a-slack-doubled", row, multiplier(lambda t: 2 * t)
    for number, point in ((n, 2 * n), (0, 2 * n)):  # b₀ with a slack: its indices differ by n, too
        swapped = lists((proof, "products", "first"), entry(of_slack, number), "I")
        swapped = lists((proof, "products", "second"), entry(of_slack, point), "I", swapped)
        negative = lists((proof, "products", "multiplier"), entry(of_slack, -1e-3), "d", swapped)
        yield f"cuts-negative-product-of-form-{number}-and-a-slack", sign, negative
    # With these θ the slacks are no longer nearly nonnegative, which kappa must pay for.
    yield "cuts-theta-halved", row, lists((*slacks, "theta"), lambda t: [x / 2 for x in t])
    yield "cuts-theta-negated", row, lists((*slacks, "theta"), lambda t: [-x for x in t])
    largest = max(range(len(theta)), key=lambda k: abs(theta[k]))
    off = lists((*slacks, "theta"), entry(largest, lambda t: t * (1 + 1e-3)))
    yield "cuts-theta-off", row, off
    none = {"count": pack([0] * len(unpack(good["proof"]["slacks"]["count"], "I")), "I")}
    none |= {"point": "", "theta": ""}
    yield "cuts-slacks-without-points", row, changed(good, *slacks, to=lambda s: s | none)
    turned = lists((*slacks, "target"), lambda t: [(i + 1) % n for i in t], "I")
    yield "cuts-slacks-of-other-points", row, turned
    yield "cuts-weights-and-L-zero", "weight", nothing(good)
    yield "cuts-weight-zero", "weight", lists((proof, "weights"), entry(0, 0.0))
    yield "cuts-L-zero", row, lists((proof, "L"), lambda t: [0.0] * len(t))
    yield "cuts-L-entry-1e300", row, lists((proof, "L"), entry(-1, 1e300))

    form, parts = (*sets, "form"), (*sets, "part")
    negated = lists(form, lambda t: [-x for x in t], "d", of_sets)
    yield "cuts-set-form-negated", copositive, negated
    larger = lists(parts, lambda t: [x + 1.0 for x in t], "d", of_sets)
    yield "cuts-set-parts-too-large", copositive, larger
    yield "cuts-set-part-negative", part, lists(parts, entry(0, -1.0), "d", of_sets)
    yield "cuts-set-part-barely-negative", part, lists(parts, entry(-1, -5e-324), "d", of_sets)
    squares = [k for k, (r, s) in enumerate(set_pairs(3)) if r == s]
    zero = lists(form, entry(squares[0], 0.0), "d", of_sets)
    yield "cuts-set-square-zero", copositive, zero
    yield "cuts-set-form-zero", copositive, lists(form, lambda t: [0.0] * len(t), "d", of_sets)
    yield "cuts-set-form-doubled", row, lists(parts, double, "d", lists(form, double, "d", of_sets))
    points = lists((*sets, "point"), lambda t: [(i + 1) % 5 for i in t], "I", of_sets)
    yield "cuts-sets-of-other-points", row, points


def malformed_free_bias(good):
    proof = "proof"
    decayed = changed(good, "claim", "hidden_bias", to=True)
    yield "free-bias-of-a-decayed-one", dump(decayed)
    for key in ("ball", "nu"):
        lacking = {name: value for name, value in good[proof].items() if name != key}
        yield f"free-bias-without-{key}", dump(good | {proof: lacking})
    short = array_changed(good, proof, "ball", to=lambda t: t[1:])
    yield "free-bias-ball-too-short", dump(short)
    yield "free-bias-nu-nan", dump(array_changed(good, proof, "nu", to=entry(0, math.nan)))


def malformed_regions(good):
    proof, n = "proof", good["claim"]["n"]
    lacking = {key: value for key, value in good["proof"].items() if key != "balls"}
    yield "regions-key-missing", dump(good | {"proof": lacking})
    for section, key in (("products", "first"), ("products", "second"), ("balls", "form")):
        far = array_changed(good, proof, section, key, to=entry(0, 2 * n), kind="I")
        yield f"regions-{section}-{key}-out-of-range", dump(far)
    order = array_changed(good, proof, "products", "second", to=entry(0, 0), kind="I")
    order = array_changed(order, proof, "products", "first", to=entry(0, 1), kind="I")
    yield "regions-first-above-second", dump(order)
    fewer = array_changed(good, proof, "products", "second", to=lambda t: t[:-1], kind="I")
    yield "regions-second-too-short", dump(fewer)
    split = array_changed(good, proof, "splits", to=entry(0, n), kind="i")
    yield "regions-split-out-of-range", dump(split)
    for key in ("mu", "weights", "L", "bounds"):
        nan = array_changed(good, proof, key, to=entry(0, math.nan))
        yield f"regions-{key}-nan", dump(nan)


def malformed_cuts(good, of_sets):
    proof, slacks, sets = "proof", ("proof", "slacks"), ("proof", "sets")
    n = good["claim"]["n"]

    def lists(key, change, kind="d", certificate=good):
        return dump(array_changed(certificate, *key, to=change, kind=kind))

    yield "cuts-called-psd", dump(changed(good, proof, "kind", to="psd"))
    yield "cuts-key-missing", dump(without(good, "slacks"))
    yield "cuts-slacks-a-list", dump(changed(good, *slacks, to=[]))
    yield "cuts-target-out-of-range", lists((*slacks, "target"), entry(0, n), "I")
    yield "cuts-targets-too-few", lists((*slacks, "target"), lambda t: t[1:], "I")
    yield "cuts-point-out-of-range", lists((*slacks, "point"), entry(0, n), "I")
    yield "cuts-count-huge", lists((*slacks, "count"), entry(0, 2**32 - 1), "I")
    yield "cuts-theta-too-few", lists((*slacks, "theta"), lambda t: t[1:])
    yield "cuts-theta-nan", lists((*slacks, "theta"), entry(0, math.nan))
    J = len(unpack(good["proof"]["slacks"]["target"], "I"))
    yield (
        "cuts-product-out-of-range",
        lists((proof, "products", "second"), entry(-1, 2 * n + J), "I"),
    )
    yield "cuts-L-too-short", lists((proof, "L"), lambda t: t[1:])
    many = 16 * (n + good["claim"]["d"] + good["claim"]["c"]) + 1 - J
    empty = array_changed(good, *slacks, "target", to=lambda t: t + [0] * many, kind="I")
    yield (
        "cuts-too-many-slacks",
        dump(array_changed(empty, *slacks, "count", to=lambda t: t + [0] * many, kind="I")),
    )
    yield "cuts-set-point-out-of-range", lists((*sets, "point"), entry(0, 5), "I", of_sets)
    yield "cuts-set-form-too-short", lists((*sets, "form"), lambda t: t[1:], "d", of_sets)
    yield "cuts-set-part-infinite", lists((*sets, "part"), entry(0, math.inf), "d", of_sets)
    large = array_changed(of_sets, *sets, "count", to=lambda t: [13], kind="I")
    large = array_changed(large, *sets, "point", to=lambda t: [0] * 13, kind="I")
    yield "cuts-set-of-13-points", dump(large)


def incorrect_partitions(good, one_column, three_columns):
    proof, leaf, early, late = "proof", "leaf", "ends before", "goes on"
    value = float(Fraction(good["claim"]["lower_bound"]))
    up = ratio(math.nextafter(value, math.inf))

    def tree(change):
        return array_changed(good, proof, "tree", to=change, kind="B")

    def witnesses(change):
        return array_changed(good, proof, "witnesses", to=change, kind="I")

    def splits(nodes):
        """Positions of the splits in a tree."""
        position = 0
        while position < len(nodes):
            if nodes[position]:
                yield position
            position += 3 if nodes[position] else 1

    first = next(splits(unpack(good["proof"]["tree"], "B")))
    yield "partition-claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    yield (
        "partition-kappa-below-the-norm",
        leaf,
        changed(good, proof, "kappa", to=lambda k: k / 1.1),
    )
    yield "partition-kappa-tiny", leaf, changed(good, proof, "kappa", to=5e-324)
    lower = changed(one_column, proof, "kappa", to=lambda k: k * (1 - 3e-12))
    yield "partition-kappa-barely-below-the-norm", leaf, lower
    # With half of what points of mixed signs may lose it would be proved.
    halved = changed(three_columns, proof, "kappa", to=lambda k: 0.99 * k)
    yield "partition-kappa-a-little-lower", leaf, halved
    yield "partition-dual-point-doubled", leaf, array_changed(good, proof, "Z", to=double)
    yield "partition-data-doubled", leaf, array_changed(good, "data", "X", to=double)
    yield "partition-last-cone-missing", early, tree(lambda nodes: nodes[:-1])
    yield "partition-tree-empty", early, tree(lambda nodes: [])
    yield "partition-tree-too-long", late, tree(lambda nodes: [*nodes, 0])
    yield "partition-ends-in-a-split", early, tree(lambda nodes: [*nodes[:-1], 1, 1])
    yield "partition-edge-out-of-range", "not there", tree(entry(first, 2))
    # The first leaf is split into itself and a face, which its witness proves as well.
    nodes_of_good, leaf_at = unpack(good[proof]["tree"], "B"), 0
    while nodes_of_good[leaf_at]:
        leaf_at += 3
    twice = witnesses(lambda w: [*w[:2], *w])
    for name, ends in (("an-end", [0, 1]), ("the-other-end", [1, 0])):
        split = array_changed(
            twice,
            *(proof, "tree"),
            to=lambda nodes, ends=ends: [*nodes[:leaf_at], 1, *ends, 0, *nodes[leaf_at:]],
            kind="B",
        )
        yield f"partition-split-at-{name}", "at its end", split
    yield "partition-too-deep", "splits", tree(lambda nodes: [1, 1, 1] * 401 + nodes)
    yield "partition-split-elsewhere", leaf, tree(entry(first + 1, 255))
    yield "partition-witnesses-missing", early, witnesses(lambda w: w[:-2])
    yield "partition-witnesses-too-many", late, witnesses(lambda w: [*w, 1, 1])
    yield "partition-witness-zero", "witness", witnesses(entry(3, 0))
    unequal = witnesses(lambda w: [2**32 - 1 if i % 2 else 1 for i in range(len(w))])
    yield "partition-witnesses-wrong", leaf, unequal
    flat = array_changed(good, proof, "basis", to=lambda b: [1.0, 2.0, 2.0, 4.0])
    yield "partition-basis-of-parallel-rays", "span", flat
    zeros = array_changed(good, proof, "basis", to=lambda b: [0.0] * 4)
    yield "partition-basis-zero", "span", zeros


def incorrect_phases(good, one_column):
    proof, form, pairs = "proof", "positive definite", ("proof", "pairs")
    value = float(Fraction(good["claim"]["lower_bound"]))
    up = ratio(math.nextafter(value, math.inf))
    # The first direction is (1, 0). Its first leaf has two points that are fixed.
    weights = unpack(good["proof"]["Z"])[::2]
    splits = unpack(good["proof"]["splits"], "i")
    assert splits[0] >= 0 <= splits[1]
    fixed = sorted(splits[:2])
    places, at = {}, 1
    for i, weight in enumerate(weights):
        names = ("lambda",) if i in fixed else ("pi", "alpha") if weight > 0 else ("theta", "eta")
        for name in names:
            places.setdefault(name, []).append(at)
            at += 1
    given = unpack(good["proof"]["multipliers"], "f")
    first = unpack(good["proof"]["pairs"]["first"], "I")
    count = unpack(good["proof"]["pairs"]["count"], "I")[0]
    for k in range(count):
        if first[k] not in fixed:
            places.setdefault("pair pi", []).append(at)
            places.setdefault("pair alpha", []).append(at + 1)
            at += 2

    def multiplier(name, to):
        """The largest multiplier of this name on the first leaf changed."""
        place = max(places[name], key=lambda place: given[place])
        return array_changed(good, proof, "multipliers", to=entry(place, to), kind="f")

    def lists(key, change, kind):
        return array_changed(good, *key, to=change, kind=kind)

    def tree(change):
        return lists((proof, "directions"), change, "B")

    def nodes(change):
        return lists((proof, "splits"), change, "i")

    yield "phases-claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    lower = changed(good, proof, "kappa", to=lambda k: 0.99 * k)
    yield "phases-kappa-below-the-bounds", "kappa", lower
    yield "phases-kappa-tiny", "kappa", changed(good, proof, "kappa", to=5e-324)
    barely = changed(one_column, proof, "kappa", to=lambda k: k * (1 - 1e-11))
    yield "phases-kappa-barely-below-the-bounds", "kappa", barely
    lowered = array_changed(barely, proof, "bounds", to=lambda h: [t * (1 - 1e-6) for t in h])
    yield "phases-bounds-barely-below-the-norm", form, lowered
    lowered = lists((proof, "bounds"), lambda h: [0.9 * t for t in h], "d")
    yield "phases-bounds-lowered", form, lowered
    yield "phases-bound-zero", "not positive", lists((proof, "bounds"), entry(0, 0.0), "d")
    yield "phases-bound-negative", "not positive", lists((proof, "bounds"), entry(-1, -1.0), "d")
    yield "phases-dual-point-doubled", "less than", array_changed(good, proof, "Z", to=double)
    yield "phases-data-doubled", "minorant", array_changed(good, "data", "X", to=double)
    yield "phases-mu-too-large", form, lists((proof, "multipliers"), entry(0, 1e3), "f")
    yield "phases-mu-too-small", form, lists((proof, "multipliers"), entry(0, -1e3), "f")
    yield "phases-theta-too-large", "minorant", multiplier("theta", 1e3)
    yield "phases-eta-too-large", "minorant", multiplier("eta", 1e3)
    yield "phases-eta-negative", "negative", multiplier("eta", lambda t: -t)
    yield "phases-lambda-negative", "negative", multiplier("lambda", -1.0)
    yield "phases-pi-below-the-weight", "less than", multiplier("pi", lambda t: 0.9 * t)
    yield "phases-pi-negative", "negative", multiplier("pi", lambda t: -t)
    yield "phases-alpha-too-small", form, multiplier("alpha", lambda t: 1e-4 * t)
    yield "phases-alpha-too-large", form, multiplier("alpha", lambda t: 1e4 * t)
    yield "phases-alpha-zero", "only one", multiplier("alpha", 0.0)
    yield "phases-alpha-negative", "negative", multiplier("alpha", lambda t: -t)
    yield "phases-pair-pi-too-large", "minorant", multiplier("pair pi", 1e3)
    yield "phases-pair-alpha-zero", "only one", multiplier("pair alpha", 0.0)
    yield "phases-pair-alpha-negative", "negative", multiplier("pair alpha", lambda t: -t)
    multipliers = (proof, "multipliers")
    yield "phases-multipliers-missing", "multipliers end", lists(multipliers, lambda t: t[:-1], "f")
    yield "phases-multipliers-empty", "multipliers end", lists(multipliers, lambda t: [], "f")
    more = lists(multipliers, lambda t: [*t, 0.0], "f")
    yield "phases-multipliers-too-many", "multipliers go on", more
    yield "phases-leaf-missing", "splits end", nodes(lambda s: s[:-1])
    yield "phases-splits-empty", "splits end", nodes(lambda s: [])
    yield "phases-splits-too-many", "splits go on", nodes(lambda s: [*s, -1])
    yield "phases-point-split-twice", "not mixed", nodes(entry(1, splits[0]))
    inactive = weights.index(min(weights))
    yield "phases-split-of-a-negative-weight", "not mixed", nodes(entry(0, inactive))
    yield (
        "phases-pair-turned-round",
        "pair",
        changed(
            changed(good, *pairs, "first", to=good["proof"]["pairs"]["second"]),
            *pairs,
            "second",
            to=good["proof"]["pairs"]["first"],
        ),
    )
    one_point = lists((*pairs, "second"), entry(0, first[0]), "I")
    yield "phases-pair-of-one-point", "pair", one_point
    yield "phases-ratio-zero", "ratio", lists((*pairs, "ratio"), entry(0, 0.0), "d")
    yield "phases-ratio-negative", "ratio", lists((*pairs, "ratio"), entry(0, lambda t: -t), "d")
    opposite = lists((*pairs, "sign"), lambda s: [-t for t in s], "i")
    yield "phases-signs-of-pairs-flipped", form, opposite
    yield "phases-last-cone-missing", "directions end", tree(lambda t: t[:-1])
    yield "phases-directions-empty", "directions end", tree(lambda t: [])
    yield "phases-directions-too-long", "directions go on", tree(lambda t: [*t, 0])
    yield "phases-edge-out-of-range", "not there", tree(lambda t: [2, 1, 1, *t])
    yield "phases-directions-split-at-an-end", "at its end", tree(lambda t: [1, 0, 1, 0, *t])
    yield "phases-directions-too-deep", "splits", tree(lambda t: [1, 1, 1] * 401 + t)
    short = lists((proof, "bounds"), lambda h: h[:-1], "d")
    counts = unpack(good["proof"]["pairs"]["count"], "I")
    short = array_changed(short, *pairs, "count", to=lambda t: t[:-1], kind="I")
    for key, kind in (("first", "I"), ("second", "I"), ("sign", "i"), ("ratio", "d")):
        kept = sum(counts[:-1])
        short = array_changed(short, *pairs, key, to=lambda t, k=kept: t[:k], kind=kind)
    yield "phases-bounds-too-few", "bounds end", short
    more = lists((proof, "bounds"), lambda h: [*h, h[-1]], "d")
    more = array_changed(more, *pairs, "count", to=lambda t: [*t, 0], kind="I")
    yield "phases-bounds-too-many", "bounds go on", more
    # So little that all else is as it has to be.
    for name, place in (("lambda", 1), ("theta", 4), ("eta", 5)):
        tiny = array_changed(
            one_column, proof, "multipliers", to=entry(place, -(2.0**-149)), kind="f"
        )
        yield f"phases-{name}-barely-negative", "negative", tiny
    down = array_changed(
        good, proof, "multipliers", to=entry(5, lambda t: t * (1.0 - 2.0**-23)), kind="f"
    )
    yield "phases-terms-barely-below-the-weight", "less than its weight", down


def malformed_phases(good, one_column):
    proof, pairs = "proof", ("proof", "pairs")

    def lists(key, change, kind):
        return dump(array_changed(good, *key, to=change, kind=kind))

    yield "phases-called-partition", dump(changed(good, proof, "kind", to="partition"))
    yield "phases-bound-infinite", lists((proof, "bounds"), entry(0, math.inf), "d")
    yield "phases-bound-nan", lists((proof, "bounds"), entry(-1, math.nan), "d")
    yield "phases-multiplier-nan", lists((proof, "multipliers"), entry(7, math.nan), "f")
    yield "phases-multiplier-infinite", lists((proof, "multipliers"), entry(-1, -math.inf), "f")
    yield "phases-ratio-nan", lists((*pairs, "ratio"), entry(0, math.nan), "d")
    yield "phases-sign-zero", lists((*pairs, "sign"), entry(0, 0), "i")
    yield "phases-sign-minimal", lists((*pairs, "sign"), entry(0, -(2**31)), "i")
    yield "phases-split-out-of-range", lists((proof, "splits"), entry(0, 9), "i")
    yield "phases-split-minus-two", lists((proof, "splits"), entry(0, -2), "i")
    yield "phases-pair-out-of-range", lists((*pairs, "first"), entry(0, 9), "I")
    yield "phases-pair-maximal", lists((*pairs, "second"), entry(-1, 2**32 - 1), "I")
    yield "phases-pairs-one-too-many", lists((*pairs, "first"), lambda t: [*t, 0], "I")
    yield "phases-pair-counts-huge", lists((*pairs, "count"), lambda t: [2**32 - 1] * len(t), "I")
    yield "phases-pair-counts-too-few", lists((*pairs, "count"), lambda t: t[1:], "I")
    yield "phases-multipliers-not-whole", lists((proof, "multipliers"), lambda t: [*t, 1], "B")
    yield "phases-pairs-a-list", dump(changed(good, *pairs, to=[]))
    yield "phases-pairs-key-missing", dump(changed(good, *pairs, to={"count": ""}))
    yield "phases-key-missing", dump(without(good, "splits"))
    wide = changed(columns(one_column, 257), proof, to=one_column["proof"])
    yield "phases-of-257-columns", dump(wide)
    outputs = changed(good, "claim", "c", to=24)
    for path in (("data", "Y"), (proof, "Z")):
        outputs = changed(outputs, *path, to=pack([0.0] * (24 * good["claim"]["n"])))
    yield "phases-of-24-outputs", dump(outputs)


def without(certificate, key):
    """A certificate without a key of its proof."""
    kept = {name: value for name, value in certificate["proof"].items() if name != key}
    return changed(certificate, "proof", to=kept)


def malformed(correct):
    """Name, content."""
    good, proof = correct["tight"], "proof"
    text = dump(good).decode()
    yield "empty", b""
    yield "blank", b" \n"
    yield "truncated", text[: len(text) // 2].encode()
    yield "not-json", b"certificate: yes\n"
    yield "binary", bytes(range(256))
    yield "array", b"[" + text.encode() + b"]"
    yield "number", b"1" * 5000
    yield "string", b'"certnn-certificate"'
    yield "null", b"null"
    yield "two-objects", (text + text).encode()
    yield "utf-16", text.encode("utf-16")
    yield "utf-16-without-mark", text.encode("utf-16-le")
    yield "byte-order-mark", text.encode("utf-8-sig")
    yield "latin-1", text.replace("hand", "händ").encode("latin-1")
    yield "encoded-surrogate", text.replace("hand", "\ud800").encode("utf-8", "surrogatepass")
    yield "surrogate-in-base64", dump(changed(good, proof, "Z", to="\ud800AAAAAAAAAA="))
    yield "surrogate-in-key", text.replace('"kappa"', '"\\ud800"').encode()
    yield "deep-arrays", b"[" * 18000
    yield "deep-objects", b'{"a":' * 3600
    yield "deep-in-about", text.replace('"hand"', "[" * 9000 + "]" * 9000).encode()
    yield "about-a-number", dump(changed(good, "about", to={"seconds": 1.5}))
    yield "about-a-string", dump(changed(good, "about", to="hand"))
    yield "key-twice", text.replace('"n": 1', '"n": 1, "n": 1').encode()
    yield "key-twice-escaped", text.replace('"n": 1', '"n": 1, "\\u006e": 1').encode()
    yield "NaN", text.replace('"kappa": 1.0', '"kappa": NaN').encode()
    yield "Infinity", text.replace('"kappa": 1.0', '"kappa": Infinity').encode()
    yield "Infinity-in-about", text.replace('"hand"', "-Infinity").encode()
    yield "kappa-overflows", text.replace('"kappa": 1.0', '"kappa": 1e999').encode()
    yield "kappa-underflows", text.replace('"kappa": 1.0', '"kappa": 1e-999').encode()
    yield "reg-negative", text.replace('"reg": 1.0', '"reg": -1.0').encode()
    yield "n-of-5000-digits", text.replace('"n": 1', f'"n": {"9" * 5000}').encode()
    yield "n-far-above-the-data", text.replace('"n": 1', '"n": 2147483647').encode()
    yield "all-sizes-huge", re.sub('"([ndc])": 1', r'"\1": 2147483647', text).encode()
    huge = changed(good, "claim", "lower_bound", to=f"1/{'9' * 17000}")
    yield "lower-bound-of-17000-digits", dump(huge)
    yield "lower-bound-negative", dump(changed(good, "claim", "lower_bound", to=f"-{10**400}/1"))
    yield "lower-bound-over-zero", dump(changed(good, "claim", "lower_bound", to="5/0"))
    yield "lower-bound-decimal", dump(changed(good, "claim", "lower_bound", to="2.5"))
    yield "format-unknown", dump(changed(good, "format", to="certificate"))
    yield "version-2", dump(changed(good, "version", to=2))
    yield "loss-unknown", dump(changed(good, "claim", "loss", to="squared"))
    yield "kind-unknown", dump(changed(good, proof, "kind", to="sos"))
    yield "kind-a-list", dump(changed(good, proof, "kind", to=["psd"]))
    yield "kind-of-another-proof", dump(changed(good, proof, "kind", to="partition"))
    other = correct["partition"]
    yield "partition-called-psd", dump(changed(other, proof, "kind", to="psd"))
    basis = array_changed(other, proof, "basis", to=lambda b: b[1:])
    yield "partition-basis-too-short", dump(basis)
    infinite = array_changed(other, proof, "basis", to=lambda b: [*b[1:], math.inf])
    yield "partition-basis-infinite", dump(infinite)
    broken = array_changed(other, proof, "witnesses", to=lambda w: [*w, 1], kind="B")
    yield "partition-witnesses-not-whole", dump(broken)
    listed = changed(other, proof, "tree", to=lambda tree: unpack(tree, "B"))
    yield "partition-tree-a-list", dump(listed)
    yield "partition-tree-not-base64", dump(changed(other, proof, "tree", to="A"))
    yield "partition-of-24-columns", dump(columns(other, 24))
    yield "hidden-bias-a-number", dump(changed(good, "claim", "hidden_bias", to=0))
    yield "hidden-bias-does-not-fit", dump(changed(good, "claim", "hidden_bias", to=True))
    yield "key-unknown", dump(changed(good, "claim", to=lambda claim: claim | {"tolerance": 1e-6}))
    yield "key-missing", text.replace('"kind": "psd",', "").encode()
    yield "list-for-an-object", dump(changed(good, "data", to=[]))
    yield "base64-wrong", dump(changed(good, "data", "Y", to="*" + good["data"]["Y"][1:]))
    yield "array-too-long", dump(array_changed(good, proof, "Z", to=lambda z: [*z, 1.0]))
    yield "array-too-short", dump(array_changed(good, proof, "weights", to=lambda w: w[1:]))
    yield (
        "array-with-infinity",
        dump(array_changed(good, proof, "L_points", to=lambda t: [math.inf])),
    )
    yield "array-with-nan", dump(array_changed(good, "data", "X", to=lambda t: [math.nan]))
    yield "base64-unused-bits", dump(changed(good, "data", "X", to=lambda t: t[:-2] + "B="))
    yield "base64-url-alphabet", dump(changed(good, "data", "X", to="_-8AAAAAAAA="))
    yield (
        "index-out-of-range",
        dump(array_changed(good, proof, "products", "second", to=lambda i: [2], kind="I")),
    )
    yield (
        "index-maximal",
        dump(array_changed(good, proof, "products", "second", to=lambda i: [2**32 - 1], kind="I")),
    )
    swapped = array_changed(good, proof, "products", "first", to=lambda i: [1], kind="I")
    swapped = array_changed(swapped, proof, "products", "second", to=lambda i: [0], kind="I")
    yield "indices-in-descending-order", dump(swapped)
    # A product that joins two groups changes the layout of L_points.
    joined = array_changed(
        correct["shor"], proof, "products", "first", to=lambda i: [*i, 0], kind="I"
    )
    joined = array_changed(joined, proof, "products", "second", to=lambda i: [*i, 1], kind="I")
    joined = array_changed(joined, proof, "products", "multiplier", to=lambda y: [*y, 0.0])
    yield "product-across-groups", dump(joined)
    both = changed(good, proof, "weights", to=pack([0.0, 1.0, math.inf]))
    yield "wrong-sign-and-not-finite", dump(both)
    yield from malformed_regions(correct["regions"])
    yield from malformed_free_bias(correct["lifts-free-bias"])
    yield from malformed_cells_of_free_bias(correct["cells-free-bias"])
    yield from malformed_cuts(correct["cuts"], correct["cuts-sets"])
    yield from malformed_phases(correct["phases"], correct["phases-one-column"])
    yield from malformed_cells(correct["cells"])
    yield from malformed_groups(*(correct[f"groups{which}"] for which in GROUPS))


def columns(certificate, d):
    """A certificate with data of d columns, all zero, and no partition."""
    certificate = changed(certificate, "claim", "d", to=d)
    certificate = changed(
        certificate, "data", "X", to=pack([0.0] * (d * certificate["claim"]["n"]))
    )
    certificate = changed(certificate, "proof", "basis", to=pack(np.eye(d).ravel().tolist()))
    return changed(certificate, "proof", "tree", to="")


def summed():
    """A proof of 25 digits, whose numbers are sums of several floats."""
    draw = np.random.default_rng(3).standard_normal
    problem = TrainingProblem(draw((4, 2)).round(3), draw((4, 2)).round(3), 0.1)
    return refine(problem, 25).certificate.document


def write(folder, name, content):
    (FOLDER / folder).mkdir(exist_ok=True)
    (FOLDER / folder / f"{name}.json").write_bytes(content)


def main():
    kept = {name: (FOLDER / "correct" / f"{name}.json").read_bytes() for name in KEPT}
    for folder in ("correct", "incorrect", "malformed"):
        for path in (FOLDER / folder).glob("*.json"):
            path.unlink()
    write("correct", "tight", dump(tight()))
    write("correct", "summed", summed())
    for name, factor, problem in partitions():
        write("correct", name, partition(problem, factor).document)
    for name, families, rounds, problem in cuts_problems():
        write("correct", name, cut(problem, families, rounds).document)
    for name, most_splits, depth, problem in phases_problems():
        write("correct", name, phases(problem, most_splits, depth).document)
    for name, factor, problem in cells_problems():
        write("correct", name, cells(problem, factor).document)
    write("correct", "cells-one-column", cells_of_one_column().document)
    for name, content in kept.items():
        write("correct", name, content)
    for name, size, problem in lifts_problems():
        write("correct", name, lifts(problem, size).document)
    for name, certificate in groups():
        write("correct", name, certificate.document)
    for name, level, problem in problems():
        write("correct", name, lower_bound(problem, level).certificate.document)
    correct = {path.stem: load(path) for path in (FOLDER / "correct").glob("*.json")}
    for name, reason, certificate in incorrect(correct):
        certificate = changed(certificate, "about", to={"rejected for": reason})
        write("incorrect", name, dump(certificate))
    for name, content in malformed(correct):
        write("malformed", name, content)


if __name__ == "__main__":
    main()
