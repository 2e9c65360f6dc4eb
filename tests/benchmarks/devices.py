"""The first-order method in numpy and on PyTorch's devices: python tests/benchmarks/devices.py

The same steps of the same problems, digits of MNIST (`mnist_sample`), one after another in one run:
in numpy, in PyTorch on the processor, and on every CUDA device there is. Prints seconds of a step
(the median over fives), seconds of all for each step, with what is worked out in numpy after 25 of
them, the best bound claimed, and what the kernel proves; in single and in double precision, each
beside numpy's. Needs certnn[data] and certnn[torch].
"""

import argparse
import time
from itertools import product
from statistics import median

from mnist_sample import mnist_sample
from threadpoolctl import threadpool_limits

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.relaxation.first_order import first_order, precisions_on
from certnn.relaxation.first_order.solver import _PULSE, _STEPS
from certnn.relaxation.reduced.reduced_problem import reduce_problem


def devices() -> dict[str | None, str]:
    """Those that there are, None for numpy, and what to call them."""
    import torch

    graphics = {
        f"cuda:{k}": torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())
    }
    named = {device: f"PyTorch, {device} ({name})" for device, name in graphics.items()}
    return {None: "numpy", "cpu": "PyTorch, cpu", **named}


def measure(problem, like, steps: int):
    """The reduced problem, seconds of a step, of all for each step, and the best iterate."""
    reduced = reduce_problem(problem)
    run = first_order(reduced, Budget(), likes=(like,), begin=())
    best = next(run)
    begun, alone, seconds, count = time.perf_counter(), [], 0.0, 0
    for number, iterate in enumerate(run):
        before, seconds = seconds, time.perf_counter() - begun
        best = max(best, iterate, key=lambda found: found.bound)
        place = number % (_STEPS // _PULSE + 1)
        if 0 < place < _STEPS // _PULSE:
            alone.append((seconds - before) / _PULSE)
        elif place > 0:
            count += _STEPS
            if count >= steps:
                break
    return reduced, median(alone), seconds / count, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, nargs="+", default=[200, 500, 1000])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    options = parser.parse_args()
    named = devices()
    print(
        "| points | where | bits | a step, s | ratio | all, s | ratio | claimed | apart | proved |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for points in options.points:
        problem, plain = mnist_sample(points), {}
        for device, bits in product(named, (32, 64)):
            like = precisions_on(device)[bits == 64]
            with threadpool_limits(options.threads):
                reduced, step, whole, best = measure(problem, like, options.steps)
            point = reduced.original_point(best.Z, best.products)
            proved = certify(problem, point, {"level": "dnn"}).bound.rounded
            of_numpy = plain.setdefault(bits, (step, whole, best.bound))
            print(
                f"| {points} | {named[device]} | {bits} | {step:.4f} | {step / of_numpy[0]:.2f} "
                f"| {whole:.4f} | {whole / of_numpy[1]:.2f} | {best.bound:.8g} "
                f"| {abs(best.bound / of_numpy[2] - 1.0):.1e} | {proved:.8g} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
