"""Exactly feasible moments, evidence, and what is proved tight, loose or nothing."""

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cell_programs import solve_cells, solve_patterns
from hypothesis import given, settings
from small_problems import DEGENERATE, PLAIN, normal, problems, random_family

from certnn import SolverChoice, TrainingProblem, TwoLayerNetwork, lower_bound
from certnn.errors import InputError, SolverError
from certnn.kernel import Rejected
from certnn.reading.datasets import iris
from certnn.relaxation.modelled.primal import solve_primal
from certnn.relaxation.moments.feasible_moment import (
    FeasibleMoment,
    Infeasible,
    relaxation_upper_bound,
)
from certnn.relaxation.moments.feasible_search import feasible_moment
from certnn.relaxation.moments.moment_document import load_moment, save_moment
from certnn.studies.tightness.evidence import Evidence
from certnn.studies.tightness.exact_families import exactness_reason
from certnn.studies.tightness.verdict import TightnessVerdict, tightness_verdict

FILES = Path(__file__).parent / "tightness_evidence"
STANDINGS = {
    "two-lines": "tight",
    "orthogonal": "tight",
    "orthogonal-one-output": "tight",
    "heavy-decay": "tight",
    "random": "loose",
}


def dnn(problem):
    return lower_bound(problem, "dnn", choice=SolverChoice("certnn")).bound.value


# Exactly feasible moments.


@pytest.mark.parametrize(
    "problem",
    [
        *(PLAIN[name] for name in ("d=2, c=1", "d=3, c=3, large reg", "d=1", "n < d")),
        *(PLAIN[name] for name in ("hidden bias", "rank deficient", "zero columns", "one point")),
        DEGENERATE["duplicates"],
        DEGENERATE["zero rows"],
        random_family(1, n=12),
    ],
    ids=repr,
)
def test_value_is_that_of_another_solver(problem):
    moment, value = feasible_moment(problem)
    assert value == relaxation_upper_bound(moment) >= dnn(problem)
    solved = solve_primal(problem, None, "CLARABEL", None, {}).figure.primal_value
    assert float(value) == pytest.approx(solved, rel=2e-5)


def test_scales_do_not_matter():
    problem = PLAIN["d=2, c=2"]
    _, value = feasible_moment(problem)
    scaled = TrainingProblem(2.0**30 * problem.X, 2.0**-10 * problem.Y, 2.0**20 * problem.reg)
    _, other = feasible_moment(scaled)
    assert float(other) == pytest.approx(2.0**-20 * float(value), rel=1e-6)
    sizes = 10.0 ** np.arange(-8, 8, 2)[:, None]
    _, uneven = feasible_moment(TrainingProblem(problem.X * sizes, problem.Y, problem.reg))
    assert 0 < uneven < problem.null_loss


@settings(max_examples=12)
@given(problems())
def test_bounds_are_in_order_on_awkward_data(problem):
    try:
        _, value = feasible_moment(problem)
    except SolverError:  # next to no interior, or nothing to solve
        return
    null = sum(Fraction(float(y)) ** 2 for y in problem.Y.flat) / 2
    assert dnn(problem) <= value <= null


def by_hand(U, V, X, Y, reg):
    """The moments of a network of integers, and the best multiple's objective, in fractions."""
    U, V, X = (np.array(m, dtype=object) for m in (U, V, X))
    a = np.maximum(X @ U, 0)
    z = np.vstack([U, a, V.T])
    L = z @ z.T
    d, n = len(U), len(X)
    entries = tuple(
        int(L[i, j]) for i in range(len(L)) for j in range(i + 1) if not (i == j and d <= i < d + n)
    )
    problem = TrainingProblem(X.astype(float), Y, reg)
    moment = FeasibleMoment(problem, tuple(range(n)), np.eye(d), (0,) * len(L), entries)
    F, Y = a @ V, [[Fraction(y) for y in row] for row in Y]
    inner = sum(f * y for p, q in zip(F, Y, strict=True) for f, y in zip(p, q, strict=True))
    gain = inner - Fraction(reg) * (sum((U * U).flat) + sum((V * V).flat)) / 2
    null = sum(y * y for row in Y for y in row) / 2
    return moment, null - max(gain, 0) ** 2 / (2 * sum((F * F).flat))


@pytest.mark.parametrize("reg", [0.125, 64.0])
def test_moments_of_a_network_are_feasible(reg):
    moment, value = by_hand(
        [[1, -1, 2], [2, 1, 0]], [[1, 2], [-1, 1], [0, 1]], [[1, 0], [1, 1], [-1, 2]],
        [[1.0, 2.0], [0.5, 3.0], [-1.0, 4.0]], reg,
    )  # fmt: skip
    assert relaxation_upper_bound(moment) == value
    assert value >= dnn(moment.problem)


def test_what_is_not_feasible_is_refused():
    moment, _ = by_hand([[1], [2]], [[1]], [[1, 0], [1, 1], [-1, 2]], [[1.0], [2.0], [3.0]], 0.125)
    k = len(moment.entries) - 1

    def changed(index, value):
        entries = (*moment.entries[:index], value, *moment.entries[index + 1 :])
        return replace(moment, entries=entries)

    cases = {
        "not positive semidefinite": changed(k, 0),  # L(v²) of an active neuron
        "do not fit": replace(moment, entries=moment.entries[:-1]),
        "representatives are not rows": replace(moment, representatives=(0, 1, 7)),
        "zero or a multiple": replace(moment, representatives=(0, 1, 1)),
    }
    for reason, case in cases.items():
        with pytest.raises(Infeasible, match=reason):
            relaxation_upper_bound(case)
    fewer = replace(moment, representatives=(0, 1), scales=(0,) * 5, entries=(0,) * 13)
    with pytest.raises(Infeasible, match="not exactly a multiple"):
        relaxation_upper_bound(fewer)


@pytest.mark.parametrize("a", [(1, 1), (1, 0), (0, 1), (0, 0)])
def test_a_negative_product_is_refused(a):
    """With X = I and u = (1, 1), a_i·b_i = 0 leaves a_i 1 or 0; only a = (1, 1), or its negative
    for −u, has no product of two signs."""
    problem = TrainingProblem(np.eye(2), [[1.0], [1.0]], 0.5)
    L = np.outer((1, 1, *a, 0), (1, 1, *a, 0))
    diagonal = {(2, 2), (3, 3)}
    entries = tuple(int(L[i, j]) for i in range(5) for j in range(i + 1) if (i, j) not in diagonal)
    moment = FeasibleMoment(problem, (0, 1), np.eye(2), (0,) * 5, entries)
    if a in ((1, 1), (0, 0)):
        assert relaxation_upper_bound(moment) == 1
    else:
        with pytest.raises(Infeasible, match=r"of the ab-forms . and . is negative"):
            relaxation_upper_bound(moment)


def test_what_has_no_interior_is_an_error():
    with pytest.raises(SolverError, match="up to 150 directions"):
        feasible_moment(normal(0, 160, 3, 1))
    with pytest.raises(SolverError, match="zero"):
        feasible_moment(TrainingProblem(np.eye(2), np.zeros((2, 1)), 0.1))
    with pytest.raises(SolverError, match="zero"):
        feasible_moment(TrainingProblem(np.zeros((2, 2)), np.ones((2, 1)), 0.1))


def test_moment_file(tmp_path):
    moment, value = feasible_moment(normal(1, 5, 2, 2, hidden_bias=True))
    path = tmp_path / "moment.json"
    save_moment(path, moment)
    again = load_moment(path)
    assert again.problem == moment.problem
    assert again.entries == moment.entries
    assert relaxation_upper_bound(again) == value
    document = json.loads(path.read_text())
    changes = {
        "version": 2,
        "entries": ["1.5"],
        "scales": [10**6],
        "representatives": ["0"],
        "hidden_bias": 1,
        "X": {"shape": [2, 2], "data": ""},
    }
    for key, value in changes.items():
        path.write_text(json.dumps(document | {key: value}))
        with pytest.raises(InputError):
            load_moment(path)
    path.write_text(json.dumps(document).replace("{", '{"version": 1, ', 1))
    with pytest.raises(InputError, match="version: is given twice"):
        load_moment(path)
    del document["basis"]
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="no 'basis'"):
        load_moment(path)


# Families.


def test_reasons_are_read_off_exactly():
    y = np.ones((4, 1))
    lines = [[1.0, 2.0, 3.0], [-2.0, -4.0, -6.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    assert "two lines" in exactness_reason(TrainingProblem(lines, y, 0.1))
    nearly = [[1.0, 2.0], [3.0, 6.0 + 1e-15], [0.0, 1.0], [0.0, 2.0]]
    assert exactness_reason(TrainingProblem(nearly, y, 0.1)) is None
    both = np.vstack([np.eye(3), -np.eye(3)[:1]])
    assert "four rays" in exactness_reason(TrainingProblem(both, np.ones((4, 2)), 0.1))
    more = np.vstack([np.eye(4), -np.eye(4)[:1]])
    assert exactness_reason(TrainingProblem(more, np.ones((5, 1)), 0.1)) is None
    assert "one output" in exactness_reason(TrainingProblem(np.eye(6), np.ones((6, 1)), 0.1))
    assert exactness_reason(TrainingProblem(np.eye(6), np.ones((6, 2)), 0.1)) is None


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("family", ["two lines", "orthogonal", "opposite"])
def test_relaxation_is_exact_in_the_families(family, seed):
    """Against the optimum as cell programs find it, which know nothing of the relaxation."""
    draw = np.random.default_rng(seed)
    rows = {
        "two lines": draw.integers(1, 4, (5, 1)) * draw.integers(-3, 4, (2, 2))[[0, 1, 0, 1, 0]],
        "orthogonal": np.diag(draw.integers(1, 5, 4)),
        "opposite": np.array([[1, 2], [-2, -4], [2, -1], [-2, 1]]),
    }[family]
    problem = TrainingProblem(rows, draw.standard_normal((len(rows), 2)), 0.2)
    assert exactness_reason(problem) is not None
    assert float(dnn(problem)) == pytest.approx(solve_cells(problem).value, rel=2e-6)


def test_orthogonal_rays_with_one_output_are_exact_in_any_number():
    rows = np.diag([1, 2, 1, 3, 2])[[0, 1, 2, 3, 4, 0]]
    problem = TrainingProblem(rows, [[1.0], [-2.0], [0.5], [1.5], [-1.0], [2.0]], 0.3)
    assert "one output" in exactness_reason(problem)
    assert float(dnn(problem)) == pytest.approx(solve_patterns(problem).value, rel=2e-6)


# Verdicts.


@pytest.mark.parametrize("name", STANDINGS)
def test_kept_evidence(name):
    verdict = TightnessVerdict(Evidence.load(FILES / name))
    assert verdict.standing == STANDINGS[name], verdict.reason
    low, high = verdict.relaxation_interval
    least, most = verdict.optimum_interval
    assert low <= high <= most
    assert (most - least) <= Fraction(1e-6) * most
    below, above = verdict.distance
    assert 0 <= below <= above
    if verdict.standing == "loose":
        assert below > 0.01
        assert high < least
    else:
        assert above <= 1e-6
    verdict.point.verify()
    assert verdict.point.objective() == verdict.objective.value


def test_equality_needs_no_theorem():
    evidence = Evidence.load(FILES / "heavy-decay")
    assert exactness_reason(evidence.problem) is None
    verdict = TightnessVerdict(evidence, 0.0)
    assert verdict.relaxation.value == verdict.objective.value == 3


def test_without_the_moment_nothing_is_loose(tmp_path):
    shutil.copytree(FILES / "random", tmp_path / "random")
    (tmp_path / "random" / "moment.json").unlink()
    verdict = TightnessVerdict(Evidence.load(tmp_path / "random"))
    assert (verdict.standing, verdict.feasible) == ("open", None)
    assert verdict.distance[0] == 0
    verdict = TightnessVerdict(Evidence.load(tmp_path / "random"), 0.5)
    assert verdict.standing == "tight within tolerance"


def test_false_evidence_is_refused():
    evidence, other = (Evidence.load(FILES / name) for name in ("random", "two-lines"))
    entries = tuple(2 * e if k == 7 else e for k, e in enumerate(evidence.moment.entries))
    with pytest.raises(Infeasible):
        TightnessVerdict(replace(evidence, moment=replace(evidence.moment, entries=entries)))
    with pytest.raises(InputError, match="kind psd"):
        TightnessVerdict(replace(evidence, relaxation=evidence.optimum))
    with pytest.raises(InputError, match="another problem"):
        TightnessVerdict(replace(evidence, moment=other.moment))
    with pytest.raises(InputError, match="another problem"):
        TightnessVerdict(replace(evidence, optimum=other.optimum))
    with pytest.raises(InputError, match="tolerance"):
        TightnessVerdict(evidence, 1.0)
    document = json.loads(evidence.optimum.document)
    document["claim"]["lower_bound"] = "1000/1"
    claim = replace(evidence.optimum, content=json.dumps(document).encode())
    with pytest.raises(Rejected):
        TightnessVerdict(replace(evidence, optimum=claim))


def test_a_worse_network_opens_the_interval_only():
    evidence = Evidence.load(FILES / "random")
    worse = TwoLayerNetwork(evidence.network.U * 1.1, evidence.network.V)
    verdict = TightnessVerdict(replace(evidence, network=worse))
    assert verdict.standing == "loose"
    assert verdict.optimum_interval[1] > TightnessVerdict(evidence).optimum_interval[1]


def test_evidence_is_found_saved_and_judged(tmp_path):
    problem = random_family(4, n=6, c=2)
    verdict = tightness_verdict(problem)
    solved = solve_cells(problem).value
    assert verdict.optimum_interval[0] <= solved * (1 + 1e-7)
    assert verdict.optimum_interval[1] >= solved * (1 - 1e-7)
    assert verdict.standing in ("loose", "tight within tolerance")
    none = TrainingProblem(np.eye(3)[:, :2], np.zeros((3, 1)), 0.1)
    assert tightness_verdict(none).standing == "tight"
    evidence = Evidence.load(FILES / "orthogonal")
    evidence.save(tmp_path / "again")
    assert TightnessVerdict(Evidence.load(tmp_path / "again")).standing == "tight"


def test_other_losses_are_refused():
    with pytest.raises(InputError, match="loss"):
        tightness_verdict(TrainingProblem([[1.0]], [[1.0]], 0.1, loss="logistic"))


@pytest.mark.slow
def test_the_relaxation_of_iris_is_known_to_five_digits():
    problem = iris(0.1)
    _, value = feasible_moment(problem)
    low = dnn(problem)
    assert low <= value <= low * Fraction(1.0001)
    assert value < Fraction(2.5)  # far below the best network, 2.53
