"""PyTorch's training by Adam: python examples/peers/pytorch.py --out pytorch.jsonl

Needs certnn[torch]. From other weights again and again, each time with twice the steps, up to a
limit; the weight decay is part of the loss.
"""

import torch
from peer import curve_of

from certnn import Budget
from certnn.studies.baselines.gradient_descent import gradient_descent

NEURONS, STEPS, MOST_STEPS = 50, 500, 8000


def main():
    torch.set_num_threads(1)
    curve, steps, seed = curve_of("PyTorch, Adam", __doc__), STEPS, 0
    while curve.left > 0.0:
        found = gradient_descent(
            curve.problem, Budget(curve.left), NEURONS, runs=1, steps=steps, seed=seed
        )
        curve.network(found.network.U, found.network.V)
        steps, seed = min(2 * steps, MOST_STEPS), seed + 1


if __name__ == "__main__":
    main()
