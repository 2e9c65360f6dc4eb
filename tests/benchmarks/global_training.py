"""Proved gaps from scratch, training included: python tests/benchmarks/global_training.py

iris, the random family (25×2, c=5) and spirals; banknote with --data FOLDER, which holds
banknote.csv. Every dual norm proved is attacked by random and by climbing directions.
"""

import argparse
import base64
import json
import time

import numpy as np
from csv_data import training_half

import certnn
from certnn.budget import Budget
from certnn.reading.datasets import iris, random_network_data, spirals
from certnn.training import candidates
from certnn.training.ascent import ascend


def attacked(problem, certificate, directions):
    """Largest score found in `directions` random ones and in a hundredth that climb, over kappa."""
    proof = json.loads(certificate.document)["proof"]
    Z = np.frombuffer(base64.b64decode(proof["Z"]), "<f8").reshape(problem.n, problem.c)
    space, rng = candidates.isotropic(problem), np.random.default_rng(0)
    highest = 0.0
    for _ in range(0, directions, 20_000):
        U = np.hstack(
            [
                candidates.gaussian(space, 10_000, rng),
                candidates.unit(rng.standard_normal((space.from_u.shape[1], 10_000))),
            ]
        )
        scores = candidates.score(problem, Z, U)
        _, climbed = ascend(problem, Z, U[:, np.argsort(-scores)[:200]], Budget())
        highest = max(highest, np.max(scores), np.max(climbed))
    return highest / proof["kappa"]


def measure(name, problem, gap, time_limit, directions):
    """Train, print what is proved, and attack it."""
    start = time.perf_counter()
    result = certnn.train(problem, gap=gap, time_limit=time_limit)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    result.certificate.check()
    check_s = time.perf_counter() - start
    attack = attacked(problem, result.certificate, directions)
    print(
        f"{name}: proved gap {result.gap:.2e} in {seconds:.1f} s with {result.network.width} "
        f"neurons; objective {result.objective.rounded:.9g}, bound {result.lower.value:.9g}; "
        f"certificate {len(result.certificate.document) / 1e6:.2f} MB, checked in {check_s:.2f} s; "
        f"largest of {directions} attacks on kappa: {attack:.7f}",
        flush=True,
    )
    if attack > 1.0:
        raise SystemExit("a direction scores above the dual norm that was proved")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="of the random family")
    parser.add_argument("--attacks", type=int, default=1_000_000, help="random directions")
    parser.add_argument("--data", help="folder with banknote.csv")
    options = parser.parse_args()
    # Compiles.
    certnn.train(random_network_data(0, 0.1, n=40, d=4, c=2), gap=1e-2).certificate.check()
    for reg, gap, limit in ((0.1, 5e-3, 60), (0.1, 1e-3, 300), (0.01, 1e-2, 60)):
        measure(f"iris, reg {reg}", iris(reg), gap, limit, options.attacks)
    for arms in (2, 3):
        measure(f"spiral, {arms} classes, reg 0.1", spirals(arms, 0.1), 1e-6, 60, options.attacks)
    for reg in (0.1, 0.01):
        gaps, seconds = [], []
        for seed in range(options.seeds):
            problem, start = random_network_data(seed, reg), time.perf_counter()
            result = certnn.train(problem, gap=1e-6, time_limit=20.0)
            seconds.append(time.perf_counter() - start)
            gaps.append(result.gap)
            if attacked(problem, result.certificate, 20_000) > 1.0:
                raise SystemExit("a direction scores above the dual norm that was proved")
        print(
            f"random, reg {reg}: {np.sum(np.array(gaps) <= 1e-6)} of {options.seeds} within 1e-6; "
            f"gap median {np.median(gaps):.1e}, worst {np.max(gaps):.1e}; "
            f"seconds median {np.median(seconds):.2f}, worst {np.max(seconds):.2f}",
            flush=True,
        )
    if options.data:
        problem = training_half(options.data, "banknote", 0.1)
        for gap, limit in ((5e-2, 180), (2e-2, 600)):
            measure("banknote, reg 0.1", problem, gap, limit, options.attacks)


if __name__ == "__main__":
    main()
