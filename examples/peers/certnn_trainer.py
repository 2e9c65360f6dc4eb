"""certnn itself: python examples/peers/certnn_trainer.py --out certnn.jsonl"""

from peer import OBJECTIVE, PROVED, curve_of

import certnn


def main():
    curve = curve_of("certnn", __doc__)
    best = {"bound": 0.0, "objective": float("inf")}

    def note(stage, bound, objective):
        if objective is not None and objective < best["objective"]:
            best["objective"] = objective
            curve.note(OBJECTIVE, objective)
        if bound is not None and bound > best["bound"]:
            best["bound"] = bound
            curve.note(PROVED, bound)

    found = certnn.train(curve.problem, gap=1e-6, time_limit=curve.limit, progress=note)
    curve.network(found.network.U, found.network.V)
    curve.note(PROVED, found.lower.value)


if __name__ == "__main__":
    main()
