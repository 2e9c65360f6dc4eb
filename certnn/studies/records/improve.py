"""Better figures for a record: by a run of ours, or from what somebody hands in."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from certnn.budget import budgeted
from certnn.certificates import Certificate
from certnn.certificates.container import read_document
from certnn.errors import InputError, SolverError
from certnn.kernel import Bound, Malformed, Rejected
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.npz import load_network
from certnn.report.reading import CERTIFICATE, NETWORK
from certnn.search.levels.level import Progress
from certnn.search.lower_bound import lower_bound
from certnn.search.results import LowerBoundResult
from certnn.search.resume import earlier_result
from certnn.search.train import train
from certnn.studies.records.book import Entry, Figure, RecordBook, Run
from certnn.studies.records.packing import MOST_BYTES, packed
from certnn.studies.records.problems import PROBLEMS, find_problem

#: A run ends where this gap is proved.
_CLOSED = 1e-6
#: Share of the limit for the search; what is left is for one whose certificate is small, within so
#: many bytes.
_SEARCH, _SMALL_SEARCH = 0.7, 2.0 * MOST_BYTES
#: What is better by a smaller share of the objective than this is the same but for rounding.
_LEAST_GAIN = Fraction(1, 10**9)


@dataclass(frozen=True)
class Effort:
    """How long a run may take, and how it proves.

    Attributes
    ----------
    time_limit, work_limit : float or None
        In seconds and in nominal seconds; one of them.
    level : str
        As in `certnn.lower_bound`.
    """

    time_limit: float | None = None
    work_limit: float | None = None
    level: str = "auto"

    @property
    def limit(self) -> float:
        """The one that is given."""
        return self.time_limit or self.work_limit or 0.0


@dataclass(frozen=True)
class Change:
    """A book after an attempt, and what has become better: "network", "bound", "bound kept"."""

    book: RecordBook
    name: str
    better: tuple[str, ...]
    interrupted: bool = False


def open_problems(book: RecordBook, limit: float, has_folder: bool) -> list[str]:
    """Problems that no run of this limit has tried, those tried least first.

    Parameters
    ----------
    book : RecordBook
    limit : float
        Seconds, or nominal seconds.
    has_folder : bool
        Whether data that are read from a folder can be had.
    """
    longest = {name: entry.longest for name, entry in book.entries.items()}
    names = [
        name
        for name, problem in PROBLEMS.items()
        if (has_folder or not problem.needs_folder) and longest.get(name, 0.0) < limit
    ]
    return sorted(names, key=lambda name: longest.get(name, 0.0))


def improve(
    book: RecordBook,
    name: str,
    effort: Effort,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Change:
    """Train and prove from where the record stands, and keep what is better.

    Parameters
    ----------
    book : RecordBook
    name : str
        Of the problem.
    effort : Effort
    folder : path or None
        Of data that are read from files.
    progress : callable or None
        As in `certnn.train`.

    Raises
    ------
    InputError
        If there is no such problem, its data are missing or not those of the record, or a file of
        the record is damaged.
    """
    problem, known = find_problem(name).problem(folder), book.entries.get(name)
    start, before = None, None
    if known is not None:
        if known.data_sha256 != problem.data_sha256:
            raise InputError(name, f"has other data here than the record: {problem.data_sha256}")
        start, before = book.network(name), _proved_before(book, name, problem)
    small: list[LowerBoundResult] = []

    def note(found: LowerBoundResult) -> None:
        if _is_small(found.certificate) and (not small or found.value > small[0].value):
            small[:] = [found]

    begun = time.monotonic()
    with budgeted(effort.time_limit, effort.work_limit, None) as budget:
        result = train(
            problem,
            gap=_CLOSED,
            level=effort.level,
            budget=budget.part(_SEARCH),
            start=start,
            improve=before,
            progress=progress,
            checkpoint=note,
        )
        if not _is_small(result.certificate) and not budget.stopped:
            # What is proved by now is kept, whatever becomes of this.
            with suppress(KeyboardInterrupt, SolverError):
                lower_bound(
                    problem,
                    effort.level,
                    budget=budget,
                    memory_limit=_SMALL_SEARCH,
                    gap=_CLOSED,
                    network=result.network,
                    checkpoint=note,
                )
        interrupted = budget.stopped
    seconds = time.monotonic() - begun
    limits = (effort.time_limit, effort.work_limit, effort.level)
    fresh = known is None and not interrupted

    def run(by: str) -> Run:
        return Run(by, seconds, *limits, fresh)

    proofs = [
        _Proof(found.bound, found.certificate, run(found.level)) for found in (result.lower, *small)
    ]
    network = (result.objective, result.network, run("training"))
    change = _bettered(book, name, network, proofs)
    done = 0.0 if interrupted else effort.limit
    entry = change.book.entries[name]
    entry = replace(entry, longest=max(entry.longest, done))
    return replace(change, book=change.book.with_entry(name, entry), interrupted=interrupted)


def _proved_before(
    book: RecordBook, name: str, problem: TrainingProblem
) -> LowerBoundResult | None:
    """The best bound of the entry whose certificate is here."""
    entry = book.entries[name]
    figures = [entry.bound, *([entry.kept] if entry.kept else [])]
    certificates = (book.certificate(name, figure) for figure in figures)
    certificate = next((found for found in certificates if found is not None), None)
    return None if certificate is None else earlier_result(problem, certificate, name)


def _is_small(certificate: Certificate) -> bool:
    """Whether it can lie with the records."""
    return packed(certificate) is not None


def submit(book: RecordBook, results: str | Path) -> Change:
    """Take up what an audit has written, if it is better than the record.

    Parameters
    ----------
    book : RecordBook
    results : path
        A folder with certificate.json, and best_network.npz if there is one. Nothing in it is
        believed: the kernel checks the certificate and evaluates the network. The problem is the
        one that the certificate is about; it must have a record.

    Raises
    ------
    InputError
        If a file cannot be used, the kernel does not accept the certificate, or there is no record
        of its problem.
    """
    file = Path(results) / CERTIFICATE
    certificate = Certificate.load(file)
    try:
        bound = certificate.check()
    except (Malformed, Rejected) as error:
        raise InputError(str(file), f"proves nothing: {error}") from None
    problem = TrainingProblem.of_instance(bound.instance)
    name = _name_of(book, problem, str(file))
    kind = read_document(certificate)["proof"]["kind"]
    network, weights = None, Path(results) / NETWORK
    if weights.exists():
        found = load_network(weights)
        network = (found.evaluate(problem), found, _handed_in(""))
    proof = _Proof(bound, certificate, _handed_in(f", a proof of kind {kind}"))
    return _bettered(book, name, network, [proof])


def _handed_in(more: str) -> Run:
    return Run(f"handed in{more}", None, None, None, "", fresh=False)


def _name_of(book: RecordBook, problem: TrainingProblem, file: str) -> str:
    """The record that is about this problem."""
    for name, entry in book.entries.items():
        known = PROBLEMS[name]
        if (entry.data_sha256, known.reg, known.hidden_bias) == (
            problem.data_sha256,
            problem.reg,
            problem.hidden_bias,
        ) and problem.is_plain:
            return name
    raise InputError(file, "is about no problem that there is a record of")


@dataclass(frozen=True)
class _Proof:
    """A bound that the kernel has made from a certificate."""

    bound: Bound
    certificate: Certificate
    run: Run

    @property
    def figure(self) -> Figure:
        """As it is kept."""
        return Figure.of(self.bound, self.run)


def _bettered(
    book: RecordBook,
    name: str,
    network: tuple[Bound, TwoLayerNetwork, Run] | None,
    proofs: Sequence[_Proof],
) -> Change:
    """The book with what is better than before; the kernel has judged all of it."""
    best = max(proofs, key=lambda proof: proof.bound.value)
    smallest = [proof for proof in proofs if _is_small(proof.certificate)]
    small = max(smallest, key=lambda proof: proof.bound.value, default=None)
    entry, better, certificates = book.entries.get(name), [], []
    if entry is None:
        assert network is not None
        instance, better = best.bound.instance, ["network", "bound"]
        entry = Entry(
            (instance.n, instance.d, instance.c),
            instance.data_sha256,
            Figure.of(network[0], network[2]),
            best.figure,
            None if small is None else small.figure,
            longest=0.0,
        )
        certificates = [proof.certificate for proof in (best, small) if proof is not None]
    else:
        least = _LEAST_GAIN * entry.network.number
        if best.bound.value > entry.bound.number + least:
            better.append("bound")
            entry, certificates = replace(entry, bound=best.figure), [best.certificate]
        if small and (entry.kept is None or small.bound.value > entry.kept.number + least):
            better.append("bound kept")
            entry = replace(entry, kept=small.figure)
            certificates.append(small.certificate)
        if network and network[0].value < entry.network.number - least:
            better.append("network")
            entry = replace(entry, network=Figure.of(network[0], network[2]))
    found = network[1] if network and "network" in better else None
    return Change(book.with_entry(name, entry, found, certificates), name, tuple(sorted(better)))
