"""Certificates about activation patterns: their verdicts, and that none passes for a global one."""

from __future__ import annotations

import copy
import json
import pickle
import random
import re
import struct
import sys
from base64 import b64decode, b64encode
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certnn import kernel
from certnn.interfaces.cli import main
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.patterns import PatternsProof, check_patterns
from certnn.kernel.work import Work
from certnn.problem.losses import loss_named
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.restricted import solve_restricted

FOLDER = Path(__file__).parent


def files(folder):
    found = sorted((FOLDER / folder).iterdir())
    assert found
    return found


CORRECT, INCORRECT, MALFORMED = map(files, ("correct", "incorrect", "malformed"))


def stems(paths):
    return [path.stem for path in paths]


@pytest.fixture(params=["python", "flint"])
def backend(request, monkeypatch):
    if request.param == "flint":
        monkeypatch.setattr(kernel.exact, "_SMALL", 0)
    return request.param


@pytest.mark.parametrize("path", CORRECT, ids=stems(CORRECT))
def test_correct_is_proved(path, backend):
    bound = kernel.check_pattern_certificate(path.read_bytes(), backend)
    claim = json.loads(path.read_bytes())["claim"]
    assert bound.value == Fraction(claim["lower_bound"]) > 0
    assert b"".join(bound.patterns) == b64decode(claim["patterns"])
    sizes = bound.instance.n, bound.instance.d, bound.instance.c
    assert sizes == (claim["n"], claim["d"], claim["c"])
    assert (bound.instance.loss, bound.instance.hidden_bias) == (
        claim["loss"],
        claim["hidden_bias"],
    )
    count = len(bound.patterns)
    assert f"for networks with th{'is 1' if count == 1 else f'ese {count}'} activation" in str(
        bound
    )


@pytest.mark.parametrize("path", INCORRECT, ids=stems(INCORRECT))
def test_incorrect_is_rejected(path, backend):
    with pytest.raises(kernel.Rejected) as caught:
        kernel.check_pattern_certificate(path.read_bytes(), backend)
    assert json.loads(path.read_bytes())["about"]["rejected for"] in str(caught.value)


@pytest.mark.parametrize("path", MALFORMED, ids=stems(MALFORMED))
def test_malformed_is_refused(path, backend):
    with pytest.raises(kernel.Malformed):
        kernel.check_pattern_certificate(path.read_bytes(), backend)


@pytest.mark.parametrize("path", CORRECT + INCORRECT, ids=stems(CORRECT + INCORRECT))
def test_checker_in_the_specification_agrees(path, plain_checker):
    assert plain_checker(path.read_bytes()) is (path in CORRECT)


@pytest.mark.parametrize("path", CORRECT, ids=stems(CORRECT))
def test_none_passes_for_a_global_one(path):
    document = path.read_bytes()
    for read in (kernel.check_certificate, kernel.read_instance, kernel.read_proof):
        with pytest.raises(kernel.PatternsOnly, match="only networks with the activation patterns"):
            read(document)
    bound = kernel.check_pattern_certificate(document)
    assert not isinstance(bound, kernel.Bound)
    assert not hasattr(bound, "kind")
    globally = FOLDER.parents[1] / "certificates" / "correct" / "tight.json"
    with pytest.raises(kernel.Malformed):
        kernel.check_pattern_certificate(globally.read_bytes())


def test_is_made_by_the_kernel_alone_and_not_changed():
    bound = kernel.check_pattern_certificate(CORRECT[0].read_bytes())
    with pytest.raises(TypeError):
        kernel.PatternBound(object(), bound.value, bound.instance, bound.patterns)
    with pytest.raises(AttributeError):
        bound.value = Fraction(10**9)
    with pytest.raises(TypeError):
        pickle.dumps(bound)
    assert copy.deepcopy(bound) is bound
    with pytest.raises(TypeError):
        type("Other", (kernel.PatternBound,), {})
    assert bound.rounded <= bound.value


def test_command_says_for_which_networks(capsys):
    for path, code in ((CORRECT[0], 0), (INCORRECT[0], 1), (MALFORMED[0], 2)):
        assert main(["check", str(path)]) == code
        out = capsys.readouterr()
        if code == 0:
            assert re.match(r"proved for networks with these \d+ activation patterns: ", out.out)
            assert "every two-layer" not in out.out
            assert ">=" in out.out


def exact(rows, bits=60):
    return ExactMatrix([[int(Fraction(t) * 2**bits) for t in row] for row in rows], -bits)


def by_hand(kappa, rows, split):
    """X = I and Z = (3, −4): over the pattern of u ≥ 0 the dual norm is 4, over all 5."""
    points = [[i for i, row in enumerate(rows) if row is not None]]
    given = [row for row in rows if row is not None]
    proof = PatternsProof(kappa, exact([[3], [-4]]), points, exact(given), exact([[split]]))
    check_patterns(exact([[1, 0], [0, 1]]), [b"\3"], proof, Work(1 << 24, "auto"))


def test_multipliers_by_hand():
    by_hand(5.0000001, [None, None], 0)
    with pytest.raises(kernel.Rejected):
        by_hand(5.0, [None, None], 0)  # definite, not semidefinite
    # λ(1) = (0, 4) leaves 3, and λ(−1) = (3, 0) leaves 4.
    l_and_Lambda = [[Fraction(3, 2), Fraction(-3, 2)], [2, 2]]
    # g = (3/2, 2), P = (3/2, −2): |g|² = |P|² = 25/4 and gᵀP = −7/4.
    by_hand(4.0000001, l_and_Lambda, 8)
    with pytest.raises(kernel.Rejected, match="kappa"):
        by_hand(4.0, l_and_Lambda, 8)
    with pytest.raises(kernel.Rejected, match="kappa"):
        by_hand(4.0000001, l_and_Lambda, 9)
    with pytest.raises(kernel.Rejected, match="negative"):
        by_hand(4.0000001, [[Fraction(3, 2), Fraction(-3, 2)], [2, 2 + Fraction(1, 2**50)]], 8)
    with pytest.raises(kernel.Rejected, match="negative"):
        by_hand(4.0000001, [[Fraction(-3, 2), Fraction(3, 2)], [2, 2]], 8)


def networks_of(bound, rng):
    """Networks whose neurons have the patterns, drawn at random and scaled in all ways."""
    problem = bound.instance
    X = np.frombuffer(problem.X).reshape(problem.n, problem.d)
    Y = np.frombuffer(problem.Y).reshape(problem.n, problem.c)
    loss = loss_named(problem.loss, problem.delta)
    whole = TrainingProblem(
        X, Y, problem.reg, problem.hidden_bias, loss=loss, output_bias=problem.output_bias
    )
    known = set(bound.patterns)
    U = rng.standard_normal((whole.inputs.shape[1], 4000))
    bits = np.packbits(whole.inputs @ U > 0.0, axis=0, bitorder="little").T
    U = U[:, [k for k in range(4000) if bits[k].tobytes() in known]]
    U /= np.linalg.norm(U, axis=0)
    if whole.hidden_bias == "free" or U.shape[1] == 0:
        return whole, []
    solution = solve_restricted(whole, U[:, :300], np.zeros(U[:, :300].shape[1]), np.inf, 1e-3)
    best = solution.network
    return whole, [TwoLayerNetwork(f * best.U, f * best.V) for f in (1.0, 0.9, 1.1, 0.5)]


NUMBERS = [
    ("data", "X"),
    ("data", "Y"),
    ("proof", "Z"),
    ("proof", "multiplier"),
    ("proof", "split"),
]


def mutated(rng, certificate):
    certificate = json.loads(json.dumps(certificate))
    what = rng.random()
    if what < 0.6:
        section, key = rng.choice(NUMBERS)
        data = b64decode(certificate[section][key])
        numbers = list(struct.unpack(f"<{len(data) // 8}d", data))
        if numbers:
            k = rng.randrange(len(numbers))
            numbers[k] *= rng.choice([-1.0, 0.0, 2.0, 0.5, 1.001, 1.0 + 2.0**-40])
        packed = struct.pack(f"<{len(numbers)}d", *numbers)
        certificate[section][key] = b64encode(packed).decode()
    elif what < 0.75:
        bits = bytearray(b64decode(certificate["claim"]["patterns"]))
        bits[rng.randrange(len(bits))] ^= 1 << rng.randrange(8)
        certificate["claim"]["patterns"] = b64encode(bytes(bits)).decode()
    elif what < 0.9:
        certificate["proof"]["kappa"] *= rng.choice([0.5, 0.9, 0.999, 1.0 - 2.0**-30, 1.001])
    else:
        points = bytearray(b64decode(certificate["proof"]["point"]))
        if points:
            points[4 * rng.randrange(len(points) // 4)] ^= 1
        certificate["proof"]["point"] = b64encode(bytes(points)).decode()
    p, q = map(int, certificate["claim"]["lower_bound"].split("/"))
    value = p / q * rng.choice([1.0, 0.9, 0.5, 0.1, 1.0001, 1.05])
    certificate["claim"]["lower_bound"] = "/".join(map(str, value.as_integer_ratio()))
    return certificate


@pytest.mark.parametrize("seed", range(4))
def test_no_mutant_proves_what_is_false(seed):
    rng, proved, refused = random.Random(seed), 0, 0
    for _ in range(120):
        certificate = mutated(rng, json.loads(rng.choice(CORRECT).read_bytes()))
        try:
            bound = kernel.check_pattern_certificate(json.dumps(certificate).encode())
        except (kernel.Malformed, kernel.Rejected):
            refused += 1
            continue
        proved += 1
        whole, networks = networks_of(bound, np.random.default_rng(seed))
        for network in networks:
            assert bound.value <= network.evaluate(whole).value
    assert proved > 3
    assert refused > 15


def test_files_are_those_that_the_script_names():
    sys.path.append(str(FOLDER))
    from make_pattern_files import incorrect, malformed

    good = json.loads((FOLDER / "correct" / "one-output.json").read_bytes())
    assert {name for name, _, _ in incorrect(good)} == set(stems(INCORRECT))
    assert {name for name, _ in malformed(good)} == set(stems(MALFORMED))
