"""The command line as a user meets it: exit codes, one-line errors, files."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
import pytest

from certnn import InputError, lower_bound
from certnn.interfaces.cli import main
from certnn.interfaces.commands.compile_searches import compile_searches
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.datasets import iris, random_network_data
from certnn.reading.npz import load_network, save_data, save_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with data.npz, net.npz and a finished audit in out/."""
    folder = tmp_path_factory.mktemp("cli")
    problem = random_network_data(0, 0.1, n=8, d=2, c=2)
    save_data(folder / "data.npz", problem)
    draw = np.random.default_rng(0).standard_normal
    save_network(folder / "net.npz", TwoLayerNetwork(draw((2, 5)), draw((5, 2))))
    assert audit(folder, "--level", "dnn", "--work-limit", "20", out="out") == 0
    return folder


def audit(folder, *more, out, network="net.npz", data="data.npz", reg="0.1"):
    command = ["audit", str(folder / network), "--data", str(folder / data), "--reg", reg]
    return main([*command, "--out", str(folder / out), *more])


def one_line_error(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


def test_audit_writes_the_contract(folder):
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["lower_bound"]["level"] == "dnn"
    assert report["lower_bound"]["exact"].count("/") == 1
    assert report["lower_bound"]["value"] <= report["best_network"]["objective"]
    assert report["best_network"]["objective"] <= report["network"]["objective"]
    expected = 1 - report["lower_bound"]["value"] / report["network"]["objective"]
    assert report["gap"] == pytest.approx(expected, rel=1e-9)
    assert {"n", "d", "c", "reg", "data_sha256"} <= set(report["problem"])
    assert "certificate.json" in report["recheck"]
    assert (folder / "out" / "report.html").read_text().startswith("<!")


def test_check_proves(folder, capsys):
    certificate = str(folder / "out" / "certificate.json")
    for arithmetic in ("auto", "python", "flint"):
        code = main(
            ["check", certificate, "--data", str(folder / "data.npz"), "--arithmetic", arithmetic]
        )
        assert code == 0
        line = capsys.readouterr().out
        assert line.startswith("proved: ")
        assert " >= " in line
        assert line.count("\n") == 1


def test_check_refuses_other_data(folder, capsys):
    certificate = str(folder / "out" / "certificate.json")
    with np.load(folder / "data.npz") as data:
        x, y = data["X"].copy(), data["Y"]
    x[0, 0] = np.nextafter(x[0, 0], 9.0)
    np.savez(folder / "other.npz", X=x, Y=y)
    assert main(["check", certificate, "--data", str(folder / "other.npz")]) == 1
    assert capsys.readouterr().out.startswith("rejected: ")


def test_check_rejects_a_raised_claim(folder, capsys):
    document = json.loads((folder / "out" / "certificate.json").read_text())
    p, q = document["claim"]["lower_bound"].split("/")
    document["claim"]["lower_bound"] = f"{int(p) + 1}/{q}"
    (folder / "raised.json").write_text(json.dumps(document))
    assert main(["check", str(folder / "raised.json")]) == 1
    assert "claimed lower bound" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\x00" * 100, b'{"format": '])
def test_check_malformed(tmp_path, capsys, content):
    (tmp_path / "c.json").write_bytes(content)
    assert main(["check", str(tmp_path / "c.json")]) == 2
    assert "malformed" in one_line_error(capsys)


def test_check_missing_file(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.json")]) == 2
    assert "does not exist" in one_line_error(capsys)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"reg": "0"}, "reg"),
        ({"reg": "-1"}, "reg"),
        ({"reg": "nan"}, "reg"),
        ({"reg": "1e-300"}, "reg"),
        ({"network": "none.npz"}, "none.npz"),
        ({"data": "none.npz"}, "none.npz"),
        ({"network": "data.npz"}, "has no array U"),
        ({"data": "net.npz"}, "has no array X"),
        ({"data": "nan.npz"}, "X"),
        ({"data": "short.npz"}, "Y"),
        ({"data": "empty.npz"}, "X"),
        ({"data": "flat.npz"}, "X"),
        ({"data": "text.npz"}, "X"),
        ({"data": "objects.npz"}, "objects.npz"),
        ({"data": "garbage.npz"}, "garbage.npz"),
        ({"data": "cut.npz"}, "cut.npz"),
        ({"network": "wide.npz"}, "U"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(folder, capsys, changes, word):
    x, y = np.ones((4, 2)), np.ones((4, 2))
    np.savez(folder / "nan.npz", X=np.full((4, 2), np.nan), Y=y)
    np.savez(folder / "short.npz", X=x, Y=y[:3])
    np.savez(folder / "empty.npz", X=x[:0], Y=y[:0])
    np.savez(folder / "flat.npz", X=x[0], Y=y)
    np.savez(folder / "text.npz", X=np.full((4, 2), "a"), Y=y)
    np.savez(folder / "objects.npz", X=np.array([[Bomb()]], dtype=object), Y=y)
    np.savez(folder / "wide.npz", U=np.ones((3, 1)), V=np.ones((1, 2)))
    (folder / "garbage.npz").write_bytes(os.urandom(200))
    (folder / "cut.npz").write_bytes((folder / "data.npz").read_bytes()[:300])
    assert audit(folder, out="unwritten", **changes) == 2
    assert word in one_line_error(capsys)
    assert not (folder / "unwritten").exists()


class Bomb:
    """Fails the test if it is ever unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_the_bomb_would_go_off():
    with pytest.raises(pytest.fail.Exception):
        pickle.loads(pickle.dumps(Bomb()))


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["audit"],
        ["bound", "--data", "d.npz"],
        ["bound", "--data", "d.npz", "--reg", "much", "--out", "o"],
    ],
)
def test_usage_errors(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    one_line_error(capsys)


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--level", "highest"], "--level"),
        (["--gap", "2"], "--gap"),
        (["--gap=2"], "--gap"),
        (["--time-limit", "-3"], "--time-limit"),
        (["--work-limit", "0"], "--work-limit"),
        (["--memory-limit", "0"], "--memory-limit"),
        (["--solver", "NOSUCH", "--level", "dnn"], "--solver"),
        (["--level", ""], "--level"),
    ],
)
def test_bad_search_options(folder, capsys, more, word):
    assert audit(folder, *more, out="unwritten2") == 2
    assert f"error: {word}: " in one_line_error(capsys)
    assert not (folder / "unwritten2").exists()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ([], "--reg"),
        (["--reg", "0.1", "--convention", "mean", "--decay", "0.1"], "--reg"),
        (["--convention", "mean"], "--decay"),
        (["--reg", "0.1", "--decay", "0.1"], "--decay"),
        (["--convention", "torch", "--decay", "0.1"], "--convention"),
        (["--convention", "mean", "--decay", "-1"], "--decay"),
        (["--convention", "scikit-learn", "--decay", "1", "--batches", "0"], "--batches"),
    ],
)
def test_bad_weight_decay_is_one_line(folder, capsys, more, word):
    command = ["bound", "--data", str(folder / "data.npz"), "--out", str(folder / "unwritten3")]
    assert main([*command, *more]) == 2
    assert f"error: {word}: " in one_line_error(capsys)


def test_weight_decay_in_the_convention_of_a_library(folder, capsys):
    command = ["bound", "--data", str(folder / "data.npz"), "--level", "shor"]
    command += ["--convention", "torch-mse", "--decay", "0.0125", "--out", str(folder / "torch")]
    assert main(command) == 0
    assert "reg = ncλ/2 = 0.1" in " ".join(capsys.readouterr().out.split())
    report = json.loads((folder / "torch" / "report.json").read_text())
    assert report["problem"]["reg"] == 0.0125 * 8 * 2 / 2
    assert "MSELoss" in report["decay"]


def test_out_is_a_file(folder, capsys):
    assert audit(folder, out="net.npz") == 2
    assert "net.npz" in one_line_error(capsys)


def test_a_verified_check_needs_the_checker(folder, capsys, monkeypatch):
    monkeypatch.setenv("CERTNN_CHECKER", str(folder / "no-checker"))
    assert main(["check", str(folder / "out" / "certificate.json"), "--verified"]) == 2
    assert "no-checker" in one_line_error(capsys)


@pytest.mark.parametrize("command", ["train", "round", "path"])
def test_a_seed_is_a_whole_number(folder, capsys, command):
    stated = ["--reg", "0.1"] if command != "path" else ["--regs", "0.1"]
    words = [command, "--data", str(folder / "data.npz"), *stated, "--out", str(folder / "seeded")]
    assert main([*words, "--seed", "-1"]) == 2
    assert "error: --seed: must be a whole number" in one_line_error(capsys)
    for seed in (-1, 0.5, "a", None):
        with pytest.raises(InputError, match=r"^seed: must be a whole number"):
            lower_bound(iris(0.1), "shor", seed=seed)


def test_train_then_bound(folder, capsys):
    data, net = str(folder / "data.npz"), str(folder / "trained.npz")
    assert main(["train", "--data", data, "--reg", "0.1", "--work-limit", "3", "--out", net]) == 0
    assert capsys.readouterr().out.startswith("objective ")
    assert load_network(net).V.shape[1] == 2
    command = ["bound", "--data", data, "--reg", "0.1", "--level", "block(4)"]
    code = main([*command, "--work-limit", "20", "--out", str(folder / "bound")])
    assert code == 0
    report = json.loads((folder / "bound" / "report.json").read_text())
    assert report["network"] is None
    assert report["lower_bound"]["level"] == "block(4)"


def test_groups_of_points(folder):
    data, out = str(folder / "grouped.npz"), folder / "groups"
    save_data(data, random_network_data(3, 1.0, n=24, d=2, c=1))
    command = ["bound", "--data", data, "--reg", "1", "--level", "groups(2)"]
    assert main([*command, "--work-limit", "20", "--out", str(out)]) == 0
    certificate = json.loads((out / "certificate.json").read_text())
    assert certificate["proof"]["kind"] == "groups"
    assert json.loads((out / "report.json").read_text())["lower_bound"]["level"] == "groups(2)"
    assert main(["check", str(out / "certificate.json"), "--data", data]) == 0


def test_hidden_bias(folder):
    draw = np.random.default_rng(0).standard_normal
    save_network(folder / "biased.npz", TwoLayerNetwork(draw((3, 4)), draw((4, 2))))
    arguments = ["--hidden-bias", "--level", "shor", "--work-limit", "6"]
    assert audit(folder, *arguments, out="biased", network="biased.npz") == 0
    report = json.loads((folder / "biased" / "report.json").read_text())
    assert report["problem"]["hidden_bias"] == "decayed"
    assert main(["check", str(folder / "biased" / "certificate.json")]) == 0


def test_a_csv_file_with_labels_and_another_loss(folder, capsys):
    x = np.random.default_rng(0).standard_normal((12, 2))
    lines = ["size,kind,weight"]
    lines += [f"{p},{'good' if p + q > 0 else 'bad'},{q}" for p, q in x.tolist()]
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    data = ["--data", str(folder / "data.csv"), "--label", "kind"]
    command = ["train", *data, "--loss", "logistic", "--hidden-bias", "--output-bias", "free"]
    command += ["--convention", "torch-bce", "--decay", "0.05", "--gap", "0.01"]
    command += ["--out", str(folder / "logistic.npz"), "--certificate", str(folder / "l.json")]
    assert main(command) == 0
    assert "reg = ncλ = 0.6" in capsys.readouterr().out
    assert main(["check", str(folder / "l.json"), *data]) == 0
    assert "loss=logistic, hidden bias, free output bias" in capsys.readouterr().out
    command = ["audit", str(folder / "logistic.npz"), *data, "--loss", "logistic", "--reg", "0.6"]
    command += ["--hidden-bias", "--output-bias", "free", "--gap", "0.02"]
    assert main([*command, "--out", str(folder / "logistic")]) == 0
    report = json.loads((folder / "logistic" / "report.json").read_text())
    assert report["gap"] <= 0.02
    assert report["problem"]["loss"] == "logistic"
    assert report["recheck"].endswith("data.csv --label kind")
    assert main([*command[:-2], "--convention", "torch-mse", "--decay", "1", "--out", "o"]) == 2


def test_the_loss_is_the_one_that_the_convention_is_for(folder, capsys):
    x = np.random.default_rng(0).standard_normal((12, 2))
    np.savez(folder / "classes.npz", X=x, Y=(x[:, 0] > 0).astype(int) + (x[:, 1] > 0))
    command = ["bound", "--data", str(folder / "classes.npz"), "--level", "shor"]
    command += ["--convention", "torch-cross-entropy", "--decay", "0.05"]
    assert main([*command, "--out", str(folder / "classes")]) == 0
    report = json.loads((folder / "classes" / "report.json").read_text())
    assert report["problem"]["loss"] == "softmax"
    assert report["problem"]["classes"] == ["0", "1", "2"]
    assert main([*command, "--loss", "half-squared", "--out", "o"]) == 2
    assert "is for softmax, not for half-squared: name the loss" in capsys.readouterr().err


def run(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "certnn.interfaces.cli", *arguments],
        capture_output=True,
        text=True,
        **more,
    )


def test_help_and_check_import_nothing_heavy(folder):
    code = (
        "import sys; from certnn.interfaces.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'cvxpy', 'rich', 'scipy'} & set(sys.modules)))"
    )
    for arguments in (["--help"], ["check", str(folder / "out" / "certificate.json")]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"


def test_import_of_the_package_is_light():
    code = "import sys, certnn; print({'numpy', 'cvxpy', 'scipy', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("solver", "number", "code"),
    [
        ("certnn", signal.SIGINT, 130),
        ("CLARABEL", signal.SIGINT, 130),
        ("certnn", signal.SIGTERM, 143),
    ],
)
def test_ctrl_c_keeps_the_bound(tmp_path, solver, number, code):
    problem = iris(0.1)
    save_data(tmp_path / "iris.npz", problem)
    command = [
        sys.executable,
        "-m",
        "certnn.interfaces.cli",
        "bound",
        "--data",
        str(tmp_path / "iris.npz"),
    ]
    command += ["--reg", "0.1", "--level", "dnn", "--out", str(tmp_path / "out")]
    command += ["--solver", solver]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        # The solver is running by now, CLARABEL in a process of its own.
        if "block(25)" in line or "s   dnn " in line:
            time.sleep(0.5)
            os.killpg(process.pid, number)
            break
    _, error = process.communicate()
    assert process.returncode == code, (lines, error)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["interrupted"] is True
    assert report["lower_bound"]["value"] > 0.0
    assert main(["check", str(tmp_path / "out" / "certificate.json")]) == 0


def test_without_a_command_it_says_what_there_is(capsys):
    assert main([]) == 0
    assert "doctor" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"certnn {version('certnn')}\n"
    as_module = [sys.executable, "-m", "certnn", "--version"]
    done = subprocess.run(as_module, capture_output=True, text=True, check=True)
    assert done.stdout == f"certnn {version('certnn')}\n"


def test_doctor_says_what_is_installed(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert f"certnn {version('certnn')}" in said
    assert "CLARABEL" in said
    assert f"h5py {version('h5py')}: .keras files" in said
    monkeypatch.setattr("certnn.interfaces.commands.packages.find_spec", lambda name: None)
    assert main(["doctor"]) == 0
    missing = "h5py is not installed (pip install 'certnn[formats]'): .keras files"
    assert missing in capsys.readouterr().out


@pytest.mark.parametrize(("took", "said"), [(12.4, "compiled in 12 s"), (0.0, "is compiled alrea")])
def test_doctor_compiles_if_asked_to(capsys, monkeypatch, took, said):
    where = "certnn.interfaces.commands.compile_searches.compile_searches"
    monkeypatch.setattr(where, lambda: took)
    assert main(["doctor", "--compile"]) == 0
    assert said in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.slow
def test_after_compiling_there_is_nothing_to_compile(capfd):
    compile_searches()
    for outputs in (2, 1, 3):
        assert compile_searches(outputs) == 0.0
    assert " cells" in capfd.readouterr().err


def test_the_verdict_alone_or_the_report_as_json(folder, capsys):
    command = ["bound", "--data", str(folder / "data.npz"), "--reg", "0.1", "--level", "shor"]
    assert main([*command, "--out", str(folder / "quiet"), "--quiet"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith("no network of any width is below ")
    assert said.out.count("\n") == 1
    assert main([*command, "--out", str(folder / "json"), "--json"]) == 0
    printed = capsys.readouterr().out
    assert printed == (folder / "json" / "report.json").read_text()


def test_what_is_to_be_expected_is_said_first(tmp_path, capsys):
    save_data(tmp_path / "data.npz", random_network_data(0, 1.0, n=30, d=3, c=2))
    command = ["bound", "--data", str(tmp_path / "data.npz"), "--reg", "1", "--gap", "0.9"]
    command += ["--work-limit", "10", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    first, *others = capsys.readouterr().err.splitlines()
    said = r"30×3, reg 1: the gap expected in 10 s is (about|below) .+ %.*; a forecast, not proved"
    assert re.fullmatch(said, first)
    assert not any("forecast" in line for line in others)
    assert main([*command, "--level", "shor"]) == 0  # of which nothing is known
    assert "forecast" not in capsys.readouterr().err
    assert main([*command, "--work-limit", "-1"]) == 2
    assert "work-limit: must be" in one_line_error(capsys)


def test_demo_options(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["demo", "--help"])
    assert caught.value.code == 0
    assert "--out" in capsys.readouterr().out


def test_many_digits(folder, capsys):
    save_data(folder / "few.npz", random_network_data(0, 0.1, n=4, d=2, c=2))
    command = ["bound", "--data", str(folder / "few.npz"), "--reg", "0.1", "--digits", "25"]
    assert main([*command, "--out", str(folder / "digits")]) == 0
    said = capsys.readouterr().out
    digits = re.search(r">= ([0-9.]+),", said)[1]
    assert len(digits) > 25
    assert main(["check", str(folder / "digits" / "certificate.json")]) == 0
    assert f"{float(digits):.12f}"[:12] in capsys.readouterr().out
    assert main([*command[:-1], "1000", "--out", str(folder / "digits")]) == 2


def test_a_file_called_as_an_option_is_named_as_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["bound", "--data", "gap.npz", "--reg", "1", "--gap", "0.1", "--out"]
    (tmp_path / "gap").write_text("")
    assert main([*command, "gap"]) == 2
    assert one_line_error(capsys).startswith("certnn: error: gap: cannot be made a folder")
