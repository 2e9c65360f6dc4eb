"""Certificates for other losses and biases: two checkers, and doctored files."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from loss_cases import BIASES, LOSSES, optimum_over_patterns, problem

import certnn
from certnn import kernel
from certnn.problem.losses import Huber

SETTINGS = [
    (loss, BIASES[(k + shift) % 3], BIASES[(k // 2 + 2 * shift) % 3])
    for k, loss in enumerate(LOSSES)
    for shift in (0, 1)
]


@cache
def certificate(loss, hidden_bias, output_bias, level="partition"):
    case = problem(loss, hidden_bias, output_bias, n=5)
    return certnn.lower_bound(case, level, gap=0.02).certificate.document


def doctored(document, **claim):
    changed = json.loads(document)
    for key, value in claim.items():
        changed["claim"].pop(key, None)
        if value is not None:
            changed["claim"][key] = value
    return json.dumps(changed).encode()


def verdict(document):
    try:
        return kernel.check_certificate(document).value
    except (kernel.Rejected, kernel.Malformed) as error:
        return type(error)


@pytest.mark.parametrize(
    ("loss", "hidden_bias", "output_bias", "level"),
    [(*setting, "partition") for setting in SETTINGS]
    + [(*setting, level) for level in ("shor", "phases") for setting in SETTINGS[5::3]]
    + [(*setting, "lifts(3)") for setting in SETTINGS],
)
def test_both_checkers_agree(loss, hidden_bias, output_bias, level, plain_checker):
    document = certificate(loss, hidden_bias, output_bias, level)
    claim = json.loads(document)["claim"]
    bound = kernel.check_certificate(document)
    assert bound.value == Fraction(claim["lower_bound"]) > 0
    assert plain_checker(document)
    instance = problem(loss, hidden_bias, output_bias, n=5).instance()
    assert bound.instance == instance == kernel.read_instance(document)
    above = bound.value * (1 + Fraction(1, 10**9))
    more = doctored(document, lower_bound=f"{above.numerator}/{above.denominator}")
    assert verdict(more) is kernel.Rejected
    assert not plain_checker(more)


@pytest.mark.parametrize(
    "loss",
    [
        "logistic",
        *(pytest.param(loss, marks=pytest.mark.slow) for loss in LOSSES[:-2]),
    ],
)
def test_relabelled_certificates_prove_nothing_false(loss, plain_checker):
    """A file with another loss or bias in its claim is refused, or its claim is true."""
    document = certificate(loss, True, "free")
    case = problem(loss, True, "free", n=5)
    accepted = 0
    for name in LOSSES[:-1]:
        for hidden_bias in BIASES:
            for output_bias in BIASES:
                delta = 0.7 if name == "huber" else None
                claim = {"loss": name, "hidden_bias": hidden_bias, "output_bias": output_bias}
                changed = doctored(document, delta=delta, **claim)
                value = verdict(changed)
                if isinstance(value, type):
                    assert value is kernel.Malformed or not plain_checker(changed)
                    continue
                assert plain_checker(changed)
                given = Huber(0.7) if delta else name
                other = certnn.TrainingProblem(
                    case.X, case.Y, case.reg, hidden_bias, loss=given, output_bias=output_bias
                )
                assert value <= optimum_over_patterns(other) * (1.0 + 1e-6)
                accepted += 1
    assert accepted >= 2  # itself, and without the output bias


def test_an_unbalanced_point_is_rejected_for_a_free_bias():
    document = certificate("half-squared", True, False)
    assert verdict(doctored(document, output_bias="free")) is kernel.Rejected
    assert verdict(doctored(document, output_bias=True)) is kernel.Rejected
    assert verdict(doctored(document, hidden_bias="free")) is kernel.Rejected


@pytest.mark.parametrize("loss", ["huber", "hinge", "logistic", "softmax"])
def test_a_dual_point_outside_of_the_domain_is_rejected(loss):
    document = json.loads(certificate(loss, *next(s[1:] for s in SETTINGS if s[0] == loss)))
    Z = np.frombuffer(b64decode(document["proof"]["Z"]), "<f8").copy()
    Z[np.argmax(np.abs(Z))] *= 1.0 if loss == "softmax" else 4.0
    Z[0] += 2.0**-40 if loss == "softmax" else 0.0
    document["proof"]["Z"] = b64encode(Z.tobytes()).decode()
    assert verdict(json.dumps(document).encode()) is kernel.Rejected


@pytest.mark.parametrize(
    "claim",
    [
        {"loss": "cubed"},
        {"loss": None},
        {"loss": 1},
        {"loss": "huber"},
        {"delta": 0.5},
        {"delta": 0.0},
        {"loss": "huber", "delta": 1},
        {"loss": "huber", "delta": -1.0},
        {"loss": "huber", "delta": True},
        {"output_bias": "decayed"},
        {"output_bias": 1},
        {"output_bias": None, "outputbias": True},
        {"hidden_bias": "decayed"},
        {"hidden_bias": None},
        {"hidden_bias": 0},
    ],
)
def test_malformed_claims(claim):
    assert verdict(doctored(certificate("half-squared", True, False), **claim)) is kernel.Malformed


def test_targets_that_the_loss_does_not_allow_are_malformed():
    document = certificate("half-squared", True, False)
    assert verdict(doctored(document, loss="hinge")) is kernel.Malformed
    assert verdict(doctored(document, loss="softmax")) is kernel.Malformed


def test_files_without_the_newer_keys_are_as_before():
    claim = json.loads(certificate("half-squared", True, False))["claim"]
    assert sorted(claim) == ["c", "d", "hidden_bias", "loss", "lower_bound", "n", "reg"]
    explicit = doctored(certificate("half-squared", True, False), output_bias=False)
    assert verdict(explicit) == Fraction(claim["lower_bound"])
