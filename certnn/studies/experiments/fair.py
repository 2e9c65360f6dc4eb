"""The fair protocol: the same folds of the training half choose every method's decay.

Columns are standardised on the training half, the decay is that with the highest accuracy in
cross-validation among a grid that all networks share (kernel machines have one of ridges), and the
class is that of the largest output. Then the method is run on the whole half.
"""

from __future__ import annotations

from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.studies.baselines.kernels import Kernel, nngp_kernel, ntk_kernel
from certnn.studies.experiments.methods import METHODS, Effort, Trained
from certnn.studies.experiments.protocols import Predictor
from certnn.studies.experiments.tables import FAIR
from certnn.studies.experiments.validation import Choice, Fit, chosen_decay, kernel_fit, ridges
from certnn.training import train_locally

#: Decays of networks that are tried, and folds to choose by.
DECAYS, FOLDS = (0.3, 1.0, 3.0, 10.0, 30.0), 3
_KERNELS: dict[str, Kernel] = {"nngp": nngp_kernel, "ntk": ntk_kernel}
#: Share of its time that choosing a decay takes, and the proved gap that folds of a method that
#: proves one ask for.
_CHOOSING, _FOLD_GAP = 0.5, 0.1


def run_fairly(problem: TrainingProblem, method: str, effort: Effort) -> tuple[Trained, Choice]:
    """Choose the decay by cross-validation, and run the method with it.

    Parameters
    ----------
    problem : TrainingProblem
        The training half; its decay does not matter.
    method : str
        Name in `METHODS`.
    effort : Effort
    """
    if method in _KERNELS:
        kernel = _KERNELS[method]
        fit, tried = kernel_fit(kernel), ridges(kernel, problem.inputs)
    else:
        fit, tried = _fold_fit(method, effort.seed), DECAYS
    choosing = effort.budget.part(_CHOOSING)
    choice = chosen_decay(fit, problem, tried, choosing, FOLDS, effort.seed)
    chosen = problem.with_reg(choice.decay)
    if method in _KERNELS:
        predictor, _ = fit(chosen, effort.budget, None)
        return Trained(None, (predictor,)), choice
    return METHODS[method].run(chosen, effort), choice


def _fold_fit(method: str, seed: int) -> Fit:
    """The method on one fold; the trainer without its proof, from the network of a larger decay."""
    if method == "global":
        return _trained

    def fit(
        problem: TrainingProblem, budget: Budget, start: TwoLayerNetwork | None
    ) -> tuple[Predictor, TwoLayerNetwork | None]:
        trained = METHODS[method].run(problem, Effort(budget, _FOLD_GAP, FAIR, seed))
        return trained.iterates[-1], trained.network

    return fit


def _trained(
    problem: TrainingProblem, budget: Budget, start: TwoLayerNetwork | None
) -> tuple[Predictor, TwoLayerNetwork]:
    network = train_locally(problem, budget, starts=() if start is None else (start,)).network
    return network.output, network
