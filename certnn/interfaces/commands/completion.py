"""``certnn completion``: a script that completes certnn's words, made from its own parser."""

from __future__ import annotations

import argparse

from certnn.interfaces.commands.exit_codes import OK

#: Arguments that are paths, by the name that the parser gives them.
PATHS = (
    *("baseline", "certificate", "data", "data_dir", "network", "out"),
    *("reports", "save_baseline", "targets"),
)


def add_completion_options(command: argparse.ArgumentParser) -> None:
    """Add them to the command."""
    command.add_argument("shell", choices=("bash", "zsh", "fish"))


def run_completion(options: argparse.Namespace) -> int:
    """Print the script, which runs nothing of certnn once it is read."""
    import shtab

    parser: argparse.ArgumentParser = options.parser
    for command in _commands(parser):
        for action in command._actions:
            if action.dest in PATHS:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, options.shell))
    return OK


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of the commands."""
    [commands] = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return list(commands.choices.values())
