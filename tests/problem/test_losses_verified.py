"""Logistic and softmax: the extracted checker proves to the last digit what the kernel proves."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from copy import deepcopy
from fractions import Fraction

import numpy as np
import pytest
from loss_cases import BIASES, problem

import certnn
from certnn import kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import javascript_checker
from certnn.kernel.scaling import scaled_bound

LITTLE = Fraction(1, 10**60)
LEVELS = ("shor", "partition", "lifts(3)")


@pytest.fixture(scope="module")
def says():
    judge = javascript_checker()
    return lambda certificate: judge(verified.integer_form(dump(certificate))).partition(":")[0]


def dump(certificate):
    return json.dumps(certificate).encode()


def changed(certificate, section, key, to):
    copy = deepcopy(certificate)
    copy[section][key] = to
    return copy


def packed(numbers):
    return b64encode(np.asarray(numbers, "<f8").tobytes()).decode()


def kernel_says(certificate):
    try:
        kernel.check_certificate(dump(certificate))
    except kernel.Rejected:
        return "rejected"
    return "proved"


def claiming(certificate, value):
    text = f"{value.numerator}/{value.denominator}"
    return changed(certificate, "claim", "lower_bound", to=text)


def largest_claim(certificate):
    instance, _, proof = kernel.read_proof(dump(certificate))
    beside = getattr(proof, "ball", None) is not None
    return scaled_bound(instance, proof.Z, proof.kappa, beside)


def certificate_of(case, level):
    return json.loads(certnn.lower_bound(case, level, gap=0.1).certificate.document)


@pytest.mark.parametrize("output_bias", BIASES)
@pytest.mark.parametrize("hidden_bias", BIASES)
@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_the_largest_claim_is_the_kernels(loss, hidden_bias, output_bias, says):
    k = BIASES.index(hidden_bias) + BIASES.index(output_bias)
    case = problem(loss, hidden_bias, output_bias, n=5, c=1 + k % 2, seed=k)
    certificate = certificate_of(case, LEVELS[k % 3])
    value = largest_claim(certificate)
    assert value > 0
    for claimed, verdict in ((value, "proved"), (value + LITTLE, "rejected")):
        given = claiming(certificate, claimed)
        assert (says(given), kernel_says(given)) == (verdict, verdict)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_a_dual_point_outside_of_the_domain_proves_nothing(loss, says):
    certificate = certificate_of(problem(loss, n=5, c=2, reg=3.0), "shor")
    Z = np.frombuffer(b64decode(certificate["proof"]["Z"]), "<f8")
    one_more = Z + 2.0 * (np.arange(len(Z)) == 0)
    for numbers in (-Z, one_more):
        wrong = changed(certificate, "proof", "Z", packed(numbers))
        for claimed in (Fraction(0), largest_claim(certificate)):
            given = claiming(wrong, claimed)
            assert (says(given), kernel_says(given)) == ("rejected", "rejected")


def test_weights_of_classes(says):
    """What no network is below whatever the proof is, 4 log 2, is not what this proof gives."""
    X, Y = np.eye(4), np.array([[0.9, 0.1]] * 4)
    certificate = certificate_of(certnn.TrainingProblem(X, Y, 50.0, loss="softmax"), "shor")
    even = changed(certificate, "data", "Y", to=packed([0.5] * 8))
    value = largest_claim(even)
    assert 0 < value < Fraction(27, 10)
    for claimed in (Fraction(0), value, Fraction(27, 10)):
        verdict = "proved" if claimed <= value else "rejected"
        given = claiming(even, claimed)
        assert (says(given), kernel_says(given)) == (verdict, verdict)
