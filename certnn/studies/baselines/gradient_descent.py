"""Stochastic gradient descent and Adam in PyTorch, several runs at a time, as a baseline.

The objective is the training problem's own: weight decay is part of the loss. Learning rates are
chosen by short trials, by the training objective alone. Nothing here is a proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.optional_packages import require_package

#: Learning rates that are tried, for sgd as a multiple of 1/(n·mean |x|²).
_RATES = {"adam": (0.1, 0.03, 0.01, 0.003, 0.001), "sgd": (0.3, 0.1, 0.03, 0.01, 0.003)}
_MOMENTUM = 0.9
#: Share of the steps and of the time of one trial.
_TRIAL = 0.04
#: Nominal seconds of a step, and of a multiplication and addition in it.
_A_STEP, _A_PRODUCT = 3e-4, 5e-10
#: Points of the history, and networks kept on the way.
_RECORDS, _SNAPSHOTS = 100, 20
#: Objectives and weights from which on a run has diverged.
_DIVERGED = 1e50


@dataclass(frozen=True, eq=False)
class GradientDescent:
    """What several runs of gradient descent came to.

    Attributes
    ----------
    network : TwoLayerNetwork
        The end of the run with the lowest training objective.
    objectives : tuple of float
        Training objective at the end of each run, in float64; infinite where it diverged.
    steps : tuple of int
        Steps after which the objectives were recorded.
    histories : float64 array, shape (runs, len(steps))
        Training objectives there.
    snapshots : tuple of TwoLayerNetwork
        The run of `network` on its way, evenly spaced; the last is `network`.
    learning_rate : float
        The one that was used.
    """

    network: TwoLayerNetwork
    objectives: tuple[float, ...]
    steps: tuple[int, ...]
    histories: FloatArray
    snapshots: tuple[TwoLayerNetwork, ...]
    learning_rate: float

    @property
    def best(self) -> int:
        """Number of the run of `network`."""
        return int(np.argmin(self.objectives))


def gradient_descent(
    problem: TrainingProblem,
    budget: Budget,
    width: int = 300,
    *,
    runs: int = 5,
    steps: int = 4000,
    optimiser: str = "adam",
    learning_rate: float | None = None,
    batch: int = 128,
    seed: int = 0,
) -> GradientDescent:
    """Train networks of a given width from random weights.

    The learning rate falls along a cosine, over the steps or the budget, whichever ends first.
    Raises `InputError` if PyTorch is not installed or an argument is unusable.

    Parameters
    ----------
    problem : TrainingProblem
        With the half-squared loss, and no bias but a decayed hidden one.
    budget : Budget
        Of all runs together.
    width : int
        Neurons.
    runs : int
        Networks, each with weights and batches of its own.
    steps : int
        Of each run; each on a batch of points drawn at random without replacement.
    optimiser : str
        "adam", or "sgd" with momentum 0.9.
    learning_rate : float or None
        None for the best of five after a few steps, by the training objective.
    batch : int
        Points of a batch, at most.
    seed : int
        Of weights and batches. The result depends on nothing else unless time runs out.
    """
    if not problem.is_plain:
        raise InputError("problem", "must have the half-squared loss and no output or free bias")
    if min(width, runs, steps, batch) < 1:
        raise InputError("width, runs, steps and batch", "must be at least 1")
    if optimiser not in _RATES:
        raise InputError("optimiser", f"must be adam or sgd, got {optimiser!r}")
    if learning_rate is not None and not 0.0 < learning_rate < math.inf:
        raise InputError("learning_rate", f"must be positive, got {learning_rate!r}")
    torch = require_package("torch", "gradient descent", "training in PyTorch")
    trainer = _Trainer(torch, problem, width, optimiser, min(batch, problem.n), seed)
    with threadpool_limits(1):  # small matrices: on busy cores threads only wait
        if learning_rate is None:
            tried = {}
            for rate in _RATES[optimiser]:
                rate *= trainer.unit
                trial = trainer.run(1, math.ceil(_TRIAL * steps), rate, budget.part(_TRIAL))
                tried[rate] = trial.objectives[0]
            learning_rate = min(tried, key=lambda rate: tried[rate])
        return trainer.run(runs, steps, learning_rate, budget)


class _Trainer:
    def __init__(
        self,
        torch: Any,
        problem: TrainingProblem,
        width: int,
        optimiser: str,
        batch: int,
        seed: int,
    ) -> None:
        self._torch, self._width, self._reg = torch, width, problem.reg
        self._optimiser, self._batch, self._seed = optimiser, batch, seed
        self._X = torch.from_numpy(problem.inputs.copy())
        self._Y = torch.from_numpy(problem.Y.copy())
        square = float(np.mean(np.sum(problem.inputs**2, axis=1))) or 1.0
        self._size = math.sqrt(square)
        self.unit = 1.0 if optimiser == "adam" else 1.0 / (problem.n * square)

    def run(self, runs: int, steps: int, rate: float, budget: Budget) -> GradientDescent:
        torch, (n, d), c = self._torch, self._X.shape, self._Y.shape[1]
        draw = torch.Generator().manual_seed(self._seed)

        def normal(*shape: int) -> Any:
            return torch.randn(*shape, generator=draw, dtype=torch.float64)

        # Hidden values and outputs about as large as those of standardised data would make them.
        U = (normal(runs, d, self._width) * (math.sqrt(2.0) / self._size)).requires_grad_()
        V = (normal(runs, self._width, c) / math.sqrt(self._width)).requires_grad_()
        if self._optimiser == "adam":
            stepper = torch.optim.Adam([U, V], lr=rate)
        else:
            stepper = torch.optim.SGD([U, V], lr=rate, momentum=_MOMENTUM)
        batches = self._batches(runs, draw)
        whole, step, progress = budget.left, 0, 0.0
        cost = _A_STEP + _A_PRODUCT * runs * self._batch * self._width * (d + c)
        taken, records, networks = [0], [self._objectives(U, V)], [self._networks(U, V)]
        while progress < 1.0:
            for group in stepper.param_groups:
                group["lr"] = rate * 0.5 * (1.0 + math.cos(math.pi * progress))
            rows = next(batches)
            stepper.zero_grad()
            loss = self._loss(self._X[rows], self._Y[rows], U, V, n / self._batch)
            loss.sum().backward()
            stepper.step()
            step += 1
            budget.spend(cost)
            used = 1.0 if budget.over else 0.0 if math.isinf(whole) else 1.0 - budget.left / whole
            progress = max(step / steps, used)
            if progress >= min(len(records) / _RECORDS, 1.0):
                taken.append(step)
                records.append(self._objectives(U, V))
            if progress >= min(len(networks) / _SNAPSHOTS, 1.0):
                networks.append(self._networks(U, V))
        final = np.where(records[-1] < _DIVERGED, records[-1], np.inf)
        best = int(np.argmin(final))
        kept = tuple(
            TwoLayerNetwork(hidden[best], output[best])
            for hidden, output in networks
            if max(np.max(np.abs(hidden[best])), np.max(np.abs(output[best]))) < _DIVERGED
        )
        return GradientDescent(
            kept[-1], tuple(map(float, final)), tuple(taken), np.array(records).T, kept, rate
        )

    def _batches(self, runs: int, draw: Any) -> Iterator[Any]:
        """Rows for each run, shape (runs, batch): every epoch in a new order."""
        torch, n = self._torch, self._X.shape[0]
        if self._batch == n:
            while True:
                yield torch.arange(n).expand(runs, n)
        while True:
            order = torch.rand(runs, n, generator=draw).argsort(dim=1)
            for start in range(0, n - self._batch + 1, self._batch):
                yield order[:, start : start + self._batch]

    def _loss(self, X: Any, Y: Any, U: Any, V: Any, share: float) -> Any:
        """The objective of each run, shape (runs,), its loss from points times the share."""
        outputs = self._torch.relu(X @ U) @ V
        losses = 0.5 * share * ((outputs - Y) ** 2).sum((1, 2))
        return losses + 0.5 * self._reg * ((U**2).sum((1, 2)) + (V**2).sum((1, 2)))

    def _objectives(self, U: Any, V: Any) -> FloatArray:
        with self._torch.no_grad():
            values: FloatArray = self._loss(self._X, self._Y, U, V, 1.0).numpy()
        return values

    def _networks(self, U: Any, V: Any) -> tuple[FloatArray, FloatArray]:
        return U.detach().numpy().copy(), V.detach().numpy().copy()
