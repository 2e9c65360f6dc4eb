"""Checkers of one mind: the kernel in Python, with FLINT and filters, the plain one, the extracted.

    python proofs/checker/compare.py [--mutants N] [--first K] [--seed S] [--kind KIND]

They have to agree on every file in tests/certificates, on certificates of random problems, of
every loss and bias, and on N mutants (default 400) of them all, or of those of one kind: of a seed
those with the numbers K, K + 1, .., so that many can be run in parts. Lines of integers are damaged
too: what the extracted checker then proves has to be true, by the closed form of the optimum, or
where it is of another loss or bias by the objective of the network without neurons. Exits with 1 at
the first disagreement. `proofs/build_checker.sh` makes the program; what the package has in
JavaScript is asked beside it, and says the same, word for word. The plain checker is that in
FORMAT.md.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path[:0] = [str(TESTS / room) for room in ("", "certificates", "problem")]

from certificate_parts import changed, dump, files, load  # noqa: E402
from checkers import Checkers  # noqa: E402
from damaged_lines import BIASES, damage_lines, refuse_hostile_lines  # noqa: E402
from loss_cases import problem as problem_with  # noqa: E402
from mutants import compare_mutants  # noqa: E402
from test_certificate_mutants import CLOSED_FORM  # noqa: E402

import certnn  # noqa: E402
from certnn import kernel  # noqa: E402
from certnn.certificates import extracted_checker as verified  # noqa: E402
from certnn.certificates.groups_document import ProvedGroup, groups_certificate  # noqa: E402
from certnn.kernel.losses import LOSSES  # noqa: E402
from certnn.kernel.scaling import scaled_bound  # noqa: E402

LITTLE = Fraction(1, 10**60)


def compare_files(checkers: Checkers) -> None:
    expected = {"correct": "proved", "incorrect": "rejected", "malformed": "malformed"}
    for folder, verdict in expected.items():
        given = [path.read_bytes() for path in files(folder)]
        found = Counter(map(checkers.verdict, given))
        if set(found) != {verdict}:
            sys.exit(f"{folder}: {found}")
        print(f"{folder}: {len(given)} files are {verdict}, by all checkers")


def random_certificates(rng: random.Random) -> dict[str, dict]:
    """Of problems of all sorts of scales, and of all sorts of losses and biases."""
    certificates = {}
    for level in ("shor", "block(3)", "dnn", "partition", "lifts(3)", "cells", "cuts", "phases"):
        for _ in range(3):
            n, d, c = rng.randrange(2, 9), rng.randrange(1, 4), rng.randrange(1, 4)
            draw = np.random.default_rng(rng.randrange(2**32))
            x, y = draw.standard_normal((n, d)), draw.standard_normal((n, c))
            scale = 10.0 ** rng.randrange(-3, 4)
            problem = certnn.TrainingProblem(scale * x, y, 0.1 * scale, rng.random() < 0.5)
            result = certnn.lower_bound(problem, level=level, gap=0.1)
            name = f"random {level} {len(certificates)}"
            certificates[name] = json.loads(result.certificate.document)
    for k, (loss, *biases) in enumerate(product(LOSSES, BIASES, BIASES)):
        case = problem_with(loss, *biases, n=5, c=1 + k % 2, seed=k)
        level = ("shor", "partition", "lifts(3)", "cells", "phases")[(k + k // 9) % 5]
        result = certnn.lower_bound(case, level=level, gap=0.1)
        certificates[f"{loss} {biases} {level}"] = json.loads(result.certificate.document)
        if biases[0] == biases[1]:
            case = problem_with(loss, *biases, n=11, c=1 + k % 2, seed=k)
            certificates[f"{loss} {biases} groups"] = json.loads(grouped(case, level))
    return certificates


def grouped(problem: certnn.TrainingProblem, level: str) -> bytes:
    """Of two groups, one point in none and a share of reg that is left."""
    proved = []
    for points, share, its_level in (
        ((0, 2, 4, 6, 9), 0.5, level),
        ((1, 3, 5, 8, 10), 0.25, "shor"),
    ):
        own = np.array(points)
        part = problem.of_points(problem.X[own], problem.Y[own], share * problem.reg)
        found = certnn.lower_bound(part, level=its_level, gap=0.1)
        proved.append(ProvedGroup.of(own, found.certificate))
    return groups_certificate(problem, proved, {}).document


def largest_claim(certificate: dict) -> Fraction:
    """What the kernel's rule gives."""
    instance, _, proof = kernel.read_proof(dump(certificate))
    if isinstance(proof, list):
        return sum((group.claimed for group, _ in proof), Fraction(0))
    beside = getattr(proof, "ball", None) is not None
    return scaled_bound(instance, proof.Z, proof.kappa, beside)


def compare_sharpest_claims(good: dict[str, dict], checkers: Checkers) -> None:
    """What the kernel's rule gives is proved by all, and by none if a little is added to it."""
    for name, certificate in good.items():
        value = largest_claim(certificate)
        for claimed, verdict in ((value, "proved"), (value + LITTLE, "rejected")):
            text = f"{claimed.numerator}/{claimed.denominator}"
            sharpest = dump(changed(certificate, "claim", "lower_bound", to=text))
            # Of logarithms the plain checker knows more digits, and may prove a little more.
            plain = certificate["claim"]["loss"] not in ("logistic", "softmax")
            if checkers.verdict(sharpest, plain) != verdict:
                sys.exit(f"{name}: the sharpest claim is not {verdict}")
    print(f"sharpest claims: {len(good)} are proved, and rejected with {float(LITTLE):g} more")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=(*verified.KINDS, "groups"), help="of all mutants")
    options = parser.parse_args()
    rng, checkers = random.Random(options.seed), Checkers()
    compare_files(checkers)
    good = {path.stem: load(path) for path in files("correct")}
    made = random_certificates(rng)
    for name, certificate in made.items():
        if checkers.verdict(dump(certificate)) != "proved":
            sys.exit(f"{name} is not proved")
    print(f"certificates of random problems: {len(made)} are proved, by all checkers")
    compare_sharpest_claims({**good, **made}, checkers)
    numbers = range(options.first, options.first + options.mutants)
    mutated = {
        name: certificate
        for name, certificate in {**good, **made}.items()
        if options.kind in (None, certificate["proof"]["kind"])
    }
    compare_mutants(mutated, checkers, options.seed, numbers)
    lines = {name: verified.integer_form(dump(one)) for name, one in good.items()}
    damage_lines(
        [lines[name] for name in CLOSED_FORM], checkers.extracted.says, rng, options.mutants
    )
    refuse_hostile_lines(lines["tight"], lines["partition"], checkers.extracted.says)
    checkers.extracted.close(worst=2)


if __name__ == "__main__":
    main()
