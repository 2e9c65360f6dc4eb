"""Records held against the kernel: certificates checked, networks evaluated, data compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from certnn.errors import InputError
from certnn.kernel import Bound, Malformed, Rejected
from certnn.problem.training_problem import TrainingProblem
from certnn.studies.records.book import Entry, Figure, RecordBook
from certnn.studies.records.problems import PROBLEMS


@dataclass(frozen=True)
class Verdict:
    """What the check of an entry has come to.

    Attributes
    ----------
    name : str
        Of the problem.
    checked : tuple of str
        Of "data", "bound", "bound kept" and "network", those that are what the record says.
    unseen : tuple of str
        Those whose files or data are not here: the record's word.
    wrong : tuple of str
        One line each.
    """

    name: str
    checked: tuple[str, ...]
    unseen: tuple[str, ...]
    wrong: tuple[str, ...]


def check_entry(book: RecordBook, name: str, folder: str | Path | None = None) -> Verdict:
    """Check what there is of an entry, exactly.

    Parameters
    ----------
    book : RecordBook
    name : str
        Of a problem that has an entry.
    folder : path or None
        Of data that are read from files; those that cannot be had are not compared.
    """
    entry, known = book.entries[name], PROBLEMS[name]
    checked, unseen, wrong = [], [], []
    problem = _had(name, folder)
    if problem is None:
        unseen.append("data")
    elif _about(entry, problem):
        checked.append("data")
    else:
        wrong.append("the record is about other data than there are here")
    if max(figure.number for figure in _bounds(entry).values()) > entry.network.number:
        wrong.append("the bound is above the network's objective")
    for title, figure in _bounds(entry).items():
        try:
            certificate = book.certificate(name, figure)
            if certificate is None:
                unseen.append(title)
                continue
            bound = certificate.check()
        except (Malformed, Rejected, InputError) as error:
            wrong.append(f"the certificate of the {title}: {error}")
            continue
        problem = TrainingProblem.of_instance(bound.instance)
        stated = (problem.reg, problem.hidden_bias, problem.is_plain)
        if stated != (known.reg, known.hidden_bias, True) or not _about(entry, problem):
            wrong.append(f"the certificate of the {title} is about another problem")
        elif _is(figure, bound):
            checked.append(title)
        else:
            wrong.append(f"the certificate is not that of the {title}")
    try:
        network = book.network(name)
        if network is None or problem is None:
            unseen.append("network")
        elif _is(entry.network, network.evaluate(problem)):
            checked.append("network")
        else:
            wrong.append("the network is not that of the objective")
    except InputError as error:
        wrong.append(f"the network: {error}")
    return Verdict(name, tuple(checked), tuple(unseen), tuple(wrong))


def _had(name: str, folder: str | Path | None) -> TrainingProblem | None:
    """The problem, if its data can be had here."""
    try:
        return PROBLEMS[name].problem(folder)
    except InputError:  # a file or a package is missing
        return None


def _bounds(entry: Entry) -> dict[str, Figure]:
    """The best bound, and the one that is kept if it is another."""
    same = entry.kept is None or entry.kept.sha256 == entry.bound.sha256
    return {"bound": entry.bound} | ({} if same or not entry.kept else {"bound kept": entry.kept})


def _about(entry: Entry, problem: TrainingProblem) -> bool:
    shape = (problem.n, problem.d, problem.c)
    return (entry.shape, entry.data_sha256) == (shape, problem.data_sha256)


def _is(figure: Figure, bound: Bound) -> bool:
    return (figure.exact, figure.sha256) == (bound.exact, bound.evidence)
