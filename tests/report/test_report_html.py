import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from report_examples import as_if_proved, bound_only_report, inconsistent_report, iris_report

from certnn.report import NetworkFigure, ProvedBound
from certnn.report.html import AttachedNetwork, render_html
from certnn.report.sandwich import sandwich_svg

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects tags, references and text, and insists that the tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [
            v for k, v in attributes if k.endswith(("src", "href", "action", "data"))
        ]
        assert not [k for k, _ in attributes if k.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(params=[iris_report, bound_only_report, inconsistent_report], scope="module")
def html(request):
    return render_html(request.param())


def test_page_is_well_formed_and_loads_nothing(html):
    page = Page(html)
    assert "svg" in page.tags
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert all(reference.startswith("#") for reference in page.references)
    assert "@import" not in html
    assert not [u for u in re.findall(r"url\(([^)]*)\)", html) if not u.startswith("#")]


def test_page_draws_what_was_proved_over_time(iris):
    page = render_html(iris)
    assert page.count("<svg") == 4  # the sandwich and the history, wide and narrow
    assert "by when" in page
    first, *_, last = iris.history
    for history in (
        (first,),
        (last, last),
        (replace(last, seconds=6.4e307), last),
        (iris.history[1], replace(last, bound=-1.0)),
        (iris.history[1], replace(last, objective=1e300)),
    ):
        still = render_html(replace(iris, history=history))
        assert still.count("<svg") == 2
        assert "by when" not in still


def test_page_says_the_verdict_and_the_figures(iris):
    page = Page(render_html(iris))
    text = " ".join(page.text.split())
    for wanted in (
        "can be lowered by at least 9.59 % (network attached, 23 neurons; yours has 40)",
        "1.67170",
        "2.81001",
        "2.54050",
        "not a bound: 2.93 % above the lower bound",
        "duplicate of 2",
        "The other 28",
        "24 of 24 checks hold",
        iris.recheck,
        iris.decay,
        iris.problem.data_sha256,
        "solver's word, not proved",
        "impossible: proved",
    ):
        assert wanted in text
    assert page.tags.count("svg") == 4


def test_page_names_the_file_in_the_form_of_the_audited_network(iris):
    attached = AttachedNetwork("better.pt", "torch.load('out/<better>.pt')")
    text = " ".join(Page(render_html(iris, b"PK", attached)).text.split())
    assert "in the form of the network audited is better.pt beside this page" in text
    assert "torch.load('out/<better>.pt')" in text
    assert "in the form of" not in Page(render_html(iris, b"PK")).text


def test_inconsistent_page_shows_the_error_first(inconsistent):
    text = Page(render_html(inconsistent)).text.partition("Do not rely on them.")
    assert text[1]
    assert "objective of the given network" not in text[0]
    assert "impossible: in doubt" in text[2]


def test_solver_that_is_wrong_leaves_the_proof_alone(iris):
    figure = replace(iris.solver_figures[0], primal_value=3.0)
    text = Page(render_html(as_if_proved(iris, solver_figures=(figure,)))).text
    assert "Do not rely on them" not in text
    assert "A solver contradicts an exact figure. SCS (dnn, reduced) ≤ best network" in text
    assert "1 of 20 checks failed" in text


def test_hostile_texts_are_escaped(iris):
    hostile = '"><script>alert(1)</script>\x1b[2J\ud800 $x_1$ {{ 7 * 7 }}'
    figure = replace(iris.solver_figures[0], solver=hostile, formulation="dnn " + hostile)
    network = NetworkFigure.from_exact(Fraction(3), 3, hostile)
    report = as_if_proved(
        iris,
        title=hostile,
        solver_figures=(figure,),
        network=network,
        recheck=hostile,
        versions={hostile: hostile},
        bounds=(replace(iris.lower_bound, level=hostile),),
        neurons=(replace(iris.neurons[0], remark=hostile),),
    )
    text = render_html(report)
    text.encode("utf-8")
    assert "\x1b" not in text
    page = Page(text)
    assert "script" not in page.tags
    assert "{{ 7 * 7 }}" in page.text


def test_plot_is_one_accessible_element_and_deterministic(iris):
    text = sandwich_svg(iris)
    assert text == sandwich_svg(iris)
    root = ElementTree.fromstring(text.replace("<svg ", '<svg xmlns:xlink="x" ', 1))
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert "given network 2.81001" in root.get("aria-label")
    texts = [element.text for element in root.iter("text")]
    assert {"dnn bound", "1.67170", "given network", "2.81001", "SCS, dnn, reduced"} <= set(texts)


@pytest.mark.parametrize("scale", ["0", "1e-80", "1e-3", "1", "1e6", "1e150", "8e307"])
@pytest.mark.parametrize("spread", ["0", "1e-12", "1e-3", "1"])
@pytest.mark.parametrize("width", [640.0, 300.0])
def test_plot_at_every_scale(iris, scale, spread, width):
    lower, step = Fraction(scale), Fraction(scale) * Fraction(spread)
    bound = ProvedBound.from_exact("partition", lower, 1.0)
    network = NetworkFigure.from_exact(lower + step, 2, "given")
    figures = (replace(iris.solver_figures[0], primal_value=float(lower), dual_value=None),) * 3
    report = as_if_proved(
        iris,
        problem=replace(iris.problem, null_loss=float(lower)),
        lower_bound=bound,
        bounds=(bound,),
        network=network,
        best_network=network,
        solver_figures=figures,
    )
    text = sandwich_svg(report, width)
    assert "nan" not in text
    assert "inf" not in text.replace("information", "")
