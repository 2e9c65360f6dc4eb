"""Time and size of exact checks: python tests/benchmarks/kernel_speed.py

Certificates with a dense matrix of multipliers, of order 82 (n=75, d=4, c=3), 500 and 1000.
"""

import time

import numpy as np

from certnn.certificates import DualPoint, Products
from certnn.certificates.dual_point import summed
from certnn.certificates.matrix_documents import psd_certificate
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import quadratic_form
from certnn.certificates.repair import shor_products
from certnn.problem.training_problem import TrainingProblem


def dense_certificate(n: int, d: int, c: int):
    """A certificate in which every pair of points has three multipliers."""
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((n, d)), draw.standard_normal((n, c))
    problem = TrainingProblem(x, y, 0.1)
    shor = shor_products(x, y)
    size = 1e-2 * float(np.median(-shor.multiplier)) / n
    aa, ab, bb = draw.uniform(0.0, size, (3, n, n))
    np.fill_diagonal(ab, 0.0)
    point = DualPoint(y, summed([shor, Products.from_blocks(aa, ab, bb)]))
    witness = psd_witness(quadratic_form(x, point, np.longdouble), n, 4e-16)
    return psd_certificate(problem, point, witness, {"level": "dnn"})


def main() -> None:
    for order, (n, d, c), backends in (
        (82, (75, 4, 3), ("python", "flint")),
        (250, (240, 7, 3), ("python", "flint")),
        (500, (475, 20, 5), ("flint",)),
        (1000, (970, 20, 10), ("flint",)),
    ):
        certificate = dense_certificate(n, d, c)
        size = len(certificate.document)
        entries = n * (d + 2 * c) + n * (2 * n + 1) + (n + d + c) * (n + d + c + 1) // 2
        print(
            f"order {order}: {size} bytes, {size / entries:.1f} a number of {entries}", flush=True
        )
        for backend in backends:
            start = time.perf_counter()
            bound = certificate.check(backend)
            print(f"  {backend}: {time.perf_counter() - start:.2f} s, proved {bound.rounded:.6g}")


if __name__ == "__main__":
    main()
