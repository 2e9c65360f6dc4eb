"""The plain form for the extracted checker says what the certificate says.

That the checker itself agrees with the kernel is for proofs/checker/compare.py to see.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from certificate_parts import array_changed, changed, dump, exact_numbers, files, pack, unpack
from integer_tokens import GOOD, Tokens, take_dual_point, taken_claim, taken_problem

import certnn
from certnn import InputError, kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates import web_checker
from certnn.certificates.web_checker import javascript_checker
from certnn.interfaces.cli import main
from certnn.kernel.losses import LOSSES

PSD = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "psd"}
PARTITIONS = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "partition"}


@pytest.mark.parametrize("name", PSD)
def test_every_number_of_a_psd_proof_is_passed_on(name):
    proof = PSD[name]["proof"]
    tokens, n, columns, c = taken_claim(PSD[name])

    (unit,) = tokens.take(1)
    blocks = [tokens.sparse(n, unit) for _ in range(3)]
    passed_on = {(i, j): y for (i, j), y in blocks[0].items()}
    passed_on |= {(i, n + j): y for (i, j), y in blocks[1].items()}
    passed_on |= {(n + i, n + j): y for (i, j), y in blocks[2].items()}
    products = proof["products"]
    sums = {}
    for r, s, y in zip(
        unpack(products["first"], "I"),
        unpack(products["second"], "I"),
        exact_numbers(products["multiplier"]),
        strict=True,
    ):
        sums[r, s] = sums.get((r, s), 0) + y
    assert passed_on == {pair: y for pair, y in sums.items() if y}

    order = n + columns + c
    assert tokens.over_unit(order) == exact_numbers(proof["weights"])
    (unit,) = tokens.take(1)
    L = tokens.sparse(order, unit)
    assert tokens.rest == []
    cross, corner = exact_numbers(proof["L_cross"]), iter(exact_numbers(proof["L_corner"]))
    for i in range(order - n):
        assert [L.pop((n + i, j), 0) for j in range(n)] == cross[n * i : n * i + n]
        assert [L.pop((n + i, n + j), 0) for j in range(i + 1)] == [
            next(corner) for _ in range(i + 1)
        ]
    points = exact_numbers(proof["L_points"])
    assert sorted(L.values()) == sorted(entry for entry in points if entry)
    if len(points) == n * (n + 1) // 2:  # one group
        lower = iter(points)
        expected = {(i, j): next(lower) for i in range(n) for j in range(i + 1)}
        assert {place: entry for place, entry in expected.items() if entry} == L


def read_splits(tokens, columns, at, node):
    """Appends the leaves' witnesses to `at`, and the splits to `node`, in preorder."""
    (split,) = tokens.take(1)
    if split:
        node.append(tuple(tokens.take(4)))
        read_splits(tokens, columns, at, node)
        read_splits(tokens, columns, at, node)
    else:
        node.append("leaf")
        at += tokens.take(columns)


@pytest.mark.parametrize("name", PARTITIONS)
def test_every_number_of_a_partition_is_passed_on(name):
    proof = PARTITIONS[name]["proof"]
    tokens, _, columns, _ = taken_claim(PARTITIONS[name])
    basis, inverse = (tokens.over_unit(columns * columns) for _ in range(2))
    assert basis == exact_numbers(proof["basis"])
    for i in range(columns):
        for j in range(columns):
            rows = zip(
                basis[i * columns :][:columns], inverse[j * columns :][:columns], strict=True
            )
            assert sum(a * b for a, b in rows) == (i == j)
    witnesses, nodes = [], []
    for _ in range(2**columns):
        read_splits(tokens, columns, witnesses, nodes)
    assert tokens.rest == []
    assert witnesses == unpack(proof["witnesses"], "I")
    edges = list(combinations(range(columns), 2))
    codes = []
    for node in nodes:
        codes += [0] if node == "leaf" else [1 + edges.index(node[:2]), *node[2:]]
    assert codes == unpack(proof["tree"], "B")


@pytest.mark.parametrize(
    "name",
    [
        "basis-zero",
        "basis-of-parallel-rays",
        "edge-out-of-range",
        "ends-in-a-split",
        "last-cone-missing",
        "too-deep",
        "tree-empty",
        "tree-too-long",
        "witnesses-missing",
        "witnesses-too-many",
    ],
)
def test_a_partition_without_its_form_is_rejected(name):
    paths = {path.stem: path for path in files("incorrect")}
    with pytest.raises(kernel.Rejected):
        verified.integer_form(paths[f"partition-{name}"].read_bytes())


def with_products(certificate, *more):
    """With products (r, s, y) added at the end of the list."""
    for key, column, kind in (("first", 0, "I"), ("second", 1, "I"), ("multiplier", 2, "d")):
        text = certificate["proof"]["products"][key]
        numbers = [*unpack(text, kind), *(product[column] for product in more)]
        packed = pack(numbers, kind)
        certificate = changed(certificate, "proof", "products", key, to=packed)
    return certificate


def negative_entries(certificate):
    """In the blocks of multipliers, apart from those of a_i·b_i."""
    tokens = Tokens(verified.integer_form(dump(certificate)))
    n, d, c, *_ = tokens.take(6)
    tokens.take(3 + n * (d + c) + 3 + 1 + n * c + 2 + 1)
    blocks = [tokens.sparse(n, 1) for _ in range(3)]
    return [
        (k, i, j)
        for k, block in enumerate(blocks)
        for (i, j), y in block.items()
        if y < 0 and not (k == 1 and i == j)
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_negative_multiplier_is_not_lost_in_a_sum(order):
    pair = [(0, 1, -1.0), (0, 1, 2.0)][::order]
    assert negative_entries(PSD["dnn"]) == []
    assert negative_entries(with_products(PSD["dnn"], *pair)) == [(0, 0, 1)]
    n = PSD["dnn"]["claim"]["n"]
    assert negative_entries(with_products(PSD["dnn"], (0, n, -1.0))) == []


@pytest.mark.parametrize("name", [name for name, one in GOOD.items() if "parts" in one["proof"]])
def test_every_group_is_passed_on(name):
    tokens, (n, d, c), hidden_bias, X, Y = taken_problem(GOOD[name])
    parts = GOOD[name]["proof"]["parts"]
    (count,) = tokens.take(1)
    assert count == len(parts)
    labels = tokens.take(n)
    (unit,) = tokens.take(1)
    for number, part in enumerate(parts):
        points = unpack(part["points"], "I")
        assert points == [i for i in range(n) if labels[i] == number]
        assert tokens.doubles(1) == [part["reg"]]
        bound, kind = tokens.take(2)
        assert Fraction(bound, unit) == Fraction(part["lower_bound"])
        proof = part["proof"]
        assert verified.KINDS[kind] == proof["kind"]
        rows = [[data[i * k + j] for i in points for j in range(k)] for data, k in ((X, d), (Y, c))]
        take_dual_point(tokens, proof, (len(points), d, c), hidden_bias, *rows)
        claim = GOOD[name]["claim"] | {
            "n": len(points),
            "reg": part["reg"],
            "lower_bound": ratio(part["lower_bound"]),
        }
        data = {key: pack(numbers) for key, numbers in zip("XY", rows, strict=True)}
        alone, *_ = taken_claim(GOOD[name] | {"claim": claim, "data": data, "proof": proof})
        assert tokens.take(len(alone.rest)) == alone.rest
    assert tokens.rest == []


def ratio(number):
    return "/".join(map(str, Fraction(number).as_integer_ratio()))


def restated(loss, hidden_bias, output_bias):
    """A certificate of kind psd with another claim, and labels for targets."""
    certificate = PSD["one-column" if hidden_bias is False else "hidden-bias"]
    signs = [1.0 if y > 0 else -1.0 for y in unpack(certificate["data"]["Y"])]
    signs = [abs(sign) for sign in signs] if loss == "softmax" else signs
    certificate = changed(certificate, "data", "Y", to=pack(signs, "d"))
    delta = {"delta": 0.7} if loss == "huber" else {}
    biases = {"hidden_bias": hidden_bias, "output_bias": output_bias}
    certificate["claim"].update({"loss": loss, **delta, **biases})
    return certificate


@pytest.mark.parametrize("hidden_bias", [False, True, "free"])
@pytest.mark.parametrize("output_bias", [False, True, "free"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_problem_is_passed_on(loss, hidden_bias, output_bias):
    taken_claim(restated(loss, hidden_bias, output_bias))


def test_malformed_stays_malformed():
    with pytest.raises(kernel.Malformed):
        verified.integer_form(b"{}")


def program(tmp_path, says, code):
    path = tmp_path / "checker"
    path.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def test_verdicts_of_the_program(tmp_path, monkeypatch):
    document = dump(PSD["dnn"])

    def verdict(says, code):
        monkeypatch.setenv(verified.ENVIRONMENT, str(program(tmp_path, says, code)))
        return verified.check_verified(document, verified.find_judge())

    assert verdict("proved: 7/2", 0) == Fraction(7, 2)
    with pytest.raises(kernel.Rejected):
        verdict("rejected", 1)
    for says, code in (("proved: 7/2", 1), ("rejected", 0), ("malformed: no", 2), ("", 0)):
        with pytest.raises(InputError, match="extracted checker says"):
            verdict(says, code)


def without_program(monkeypatch, script):
    """As if this were the script that makes the program, which it has not done yet."""
    monkeypatch.delenv(verified.ENVIRONMENT, raising=False)
    monkeypatch.setattr(verified, "_SCRIPT", script)


@pytest.fixture(scope="module")
def javascript():
    return javascript_checker()


@pytest.mark.parametrize("path", [*files("correct"), *files("incorrect")], ids=lambda p: p.stem)
def test_the_checker_in_javascript_says_what_the_kernel_says(path, javascript):
    document = path.read_bytes()
    try:
        line = verified.integer_form(document)
    except kernel.Rejected:  # as the tests of each kind say where
        return
    judge = verified.Judge("", javascript)
    if path.parent.name == "correct":
        proved = verified.check_verified(document, judge)
        assert proved == kernel.check_certificate(document).value
    else:
        assert javascript(line) == "rejected"


@pytest.mark.parametrize("level", ["shor", "block(3)", "lifts(2)"])
def test_rows_of_a_factor_with_few_entries_are_judged_as_others(level, javascript):
    """Those are added up by columns; of a file of few points there are none."""
    draw = np.random.default_rng(0).standard_normal
    problem = certnn.TrainingProblem(draw((60, 2)), draw((60, 1)), 1.0)
    certificate = certnn.lower_bound(problem, level=level, gap=0.3).certificate
    bound = certificate.check().value
    proved = f"proved: {bound.numerator}/{bound.denominator}"
    assert javascript(verified.integer_form(certificate.document)) == proved
    if level == "lifts(2)":  # the factor is not in the file
        return
    parsed = json.loads(certificate.document)
    for k in range(0, 60, 20):

        def damaged(entries, k=k):
            return [*entries[:k], 1.5 * entries[k], *entries[k + 1 :]]

        wrong = dump(array_changed(parsed, "proof", "L_points", to=damaged))
        with pytest.raises(kernel.Rejected):
            kernel.check_certificate(wrong)
        assert javascript(verified.integer_form(wrong)) == "rejected"


#: A point in one dimension, with one output, of no loss, as groups have it.
ONE_POINT = b"certnn-groups-2 1 1 1 0 0 0 0 1 3ff0000000000000 0 0"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"certnn-psd-1 1",
        b"certnn-psd-2 80000000",
        b"\x00 '\"\\",
        ONE_POINT + b" 2 0 1",  # more groups than points
        ONE_POINT + b" 1 1 1",  # a label of a group that is not there
        b"certnn-groups-2 10001" + ONE_POINT[17:],
    ],
)
def test_the_checker_in_javascript_finds_lines_malformed(line, javascript):
    assert javascript(line).startswith("malformed: ")


def test_without_a_program_javascript_decides(tmp_path, monkeypatch, capsys):
    without_program(monkeypatch, tmp_path / "proofs" / "build_checker.sh")
    assert "JavaScript" in verified.find_judge().name
    path = str(next(path for path in files("correct") if path.stem == "dnn"))
    assert main(["check", path, "--verified"]) == 0
    assert capsys.readouterr().out.endswith(", by the extracted checker too\n")


def test_a_check_in_javascript_that_breaks_off_is_no_verdict(tmp_path, monkeypatch):
    (tmp_path / "checker.js").write_text(
        "function certnnVerdict() { throw new RangeError('too much'); }"
    )
    monkeypatch.setattr(web_checker, "_FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"does not come to its end: .*too much"):
        javascript_checker()(b"certnn-psd-2 1")


def test_a_check_in_javascript_may_be_interrupted(tmp_path, monkeypatch):
    (tmp_path / "checker.js").write_text(
        "function certnnVerdict(line) { while (line === 'long'); return 'rejected'; }"
    )
    monkeypatch.setattr(web_checker, "_FOLDER", tmp_path)
    says = javascript_checker()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        says(b"long")
    assert says(b"short") == "rejected"  # the engine has ended the long one


def test_where_the_program_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv(verified.ENVIRONMENT, str(program(tmp_path, "", 0)))
    assert verified.find_checker() == tmp_path / "checker"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(verified.ENVIRONMENT, "checker")
    assert verified.find_checker() == tmp_path / "checker"
    (tmp_path / "checker").chmod(0o644)
    with pytest.raises(InputError, match="CERTNN_CHECKER"):
        verified.find_checker()


def absence(monkeypatch, script):
    """What is said where there is neither a program that this would make, nor JavaScript."""
    without_program(monkeypatch, script)
    monkeypatch.setattr(verified, "engine_installed", lambda: False)
    with pytest.raises(InputError) as caught:
        verified.find_judge()
    return caught.value.reason


def test_in_the_sources_a_command_makes_the_program(tmp_path, monkeypatch):
    script = tmp_path / "some where" / "build_checker.sh"
    script.parent.mkdir()
    script.write_text("mkdir _build\ncp /bin/true _build/certnn-checker\n")
    said = absence(monkeypatch, script)
    command = said.partition(", and ")[2].removesuffix(" makes a faster one")
    subprocess.run(command, shell=True, check=True, cwd=script.parent)
    assert verified.find_checker() == script.parent / "_build" / "certnn-checker"


def test_where_pip_has_installed_certnn_nothing_is_named_that_is_not_there(tmp_path, monkeypatch):
    said = absence(monkeypatch, tmp_path / "proofs" / "build_checker.sh")
    assert str(tmp_path) not in said
    assert said.endswith("pip install 'certnn[verified]' brings one")
