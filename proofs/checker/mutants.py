"""Certificates with a few changes, which all checkers have to judge alike.

Each has a number, and is made of it and the seed alone, so that any of them can be made again.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from certificate_parts import array_changed, changed, dump
from checkers import Checkers
from containers import contained
from damaged_lines import require_true
from test_certificate_mutants import CLOSED_FORM, greediest, mutated

BLOCKS = ("weights", "L_points", "L_cross", "L_corner", "Z")
#: So many mutants, and a line says how far it is.
OFTEN = 1000


def compare_mutants(good: dict[str, dict], checkers: Checkers, seed: int, numbers: range) -> None:
    """Let all checkers judge the mutants with these numbers."""
    seen: Counter[str] = Counter()
    for number in numbers:
        if number % OFTEN == 0 and number != numbers[0]:
            print(f"mutants below {number}: {dict(seen)}", file=sys.stderr, flush=True)
        rng = random.Random(f"{seed} {number}")
        try:
            name, mutant = mutant_of(rng, good)
            document = contained(mutant) if rng.random() < 0.1 else dump(mutant)
        except (ValueError, LookupError, OverflowError, ZeroDivisionError):
            seen["not made"] += 1  # nothing there, or a number out of range
            continue
        verdict = checkers.verdict(document)
        seen[verdict] += 1
        if verdict == "proved":
            seen["another claim proved"] += mutant["claim"] != good[name]["claim"]
            if name in CLOSED_FORM:
                require_true(mutant, document)
    print(f"mutants {numbers[0]} to {numbers[-1]}: {dict(seen)}, by all checkers")
    if min(seen["proved"], seen["rejected"], seen["malformed"]) < len(numbers) // 50:
        sys.exit("too few mutants of one kind")


def mutant_of(rng: random.Random, good: dict[str, dict]) -> tuple[str, dict]:
    """One of the certificates with one to three changes, and its name."""
    name = rng.choice(sorted(good))
    mutant = good[name]
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        mutant = more_mutated(rng, mutant, list(good.values()))
    return name, greediest(mutant) if rng.random() < 0.8 else mutant


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
