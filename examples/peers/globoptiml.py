"""globoptiml's convex program over all patterns: python examples/peers/globoptiml.py

Needs globoptiml and gurobipy (pip install globoptiml gurobipy), whose licence without a key ends at
about 200 variables: few rows and one column. It trains each output by itself, so that what it calls
certified for several outputs is no optimum of them together.
"""

import numpy as np
from optiml.convex import ConvexReLUNet
from peer import CLAIMED, curve_of

PATTERNS = 5


def main():
    curve = curve_of("globoptiml", __doc__)
    problem = curve.problem
    net = ConvexReLUNet(problem.d, problem.c, n_patterns=PATTERNS)
    net.fit(
        problem.X,
        problem.Y,
        beta=problem.reg,
        time_limit=curve.limit,
        verbose=False,
        exact=True,
    )
    U = np.hstack([net._hidden_weights, net._hidden_bias[:, None]]).T
    sizes = np.sqrt(np.maximum(np.max(np.abs(net._output_weights), axis=0), 1e-12))
    curve.network(U * sizes, (net._output_weights / sizes).T)
    if net.certified:
        curve.note(CLAIMED, net.objective_value)


if __name__ == "__main__":
    main()
