"""The default fit of the classifier beside MLPClassifier: python tests/benchmarks/estimators.py

On scikit-learn's digits, three quarters to train on. Processor times of one process in one run, so
that what else the machine does is the same for both.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import certnn


def spent(model, X, y):
    start = time.process_time()
    model.fit(X, y)
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reg", type=float, default=3.0)
    parser.add_argument("--loss", default="half-squared")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    rows = []
    with threadpool_limits(1):
        for seed in range(-1, options.seeds):  # the first loads and compiles
            part = train_test_split(X, y, test_size=0.25, random_state=max(seed, 0))
            ours = certnn.CertifiedReLUClassifier(options.reg, loss=options.loss, random_state=0)
            theirs = MLPClassifier(random_state=max(seed, 0))
            times = [spent(model, part[0], part[2]) for model in (ours, theirs)]
            scores = [model.score(part[1], part[3]) for model in (ours, theirs)]
            if seed >= 0:
                rows.append([*times, times[0] / times[1], *scores, ours.gap_])
                shown = "{:.2f} s, theirs {:.2f} s, ratio {:.2f}; {:.3f}, theirs {:.3f}; gap {:.4f}"
                print(shown.format(*rows[-1]), flush=True)
    print("medians", np.round(np.median(rows, axis=0), 4).tolist())


if __name__ == "__main__":
    main()
