"""The page's translation of a certificate to integers is the one in Python, to the letter."""

import json
import random
from base64 import b64encode
from importlib import import_module

import pytest
from certificate_parts import changed, dump, files, load, pack, unpack
from containers import contained
from test_certificate_mutants import mutated
from test_containers import WRONG

import certnn
from certnn import InputError, kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import ENGINE, page_scripts
from certnn.kernel.losses import LOSSES
from certnn.problem.losses import parse_loss

GOOD = {path.stem: load(path) for path in files("correct")}
#: Answers as JSON; a page's worker does the same with what it decodes.
ANSWER = """
function answer(text, zip) {
  try {
    const { head, arrays } = zip ? opened(decodedBase64(zip)) : { head: null, arrays: null };
    return JSON.stringify(["line", translated(zip ? latin(head) : text, arrays).line]);
  } catch (error) {
    return JSON.stringify([error.verdict, error.message]);
  }
}
"""


@pytest.fixture(scope="module")
def translated():
    engine = import_module(ENGINE).MiniRacer()
    scripts, _ = page_scripts()
    before_worker = scripts.partition("self.onmessage")[0]
    engine.eval(before_worker + ANSWER)

    def answer(document):
        if document.startswith(b"PK"):
            return json.loads(engine.call("answer", "", b64encode(document).decode("ascii")))
        return json.loads(engine.call("answer", document.decode("utf-8")))

    return answer


def in_python(document):
    """What the translation in Python makes of it; "unsupported" where the page takes no such."""
    try:
        kernel.read_instance(document)
        return "line", verified.integer_form(document).decode("ascii")
    except kernel.Malformed:
        return "malformed", ""
    except kernel.Rejected:
        return "rejected", ""
    except InputError:
        return "unsupported", ""


def require_same(translated, document):
    """Both translate it to the same; returns what that is."""
    verdict, line = in_python(document)
    found, written = translated(document)
    assert found == verdict
    assert line == (written if verdict == "line" else "")
    return verdict


@pytest.mark.parametrize("folder", ["correct", "incorrect", "malformed"])
def test_every_file_is_translated_alike(translated, folder):
    seen = []
    for path in files(folder):
        document = path.read_bytes()
        try:
            document.decode("utf-8")
        except UnicodeDecodeError:
            continue
        seen.append(require_same(translated, document))
    assert seen.count("malformed" if folder == "malformed" else "line") >= 40


@pytest.mark.parametrize("seed", range(4))
def test_mutants_are_translated_alike(translated, seed):
    rng, seen = random.Random(seed), []
    others = list(GOOD.values())
    while len(seen) < 60:
        mutant = GOOD[rng.choice(list(GOOD))]
        try:
            for _ in range(rng.choice([1, 1, 2])):
                mutant = mutated(rng, mutant, others)
            document = dump(mutant)
        except (ValueError, IndexError, OverflowError, ZeroDivisionError):
            continue  # an empty array, or a number out of range
        seen.append(require_same(translated, document))
    assert {"line", "malformed"} <= {*seen}


@pytest.mark.parametrize("name", GOOD)
def test_a_container_is_translated_as_its_json(translated, name):
    assert translated(contained(GOOD[name])) == translated(dump(GOOD[name]))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_a_container_to_the_letter_is_malformed(translated, name):
    assert translated(WRONG[name])[0] == "malformed"


@pytest.mark.parametrize("output_bias", verified.BIASES)
@pytest.mark.parametrize("hidden_bias", verified.BIASES)
@pytest.mark.parametrize("loss", ["half-squared", "huber:0.3", *LOSSES[2:]])
def test_every_loss_and_bias_is_translated_alike(translated, loss, hidden_bias, output_bias):
    X, Y = [[1.0, 0.3], [-70.0, 2.0], [0.5, 1e-3]], [[1.0], [-1.0], [1.0]]
    Y = [[1.0, 0.0], [0.25, 3.0], [0.0, 1.0]] if loss == "softmax" else Y
    biases = {"hidden_bias": hidden_bias, "output_bias": output_bias}
    problem = certnn.TrainingProblem(X, Y, 0.25, loss=parse_loss(loss), **biases)
    certificate = certnn.lower_bound(problem, "shor").certificate
    assert require_same(translated, certificate.document) == "line"


@pytest.mark.parametrize(
    "numbers",
    [
        [5e-324, 1.7976931348623157e308, -2.2250738585072014e-308],
        [0.0, -0.0, 0.1],
        [2.0**-1074 * 3, 2.0**53 + 2, -1.0],
        [1e-310, -3.0, 2.0**-30],
    ],
)
def test_doubles_of_every_size(translated, numbers):
    good = GOOD["dnn"]
    X = unpack(good["data"]["X"])
    X[: len(numbers)] = numbers
    certificate = changed(good, "data", "X", to=pack(X))
    assert require_same(translated, dump(certificate)) == "line"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"n": 4', '"n": 4.0'),
        ('"n": 4', '"n": -0'),
        ('"n": 4', '"n": 04'),
        ('"n": 4', '"n": true'),
        ('"n": 4', '"\\u006e": 4'),
        ('"n": 4', '"n": 4, "n": 4'),
        ('"n": 4', '"n": 4, "__proto__": 4'),
        ('"n": 4', '"n" : 4 '),
        ('"n": 4', '"n": 4,'),
        ('"n": 4', '"n": [[4'),
        ('"reg": 0.1', '"reg": 1E-1'),
        ('"reg": 0.1', '"reg": 0.1000000000000000055511151231257827021181583404541015625'),
        ('"reg": 0.1', '"reg": 0.10000000000000001e+0'),
        ('"reg": 0.1', '"reg": 1e400'),
        ('"reg": 0.1', '"reg": 1e-400'),
        ('"reg": 0.1', '"reg": .1'),
        ('"reg": 0.1', '"reg": 0.1f'),
        ('"reg": 0.1', '"reg": +0.1'),
        ('"reg": 0.1', '"reg": 1'),
        ("{", "\ufeff{"),
        ("{", " \t\r\n{"),
        ("{", "\u00a0{"),
        ("{", '{"about": {"a": "\\ud800\\" \U0001f600"}, '),
        ("{", '{"about": {"a": "\t"}, '),
        ("{", '{"about": {"a": "\\x"}, '),
        ("{", '{"about": {"a": 1}, '),
        ("{", '{"about": ["a"], '),
    ],
)
def test_json_is_read_alike(translated, old, new):
    certificate = {key: value for key, value in GOOD["dnn"].items() if key != "about"}
    text = dump(certificate).decode("utf-8")
    assert old in text
    require_same(translated, text.replace(old, new, 1).encode("utf-8"))
