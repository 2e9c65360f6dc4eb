"""What commands write: looked at before the work, and nothing of another kind written over."""

import json
import os
import re
import shlex
import stat
from pathlib import Path

import numpy as np
import pytest

import certnn
from certnn.atomic_files import make_folder, require_folder, require_place, write_atomically
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import random_network_data
from certnn.reading.npz import save_data, save_network
from certnn.search.path import regularisation_path

QUICK = ["--level", "shor", "--work-limit", "2"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to be in, with data and two networks."""
    monkeypatch.chdir(tmp_path)
    save_data("data.npz", random_network_data(0, 0.1, n=6, d=2, c=1))
    draw = np.random.default_rng(0).standard_normal
    for name in ("one.npz", "other.npz"):
        save_network(name, certnn.TwoLayerNetwork(draw((2, 3)), draw((3, 1))))
    return tmp_path


def stated(command):
    return [*command, "--data", "data.npz", "--reg", "0.1"]


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(capsys, folder, command):
    """The one line that refuses the command, which changes nothing and does no work."""
    before = contents(folder)
    capsys.readouterr()
    assert main(command) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert contents(folder) == before
    return said.err


def test_a_report_on_something_else_is_not_written_over(here, capsys):
    audit = stated(["audit", "one.npz", *QUICK, "--out", "report"])
    assert main(audit) == 0
    for command in (
        stated(["bound", *QUICK, "--out", "report"]),
        ["demo", "--out", "report"],
    ):
        said = refused(capsys, here, command)
        assert "report: holds the report on one.npz on data.npz, which would be lost" in said
    said = refused(capsys, here, stated(["bound", "--digits", "3", "--out", "report"]))
    assert "report: holds certificate.json" in said
    before = contents(here)
    assert main(audit) == 0  # the same again is no loss
    assert contents(here) != before


def test_an_audit_takes_the_place_of_another_report_and_says_of_which(here, capsys):
    for words, before in (
        (["bound", *QUICK], None),
        (["audit", "one.npz", *QUICK], "data.npz"),
        (["audit", "other.npz", *QUICK], "one.npz on data.npz"),
    ):
        capsys.readouterr()
        assert main([*stated(words), "--out", "report"]) == 0
        said = f"certnn: report: the report on {before} will be replaced\n"
        assert (said in capsys.readouterr().err) == (before is not None)
    assert json.loads(Path("report/report.json").read_text())["title"] == "other.npz on data.npz"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("certificate.json", ["bound", *QUICK]),
        ("best_network.npz", ["audit", "one.npz", *QUICK]),
        ("report.json", ["bound", *QUICK]),
        ("report.html", ["bound", "--digits", "3"]),
    ],
)
def test_a_folder_with_files_of_these_names_is_left(here, capsys, name, command):
    (here / "out").mkdir()
    (here / "out" / name).write_text("{}")
    assert f"out: holds {name}" in refused(capsys, here, [*stated(command), "--out", "out"])


@pytest.mark.parametrize("name", ["network.npz", "iris.npz"])
def test_the_demonstration_spares_files_of_its_names(here, capsys, name):
    os.rename("one.npz", name)
    assert f".: holds {name}" in refused(capsys, here, ["demo", "--out", "."])


def test_a_report_leaves_no_certificate_of_an_earlier_one(here):
    assert main(stated(["audit", "one.npz", *QUICK, "--out", "out"])) == 0
    assert (here / "out" / "patterns-certificate.json").exists()
    assert main([*stated(["audit", "one.npz", "--out", "out"]), "--level", "partition"]) == 0
    report = json.loads((here / "out" / "report.json").read_text())
    assert report["pattern_tier"] is None
    assert not (here / "out" / "patterns-certificate.json").exists()


def test_files_of_another_kind_are_not_written_over(here, capsys):
    (here / "notes.txt").write_text("notes")
    (here / "page.html").write_text("<!DOCTYPE html><title>mine</title>")
    proof = ["--certificate", "data.npz"]
    for command, said in (
        (stated(["train", "--out", "data.npz"]), "data.npz: is there and is not a network"),
        (stated(["train", "--out", "new.npz", *proof]), "data.npz: is there and is not a cert"),
        (stated(["train", "--out", "a", "--certificate", "./a"]), "--certificate: and --out are"),
        (stated(["round", "--out", "notes.txt"]), "notes.txt: is there and is not a network"),
        (["report", ".", "--out", "page.html"], "page.html: is there and is not a page of certnn"),
        (
            ["tightness", "--out", "t", "--save-baseline", "notes.txt"],
            "notes.txt: is there and is not a baseline",
        ),
    ):
        assert said in refused(capsys, here, command)


def test_files_of_the_same_kind_are_written_anew(here):
    train = stated(["train", "--time-limit", "1", "--gap", "0.5", "--out", "one.npz"])
    train += ["--certificate", "proof.json"]
    assert main(train) == 0
    assert main(train) == 0
    assert main(["check", "proof.json", "--data", "data.npz"]) == 0
    assert main(stated(["bound", *QUICK, "--out", "out"])) == 0
    assert main(["report", "out", "--out", "page.html"]) == 0
    assert main(["report", "out", "out/report.json", "--out", "page.html"]) == 0
    assert "2 audits" in (here / "page.html").read_text()


PLACES = [
    (["audit", "one.npz"], "--out", True),
    (["bound"], "--out", True),
    (["bound", "--digits", "3"], "--out", True),
    (["train"], "--out", False),
    (["train", "--out", "new.npz"], "--certificate", False),
    (["round"], "--out", False),
    (["path", "--data", "data.npz", "--regs", "1"], "--out", True),
    (["tightness"], "--out", True),
    (["tightness", "--out", "t"], "--save-baseline", False),
    (["experiments", "--quick", "--only", "tightness"], "--out", True),
    (["records", "--improve", "iris-0.1", "--work-limit", "1"], "--folder", True),
    (["report", "out"], "--out", False),
    (["demo"], "--out", True),
]


@pytest.mark.parametrize(("command", "option", "folder"), PLACES)
def test_places_are_looked_at_before_the_work(here, capsys, command, option, folder):
    if command[0] in ("audit", "bound", "train", "round"):
        command = stated(command)
    for place in ("data.npz/in", "/proc/none", "a" * 300):
        assert place in refused(capsys, here, [*command, option, place])
    wrong = "one.npz" if folder else str(here)
    assert f"{wrong}: cannot be " in refused(capsys, here, [*command, option, wrong])
    assert f"error: {option}: is empty" in refused(capsys, here, [*command, option, ""])
    if not folder:
        said = refused(capsys, here, [*command, option, "missing/file"])
        assert "missing/file: is in a folder that does not exist: missing" in said


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["tightness", "--out", "t", "--baseline", "none.json"], "none.json: does not exist"),
        (["tightness", "--out", "t", "--baseline", "data.npz"], "data.npz: is not a baseline"),
        (["tightness", "--out", "t", "--data", "none.npz"], "none.npz: does not exist"),
        (["tightness", "--out", "t", "--data", "flat.npz"], "X: must be a matrix"),
        (["tightness", "--out", "t", "--levels", "shor", "high"], "--levels: must be auto"),
        (["tightness", "--out", "t", "--n", "5", "0"], "--n: must be at least 1, got 0"),
        (["tightness", "--out", "t", "--seeds", "0"], "--seeds: must be at least 1, got 0"),
        (["tightness", "--out", "t", "--regs", "1", "-1"], "--regs: must be positive"),
        (["tightness", "--out", "t", "--time-limit", "nan"], "--time-limit: must be positive"),
        (["tightness", "--out", "t", "--families"], "--families: is empty"),
        (["experiments", "--out", "e", "--data-dir", "none"], "none/banknote.csv: does not exist"),
        (["experiments", "--out", "e", "--data-dir", "one.npz"], "banknote.csv: does not exist"),
        (["experiments", "--out", "e", "--reg", "0"], "--reg: must be positive"),
        (
            ["experiments", "--out", "e", "--only", "accuracy", "--datasets", "random"],
            "--datasets: has none of the table accuracy",
        ),
        (["bound", "--data", "a" * 300, "--reg", "1", "--out", "t"], "a: File name too long"),
        (["check", "one.npz", "--data", "a" * 300], "a: cannot be read: File name too long"),
        (["check", "one.npz", "--data", "none.npz"], "none.npz: does not exist"),
        (["check", "one.npz", "--data", "data.npz", "--targets", "no.npy"], "no.npy: does not"),
        (["report", "none", "--out", "page.html"], "none: does not exist"),
    ],
)
def test_inputs_are_looked_at_before_the_work(here, capsys, command, said):
    np.savez("flat.npz", X=np.ones(3), Y=np.ones(3))
    assert said in refused(capsys, here, command)
    assert not {"t", "e"} & set(os.listdir())


def test_tables_without_their_results_are_left(here, capsys):
    for command, name in (
        (["path", "--data", "data.npz", "--regs", "1"], "path.csv"),
        (["tightness"], "tightness.json"),
        (["experiments"], "experiments.md"),
    ):
        (here / "out").mkdir(exist_ok=True)
        (here / "out" / name).write_text("mine")
        assert f"out: holds {name}" in refused(capsys, here, [*command, "--out", "out"])


def test_a_path_refuses_a_folder_of_another_problem_before_it_trains(here, capsys):
    path = ["path", "--data", "data.npz", "--time-limit", "1", "--out", "path", "--regs"]
    assert "--level: must be" in refused(capsys, here, [*path, "1", "--level", "high"])
    assert not (here / "path").exists()
    assert main([*path, "1"]) == 0
    save_data("data.npz", random_network_data(1, 0.1, n=6, d=2, c=1))
    assert "certificate-1.0.json: is a cert" in refused(capsys, here, [*path, "2", "1"])
    (here / "path" / "certificate-1.0.json").write_text("{}")
    assert "certificate-1.0.json: is not a cert" in refused(capsys, here, [*path, "2", "1"])


def test_a_path_makes_its_folder(tmp_path):
    problem = random_network_data(0, 0.1, n=5, d=2, c=1)
    found = regularisation_path(problem, [1.0], time_limit=1.0, folder=tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "certificate-1.0.json").exists()
    found.save(tmp_path / "c")
    assert (tmp_path / "c" / "path.json").exists()


def test_half_a_run_is_not_kept_as_a_baseline(here, monkeypatch, capsys):
    from certnn.interfaces.commands import run_tightness as command

    true = command.sweep_with_progress
    monkeypatch.setattr(
        command,
        "sweep_with_progress",
        lambda *arguments, **more: (true(*arguments, **more)[0], True),
    )
    words = ["tightness", "--n", "4", "--c", "1", "--regs", "1", "--seeds", "1"]
    words += ["--levels", "shor", "--time-limit", "2", "--out", "t"]
    assert main([*words, "--save-baseline", "kept.json"]) == 130
    assert not (here / "kept.json").exists()


@pytest.mark.parametrize("more", [QUICK, ["--digits", "3"]])
def test_figures_are_shown_where_files_cannot_be_written_any_more(here, monkeypatch, capsys, more):
    def full(self, path):
        raise InputError(str(path), "cannot be written: No space left on device")

    monkeypatch.setattr("certnn.certificates.Certificate.save", full)
    assert main(stated(["bound", *more, "--out", "out"])) == 2
    said = capsys.readouterr()
    assert "roved" in said.out
    assert re.search(r"\d\.\d{3,}", said.out)
    assert said.err.splitlines()[-1].endswith("cannot be written: No space left on device")


def test_a_device_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for write in (require_place, lambda path: write_atomically(path, b"new")):
        with pytest.raises(InputError, match="pipe: cannot be written: it is a device"):
            write(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_looking_leaves_nothing(tmp_path):
    assert require_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert require_place(tmp_path / "file") == tmp_path / "file"
    assert list(tmp_path.iterdir()) == []
    assert make_folder(tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("out", ["my report; ls", "-rf", "certificate.json", "o'clock $HOME"])
def test_the_command_that_checks_again_can_be_pasted(here, capsys, out):
    os.rename("data.npz", "my 'data' $(ls) ä.npz")
    command = ["bound", *QUICK, "--reg", "0.1", "--data", "my 'data' $(ls) ä.npz", f"--out={out}"]
    assert main(command) == 0
    printed = capsys.readouterr().out.splitlines()
    report = json.loads((here / out / "report.json").read_text())
    page = (here / out / "report.html").read_text()
    rechecks = [report["recheck"], report["pattern_tier"]["recheck"]]
    assert rechecks == [line.strip() for line in printed if line.startswith("  certnn check ")]
    names = ["certificate.json", "patterns-certificate.json"]
    for recheck, name in zip(rechecks, names, strict=True):
        program, *words = shlex.split(recheck)
        assert program == "certnn"
        assert os.path.samefile(words[1], here / out / name)
        assert main(words) == 0
        shown = recheck.replace("'", "&#39;").replace('"', "&#34;")
        assert f"<pre>{shown}</pre>" in page
