"""A certificate: a file, which proves nothing until the kernel has checked it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfileobj

from certnn import kernel
from certnn.atomic_files import open_file, read_bytes, replaced
from certnn.certificates.kept_file import KeptFile
from certnn.errors import InputError


@dataclass(frozen=True, repr=False)
class _Saved:
    """Bytes of JSON, or a container (`certnn.certificates.container`), which stays on disk."""

    content: bytes | KeptFile

    @property
    def document(self) -> bytes:
        """All bytes of the file, as `certnn/kernel/FORMAT.md` describes it."""
        return self.content if isinstance(self.content, bytes) else self.content.read()

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    @property
    def suffix(self) -> str:
        """What the name of a file for it ends with: ".json", or ".zip" of a container."""
        is_json = isinstance(self.content, bytes) and not self.content.startswith(b"PK")
        return ".json" if is_json else ".zip"

    @contextmanager
    def opened(self) -> Iterator[kernel.Document]:
        """The file as the kernel takes it."""
        if isinstance(self.content, bytes):
            yield self.content
        else:
            with self.content.opened() as stream:
                yield stream

    def proves(self, bound: kernel.Bound | kernel.PatternBound) -> bool:
        """Whether the kernel has made the bound from it."""
        content = self.content
        own = sha256(content).hexdigest() if isinstance(content, bytes) else content.sha256
        return bound.evidence == own

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        with self.opened() as content, replaced(path) as stream:
            if isinstance(content, bytes):
                stream.write(content)
            else:
                copyfileobj(content, stream, 1 << 20)

    def _made(self, bound: kernel.Bound | kernel.PatternBound) -> None:
        if not self.proves(bound):
            raise InputError("certificate", "has changed since it was written or loaded")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.size} bytes>"


class Certificate(_Saved):
    """A certificate file: untrusted bytes until `check` turns them into a bound.

    A large one, of 2²⁰ numbers or more in X and Y, is a zip file that stays on disk, among the
    temporary files or where it was loaded from.

    Parameters
    ----------
    content : bytes or KeptFile
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

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.Bound:
        """Let the kernel check it; see `certnn.kernel.check_certificate`."""
        with self.opened() as document:
            bound = kernel.check_certificate(document, backend)
        self._made(bound)
        return bound

    def instance(self) -> kernel.Instance:
        """The problem that it speaks of, without a check; see `certnn.kernel.read_instance`."""
        with self.opened() as document:
            return kernel.read_instance(document)

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a file of at most the size that the kernel accepts.

        Raises
        ------
        InputError
            If the file cannot be read or is too large.
        """
        with open_file(path) as stream:
            contained = stream.read(2) == b"PK"
        if contained:
            return cls(KeptFile.found(Path(path).absolute()))
        return cls(read_bytes(path, kernel.LARGEST_FILE))


class PatternCertificate(_Saved):
    """A certificate about networks with given activation patterns, and no others."""

    def check(self, backend: kernel.exact.Backend = "auto") -> kernel.PatternBound:
        """Let the kernel check it; see `certnn.kernel.check_pattern_certificate`."""
        with self.opened() as document:
            bound = kernel.check_pattern_certificate(document, backend)
        self._made(bound)
        return bound
