"""README and the guide: short pages, and everything in them is there, parses or runs."""

import argparse
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor
from test_house import ROOMS

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import _parser
from certnn.reading.conventions import CONVENTIONS
from certnn.search.levels.schedule import require_level

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "examples" / "guide"
README, MEASURED = ROOT / "README.md", GUIDE / "measured.md"
PAGES = [README, *sorted(GUIDE.glob("*.md"))]
MOST_LINES, LONGEST = 155, 120

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def outside_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code_in_lines(text):
    return re.findall(r"`([^`]+)`", outside_blocks(text))


def table(text, heading):
    """The cells below the headings of the first table under this section, row by row."""
    section = re.split(rf"^## {heading}$", text, flags=re.MULTILINE)[1]
    rows = re.findall(r"^\|.*\|$", section.split("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def long_lines(text):
    """Of prose; rows of tables and formulas cannot be broken."""
    lines = outside_blocks(text).splitlines()
    return [line for line in lines if len(line) > LONGEST and line[:1] != "|" and line[:2] != "$$"]


def anchors(page):
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def broken_links(text, folder):
    broken = []
    for link in re.findall(r"\]\(([^)]+)\)", outside_blocks(text)):
        name, _, anchor = link.partition("#")
        target = folder / name
        if "://" not in link and not (
            target.exists() and (not anchor or anchor in anchors(target))
        ):
            broken.append(link)
    return broken


def command_parsers():
    [commands] = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices


def certnn_lines(text):
    """Words of each command in blocks for a shell, which is whole, and of those in a line."""
    for command in re.split(r"\n|&&", "\n".join(blocks(text, "sh"))):
        words = shlex.split(command, comments=True)
        if words and words[0].removeprefix(".venv/bin/") == "certnn":
            yield words[1:], True
    for code in code_in_lines(text):
        if code.startswith("certnn "):
            yield shlex.split(code.partition(">")[0])[1:], False


def unusable_commands(text):
    known, unusable = command_parsers(), []
    for words, whole in certnn_lines(text):
        if words[0] in known:
            options = known[words[0]]._option_string_actions
            if not {word for word in words if word.startswith("--")} <= {*options}:
                unusable.append(shlex.join(words))
                continue
        elif words != ["--version"]:
            unusable.append(shlex.join(words))
            continue
        if whole:
            try:
                _parser().parse_args(words)
            except SystemExit as end:
                unusable += [shlex.join(words)] if end.code else []
    return unusable


def unknown_options(text):
    """Options that stand by themselves in a line, and are neither certnn's nor pytest's."""
    known = {"-v", *re.findall(r'"(--certnn-[\w-]+)"', _plugin())}
    for parser in (_parser(), *command_parsers().values()):
        known |= {*parser._option_string_actions}
    alone = (code.split(" ")[0] for code in code_in_lines(text) if re.match("--?[a-z]", code))
    return [option for option in alone if option not in known]


def _plugin():
    return (ROOT / "certnn" / "interfaces" / "pytest_plugin.py").read_text()


def scripts(text):
    """Words after ``python`` of each command that runs a file of the project."""
    found = [*code_in_lines(text), *"\n".join(blocks(text, "sh")).splitlines()]
    return [shlex.split(code)[1:] for code in found if re.match(r"python \S+\.py", code)]


SCRIPTS = {shlex.join(words): words for page in PAGES for words in scripts(page.read_text())}


@pages
def test_pages_are_short(page):
    assert len(page.read_text().splitlines()) < MOST_LINES


@pages
def test_lines_of_prose_are_short(page):
    assert long_lines(page.read_text()) == []


@pages
def test_links_lead_somewhere(page):
    assert broken_links(page.read_text(), page.parent) == []


@pages
def test_pictures_say_how_they_are_made(page):
    for picture in re.split(r"^!\[.*\)$", page.read_text(), flags=re.MULTILINE)[1:]:
        assert "`python " in picture.strip().split("\n\n")[0]


@pages
def test_commands_parse(page):
    assert unusable_commands(page.read_text()) == []


@pages
def test_options_exist(page):
    assert unknown_options(page.read_text()) == []


class Parsed(Exception):
    pass


@pytest.mark.parametrize("words", SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_take_these_options(words, monkeypatch):
    script = ROOT / words[0]
    monkeypatch.syspath_prepend(script.parent)
    text = script.read_text()
    if "ArgumentParser" not in text:
        assert len(words) == 1
        assert 'if __name__ == "__main__":' in text
        runpy.run_path(str(script))  # what it imports is there
        return
    usual = argparse.ArgumentParser.parse_args

    def parse(self, arguments=None, namespace=None):
        usual(self, arguments, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse)
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(Parsed):
        runpy.run_path(str(script), run_name="__main__")


@pytest.fixture
def given(tmp_path, monkeypatch):
    """What the pages take for granted: data and networks, and little time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("certnn.search.audit.USUAL_SECONDS", 1.0)
    draw = np.random.default_rng(0).standard_normal
    X, Y = draw((4, 4)), draw((4, 3))
    shutil.copy(ROOT / "tests" / "reading" / "files" / "float64.pt", "model.pt")
    estimator = MLPRegressor(
        hidden_layer_sizes=(3,), alpha=1.0, tol=10.0, batch_size=4, random_state=0
    )
    problem = certnn.TrainingProblem(X[:, :2], Y[:, :1], reg=0.5)
    network = certnn.TwoLayerNetwork(draw((2, 3)), draw((3, 1)))
    return {
        **{"certnn": certnn, "X": X, "Y": Y, "y": Y, "problem": problem, "network": network},
        "estimator": estimator.fit(X, Y),
    }


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if blocks(page.read_text(), "python")],
    ids=lambda page: page.name,
)
def test_code_runs(page, given):
    for block in blocks(page.read_text(), "python"):
        exec(compile(block, str(page), "exec"), given)


def test_the_table_of_conventions_is_that_of_the_code():
    assert table(README.read_text(), "Which reg is mine") == [
        [
            f"`{convention.name}`",
            scaling.objective,
            scaling.formula,
            "free" if convention.spares_biases else "decayed",
        ]
        for convention in CONVENTIONS.values()
        for scaling in dict.fromkeys(convention.scalings.values())
    ]


def test_what_to_expect_has_been_measured():
    measured = MEASURED.read_text()
    for *_, seconds, gap in table(README.read_text(), "What to expect"):
        assert seconds in measured
        assert gap in measured


def test_every_level_has_its_row():
    with pytest.raises(InputError) as refused:
        require_level("none")
    known = re.findall(r"[a-z]+(?:\(k\))?", refused.value.reason.partition(", got")[0])
    rows = re.findall(r"^\| (`.*?`(?:, `.*?`)*) \|", (GUIDE / "levels.md").read_text(), re.M)
    listed = {name for row in rows for name in re.findall("`(.*?)`", row)}
    assert {*known} - {"must", "be", "or", "auto", "block"} <= listed


def test_every_command_and_every_room_has_its_row():
    commands = re.findall(r"^\| `certnn (.*?)` \|", (GUIDE / "command-line.md").read_text(), re.M)
    assert commands == [*command_parsers()]
    rooms = table((GUIDE / "contributing.md").read_text(), "Where things are")
    assert {f"`{room}`" for room in ROOMS} <= {row[0] for row in rooms}


def test_the_checks_find_what_is_wrong():
    text = f"""# A page

{"long " * 25}
[a page](levels.md#nothing) and [another](nowhere.md), `--certnn-nothing 1`
and `certnn audit --nothing`

```sh
certnn report
certnn nothing
certnn train --data D --reg x --out N  # a comment
certnn train --data D --reg 1 --out N
```
"""
    assert long_lines(text) == [("long " * 25)]
    assert broken_links(text, GUIDE) == ["levels.md#nothing", "nowhere.md"]
    assert broken_links("[levels](levels.md#solvers)", GUIDE) == []
    assert unknown_options(text) == ["--certnn-nothing"]
    assert unusable_commands(text) == [
        *("report", "nothing", "train --data D --reg x --out N", "audit --nothing")
    ]
