"""Several reports on one page."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_examples import bound_only_report, inconsistent_report, iris_report

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.report.comparison import same_problem
from certnn.report.comparison_page import render_comparison


class Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.targets, self.ids, self.outside = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a":
            self.targets.append(values["href"])
        self.outside += [v for k, v in attributes if k in ("src", "href") and not v.startswith("#")]


def test_every_report_is_there_and_links_lead_somewhere():
    page = render_comparison([iris_report(), bound_only_report(), inconsistent_report()])
    links = Links(page)
    assert [target.lstrip("#") for target in links.targets] == [f"audit-{i}" for i in (1, 2, 3)]
    assert {target.lstrip("#") for target in links.targets} <= links.ids
    assert not links.outside
    assert "CONTRADICTION" in page
    assert page.count(iris_report().recheck) == 3


def test_titles_are_text():
    hostile = "<script>alert(1)</script>"
    page = render_comparison([replace(iris_report(), title=hostile)])
    assert "<script>" not in page


def test_other_data_are_said():
    report = iris_report()
    problem = replace(report.problem, data_sha256="0" * 64)
    other = replace(report, problem=problem, proved=())
    assert same_problem([report, report])
    assert not same_problem([report, other])
    assert "compare gaps" in render_comparison([report, other])


def test_nothing_to_compare_is_refused():
    with pytest.raises(InputError):
        render_comparison([])


def test_from_the_command_line(tmp_path, capsys):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "report.json").write_text(iris_report().to_json())
    (tmp_path / "b.json").write_text(bound_only_report().to_json())
    page = tmp_path / "page.html"
    command = ["report", str(tmp_path / "a"), str(tmp_path / "b.json"), "--out", str(page)]
    assert main(command) == 0
    assert capsys.readouterr().out.count("1.67170") == 2
    assert "mlp.npz on iris.npz" in page.read_text()
    (tmp_path / "b.json").write_text(json.dumps({"format": "other"}))
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
