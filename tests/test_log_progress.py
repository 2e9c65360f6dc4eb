"""The example that logs an audit to MLflow or TensorBoard, with stand-ins for the packages."""

import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

import certnn

EXAMPLE = Path(__file__).parents[1] / "examples" / "log_progress.py"
PROBLEM = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)


@pytest.fixture
def example():
    return runpy.run_path(str(EXAMPLE))


def stand_in(monkeypatch, name, **members):
    module = ModuleType(name)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


class Writer:
    """Of TensorBoard, as far as the example needs it."""

    scalars: list

    def __init__(self, folder):
        Writer.scalars = []

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def add_text(self, name, text, step):
        assert text

    def flush(self):
        pass


@pytest.fixture
def logged(monkeypatch, example):
    """By tracker what a callback has logged: (name, value, step) in order."""

    def run(tracker):
        log = []
        if tracker == "mlflow":
            stand_in(
                monkeypatch,
                "mlflow",
                log_metrics=lambda known, step: log.extend((k, v, step) for k, v in known.items()),
                set_tag=lambda name, value: None,
            )
            return example["mlflow_callback"](), log
        for name in ("torch", "torch.utils"):
            stand_in(monkeypatch, name, __path__=[])
        stand_in(monkeypatch, "torch.utils.tensorboard", SummaryWriter=Writer)
        callback = example["tensorboard_callback"]("nowhere")
        return callback, Writer.scalars

    return run


@pytest.mark.parametrize(("tracker", "prefix"), [("mlflow", ""), ("tensorboard", "certnn/")])
def test_what_is_known_is_logged_step_by_step(logged, tracker, prefix):
    tell, log = logged(tracker)
    tell("shor", None, None)
    tell("shor", None, 4.0)
    assert tell("dnn: proved", 3.0, 4.0) is None  # True would end the audit
    assert log == [
        (f"{prefix}best_objective", 4.0, 1),
        (f"{prefix}proved_bound", 3.0, 2),
        (f"{prefix}best_objective", 4.0, 2),
        (f"{prefix}gap", 0.25, 2),
    ]


def test_an_audit_logs_its_way_to_the_gap(logged, monkeypatch, example, capsys):
    _, log = logged("mlflow")
    monkeypatch.setitem(example["main"].__globals__, "iris", lambda reg: PROBLEM)
    example["main"]("mlflow")
    first, last = ({n: v for n, v, s in log if s == step} for step in (log[0][2], log[-1][2]))
    assert len(first) < len(last) == 3
    assert 0.28 <= last["proved_bound"] <= 0.29 <= last["best_objective"] <= 0.3
    assert "(proved)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tracker", "missing"), [("mlflow", "mlflow"), ("tensorboard", "torch.utils.tensorboard")]
)
def test_a_package_that_is_missing_is_named_in_one_line(monkeypatch, example, tracker, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit, match=r"is not installed: pip install .*(mlflow|tensorboard)"):
        example["main"](tracker)


def test_another_tracker_is_refused(example):
    with pytest.raises(SystemExit, match="one of mlflow, tensorboard"):
        example["main"]("")
