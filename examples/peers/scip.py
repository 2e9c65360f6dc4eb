"""SCIP, a general global solver: python examples/peers/scip.py --form bilinear

Needs pyscipopt (pip install pyscipopt). Networks of a given width alone: no bound of it says
anything of wider ones. In the form convexified, for one output, the signs of the output weights are
fixed, half and half, and a neuron costs reg times the norm of its hidden weights.
"""

import numpy as np
from peer import CLAIMED, Curve, parsed
from pyscipopt import SCIP_EVENTTYPE, SCIP_PARAMEMPHASIS, Eventhdlr, Model, quicksum

#: Weights and activations are searched within this.
LARGEST = 100.0


class Watch(Eventhdlr):
    """Notes every better network and every better bound."""

    def __init__(self, curve, weights):
        self.curve, self.weights, self.bound = curve, weights, -np.inf

    def eventinit(self):
        for event in (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.NODESOLVED):
            self.model.catchEvent(event, self)

    def eventexit(self):
        for event in (SCIP_EVENTTYPE.BESTSOLFOUND, SCIP_EVENTTYPE.NODESOLVED):
            self.model.dropEvent(event, self)

    def eventexec(self, event):
        if event.getType() == SCIP_EVENTTYPE.BESTSOLFOUND:
            solution = self.model.getBestSol()
            self.curve.network(
                *self.weights(lambda variable: self.model.getSolVal(solution, variable))
            )
        self.note_bound()

    def note_bound(self):
        bound = self.model.getDualbound()
        if bound > self.bound + 1e-6 * abs(bound):
            self.bound = bound
            self.curve.note(CLAIMED, bound)


def model_of(problem, width, convexified):
    """The program, and what makes U and V of the values of its variables."""
    X, (n, c) = problem.inputs, problem.Y.shape
    model = Model()

    def free(name, *shape):
        return np.reshape(
            [model.addVar(f"{name}{k}", lb=-LARGEST, ub=LARGEST) for k in range(np.prod(shape))],
            shape,
        )

    U = free("u", X.shape[1], width)
    active = [[model.addVar(lb=0.0, ub=LARGEST) for _ in range(width)] for _ in range(n)]
    passive = [[model.addVar(lb=0.0, ub=LARGEST) for _ in range(width)] for _ in range(n)]
    for i in range(n):
        for k in range(width):
            value = quicksum(X[i, j] * U[j, k] for j in range(X.shape[1]))
            model.addCons(active[i][k] - passive[i][k] == value)
            model.addConsSOS1([active[i][k], passive[i][k]])
    residual, total = free("r", n, c), model.addVar("total", lb=0.0)
    signs = np.where(np.arange(width) % 2, -1.0, 1.0)
    V = signs[:, None] if convexified else free("v", width, c)
    for i in range(n):
        for j in range(c):
            output = quicksum(active[i][k] * V[k, j] for k in range(width))
            model.addCons(residual[i, j] == problem.Y[i, j] - output)
    loss = 0.5 * quicksum(r * r for r in residual.flat)
    if convexified:
        sizes = [model.addVar(lb=0.0) for _ in range(width)]
        for k in range(width):
            model.addCons(quicksum(u * u for u in U[:, k]) <= sizes[k] * sizes[k])
        decay = problem.reg * quicksum(sizes)
    else:
        decay = 0.5 * problem.reg * quicksum(w * w for w in [*U.flat, *V.flat])
    squares = model.addVar(lb=0.0)
    model.addCons(loss <= squares)
    model.addCons(squares + decay <= total)
    model.setObjective(total)

    def weights(value):
        hidden = np.vectorize(value, otypes=[float])(U)
        if not convexified:
            return hidden, np.vectorize(value, otypes=[float])(V)
        root = np.sqrt(np.maximum(np.linalg.norm(hidden, axis=0), 1e-12))
        return hidden / root, signs[:, None] * root[:, None]

    return model, weights


def main():
    form = ("--form", {"default": "convexified", "choices": ["bilinear", "convexified"]})
    width = ("--width", {"type": int, "default": 3, "help": "of the network (3)"})
    options, parser = parsed(__doc__, form, width)
    curve = Curve(f"SCIP, {options.form}, {options.width} neurons", options)
    convexified = options.form == "convexified"
    if convexified and curve.problem.c > 1:
        parser.error("--form: convexified is for one output")
    model, weights = model_of(curve.problem, options.width, convexified)
    model.hideOutput()
    model.setEmphasis(SCIP_PARAMEMPHASIS.DEFAULT)
    model.setParam("limits/time", max(curve.left, 1.0))
    watch = Watch(curve, weights)
    model.includeEventhdlr(watch, "watch", "notes what is reached")
    model.optimize()
    watch.note_bound()
    print(f"SCIP says: {model.getStatus()}, {model.getPrimalbound():.8g}")


if __name__ == "__main__":
    main()
