"""scikit-learn's own training: python examples/peers/scikit_learn.py --out scikit-learn.jsonl

MLPRegressor by L-BFGS, again and again from other weights. It leaves biases undecayed; here the
network that it finds is judged by the problem's objective, which decays them.
"""

import warnings

import numpy as np
from peer import curve_of, with_output_bias
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

NEURONS = 50


def main():
    curve, seed = curve_of("scikit-learn", __doc__), 0
    problem = curve.problem
    targets = problem.Y if problem.c > 1 else problem.Y[:, 0]
    warnings.simplefilter("ignore", ConvergenceWarning)
    while curve.left > 0.0:
        fitted = MLPRegressor(
            hidden_layer_sizes=(NEURONS,),
            solver="lbfgs",
            alpha=problem.reg,
            max_iter=2000,
            random_state=seed,
        ).fit(problem.X, targets)
        U = np.vstack([fitted.coefs_[0], fitted.intercepts_[0]])
        curve.network(*with_output_bias(U, fitted.coefs_[1], fitted.intercepts_[1]))
        seed += 1


if __name__ == "__main__":
    main()
