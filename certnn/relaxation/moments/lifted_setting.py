"""What the lifting of Theorem 5 is about: the squared loss, and biases only as decayed columns."""

from __future__ import annotations

from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem


def require_lifted_setting(problem: TrainingProblem) -> None:
    """Refuse problems that the completely positive program does not speak of.

    Raises
    ------
    InputError
        If the loss is not the squared one, or there is a bias other than a decayed hidden one.
    """
    instance = problem.instance()
    if instance.loss != "half-squared":
        raise InputError("loss", f"must be half-squared here, is {instance.loss}")
    if instance.hidden_bias == "free":
        raise InputError("hidden_bias", "must be decayed here, is free")
    if instance.output_bias is not False:
        raise InputError("output_bias", "must be absent here")
