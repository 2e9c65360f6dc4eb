"""Checkers of one mind: the kernel in Python, with FLINT, and the extracted one, twice built.

    python proofs/checker/compare.py [--mutants N] [--seed S] [--kind KIND]

They have to agree on every file in tests/certificates, on certificates of random problems, of every
loss and bias, and on N mutants (default 400) of them all, or of those of one kind. Lines of
integers are damaged too: what the extracted checker then proves has to be true, by the closed form
of the optimum, or where it is of another loss or bias by the objective of the network without
neurons. Exits with 1 at the first disagreement. `proofs/build_checker.sh` makes the program; what
the package has in JavaScript is asked beside it, and says the same, word for word.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "certificates"), str(ROOT / "tests" / "problem")]

from certificate_parts import array_changed, changed, dump, files, load  # noqa: E402
from damaged_lines import (  # noqa: E402
    BIASES,
    damage_lines,
    refuse_hostile_lines,
    require_true,
)
from loss_cases import problem as problem_with  # noqa: E402
from test_certificate_mutants import greediest, mutated  # noqa: E402

import certnn  # noqa: E402
from certnn import kernel  # noqa: E402
from certnn.certificates import extracted_checker as verified  # noqa: E402
from certnn.certificates.groups_document import ProvedGroup, groups_certificate  # noqa: E402
from certnn.certificates.web_checker import javascript_checker  # noqa: E402
from certnn.kernel.losses import LOSSES  # noqa: E402
from certnn.kernel.scaling import scaled_bound  # noqa: E402

#: Their optimum is known in closed form.
CLOSED_FORM = ("tight", "one-column", "one-point", "partition-one-column")
CLOSED_FORM += ("regions-one-point", "lifts-one-point", "cells-one-column", "groups-tight")
CLOSED_FORM += ("phases-one-column",)
LITTLE = Fraction(1, 10**60)
BLOCKS = ("weights", "L_points", "L_cross", "L_corner", "Z")


class Extracted:
    """The extracted checker, running, asked line by line, as a program and in JavaScript."""

    def __init__(self) -> None:
        self._in_javascript = javascript_checker()
        self._process = subprocess.Popen(
            [verified.find_checker()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def says(self, line: bytes) -> str:
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().decode("ascii").rstrip("\n")
        if answer.split(":")[0] not in ("proved", "rejected", "malformed"):
            sys.exit(f"the extracted checker answers {answer!r}")
        if (other := self._in_javascript(line)) != answer:
            sys.exit(f"the extracted checker: {answer!r}; in JavaScript: {other!r}\n{line!r}")
        return answer

    def close(self, worst: int) -> None:
        self._process.stdin.close()
        if self._process.wait() != worst:
            sys.exit("the exit code of the extracted checker is not that of its worst verdict")


def kernel_says(document: bytes, backend: str) -> str:
    try:
        bound = kernel.check_certificate(document, backend)
    except kernel.Malformed:
        return "malformed"
    except kernel.Rejected:
        return "rejected"
    return f"proved: {bound.value.numerator}/{bound.value.denominator}"


def extracted_says(document: bytes, extracted: Extracted) -> str:
    try:
        return extracted.says(verified.integer_form(document))
    except kernel.Malformed:
        return "malformed"
    except kernel.Rejected:  # by the translation: a tree that has not its form
        return "rejected"


def compare(document: bytes, extracted: Extracted) -> str:
    """The verdict that all give."""
    verdict = extracted_says(document, extracted)
    for backend in ("python", "flint"):
        said = kernel_says(document, backend)
        if said != verdict:
            sys.exit(f"{backend}: {said}; extracted: {verdict}\n{document.decode()}")
    return verdict.split(":")[0]


def compare_files(extracted: Extracted) -> None:
    expected = {"correct": "proved", "incorrect": "rejected", "malformed": "malformed"}
    for folder, verdict in expected.items():
        found = [compare(path.read_bytes(), extracted) for path in files(folder)]
        if len(found) < 10 or set(found) != {verdict}:
            sys.exit(f"{folder}: {Counter(found)}")
        print(f"{folder}: {len(found)} files are {verdict}, by all checkers")


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


def compare_sharpest_claims(good: dict[str, dict], extracted: Extracted) -> None:
    """What the kernel's rule gives is proved by all, and by none if a little is added to it."""
    for name, certificate in good.items():
        value = largest_claim(certificate)
        for claimed, verdict in ((value, "proved"), (value + LITTLE, "rejected")):
            text = f"{claimed.numerator}/{claimed.denominator}"
            sharpest = changed(certificate, "claim", "lower_bound", to=text)
            if compare(dump(sharpest), extracted) != verdict:
                sys.exit(f"{name}: the sharpest claim is not {verdict}")
    print(f"sharpest claims: {len(good)} are proved, and rejected with {float(LITTLE):g} more")


def more_mutated(rng: random.Random, certificate: dict, others: list[dict]) -> dict:
    """As the tests of the kernel do it; or a block changes its sign, or two change places."""
    what, proof = rng.random(), certificate["proof"]
    if what < 0.85 or proof["kind"] != "psd":
        return mutated(rng, certificate, others)
    one, other = rng.sample(BLOCKS, 2)
    if what < 0.95:
        return array_changed(certificate, "proof", one, to=lambda entries: [-x for x in entries])
    swapped = changed(certificate, "proof", one, to=proof[other])
    return changed(swapped, "proof", other, to=proof[one])


def compare_mutants(
    good: dict[str, dict], extracted: Extracted, rng: random.Random, count: int
) -> None:
    seen: Counter[str] = Counter()
    names, others = sorted(good), list(good.values())
    for _ in range(count):
        name = rng.choice(names)
        mutant = good[name]
        try:
            for _ in range(rng.choice([1, 1, 1, 2, 3])):
                mutant = more_mutated(rng, mutant, others)
            if rng.random() < 0.8:
                mutant = greediest(mutant)
            document = dump(mutant)
        except (ValueError, LookupError, OverflowError, ZeroDivisionError):
            continue  # nothing there, or a number out of range
        verdict = compare(document, extracted)
        seen[verdict] += 1
        if verdict == "proved":
            seen["another claim proved"] += mutant["claim"] != good[name]["claim"]
            if name in CLOSED_FORM:
                require_true(mutant, document)
    print(f"mutants: {dict(seen)}, by all checkers")
    if min(seen["proved"], seen["rejected"], seen["malformed"]) < count // 50:
        sys.exit("too few mutants of one kind")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=(*verified.KINDS, "groups"))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    extracted = Extracted()
    compare_files(extracted)
    good = {path.stem: load(path) for path in files("correct")}
    made = random_certificates(rng)
    for name, certificate in made.items():
        if compare(dump(certificate), extracted) != "proved":
            sys.exit(f"{name} is not proved")
    print(f"certificates of random problems: {len(made)} are proved, by all checkers")
    compare_sharpest_claims({**good, **made}, extracted)
    changed_ones = {**good, **made}
    if options.kind:
        changed_ones = {
            name: one for name, one in changed_ones.items() if one["proof"]["kind"] == options.kind
        }
    compare_mutants(changed_ones, extracted, rng, options.mutants)
    lines = {name: verified.integer_form(dump(one)) for name, one in good.items()}
    damage_lines([lines[name] for name in CLOSED_FORM], extracted.says, rng, options.mutants)
    refuse_hostile_lines(lines["tight"], lines["partition"], extracted.says)
    extracted.close(worst=2)


if __name__ == "__main__":
    main()
