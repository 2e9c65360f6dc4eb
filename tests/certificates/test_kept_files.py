"""Certificates of many points: containers on disk, saved and loaded like those of few."""

from __future__ import annotations

import gc
import pickle
from hashlib import sha256

import numpy as np
import pytest

import certnn
from certnn.certificates import Certificate, certify, document, quadratic_form
from certnn.certificates.dual_point import DualPoint
from certnn.certificates.proved_dual_point import dual_point
from certnn.certificates.repair import shor_products
from certnn.report.reading import read_report
from certnn.splitting.patterns import collect_patterns

RNG = np.random.default_rng(0)
PROBLEM = certnn.TrainingProblem(RNG.standard_normal((12, 2)), RNG.standard_normal((12, 2)), 1.0)


def proved(level="shor", problem=PROBLEM):
    return certnn.lower_bound(problem, level, work_limit=5.0)


PLAIN = proved()


@pytest.fixture(autouse=True)
def _contained(monkeypatch):
    monkeypatch.setattr(document, "CONTAINED", 0)


def test_many_numbers_make_a_container(monkeypatch):
    numbers = 12 * (2 + 2)
    for least, suffix in ((numbers, ".zip"), (numbers + 1, ".json")):
        monkeypatch.setattr(document, "CONTAINED", least)
        assert proved().certificate.suffix == suffix


def test_it_proves_the_same_and_numpy_reads_it(tmp_path):
    found, path = proved(), tmp_path / "proof.zip"
    assert found.bound.value == PLAIN.bound.value
    assert found.certificate.proves(found.bound)
    assert not found.certificate.proves(PLAIN.bound)
    found.certificate.save(path)
    assert certnn.check(path, PROBLEM).value == PLAIN.bound.value
    with np.load(path) as arrays:
        assert np.array_equal(arrays["data.X"].reshape(12, 2), PROBLEM.X)
        assert arrays["proof.products.first"].dtype == np.uint32
    again = proved().certificate
    assert again.document == path.read_bytes()  # the same whenever it is written


def test_loaded_and_in_another_process(tmp_path):
    found = proved()
    found.certificate.save(tmp_path / "any.name")
    loaded = Certificate.load(tmp_path / "any.name")
    for one in (loaded, pickle.loads(pickle.dumps(found.certificate))):
        assert one == found.certificate
        assert one.check().value == found.bound.value
        assert one.instance() == PROBLEM.instance()
    assert found.certificate.size == (tmp_path / "any.name").stat().st_size
    assert found.bound.evidence == sha256(found.certificate.document).hexdigest()
    assert Certificate(found.certificate.document).check().value == found.bound.value
    assert Certificate(found.certificate.document).suffix == ".zip"


def test_a_file_that_changes_or_goes_is_said_so(tmp_path):
    found, path = proved(), tmp_path / "proof.zip"
    found.certificate.save(path)
    loaded = Certificate.load(path)
    proved(problem=PROBLEM.with_reg(2.0)).certificate.save(path)
    with pytest.raises(certnn.InputError, match="has changed"):
        loaded.check()
    path.unlink()
    with pytest.raises(certnn.InputError, match="does not exist"):
        loaded.check()


def test_the_temporary_file_goes_with_the_last_that_needs_it():
    found = proved()
    place = found.certificate.content.path
    assert place.exists()
    del found
    gc.collect()
    assert not place.exists()


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def full(problem, stream):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(document, "write_container", full)
    with pytest.raises(certnn.InputError, match="No space left"):
        proved()
    assert list(tmp_path.iterdir()) == []


def test_going_on_from_it(tmp_path):
    found = proved()
    for Z, kappa in (dual_point(one.certificate, (12, 2)) for one in (found, PLAIN)):
        assert kappa == dual_point(PLAIN.certificate, (12, 2))[1]
        assert np.array_equal(Z, dual_point(PLAIN.certificate, (12, 2))[0])
    better = certnn.lower_bound(PROBLEM, "dnn", improve=found, work_limit=20.0)
    assert better.bound.value >= found.bound.value


def test_groups_take_over_proofs_from_it():
    groups = certnn.lower_bound(PROBLEM, "groups", work_limit=5.0)
    assert groups.certificate.suffix == ".zip"
    assert groups.certificate.check().value == groups.bound.value


def test_about_patterns(tmp_path):
    network = certnn.TwoLayerNetwork(np.eye(2), np.ones((2, 2)))
    patterns = collect_patterns(PROBLEM, [("given", network)], 2)
    found = certnn.bound_over_patterns(PROBLEM, patterns, work_limit=5.0)
    found.certificate.save(tmp_path / "proof")
    assert certnn.check(tmp_path / "proof").value == found.bound.value


def test_an_audit_says_its_name_and_leaves_no_other(tmp_path, monkeypatch):
    network = certnn.TwoLayerNetwork(np.eye(2), np.ones((2, 2)))
    audited = certnn.audit(network, PROBLEM, level="shor", work_limit=5.0)
    for least, name, other in ((0, ".zip", ".json"), (1000, ".json", ".zip")):
        monkeypatch.setattr(document, "CONTAINED", least)
        audited = certnn.audit(network, PROBLEM, level="shor", work_limit=5.0)
        audited.save(tmp_path)
        assert (tmp_path / f"certificate{name}").exists()
        assert not (tmp_path / f"certificate{other}").exists()
        report = read_report(tmp_path)
        assert report.certificate == f"certificate{name}"
        assert report.proved[0].value == audited.lower.bound.value
        assert report.consistent


def test_groups_of_points_a_few_at_a_time(monkeypatch):
    """The floats are added up in another order; what is proved stays what it is."""
    point = DualPoint(PROBLEM.Y, shor_products(PROBLEM.features, PROBLEM.Y))
    whole = certify(PROBLEM, point, {}).bound
    monkeypatch.setattr(quadratic_form, "_ENTRIES", 1)
    assert certify(PROBLEM, point, {}).bound.rounded == pytest.approx(whole.rounded, rel=1e-9)


def test_a_problem_and_what_the_kernel_takes_are_one_copy():
    for own, given in ((PROBLEM.X, PROBLEM.instance().X), (PROBLEM.Y, PROBLEM.instance().Y)):
        assert np.shares_memory(own, np.frombuffer(given, "<f8"))
