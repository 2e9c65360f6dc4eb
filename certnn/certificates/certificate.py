"""A certificate: the bytes of a file, which prove nothing until the kernel has checked them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from certnn import kernel
from certnn.atomic_files import read_bytes, write_atomically


@dataclass(frozen=True)
class Certificate:
    """A certificate file in memory: untrusted bytes until `check` turns them into a bound.

    Attributes
    ----------
    document : bytes
        The file, as `certnn/kernel/FORMAT.md` describes it.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> proved = certnn.lower_bound(problem, "shor")
    >>> certnn.Certificate(proved.certificate.document).check().value == proved.bound.value
    True
    >>> certnn.Certificate(b"{}").check()
    Traceback (most recent call last):
        ...
    certnn.kernel.document.Malformed: ...
    """

    document: bytes

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.Bound:
        """Let the kernel check it; see `certnn.kernel.check_certificate`."""
        return kernel.check_certificate(self.document, backend)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, self.document)

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a file of at most the size that the kernel accepts.

        Raises
        ------
        InputError
            If the file cannot be read or is too large.
        """
        return cls(read_bytes(path, kernel.document.LARGEST_FILE))

    def __repr__(self) -> str:
        return f"<Certificate of {len(self.document)} bytes>"


@dataclass(frozen=True)
class PatternCertificate:
    """A certificate about networks with given activation patterns, and no others."""

    document: bytes

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.PatternBound:
        """Let the kernel check it; see `certnn.kernel.check_pattern_certificate`."""
        return kernel.check_pattern_certificate(self.document, backend)

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, self.document)

    def __repr__(self) -> str:
        return f"<PatternCertificate of {len(self.document)} bytes>"
