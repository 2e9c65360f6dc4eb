"""Reports to show and to test: iris as measured, a bound without a network, a contradiction."""

from dataclasses import replace
from fractions import Fraction

from certnn.kernel import Bound, Instance, PatternBound
from certnn.kernel.bound import _MAKER
from certnn.report import (
    GapReport,
    NetworkFigure,
    Neuron,
    PatternTier,
    ProblemSummary,
    ProvedBound,
    Reached,
    SolverFigure,
)

DATA = Instance(75, 4, 3, 0.1, False, bytes(8 * 75 * 4), bytes(8 * 75 * 3))


def as_if_proved(report: GapReport, **changes) -> GapReport:
    """`report` with `changes`, and the kernel's statements that its figures would come from.

    No data have these figures: the statements are made up, which only a test may do.
    """
    report = replace(report, proved=(), **changes)
    tier = report.pattern_tier
    over = [] if tier is None else [(tier.fraction, (b"",) * tier.patterns)]
    return replace(
        report,
        proved=(
            *(Bound(_MAKER, "lower", b.fraction, DATA, b"") for b in report.bounds),
            *(Bound(_MAKER, "upper", one.fraction, DATA, b"") for one in report.networks),
            *(PatternBound(_MAKER, value, DATA, patterns, b"") for value, patterns in over),
        ),
    )


def iris_report() -> GapReport:
    dnn = ProvedBound.from_exact("dnn", Fraction(16717, 10000) + Fraction(1, 3 * 2**40), 38.2)
    remarks = {3: "dead", 7: "duplicate of 2", 11: "dead", 23: "duplicate of 9", 31: "dead"}
    neurons = tuple(
        Neuron(
            index=j,
            hidden_norm=0.0 if remarks.get(j) == "dead" else 1.31 / (1 + j),
            output_norm=0.0 if remarks.get(j) == "dead" else 0.92 / (1 + 0.7 * j),
            active=0 if remarks.get(j) == "dead" else 75 - j,
            share=0.0 if remarks.get(j) == "dead" else 0.2 / (1 + j),
            remark=remarks.get(j, ""),
        )
        for j in range(40)
    )
    report = GapReport(
        title="mlp.npz on iris.npz",
        problem=ProblemSummary(
            75, 4, 3, 0.1, "half-squared", "none", "none", DATA.data_sha256, 37.5
        ),
        lower_bound=dnn,
        bounds=(
            ProvedBound.from_exact("shor", Fraction(9, 10), 0.21),
            ProvedBound.from_exact("block(10)", Fraction(145, 100), 2.6),
            dnn,
        ),
        network=NetworkFigure.from_exact(Fraction(281, 100) + Fraction(1, 7 * 10**9), 40, "given"),
        polished=NetworkFigure.from_exact(Fraction(277, 100), 38, "given, polished"),
        best_network=NetworkFigure.from_exact(Fraction(25405, 10000), 23, "column generation"),
        stationarity=0.0125,
        neurons=neurons,
        improvements=(
            NetworkFigure.from_exact(Fraction(274, 100), 40, "output weights refitted"),
            NetworkFigure.from_exact(
                Fraction(279, 100), 41, "a new neuron, active on 31 of 75 points"
            ),
        ),
        solver_figures=(
            SolverFigure("SCS", "3.2.7", "dnn, reduced", "optimal", 1.7207, 1.66, 13.1, "defaults"),
            SolverFigure(
                "Clarabel", "0.11.1", "dnn, reduced", "optimal", 1.67177, 1.67176, 36.4, "defaults"
            ),
        ),
        notes=("dnn: SCS did not stop at the time limit",),
        interrupted=False,
        seconds=96.0,
        compiling=0.4,
        versions={"certnn": "0.1.0", "python": "3.11.2", "numpy": "2.4.6", "clarabel": "0.11.1"},
        certificate="certificate.json",
        certificate_bytes=483_112,
        recheck="certnn check out/certificate.json --data iris.npz",
        decay="mean, (1/2n)Σ‖f − y‖² + (λ/2)‖θ‖²: reg = nλ = 0.1 with λ = 0.00133, n = 75, c = 3",
        pattern_tier=PatternTier.from_exact(
            Fraction(249, 100),
            patterns=135,
            origins={"of the given network": 29, "more of the best network": 6, "sampled": 100},
            left_out=0,
            best_network=NetworkFigure.from_exact(
                Fraction(2541, 1000), 21, "column generation over these patterns"
            ),
            seconds=2.5,
            certificate="patterns-certificate.json",
            certificate_bytes=91_000,
            recheck="certnn check out/patterns-certificate.json --data iris.npz",
        ),
        history=(
            Reached(0.4, "shor", None, 2.8141),
            Reached(1.2, "shor", 0.9, 2.8141),
            Reached(9.0, "training", 0.9, 2.5405),
            Reached(61.0, "dnn", 1.6717, 2.5405),
        ),
    )
    return as_if_proved(report)


def bound_only_report() -> GapReport:
    return as_if_proved(
        iris_report(),
        title="iris.npz",
        network=None,
        polished=None,
        best_network=None,
        stationarity=None,
        neurons=(),
        improvements=(),
        pattern_tier=None,
    )


def inconsistent_report() -> GapReport:
    best = NetworkFigure.from_exact(Fraction(3, 2), 23, "column generation")
    return as_if_proved(iris_report(), network=replace(best, source="given"), best_network=best)
