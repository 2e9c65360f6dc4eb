"""From data to proof to report, cell by cell: python examples/walkthrough.py, or as a notebook.

A network of scikit-learn is audited; then the best network is found and proved, and what the
semidefinite relaxation knows of it is compared with that. Takes half a minute.
"""

# %% Data: the petals of two species of iris, every third flower.
import numpy as np
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

import certnn

X, labels = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)[50::3, 2:]
Y = np.eye(3)[labels[50::3], 1:]

# %% A network trained as usual, and the problem that its trainer solves, in certnn's units.
model = MLPRegressor(
    hidden_layer_sizes=(10,), solver="lbfgs", alpha=0.1, max_iter=5000, random_state=0
).fit(X, Y)
problem = certnn.problem_for(model, X, Y, convention="scikit-learn", decay=0.1)
print(problem)  # its biases are free, as scikit-learn has them

# %% Audit it: an exact objective, a bound on every network of every width, a better network.
audited = certnn.audit(model, problem)
audited.save("certnn-walkthrough")  # report.html, report.json, certificate.json, best_network.npz
print(f"scikit-learn's network: {audited.report.network.objective:.6f}")
print(f"best network found:     {audited.report.best_network.objective:.6f}")
print(f"no network is below:    {audited.lower.value:.6f} (proved)")

# %% The relaxation is for decayed biases. Here is the optimum of that problem, and its proof.
problem = certnn.TrainingProblem(X, Y, reg=0.1, hidden_bias=True)
best = certnn.train(problem, gap=1e-4)
print(f"optimum: {best.lower.value:.6f} to {best.objective.rounded:.6f} (proved)")

# %% How much of it does each level of the relaxation prove?
for level in ("shor", "block(8)", "dnn", "cuts"):
    bound = certnn.lower_bound(problem, level, time_limit=15.0)
    print(f"{level:10} {bound.value:.6f} {100 * bound.value / best.objective.rounded:6.2f} %")
print(certnn.tightness_verdict(problem))

# %% Anyone can check the certificate, exactly and without a solver, from the file alone.
print(certnn.Certificate.load("certnn-walkthrough/certificate.json").check())
