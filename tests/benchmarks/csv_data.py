"""Reference data sets from a folder of .csv files, split as in the paper's code."""

import csv
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from certnn.problem.training_problem import TrainingProblem


def training_half(folder, name, reg, *, rows=None, standardised=False):
    """Half of `name`.csv: header and first row dropped, one-hot labels in sorted order."""
    with (Path(folder) / f"{name}.csv").open() as file:
        lines = list(csv.reader(file))[2:]
    X = np.array([[float(number) for number in line[:-1]] for line in lines])
    labels = sorted({line[-1] for line in lines})
    Y = np.array([[float(line[-1] == label) for label in labels] for line in lines])
    X, _, Y, _ = train_test_split(X, Y, test_size=0.5, random_state=42)
    X, Y = X[:rows], Y[:rows]
    if standardised:
        X = (X - X.mean(axis=0)) / X.std(axis=0)
    return TrainingProblem(X, Y, reg)
