"""Brief training: for which problems, how much of it, and that its result is a result."""

import numpy as np
import pytest
from small_problems import normal

import certnn
from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.search.brief_training import is_far_from_proof, train_briefly
from certnn.training.local_training import descend


@pytest.fixture(scope="module")
def problem():
    draw = np.random.default_rng(0)
    X = draw.standard_normal((320, 12))
    return TrainingProblem(X, np.eye(4)[np.argmax(np.sin(X[:, :4]) * X[:, 4:8], axis=1)], 2.0, True)


@pytest.mark.parametrize(
    ("shape", "far"),
    [
        ((301, 10, 4), True),
        ((1797, 65, 10), True),
        ((150, 4, 3), False),  # cones of few columns
        ((60, 30, 3), False),  # phases of few points
        ((250, 30, 10), False),  # dnn
        ((569, 30, 2), False),  # lifts of few outputs
    ],
)
def test_far_from_proof_are_many_points_with_many_outputs(shape, far):
    n, d, c = shape
    assert is_far_from_proof(normal(0, n, d, c)) is far


def test_other_losses_and_points_that_are_all_zero():
    few, many = normal(0, 70, 10, 4), normal(0, 320, 10, 4)
    for base, far in ((few, False), (many, True)):
        labels = np.where(base.Y > 0.0, 1.0, -1.0)
        assert is_far_from_proof(TrainingProblem(base.X, labels, 1.0, loss="logistic")) is far
    assert not is_far_from_proof(TrainingProblem(np.zeros((320, 10)), many.Y, 1.0))


def test_the_proof_costs_no_more_than_the_training(problem):
    alone = Budget()
    [network] = descend(problem, alone, 3, (100,), 200)
    budget = Budget(work=100.0)
    found = train_briefly(problem, budget, seed=3)
    # The cheapest proof is made however little is left: its check is counted after it.
    assert alone.worked < budget.worked <= 2.0 * alone.worked + 1.5e-5 * 320 * 17
    assert np.array_equal(found.network.U, network.U)
    assert found.lower.level == "shor"
    assert found.certificate.check().value == found.lower.bound.value
    assert found.objective.value == network.evaluate(problem).value
    assert 0.0 < found.lower.bound.value < found.objective.value


@pytest.mark.parametrize("work", [np.inf, 100.0, 0.01])
def test_the_same_again_within_any_budget_of_work(problem, work):
    one, two = (train_briefly(problem, Budget(work=work), seed=1) for _ in range(2))
    assert np.array_equal(one.network.U, two.network.U)
    assert one.certificate.document == two.certificate.document


def test_more_passes_and_neurons_are_better(problem):
    def objective(width, passes):
        [network] = descend(problem, Budget(), 0, (width,), passes)
        return certnn.training.training_objective(problem, network)

    assert objective(100, 200) < objective(100, 20) < problem.null_loss
    assert objective(100, 200) < objective(8, 200)
