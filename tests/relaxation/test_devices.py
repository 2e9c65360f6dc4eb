"""The first-order method in other array libraries than numpy: the same bounds, and plain errors.

`array_api_strict` has what the array API standard says, and nothing else.
"""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest
from small_problems import normal

from certnn import InputError, SolverChoice, lower_bound
from certnn.budget import Budget
from certnn.certificates import certify
from certnn.errors import SolverError
from certnn.interfaces.cli import main
from certnn.problem.training_problem import TrainingProblem
from certnn.reading import optional_packages
from certnn.reading.npz import save_data
from certnn.relaxation.first_order import first_order, precisions_on, splitting
from certnn.relaxation.first_order.splitting import Splitting
from certnn.relaxation.reduced import own_solvers
from certnn.relaxation.reduced.directions import each_row
from certnn.relaxation.reduced.reduced_problem import reduce_problem
from certnn.search import lower_bound as bounds
from certnn.search.groups import tasks
from certnn.search.levels import merging

PRECISIONS = array_api_strict.float32, array_api_strict.float64
STRICT = tuple(array_api_strict.zeros(0, dtype=precision) for precision in PRECISIONS)
SQUARED = normal(0, n=40, d=6, c=2)
LIBRARIES = ["strict", pytest.param("torch", marks=pytest.mark.torch)]


def of(library):
    return STRICT if library == "strict" else precisions_on("cpu")


def softmax(output):
    X = np.random.default_rng(0).standard_normal((14, 2))
    Y = np.eye(4)[np.arange(14) % 4]
    return TrainingProblem(X, Y, 0.4, True, loss="softmax", output_bias=output)


def first_points(problem, **options):
    """What it hands out in its first two hundred steps or so."""
    reduced = reduce_problem(problem, each_row(problem.features))
    steps = first_order(reduced, Budget(), begin=(), **options)
    return reduced, [iterate for _, iterate in zip(range(50), steps, strict=False)]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "problem",
    [SQUARED, softmax(False), softmax(True), softmax("free")],
    ids=["squared", "softmax", "output bias", "free bias"],
)
def test_bounds_in_double_precision_are_those_of_numpy_to_rounding(problem, library):
    reduced, plain = first_points(problem, likes=precisions_on(None)[1:])
    _, other = first_points(problem, likes=of(library)[1:])
    assert [i.bound for i in other] == pytest.approx([i.bound for i in plain], rel=1e-7)
    assert [i.estimate for i in other] == pytest.approx([i.estimate for i in plain], rel=1e-7)
    last = other[-1]
    assert last.bound > 1.01 * other[0].bound
    for array in (last.Z, last.moment, last.products.multiplier):
        assert type(array) is np.ndarray
    proved = certify(problem, reduced.original_point(last.Z, last.products), {}).bound.rounded
    assert proved >= last.bound * (1.0 - 2e-4)  # the kernel stretches kappa by 2⁻¹³


def test_eigenvalues_that_are_not_found_end_it_with_what_is_found(monkeypatch):
    def failing(matrix):
        raise np.linalg.LinAlgError("did not converge")

    monkeypatch.setattr(array_api_strict.linalg, "eigh", failing)
    found = list(first_order(reduce_problem(SQUARED), Budget(), begin=(), likes=STRICT))
    assert found[-1].bound > 0.0


@pytest.mark.torch
def test_eigenvalues_that_pytorch_does_not_find_are_numpys_error():
    import torch

    like = torch.full((3, 3), torch.nan, dtype=torch.float64)
    with pytest.raises(np.linalg.LinAlgError, match="converge"):
        splitting._positive_part(like)


def test_a_device_that_fails_is_an_error_of_the_solver(monkeypatch):
    def failing(self):
        raise RuntimeError("out of memory\nmore")

    monkeypatch.setattr(Splitting, "step", failing)
    reduced = reduce_problem(SQUARED)
    with pytest.raises(SolverError, match=r"failed: out of memory$"):
        list(first_order(reduced, Budget(), begin=(), likes=STRICT))
    with pytest.raises(RuntimeError, match="more"):
        list(first_order(reduced, Budget(), begin=()))


@pytest.mark.parametrize("package", ["torch", "array_api_compat"])
def test_without_its_packages_a_device_is_refused(monkeypatch, package):
    def missing(module):
        if module == package:
            raise ImportError(module)

    monkeypatch.setattr(optional_packages, "import_module", missing)
    choice = SolverChoice(device="cuda")
    with pytest.raises(InputError, match=rf"{package}.*pip install 'certnn\[torch\]'") as caught:
        lower_bound(SQUARED, "dnn", choice=choice)
    assert caught.value.argument == "device"


@pytest.mark.parametrize("device", [0, b"cpu", np.zeros(0)])
def test_a_device_is_a_name(device):
    with pytest.raises(InputError, match="must be a name such as cuda"):
        lower_bound(SQUARED, "dnn", choice=SolverChoice(device=device))


def test_a_device_that_auto_would_not_use_is_refused():
    many = normal(0, 301, 2, 1)  # dnn of so many runs where there is a limit to use
    with pytest.raises(InputError, match="is for dnn; auto leaves it out"):
        lower_bound(many, choice=SolverChoice(device="cpu"))


@pytest.mark.torch
@pytest.mark.parametrize("device", ["", "nosuch", "cuda:999", "meta"])
def test_a_device_that_pytorch_cannot_use_is_refused(device):
    with pytest.raises(InputError, match="is none that PyTorch can use") as caught:
        lower_bound(SQUARED, "dnn", choice=SolverChoice(device=device))
    assert caught.value.argument == "device"


@pytest.fixture(params=LIBRARIES)
def on_cpu(request, monkeypatch):
    """The choice of a device, where "cpu" is an array library; and the devices asked for."""
    asked, arrays = [], of(request.param)

    def noted(device):
        if device is None:
            return precisions_on(None)
        asked.append(device)
        return arrays

    for module in (own_solvers, merging, bounds):
        monkeypatch.setattr(module, "precisions_on", noted)
    return SolverChoice(device="cpu"), asked


def test_dnn_runs_it_whatever_the_size(on_cpu):
    choice, asked = on_cpu
    found = lower_bound(SQUARED, "dnn", choice=choice, work_limit=0.7)
    assert asked == ["cpu", "cpu"]  # at first to refuse it
    assert [figure.solver for figure in found.solver_figures] == ["certnn first-order on cpu"]
    assert found.certificate.check().value == found.bound.value
    assert found.value == pytest.approx(lower_bound(SQUARED, "dnn").value, rel=3e-3)


def test_groups_that_are_merged_run_it_too(on_cpu, monkeypatch):
    monkeypatch.setattr(merging, "_SMALLEST", 9)
    monkeypatch.setattr(own_solvers, "_UNKNOWNS_UP_TO", 1)
    monkeypatch.setattr(tasks, "thread_count", lambda: 1)  # so that all is in this process
    choice, asked = on_cpu
    problem = normal(1, n=30, d=3, c=4)
    plain = lower_bound(problem, "dnn", work_limit=0.5)
    found = lower_bound(problem, "dnn", choice=choice, work_limit=0.5)
    assert len(asked) >= 1 + 4  # at first to refuse it, and four groups
    assert found.value == pytest.approx(plain.value, rel=1e-4)


@pytest.mark.torch
def test_from_the_command_line(tmp_path, capsys):
    save_data(tmp_path / "data.npz", normal(4, n=12, d=2, c=2))
    command = ["bound", "--data", str(tmp_path / "data.npz"), "--reg", "0.1", "--level", "dnn"]
    assert main([*command, "--device", "cpu", "--out", str(tmp_path / "out")]) == 0
    assert "certnn first-order on cpu" in capsys.readouterr().out
    assert main([*command, "--device", "nosuch", "--out", str(tmp_path / "other")]) == 2
    assert "--device: nosuch is none that PyTorch can use" in capsys.readouterr().err
