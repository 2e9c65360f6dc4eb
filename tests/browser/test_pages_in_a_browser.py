"""The pages in a real browser: they load nothing, say nothing to the console, and fit."""

import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from report_examples import bound_only_report, inconsistent_report, iris_report

import certnn
from certnn.report import ProblemSummary
from certnn.report.comparison_page import render_comparison
from certnn.report.html import render_html
from certnn.report.path_page import render_path
from certnn.report.predictions import Predictions
from certnn.studies.experiments.cells import cells, measure
from certnn.studies.experiments.rows import joined
from certnn.studies.experiments.table import page as experiments_page
from certnn.studies.sweep import Outcome
from certnn.studies.tightness.cells import cells as tightness_cells
from certnn.studies.tightness.cells import measure as measure_tightness
from certnn.studies.tightness.table import page as tightness_page


def with_predictions():
    """A report on points in two classes, of which a part is drawn."""
    draw = np.random.default_rng(0).standard_normal
    X = draw((700, 2))
    Y = np.stack([X[:, 0] > 0, X[:, 0] <= 0], axis=1)
    problem = certnn.TrainingProblem(X, Y, reg=0.3, classes=("inside", "outside"))
    networks = [certnn.TwoLayerNetwork(draw((2, m)), draw((m, 2)) / m) for m in (5, 20)]
    names = ("given network", "best network found")
    predictions = Predictions.of(problem, list(zip(names, networks, strict=True)))
    return render_html(replace(iris_report(), predictions=predictions))


def path():
    draw = np.random.default_rng(0).standard_normal
    problem = certnn.TrainingProblem(draw((12, 2)), draw((12, 1)), reg=0.1)
    found = certnn.regularisation_path(problem, [0.1 + 0.2, 3.0], gap=0.1, work_limit=2.0)
    about = ProblemSummary.of(problem)
    return render_path(found.rows, found._proved_at, about, found.interrupted)


def tightness():
    wanted = tightness_cells(
        *(["random"], [4, 6], [2], [1], [0.1 + 0.2, 1.0], 1, ["shor", "dnn"], 10.0, None, False)
    )
    outcomes = [Outcome(cell, measure_tightness(cell), "", 1.0) for cell in wanted]
    outcomes.append(Outcome(wanted[0] | {"seed": 9}, None, "InputError: it failed", 1.0))
    return tightness_page(outcomes, "certnn tightness --families random")


def experiments():
    wanted = [
        *cells("quick", data=["random"], regs=[0.1], methods=["global", "frank-wolfe"])[:2],
        *cells("quick", data=["iris"], regs=[0.1], methods=["ntk", "nngp"]),
    ]
    outcomes = [Outcome(cell, measure(cell), "", 1.0) for cell in wanted]
    outcomes.append(Outcome(wanted[0] | {"data": "spiral"}, None, "InputError: it failed", 1.0))
    return experiments_page(joined(outcomes), "certnn experiments --quick")


#: The SHA-256 of data may have as many digits in a row as it likes.
DATA = iris_report().problem.data_sha256
PAGES = {
    "report": lambda: render_html(iris_report()),
    "predictions": with_predictions,
    "path": path,
    "tightness": tightness,
    "bound": lambda: render_html(bound_only_report()),
    "contradiction": lambda: render_html(inconsistent_report()),
    "experiments": experiments,
    "comparison": lambda: render_comparison([iris_report(), bound_only_report()]),
}


@cache
def content(name):
    return PAGES[name]()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
@pytest.mark.parametrize("name", PAGES)
def test_page(browser, tmp_path, name, width, scheme):
    file = tmp_path / "page.html"
    file.write_text(content(name))
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said, requests = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    assert requests == [file.as_uri()]
    assert not said
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg:visible").count() >= 1
    for link in page.locator("a:not([download])").all():
        assert page.locator(link.get_attribute("href")).count() == 1
    for details in page.locator("details > summary").all():
        details.click()
    assert page.locator("details:not([open])").count() == 0
    ink, paper = page.evaluate(
        "(() => { const style = getComputedStyle(document.body);"
        "return [style.color, style.backgroundColor]; })()"
    )
    assert not re.search(r"[\d.]{17}", page.locator("body").inner_text().replace(DATA, ""))
    light = [sum(map(int, colour.strip("rgb()").split(",")[:3])) / 765 for colour in (ink, paper)]
    assert abs(light[0] - light[1]) > 0.6
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_tables_without_scrolling_them(browser, tmp_path, name):
    file = tmp_path / "page.html"
    file.write_text(content(name))
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(file.as_uri())
    for details in page.locator("details > summary:visible").all():
        details.click()
    for table in page.locator(".scroll").all():
        assert table.evaluate("it => it.scrollWidth <= it.clientWidth")
        headings = table.locator("th").all_text_contents()
        for row in table.locator("tbody tr").all():
            labels = [cell.get_attribute("data-label") for cell in row.locator("td").all()]
            assert labels == headings
    page.close()


@pytest.mark.browser
def test_the_network_can_be_downloaded(browser, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(render_html(iris_report(), b"PK: a network"))
    page = browser.new_page()
    page.goto(file.as_uri())
    with page.expect_download() as download:
        page.get_by_text("Download the best network").click()
    assert download.value.suggested_filename == "best_network.npz"
    assert Path(download.value.path()).read_bytes() == b"PK: a network"
    page.close()


@pytest.mark.browser
def test_print_shows_what_is_folded(browser, tmp_path):
    file = tmp_path / "page.html"
    report = iris_report()
    file.write_text(render_html(report))
    page = browser.new_page()
    page.goto(file.as_uri())
    assert not page.get_by_text(report.problem.data_sha256).first.is_hidden()
    hidden = page.locator("details tbody").first
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert hidden.is_visible()
    assert len(page.pdf()) > 10_000
    page.close()
