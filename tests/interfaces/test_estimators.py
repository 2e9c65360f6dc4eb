"""The estimators by scikit-learn's own checks, and what they prove."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import parametrize_with_checks

from certnn import (
    CertifiedReLUClassifier,
    CertifiedReLURegressor,
    InputError,
    TrainingProblem,
    train,
)

QUICK = {"level": "shor", "work_limit": None, "max_rounds": 2}


#: A quick fit proves little.
quick = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@quick
@parametrize_with_checks(
    [
        CertifiedReLURegressor(**QUICK),
        CertifiedReLUClassifier(**QUICK),
        CertifiedReLUClassifier(loss="cross-entropy", output_bias=True, **QUICK),
    ]
)
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


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c"]])
def test_probabilities_are_those_of_the_loss_that_was_trained(names):
    draw = np.random.default_rng(0).standard_normal
    X = draw((30, 2))
    y = np.array(names)[np.argmax(X @ draw((2, len(names))), axis=1)]
    model = CertifiedReLUClassifier(
        loss="cross-entropy", reg=1.0, hidden_bias="free", output_bias="free", gap=0.1
    ).fit(X, y)
    chances = model.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    index = np.searchsorted(model.classes_, y)
    loss = -np.sum(np.log(chances[np.arange(30), index]))
    weights = model.network_.U[:-1], model.network_.V
    objective = loss + 0.5 * sum(np.sum(w**2) for w in weights)
    assert model.lower_bound_ <= objective <= model.lower_bound_ / (1.0 - model.gap_) * (1 + 1e-9)
    assert np.all(model.predict(X) == model.classes_[np.argmax(chances, axis=1)])
    assert not hasattr(CertifiedReLUClassifier(), "predict_proba")


def test_losses_and_what_they_are_for():
    X = np.linspace(-1.0, 1.0, 12)[:, None]
    robust = CertifiedReLURegressor(loss="huber:0.5", reg=1e-2, gap=1e-2).fit(X, X[:, 0])
    assert robust.certificate_.check().instance.delta == 0.5
    margin = CertifiedReLUClassifier(loss="hinge", reg=1e-2, gap=1e-2).fit(X, X[:, 0] > 0.0)
    assert margin.score(X, X[:, 0] > 0.0) == 1.0
    for model, loss in ((CertifiedReLURegressor, "hinge"), (CertifiedReLUClassifier, "huber")):
        with pytest.raises(InputError, match="loss: must be"):
            model(loss=loss).fit(X, X[:, 0] > 0.0)


def test_a_fit_that_does_not_reach_its_gap_warns():
    X = np.random.default_rng(0).standard_normal((20, 3))
    with pytest.warns(ConvergenceWarning, match="is proved, not 0.001"):
        CertifiedReLURegressor(**QUICK).fit(X, X[:, 0] ** 2)


@pytest.fixture
def trainings(monkeypatch):
    """The starts of the trainings that are not brief."""
    starts = []

    def counted(problem, **options):
        starts.append(options["start"])
        return train(problem, **options)

    monkeypatch.setattr("certnn.interfaces.estimators.train", counted)
    return starts


def test_digits_are_classified_by_a_brief_fit(trainings):
    X, y = load_digits(return_X_y=True)
    X, held_out, y, expected = train_test_split(X, y, test_size=0.25, random_state=0)
    with pytest.warns(ConvergenceWarning, match="is proved, not 0.001: allow more work"):
        model = CertifiedReLUClassifier(reg=3.0).fit(X, y)
    assert trainings == []
    assert model.score(held_out, expected) > 0.97
    bound = model.certificate_.check()
    assert bound.rounded == model.lower_bound_ > 0.0
    problem = TrainingProblem(X, np.eye(10)[y], 3.0, True)
    assert bound.instance == problem.instance()
    assert 1 - bound.value / model.network_.evaluate(problem).value <= model.gap_ < 1.0


def many_classes():
    X = np.random.default_rng(0).standard_normal((320, 8))
    return X, np.argmax(X[:, :4] * np.abs(X[:, 4:]), axis=1)


@quick
@pytest.mark.parametrize(
    "asked",
    [
        {"work_limit": 0.1},
        {"time_limit": 0.5},
        {"level": "shor"},
        {"gap": 0.9},
        {"max_rounds": 1},
    ],
)
def test_who_asks_for_more_gets_more(trainings, monkeypatch, asked):
    monkeypatch.setattr("certnn.interfaces.estimators._MOST_WORK", 1.0)
    CertifiedReLUClassifier(reg=3.0, **asked).fit(*many_classes())
    assert trainings == [None]


@quick
def test_a_fit_goes_on_from_a_brief_one_that_has_proved_much(trainings, monkeypatch):
    monkeypatch.setattr("certnn.interfaces.estimators._MOST_WORK", 2.0)
    X, y = many_classes()
    model = CertifiedReLUClassifier(reg=60.0).fit(X, y)
    [start] = trainings
    problem = TrainingProblem(X, np.eye(4)[y], 60.0, True)
    assert start.width > 0
    assert model.network_.evaluate(problem).value <= start.evaluate(problem).value
    assert model.gap_ < 0.5


@pytest.mark.parametrize(
    "settings",
    [{"reg": -1.0}, {"gap": 2.0}, {"gap": -1.0}, {"level": "highest"}, {"work_limit": "much"}],
)
def test_bad_parameters_are_value_errors(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        CertifiedReLURegressor(**settings).fit([[1.0], [2.0]], [1.0, 2.0])


@quick
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


@quick
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
