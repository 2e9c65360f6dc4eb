"""Every file in correct/, incorrect/ and malformed/ gets its verdict, from every checker."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest
import specification
from certificate_parts import files, load, names
from true_objectives import objective, strong_networks

from certnn import kernel

CORRECT, INCORRECT, MALFORMED = (files(f) for f in ("correct", "incorrect", "malformed"))


@pytest.fixture(params=["python", "flint", "filter", "row by row"])
def backend(request, monkeypatch):
    if request.param == "filter":
        monkeypatch.setattr(kernel.partition, "_SMALL", 0)
        monkeypatch.setattr(kernel.cells, "_SMALL", 0)
        return "auto"
    if request.param == "row by row":  # as large files are read
        monkeypatch.setattr(kernel.exact, "_PIECE", 1)
        return "python"
    if request.param == "flint":
        monkeypatch.setattr(kernel.exact, "_SMALL", 0)
    return request.param


@pytest.mark.parametrize("path", CORRECT, ids=names(CORRECT))
def test_correct_is_proved(path, backend):
    bound = kernel.check_certificate(path.read_bytes(), backend)
    claim = load(path)["claim"]
    assert bound.kind == "lower"
    assert bound.value == Fraction(claim["lower_bound"])
    assert bound.instance == kernel.read_instance(path.read_bytes())
    assert (bound.instance.n, bound.instance.d, bound.instance.c) == (
        claim["n"],
        claim["d"],
        claim["c"],
    )
    assert (bound.instance.reg, bound.instance.hidden_bias) == (claim["reg"], claim["hidden_bias"])


@pytest.mark.parametrize("path", CORRECT, ids=names(CORRECT))
def test_correct_claim_is_true_of_networks(path):
    certificate = load(path)
    claimed = Fraction(certificate["claim"]["lower_bound"])
    objectives = [objective(certificate, *network) for network in strong_networks(certificate)]
    assert claimed <= min(objectives)
    assert claimed > min(objectives) / 10 or min(objectives) == 0  # a bound that says something


@pytest.mark.parametrize("path", INCORRECT, ids=names(INCORRECT))
def test_incorrect_is_rejected(path, backend):
    with pytest.raises(kernel.Rejected) as caught:
        kernel.check_certificate(path.read_bytes(), backend)
    assert load(path)["about"]["rejected for"] in str(caught.value)
    assert kernel.read_instance(path.read_bytes()).n == load(path)["claim"]["n"]


@pytest.mark.parametrize("path", MALFORMED, ids=names(MALFORMED))
def test_malformed_is_refused(path, backend):
    with pytest.raises(kernel.Malformed) as caught:
        kernel.check_certificate(path.read_bytes(), backend)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 200


def test_some_incorrect_claims_are_false_and_not_merely_unproved():
    """The tight file claims the optimum itself, and an incorrect one slightly more."""
    optimum = Fraction(5, 2)
    certificate = load(CORRECT[names(CORRECT).index("tight")])
    root = 2.0**0.5  # |u| = |v|, u·v = y − reg = 2
    assert Fraction(certificate["claim"]["lower_bound"]) == optimum
    assert abs(float(objective(certificate, [[root]], [[root]]) - optimum)) < 1e-14
    false = load(INCORRECT[names(INCORRECT).index("claim-above-optimum-by-1e-500")])
    assert Fraction(false["claim"]["lower_bound"]) > optimum


@pytest.mark.parametrize("path", CORRECT + INCORRECT, ids=names(CORRECT + INCORRECT))
def test_checker_in_the_specification_agrees(path, plain_checker):
    assert plain_checker(path.read_bytes()) is (path in CORRECT)


def test_checker_in_the_specification_is_a_program_of_nine_pages(tmp_path):
    source = specification.source()
    assert "import certnn" not in source
    assert "from certnn" not in source
    assert len(source.splitlines()) <= 500
    program = tmp_path / "checker.py"
    program.write_text(source, "utf-8")
    for path, code, word in ((CORRECT[0], 0, b"proved"), (INCORRECT[0], 1, b"rejected")):
        ran = subprocess.run([sys.executable, "-I", program, path], capture_output=True)
        assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (code, word, b"")


def test_checker_in_the_specification_rounds_nothing():
    program, little = specification.plain_program(), Fraction(1, 10**30)
    claim = {"loss": "huber", "delta": 0.7, "reg": 2.0, "hidden_bias": False}
    (Z, Y), delta = ([[Fraction(2, 5)]], [[Fraction(1)]]), Fraction(0.7)
    assert program["proved_value"](claim, Z, Y, Fraction(1), False) == Fraction(8, 25)
    for w, is_term in ((delta, True), (delta + little, False)):
        value = program["proved_value"](claim, [[w]], Y, Fraction(2), False)
        assert value == (w - w * w / 2 if is_term else -1)


def test_entropies_in_the_specification_of_tiny_parts():
    """It is p (1 − log p) but for terms of p², and log p is −300 log 10 = −690.78."""
    part = Fraction(1, 10**300)
    found = specification.plain_program()["entropy"]([part, 1 - part])
    assert 690 * part < found < 692 * part


def test_files_are_small():
    assert all(path.stat().st_size < 20_000 for path in CORRECT + INCORRECT + MALFORMED)
