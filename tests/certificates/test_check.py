"""certnn.check: a file to a bound, or the reason why not."""

from __future__ import annotations

import numpy as np
import pytest

import certnn
from certnn.kernel import Malformed, Rejected
from certnn.splitting.patterns import collect_patterns

PROBLEM = certnn.TrainingProblem(np.eye(3), np.ones((3, 1)), 0.1)


def test_a_certificate_of_every_kind(tmp_path):
    for level in ("shor", "lifts(2)", "partition"):
        result = certnn.lower_bound(PROBLEM, level, work_limit=10.0)
        result.certificate.save(tmp_path / "proof.json")
        bound = certnn.check(tmp_path / "proof.json", PROBLEM, arithmetic="python")
        assert bound.value == result.bound.value
        assert isinstance(bound, certnn.Bound)


def test_one_about_patterns_says_so(tmp_path):
    network = certnn.TwoLayerNetwork(np.eye(3), np.ones((3, 1)))
    patterns = collect_patterns(PROBLEM, [("given", network)], 2)
    result = certnn.bound_over_patterns(PROBLEM, patterns, work_limit=10.0)
    result.certificate.save(tmp_path / "proof.json")
    bound = certnn.check(tmp_path / "proof.json", PROBLEM)
    assert isinstance(bound, certnn.PatternBound)
    assert bound.value == result.bound.value


def test_what_is_none(tmp_path):
    proof = tmp_path / "proof.json"
    with pytest.raises(certnn.InputError, match=r"proof\.json"):
        certnn.check(proof)
    proof.write_bytes(b"{}")
    with pytest.raises(Malformed):
        certnn.check(proof)
    document = certnn.lower_bound(PROBLEM, "shor").certificate.document
    proof.write_bytes(document.replace(b'"reg": 0.1', b'"reg": 0.05'))
    with pytest.raises(Rejected):
        certnn.check(proof)
    proof.write_bytes(document)
    with pytest.raises(certnn.InputError, match="another problem"):
        certnn.check(proof, PROBLEM.with_reg(0.2))
