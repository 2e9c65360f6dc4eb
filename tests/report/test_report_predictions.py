"""Outputs beside targets: which points, of which networks, and on which pages."""

import re
from dataclasses import replace

import numpy as np
import pytest
from report_examples import iris_report

import certnn
from certnn.report import GapReport
from certnn.report.html import render_html
from certnn.report.predictions import Predictions
from certnn.report.predictions_plot import prediction_svgs


def predictions(n=20, c=1, scale=1.0, bias=False):
    draw = np.random.default_rng(0).standard_normal
    problem = certnn.TrainingProblem(draw((n, 2)), scale * draw((n, c)), 0.1, hidden_bias=bias)
    networks = [certnn.TwoLayerNetwork(draw((2 + bias, m)), draw((m, c))) for m in (3, 4)]
    return problem, networks, Predictions.of(problem, list(zip("ab", networks, strict=True)))


def test_outputs_are_the_networks_own():
    problem, networks, found = predictions(bias=True)
    rows = np.hstack([problem.X, np.ones((20, 1))])
    for (name, outputs), wanted, network in zip(found.outputs, "ab", networks, strict=True):
        assert name == wanted
        np.testing.assert_array_equal(outputs, np.maximum(rows @ network.U, 0) @ network.V)
    np.testing.assert_array_equal(found.targets, problem.Y)
    assert (found.n, found.shown) == (20, 20)


def test_of_many_points_rows_are_evenly_spaced():
    problem, _, found = predictions(n=1999)
    assert (found.n, found.shown) == (1999, 500)
    np.testing.assert_array_equal(found.targets[[0, 1, -1]], problem.Y[[0, 4, 1998]])
    page = " ".join(render_html(report_with(found)).split())
    assert "500 of the 1999 points, rows evenly spaced" in page


def test_more_than_two_outputs_are_not_drawn():
    assert predictions(c=3)[2] is None


def report_with(found):
    return replace(iris_report(), predictions=found)


@pytest.mark.parametrize("c", [1, 2])
def test_a_page_shows_each_network_and_the_file_has_none(iris, c):
    found = predictions(c=c)[2]
    report = report_with(found)
    page = render_html(report)
    assert page.count("<svg") == render_html(iris).count("<svg") + 2
    assert "Outputs of the a against the targets" in page
    assert page == render_html(report_with(predictions(c=c)[2]))
    assert report.to_json() == iris.to_json()
    assert GapReport.from_json(report.to_json()).predictions is None


def test_every_point_is_drawn():
    (_, plot), _ = prediction_svgs(predictions(n=37)[2], "half-squared")
    assert max(line.count("M ") for line in re.findall(r'd="([^"]*)"', plot)) == 37


def test_numbers_of_any_size_are_drawn_or_left_out():
    for scale in (0.0, 1e-90, 1e90):
        for loss in ("half-squared", "logistic"):
            for _, plot in prediction_svgs(predictions(scale=scale)[2], loss):
                assert "nan" not in plot
    huge = replace(predictions()[2], targets=np.full((20, 1), 1e300))
    assert prediction_svgs(huge, "half-squared") == []


def test_an_audit_shows_the_given_and_the_best_network():
    problem, (network, _), _ = predictions()
    report = certnn.audit(network, problem, level="shor", work_limit=1.0).report
    names = [name for name, _ in report.predictions.outputs]
    assert names == ["given network", "best network found"]
    np.testing.assert_array_equal(
        report.predictions.outputs[0][1], network.output(problem.features)
    )
