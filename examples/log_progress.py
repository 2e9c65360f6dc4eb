"""Log an audit as it goes: python examples/log_progress.py mlflow, or tensorboard

What is proved, the best network's objective and the gap between them become curves, one step each
time the audit tells of something. Either needs its package: pip install mlflow, or tensorboard and
torch. The callback of any other tracker is as short.
"""

import sys
from collections.abc import Callable
from itertools import count

import certnn
from certnn.reading.datasets import iris


def figures(bound: float | None, objective: float | None) -> dict[str, float]:
    """What is known by now; nothing is proved, or found, at first."""
    known = {"proved_bound": bound, "best_objective": objective}
    if bound is not None and objective is not None and objective > 0.0:
        known["gap"] = (objective - bound) / objective
    return {name: value for name, value in known.items() if value is not None}


def mlflow_callback() -> Callable[[str, float | None, float | None], None]:
    """For `progress`: metrics of the active run, which is begun if there is none."""
    try:
        import mlflow
    except ModuleNotFoundError:
        raise SystemExit("MLflow is not installed: pip install mlflow") from None
    steps = count()

    def tell(stage: str, bound: float | None, objective: float | None) -> None:
        step = next(steps)
        mlflow.log_metrics(figures(bound, objective), step=step)
        mlflow.set_tag("stage", stage)

    return tell


def tensorboard_callback(folder: str) -> Callable[[str, float | None, float | None], None]:
    """For `progress`: scalars in `folder`, for ``tensorboard --logdir``."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        raise SystemExit("TensorBoard is not installed: pip install tensorboard torch") from None
    writer, steps = SummaryWriter(folder), count()

    def tell(stage: str, bound: float | None, objective: float | None) -> None:
        step = next(steps)
        for name, value in figures(bound, objective).items():
            writer.add_scalar(f"certnn/{name}", value, step)
        writer.add_text("certnn/stage", stage, step)
        writer.flush()

    return tell


def main(tracker: str) -> None:
    callbacks = {
        "mlflow": mlflow_callback,
        "tensorboard": lambda: tensorboard_callback("certnn-tensorboard"),
    }
    if tracker not in callbacks:
        raise SystemExit(f"one of {', '.join(callbacks)}, not {tracker!r}")
    result = certnn.audit(None, iris(reg=0.1), progress=callbacks[tracker]())
    print(f"no network is below {result.lower.value:.6f} (proved)")


if __name__ == "__main__":
    main(*sys.argv[1:2] or [""])
