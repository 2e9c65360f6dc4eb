"""Assertions for tests of networks and relaxations: what they require is proved, or they fail."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from certnn.budget import Budget
from certnn.directed_rounding import rounded_down
from certnn.errors import InputError
from certnn.kernel.instance import Bias
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.report.wording import percent_down, percent_up, shown_down, shown_up
from certnn.search.audit import audit
from certnn.search.audit_result import AuditResult
from certnn.search.lower_bound import lower_bound
from certnn.search.train import train
from certnn.studies.tightness.ratio import Tightness


@dataclass(frozen=True)
class Kept:
    """A gap or ratio that was proved before, and that a new one may not be worse than.

    Attributes
    ----------
    value : float
    tolerance : float
        By how much it may be worse: a share of the objective for a gap, of the optimum for a ratio.
    where : str
        Where it is kept, for the message.
    """

    value: float
    tolerance: float
    where: str

    def complaint(self, found: str, excess: float) -> str | None:
        """One line if what was found is worse by more than the tolerance; None if it is not.

        Parameters
        ----------
        found : str
            The new figure in words.
        excess : float
            By how much it is worse.
        """
        if excess <= self.tolerance:
            return None
        return (
            f"proved {found} is worse than {self.value:.6g}, kept as {self.where}, by more than "
            f"{self.tolerance:.4g}"
        )


def assert_certified_gap(
    network: Any,
    X: Any,
    Y: Any,
    reg: float,
    max_gap: float,
    *,
    hidden_bias: Bias = False,
    loss: Loss | str = HALF_SQUARED,
    output_bias: Bias = False,
    level: str = "auto",
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
    kept: Kept | None = None,
    report: str | Path | None = None,
) -> AuditResult:
    """Fail unless it is proved that no network is better by more than a share of the objective.

    Parameters
    ----------
    network : TwoLayerNetwork, pair (U, V), or what `certnn.reading.networks.read_network` takes
        A pair of array_like, shapes (d, m) and (m, c); a checkpoint's path, a PyTorch module, a
        fitted estimator of scikit-learn among others.
    X : array_like, shape (n, d)
    Y : array_like, shape (n, c)
    reg : float
        Weight decay, in the units of a summed loss.
    max_gap : float
        The largest (objective − bound)/objective allowed, in [0, 1).
    hidden_bias, loss, output_bias
        As in `certnn.TrainingProblem`.
    level : str
        As in `certnn.lower_bound`.
    time_limit : float or None
        Seconds.
    work_limit : float or None
        Nominal seconds in their place, for the same outcome on every machine.
    budget : Budget or None
        One to share with other calls, in place of the limits.
    kept : Kept or None
        A gap proved before: fail where this one is worse by more than is tolerated.
    report : str, Path or None
        Folder for the report, certificate and better network, written if the assertion fails.

    Returns
    -------
    AuditResult

    Raises
    ------
    AssertionError
        If the gap is not proved. The message says whether a better network shows that it is not
        true, or whether the bound is too weak to tell. Or if it is worse than the one kept.
    InputError
        If an argument is unusable.
    """
    __tracebackhide__ = True  # pytest's trace ends in the test
    problem = TrainingProblem(X, Y, reg, hidden_bias, loss=loss, output_bias=output_bias)
    if isinstance(network, tuple | list):
        network = TwoLayerNetwork(*network)
    if not 0.0 <= max_gap < 1.0:
        raise InputError("max_gap", f"must be in [0, 1), got {max_gap!r}")
    result = audit(
        network,
        problem,
        level=level,
        gap=max_gap,
        time_limit=time_limit,
        work_limit=work_limit,
        budget=budget,
        title="assertion",
    )
    gap = result.gap
    assert gap is not None
    if gap > max_gap:
        lines = _complaint(result, max_gap)
    else:
        worse = kept and kept.complaint(f"gap {shown_up(Fraction(gap))}", gap - kept.value)
        if not worse:
            return result
        lines = [worse]
    if report is not None:
        lines.append(_saved(result, report))
    raise AssertionError("\n".join(lines))


def _complaint(result: AuditResult, max_gap: float) -> list[str]:
    given, best, lower = result.report.network, result.report.best_network, result.lower
    assert given is not None
    assert best is not None
    assert result.gap is not None
    allowed = f"{100.0 * max_gap:.4g} %"
    lines = [
        f"proved gap {percent_up(result.gap)}, allowed {allowed}",
        f"  objective of the network: {shown_up(given.fraction)}",
        f"  proved for every network: {shown_down(lower.bound.value)} (level {lower.level}, "
        f"{lower.seconds:.1f} s)",
    ]
    excess = 1 - best.fraction / given.fraction
    if excess > 0:
        lines.append(
            f"  a better network: {shown_up(best.fraction)} with {best.width} neurons, better by "
            f"{percent_down(rounded_down(excess))}"
        )
    if excess > Fraction(max_gap):
        lines.append(f"  so the network is not within {allowed} of the optimum")
    else:
        lines.append("  whether the network is that good is open: give it more time or a level")
    lines += [f"  {note}" for note in lower.notes]
    return lines


def assert_tight(
    problem: TrainingProblem,
    level: str,
    min_ratio: float,
    *,
    time_limit: float | None = None,
    work_limit: float | None = None,
    budget: Budget | None = None,
    kept: Kept | None = None,
    report: str | Path | None = None,
) -> Tightness:
    """Fail unless a level's proved bound is at least a share of the optimum.

    The optimum is at most the objective of the best network that training finds, to which the bound
    is compared; so what passes is proved.

    Parameters
    ----------
    problem : TrainingProblem
    level : str
        The level to test, as in `certnn.lower_bound`.
    min_ratio : float
        Least ratio of bound to optimum, in [0, 1].
    time_limit : float or None
        Seconds for the level, and again for the training.
    work_limit : float or None
        Nominal seconds in their place, for the same outcome on every machine.
    budget : Budget or None
        One to share with other calls, in place of the limits.
    kept : Kept or None
        A ratio proved before: fail where this one is worse by more than is tolerated.
    report : str, Path or None
        Folder for the report, written if the assertion fails.

    Raises
    ------
    AssertionError
        If the ratio is not proved, or is worse than the one kept.
    InputError
        If an argument is unusable.
    """
    __tracebackhide__ = True
    if not 0.0 <= min_ratio <= 1.0:
        raise InputError("min_ratio", f"must be in [0, 1], got {min_ratio!r}")
    half = None if budget is None else budget.part(0.5)
    limits: dict[str, Any] = {"time_limit": time_limit, "work_limit": work_limit}
    best = train(problem, gap=1e-3, budget=half, **limits)
    lower = lower_bound(problem, level, budget=budget, network=best.network, **limits)
    found = Tightness(level, lower.bound, best.objective)
    ratio = f"ratio {shown_down(Fraction(found.ratio))}"
    failure = kept and kept.complaint(ratio, kept.value - found.ratio)
    if found.ratio < min_ratio:
        failure = f"proved {ratio}, required {min_ratio:.6g}"
    if not failure:
        return found
    if best.lower.bound.value > lower.bound.value:
        proved = rounded_down(best.lower.bound.value / best.objective.value)
        standing = f"the best network is proved to be within {1.0 - proved:.2%} of the optimum"
    else:
        standing = "how good the best network is, is not known better than by this bound"
    lines = [
        failure,
        f"  bound of the level {level}: {shown_down(found.lower.value)}",
        f"  best network: {shown_up(found.objective.value)}; {standing}",
        *(f"  {note}" for note in lower.notes),
    ]
    if report is not None:
        audited = audit(
            best.network,
            problem,
            level=level,
            budget=budget,
            title="assertion",
            **limits,
        )
        lines.append(_saved(audited, report))
    raise AssertionError("\n".join(lines))


def _saved(result: AuditResult, report: str | Path) -> str:
    try:
        result.save(report)
    except InputError as error:  # what failed is the assertion
        return f"  there is no report: {error}"
    certificate = result.report.certificate
    return f"  report.html, {certificate} and best_network.npz are in {report}"


def folder_name(test: str, failures: int = 0) -> str:
    """A name of a folder for a failure of a test: no other one has it.

    Parameters
    ----------
    test : str
        The test's node id.
    failures : int
        How many times the test has failed before.
    """
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", test).strip("-.")[:150]
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return "-".join(filter(None, (readable, digest, str(failures + 1) if failures else "")))
