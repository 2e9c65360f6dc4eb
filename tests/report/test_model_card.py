"""Model cards as YAML and Markdown read them, against what they are about."""

import hashlib

import markdown_it
import numpy as np
import pytest
import yaml

import certnn
from certnn.report.model_card import model_card

U, V = np.array([[1.0, -0.5]]), np.array([[0.75], [0.25]])


def problem(**more):
    return certnn.TrainingProblem([[1.0], [2.0], [-1.0]], [[1.0], [1.0], [-1.0]], 0.1, **more)


def parts(card):
    """The metadata of a card, and its tables and blocks of code in Markdown."""
    _, head, body = card.split("---\n", 2)
    tokens = markdown_it.MarkdownIt().enable("table").parse(body)
    cells = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type in ("td_open",)]
    code = [token.content for token in tokens if token.type == "code_block"]
    return yaml.safe_load(head), [cells[i : i + 3] for i in range(0, len(cells), 3)], code


def test_figures_of_an_audit():
    network = certnn.TwoLayerNetwork(U, V)
    result = certnn.audit(network, problem(), level="partition", work_limit=5.0)
    card = result.model_card("a network")
    metadata, table, code = parts(card)
    (model,) = metadata["model-index"]
    assert model["name"] == "a network"
    (found,) = model["results"]
    report = result.report
    assert found["task"]["type"] == "tabular-regression"
    assert found["dataset"]["revision"] == report.problem.data_sha256
    values = {metric["type"]: metric["value"] for metric in found["metrics"]}
    assert values == {
        "training-objective": report.network.objective,
        "lower-bound": report.lower_bound.value,
        "optimality-gap": report.gap,
    }
    assert [row[1] for row in table[:2]] == [repr(v) for v in [*values.values()][:2]]
    assert code == ["certnn check certificate.json\n"]
    document = result.lower.certificate.document
    assert hashlib.sha256(document).hexdigest() in card
    assert hashlib.sha256(U.tobytes() + V.tobytes()).hexdigest() in card
    assert report.problem.data_sha256 in card.split("---\n", 2)[2]


def test_an_audit_without_a_network_is_about_the_best_one():
    result = certnn.audit(None, problem(), level="shor", work_limit=1.0)
    values = [
        m["value"] for m in parts(result.model_card())[0]["model-index"][0]["results"][0]["metrics"]
    ]
    report = result.report
    assert values == [report.best_network.objective, report.lower_bound.value, report.best_gap]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"loss": "hinge"}, "tabular-classification"),
        ({}, "tabular-regression"),
    ],
)
def test_figures_of_a_training(more, kind):
    result = certnn.train(problem(**more), level="partition", work_limit=5.0)
    metadata, _, _ = parts(result.model_card())
    (found,) = metadata["model-index"][0]["results"]
    assert found["task"]["type"] == kind
    assert found["metrics"][2]["value"] == result.gap
    assert "proved" in result._repr_html_()
    assert f"<td>{result.network.width}</td>" in result._repr_html_()


@pytest.mark.parametrize(
    "name", ["---\nx: 1", '"quoted" \\ back', "Net: # no", "\ud800\x1b", "naïve ✓ 𝕊", "- a", ""]
)
def test_any_name_is_one_text(name):
    network = certnn.TwoLayerNetwork(U, V)
    objective = network.evaluate(problem())
    lower = certnn.lower_bound(problem(), "shor").bound
    card = model_card(name, objective, lower, 1e-05, "certnn check '```\n<b>'")
    metadata, _, code = parts(card)
    (model,) = metadata["model-index"]
    assert isinstance(model["name"], str)
    assert len(model["name"]) == len(name)
    assert model["results"][0]["metrics"][2]["value"] == 1e-05  # a number in YAML 1.1 too
    assert code == ["certnn check '``` <b>'\n"]
