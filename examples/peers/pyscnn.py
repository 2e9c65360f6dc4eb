"""The convex program of pyscnn over sampled patterns: python examples/peers/pyscnn.py

Needs pyscnn (pip install pyscnn). With twice the patterns each time; its networks are judged by the
problem's objective, and it proves nothing.
"""

from peer import curve_of
from scnn.optimize import optimize
from scnn.regularizers import NeuronGL1

PATTERNS, MOST_PATTERNS = 50, 1600


def main():
    curve, patterns, seed = curve_of("pyscnn", __doc__), PATTERNS, 0
    problem = curve.problem
    while curve.left > 0.0:
        # Its loss is divided by 2nc.
        penalty = NeuronGL1(problem.reg / problem.Y.size)
        model, _ = optimize(
            "relu",
            patterns,
            problem.inputs,
            problem.Y,
            regularizer=penalty,
            unitize_data=False,
            dtype="float64",
            seed=seed,
        )
        hidden, output = model.get_parameters()
        curve.network(hidden.T.astype(float), output.T.astype(float))
        patterns, seed = min(2 * patterns, MOST_PATTERNS), seed + 1


if __name__ == "__main__":
    main()
