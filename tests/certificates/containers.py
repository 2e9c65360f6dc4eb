"""Certificates as containers, by NumPy's and Python's own writers alone, without certnn."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from base64 import b64decode

import numpy as np

#: Types of arrays by their keys; all others hold doubles.
TYPES = {
    **dict.fromkeys(("first", "second", "count", "point", "points", "target", "witnesses"), "<u4"),
    **dict.fromkeys(("splits", "sign"), "<i4"),
    **dict.fromkeys(("tree", "directions", "codes", "patterns"), "|u1"),
    "multipliers": "<f4",
}
PLAIN = ("kind", "lower_bound", "loss", "hidden_bias", "output_bias")


def taken_apart(certificate):
    """The JSON without its arrays, and these by the names of members."""
    arrays = {}

    def walk(value, path):
        if isinstance(value, dict):
            return {key: walk(part, (*path, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [walk(part, (*path, str(i))) for i, part in enumerate(value)]
        if not isinstance(value, str) or path[-1] in PLAIN:
            return value
        key = path[-2] if path[-1].isdigit() else path[-1]
        kind = "<u4" if path[-2:] == ("balls", "form") else TYPES.get(key, "<f8")
        name = ".".join(path) + ".npy"
        arrays[name] = np.frombuffer(b64decode(value), kind)
        return {"npy": name}

    parts = {key: walk(certificate[key], (key,)) for key in ("claim", "data", "proof")}
    return certificate | parts, arrays


def npy(array):
    """The bytes of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def zipped(members, compression=zipfile.ZIP_STORED):
    """A zip file of pairs of name and content, of which two may have one name."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", compression) as archive:
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def contained(certificate):
    """A parsed certificate as a container."""
    head, arrays = taken_apart(certificate)
    members = [(name, npy(array)) for name, array in arrays.items()]
    return zipped([("certificate.json", json.dumps(head)), *members])
