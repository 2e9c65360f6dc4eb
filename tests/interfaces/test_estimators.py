"""The estimators by scikit-learn's own checks, and what they prove."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

from certnn import (
    CertifiedReLUClassifier,
    CertifiedReLURegressor,
    InputError,
    TrainingProblem,
)

QUICK = {"level": "shor", "work_limit": None, "max_rounds": 2}


@parametrize_with_checks([CertifiedReLURegressor(**QUICK), CertifiedReLUClassifier(**QUICK)])
def test_scikit_learn_compatible(estimator, check):
    check(estimator)


def test_iris_with_its_proof():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    X, held_out, names, expected = train_test_split(X, names, test_size=0.5, random_state=42)
    model = CertifiedReLUClassifier(reg=0.1, hidden_bias=False, gap=0.02).fit(X, names)
    assert model.gap_ <= 0.02
    bound = model.certificate_.check()
    assert bound.rounded == model.lower_bound_
    problem = TrainingProblem(X, np.eye(3)[np.unique(names, return_inverse=True)[1]], 0.1)
    assert bound.instance == problem.instance()
    objective = model.network_.evaluate(problem).value
    assert bound.value <= objective
    assert 1 - bound.value / objective <= model.gap_
    assert model.score(held_out, expected) > 0.9


def test_a_hidden_bias_is_used():
    X = np.linspace(-1.0, 1.0, 12)[:, None]
    y = np.maximum(X[:, 0] - 0.5, 0.0) + 1.0
    with_bias = CertifiedReLURegressor(reg=1e-3, gap=1e-2).fit(X, y)
    without = CertifiedReLURegressor(reg=1e-3, gap=1e-2, hidden_bias=False).fit(X, y)
    assert with_bias.score(X, y) > 0.99
    assert without.score(X, y) < 0.5


@pytest.mark.parametrize("settings", [{"reg": -1.0}, {"gap": 2.0}, {"level": "highest"}])
def test_bad_parameters_are_value_errors(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        CertifiedReLURegressor(**settings).fit([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("kinds", "classes"),
    [
        ([10, 9, 10, 1], [1, 9, 10]),
        (["b", "a", "b", "c"], ["a", "b", "c"]),
        ([True, False, True, False], [False, True]),
    ],
)
def test_classes_keep_their_type(kinds, classes):
    X = np.random.default_rng(0).standard_normal((4, 2))
    model = CertifiedReLUClassifier(**QUICK).fit(X, kinds)
    assert model.classes_.tolist() == classes
    assert model.classes_.dtype == np.array(kinds).dtype
    assert set(model.predict(X)) <= set(classes)


@pytest.mark.parametrize(
    "kinds", [["a", None, "b", "a"], np.ma.masked_array([0, 1, 1, 0], [1, 0, 0, 0])]
)
def test_missing_labels_and_masked_data_are_refused(kinds):
    X = np.random.default_rng(0).standard_normal((4, 2))
    with pytest.raises(InputError, match="y: has"):
        CertifiedReLUClassifier(**QUICK).fit(X, kinds)
    for model, y in ((CertifiedReLUClassifier, [0, 1, 0, 1]), (CertifiedReLURegressor, X[:, 0])):
        with pytest.raises(InputError, match="X: has masked entries"):
            model(**QUICK).fit(np.ma.masked_array(X, X > 0.0), y)
