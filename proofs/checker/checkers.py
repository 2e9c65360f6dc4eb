"""All checkers of certificates, beside one another."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from flint import fmpq
from specification import plain_checker

from certnn import kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import javascript_checker

#: Where a file on which they disagree is left.
DISAGREEMENT = Path("disagreement.certificate")
#: Sizes below which the kernel would use Python's integers, whatever it is asked for.
SMALL = (kernel.exact, kernel.partition, kernel.cells)


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


class Checkers:
    """The kernel in integers, with FLINT and with its filters, the plain and the extracted one.

    Attributes
    ----------
    extracted : Extracted
    """

    def __init__(self) -> None:
        for module in SMALL:
            module._SMALL = 0
        self._plain = plain_checker(Q=rational, floor=int_below, ceil=int_above)
        self.extracted = Extracted()

    def verdict(self, document: bytes, plain: bool = True) -> str:
        """The verdict that all give, or all but the plain one.

        Where they do not, the file is kept, and this is the end.
        """
        reasons = {backend: kernel_says(document, backend) for backend in ("python", "flint")}
        reasons["with filters"] = kernel_says(document, "auto")
        verdict = reasons["python"][0]
        said = {name: " ".join(words) for name, words in reasons.items()}
        agree = len({*said.values()}) == 1
        said["extracted"] = self._extracted_says(document)
        agree &= said["extracted"] == verdict
        if plain and verdict != "malformed":  # it takes files that are not malformed
            proved = self._plain(document)
            said["plain"] = "proved" if proved else "rejected"
            agree &= proved == verdict.startswith("proved")
        if not agree:
            DISAGREEMENT.write_bytes(document)
            sys.exit(f"{DISAGREEMENT}: {said}")
        return verdict.split(":")[0]

    def _extracted_says(self, document: bytes) -> str:
        try:
            return self.extracted.says(verified.integer_form(document))
        except kernel.Malformed:
            return "malformed"
        except kernel.Rejected:  # by the translation: a tree that has not its form
            return "rejected"


# FLINT's rationals for Python's in the plain checker: three times as fast, and a double among them,
# which would be rounded, is an error.


def rational(number: Fraction | float | str | fmpq, below: int = 1) -> fmpq:
    if not isinstance(number, fmpq):
        exact = Fraction(number)
        number = fmpq(exact.numerator, exact.denominator)
    return number / below


def int_below(number: fmpq) -> int:
    return int(number.floor())


def int_above(number: fmpq) -> int:
    return int(number.ceil())


def kernel_says(document: bytes, backend: str) -> tuple[str, str]:
    """Its verdict, and why."""
    try:
        bound = kernel.check_certificate(document, backend)
    except kernel.Malformed as error:
        return "malformed", str(error)
    except kernel.Rejected as error:
        return "rejected", str(error)
    return f"proved: {bound.value.numerator}/{bound.value.denominator}", ""
