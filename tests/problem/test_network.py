"""Networks as value objects."""

from __future__ import annotations

from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pytest

from certnn.errors import InputError
from certnn.problem.html_table import html_table
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.search.audit import audit

U = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 3.0]])
V = np.array([[1.0], [2.0], [-1.0]])


@pytest.mark.parametrize("name", ["U", "V"])
@pytest.mark.parametrize(
    "value",
    [[[np.nan, 0.0, 0.0]], [1.0, 2.0], [["a"]], [[1.0], [2.0, 3.0]], [[1j]], None,
     np.array([[2**53 + 1]])],
)  # fmt: skip
def test_bad_weights_are_refused_by_name(name, value):
    arguments = {"U": U, "V": V, name: value}
    with pytest.raises(InputError) as caught:
        TwoLayerNetwork(arguments["U"], arguments["V"])
    assert caught.value.argument == name


def test_widths_must_agree():
    with pytest.raises(InputError, match=r"V: has 2 rows where U has 3 columns"):
        TwoLayerNetwork(U, V[:2])


def test_weights_cannot_be_changed():
    u = U.copy()
    network = TwoLayerNetwork(u, V)
    u[0, 0] = 9.0
    assert network.U[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        network.U[0, 0] = 2.0
    with pytest.raises(AttributeError):
        network.V = V


def test_output():
    output = TwoLayerNetwork(U, V).output(np.array([[1.0, 1.0], [-1.0, 0.0]]))
    # first point: hidden (1, 0, 3.5); second: (0, 2, 0)
    assert np.array_equal(output, [[1.0 - 3.5], [4.0]])


def test_no_neurons():
    network = TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 3)))
    assert network.width == 0
    assert np.array_equal(network.output(np.ones((4, 2))), np.zeros((4, 3)))


def test_evaluate_is_exact():
    problem = TrainingProblem([[1.0, 1.0], [-1.0, 0.0]], [[0.0], [1.0]], 0.1)
    bound = TwoLayerNetwork(U, V).evaluate(problem)
    decay = Fraction(0.1) / 2 * (Fraction(61, 4) + 6)
    assert bound.value == (Fraction(25, 4) + 9) / 2 + decay
    assert bound.kind == "upper"
    assert bound.instance == problem.instance()


def test_shapes_must_fit_the_problem():
    network = TwoLayerNetwork(U, V)
    network.require_fits(TrainingProblem(np.ones((4, 2)), np.ones((4, 1)), 0.1))
    network.require_fits(TrainingProblem(np.ones((4, 1)), np.ones((4, 1)), 0.1, True))
    for problem, message in (
        (TrainingProblem(np.ones((4, 3)), np.ones((4, 1)), 0.1), "U: has 2 rows where .* 3$"),
        (TrainingProblem(np.ones((4, 2)), np.ones((4, 1)), 0.1, True), r"3 \(with the bias row\)"),
        (TrainingProblem(np.ones((4, 2)), np.ones((4, 2)), 0.1), "V: has 1 columns where Y has 2"),
    ):
        with pytest.raises(InputError, match=message):
            network.require_fits(problem)
        with pytest.raises(InputError, match=message):
            network.evaluate(problem)


def test_repr():
    assert repr(TwoLayerNetwork(U, V)) == "TwoLayerNetwork(d=2, width=3, c=1)"


def test_a_notebook_shows_its_sizes():
    shown = TwoLayerNetwork(U, V)._repr_html_()
    assert "<td>hidden neurons</td><td>3</td>" in shown
    assert "<td>output bias</td><td>none</td>" in shown
    assert "<td>output bias</td><td>one</td>" in TwoLayerNetwork(U, V, [1.0])._repr_html_()


def test_tables_of_notebooks_show_every_text_as_text():
    shown = html_table("<b>", [("<script>x</script>", '"&\x1b'), (1.5, "y" * 1000)], ("a<",))
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, attributes))
    parser.handle_data = found.append
    parser.feed(shown)
    cells = [text for text in found if isinstance(text, str)]
    assert cells == ["<b>", "a<", "<script>x</script>", '"&\ufffd', "1.5", "y" * 299 + "…"]
    tags = [entry for entry in found if not isinstance(entry, str)]
    assert {tag for tag, _ in tags} == {"table", "caption", "tr", "th", "td"}
    assert not any(attributes for _, attributes in tags)


@pytest.mark.parametrize("size", [1e-99, 1e-120, 1e-170, 5e-324])
@pytest.mark.parametrize("bias", [False, True])
def test_weights_that_decay_has_taken_near_zero(size, bias):
    """Their squares are below the smallest float, and the objective is exact."""
    X, Y, reg = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([[1.0], [2.0]]), 0.5
    row = np.full((1, 3), size)
    network = TwoLayerNetwork(np.vstack([size * U, row]) if bias else size * U, size * V, None)
    problem = TrainingProblem(X, Y, reg, hidden_bias=bias, output_bias=bias)
    exact = [[[Fraction(entry) for entry in line] for line in array.tolist()] for array in
             (problem.inputs, network.U, network.V)]  # fmt: skip
    inputs, hidden, output = exact
    objective = Fraction(0)
    for line, (target,) in zip(inputs, Y.tolist(), strict=True):
        before = [sum(a * b for a, b in zip(line, column, strict=True))
                  for column in zip(*hidden, strict=True)]  # fmt: skip
        said = sum(max(t, 0) * v for t, (v,) in zip(before, output, strict=True))
        objective += (said - Fraction(target)) ** 2 / 2
    squares = sum(entry**2 for array in (hidden, output) for line in array for entry in line)
    objective += Fraction(reg) / 2 * squares
    assert network.evaluate(problem).value == objective
    report = audit(network, problem, level="shor", time_limit=1.0).report
    assert report.network.fraction == objective


def test_a_masked_output_bias_is_refused_by_name():
    masked = np.ma.masked_array([1.0], mask=True)
    with pytest.raises(InputError, match=r"output_bias: has masked entries, the first at \(0,\)"):
        TwoLayerNetwork([[1.0]], [[1.0]], masked)


@pytest.mark.torch
def test_weights_and_biases_that_have_gradients():
    import torch

    parts = [torch.tensor(part, requires_grad=True) for part in ([[1.0]], [[2.0]], [3.0])]
    assert TwoLayerNetwork(*parts).output(np.array([[4.0]])).tolist() == [[11.0]]


def test_predictions_of_data_without_the_column_of_a_bias():
    draw = np.random.default_rng(0).standard_normal
    U, V, X = draw((4, 5)), draw((5, 2)), draw((7, 3))
    biased = np.maximum(X @ U[:3] + U[3], 0.0) @ V + [1.0, 2.0]
    network = TwoLayerNetwork(U, V, [1.0, 2.0])
    np.testing.assert_allclose(network.predict(X), biased)
    np.testing.assert_allclose(network.predict(draw((2, 4))).shape, (2, 2))
    with pytest.raises(InputError, match="has 2 columns where U has 4 rows"):
        network.predict(X[:, :2])
