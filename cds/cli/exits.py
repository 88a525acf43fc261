"""How a command ends: the exit codes, and which fault ends with which."""

from __future__ import annotations

import enum
import traceback

from cds.errors import (
    CallerError,
    CdsError,
    DefinitionError,
    NoAnswer,
    RecordsError,
    RegistryError,
    RunStopped,
    Unavailable,
    UnknownService,
)


class Exit(enum.IntEnum):
    """What the exit code of a command means."""

    OK = 0
    FAULTS = 1
    USAGE = 2
    INPUT = 3
    DEFINITIONS = 4
    INTERNAL = 5
    SERVER = 6
    STOPPED = 7

    @property
    def meaning(self) -> str:
        """Say it in words, as ``--help`` and the README do."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done; a linter or check found nothing",
    Exit.FAULTS: "a linter, check or import found faults and listed them",
    Exit.USAGE: "the command was called wrongly, or names a trial that is not loaded",
    Exit.INPUT: "an input file cannot be read, or it or the FHIR server does not hold a chart of the one patient",
    Exit.DEFINITIONS: "a setting, a mapping table or a trial definition is at fault",
    Exit.INTERNAL: "a fault in Trialcards itself",
    Exit.SERVER: "a server cannot be reached, does not let us in, or does not speak what is read",
    Exit.STOPPED: "a run over a population stopped before its end; the same command goes on with it",
}


def exits_text() -> str:
    """Give the exit codes as lines of text."""
    return "exit codes:\n" + "".join(f"  {each.value}  {each.meaning}\n" for each in Exit)


def exit_of(problem: CdsError) -> Exit:
    """Say which exit code tells of a fault that was raised on purpose."""
    match problem:
        case DefinitionError():
            return Exit.DEFINITIONS
        case UnknownService():
            return Exit.USAGE
        case CallerError() | Unavailable():
            return Exit.INPUT
        case RunStopped():
            return Exit.STOPPED
        case RecordsError() | RegistryError() | NoAnswer():
            return Exit.SERVER
        case _:
            return Exit.INTERNAL


def internal_sentence(problem: BaseException) -> str:
    """Tell a fault of our own by its type and place: its message might hold something of a chart."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"internal fault: {type(problem).__name__}{place}"
