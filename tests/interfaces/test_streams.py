"""Standard output and error that are closed, full, or cannot show everything."""

import json
import subprocess
import sys

import pytest

from certnn.interfaces.cli import main
from certnn.interfaces.commands.streams import steady_output
from certnn.reading.datasets import random_network_data
from certnn.reading.npz import save_data

CERTNN = f"{sys.executable} -m certnn.interfaces.cli"


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with data, a certificate, and one that claims too much."""
    here = tmp_path_factory.mktemp("streams")
    save_data(here / "data.npz", random_network_data(0, 0.1, n=5, d=2, c=1))
    command = ["bound", "--data", str(here / "data.npz"), "--reg", "0.1", "--level", "shor"]
    assert main([*command, "--time-limit", "2", "--out", str(here / "out")]) == 0
    document = json.loads((here / "out" / "certificate.json").read_text())
    document["claim"]["lower_bound"] = "1000/1"
    (here / "false.json").write_text(json.dumps(document))
    return here


def shell(here, command, **more):
    done = subprocess.run(
        ["bash", "-c", command.replace("certnn", CERTNN, 1)],
        capture_output=True,
        text=True,
        cwd=here,
        **more,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(
    "output", ["| true; exit ${PIPESTATUS[0]}", "2>&1 | true; exit ${PIPESTATUS[0]}", ">&-"]
)
def test_the_verdict_does_not_depend_on_who_listens(here, output):
    assert shell(here, f"certnn check out/certificate.json {output}").returncode == 0
    assert shell(here, f"certnn check false.json {output}").returncode == 1
    assert shell(here, f"certnn check none.json {output}").returncode == 2


def test_a_full_disk_is_told(here):
    done = shell(here, "certnn check out/certificate.json > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "certnn: error: standard output: No space left on device\n"
    assert shell(here, "certnn check false.json > /dev/full").returncode == 1


@pytest.mark.parametrize(
    "output", ["2>&1 | true; exit ${PIPESTATUS[0]}", ">&- 2>&-", "2> /dev/full", ">/dev/null"]
)
def test_results_are_written_whoever_listens(here, tmp_path, output):
    out = tmp_path / "out"
    bound = f"certnn bound --data data.npz --reg 0.1 --level shor --time-limit 2 --out {out}"
    assert shell(here, f"{bound} {output}").returncode == 0
    assert json.loads((out / "report.json").read_text())["lower_bound"]["level"] == "shor"


def test_what_an_encoding_does_not_have_is_escaped(here, tmp_path):
    out = tmp_path / "aus\udcff"
    bound = f"certnn bound --data data.npz --reg 0.1 --level shor --time-limit 2 --out {out}"
    done = shell(here, bound, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"})
    assert done.returncode == 0
    assert "proved \\u2265 " in done.stderr
    assert "/aus\\udcff: report.html" in done.stdout
    assert (out / "report.json").exists()


@pytest.mark.parametrize("words", ["--help", "audit --help", "fly", "bound", ""])
def test_help_and_usage_need_no_reader(here, words):
    code = 0 if "--help" in words or not words else 2
    assert shell(here, f"certnn {words} >&- 2>&-").returncode == code
    assert shell(here, f"certnn {words} 2>&1 | true; exit ${{PIPESTATUS[0]}}").returncode == code


def test_the_streams_are_as_before_afterwards(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    error = sys.stderr
    with steady_output() as output:
        print("nobody reads this")
        assert sys.stdout is output
    assert (sys.stdout, sys.stderr) == (None, error)
    assert output.trouble == ""
