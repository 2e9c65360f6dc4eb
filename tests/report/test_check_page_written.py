"""The page that checks certificates, as a file; tests/browser opens it."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from certnn.certificates.web_checker import page_scripts
from certnn.interfaces.cli import main
from certnn.report.check_page import render_check_page


class Parts(HTMLParser):
    """The scripts of a page, and what tags it has with which attributes."""

    def __init__(self, page):
        super().__init__()
        self.scripts, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.lasttag == "script":
            self.scripts[-1] += data

    def handle_endtag(self, tag):
        self.lasttag = ""


@pytest.fixture(scope="module")
def parts():
    return Parts(render_check_page(*page_scripts()))


def test_the_scripts_are_those_of_the_package(parts):
    worker, page = page_scripts()
    assert [script.strip() for script in parts.scripts] == [worker.strip(), page.strip()]


def test_its_policy_allows_its_own_script_and_a_worker_and_no_network(parts):
    [policy] = [
        attributes["content"]
        for tag, attributes in parts.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    digest = b64encode(sha256(parts.scripts[1].encode()).digest()).decode()
    assert dict(part.split(" ", 1) for part in policy.split("; ")) == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "worker-src": "blob:",
        "style-src": "'unsafe-inline'",
    }


def test_it_names_no_other_place(parts):
    for _, attributes in parts.tags:
        assert not {"src", "href", "action"} & {*attributes}
    assert (
        re.findall(
            r"https?:|import[(]|importScripts|XMLHttpRequest|WebSocket", "".join(parts.scripts)
        )
        == []
    )


@pytest.mark.parametrize("folder", ["there", "new/and/deep"])
def test_it_is_written_over_its_own_kind_alone(tmp_path, capsys, folder):
    (tmp_path / "there").mkdir()
    place = tmp_path / folder / "check.html"
    for _ in range(2):
        assert main(["check", "--page", str(place.parent)]) == 0
        assert place.read_text("utf-8") == render_check_page(*page_scripts())
    assert str(place) in capsys.readouterr().out
    place.write_text("<!DOCTYPE html>")
    assert main(["check", "--page", str(place.parent)]) == 2
    assert "is not a page of certnn check" in capsys.readouterr().err
    assert place.read_text() == "<!DOCTYPE html>"


@pytest.mark.parametrize(
    "more",
    [
        *(["c.json"], ["--verified"], ["--data", "d.npz"], ["--label", "y"]),
        *(["--arithmetic", "python"], ["--export", "check.pyz"]),
    ],
)
def test_it_checks_nothing(tmp_path, capsys, more):
    place = tmp_path / "page"
    try:
        code = main(["check", "--page", str(place), *more])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not place.exists()
