"""Records: kept, checked by the kernel, bettered by runs and by what is handed in."""

import json
import lzma
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import PRACTICE_SETS, find_data_set, random_network_data
from certnn.reading.npz import save_network
from certnn.studies.kept_figures import TOLERANCE
from certnn.studies.records.book import BOOK, LARGE, RecordBook
from certnn.studies.records.check import check_entry
from certnn.studies.records.improve import Effort, improve, open_problems, submit
from certnn.studies.records.packing import MOST_BYTES, load_packed, packed
from certnn.studies.records.page import command, markdown, page_of
from certnn.studies.records.problems import PROBLEMS, RecordProblem

OURS = Path(__file__).parents[2] / "examples" / "records"
#: Nominal seconds up to which a record is made again.
_AGAIN_UP_TO = 60.0
KEPT = RecordBook.read(OURS)


@dataclass(frozen=True)
class Small(RecordProblem):
    """A problem that is trained and proved in no time."""

    seed: int = 0

    def problem(self, folder=None):
        return random_network_data(self.seed, self.reg, n=6, d=2, c=1)


@pytest.fixture
def small(monkeypatch):
    for seed, name in enumerate(("small", "other")):
        problem = Small(name, "random", 0.1, False, False, seed)
        monkeypatch.setitem(PROBLEMS, name, problem)
    return PROBLEMS["small"].problem()


@pytest.fixture
def book(small, tmp_path):
    """With a bound that is far from the best one, and a network that is poor."""
    empty = RecordBook.read(tmp_path / "records")
    change = improve(empty, "small", Effort(work_limit=1.0, level="shor"))
    assert change.better == ("bound", "network")
    return change.book


def entry_of(book):
    return json.loads((book.folder / BOOK).read_text())


def changed(book, **figure):
    """The book with figures of the record's bound changed by a stranger."""
    content = entry_of(book)
    content["small"]["bound"] |= figure
    (book.folder / BOOK).write_text(json.dumps(content))
    return RecordBook.read(book.folder)


def test_problems_are_those_of_the_paper_and_of_the_practice_set(small):
    names = set(PROBLEMS) - {"small", "other"}
    assert len(names) == 5 * 2 * 2 + 8
    assert PROBLEMS["iris-0.01-bias"].problem() == find_data_set("iris").split().problem(0.01, True)
    assert PROBLEMS["practice-wine"].problem() == PRACTICE_SETS["wine"].problem()
    with pytest.raises(InputError, match=r"data_dir: is needed: the folder with pima\.csv"):
        PROBLEMS["practice-pima"].problem()


def test_what_is_written_is_read_again(book):
    assert RecordBook.read(book.folder) == book
    entry = book.entries["small"]
    problem = PROBLEMS["small"].problem()
    assert book.network("small").evaluate(problem).exact == entry.network.exact
    certificate = book.certificate("small", entry.bound)
    assert certificate.check().exact == entry.bound.exact
    unpacked = lzma.decompress((book.folder / "small.json.xz").read_bytes())
    assert unpacked == certificate.document
    assert (entry.shape, entry.data_sha256) == ((6, 2, 1), problem.data_sha256)
    assert 0.0 < entry.gap < 1.0
    said = command("small", entry.bound)
    assert said == "certnn records --improve small --level shor --work-limit 1"
    assert entry.bound.run.fresh


def test_a_run_goes_on_from_the_record(book):
    before = book.entries["small"]
    change = improve(book, "small", Effort(work_limit=5.0))
    after = change.book.entries["small"]
    assert "bound" in change.better
    assert after.bound.value > before.bound.value
    assert after.network.value <= before.network.value
    assert (after.bound.run.fresh, after.longest) == (False, 5.0)
    assert change.book.entries["small"].gap < 1e-5
    again = improve(change.book, "small", Effort(work_limit=1.0, level="shor"))
    assert again.better == ()
    assert again.book.entries == change.book.entries
    assert check_entry(again.book, "small").wrong == ()


def test_problems_that_were_not_tried_come_first(book):
    names = open_problems(book, 2.0, has_folder=False)
    assert names[-1] == "small"
    assert "other" in names
    assert "pima-0.1" not in names
    assert "pima-0.1" in open_problems(book, 2.0, has_folder=True)
    assert "small" not in open_problems(book, 1.0, has_folder=False)


def test_the_check_finds_files_that_are_not_those_of_the_record(book, small):
    assert check_entry(book, "small").checked == ("data", "bound", "network")
    poor = certnn.TwoLayerNetwork(np.zeros((2, 1)), np.zeros((1, 1)))
    save_network(book.folder / "small.npz", poor)
    assert check_entry(book, "small").wrong == ("the network is not that of the objective",)
    (book.folder / "small.npz").write_bytes(b"nothing")
    assert "the network: " in check_entry(book, "small").wrong[0]
    (book.folder / "small.npz").unlink()
    assert check_entry(book, "small").unseen == ("network",)
    other = certnn.lower_bound(small.with_reg(0.2), "shor").certificate
    (book.folder / "small.json.xz").write_bytes(packed(other))
    assert (
        "the certificate of the bound is about another problem" in check_entry(book, "small").wrong
    )
    other = certnn.lower_bound(small, "dnn").certificate
    (book.folder / "small.json.xz").write_bytes(packed(other))
    assert "the certificate is not that of the bound" in check_entry(book, "small").wrong
    for content in (b"{}", lzma.compress(b"{}"), lzma.compress(b"")[:-1]):
        (book.folder / "small.json.xz").write_bytes(content)
        assert "the certificate of the bound: " in check_entry(book, "small").wrong[0]
    (book.folder / "small.json.xz").write_bytes(lzma.compress(b"[" * 10**7))
    assert "the certificate of the bound: " in check_entry(book, "small").wrong[0]


def test_the_check_finds_figures_that_are_not_proved(book):
    objective = entry_of(book)["small"]["network"]
    high = {"value": 10.0 * objective["value"], "exact": f"{10.0 * objective['value']:.0f}/1"}
    high["value"] = float(high["exact"].removesuffix("/1"))
    wrong = check_entry(changed(book, **high), "small").wrong
    assert "the bound is above the network's objective" in wrong
    assert "the certificate is not that of the bound" in wrong


def test_the_check_finds_other_data(book, monkeypatch):
    monkeypatch.setitem(PROBLEMS, "small", replace(PROBLEMS["small"], seed=5))
    assert check_entry(book, "small").wrong == (
        "the record is about other data than there are here",
    )
    with pytest.raises(InputError, match="small: has other data here"):
        improve(book, "small", Effort(work_limit=1.0))


@pytest.mark.parametrize(
    "figure", [{"value": 0.5}, {"exact": "1"}, {"exact": "-1/2", "value": -0.5}, {"sha256": 3}]
)
def test_a_book_that_contradicts_itself_is_refused(book, figure):
    with pytest.raises(InputError, match=r"is not a file of records: bound\."):
        changed(book, **figure)


def test_problems_of_others_are_refused(book):
    content = entry_of(book)
    (book.folder / BOOK).write_text(json.dumps({"../up": content["small"]}))
    with pytest.raises(InputError, match="is no problem that records"):
        RecordBook.read(book.folder)


def test_large_files_are_kept_apart(book, monkeypatch):
    def packed_if_plain(certificate):
        return packed(certificate) if b'"psd"' in certificate.document else None

    for module in ("book", "improve"):
        monkeypatch.setattr(f"certnn.studies.records.{module}.packed", packed_if_plain)
    change = improve(book, "small", Effort(work_limit=5.0))
    assert "bound" in change.better
    entry = change.book.entries["small"]
    assert (book.folder / LARGE / "small.json").exists()
    assert entry.bound.run.by == "partition"
    assert entry.kept.value < entry.bound.value
    assert check_entry(change.book, "small").checked == ("data", "bound", "bound kept", "network")
    (book.folder / LARGE / "small.json").unlink()
    assert check_entry(change.book, "small").unseen == ("bound",)
    assert improve(change.book, "small", Effort(work_limit=1.0, level="shor")).better == ()


def test_what_is_found_is_kept_whatever_becomes_of_the_search_for_a_small_file(book, monkeypatch):
    def stopped(*given, **more):
        raise KeyboardInterrupt

    for module in ("book", "improve"):
        monkeypatch.setattr(f"certnn.studies.records.{module}.packed", lambda certificate: None)
    monkeypatch.setattr("certnn.studies.records.improve.lower_bound", stopped)
    change = improve(book, "small", Effort(work_limit=5.0))
    assert change.book.entries["small"].bound.run.by == "partition"
    assert RecordBook.read(book.folder).entries == change.book.entries


def test_data_that_cannot_be_had_are_not_compared(book, monkeypatch):
    class Missing(Small):
        def problem(self, folder=None):
            raise InputError("data_dir", "is needed")

    missing = Missing("small", "random", 0.1, False, False)
    monkeypatch.setitem(PROBLEMS, "small", missing)
    verdict = check_entry(book, "small")
    assert (verdict.checked, verdict.unseen) == (("bound", "network"), ("data",))


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("certnn.studies.records.packing.LARGEST_FILE", 1000)
    file = tmp_path / "packed.xz"
    file.write_bytes(lzma.compress(bytes(1001)))
    with pytest.raises(InputError, match=r"packed\.xz: .* holds too much"):
        load_packed(file)
    file.write_bytes(lzma.compress(bytes(1000)))
    assert load_packed(file).document == bytes(1000)


def handed_in(problem, folder, level="dnn"):
    result = certnn.audit(None, problem, level=level, work_limit=5.0)
    result.save(folder)
    return result


def test_a_better_result_is_taken_up(book, small, tmp_path):
    result = handed_in(small, tmp_path / "report")
    change = submit(book, tmp_path / "report")
    assert (change.name, "bound" in change.better) == ("small", True)
    entry = change.book.entries["small"]
    assert entry.bound.exact == result.lower.bound.exact
    assert entry.bound.run.by == "handed in, a proof of kind psd"
    assert check_entry(change.book, "small").wrong == ()
    assert submit(change.book, tmp_path / "report").better == ()
    assert "handed in" in markdown(change.book)
    handed_in(small, tmp_path / "poor", "shor")
    assert submit(change.book, tmp_path / "poor").better == ()


def test_nothing_is_believed_of_what_is_handed_in(book, small, tmp_path):
    handed_in(small, tmp_path / "report")
    file = tmp_path / "report" / "certificate.json"
    content = json.loads(file.read_text())
    content["claim"]["lower_bound"] = "100/1"
    file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"certificate\.json: proves nothing"):
        submit(book, tmp_path / "report")
    handed_in(small.with_reg(0.3), tmp_path / "else")
    with pytest.raises(InputError, match="is about no problem that there is a record of"):
        submit(book, tmp_path / "else")
    with pytest.raises(InputError, match="does not exist"):
        submit(book, tmp_path / "nowhere")


def test_from_the_command_line(small, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    words = ["records", "--folder", "mine"]
    assert main([*words, "--improve", "small", "--work-limit", "1", "--level", "shor"]) == 0
    assert "small: better bound and network; " in capsys.readouterr().out
    assert main(words) == 0
    assert "small" in capsys.readouterr().out
    handed_in(small, tmp_path / "report")
    assert main([*words, "--submit", "report"]) == 0
    assert "small: better bound" in capsys.readouterr().out
    assert main([*words, "--check"]) == 0
    assert capsys.readouterr().out == "small: data, bound, network checked\n"
    page = tmp_path / "mine.md"
    page.write_text(page.read_text().replace("small", "large"))
    assert main([*words, "--check"]) == 1
    assert "mine.md is not the page of these records" in capsys.readouterr().out
    shutil.copy(tmp_path / "report" / "best_network.npz", "mine/small.npz")
    save_network("mine/small.npz", certnn.TwoLayerNetwork([[1.0], [1.0]], [[1.0]]))
    assert main([*words, "--check"]) == 1
    assert "wrong: the network is not that of the objective" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--time-limit", "5"], "--time-limit: goes with --improve"),
        (["--check", "--level", "dnn"], "--level: goes with --improve"),
        (["--submit", "report", "--data-dir", "."], "--data-dir: goes with"),
        (["--improve", "small"], "--improve: needs one limit"),
        (["--improve", "small", "--time-limit", "5", "--work-limit", "5"], "--improve: needs one"),
        (["--improve", "small", "--time-limit", "-1"], "--time-limit: must be positive"),
        (["--improve", "small", "--work-limit", "1", "--level", "high"], "--level: must be auto"),
        (["--improve", "none", "--work-limit", "1"], "--improve: must be of iris-0.1"),
        (["--improve", "pima-0.1", "--work-limit", "1"], "data_dir: is needed for pima-0.1"),
        (["--improve", "pima-0.1", "--work-limit", "1", "--data-dir", "."], "pima.csv: does not"),
        ([], "new/records.json: does not exist"),
        (["--check"], "new/records.json: does not exist"),
        (["--submit", "report"], "new/records.json: does not exist"),
        (["--check", "--submit", "report"], "not allowed with"),
    ],
)
def test_bad_options_are_told_in_a_line(small, tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["records", "--folder", "new", *words])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.iterdir())


def test_nothing_else_is_written_over(small, tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    improving = ["records", "--folder", str(folder), "--improve", "small", "--work-limit", "1"]
    (folder / "other.npz").write_text("mine")
    assert main(improving) == 2
    assert "holds other.npz" in capsys.readouterr().err
    (folder / "other.npz").unlink()
    page_of(folder).write_text("mine")
    assert main(improving) == 2
    assert "is there and is not a page of records" in capsys.readouterr().err
    assert page_of(folder).read_text() == "mine"


@pytest.mark.parametrize("name", KEPT.entries)
def test_our_records_are_proved(name):
    verdict = check_entry(KEPT, name)
    assert verdict.wrong == ()
    needs_folder = PROBLEMS[name].needs_folder
    assert set(verdict.unseen) <= ({"data"} if needs_folder else set()) | {"bound", "network"}


def test_our_page_is_that_of_our_records():
    assert KEPT.entries
    assert page_of(OURS).read_text() == markdown(KEPT)
    kept = [file for file in OURS.iterdir() if file.is_file() and file.name != BOOK]
    assert all(file.stat().st_size <= MOST_BYTES for file in kept)
    names = {file.name.removesuffix(".npz").removesuffix(".json.xz") for file in kept}
    assert names <= {*KEPT.entries}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        name
        for name, entry in KEPT.entries.items()
        if entry.bound.run.fresh
        and entry.network.run.fresh
        and (entry.bound.run.work_limit or np.inf) <= _AGAIN_UP_TO
        and not PROBLEMS[name].needs_folder
    ],
)
def test_our_records_are_reached_again(name, tmp_path):
    """By the same command, with the same work: code that has become worse fails."""
    kept = KEPT.entries[name]
    run = kept.bound.run
    effort = Effort(work_limit=run.work_limit, level=run.level)
    again = improve(RecordBook.read(tmp_path), name, effort).book.entries[name]
    assert again.bound.value >= (1.0 - TOLERANCE) * kept.bound.value
    assert again.network.value <= (1.0 + TOLERANCE) * kept.network.value
