"""Lines of integers that are damaged or hostile, for the extracted checker."""

from __future__ import annotations

import random
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "tests" / "certificates")]

from certificate_parts import pack  # noqa: E402
from true_objectives import optimum_rounded_up  # noqa: E402

from certnn.kernel.exact import ExactMatrix, exact_matrix  # noqa: E402
from certnn.kernel.losses import LOSSES, loss_above  # noqa: E402

#: In the order of their numbers.
BIASES = (False, True, "free")
#: What the checker says of a line.
Says = Callable[[bytes], str]


def least_known(certificate: dict) -> Fraction:
    """The optimum where it has a closed form, else the objective of the network without neurons."""
    claim, data = certificate["claim"], certificate["data"]
    usual = claim["loss"] == "half-squared" and not claim.get("output_bias")
    if usual and claim["hidden_bias"] != "free":
        return optimum_rounded_up(certificate)
    n, c = claim["n"], claim["c"]
    targets = exact_matrix(b64decode(data["Y"]), n, c)
    return loss_above(claim["loss"], claim["delta"], ExactMatrix([[0] * c] * n, 0), targets)


def require_true(certificate: dict, what: bytes) -> None:
    if Fraction(certificate["claim"]["lower_bound"]) > least_known(certificate):
        sys.exit(f"a false claim is proved: {what.decode()}")


def claimed_by(line: bytes) -> dict:
    """The claim of a line of integers, as in a certificate."""
    n, d, c, loss, *rest = (int(number, 16) for number in line.split()[1:])
    delta, *rest = rest if LOSSES[loss] == "huber" else (0, *rest)
    hidden, output, p, q, reg, *rest = rest
    words = np.array([delta, reg, *rest[: n * (d + c)]], "<u8").view("<f8").tolist()
    sizes = {"n": n, "d": d, "c": c, "delta": words[0], "reg": words[1]}
    biases = {"hidden_bias": BIASES[hidden], "output_bias": BIASES[output]}
    claim = {**sizes, **biases, "loss": LOSSES[loss], "lower_bound": f"{p}/{q}"}
    data = {"X": pack(words[2 : 2 + n * d]), "Y": pack(words[2 + n * d :])}
    return {"claim": claim, "data": data}


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


def damage_lines(lines: list[bytes], says: Says, rng: random.Random, count: int) -> None:
    """Of certificates whose optimum is known in closed form."""
    seen: Counter[str] = Counter()
    for _ in range(count):
        line = damaged(rng, rng.choice(lines))
        verdict = says(line).split(":")[0]
        seen[verdict] += 1
        if verdict == "proved":
            require_true(claimed_by(line), line)
    print(f"damaged lines: {dict(seen)}, and what is proved is true")
    if min(seen.values()) < count // 50 or len(seen) < 3:
        sys.exit("too few damaged lines of one kind")


def refuse_hostile_lines(one_point: bytes, partition_line: bytes, says: Says) -> None:
    """Sizes that are not there, numbers that are not numbers, trees without end: at once."""
    psd, partition = one_point.split(b" "), partition_line.split(b" ")

    def with_token(tokens: list[bytes], place: int, token: bytes) -> bytes:
        return b" ".join([*tokens[:place], token, *tokens[place + 1 :]])

    n, d, c = (int(number, 16) for number in partition[1:4])
    before_trees = len(b" ".join(partition[: 10 + n * (d + c) + 4 + n * c + 2 + 2 * (1 + d * d)]))
    hostile = {
        "nothing": b"",
        "another format": with_token(psd, 0, b"certnn-psd-1"),
        "a size of 2^31": with_token(psd, 1, b"80000000"),
        "a size of 2^4000": with_token(psd, 1, b"1" + b"0" * 1000),
        "too large in all": b" ".join([psd[0], b"7ff", b"7ff", *psd[3:]]),
        "a loss of 9": with_token(psd, 4, b"9"),
        "a delta that is not a number": with_token(psd, 4, b"1 7ff8000000000000"),
        "a hidden bias of 3": with_token(psd, 5, b"3"),
        "an output bias of 3": with_token(psd, 6, b"3"),
        "a negative claim": with_token(psd, 7, b"-1"),
        "a claim over zero": with_token(psd, 8, b"0"),
        "a reg that is not a number": with_token(psd, 9, b"7ff8000000000000"),
        "an infinite number in X": with_token(psd, 10, b"fff0000000000000"),
        "65 bits of a double": with_token(psd, 10, b"1" + b"0" * 16),
        "an integer of a megabyte": with_token(psd, 10, b"f" * 1_000_000),
        "a megabyte of zeros": psd[0] + b" 0" * 500_000,
        "a megabyte more": b" ".join(psd) + b" 0" * 500_000,
        "a space more": b" ".join(psd) + b" ",
        "spaces": b" " * 1_000_000,
        "binary": bytes(range(11, 256)) * 4000,
        "a tree without end": b" ".join(partition)[:before_trees] + b" 1 0 1 1 1" * 100_000,
    }
    for what, line in hostile.items():
        start = time.monotonic()
        if not says(line).startswith("malformed: "):
            sys.exit(f"{what} is not malformed")
        if time.monotonic() - start > 10.0:
            sys.exit(f"{what} takes long")
    print(f"hostile lines: {len(hostile)} are malformed, at once")
