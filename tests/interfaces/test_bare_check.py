"""The program of one file: where nothing is installed it says what ``certnn check`` says."""

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

from certnn.interfaces.bare_check import bare_check
from certnn.interfaces.cli import main
from certnn.kernel import read_instance

CERTIFICATES = Path(__file__).parents[1] / "certificates"
FILES = sorted(CERTIFICATES.glob("*/*.json"))
#: Checks many files in one process, as the program does it.
SEVERAL = """
import contextlib, io, json, sys
sys.path.insert(0, sys.argv[1])
from certnn.interfaces.bare_check import main
said = []
for path in sys.argv[2:]:
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main([path])
    said.append([code, out.getvalue(), errors.getvalue()])
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A folder with the program and an interpreter without any package, and a way to run it."""
    folder = tmp_path_factory.mktemp("bare")
    assert main(["check", "--export", str(folder / "check.pyz")]) == 0
    venv.create(folder / "empty", with_pip=False)

    def run(*words):
        python = folder / "empty" / "bin" / "python"
        done = subprocess.run(
            [python, "-I", "-S", *map(str, words)],
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env={},
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_nothing_is_installed_there(bare):
    for name in ("numpy", "certnn"):
        assert f"No module named '{name}'" in bare("-c", f"import {name}")[2]


def test_it_says_what_the_command_says(bare, capsys):
    for folder, code in (("correct", 0), ("incorrect", 1), ("malformed", 2)):
        path = next(iter((CERTIFICATES / folder).glob("p*.json")))
        assert main(["check", str(path)]) == code
        said = capsys.readouterr()
        assert bare("check.pyz", path) == (code, said.out, said.err)


def test_it_says_so_of_every_certificate(bare, capsys):
    code, out, errors = bare("-c", SEVERAL, "check.pyz", *FILES)
    assert (code, errors) == (0, "")
    for path, found in zip(FILES, json.loads(out), strict=True):
        expected = main(["check", str(path), "--arithmetic", "python"])
        said = capsys.readouterr()
        assert found == [expected, said.out, said.err], path


@pytest.fixture
def data(tmp_path):
    """A certificate, and a function that writes the data of it as an .npz, changed."""
    certificate = CERTIFICATES / "correct" / "dnn.json"
    instance = read_instance(certificate.read_bytes())
    X = np.frombuffer(instance.X).reshape(instance.n, -1)
    Y = np.frombuffer(instance.Y).reshape(instance.n, -1)

    def saved(change=lambda X, Y: (X, Y), save=np.savez):
        x, y = change(X, Y)
        save(tmp_path / "data.npz", X=x, Y=y)
        return certificate, "--data", tmp_path / "data.npz"

    return saved


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda X, Y: (X, Y), 0, "proved: "),
        (lambda X, Y: (np.asfortranarray(X), Y.astype(">f8")), 0, "proved: "),
        (lambda X, Y: (np.nextafter(X, 9.0), Y), 1, "rejected: the certificate is for other data"),
        (lambda X, Y: (X, Y + 0.5), 1, "rejected: the certificate is for other data"),
        (lambda X, Y: (X[:1], Y[:1]), 1, "rejected: the certificate is for other data"),
        (lambda X, Y: (X, Y[:, 0]), 2, "may be labels"),
        (lambda X, Y: (X, np.array(["a", "b", "a", "b"])), 2, "array Y is not one of numbers"),
        (lambda X, Y: (X + 0j, Y), 2, "array X is not one of numbers"),
        (lambda X, Y: (np.full(X.shape, 2**60 + 1), Y), 2, "float64 cannot hold"),
        (lambda X, Y: (np.array([{}], dtype=object), Y), 2, "array X is not one of numbers"),
    ],
)
def test_the_data_are_compared(bare, data, change, code, said):
    found, out, errors = bare("check.pyz", *data(change))
    assert found == code
    assert said in (errors if code == 2 else out)
    assert (out + errors).count("\n") == 1


def test_data_may_be_compressed_and_must_be_there(bare, data, tmp_path):
    certificate, option, path = data(save=np.savez_compressed)
    assert bare("check.pyz", certificate, option, path)[0] == 0
    assert bare("check.pyz", certificate, option, certificate)[0] == 2
    path.write_bytes(path.read_bytes()[:-30])
    assert "is not a whole zip file" in bare("check.pyz", certificate, option, path)[2]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X.npy", np.lib.format.magic(1, 0) + b"\x05\x00")
    assert "array X is not one of numbers" in bare("check.pyz", certificate, option, path)[2]
    assert "does not exist" in bare("check.pyz", certificate, option, tmp_path / "none.npz")[2]


@pytest.mark.parametrize("dtype", ["i1", ">i8", "u2", "f2", "f4", "b1"])
def test_other_numbers_are_data(bare, tmp_path, dtype):
    X, Y = np.array([1.0]).astype(dtype), np.array([[3.0]])
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    tight = CERTIFICATES / "correct" / "tight.json"  # of the point 1 with the target 3
    assert bare("check.pyz", tight, "--data", tmp_path / "data.npz")[0] == 0


def test_without_a_certificate_it_says_so(bare):
    code, out, errors = bare("check.pyz")
    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert bare("check.pyz", "none.json")[0] == 2


def test_it_has_the_kernel_as_it_is_and_no_filter_in_floats(tmp_path):
    (tmp_path / "check.pyz").write_bytes(bare_check())
    with zipfile.ZipFile(tmp_path / "check.pyz") as archive:
        there = {info.filename: archive.read(info) for info in archive.infolist()}
    root = Path(sys.modules["certnn"].__file__).parents[1]
    del there["__main__.py"]
    assert all((root / name).read_bytes() == content for name, content in there.items())
    kernel = {path.name for path in (root / "certnn" / "kernel").glob("*.py")}
    filters = {"float_filter.py", "cell_filter.py", "interval_filter.py"}
    assert {name for name in kernel if f"certnn/kernel/{name}" in there} == kernel - filters


def test_it_is_the_same_wherever_it_is_made(monkeypatch, tmp_path):
    first = bare_check()
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.chdir(tmp_path)
    assert bare_check() == first


def test_it_is_written_over_its_own_kind_alone(tmp_path, capsys):
    place = tmp_path / "check.pyz"
    for _ in range(2):
        assert main(["check", "--export", str(place)]) == 0
    assert capsys.readouterr().out.endswith(f"python3 {place} CERTIFICATE\n")
    for other in (b"text", b"PK\x05\x06" + bytes(18)):
        place.write_bytes(other)
        assert main(["check", "--export", str(place)]) == 2
        assert "is not a program of certnn check" in capsys.readouterr().err
        assert place.read_bytes() == other


@pytest.mark.parametrize("more", [["c.json"], ["--verified"], ["--data", "d.npz"]])
def test_an_export_checks_nothing(tmp_path, capsys, more):
    place = tmp_path / "check.pyz"
    assert main(["check", "--export", str(place), *more]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not place.exists()
