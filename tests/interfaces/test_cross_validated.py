"""The estimators that choose their weight decay: by scikit-learn's checks, and what they prove."""

import signal

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

import certnn
from certnn import CertifiedReLUClassifierCV, CertifiedReLURegressorCV, InputError, TrainingProblem
from certnn.interfaces import cross_validated

QUICK = {"level": "shor", "work_limit": 1.0, "max_rounds": 1, "regs": [0.3], "cv": 2}
quick = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:The least populated class:UserWarning",
)


@quick
@parametrize_with_checks([CertifiedReLURegressorCV(**QUICK), CertifiedReLUClassifierCV(**QUICK)])
def test_scikit_learn_compatible(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def data():
    draw = np.random.default_rng(5)
    X = draw.standard_normal((24, 2))
    return X, np.maximum(X[:, 0] - 0.3 * X[:, 1], 0.0) + 0.3 * draw.standard_normal(24)


@pytest.fixture(scope="module")
def model(data):
    return CertifiedReLURegressorCV(regs=6, hidden_bias=False, cv=3).fit(*data)


def test_the_grid_begins_where_neurons_begin_to_pay(data, model):
    largest = model.regs_[0]
    assert model.regs_.shape == (6,)
    np.testing.assert_allclose(model.regs_, np.geomspace(largest, 1e-3 * largest, 6))
    above, below = (
        certnn.train(TrainingProblem(*data, k * largest), gap=1e-6) for k in (1.01, 0.98)
    )
    null = TrainingProblem(*data, 1.0).null_loss
    assert above.lower.value >= null * (1 - 2e-6)
    assert below.objective.value < null * (1 - 1e-5)


def test_what_is_chosen_is_best_on_what_was_held_out(data, model):
    assert model.loss_path_.shape == (6, 3)
    means = model.loss_path_.mean(axis=1)
    assert model.reg_ == model.regs_[np.argmin(means)]
    assert means.min() < 0.5 * means[0]
    X, y = data
    for k, (kept, held_out) in enumerate(KFold(3).split(X)):
        constant = 0.5 * np.mean(y[held_out] ** 2)  # without neurons
        assert model.loss_path_[0, k] == pytest.approx(constant, rel=1e-2)
        assert len(kept) == 16


def test_what_is_proved_is_about_all_data(data, model):
    bound = model.certificate_.check()
    problem = TrainingProblem(*data, model.reg_)
    assert bound.instance == problem.instance()
    assert model.gap_ <= 1e-3
    objective = model.network_.evaluate(problem).value
    assert 1 - bound.value / objective <= model.gap_
    lower = dict(zip(model.regs_, model.lower_bound_path_, strict=True))
    assert lower[model.reg_] == model.lower_bound_
    assert lower[model.regs_[0]] > 0.0
    for reg, low in lower.items():
        best = certnn.train(problem.with_reg(reg), gap=1e-3)
        assert low <= best.objective.value


def test_the_same_work_gives_the_same_model(data):
    def fitted():
        model = CertifiedReLURegressorCV(regs=[1.0, 0.1], cv=2, gap=0.05, work_limit=2.0)
        return model.fit(*data)

    first, second = fitted(), fitted()
    assert first.certificate_.document == second.certificate_.document
    assert first.network_.U.tobytes() == second.network_.U.tobytes()
    np.testing.assert_array_equal(first.loss_path_, second.loss_path_)


@pytest.mark.parametrize("loss", ["hinge", "half-squared", "cross-entropy"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_folds_of_a_classifier_have_all_classes(loss, monkeypatch):
    X = np.random.default_rng(1).standard_normal((20, 2))
    y = np.repeat(["a", "b"], 10)  # in order: folds that are not stratified have one class each
    X[y == "b"] += 2.0
    seen = []
    split = StratifiedKFold.split
    monkeypatch.setattr(
        StratifiedKFold, "split", lambda *given: (seen.append(f) or f for f in split(*given))
    )
    quick = {"output_bias": "free", "level": "shor", "max_rounds": 3}
    model = CertifiedReLUClassifierCV([1e3, 1.0], loss=loss, cv=2, **quick).fit(X, y)
    assert [sorted(y[held_out].tolist()) for _, held_out in seen] == [["a"] * 5 + ["b"] * 5] * 2
    assert model.reg_ == 1.0
    assert model.score(X, y) >= 0.9


def test_an_interrupt_before_anything_is_chosen_leaves_nothing(data, monkeypatch):
    true = cross_validated.train_locally

    def interrupted(*given, **more):
        signal.raise_signal(signal.SIGINT)
        return true(*given, **more)

    monkeypatch.setattr(cross_validated, "train_locally", interrupted)
    model = CertifiedReLURegressorCV(cv=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    assert not hasattr(model, "network_")


def test_a_fit_that_does_not_reach_its_gap_warns(data):
    with pytest.warns(ConvergenceWarning, match="is proved, not 0.001"):
        CertifiedReLURegressorCV(**QUICK).fit(*data)


@quick
def test_without_time_the_grid_begins_high_enough(data, model):
    hurried = CertifiedReLURegressorCV(regs=2, cv=2, hidden_bias=False, work_limit=1e-9).fit(*data)
    assert hurried.regs_[0] >= model.regs_[0]
    assert hurried.reg_ in hurried.regs_


def test_without_anything_to_learn():
    model = CertifiedReLURegressorCV(cv=2, regs=2).fit([[1.0], [2.0]], [0.0, 0.0])
    assert model.regs_.tolist() == [1.0, 1e-3]
    assert model.gap_ == 0.0


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"regs": 0}, "regs: must be weight decays or how many, got 0"),
        ({"regs": True}, "regs: must be"),
        ({"regs": []}, "regs: is empty"),
        ({"regs": [0.1, -1.0]}, "regs: must be positive"),
        ({"eps": 1.0}, "eps: must be in"),
        ({"cv": [([0, 1], [])]}, "cv: has no folds, or one with no points"),
        ({"gap": 2.0}, "gap: must be in"),
        ({"work_limit": -1.0}, "work_limit: must be positive"),
    ],
)
def test_bad_parameters_are_input_errors(settings, complaint):
    with pytest.raises(InputError, match=complaint):
        CertifiedReLURegressorCV(**{"cv": 2, **settings}).fit([[1.0], [2.0]], [1.0, 2.0])
