"""The page that checks certificates, in a real browser: its verdicts are the kernel's."""

import json
import random
import re
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[1] / "certificates"))
from certificate_parts import dump, files, load, pack
from containers import contained
from kernel_speed import dense_certificate

import certnn
from certnn import kernel
from certnn.interfaces.cli import main
from certnn.problem.losses import parse_loss

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The page, opened as a file; at the end it has asked for nothing and said nothing."""
    folder = tmp_path_factory.mktemp("page")
    assert main(["check", "--page", str(folder)]) == 0
    file = folder / "check.html"
    page = browser.new_page()
    said, requests = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert not said
    assert {url for url in requests if not url.startswith("blob:")} == {file.as_uri()}
    page.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A certificate that takes seconds to check."""
    path = tmp_path_factory.mktemp("large") / "certificate.json"
    path.write_bytes(dense_certificate(320, 10, 3).document)
    return path


def verdict(page, path, seconds=60):
    page.set_input_files("#file", path)
    page.wait_for_selector('#verdict:not([data-verdict=""])', timeout=1000 * seconds)
    return page.get_attribute("#verdict", "data-verdict")


def kernel_verdict(document):
    try:
        return "proved", kernel.check_certificate(document)
    except kernel.Malformed:
        return "malformed", None
    except kernel.Rejected:
        return "rejected", None


@pytest.mark.parametrize("folder", ["correct", "incorrect", "malformed"])
def test_verdicts_are_those_of_the_kernel(page, folder):
    given = 0
    for path in files(folder):
        found = verdict(page, path)
        document = path.read_bytes()
        expected, bound = kernel_verdict(document)
        given += 1
        assert found == expected, path
        if bound is not None:
            assert page.inner_text("#exact") == bound.exact
            assert page.inner_text("#sha256") == bound.instance.data_sha256
            assert float(page.inner_text("#reg")) == bound.instance.reg
            shown = Fraction(page.inner_text("#bound"))
            assert 0 <= bound.value - shown <= bound.value / 10**15
        assert page.locator("#theorem").is_visible() == (found == "proved")
    assert given >= 40


@pytest.mark.parametrize("name", ["block", "groups-free-bias", "cells", "lifts-with-splits"])
def test_containers_are_checked_too(page, tmp_path, name):
    good = load(next(path for path in files("correct") if path.stem == name))
    path = tmp_path / "certificate.zip"
    path.write_bytes(contained(good))
    assert verdict(page, path) == "proved"
    assert page.inner_text("#exact") == good["claim"]["lower_bound"]
    path.write_bytes(contained(good)[:-1])
    assert verdict(page, path) == "malformed"


@pytest.mark.parametrize(
    ("loss", "hidden_bias", "output_bias", "words"),
    [
        ("half-squared", False, False, "F = (XU)₊V, … ½‖F − Y‖² + (reg/2)(‖U‖² + ‖V‖²) below"),
        ("hinge", True, "free", "F = (XU + 1hᵀ)₊V + 1bᵀ, … Σ (1 − YF)₊ + … ‖V‖² + ‖h‖²) below"),
        ("squared-hinge", "free", True, "F = (XU + 1hᵀ)₊V + 1bᵀ, … ‖V‖² + ‖b‖²) below"),
        ("logistic", "free", "free", "F = (XU + 1hᵀ)₊V + 1bᵀ, … Σ log(1 + exp(−YF)) + … below"),
        ("softmax", True, False, "… Σ Y (log Σₖ exp(Fₖ) − F), … over the row, + (reg/2)(… below"),
        ("huber:0.5", False, True, "F = (XU)₊V + 1bᵀ, … delta|t| − ½delta², + (reg/2)(… delta 0.5"),
    ],
)
def test_the_theorem_is_in_words(page, tmp_path, loss, hidden_bias, output_bias, words):
    X, Y = [[1.0], [-2.0], [0.5]], [[1.0], [-1.0], [1.0]]
    Y = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]] if loss == "softmax" else Y
    biases = {"hidden_bias": hidden_bias, "output_bias": output_bias}
    problem = certnn.TrainingProblem(X, Y, 0.25, loss=parse_loss(loss), **biases)
    path = tmp_path / "certificate.json"
    certnn.lower_bound(problem, "shor").certificate.save(path)
    assert verdict(page, path) == "proved"
    said = " ".join(page.inner_text("#theorem").split())
    pattern = ".*".join(map(re.escape, words.split("… ")))
    assert re.search(f"^No two-layer ReLU network {pattern}", said), said


def test_decimals_are_rounded_down(page):
    rng = random.Random(0)
    sizes = [1, 2, 17, 53, 54, 200, 1900]
    fractions = [
        Fraction(0),
        Fraction(1),
        Fraction(10**16),
        Fraction(10**17),
        Fraction(99999, 10**9),
    ]
    for _ in range(500):
        p, q = (rng.getrandbits(rng.choice(sizes)) for _ in range(2))
        fractions.append(Fraction(p, q + 1))
    shown = page.evaluate(
        "pairs => pairs.map(([p, q]) => decimalBelow(BigInt(p), BigInt(q)))",
        [[str(value.numerator), str(value.denominator)] for value in fractions],
    )
    for value, text in zip(fractions, shown, strict=True):
        assert 0 <= value - Fraction(text) <= value / 10**16
        assert len(text) < 30


def test_a_large_certificate(page, large):
    assert large.stat().st_size > 4_000_000
    assert verdict(page, large, 300) == "proved"
    claim = json.loads(large.read_bytes())["claim"]
    assert page.inner_text("#exact") == claim["lower_bound"]
    assert 0.5 < page.evaluate("document.getElementById('progress').value") < 1.0


def test_a_file_may_be_dropped(page):
    path = next(path for path in files("correct") if path.stem == "dnn")
    page.evaluate(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "dropped.json"));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
        }""",
        path.read_text(),
    )
    page.wait_for_selector("#verdict[data-verdict=proved]")
    assert page.inner_text("#name") == "dropped.json"


def test_a_check_may_be_stopped_and_another_file_takes_its_place(page, large):
    page.set_input_files("#file", large)
    page.click("#stop")
    assert page.get_attribute("#verdict", "data-verdict") == "failed"
    assert page.locator("#running").is_hidden()
    page.set_input_files("#file", large)
    assert verdict(page, next(iter(files("incorrect")))) == "rejected"


def test_a_check_ends_after_ten_minutes(browser, page, large):
    other = browser.new_page()
    other.clock.install()
    other.goto(page.url)
    other.set_input_files("#file", large)
    other.clock.fast_forward(600_000)
    assert other.get_attribute("#verdict", "data-verdict") == "failed"
    assert "not within 600 s" in other.inner_text("#reason")
    assert other.locator("#theorem").is_hidden()
    other.close()


def test_a_file_that_has_changed_is_checked_again(page, tmp_path):
    path = tmp_path / "certificate.json"
    for folder, expected in (("correct", "proved"), ("incorrect", "rejected")):
        path.write_bytes(next(p for p in files(folder) if p.stem.startswith("d")).read_bytes())
        assert verdict(page, path) == expected


def hostile_files():
    """Sizes that are not there, numbers of any length, nesting without end."""
    good = load(next(path for path in files("correct") if path.stem == "dnn"))
    claim = good["claim"]
    yield "a megabyte of brackets", b"[" * 1_000_000
    yield "a megabyte of nesting", b'{"a":' * 60_000
    yield "a number of a megabyte", b'{"a": 1' + b"0" * 1_000_000 + b"}"
    yield "a float of a megabyte", b'{"a": 0.1' + b"0" * 1_000_000 + b"}"
    yield "a string of ten megabytes", b'"' + b"a" * 10_000_000
    yield "ten megabytes of backslashes", b'"' + b"\\" * 5_000_000 + b'"'
    yield "a million points", dump(good | {"claim": claim | {"n": 1_000_000}})
    zeros = pack([0.0] * 600_000)
    many = {"claim": claim | {"n": 600_000, "d": 1, "c": 1}, "data": {"X": zeros, "Y": zeros}}
    yield "600,000 points that are there", dump(good | many)
    yield "spaces", b" " * 10_000_000
    yield "binary", np.random.default_rng(0).bytes(10_000_000)


HOSTILE = dict(hostile_files())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_prove_nothing_and_end(page, tmp_path, name):
    path = tmp_path / "hostile.json"
    path.write_bytes(HOSTILE[name])
    assert verdict(page, path) in ("malformed", "unsupported")
    assert page.locator("#theorem").is_hidden()


def test_a_file_that_is_too_large_is_not_read(page, tmp_path):
    path = tmp_path / "large.json"
    path.write_bytes(b" " * ((32 << 20) + 1))
    assert verdict(page, path) == "unsupported"
    assert "larger than" in page.inner_text("#reason")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_it_fits(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    verdict(page, next(path for path in files("correct") if path.stem == "hidden-bias"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_policy_keeps_the_page_from_the_network(browser, page, tmp_path):
    text = Path(page.url.removeprefix("file://")).read_text()
    changed = text.replace(
        '"use strict";\n// The page', 'fetch("https://example.org");\n// The page'
    )
    assert changed != text
    file = tmp_path / "changed.html"
    file.write_text(changed)
    other = browser.new_page()
    requests = []
    other.on("request", lambda request: requests.append(request.url))
    other.goto(file.as_uri())
    assert requests == [file.as_uri()]  # a script that is another one is not run at all
    other.close()
