"""Verdicts as JSON: rationals are strings "p/q". Standard library only.

Reading checks the form and nothing else; `certnn.cones.verify` checks the claim.
"""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import Any, get_args, get_type_hints

from certnn.cones import certificates
from certnn.cones.certificates import Verdict
from certnn.cones.matrix import SymmetricMatrix

#: Digits of a number that are still read.
_LARGEST_NUMBER = 100_000
_VERDICTS = {kind.__name__: kind for kind in (*get_args(Verdict), certificates.Undecided)}
_KINDS: dict[str, Any] = {
    name: kind
    for name, kind in vars(certificates).items()
    if isinstance(kind, type)
    and hasattr(kind, "__dataclass_fields__")
    and kind is not SymmetricMatrix
}


class MalformedVerdict(ValueError):
    """A document is not a verdict; the message says where."""


def to_document(verdict: Verdict | certificates.Undecided) -> dict[str, Any]:
    """The verdict as a value that `json.dump` writes.

    Parameters
    ----------
    verdict : one of the verdicts of `certnn.cones.certificates`
    """
    document = _encoded(verdict)
    assert isinstance(document, dict)
    return document


def from_document(document: Any) -> Verdict | certificates.Undecided:
    """The verdict of `to_document`, unchecked.

    Parameters
    ----------
    document : dict
        As `json.load` reads it.

    Raises
    ------
    MalformedVerdict
        If `document` is not of the form that `to_document` makes.
    """
    if not isinstance(document, dict) or document.get("kind") not in _VERDICTS:
        raise MalformedVerdict(f"kind must be one of {', '.join(sorted(_VERDICTS))}")
    verdict: Verdict | certificates.Undecided = _object(document, "verdict")
    return verdict


def _encoded(value: Any) -> Any:
    if isinstance(value, SymmetricMatrix):
        return [[_encoded(entry) for entry in row[: i + 1]] for i, row in enumerate(value.rows)]
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    if isinstance(value, int | str):
        return value
    encoded = {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    return {"kind": type(value).__name__, **encoded}


def _object(document: Any, where: str) -> Any:
    kind = _KINDS.get(document.get("kind", "")) if isinstance(document, dict) else None
    if kind is None:
        raise MalformedVerdict(f"{where}: not an object of a known kind")
    hints = get_type_hints(kind, vars(certificates))
    if set(document) != {"kind", *hints}:
        raise MalformedVerdict(f"{where}: must have the keys {', '.join(hints)}")
    return kind(**{name: _decoded(document[name], hints[name], name) for name in hints})


def _decoded(value: Any, hint: Any, where: str) -> Any:
    """The value as `hint` says, which is an annotation of `certnn.cones.certificates`."""
    if hint is SymmetricMatrix:
        return _matrix(value, where)
    if hint is Fraction:
        return _fraction(value, where)
    if hint in (int, str):
        if type(value) is not hint:
            raise MalformedVerdict(f"{where}: must be of type {hint.__name__}")
        return value
    arguments = get_args(hint)
    if getattr(hint, "__origin__", None) is tuple:
        if not isinstance(value, list):
            raise MalformedVerdict(f"{where}: must be a list")
        if arguments[-1] is Ellipsis:
            return tuple(_decoded(item, arguments[0], where) for item in value)
        if len(value) != len(arguments):
            raise MalformedVerdict(f"{where}: must be lists of {len(arguments)}")
        return tuple(_decoded(v, h, where) for v, h in zip(value, arguments, strict=True))
    if isinstance(value, list):  # of a union only a vector is a list
        if not any(getattr(option, "__origin__", None) is tuple for option in arguments):
            raise MalformedVerdict(f"{where}: must not be a list")
        return tuple(_fraction(item, where) for item in value)
    made = _object(value, where)
    if not isinstance(made, arguments or hint):
        raise MalformedVerdict(f"{where}: {type(made).__name__} is not allowed here")
    return made


def _fraction(value: Any, where: str) -> Fraction:
    if not isinstance(value, str) or len(value) > _LARGEST_NUMBER:
        raise MalformedVerdict(f"{where}: must hold strings p/q")
    above, slash, below = value.partition("/")
    digits = above.removeprefix("-")
    if not slash or not all(part.isascii() and part.isdigit() for part in (digits, below)):
        raise MalformedVerdict(f"{where}: must hold strings p/q, got {value[:40]!r}")
    try:
        return Fraction(int(above), int(below))
    except (ValueError, ZeroDivisionError):
        raise MalformedVerdict(f"{where}: {value[:40]!r} is not a number") from None


def _matrix(value: Any, where: str) -> SymmetricMatrix:
    """From the rows of the lower triangle."""
    if not isinstance(value, list) or not value:
        raise MalformedVerdict(f"{where}: must be the rows of a triangle")
    if any(not isinstance(row, list) or len(row) != i + 1 for i, row in enumerate(value)):
        raise MalformedVerdict(f"{where}: must be the rows of a lower triangle")
    lower = [[_fraction(entry, where) for entry in row] for row in value]
    order = len(lower)
    return SymmetricMatrix(
        tuple(tuple(lower[max(i, j)][min(i, j)] for j in range(order)) for i in range(order))
    )
