"""The records as a file, with the networks and certificates that lie beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from certnn.atomic_files import make_folder, read_bytes, write_atomically
from certnn.certificates import Certificate
from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError, shorten
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.npz import load_network, save_network
from certnn.report.codec import decode, encode, parse_object
from certnn.report.exact import parse_exact
from certnn.studies.records.packing import MOST_BYTES, load_packed, packed
from certnn.studies.records.problems import PROBLEMS

#: The file in the folder of records; and a folder in it for networks and certificates that are
#: larger than this, which are not passed on with the others.
BOOK, LARGE = "records.json", "large"
_LARGEST = 2**24


@dataclass(frozen=True)
class Run:
    """How a figure was found.

    Attributes
    ----------
    by : str
        The level that proved it, or what found the network.
    seconds : float or None
        Wall time of the run that found it; None where it was handed in.
    time_limit, work_limit : float or None
        Of that run, in seconds and in nominal seconds.
    level : str
        That the run was asked for, such as "auto"; "" where it was handed in.
    fresh : bool
        Whether the run began with nothing, so that the same command gives the figure again.
    """

    by: str
    seconds: float | None
    time_limit: float | None
    work_limit: float | None
    level: str
    fresh: bool


@dataclass(frozen=True)
class Figure:
    """An objective or a bound, with the hash of what the kernel made it from.

    Attributes
    ----------
    value : float
        Rounded in the safe direction.
    exact : str
        ``"p/q"``.
    sha256 : str
        Of the certificate, or of the network's weights (`certnn.kernel.Bound.evidence`).
    run : Run
    """

    value: float
    exact: str
    sha256: str
    run: Run

    @property
    def number(self) -> Fraction:
        """The exact value."""
        return parse_exact("exact", self.exact)

    @classmethod
    def of(cls, bound: Bound, run: Run) -> Figure:
        """What the kernel has proved, as it is kept."""
        return cls(bound.rounded, bound.exact, bound.evidence, run)


@dataclass(frozen=True)
class Entry:
    """What is known of one problem.

    Attributes
    ----------
    shape : tuple of int
        n, d, c.
    data_sha256 : str
        Of the data, as `certnn.TrainingProblem.data_sha256`.
    network, bound : Figure
        The best ones.
    kept : Figure or None
        The best bound whose certificate is small enough to lie with the records, packed; it may be
        `bound`.
    longest : float
        The longest limit of a run that tried, in seconds or nominal seconds.
    """

    shape: tuple[int, ...]
    data_sha256: str
    network: Figure
    bound: Figure
    kept: Figure | None
    longest: float

    def __post_init__(self) -> None:
        if len(self.shape) != 3:
            raise InputError("shape", "must be n, d and c")
        for name, figure, rounding in (
            ("network", self.network, rounded_up),
            ("bound", self.bound, rounded_down),
            ("kept", self.kept, rounded_down),
        ):
            if figure is not None and (
                figure.number < 0 or figure.value != rounding(figure.number)
            ):
                raise InputError(f"{name}.value", "is not the exact one rounded")

    @property
    def gap(self) -> float:
        """(objective − bound)/objective, rounded up."""
        objective = self.network.number
        return rounded_up(1 - self.bound.number / objective) if objective else 0.0


@dataclass(frozen=True)
class RecordBook:
    """A folder of records.

    Attributes
    ----------
    folder : Path
    entries : dict of Entry
        By the name of the problem, in the order of `PROBLEMS`.
    """

    folder: Path
    entries: Mapping[str, Entry]

    @classmethod
    def read(cls, folder: str | Path) -> RecordBook:
        """The records of a folder; none if there is no file of them.

        Raises
        ------
        InputError
            If the file is there and is not one of records.
        """
        folder = Path(folder)
        file = folder / BOOK
        if not file.exists():
            return cls(folder, {})
        try:
            text = read_bytes(file, _LARGEST).decode()
            entries = decode(dict[str, Entry], parse_object(text, "the file"), "")
            for name in entries:
                if name not in PROBLEMS:
                    raise InputError(name, "is no problem that records are kept of")
        except (UnicodeDecodeError, InputError) as error:
            reason = f"is not a file of records: {shorten(error)}"
            raise InputError(str(file), reason) from None
        return cls(folder, {name: entries[name] for name in PROBLEMS if name in entries})

    def with_entry(
        self,
        name: str,
        entry: Entry,
        network: TwoLayerNetwork | None = None,
        certificates: Sequence[Certificate] = (),
    ) -> RecordBook:
        """The book with one entry changed, written.

        Parameters
        ----------
        name : str
            Of the problem.
        entry : Entry
        network : TwoLayerNetwork or None
            The new one, if there is one.
        certificates : sequence of Certificate
            The new ones: at most one that is small and one that is not.

        Raises
        ------
        InputError
            If something cannot be written.
        """
        if network is not None:
            size = network.U.nbytes + network.V.nbytes
            (self._other(size) / f"{name}.npz").unlink(missing_ok=True)
            save_network(make_folder(self._home(size)) / f"{name}.npz", network)
        for certificate in certificates:
            content = packed(certificate)
            if content is not None:
                write_atomically(make_folder(self.folder) / f"{name}.json.xz", content)
            else:
                certificate.save(make_folder(self.folder / LARGE) / f"{name}.json")
        entries = {**self.entries, name: entry}
        ordered = {known: entries[known] for known in PROBLEMS if known in entries}
        text = json.dumps(
            {known: encode(value, known) for known, value in ordered.items()}, indent=1
        )
        write_atomically(make_folder(self.folder) / BOOK, f"{text}\n".encode())
        return replace(self, entries=ordered)

    def network(self, name: str) -> TwoLayerNetwork | None:
        """The network of the entry; None if its file is not here.

        Raises
        ------
        InputError
            If the file is not one of a network.
        """
        places = (self.folder / f"{name}.npz", self.folder / LARGE / f"{name}.npz")
        file = next((place for place in places if place.exists()), None)
        return None if file is None else load_network(file)

    def certificate(self, name: str, figure: Figure) -> Certificate | None:
        """The certificate of a bound of the entry, `bound` or `kept`; None if it is not here.

        Raises
        ------
        InputError
            If its file cannot be read.
        """
        kept = self.entries[name].kept
        if kept is not None and kept.sha256 == figure.sha256:
            file = self.folder / f"{name}.json.xz"
            return load_packed(file) if file.exists() else None
        file = self.folder / LARGE / f"{name}.json"
        return Certificate.load(file) if file.exists() else None

    def _home(self, size: int) -> Path:
        """Where a file of this size lies."""
        return self.folder if size <= MOST_BYTES else self.folder / LARGE

    def _other(self, size: int) -> Path:
        return self.folder / LARGE if size <= MOST_BYTES else self.folder
