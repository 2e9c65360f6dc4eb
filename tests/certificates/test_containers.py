"""Containers: the same verdict as of the JSON, and none for what is not one to the letter."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
from certificate_parts import dump, files, load, names
from containers import contained, npy, taken_apart, zipped
from hypothesis import example, given
from hypothesis import strategies as st
from test_certificate_mutants import mutated

import certnn.certificates.document
from certnn import kernel
from certnn.certificates.dual_point import DualPoint
from certnn.certificates.extracted_checker import integer_form
from certnn.certificates.matrix_documents import psd_certificate
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import quadratic_form
from certnn.certificates.repair import repair, shor_products
from certnn.interfaces.cli import main
from certnn.kernel import Malformed, Rejected, check_certificate
from certnn.problem.training_problem import TrainingProblem

CORRECT, INCORRECT = files("correct"), files("incorrect")
GOOD = load(CORRECT[names(CORRECT).index("shor")])


def verdict(document):
    """The bound that is proved, or the class of the error and what it says."""
    try:
        return check_certificate(document).value
    except (Malformed, Rejected) as error:
        return type(error), str(error)


@pytest.mark.parametrize("path", CORRECT + INCORRECT, ids=names(CORRECT + INCORRECT))
def test_json_and_container_get_one_verdict(path):
    assert verdict(contained(load(path))) == verdict(path.read_bytes())


def test_the_bound_is_that_of_the_json_but_for_its_evidence():
    document = contained(GOOD)
    bound, plain = check_certificate(document), check_certificate(dump(GOOD))
    assert bound.instance == plain.instance
    assert bound.evidence == sha256(document).hexdigest() != plain.evidence
    assert check_certificate(io.BytesIO(document)).evidence == bound.evidence
    assert kernel.read_instance(document) == plain.instance
    assert integer_form(document) == integer_form(dump(GOOD))


def test_about_patterns():
    certificate = json.loads(dump(GOOD))
    certificate["format"] = "certnn-pattern-certificate"
    with pytest.raises(kernel.PatternsOnly):
        check_certificate(contained(certificate))


@pytest.mark.parametrize("name", ["shor", "summed", "partition", "phases", "cells", "groups"])
def test_checker_in_the_specification_reads_it(name, plain_checker):
    good = load(CORRECT[names(CORRECT).index(name)])
    assert plain_checker(contained(good))
    good["claim"]["lower_bound"] = "1000000/1"
    assert not plain_checker(contained(good))


def test_the_commands_read_it(tmp_path, capsys):
    path = tmp_path / "proof.zip"
    path.write_bytes(contained(GOOD))
    assert main(["check", str(path)]) == 0
    said = capsys.readouterr()
    assert main(["check", "--export", str(tmp_path / "check.pyz")]) == 0
    run = [sys.executable, "-I", tmp_path / "check.pyz", path]
    done = subprocess.run(run, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, said.out, "")
    path.write_bytes(contained(GOOD)[:-1])
    assert main(["check", str(path)]) == 2
    assert "not a whole zip file" in capsys.readouterr().err


HEAD, ARRAYS = taken_apart(GOOD)
MEMBERS = {name: npy(array) for name, array in ARRAYS.items()}


def built(head=HEAD, **changed):
    """The container of the good certificate with some members changed: None leaves one out."""
    members = MEMBERS | {name.replace("__", "."): content for name, content in changed.items()}
    kept = [(name, content) for name, content in members.items() if content is not None]
    return zipped([("certificate.json", json.dumps(head)), *kept])


def changed_bytes(document, at, content):
    return document[:at] + content + document[at + len(content) :]


def referring(name):
    head = json.loads(json.dumps(HEAD))
    head["data"]["X"] = name
    return head


X, FIRST = ARRAYS["data.X.npy"], ARRAYS["proof.products.first.npy"]
WHOLE, X_NPY = built(), MEMBERS["data.X.npy"]
NAN = X.copy()
NAN[0] = np.nan
DIRECTORY = WHOLE.index(b"PK\1\2")
SHAPE = b"(%d,)" % X.size
HUGE = X_NPY.replace(SHAPE, b"(%s,)" % (b"9" * (len(SHAPE) - 3)))
WRONG = {
    "empty zip": zipped([]),
    "two bytes": b"PK",
    "only the JSON": zipped([("certificate.json", json.dumps(HEAD))]),
    "no JSON": zipped(list(MEMBERS.items())),
    "not JSON": zipped([("certificate.json", "{"), *MEMBERS.items()]),
    "JSON twice": zipped([("certificate.json", json.dumps(HEAD))] * 2 + list(MEMBERS.items())),
    "array twice": zipped([("certificate.json", json.dumps(HEAD)), *2 * list(MEMBERS.items())]),
    "more members": built(more__npy=X_NPY),
    "a folder": built(**{"data/": b""}),
    "path": built(referring({"npy": "../X.npy"}), data__X__npy=None, **{"../X.npy": X_NPY}),
    "absolute path": built(referring({"npy": "/X.npy"}), data__X__npy=None, **{"/X.npy": X_NPY}),
    "one member for two": built(referring({"npy": "data.Y.npy"}), data__X__npy=None),
    "member that is not there": built(referring({"npy": "data.x.npy"})),
    "member that is the JSON": built(referring({"npy": "certificate.json"}), data__X__npy=None),
    "reference that is a list": built(referring({"npy": ["data.X.npy"]})),
    "reference with another key": built(referring({"npy": "data.X.npy", "more": 1})),
    "float32": built(data__X__npy=npy(X.astype("<f4"))),
    "big-endian": built(data__X__npy=npy(X.astype(">f8"))),
    "int64": built(proof__products__first__npy=npy(FIRST.astype("<i8"))),
    "signed": built(proof__products__first__npy=npy(FIRST.astype("<i4"))),
    "bytes": built(data__X__npy=npy(X.view("u1"))),
    "objects": built(data__X__npy=X_NPY.replace(b"'<f8'", b"'|O' ")),
    "matrix": built(data__X__npy=npy(X[:, None])),
    "Fortran order": built(data__X__npy=X_NPY.replace(b"False", b"True ")),
    "version 2": built(data__X__npy=changed_bytes(X_NPY, 6, b"\2")),
    "not .npy": built(data__X__npy=X.tobytes()),
    "empty member": built(data__X__npy=b""),
    "header alone": built(data__X__npy=X_NPY[:9]),
    "NaN": built(data__X__npy=npy(NAN)),
    "too many numbers": built(data__X__npy=npy(np.append(X, 0.0))),
    "too few numbers": built(data__X__npy=npy(X[:-1])),
    "more than the shape": built(data__X__npy=X_NPY + b"\0"),
    "less than the shape": built(data__X__npy=X_NPY[:-1]),
    "lying shape": built(data__X__npy=HUGE),
    "compressed": zipped(
        [("certificate.json", json.dumps(HEAD)), *MEMBERS.items()], zipfile.ZIP_DEFLATED
    ),
    "truncated": WHOLE[:-1],
    "cut in the middle": WHOLE[: len(WHOLE) // 2],
    "damaged": changed_bytes(WHOLE, WHOLE.index(X.tobytes()), b"\xff"),
    "lying size": changed_bytes(WHOLE, DIRECTORY + 20, struct.pack("<2L", 1 << 31, 1 << 31)),
    "encrypted": changed_bytes(WHOLE, DIRECTORY + 8, b"\1"),
    "other method": changed_bytes(WHOLE, DIRECTORY + 10, b"\x63"),
    "directory beyond the end": changed_bytes(WHOLE, len(WHOLE) - 6, struct.pack("<L", 1 << 31)),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_a_container_to_the_letter_is_malformed(name):
    with pytest.raises(Malformed) as caught:
        check_certificate(WRONG[name])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_a_reference_that_is_an_array_is_not_written_out():
    head = json.dumps({"X": {"npy": {"npy": "X.npy"}}})
    document = zipped([("certificate.json", head), ("X.npy", npy(np.full(100_000, 1e-300)))])
    tracemalloc.start()
    try:
        with pytest.raises(Malformed, match="not in the zip file"):
            check_certificate(document)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(document)
    finally:
        tracemalloc.stop()


def test_the_good_one_is_proved_and_what_does_not_matter_may_differ():
    proved = verdict(dump(GOOD))
    turned = zipped([*reversed(MEMBERS.items()), ("certificate.json", json.dumps(HEAD))])
    assert [verdict(WHOLE), verdict(turned), verdict(b"".join((WHOLE,)))] == [proved] * 3


def test_members_that_overlap_do_not_make_a_file_larger_than_it_is():
    """Many entries of the directory for one large member, each of another name."""
    zeros = npy(np.zeros(1 << 16))
    document = zipped([("certificate.json", "{}"), ("aaaa.npy", zeros)])
    start = document.index(b"PK\1\2")
    entries, end = document[start:-22], document[-22:]
    entry = entries[entries.rindex(b"PK\1\2") :]
    many = b"".join(entry.replace(b"aaaa", b"%04d" % k) for k in range(1000))
    counts = struct.pack("<2H2L", 1002, 1002, len(entries) + len(many), start)
    document = document[:start] + entries + many + end[:8] + counts + end[20:]
    assert len(zipfile.ZipFile(io.BytesIO(document)).infolist()) == 1002
    with pytest.raises(Malformed, match="overlap"):
        check_certificate(document)


@given(st.binary())
@example(b"\5\6" + bytes(18))
@example(b"\5\6" + b"\xff" * 18)
def test_any_bytes_end_in_a_verdict(content):
    with pytest.raises(Malformed):
        check_certificate(b"PK" + content)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=4))
def test_any_damage_ends_in_a_verdict(at, content):
    """Nothing but names, times and the like may change; the proof stays what it is."""
    damaged = (WHOLE[:at] + content + WHOLE[at + len(content) :])[: len(WHOLE)]
    found = verdict(damaged)
    assert found == verdict(WHOLE) or found[0] is Malformed


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["shor", "block", "summed", "partition", "groups"])
def test_mutants_get_one_verdict(name, seed):
    good = load(CORRECT[names(CORRECT).index(name)])
    mutant = mutated(random.Random(seed), good, [GOOD, good])
    assert verdict(contained(mutant)) == verdict(dump(mutant))


CHECK = """
import resource, sys
from certnn.kernel import check_certificate
with open(sys.argv[1], "rb") as stream:
    bound = check_certificate(stream, "python")
print(bound.exact, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_many_points_are_checked_in_the_memory_of_their_bytes(tmp_path, monkeypatch):
    """As JSON, and with all rows as integers at a time, it takes several times as much."""
    monkeypatch.setattr(certnn.certificates.document, "CONTAINED", 0)
    n, d = 50_000, 4
    rng = np.random.default_rng(0)
    x = rng.integers(-8, 8, (n, d)) / 8.0
    problem = TrainingProblem(x, np.abs(x[:, :1]), reg=1e4)
    products = shor_products(problem.features, problem.Y)
    repaired = repair(problem.features, DualPoint(problem.Y, products), 1e-14)
    form = quadratic_form(problem.features, repaired.point, np.longdouble)
    certificate = psd_certificate(problem, repaired.point, psd_witness(form, n, 1e-14), {})
    certificate.save(tmp_path / "proof.zip")
    ran = [sys.executable, "-c", CHECK, tmp_path / "proof.zip"]
    bound, peak = subprocess.run(ran, capture_output=True, check=True, text=True).stdout.split()
    empty = [sys.executable, "-c", CHECK, CORRECT[names(CORRECT).index("one-point")]]
    _, least = subprocess.run(empty, capture_output=True, check=True, text=True).stdout.split()
    assert Fraction(bound) > 0
    assert 1024 * (int(peak) - int(least)) < 3 * certificate.size
