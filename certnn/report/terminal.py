"""The report in a terminal, with rich."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from certnn.errors import printable
from certnn.report.data import GapReport
from certnn.report.figures import NetworkFigure, ProvedBound
from certnn.report.marks import Mark, axis_range, marks_of
from certnn.report.verdict import tiers, verdict
from certnn.report.wording import (
    byte_size,
    duration,
    excess_text,
    percent_down,
    shown,
    shown_down,
    shown_up,
)

_NEURONS = 12
_WIDEST = 110
_STYLES = {"bound": "green", "network": "bold", "word": "yellow"}
_SIGNS = {"bound": "│", "network": "◆", "word": "○", "proved": "░", "line": "·"}
_ASCII_SIGNS = {"bound": "|", "network": "#", "word": "o", "proved": ":", "line": "."}
_ASCII = str.maketrans({"≤": "<=", "≥": ">=", "½": "1/2", "‖": "||", "²": "^2", "–": "-"})


def print_report(report: GapReport, console: Console) -> None:
    """Print `report`: verdict, sandwich, what is proved, what is not, neurons, how to re-check.

    Parameters
    ----------
    console : rich.console.Console
        Where to print; its width, colours and encoding are respected.
    """
    _Printer(report, console).print()


class _Printer:
    def __init__(self, report: GapReport, console: Console) -> None:
        self.report = report
        self.console = console
        self.ascii = console.options.ascii_only
        self.width = min(console.width, _WIDEST)

    def print(self) -> None:
        for part in self._parts():
            self.console.print(part, width=self.width)
            self.console.print()
        report = self.report
        size = byte_size(report.certificate_bytes)
        self.console.print(self._text(f"Check it again ({report.certificate}, {size}):"))
        self.console.print(self._text(f"  {report.recheck}", "bold"), soft_wrap=True)
        tier = report.pattern_tier
        if tier is not None:
            size = byte_size(tier.certificate_bytes)
            about = f"for the {tier.patterns} activation patterns alone"
            self.console.print(self._text(f"and {about} ({tier.certificate}, {size}):"))
            self.console.print(self._text(f"  {tier.recheck}", "bold"), soft_wrap=True)

    def _parts(self) -> Iterable[RenderableType]:
        if not self.report.consistent:
            yield self._contradictions()
        yield self._verdict()
        yield self._sandwich()
        if self.report.consistent:
            yield self._tiers()
        yield self._proved()
        if self.report.solver_figures:
            yield self._words()
        if self.report.improvements:
            yield self._improvements()
        if self.report.neurons:
            yield self._neurons()
        checks = self.report.checks
        if checks:
            yield self._text(f"{sum(c.holds for c in checks)} of {len(checks)} checks hold.")

    def _text(self, text: str, style: str = "") -> Text:
        line = printable(text)
        if self.ascii:
            line = line.translate(_ASCII).encode("ascii", "replace").decode("ascii")
        return Text(line, style=style, overflow="fold")

    def _table(self, title: str, style: str, columns: Iterable[str]) -> Table:
        table = Table(
            title=self._text(title, f"bold {style}"),
            title_justify="left",
            box=box.SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
        )
        for name in columns:
            right = name in ("value", "time", "neuron", "|u|", "|v|", "active on", "share")
            table.add_column(self._text(name), justify="right" if right else "left", no_wrap=right)
        return table

    def _contradictions(self) -> RenderableType:
        lines = [
            self._text("The figures contradict each other. Do not rely on this report.", "bold")
        ]
        lines += [
            self._text(f"{check.name}: {check.detail}")
            for check in self.report.checks
            if not check.holds and not check.solver_only
        ]
        style = "red"
        return Panel(Group(*lines), title=Text("ERROR"), border_style=style, style=style)

    def _verdict(self) -> RenderableType:
        found, problem = verdict(self.report), self.report.problem
        lines = [self._text(self.report.title, "dim")]
        lines.append(self._text(found.headline, "bold green" if found.sound else "bold red"))
        lines += [self._text(sentence) for sentence in found.sentences]
        lines.append(self._text(f"{problem.text}; {duration(self.report.seconds)}", "dim"))
        if self.report.decay:
            lines.append(self._text(f"Weight decay: {self.report.decay}", "dim"))
        lines += [self._text(f"Left out: {note}", "yellow") for note in self.report.notes]
        lines += [
            self._text(f"A solver contradicts an exact figure. {c.name}: {c.detail}.", "yellow")
            for c in self.report.checks
            if c.solver_only and not c.holds
        ]
        return Group(*lines)

    def _tiers(self) -> RenderableType:
        lines = [self._text("The verdict in tiers", "bold")]
        for tier in tiers(self.report):
            lines.append(self._text(f"{tier.name}. {tier.finding}"))
            lines.append(self._text(f"  {tier.scope}", "dim"))
        return Group(*lines)

    def _sandwich(self) -> RenderableType:
        marks = marks_of(self.report)
        low, high = axis_range([mark.value for mark in marks])
        names = [self._text(mark.name) for mark in marks]
        name_width = min(max(len(name) for name in names), self.width // 3)
        value_width = max(len(mark.text) for mark in marks)
        room = max(self.width - name_width - value_width - 4, 10)
        lines = []
        for mark, name in zip(marks, names, strict=True):
            name.truncate(name_width, overflow="ellipsis" if not self.ascii else "crop", pad=True)
            name.stylize(_STYLES[mark.kind])
            column = round((mark.value - low) / (high - low) * (room - 1))
            value = f"  {mark.text:>{value_width}}  "
            lines.append(Text.assemble(name, value, self._row(mark, column, room)))
        proved = ", proved" if self.report.is_proved(self.report.lower_bound) else ""
        legend = f"{{proved}} no network is here{proved}   "
        legend += "{network} network   {word} a solver's word"
        lines.append(self._text(legend.format(**self._signs), "dim"))
        return Group(*lines)

    @property
    def _signs(self) -> dict[str, str]:
        return _ASCII_SIGNS if self.ascii else _SIGNS

    def _row(self, mark: Mark, column: int, room: int) -> Text:
        signs = self._signs
        filler = signs["proved"] if mark.kind == "bound" else signs["line"]
        rest = room - column - 1
        line = Text(filler * column, style="green" if mark.kind == "bound" else "dim")
        line.append(signs[mark.kind], style=_STYLES[mark.kind])
        return line.append(signs["line"] * rest, style="dim")

    def _proved(self) -> RenderableType:
        all_proved = self.report.all_proved
        title, style = ("Proved", "green") if all_proved else ("What the report says", "yellow")
        table = self._table(title, style, ("what", "value", "by what", "time"))
        for bound in self.report.bounds:
            best = ", the best" if bound == self.report.lower_bound else ""
            by = f"{bound.level} certificate{self._word(bound)}"
            cells = f"lower bound{best}", shown_down(bound.fraction), by
            table.add_row(*map(self._text, (*cells, duration(bound.seconds))))
        networks = (
            ("given", self.report.network),
            ("polished", self.report.polished),
            ("best", self.report.best_network),
        )
        for name, network in networks:
            if network is not None:
                by = f"{network.width} neurons: {network.source}{self._word(network)}"
                cells = f"{name} network's objective", shown_up(network.fraction), by
                table.add_row(*map(self._text, cells))
        return table

    def _word(self, figure: ProvedBound | NetworkFigure) -> str:
        return "" if self.report.is_proved(figure) else ", the report's word"

    def _words(self) -> RenderableType:
        columns = ("solver", "value", "against the bound")
        table = self._table("A solver's word, not proved", "yellow", columns)
        for figure in self.report.solver_figures:
            cells = (
                f"{figure.solver} {figure.version}, {figure.formulation}: "
                f"{figure.status}, {duration(figure.seconds)}",
                "-" if figure.printed is None else shown(Fraction(figure.printed)),
                excess_text(figure, self.report.lower_bound),
            )
            table.add_row(*map(self._text, cells))
        return table

    def _improvements(self) -> RenderableType:
        columns = ("one change", "objective", "better by")
        table = self._table("Where the given network loses", "", columns)
        for improved in self.report.improvements:
            gain = percent_down(self.report.gain(improved))
            table.add_row(*map(self._text, (improved.source, shown_up(improved.fraction), gain)))
        return table

    def _neurons(self) -> RenderableType:
        columns = ("neuron", "|u|", "|v|", "active on", "share", "remark")
        table = self._table("Neurons of the given network", "", columns)
        neurons = self.report.neurons
        for neuron in neurons[:_NEURONS]:
            cells = (
                str(neuron.index),
                f"{neuron.hidden_norm:.4g}",
                f"{neuron.output_norm:.4g}",
                str(neuron.active),
                f"{100 * neuron.share:.1f} %",
                neuron.remark,
            )
            table.add_row(*map(self._text, cells))
        if len(neurons) <= _NEURONS:
            return table
        more = self._text(f"and {len(neurons) - _NEURONS} more neurons, in report.html", "dim")
        return Group(table, more)
