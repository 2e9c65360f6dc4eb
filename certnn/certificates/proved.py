"""What results ask of the bounds that they hold, so that none calls proved what is not."""

from __future__ import annotations

from certnn.certificates import Certificate
from certnn.directed_rounding import rounded_up
from certnn.errors import InputError
from certnn.kernel import Bound, Instance
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem


def require_lower(
    name: str,
    bound: Bound,
    instance: Instance | None = None,
    certificate: Certificate | None = None,
) -> None:
    """Refuse what is not a lower bound on every network of a problem, by this certificate.

    Raises `TypeError` if it is no `Bound`, such as one over activation patterns; `InputError` if it
    is an upper bound, about another problem, or proved by another certificate.

    Parameters
    ----------
    name : str
        What the bound is called, for the message.
    instance : Instance or None
        The problem that it must be about, if there is one already.
    certificate : Certificate or None
        What it must be proved by, if that is at hand.
    """
    if type(bound) is not Bound:
        raise TypeError(f"a bound on every network is needed, got a {type(bound).__name__}")
    if bound.kind != "lower":
        raise InputError(name, "is the objective of a network, where a lower bound is needed")
    if instance is not None and bound.instance != instance:
        raise InputError(name, "is a bound for another problem")
    if certificate is not None and not certificate.proves(bound):
        raise InputError("certificate", "is not the one that the bound is proved by")


def require_objective(
    name: str, objective: Bound, instance: Instance, network: TwoLayerNetwork
) -> None:
    """Refuse what is not the exact objective of this network on a problem.

    Raises `TypeError` if it is no `Bound`; `InputError` if it is about another problem or another
    network, or a lower bound.

    Parameters
    ----------
    name : str
        What the objective is called, for the message.
    objective : Bound
        As `TwoLayerNetwork.evaluate` makes it.
    instance : Instance
        The problem that it must be about.
    """
    if type(objective) is not Bound:
        raise TypeError(f"the objective of a network is needed, got a {type(objective).__name__}")
    if objective.instance != instance:
        raise InputError(name, "is about another problem")
    if not network.has_objective(objective):
        raise InputError(name, "is not that of the network; network.evaluate(problem) is")


def require_network(name: str, network: TwoLayerNetwork, problem: TrainingProblem) -> None:
    """Raise `InputError` unless it is a network, and of the shapes of the problem."""
    if not isinstance(network, TwoLayerNetwork):
        raise InputError(name, f"must be a TwoLayerNetwork, got a {type(network).__name__}")
    network.require_fits(problem)


def proved_gap(lower: Bound, objective: Bound) -> float:
    """(objective − lower)/objective, rounded up: no network is better by a larger share."""
    if objective.value == 0:
        return 0.0
    return rounded_up(1 - lower.value / objective.value)
