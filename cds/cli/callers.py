"""``trialcards callers``: is the list of callers sound, and whom does it let in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    import argparse

    from cds.hooks.callers.listed import ListedCaller


def add_to(commands: Commands) -> None:
    """Add the command."""
    made = command(
        commands,
        "callers",
        _callers,
        "check the list of EHRs that may call, and show what each may do",
        "Nothing is asked of anybody: whether the addresses of keys answer shows at the first call.",
    )
    made.add_argument("file", metavar="FILE", nargs="?", type=Path, help="default: CDS_CALLERS")


def _callers(chosen: argparse.Namespace) -> int:
    from cds.errors import BadSetting
    from cds.hooks.callers.listed import load_callers
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    path = chosen.file or settings.callers
    if path is None:
        raise BadSetting("CDS_CALLERS: names no list, and none was given")
    listed = load_callers(path, allow_http=settings.allow_http)
    for each in listed:
        write("\n".join(_told(each)))
    write(f"{path.name}: {counted(len(listed), 'caller')}, 0 faults")
    return Exit.OK


def _told(caller: ListedCaller) -> list[str]:
    tested = "" if caller.profile.tested else " (untested)"
    held = [f"in a file: {', '.join(key.kid for key in caller.keys)}"] if caller.keys else []
    rows = {
        "profile": [caller.profile.name + tested],
        "issuer": [caller.issuer],
        "tenants": caller.tenants,
        "keys": [*held, *caller.jku],
        "signed with": [", ".join(caller.algorithms)],
        "audiences besides the address": caller.audiences,
        "FHIR servers": caller.fhir_servers or ["none: prefetch only"],
        "calls a second": [] if caller.rate_per_s is None else [f"{caller.rate_per_s:g}"],
    }
    return [caller.id, *(f"  {name}: {value}" for name, values in rows.items() for value in values)]
