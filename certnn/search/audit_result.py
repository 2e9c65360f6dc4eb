"""What an audit returns."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certnn.atomic_files import make_folder, write_atomically
from certnn.certificates.proved import require_lower
from certnn.errors import InputError
from certnn.kernel import Bound
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.writing import network_like
from certnn.reading.npz import save_network
from certnn.report import GapReport
from certnn.report.model_card import UNNAMED, model_card
from certnn.report.reading import CERTIFICATES, NETWORK, PAGE, PATTERN_CERTIFICATES, REPORT
from certnn.search.results import LowerBoundResult
from certnn.splitting.patterns import PatternBoundResult

if TYPE_CHECKING:
    from certnn.report.html import AttachedNetwork


@dataclass(frozen=True, repr=False)
class AuditResult:
    """A gap report with its certificate and the best network found.

    Attributes
    ----------
    report : GapReport
        All figures; ``print(result.report.to_json())``, or `save` for the page.
    lower : LowerBoundResult
        The proved bound and its certificate.
    best_network : TwoLayerNetwork
        The best network known, which may be the one audited.
    patterns : PatternBoundResult or None
        The bound on the networks with some activation patterns; None where `lower` is so close to
        the best network that it would say little more, or the data are too large.

    Raises
    ------
    InputError
        If a figure of the report is not one that the kernel has proved, or the parts do not belong
        together.
    """

    report: GapReport
    lower: LowerBoundResult
    best_network: TwoLayerNetwork
    patterns: PatternBoundResult | None

    def __post_init__(self) -> None:
        report, bound = self.report, self.lower.bound
        if not report.all_proved:
            raise InputError("report", "has figures that the kernel has not proved")
        require_lower("lower", bound, report.proved[0].instance, self.lower.certificate)
        if bound.value != report.lower_bound.fraction or bound not in report.proved:
            raise InputError("lower", "is not the bound of the report")
        objectives = [said for said in report.proved if type(said) is Bound]
        best = report.best_network
        if best is None or not any(
            said.value == best.fraction and self.best_network.has_objective(said)
            for said in objectives
        ):
            raise InputError("best_network", "is not that of the report")
        tier = None if self.patterns is None else self.patterns.bound
        if (tier is None) != (report.pattern_tier is None) or (
            tier is not None and tier not in report.proved
        ):
            raise InputError("patterns", "are not those of the report")

    @property
    def gap(self) -> float | None:
        """How far the audited network can be from optimal, a share of its objective; proved."""
        return self.report.gap

    def save(self, folder: str | Path, attached: AttachedNetwork | None = None) -> None:
        """Write report.json, report.html, certificate.json and best_network.npz into `folder`.

        With a bound over activation patterns, patterns-certificate.json too; without one, none is
        left there. A certificate of many points ends with .zip (`certnn.Certificate`).

        Parameters
        ----------
        folder : str or Path
        attached : AttachedNetwork or None
            A file with the best network that is there already, for the page to name.

        Raises
        ------
        InputError
            If the folder cannot be made or written to.
        """
        from certnn.report.html import render_html

        data, folder = self.report.to_json(), make_folder(folder)
        network = folder / NETWORK
        patterns = None if self.patterns is None else self.patterns.certificate
        for names, certificate in (
            (CERTIFICATES, self.lower.certificate),
            (PATTERN_CERTIFICATES, patterns),
        ):
            for suffix, name in names.items():
                if certificate is not None and certificate.suffix == suffix:
                    certificate.save(folder / name)
                else:  # that of an earlier report says nothing of this one
                    (folder / name).unlink(missing_ok=True)
        save_network(network, self.best_network)
        page = render_html(self.report, network.read_bytes(), attached)
        write_atomically(folder / PAGE, page.encode())
        write_atomically(folder / REPORT, data.encode())

    def best_like(self, source: Any) -> Any:
        """The best network as an object like the one that was audited, which is not changed.

        Parameters
        ----------
        source : object
            A fitted estimator of scikit-learn, a ``torch.nn.Module``, an ``onnx.ModelProto``, a
            live model of Keras, or a dictionary of arrays, as
            `certnn.reading.networks.writing.network_like` takes it.

        Raises
        ------
        InputError
            If it is none of these, or of other shapes.
        """
        return network_like(source, self.best_network)

    def model_card(self, name: str = UNNAMED) -> str:
        """What is proved of the audited network as a model card, or of the best if none was given.

        Parameters
        ----------
        name : str
            The network's.

        Returns
        -------
        str
            Markdown, with metadata for model hubs.
        """
        report, gap = self.report, self.gap if self.report.network else self.report.best_gap
        figure = report.network or report.best_network
        assert figure is not None
        assert gap is not None
        objective = next(
            said
            for said in report.proved
            if type(said) is Bound and said.kind == "upper" and said.value == figure.fraction
        )
        classes = bool(report.problem.classes)
        bound, command = self.lower.bound, report.recheck
        return model_card(name, objective, bound, gap, command, classes=classes)

    def _repr_html_(self) -> str:
        """The page, for notebooks."""
        from certnn.report.html import render_html

        page = escape(render_html(self.report))
        return f'<iframe srcdoc="{page}" style="width: 100%; height: 45rem; border: 0"></iframe>'

    def __repr__(self) -> str:
        gap = "" if self.gap is None else f"gap={self.gap:.3g}, "
        return f"AuditResult({gap}lower={self.lower.value!r}, proved by the kernel)"
