"""What a report amounts to, in the sentences that all views share."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from certnn.report.figures import NetworkFigure, PatternTier, ProvedBound
from certnn.report.wording import duration, percent_down, percent_up, shown, shown_down, shown_up

if TYPE_CHECKING:
    from certnn.report.data import GapReport

#: Per cent: a gain below this is none.
_NO_GAIN = "0.01"
#: A gap above this says nothing that a person would act on.
_USELESS = Fraction(9, 10)
#: Seconds: compiling that took less goes without saying.
_LONG_COMPILING = 1.0


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


def verdict(report: GapReport) -> Verdict:
    """Return what the report amounts to."""
    lower = report.lower_bound.fraction
    if report.network is None:
        headline, claims = f"no network of any width is below {shown_down(lower)}", True
        sentences = []
    else:
        headline, claims = _network_headline(report)
        sentences = [
            f"The audited network's objective is {shown_up(report.network.fraction)}; no two-layer "
            f"ReLU network of any width is below {shown_down(lower)}."
        ]
    if not report.consistent:
        return Verdict(f"in doubt, a consistency check failed: {headline}", (), False)
    sentences = (
        _caveats(report)
        + sentences
        + _gain_sentences(report)
        + _global_sentences(report)
        + _local_sentences(report)
        + _best_sentences(report)
    )
    if report.interrupted:
        sentences.append("The search was interrupted: a longer one may prove more.")
    if report.compiling >= _LONG_COMPILING:
        sentences.append(
            f"{duration(report.compiling)} of the {duration(report.seconds)} went into compiling, "
            "which is once on this machine: a second run has them for proofs "
            "(certnn doctor --compile does it all)."
        )
    standing = f"; {_standing(report, report.lower_bound)}" if claims else ""
    return Verdict(headline + standing, tuple(sentences), True)


def _standing(report: GapReport, bound: ProvedBound | PatternTier) -> str:
    """What a comparison of the audited network with a bound rests on."""
    if not report.is_proved(bound):
        return "by the report's word, not checked"
    if report.network is None or report.is_proved(report.network):
        return "proved"
    return "the bound is proved, the network's objective is the report's word"


def _caveats(report: GapReport) -> list[str]:
    """What of a report that was read nobody has checked."""
    if report.all_proved:
        return []
    if report.is_proved(report.lower_bound):
        return [
            "The lower bound was checked again, from its certificate. Objectives of networks, and "
            "gaps to them, are the report's word."
        ]
    reason = f" ({report.unchecked})" if report.unchecked else ""
    return [f"No certificate was checked{reason}: every figure is the report's word."]


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
        exact = "exact; " if report.all_proved else ""
        finding += (
            f" The gradient is {shown_up(Fraction(report.stationarity), 3)} times that of the "
            f"weight decay alone ({exact}0 at a stationary point)."
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
    standing = _sentence(_standing(report, tier))
    finding += f". {standing} The best one found has {shown_up(tier.best_network.fraction)}."
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
        f"{finding}. {_sentence(_standing(report, report.lower_bound))}",
        "Rules out every better network, of any width, whatever its activation patterns; not "
        "networks of other kinds, such as deeper ones.",
    )


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _network_headline(report: GapReport) -> tuple[str, bool]:
    """What is known of the network, and whether that claims anything."""
    assert report.network is not None
    assert report.gap is not None
    lower, objective = report.lower_bound.fraction, report.network.fraction
    if lower > objective:
        return f"the bound {shown_down(lower)} is above the network's {shown_up(objective)}", True
    if lower == objective:
        return "a global optimum: no two-layer ReLU network of any width is better", True
    parts = []
    best = report.best_network or report.network
    share = _lowered_by(report.network, best)
    if share >= Fraction(_NO_GAIN):
        widths = f"{_neurons(best.width)}; yours has {report.network.width}"
        parts.append(
            f"can be lowered by at least {shown_down(share, 3)} % (network attached, {widths})"
        )
    if report.gap <= _USELESS:
        parts.append(f"within {percent_up(report.gap)} of any two-layer ReLU network")
    elif (of_patterns := _over_patterns(report)) is not None:
        parts.append(f"within {of_patterns}")
    if parts:
        return "; ".join(parts), True
    if lower <= 0:
        return "nothing is known about this network yet: the lower bound is 0", False
    return "over all networks: nothing useful proved yet", False


def _neurons(width: int) -> str:
    return f"{width} neuron{'' if width == 1 else 's'}"


def _over_patterns(report: GapReport) -> str | None:
    """The gap over activation patterns, where it says something."""
    gap, tier = report.pattern_gap, report.pattern_tier
    if gap is None or tier is None or not 0.0 <= gap <= _USELESS:
        return None
    return f"{percent_up(gap)} of any network with these {tier.patterns} activation patterns"


def _lowered_by(network: NetworkFigure, other: NetworkFigure) -> Fraction:
    """By how many per cent of a network's objective another's is below it."""
    if network.fraction == 0:
        return Fraction(0)
    return 100 * (network.fraction - other.fraction) / network.fraction


def _gain_sentences(report: GapReport) -> list[str]:
    """What training has gained, as a share of what any training can gain."""
    null = Fraction(report.problem.null_loss)
    if _worse_than_none(report):
        return [
            f"No network at all has less (null loss {shown(null)}): it may have been trained on "
            "other data, for another loss or with another weight decay."
        ]
    share = report.share_of_gain
    if share is None or share <= 0.0:
        return []
    return [
        f"It has gained at least {percent_down(share)} of what any network can gain over none "
        f"(null loss {shown(null)})."
    ]


def _worse_than_none(report: GapReport) -> bool:
    return report.network is not None and report.network.fraction > Fraction(
        report.problem.null_loss
    )


def _global_sentences(report: GapReport) -> list[str]:
    """Why the gap over all networks says little, and what helps, where that is so."""
    if report.gap is None or report.gap <= _USELESS or report.lower_bound.fraction <= 0:
        return []
    if _worse_than_none(report):
        return []
    return [
        f"Over all networks the proved gap is {percent_up(report.gap)}, which is not useful yet: "
        f"the weight decay is small for {report.problem.n} points. More time proves more, and so "
        "does a larger decay."
    ]


def _local_sentences(report: GapReport) -> list[str]:
    network, polished = report.network, report.polished
    if network is None or polished is None or network.fraction == 0:
        return []
    share = _lowered_by(network, polished)
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
    if 0 < lower <= best.fraction and report.best_gap <= _USELESS:
        found += f", within {percent_up(report.best_gap)} of any"
    if network is not None and best.fraction >= network.fraction:
        return ["No better network was found."]
    return [f"{found}."]
