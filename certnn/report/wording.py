"""The words and the rounding that all views share."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from fractions import Fraction

from certnn.relaxation.solver_figure import SolverFigure
from certnn.report.data import GapReport
from certnn.report.figures import ProvedBound, excess_over

#: Per cent: a gain of descent below this is none.
_NO_GAIN = "0.01"
_PLAIN_EXPONENTS = range(-4, 9)  # outside, scientific notation


@dataclass(frozen=True)
class Verdict:
    """The one line to take away, and what it rests on.

    Parameters
    ----------
    headline : str
        The verdict.
    sentences : tuple of str
        The figures behind it, most important first.
    sound : bool
        False when a consistency check failed: then nothing is claimed as proved.
    """

    headline: str
    sentences: tuple[str, ...]
    sound: bool


def shown(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded to nearest."""
    return _decimal(number, digits, decimal.ROUND_HALF_EVEN)


def shown_down(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded down: for lower bounds."""
    return _decimal(number, digits, decimal.ROUND_FLOOR)


def shown_up(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded up: for objectives and gaps."""
    return _decimal(number, digits, decimal.ROUND_CEILING)


def percent_down(share: float) -> str:
    """Return `share` in percent, three significant digits, rounded down."""
    return f"{shown_down(100 * Fraction(share), 3)} %"


def percent_up(share: float) -> str:
    """Return `share` in percent, three significant digits, rounded up."""
    return f"{shown_up(100 * Fraction(share), 3)} %"


def excess_text(figure: SolverFigure, bound: ProvedBound) -> str:
    """Return by how much a solver's printed value exceeds what is proved."""
    if figure.printed is None:
        return "no value"
    if Fraction(figure.printed) <= bound.fraction:
        return "not above what is proved"
    excess = excess_over(figure, bound)
    if excess is None:
        return "not a bound: nothing above 0 could be proved"
    return f"not a bound: {shown(100 * Fraction(excess), 3)} % above what could be proved"


def duration(seconds: float) -> str:
    """Return a running time as a person would say it."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def byte_size(count: int) -> str:
    """Return a file size in decimal units."""
    if count < 1000:
        return f"{count} bytes"
    if count < 999_500:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:,.1f} MB"


def printable(text: str) -> str:
    """Return `text` on one line, with every character that cannot be printed replaced.

    File names reach the report as they are, and may hold escape sequences or broken encodings.
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def verdict(report: GapReport) -> Verdict:
    """Return what the report amounts to."""
    lower = report.lower_bound.fraction
    if report.network is None:
        headline = f"no network of any width is below {shown_down(lower)}"
        sentences = []
    else:
        headline = _network_headline(report)
        sentences = [
            f"The audited network's objective is {shown_up(report.network.fraction)}; no two-layer "
            f"ReLU network of any width is below {shown_down(lower)}."
        ]
    if not report.consistent:
        return Verdict(f"in doubt, a consistency check failed: {headline}", (), False)
    sentences += _local_sentences(report) + _best_sentences(report)
    if report.interrupted:
        sentences.append("The search was interrupted: a longer one may prove more.")
    proved = "; proved" if lower > 0 or report.network is None else ""
    return Verdict(headline + proved, tuple(sentences), True)


@dataclass(frozen=True)
class Tier:
    """One of three verdicts, each about other networks.

    Parameters
    ----------
    name : str
        What the network is compared with.
    finding : str
        What is known.
    scope : str
        What that rules out, and what it does not.
    """

    name: str
    finding: str
    scope: str


def tiers(report: GapReport) -> tuple[Tier, ...]:
    """The verdict in tiers, from the nearest networks to all."""
    return (*_local_tier(report), *_pattern_tier(report), _global_tier(report))


def _local_tier(report: GapReport) -> list[Tier]:
    sentences = _local_sentences(report)
    if not sentences:
        return []
    gains = not sentences[0].startswith("Descent")
    finding = sentences[0]
    if report.stationarity is not None:
        finding += (
            f" The gradient is {shown_up(Fraction(report.stationarity), 3)} times that of the "
            "weight decay alone (exact; 0 at a stationary point)."
        )
    return [
        Tier(
            "Local: descent from its own weights",
            finding,
            "Rules out nothing: descent may stop early, and looks at no network farther away."
            if gains
            else "Makes it likely that more of the same descent does not help; not proved, and no "
            "network farther away is looked at.",
        )
    ]


def _pattern_tier(report: GapReport) -> list[Tier]:
    tier = report.pattern_tier
    if tier is None:
        return []
    finding = f"No network with these patterns is below {shown_down(tier.fraction)}"
    if report.network is not None and report.pattern_gap is not None:
        if tier.fraction <= 0:
            finding = "Nothing is known yet: the bound is 0"
        elif tier.fraction <= report.network.fraction:
            finding += f": the audited one is within {percent_up(report.pattern_gap)} of them"
            if report.pattern_gap_to_null is not None:
                finding += f", {percent_up(report.pattern_gap_to_null)} of the null loss"
    finding += f". Proved. The best one found has {shown_up(tier.best_network.fraction)}."
    return [
        Tier(
            f"Relative: {tier.patterns} activation patterns ({tier.sources})",
            finding,
            "Rules out every better network, of any width, whose neurons all use these patterns; "
            "not networks with a neuron of any other pattern, which may be better by more.",
        )
    ]


def _global_tier(report: GapReport) -> Tier:
    lower = report.lower_bound.fraction
    finding = f"No network is below {shown_down(lower)}"
    if report.network is not None and report.gap is not None and lower > 0:
        finding += f": the audited one is within {percent_up(report.gap)} of any"
        if report.gap_to_null is not None:
            finding += f", {percent_up(report.gap_to_null)} of the null loss"
    return Tier(
        "Global: all two-layer ReLU networks",
        f"{finding}. Proved.",
        "Rules out every better network, of any width, whatever its activation patterns; not "
        "networks of other kinds, such as deeper ones.",
    )


def _network_headline(report: GapReport) -> str:
    assert report.network is not None
    assert report.gap is not None
    lower, objective = report.lower_bound.fraction, report.network.fraction
    if lower > objective:
        return f"the bound {shown_down(lower)} is above the network's {shown_up(objective)}"
    if lower == objective:
        return "a global optimum: no two-layer ReLU network of any width is better"
    if lower <= 0:
        return "nothing is known about this network yet: the lower bound is 0"
    return f"within {percent_up(report.gap)} of any two-layer ReLU network"


def _local_sentences(report: GapReport) -> list[str]:
    network, polished = report.network, report.polished
    if network is None or polished is None or network.fraction == 0:
        return []
    share = 100 * (network.fraction - polished.fraction) / network.fraction
    if share < Fraction(_NO_GAIN):
        return ["Descent from its own weights gains nothing: it is locally as good as it gets."]
    return [
        f"Training was not finished: descent from its own weights lowers it by at least "
        f"{shown_down(share, 3)} %."
    ]


def _best_sentences(report: GapReport) -> list[str]:
    best, network = report.best_network, report.network
    if best is None or report.best_gap is None:
        return []
    lower = report.lower_bound.fraction
    found = f"The best network found has objective {shown_up(best.fraction)}"
    if 0 < lower <= best.fraction:
        found += f", within {percent_up(report.best_gap)} of any"
    if network is None:
        return [found + "."]
    if best.fraction >= network.fraction:
        return ["No better network was found."]
    share = 100 * (network.fraction - best.fraction) / network.fraction
    return [f"{found}; the audited one can be lowered by at least {shown_down(share, 3)} %."]


def _decimal(number: Fraction, digits: int, rounding: str) -> str:
    exact = decimal.Context(prec=digits, rounding=rounding)
    quotient = exact.divide(decimal.Decimal(number.numerator), decimal.Decimal(number.denominator))
    if quotient == 0:
        return "0"
    exponent = quotient.adjusted()
    if exponent not in _PLAIN_EXPONENTS:
        return f"{quotient:.{digits - 1}e}"
    if exponent >= digits:
        return _decimal(number, exponent + 1, rounding)
    return format(quotient.quantize(decimal.Decimal((0, (1,), exponent - digits + 1))), "f")
