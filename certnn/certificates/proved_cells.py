"""The cells in a certificate."""

from __future__ import annotations

import numpy as np

from certnn.certificates.certificate import Certificate
from certnn.certificates.container import numbers, read_document
from certnn.certificates.proved_dual_point import proved_point
from certnn.certificates.search_documents import CellsDocument
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem


def proved_cells(certificate: Certificate, problem: TrainingProblem) -> CellsDocument | None:
    """The proof in a certificate that the kernel has accepted; None if it is of another kind.

    Parameters
    ----------
    problem : TrainingProblem
        That which it is for.
    """
    proof = read_document(certificate)["proof"]
    if proof["kind"] != "cells":
        return None
    Z, kappa = proved_point(proof, (problem.n, problem.c))
    ball = None
    if "ball" in proof:
        *center, radius = numbers(proof["ball"], "<f8").tolist()
        ball = BiasBall(np.array(center), radius)
    columns = problem.features.shape[1] - (ball is not None)
    return CellsDocument(
        kappa=kappa,
        Z=Z,
        directions=numbers(proof["directions"], "u1").tobytes(),
        bounds=numbers(proof["bounds"], "<f8"),
        ball=ball,
        rotation=np.ascontiguousarray(numbers(proof["rotation"], "<f8").reshape(columns, columns)),
        tree=numbers(proof["tree"], "u1").tobytes(),
        codes=numbers(proof["codes"], "u1").tobytes(),
        multipliers=numbers(proof["multipliers"], "<f4"),
    )
