"""``trialcards callers``: are the lists of callers and of launch servers sound, and whom do they let in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from cds.hooks.callers.launch import LaunchServer
    from cds.hooks.callers.listed import ListedCaller


def add_to(commands: Commands) -> None:
    """Add the command."""
    made = command(
        commands,
        "callers",
        _callers,
        "check the list of EHRs that may call, and of those that open the page; show what each may do",
        "Nothing is asked of anybody: whether the addresses of keys answer shows at the first call.",
    )
    made.add_argument("file", metavar="FILE", nargs="?", type=Path, help="default: CDS_CALLERS")
    made.add_argument(
        "--launch", metavar="FILE", type=Path, help="the list of launch servers; default: CDS_LAUNCH_SERVERS"
    )


def _callers(chosen: argparse.Namespace) -> int:
    from cds.errors import BadSetting
    from cds.hooks.callers.launch import load_launch_servers
    from cds.hooks.callers.listed import load_callers
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    given = chosen.file or chosen.launch
    path = chosen.file if given else settings.callers
    launch = chosen.launch if given else settings.launch_servers
    if path is None and launch is None:
        raise BadSetting("CDS_CALLERS: names no list, and none was given")
    if path is not None:
        listed = load_callers(path, allow_http=settings.allow_http)
        _tell(path, "caller", map(_told, listed))
    if launch is not None:
        servers = load_launch_servers(launch, by_token=settings.proof == "jwt", allow_http=settings.allow_http)
        _tell(launch, "launch server", map(_opens, servers))
    return Exit.OK


def _tell(path: Path, what: str, entries: Iterable[list[str]]) -> None:
    told = list(entries)
    for lines in told:
        write("\n".join(lines))
    write(f"{path.name}: {counted(len(told), what)}, 0 faults")


def _opens(server: LaunchServer) -> list[str]:
    """Tell of whom the page may be opened, and what it may do there."""
    rows = {
        "FHIR server": [server.fhir],
        "client id": [server.client_id],
        "signs in at": server.origins,
        "issuer": [server.issuer] if server.issuer else [],
        "keys": [server.jwks] if server.jwks else [],
        "signed with": [", ".join(server.algorithms)],
        "calls itself": [server.caller_id],
        "calls a second": [f"{server.rate_per_s:g}"],
        "may": [
            *(["be opened without the EHR around it"] if server.standalone else []),
            *(["save observations"] if server.save_observations else []),
        ],
    }
    return [server.id, *(f"  {name}: {value}" for name, values in rows.items() for value in values)]


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
