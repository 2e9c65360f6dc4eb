import io
from dataclasses import replace

import pytest
from report_examples import as_if_proved, bound_only_report, inconsistent_report, iris_report
from rich.console import Console

from certnn.report.terminal import print_report


def printed(report, width=80, **settings):
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=width, **settings))
    return stream.getvalue()


@pytest.mark.parametrize("make", [iris_report, bound_only_report, inconsistent_report])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_fits_the_width_without_escape_codes(make, width):
    report = replace(make(), recheck="certnn check c.json")
    if report.pattern_tier is not None:
        tier = replace(report.pattern_tier, recheck="certnn check p.json")
        report = replace(report, pattern_tier=tier)
    text = printed(report, width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_says_the_figures(iris):
    text = printed(iris)
    for wanted in (
        "can be lowered by at least 9.59 % (network attached, 23 neurons; yours has 40)",
        "1.67170",
        "2.81001",
        "2.54050",
        "0.900000",
        "1.72070",
        "not a bound: 2.93 %",
        "duplicate of 2",
        "and 28 more neurons",
        "24 of 24 checks hold",
        iris.recheck,
    ):
        assert wanted in text


def test_marks_stand_in_order_on_one_axis(iris):
    rows = {line.split("  ")[0]: line for line in printed(iris).splitlines()}
    columns = [
        rows["dnn bound"].index("│"),
        rows["SCS, dnn, reduced"].index("○"),
        rows["best network"].index("◆"),
        rows["given network"].index("◆"),
    ]
    assert columns == sorted(columns)
    assert len({len(rows[name]) for name in ("dnn bound", "given network")}) == 1


def test_bound_only(bound_only):
    assert "no network of any width is below 1.67170; proved" in printed(bound_only)


def test_error_panel_comes_first(inconsistent):
    text = printed(inconsistent)
    assert "ERROR" in text.splitlines()[0]
    assert "Do not rely on this report" in text.splitlines()[1]
    assert "; proved" not in text


def test_solver_that_is_wrong_leaves_the_proof_alone(iris):
    figure = replace(iris.solver_figures[0], primal_value=3.0)
    text = " ".join(printed(as_if_proved(iris, solver_figures=(figure,))).split())
    assert "ERROR" not in text
    assert "; proved" in text
    assert "A solver contradicts an exact figure. SCS (dnn, reduced) ≤ best network" in text


def test_short_neuron_list_is_complete(iris):
    assert "more neurons" not in printed(replace(iris, neurons=iris.neurons[:12]))


def test_long_command_is_kept_on_one_line(iris):
    command = "certnn check " + "x" * 200
    assert f"  {command}\n" in printed(replace(iris, recheck=command))


def test_console_that_has_only_ascii(iris, inconsistent):
    for report in (iris, inconsistent):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
        print_report(report, Console(file=stream, width=80))
        assert b"1.67170" in raw.getvalue()


def test_markup_and_escapes_in_texts_are_shown_as_they_are(iris):
    text = printed(replace(iris, title="[red]net[/red] \x1b[2J"), force_terminal=False)
    assert "[red]net[/red] \ufffd[2J" in text


def test_colours_in_a_terminal(iris):
    assert "\x1b[" in printed(iris, force_terminal=True, color_system="standard")
