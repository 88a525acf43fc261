"""What the commands share: how a command is described, and how they write to the terminal."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no other name


def command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], says: str, more: str = ""
) -> argparse.ArgumentParser:
    """Add a command: ``says`` is its line in the list of commands, ``more`` what its own help tells besides."""
    made = commands.add_parser(
        name,
        help=says,
        description=f"{says[:1].upper()}{says[1:]}.{f' {more}' if more else ''}",
        formatter_class=argparse.RawDescriptionHelpFormatter if "\n" in more else argparse.HelpFormatter,
    )
    made.set_defaults(run=run)
    return made


def group(commands: Commands, name: str, says: str) -> Commands:
    """Add a command that only holds others (``trialcards trials lint``)."""
    made = commands.add_parser(name, help=says, description=f"{says[:1].upper()}{says[1:]}.")
    return made.add_subparsers(title="commands", metavar="COMMAND", required=True)


def existing(folder: Path) -> Path:
    """Give a folder that is there; raise :class:`BadCall` for one that is not."""
    from cds.errors import BadCall

    if not folder.is_dir():
        raise BadCall(f"{folder.name}: there is no such folder")
    return folder


def write(text: str) -> None:
    """Write one line on standard output."""
    print(text)  # noqa: T201 - this is how a command line speaks


def remark(sentence: str) -> None:
    """Say something beside what the command writes, on standard error: a fault, or what could not be used."""
    print(f"trialcards: {sentence}", file=sys.stderr)  # noqa: T201 - this is how a command line speaks


def write_faults(faults: Iterable[object]) -> int:
    """Write faults one per line and give their number."""
    count = 0
    for count, fault in enumerate(faults, start=1):  # noqa: B007 - the count is what is given back
        write(str(fault))
    sys.stdout.flush()
    return count


def counted(count: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
