"""The entry: reads the arguments, runs the command, and turns what went wrong into a sentence and an exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NoReturn

from cds.cli import callers, chart, config, feedback, hook, keys, lint, population, prefetch, screen, serve, server
from cds.cli.exits import Exit, exit_of, exits_text, internal_sentence
from cds.cli.words import remark
from cds.errors import CdsError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say in one sentence what was wrong with the call."""
        self.exit(Exit.USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; the arguments default to those of the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    chosen = parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except CdsError as problem:
        return _told(str(problem), exit_of(problem))
    except BrokenPipeError:
        # Whoever read our output (`head`, say) has seen enough; the interpreter must not complain when it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except KeyboardInterrupt:
        return 130
    except Exception as problem:  # noqa: BLE001 - the last line of defence: no stack trace, and no message from a chart
        return _told(internal_sentence(problem), Exit.INTERNAL)
    return code


def _told(sentence: str, code: Exit) -> Exit:
    remark(sentence)
    return code


def parser() -> argparse.ArgumentParser:
    """Give the parser of all commands."""
    top = _Parser(
        prog="trialcards",
        description="Tells which clinical trials a patient may fit, and on what evidence.",
        epilog=exits_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"trialcards {_version()}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in (serve, screen, server, chart, lint, feedback, prefetch, hook, callers, config, keys, population):
        group.add_to(commands)
    return top


def _version() -> str:
    try:
        return version("trialcards")
    except PackageNotFoundError:
        return "(not installed)"
