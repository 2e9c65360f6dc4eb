"""Audit a network from Python: a proved bound, the gap, a better network.

Run it with: python examples/audit_iris.py
"""

import certnn
from certnn.interfaces.demo import gradient_descent
from certnn.reading.datasets import iris

problem = iris(reg=0.1)  # or certnn.TrainingProblem(X, Y, reg=0.1) with your own arrays
network = gradient_descent(problem)  # or certnn.TwoLayerNetwork(U, V) with your own weights

result = certnn.audit(network, problem, level="block(25)")

print(f"objective of the network    {result.report.network.objective:.6f} (exact, rounded up)")
print(f"best network found          {result.report.best_network.objective:.6f}")
print(f"no network is below         {result.report.lower_bound.value:.6f} (proved)")
print(f"the network is within       {100 * result.gap:.1f} % of any network")

# The proof is a file. Anyone can check it, exactly and without a solver:
bound = certnn.Certificate(result.lower.certificate.document).check()
print(bound)
