"""What works with NumPy alone: checking certificates and reading reports; and what is said else."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import certnn
from certnn.interfaces.cli import main

CORRECT = Path(__file__).parents[1] / "certificates" / "correct"
#: Refuses every package of others but NumPy, as if it were not installed.
LIGHT = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("certnn", "numpy", "_distutils_hack"):
            raise ModuleNotFoundError(f"No module named {top!r}", name=name)

sys.meta_path.insert(0, Refused())
"""


def light(code, *arguments):
    """Run code without the packages of others, and return its exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(certnn.__file__).parents[1])},
    )
    return done.returncode, done.stdout, done.stderr


def command(*arguments):
    run = "from certnn.interfaces.cli import main; raise SystemExit(main(sys.argv[1:]))"
    return light(run, *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    draw = np.random.default_rng(0).standard_normal
    problem = certnn.TrainingProblem(draw((6, 2)), draw((6, 1)), reg=0.1)
    network = certnn.TwoLayerNetwork(draw((2, 3)), draw((3, 1)))
    place = tmp_path_factory.mktemp("light")
    certnn.audit(network, problem, level="shor", work_limit=1.0).save(place / "audit")
    np.savez(place / "data.npz", X=problem.X, Y=problem.Y)
    return place


def test_packages_of_others_are_refused_here():
    assert "No module named 'scipy'" in light("import scipy")[2]
    assert light("import certnn, numpy; print(certnn.Budget.__name__)")[1] == "Budget\n"


def test_the_version():
    code, out, errors = command("--version")
    assert (code, errors) == (0, "")
    assert out.startswith("certnn ")


@pytest.mark.parametrize("name", ["dnn", "partition", "phases", "regions-two-outputs"])
def test_certificates_are_checked(name, capsys):
    path = CORRECT / f"{name}.json"
    assert main(["check", str(path)]) == 0
    assert command("check", path) == (0, capsys.readouterr().out, "")


def test_a_certificate_is_checked_against_its_data(folder):
    certificate, data = folder / "audit" / "certificate.json", folder / "data.npz"
    code, out, errors = command("check", certificate, "--data", data)
    assert (code, errors) == (0, "")
    assert out.startswith("proved: ")
    code = (
        "import certnn, numpy; given = dict(numpy.load(sys.argv[2]));"
        "problem = certnn.TrainingProblem(given['X'], given['Y'], reg=0.1);"
        "print(certnn.check(sys.argv[1], problem).kind)"
    )
    assert light(code, certificate, data) == (0, "lower\n", "")


def test_reports_are_read(folder):
    code, out, errors = command("report", folder / "audit")
    assert (code, errors) == (0, "")
    heading, row, note = out.splitlines()
    assert heading.split("  ")[0] == "audit"
    assert " proved " in row
    assert note.startswith("Of reports that were read")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("audit network.npz --data data.npz --reg 0.1 --out o", "audit needs the package scipy"),
        ("report audit --out page.html", "report needs the package jinja2: pip install 'certnn'"),
        ("demo --out o", "demo needs the package rich"),
    ],
)
def test_what_is_missing_is_said_in_one_line(folder, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    code, out, errors = command(*arguments.split())
    assert (code, out) == (2, "")
    assert said in errors
    assert errors.count("\n") == 1


def test_doctor_lists_what_is_missing():
    run = "from certnn.interfaces.commands import packages as p;" + (
        "from certnn.certificates import web_checker as w;"
        "p.find_spec = w.find_spec = lambda name: None;"
        "from certnn.interfaces.cli import main; raise SystemExit(main(['doctor']))"
    )
    code, out, errors = light(run)
    assert (code, errors) == (0, "")
    assert "scipy is missing, and certnn needs it (pip install 'certnn'): searches\n" in out
    assert "picos is not installed (pip install 'certnn[solvers]'): --formulation dual\n" in out


def test_a_formulation_without_its_solver_is_refused(monkeypatch):
    monkeypatch.setattr("certnn.search.lower_bound.find_spec", lambda name: None)
    problem = certnn.TrainingProblem([[1.0]], [[1.0]], reg=0.1)
    choice = certnn.SolverChoice("CVXOPT", "dual")
    with pytest.raises(certnn.InputError, match=r"pip install 'certnn\[solvers\]'"):
        certnn.lower_bound(problem, "dnn", choice=choice)


def test_from_python_it_is_said_too():
    code, _, errors = light("import certnn; certnn.audit")
    assert code == 1
    last = errors.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: certnn.audit needs the package ")
    assert last.endswith(": pip install 'certnn'")
