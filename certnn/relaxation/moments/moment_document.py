"""Exact moment matrices as JSON files, with the data that they are about."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray, frozen_matrix
from certnn.atomic_files import read_bytes, unique_keys, write_atomically
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.feasible_moment import FeasibleMoment

FORMAT, VERSION = "certnn moment", 1
_LARGEST = 2**26
_DIGITS, _SCALE = 1000, 10_000


def save_moment(path: str | Path, moment: FeasibleMoment) -> None:
    """Write the file, whole or not at all.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    problem = moment.problem
    document = {
        "format": FORMAT,
        "version": VERSION,
        "reg": problem.reg,
        "hidden_bias": problem.hidden_bias,
        "X": _array(problem.X),
        "Y": _array(problem.Y),
        "representatives": moment.representatives,
        "basis": _array(moment.basis),
        "scales": moment.scales,
        "entries": [str(entry) for entry in moment.entries],
    }
    write_atomically(path, json.dumps(document, indent=1).encode() + b"\n")


def load_moment(path: str | Path) -> FeasibleMoment:
    """Read a file of `save_moment`; `relaxation_upper_bound` checks what it claims.

    Raises
    ------
    InputError
        If the file cannot be read or is not of that form.
    """
    content = read_bytes(path, _LARGEST)
    try:
        document: Any = json.loads(content, object_pairs_hook=unique_keys)
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        problem = TrainingProblem(
            _matrix("X", document["X"]),
            _matrix("Y", document["Y"]),
            document["reg"],
            _of_type(document["hidden_bias"], bool),
        )
        basis = _matrix("basis", document["basis"])
        if basis.shape[0] != problem.features.shape[1]:
            raise ValueError("the basis has a wrong number of rows")
        return FeasibleMoment(
            problem,
            tuple(_of_type(i, int) for i in document["representatives"]),
            basis,
            tuple(_exponent(s) for s in document["scales"]),
            tuple(_integer(entry) for entry in document["entries"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(str(path), f"is not a moment file: {what}") from None


def _array(matrix: FloatArray) -> dict[str, Any]:
    data = np.ascontiguousarray(matrix, dtype="<f8").tobytes()
    return {"shape": list(matrix.shape), "data": b64encode(data).decode("ascii")}


def _matrix(name: str, value: Any) -> FloatArray:
    rows, columns = (_of_type(k, int) for k in value["shape"])
    flat = np.frombuffer(b64decode(value["data"], validate=True), dtype="<f8")
    if rows < 0 or columns < 0 or flat.size != rows * columns:
        raise ValueError(f"{name} has another number of entries than its shape")
    return frozen_matrix(name, flat.reshape(rows, columns))


def _of_type(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{value!r:.40} is not of type {kind.__name__}")
    return value


def _exponent(value: Any) -> int:
    exponent: int = _of_type(value, int)
    if abs(exponent) > _SCALE:
        raise ValueError("a scale is too large")
    return exponent


def _integer(value: Any) -> int:
    text = _of_type(value, str)
    if len(text) > _DIGITS or not text.removeprefix("-").isascii():
        raise ValueError("an entry is not an integer")
    return int(text)
