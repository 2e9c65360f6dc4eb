"""Checkers of one mind: the kernel in Python, with FLINT, and the extracted one, twice built.

    python proofs/checker/compare.py [--mutants N] [--seed S]

They have to agree on every file in tests/certificates that the extracted checker takes, on
certificates of random problems, and on N mutants (default 400) of them all. Lines of integers are
damaged too: what the extracted checker then proves has to be true, by the closed form of the
optimum. Exits with 1 at the first disagreement. `proofs/build_checker.sh` makes the program; what
the package has in JavaScript is asked beside it, and says the same, word for word.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "certificates"))

from certificate_parts import array_changed, changed, dump, files, load, pack  # noqa: E402
from test_certificate_mutants import greediest, mutated  # noqa: E402
from true_objectives import optimum_rounded_up  # noqa: E402

import certnn  # noqa: E402
from certnn import kernel  # noqa: E402
from certnn.certificates import extracted_checker as verified  # noqa: E402
from certnn.certificates.web_checker import javascript_checker  # noqa: E402

#: Their optimum is known in closed form.
CLOSED_FORM = ("tight", "one-column", "one-point", "partition-one-column")
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


def extracted_says(document: bytes, extracted: Extracted) -> str | None:
    """None where the certificate is not one for this checker."""
    try:
        return extracted.says(verified.integer_form(document))
    except kernel.Malformed:
        return "malformed"
    except kernel.Rejected:  # by the translation: a tree that has not its form
        return "rejected"
    except certnn.InputError:
        return None


def compare(document: bytes, extracted: Extracted) -> str | None:
    """The verdict that all give."""
    verdict = extracted_says(document, extracted)
    if verdict is not None:
        for backend in ("python", "flint"):
            said = kernel_says(document, backend)
            if said != verdict:
                sys.exit(f"{backend}: {said}; extracted: {verdict}\n{document.decode()}")
    return verdict and verdict.split(":")[0]


def compare_files(extracted: Extracted) -> None:
    expected = {"correct": "proved", "incorrect": "rejected", "malformed": "malformed"}
    for folder, verdict in expected.items():
        found = [compare(path.read_bytes(), extracted) for path in files(folder)]
        taken = [said for said in found if said is not None]
        if len(taken) < 10 or set(taken) != {verdict}:
            sys.exit(f"{folder}: {Counter(taken)}")
        print(f"{folder}: {len(taken)} of {len(found)} files are {verdict}, by all checkers")


def random_certificates(rng: random.Random) -> dict[str, dict]:
    """Of problems of all sorts of scales, at levels of the kinds psd and partition."""
    certificates = {}
    for level in ("shor", "block(3)", "dnn", "partition"):
        for _ in range(3):
            n, d, c = rng.randrange(2, 9), rng.randrange(1, 4), rng.randrange(1, 4)
            draw = np.random.default_rng(rng.randrange(2**32))
            x, y = draw.standard_normal((n, d)), draw.standard_normal((n, c))
            scale = 10.0 ** rng.randrange(-3, 4)
            problem = certnn.TrainingProblem(scale * x, y, 0.1 * scale, rng.random() < 0.5)
            result = certnn.lower_bound(problem, level=level, gap=0.1)
            name = f"random {level} {len(certificates)}"
            certificates[name] = json.loads(result.certificate.document)
    return certificates


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
        except (ValueError, IndexError, OverflowError, ZeroDivisionError):
            continue  # an empty array, or a number out of range
        verdict = compare(document, extracted)
        seen[str(verdict)] += 1
        if verdict == "proved":
            seen["another claim proved"] += mutant["claim"] != good[name]["claim"]
            if name in CLOSED_FORM:
                require_true(mutant, document)
    print(f"mutants: {dict(seen)}, by all checkers")
    if min(seen["proved"], seen["rejected"], seen["malformed"]) < count // 50:
        sys.exit("too few mutants of one kind")


def require_true(certificate: dict, what: bytes) -> None:
    if Fraction(certificate["claim"]["lower_bound"]) > optimum_rounded_up(certificate):
        sys.exit(f"a false claim is proved: {what.decode()}")


def claimed_by(line: bytes) -> dict:
    """The claim of a line of integers, as in a certificate."""
    n, d, c, bias, p, q, reg, *rest = (int(number, 16) for number in line.split()[1:])
    words = np.array([reg, *rest[: n * (d + c)]], "<u8").view("<f8").tolist()
    claim = {"n": n, "d": d, "c": c, "reg": words[0], "hidden_bias": bool(bias)}
    data = {"X": pack(words[1 : 1 + n * d]), "Y": pack(words[1 + n * d :])}
    return {"claim": {**claim, "lower_bound": f"{p}/{q}"}, "data": data}


def damaged(rng: random.Random, line: bytes) -> bytes:
    tokens = line.split(b" ")
    i, j = rng.randrange(1, len(tokens)), rng.randrange(1, len(tokens))
    what = rng.randrange(7)
    if what == 0:
        tokens[i], tokens[j] = tokens[j], tokens[i]
    elif what == 1:
        del tokens[i]
    elif what == 2:
        tokens.insert(i, tokens[j])
    elif what == 3:
        tokens[i] = rng.choice([b"", b"-", b"-0", b"00", b"0x1", b"G", b"1_0", b"f" * 1025])
    elif what == 4:
        tokens[i] = tokens[i][1:] if tokens[i].startswith(b"-") else b"-" + tokens[i]
    else:
        number = int(tokens[i], 16) ^ (1 << rng.randrange(70))
        tokens[i] = f"{number:x}".encode()
    return b" ".join(tokens)


def damage_lines(
    good: dict[str, dict], extracted: Extracted, rng: random.Random, count: int
) -> None:
    seen: Counter[str] = Counter()
    lines = [verified.integer_form(dump(good[name])) for name in CLOSED_FORM]
    for _ in range(count):
        line = damaged(rng, rng.choice(lines))
        verdict = extracted.says(line).split(":")[0]
        seen[verdict] += 1
        if verdict == "proved":
            require_true(claimed_by(line), line)
    print(f"damaged lines: {dict(seen)}, and what is proved is true")
    if min(seen.values()) < count // 50 or len(seen) < 3:
        sys.exit("too few damaged lines of one kind")


def refuse_hostile_lines(good: dict[str, dict], extracted: Extracted) -> None:
    """Sizes that are not there, numbers that are not numbers, trees without end: at once."""
    psd, partition = (
        verified.integer_form(dump(good[name])).split(b" ") for name in ("tight", "partition")
    )

    def with_token(tokens: list[bytes], place: int, token: bytes) -> bytes:
        return b" ".join([*tokens[:place], token, *tokens[place + 1 :]])

    n, d, c = (int(number, 16) for number in partition[1:4])
    before_trees = len(b" ".join(partition[: 8 + n * (d + c) + 3 + n * c + 2 + 2 * (1 + d * d)]))
    hostile = {
        "nothing": b"",
        "another format": with_token(psd, 0, b"certnn-psd-2"),
        "a size of 2^31": with_token(psd, 1, b"80000000"),
        "a size of 2^4000": with_token(psd, 1, b"1" + b"0" * 1000),
        "too large in all": b" ".join([psd[0], b"7ff", b"7ff", *psd[3:]]),
        "a hidden bias of 2": with_token(psd, 4, b"2"),
        "a negative claim": with_token(psd, 5, b"-1"),
        "a claim over zero": with_token(psd, 6, b"0"),
        "a reg that is not a number": with_token(psd, 7, b"7ff8000000000000"),
        "an infinite number in X": with_token(psd, 8, b"fff0000000000000"),
        "65 bits of a double": with_token(psd, 8, b"1" + b"0" * 16),
        "an integer of a megabyte": with_token(psd, 8, b"f" * 1_000_000),
        "a megabyte of zeros": psd[0] + b" 0" * 500_000,
        "a megabyte more": b" ".join(psd) + b" 0" * 500_000,
        "a space more": b" ".join(psd) + b" ",
        "spaces": b" " * 1_000_000,
        "binary": bytes(range(11, 256)) * 4000,
        "a tree without end": b" ".join(partition)[:before_trees] + b" 1 0 1 1 1" * 100_000,
    }
    for what, line in hostile.items():
        start = time.monotonic()
        if not extracted.says(line).startswith("malformed: "):
            sys.exit(f"{what} is not malformed")
        if time.monotonic() - start > 10.0:
            sys.exit(f"{what} takes long")
    print(f"hostile lines: {len(hostile)} are malformed, at once")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    extracted = Extracted()
    compare_files(extracted)
    good = {path.stem: load(path) for path in files("correct")}
    good = {name: one for name, one in good.items() if extracted_says(dump(one), extracted)}
    made = random_certificates(rng)
    for name, certificate in made.items():
        if compare(dump(certificate), extracted) != "proved":
            sys.exit(f"{name} is not proved")
    print(f"certificates of random problems: {len(made)} are proved, by all checkers")
    compare_mutants({**good, **made}, extracted, rng, options.mutants)
    damage_lines(good, extracted, rng, options.mutants)
    refuse_hostile_lines(good, extracted)
    extracted.close(worst=2)


if __name__ == "__main__":
    main()
