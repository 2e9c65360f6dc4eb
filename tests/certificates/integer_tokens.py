"""The integers that the extracted checker reads, read in Python for tests."""

from __future__ import annotations

import struct
from fractions import Fraction

from certificate_parts import dump, exact_numbers, files, load, unpack

from certnn.certificates import extracted_checker as verified
from certnn.kernel.losses import LOSSES

GOOD = {path.stem: load(path) for path in files("correct")}


class Tokens:
    def __init__(self, line):
        head, *numbers = line.decode("ascii").split(" ")
        kinds = (*verified.KINDS, "groups")
        assert head in {f"certnn-{kind}-2" for kind in kinds}
        self.rest = [int(number, 16) for number in numbers]
        assert [f"{number:x}" for number in self.rest] == numbers

    def take(self, count):
        taken, self.rest = self.rest[:count], self.rest[count:]
        assert len(taken) == count
        return taken

    def doubles(self, count):
        words = self.take(count)
        return list(struct.unpack(f"<{count}d", struct.pack(f"<{count}Q", *words)))

    def over_unit(self, count):
        (unit,) = self.take(1)
        return [Fraction(entry, unit) for entry in self.take(count)]

    def sparse(self, rows, unit):
        matrix = {}
        for i in range(rows):
            (count,), j = self.take(1), -1
            for _ in range(count):
                gap, entry = self.take(2)
                assert gap >= 0
                assert entry != 0
                j += gap + 1
                matrix[i, j] = Fraction(entry, unit)
        return matrix


def read_outputs(tokens, c, cones):
    """Appends the directions and V of each cone of outputs."""
    (split,) = tokens.take(1)
    if split:
        tokens.take(4)
        read_outputs(tokens, c, cones)
        read_outputs(tokens, c, cones)
    else:
        cones.append((tokens.take(c), tokens.over_unit(c)))


def taken_problem(certificate):
    """The tokens after the claim; and its sizes, biases and data."""
    claim, data = certificate["claim"], certificate["data"]
    tokens = Tokens(verified.integer_form(dump(certificate)))
    n, d, c, loss = tokens.take(4)
    assert (n, d, c, LOSSES[loss]) == tuple(claim[key] for key in ("n", "d", "c", "loss"))
    if claim["loss"] == "huber":
        assert tokens.doubles(1) == [claim["delta"]]
    biases = [claim["hidden_bias"], claim.get("output_bias", False)]
    assert [(False, True, "free")[bias] for bias in tokens.take(2)] == biases
    assert Fraction(*tokens.take(2)) == Fraction(claim["lower_bound"])
    assert tokens.doubles(1) == [claim["reg"]]
    X, Y = unpack(data["X"]), unpack(data["Y"])
    assert tokens.doubles(n * d) == X
    assert tokens.doubles(n * c) == Y
    return tokens, (n, d, c), biases[0], X, Y


def take_dual_point(tokens, proof, sizes, hidden_bias, X, Y):
    """Of a problem with these data; returns n, the number of columns, and c."""
    n, d, c = sizes
    units = tokens.take(2)
    tokens.data_unit = units[0]
    for unit, numbers in zip(units, (X, Y), strict=True):
        assert all((Fraction(number) * unit).denominator == 1 for number in numbers)
    (column,) = tokens.take(1)
    if hidden_bias == "free":
        longest = max(sum(Fraction(x) ** 2 for x in X[i * d :][:d]) for i in range(n))
        assert column**2 >= 4096 * longest
    else:
        assert column == 1
    (tokens.dual_unit,) = tokens.take(1)
    dual = [Fraction(entry, tokens.dual_unit) for entry in tokens.take(n * c)]
    assert dual == exact_numbers(proof["Z"])
    assert Fraction(*tokens.take(2)) == Fraction(proof["kappa"])
    return n, d + (hidden_bias is not False), c


def taken_claim(certificate):
    """The tokens after the claim and the dual point, and their sizes."""
    tokens, *rest = taken_problem(certificate)
    return tokens, *take_dual_point(tokens, certificate["proof"], *rest)
