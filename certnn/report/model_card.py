"""A model card: what is proved of a network, as Markdown with metadata that model hubs read."""

from __future__ import annotations

import json

from certnn.errors import printable
from certnn.kernel import Bound
from certnn.report.wording import percent_up

_OF_CLASSES = ("hinge", "squared-hinge", "logistic", "softmax")
#: What results call a network where nobody names it.
UNNAMED = "two-layer ReLU network"


def model_card(
    name: str, objective: Bound, lower: Bound, gap: float, recheck: str, *, classes: bool = False
) -> str:
    """Return the card, which claims nothing that is not proved.

    Markdown. It begins with a ``model-index`` in YAML, as Hugging Face's specification of model
    cards has it: the figures are metrics, and the data's hash is the data set's revision.

    Parameters
    ----------
    name : str
        The network's.
    objective, lower : Bound
        That of the network, and that on every network, of one problem.
    gap : float
        (objective − lower)/objective, rounded up.
    recheck : str
        The command that checks the certificate.
    classes : bool
        Whether the targets are known to be classes; the loss may tell too.
    """
    classes = classes or lower.instance.loss in _OF_CLASSES
    metrics = (
        ("training-objective", "training objective, rounded up", objective.rounded),
        ("lower-bound", "proved for every network of any width, rounded down", lower.rounded),
        ("optimality-gap", "(objective - lower bound)/objective, rounded up", gap),
    )
    head = [
        "---",
        "model-index:",
        f"- name: {_scalar(name)}",
        "  results:",
        "  - task:",
        f"      type: {'tabular-classification' if classes else 'tabular-regression'}",
        "    dataset:",
        "      name: training data",
        "      type: training-data",
        "      split: train",
        f"      revision: {_scalar(lower.instance.data_sha256)}",
        "    metrics:",
    ]
    for kind, words, value in metrics:
        head += [f"    - type: {kind}", f"      name: {_scalar(words)}"]
        head += [f"      value: {_number(value)}"]
    return "\n".join([*head, "---", "", *_body(objective, lower, gap, recheck), ""])


def _body(objective: Bound, lower: Bound, gap: float, recheck: str) -> list[str]:
    return [
        "## How close training came to the global optimum",
        "",
        "| figure | value | standing |",
        "|---|---|---|",
        f"| training objective | {objective.rounded!r} | evaluated by the kernel, rounded up |",
        "| lower bound for every two-layer ReLU network of any width | "
        f"{lower.rounded!r} | proved by the certificate, rounded down |",
        f"| gap, a share of the objective | {percent_up(gap)} | follows from these two |",
        "",
        f"- the network: {objective}",
        f"- proved: {lower}",
        f"- SHA-256 of the certificate: `{lower.evidence}`",
        f"- SHA-256 of the weights that were evaluated: `{objective.evidence}`",
        "",
        "The certificate can be checked in exact arithmetic, by",
        "",
        f"    {printable(recheck)}",
        "",
        "The certificate says nothing of the network: its objective follows from its weights and "
        "the data. All this is about the training objective on these data, and nothing is claimed "
        "of how the network does on others.",
    ]


def _scalar(text: str) -> str:
    """A text as YAML reads it: JSON's, without escapes of what can be printed."""
    return json.dumps(printable(text), ensure_ascii=False)


def _number(value: float) -> str:
    """A number that YAML takes for one: of 1e-05 some readers make a text."""
    digits, e, exponent = repr(value).partition("e")
    return f"{digits}.0e{exponent}" if e and "." not in digits else f"{digits}{e}{exponent}"
