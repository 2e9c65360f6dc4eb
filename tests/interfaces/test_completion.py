"""Completion: bash is asked what it offers, and every word of the parser is in each script."""

import argparse
import subprocess
from contextlib import redirect_stdout
from io import StringIO

import pytest

from certnn.interfaces.cli import _parser, main
from certnn.interfaces.commands.completion import PATHS

COMPLETE = """
source "$1"; shift
complete -p certnn > /dev/null
COMP_WORDS=(certnn "$@")
COMP_CWORD=$#
_shtab_certnn
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        with redirect_stdout(StringIO()) as written:
            assert main(["completion", shell]) == 0
        (folder / shell).write_text(written.getvalue())
    return folder


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["au"], {"audit"}),
        (["re"], {"records", "report"}),
        (["audit", "--conv"], {"--convention"}),
        (["audit", "net.npz", "--formulation", ""], {"reduced", "literal", "dual"}),
        (["audit", "net.npz", "--hidden-bias", "f"], {"free"}),
        (["check", "cert"], {"certificate.json"}),
        (["check", "certificate.json", "--data", "da"], {"data.npz"}),
        (["report", "first", "second", "cert"], {"certificate.json"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_bash_offers_what_fits(scripts, tmp_path, words, offered):
    for name in ("certificate.json", "data.npz"):
        (tmp_path / name).touch()
    command = ["bash", "-euc", COMPLETE, "bash", scripts / "bash", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert {*done.stdout.split()} == offered
    assert done.stderr == ""


def actions():
    [commands] = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        yield from ((name, action) for action in command._actions)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_the_script(scripts, shell):
    script = (scripts / shell).read_text()
    for name, action in actions():
        assert name in script
        for option in action.option_strings:
            assert option.lstrip("-") in script


def test_what_takes_a_path_is_an_argument():
    assert {*PATHS} <= {action.dest for _, action in actions()}


def test_another_shell_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "ksh"])
    assert capsys.readouterr().err.count("\n") == 1
