"""From what was typed to an exit code: errors become one line, and signals end the work."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from certnn.budget import interruptible, stoppable
from certnn.errors import InputError, SolverError
from certnn.interfaces.commands.exit_codes import (
    FAILED,
    INTERRUPTED,
    OK,
    TERMINATED,
    UNUSABLE,
    fail,
)
from certnn.interfaces.commands.packages import install_hint
from certnn.interfaces.commands.streams import steady_output


class OneLineParser(argparse.ArgumentParser):
    """Errors in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """End with the exit code of unusable input.

        Raises
        ------
        SystemExit
            Always.
        """
        sys.stderr.write(f"{self.prog}: error: {message}\n")
        raise SystemExit(UNUSABLE)


def run_words(parser: argparse.ArgumentParser, words: Sequence[str]) -> int:
    """Run what was typed; returns the exit code.

    Parameters
    ----------
    parser : ArgumentParser
        Its defaults say what to run ("run", None for nothing but help), and whether that searches
        ("searches"): then Ctrl-C and SIGTERM only ask to stop, so that what is proved is kept.
    words : sequence of str
        Errors name an option as it was given.
    """
    with steady_output() as output:
        options = parser.parse_args(words)
        if options.run is None:
            parser.print_help()
            code = OK
        else:
            code = _run(options, words)
        output.flush()
        if output.trouble:
            return fail(f"standard output: {output.trouble}", code or UNUSABLE)
    return code


def _run(options: argparse.Namespace, words: Sequence[str]) -> int:
    run: Callable[[argparse.Namespace], int] = options.run
    searching = stoppable if options.searches else interruptible
    with searching(signal.SIGINT, signal.SIGTERM) as stop:
        try:
            for name, given in vars(options).items():
                if given == "" or (isinstance(given, list) and "" in given):  # "$NAME", not set
                    raise InputError(_option(name, words), "is empty")
            code = run(options)
        except InputError as error:
            is_path = error.argument in words  # which may have the name of an option
            name = error.argument if is_path else _option(error.argument, words)
            return fail(f"{name}: {error.reason}", UNUSABLE)
        except OSError as error:  # a name that is too long, a disk that is full
            return fail(f"{error.filename or 'system'}: {error.strerror or error}", UNUSABLE)
        except ModuleNotFoundError as error:
            hint = install_hint(error.name or "")
            if hint is None:
                raise
            return fail(f"{words[0]} {hint}", UNUSABLE)
        except SolverError as error:
            return fail(str(error), FAILED)
        except KeyboardInterrupt:
            what = "interrupted before anything was proved" if options.searches else "interrupted"
            code = fail(what, INTERRUPTED)
    return TERMINATED if code == INTERRUPTED and stop.signal == signal.SIGTERM else code


def _option(argument: str, words: Sequence[str]) -> str:
    """The argument as the option that is among the words, if it is."""
    option = f"--{argument.replace('_', '-')}"
    given = {word.partition("=")[0] for word in words}
    return next((name for name in (option, f"{option}s") if name in given), argument)
