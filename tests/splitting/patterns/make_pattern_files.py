"""Write correct/, incorrect/ and malformed/ anew."""

from __future__ import annotations

import json
import math
import struct
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np

from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns import bound_over_patterns, collect_patterns

sys.path.append(str(Path(__file__).parents[2] / "certificates"))
from certificate_parts import array_changed, changed, dump

FOLDER = Path(__file__).parent
PROOF = "proof"


def problems():
    rng = np.random.default_rng(7)

    def normal(*shape):
        return np.round(rng.standard_normal(shape), 3)

    yield "one-output", 6, TrainingProblem(normal(9, 3), normal(9, 1), 0.2)
    yield "three-outputs", 6, TrainingProblem(normal(9, 3), normal(9, 3), 0.2)
    yield "without-multipliers", 1, TrainingProblem(normal(9, 2), normal(9, 2), 0.2)
    yield "hidden-bias", 5, TrainingProblem(normal(8, 2), normal(8, 2), 0.1, True)
    yield "free-biases", 5, TrainingProblem(normal(8, 2), normal(8, 1), 0.1, "free")
    labels = np.where(normal(9, 1) > 0.0, 1.0, -1.0)
    yield "logistic", 5, TrainingProblem(normal(9, 2), labels, 0.1, loss="logistic")


def bits_changed(certificate, to):
    def packed(text):
        return b64encode(bytes(to(bytearray(b64decode(text))))).decode()

    return changed(certificate, "claim", "patterns", to=packed)


def entry(index, to):
    def set_entry(numbers):
        numbers = list(numbers)
        numbers[index] = to(numbers[index]) if callable(to) else to
        return numbers

    return set_entry


def incorrect(good):
    """Name, what the rejection says, certificate."""
    sign, room = "may be negative", "kappa is not proved"

    def up(text):
        p, q = map(int, text.split("/"))
        above = math.nextafter(p / q, math.inf)
        return "/".join(map(str, above.as_integer_ratio()))

    def flipped(bits):
        bits[0] ^= 1
        bits[2] ^= 4
        return bits

    yield "claim-one-ulp-up", "claimed", changed(good, "claim", "lower_bound", to=up)
    yield "kappa-halved", room, changed(good, PROOF, "kappa", to=lambda k: k / 2)
    yield (
        "dual-point-doubled",
        room,
        array_changed(good, PROOF, "Z", to=lambda t: [2 * z for z in t]),
    )
    yield "data-doubled", room, array_changed(good, "data", "X", to=lambda t: [2 * x for x in t])
    multipliers = (PROOF, "multiplier")
    width = good["claim"]["c"] + 1
    first = struct.unpack("<d", b64decode(good[PROOF]["multiplier"])[:8])[0]
    assert first > 0.0
    yield "l-negative", sign, array_changed(good, *multipliers, to=entry(0, -first))
    yield "l-zero", sign, array_changed(good, *multipliers, to=entry(0, 0.0))
    yield "Lambda-above-l", sign, array_changed(good, *multipliers, to=entry(1, 1.001 * first))
    zeros = array_changed(good, *multipliers, to=lambda t: [0.0] * len(t))
    yield "multipliers-zero", room, zeros
    turned = array_changed(good, *multipliers, to=lambda t: t[width:] + t[:width])
    yield "multipliers-of-other-points", room, turned
    yield "splits-zero", room, array_changed(good, PROOF, "split", to=lambda t: [0.0] * len(t))
    yield "splits-huge", room, array_changed(good, PROOF, "split", to=lambda t: [1e9] * len(t))
    yield "patterns-of-other-neurons", room, bits_changed(good, flipped)


def malformed(good):
    """Name, document."""
    size = (good["claim"]["n"] + 7) // 8
    yield "no-patterns", dump(bits_changed(good, lambda bits: b""))
    yield "part-of-a-pattern", dump(bits_changed(good, lambda bits: bits[:-1]))
    yield "one-pattern-twice", dump(bits_changed(good, lambda bits: bits[:size] + bits[:-size]))

    def stray(bits):
        bits[size - 1] |= 128
        return bits

    yield "bit-of-no-point", dump(bits_changed(good, stray))
    yield "more-patterns", dump(bits_changed(good, lambda bits: bits + bytes(size)))
    yield "kind-psd", dump(changed(good, PROOF, "kind", to="psd"))
    yield "format-of-the-global-one", dump(changed(good, "format", to="certnn-certificate"))
    point = array_changed(good, PROOF, "point", to=entry(0, 9), kind="I")
    yield "point-out-of-range", dump(point)
    count = array_changed(good, PROOF, "count", to=entry(0, 2**32 - 1), kind="I")
    yield "count-huge", dump(count)
    for key in ("multiplier", "split", "Z"):
        nan = array_changed(good, PROOF, key, to=entry(-1, math.nan))
        yield f"{key}-nan", dump(nan)
        yield f"{key}-too-short", dump(array_changed(good, PROOF, key, to=lambda t: t[1:]))
    copy = json.loads(dump(good))
    del copy["claim"]["patterns"]
    yield "patterns-missing", dump(copy)
    yield "truncated", dump(good)[:-20]


def write(folder, name, document):
    path = FOLDER / folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(document)


def main():
    correct = {}
    for name, sampled, problem in problems():
        patterns = collect_patterns(problem, [], sampled)
        found = bound_over_patterns(problem, patterns, work_limit=3.0)
        write("correct", name, found.certificate.document)
        correct[name] = json.loads(found.certificate.document)
    for name, reason, certificate in incorrect(correct["one-output"]):
        certificate = changed(certificate, "about", to={"rejected for": reason})
        write("incorrect", name, dump(certificate))
    for name, document in malformed(correct["one-output"]):
        write("malformed", name, document)


if __name__ == "__main__":
    main()
