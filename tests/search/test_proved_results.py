"""Results hold a network, bounds and certificates that belong together, or are refused."""

import copy
import pickle
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import certnn
from certnn import LowerBoundResult, RegularisationPath, TrainingResult
from certnn.certificates import Certificate
from certnn.errors import InputError
from certnn.reading.datasets import random_network_data
from certnn.search.results import ProvedLevel
from certnn.splitting.patterns import bound_over_patterns, collect_patterns
from certnn.studies.tightness.ratio import Tightness

PROBLEM = random_network_data(3, 0.1, n=6, d=2, c=1)
OTHER = PROBLEM.with_reg(0.2)


@pytest.fixture(scope="module")
def empty():
    return certnn.TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1)))


@pytest.fixture(scope="module")
def shor():
    return certnn.lower_bound(PROBLEM, "shor")


@pytest.fixture(scope="module")
def other():
    return certnn.lower_bound(OTHER, "shor")


@pytest.fixture(scope="module")
def trained():
    return certnn.train(PROBLEM, gap=1e-2)


def test_the_objective_of_a_network_is_no_lower_bound(shor, trained, empty):
    upper = empty.evaluate(PROBLEM)
    with pytest.raises(InputError, match=r"^bound: is the objective of a network"):
        replace(shor, bound=upper)
    with pytest.raises(InputError, match=r"^bound: is the objective of a network"):
        ProvedLevel("dnn", upper, 0.0)
    with pytest.raises(InputError, match="is the objective of a network"):
        Tightness("dnn", upper, upper)
    with pytest.raises(InputError, match=r"^objective: "):
        Tightness("dnn", shor.bound, shor.bound)
    with pytest.raises(InputError, match=r"^objective: is not that of the network"):
        TrainingResult(empty, shor.bound, shor, 0.0, False)


@pytest.mark.parametrize("value", [2.0, Fraction(1), None, "bound"])
def test_what_is_no_bound_is_refused(shor, trained, value):
    kind = type(value).__name__
    with pytest.raises(TypeError, match=f"a bound on every network is needed, got a {kind}"):
        replace(shor, bound=value)
    with pytest.raises(TypeError, match=f"objective of a network is needed, got a {kind}"):
        replace(trained, objective=value)


def test_a_bound_of_another_problem_is_refused(shor, other, trained, empty):
    for changes in ({"bound": other.bound}, {"certificate": other.certificate}):
        with pytest.raises(InputError, match=r"^certificate: is not the one"):
            replace(shor, **changes)
    with pytest.raises(InputError, match=r"^proved: is a bound for another problem"):
        replace(shor, proved=(*shor.proved, *other.proved))
    with pytest.raises(InputError, match=r"^objective: is about another problem"):
        replace(trained, lower=other)
    with pytest.raises(InputError, match="another problem"):
        Tightness("shor", other.bound, empty.evaluate(PROBLEM))


def test_a_weaker_certificate_of_the_same_problem_is_refused(shor):
    tight = certnn.lower_bound(PROBLEM, "dnn")
    assert tight.bound.value > shor.bound.value
    with pytest.raises(InputError, match=r"^certificate: is not the one"):
        replace(tight, certificate=shor.certificate)
    with pytest.raises(InputError, match=r"^level: "):
        replace(tight, level="shor")
    with pytest.raises(InputError, match=r"^level: "):
        replace(tight, proved=shor.proved)


def test_a_certificate_with_one_more_space_is_another(shor):
    longer = Certificate(shor.certificate.document + b" ")
    assert longer.check().value == shor.bound.value
    with pytest.raises(InputError, match=r"^certificate: is not the one"):
        replace(shor, certificate=longer)
    assert replace(shor, certificate=longer, bound=longer.check()).value == shor.value


def test_improve_and_near_take_results_alone(shor, other, empty):
    """An object that looks like a result has not been through its checks."""

    class Forged:
        bound, certificate, level = empty.evaluate(PROBLEM), shor.certificate, "dnn"
        proved, solver_figures, notes, seconds = (), (), (), 0.0
        network, products, interrupted = None, {}, False

    for call in (certnn.lower_bound, certnn.train):
        for name in ("improve", "near"):
            with pytest.raises(InputError, match=rf"^{name}: must be a LowerBoundResult"):
                call(PROBLEM, **{name: Forged()})
        with pytest.raises(InputError, match=r"^improve: is a bound for another problem"):
            call(PROBLEM, improve=other)


def test_networks_that_do_not_fit_are_refused(shor):
    with pytest.raises(InputError, match=r"^network: must be a TwoLayerNetwork, got a str"):
        certnn.lower_bound(PROBLEM, "shor", network="net.npz")
    with pytest.raises(InputError, match=r"^start: must be a TwoLayerNetwork, got a tuple"):
        certnn.train(PROBLEM, start=(PROBLEM.X, PROBLEM.Y))
    with pytest.raises(InputError, match=r"^improve: must be a TwoLayerNetwork, got a str"):
        certnn.lower_bound(PROBLEM, "shor", improve=replace(shor, network="net.npz"))
    wide = certnn.TwoLayerNetwork(np.ones((3, 1)), np.ones((1, 1)))
    with pytest.raises(InputError, match=r"^U: has 3 rows"):
        certnn.lower_bound(PROBLEM, "shor", network=wide)
    with pytest.raises(InputError, match=r"^U: has 3 rows"):
        certnn.lower_bound(PROBLEM, "shor", improve=replace(shor, network=wide))


def test_an_improved_result_is_proved_by_its_certificate(shor):
    better = certnn.lower_bound(PROBLEM, "dnn", improve=shor)
    assert better.bound.kind == "lower"
    assert better.certificate.check().value == better.bound.value >= shor.bound.value
    assert {p.level for p in better.proved} >= {"shor", "dnn"}


def test_a_training_result_is_of_its_network(trained, empty):
    width = trained.network.width
    assert width > 0
    scaled = certnn.TwoLayerNetwork(trained.network.U * 2, trained.network.V)
    for network in (empty, scaled):
        with pytest.raises(InputError, match=r"^objective: is not that of the network"):
            replace(trained, network=network)
        honest = replace(trained, network=network, objective=network.evaluate(PROBLEM))
        assert honest.gap > trained.gap


def test_a_network_knows_its_objective(trained):
    network, objective = trained.network, trained.objective
    assert network.has_objective(objective)
    assert not network.has_objective(trained.lower.bound)
    with_bias = certnn.TwoLayerNetwork(network.U, network.V, [1.0])
    assert not with_bias.has_objective(objective)
    assert certnn.TwoLayerNetwork(network.U, network.V, [0.0]).has_objective(objective)
    reshaped = certnn.TwoLayerNetwork(np.zeros((1, 0)), np.zeros((0, 1)))
    assert not reshaped.has_objective(
        certnn.TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1))).evaluate(PROBLEM)
    )


def test_a_free_output_bias_is_part_of_the_network():
    problem = certnn.TrainingProblem(PROBLEM.X, PROBLEM.Y, 0.1, output_bias="free")
    first, second = (
        certnn.TwoLayerNetwork(np.ones((2, 1)), np.ones((1, 1)), [bias]) for bias in (0.0, 1.0)
    )
    assert first.has_objective(first.evaluate(problem))
    assert not first.has_objective(second.evaluate(problem))
    assert first.has_objective(first.evaluate(PROBLEM))
    assert not second.has_objective(first.evaluate(PROBLEM))


def test_a_path_is_of_its_problem_and_weight_decays():
    path = certnn.regularisation_path(PROBLEM, [0.1, 0.2], gap=0.1)
    for changes in (
        {"regs": (0.1, 0.3)},
        {"results": path.results[::-1]},
        {"problem": random_network_data(4, 0.1, n=6, d=2, c=1)},
    ):
        with pytest.raises(InputError, match=r"^results, reg .*is a bound for another problem"):
            replace(path, **changes)
    with pytest.raises(InputError, match=r"^regs: must be ascending"):
        replace(path, regs=(0.2, 0.1))
    with pytest.raises(InputError, match=r"^results: are 1 for 2 regs"):
        replace(path, results=path.results[:1])
    with pytest.raises(InputError, match=r"^regs: "):
        RegularisationPath(PROBLEM, (), (), False)


def test_a_pattern_bound_is_of_its_certificate_and_patterns(trained):
    one = collect_patterns(PROBLEM, [("own", trained.network)], 0)
    more = collect_patterns(PROBLEM, [("own", trained.network)], 10)
    narrow, wide = (bound_over_patterns(PROBLEM, p, time_limit=2.0) for p in (one, more))
    with pytest.raises(InputError, match=r"^certificate: is not the one"):
        replace(narrow, bound=wide.bound)
    with pytest.raises(InputError, match=r"^patterns: are not those"):
        replace(narrow, patterns=more)
    with pytest.raises(TypeError, match="PatternBound is needed"):
        replace(narrow, bound=trained.lower.bound)


def test_an_exact_solution_has_the_gap_of_its_parts(trained, empty):
    solved = certnn.exact_solution(PROBLEM, 1e-4)
    lower, objective = solved.lower.bound.value, solved.objective.value
    assert Fraction(solved.gap) >= 1 - lower / objective > Fraction(np.nextafter(solved.gap, -1.0))
    with pytest.raises(TypeError):
        replace(solved, gap=0.0)
    with pytest.raises(InputError, match=r"^objective: "):
        replace(solved, network=empty)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_are_as_proved(trained, shor, copied):
    again = copied(trained)
    assert again.objective is trained.objective
    assert again.lower.bound is trained.lower.bound
    assert again.gap == trained.gap
    assert copied(shor).value == shor.value


def test_results_are_not_stored_but_their_certificates_are(trained, shor):
    for result in (trained, shor):
        with pytest.raises(TypeError, match="store its certificate"):
            pickle.dumps(result)
    stored = pickle.loads(pickle.dumps(shor.certificate))
    assert stored.check().value == shor.bound.value
    assert isinstance(replace(shor, seconds=1.0), LowerBoundResult)
