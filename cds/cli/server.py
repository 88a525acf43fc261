"""``trialcards server check``: what a FHIR server gives of what the trials need, before anybody trusts it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cds.cli.access import access_addresses, add_access, token_for
from cds.cli.exits import Exit
from cds.cli.words import Commands, command, group, write

if TYPE_CHECKING:
    from cds.cli.inspection import Inspection
    from cds.settings import Settings

_ABOUT = (
    "URL is where the server's FHIR API begins. Without --patient its CapabilityStatement is held against the searches "
    "that the loaded trials need; with --patient each search is run, one after the other, and the chart is read. The "
    "report holds numbers, types and reasons: nothing of the patient. The exit code is 0 if a chart would lack nothing."
)
_DEADLINE_S = 60.0


def add_to(commands: Commands) -> None:
    """Add the commands about FHIR servers."""
    inner = group(commands, "server", "look at FHIR servers")
    check = command(inner, "check", _check, "say what a FHIR server gives of what the trials need", _ABOUT)
    check.add_argument("url", metavar="URL", help="base address of the server")
    check.add_argument("--patient", metavar="ID", help="a patient to try it with: the id of the resource")
    add_deadline(check, "for one search")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    add_access(check)


def add_deadline(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that says how long may be waited."""
    parser.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=_seconds,
        default=_DEADLINE_S,
        help=f"how long the server may take {what} (default: {_DEADLINE_S:g})",
    )


def _seconds(text: str) -> float:
    from cds.settings.readers import seconds

    try:
        return float(seconds(text))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _check(chosen: argparse.Namespace) -> int:
    from cds.cli.calling import ServerFault
    from cds.cli.inspection import faults
    from cds.cli.report import show, told
    from cds.settings import Settings

    account = asyncio.run(_inspected(chosen, Settings.read(os.environ)))
    if account.capability.refusal:
        raise ServerFault(account.capability.refusal)
    document: dict[str, Any] = told(account)
    if chosen.json:
        write(json.dumps(document, indent=2))
    else:
        show(document)
    return Exit.FAULTS if faults(account) else Exit.OK


async def _inspected(chosen: argparse.Namespace, settings: Settings) -> Inspection:
    from cds.app import load_plan, make_service
    from cds.cli.calling import address, client_for, sentences
    from cds.cli.inspection import Inspected, inspect
    from cds.fhir.asking.client import FhirRecords
    from cds.hooks.callers.caller import ANONYMOUS
    from cds.service import Call
    from cds.terms.scope import load_scope

    server = address(chosen.url, settings)
    client, watched = client_for(settings, server, access_addresses(chosen))
    async with client:
        records = FhirRecords(client, allowed=(server,))
        service = replace(make_service(settings, load_plan(settings), records=records), deadline_s=chosen.deadline)
        scope = load_scope(settings.mappings, settings.mappings_overlay)
        with sentences(watched):
            token = await token_for(chosen, client, server)
            caller = replace(ANONYMOUS, fhir_servers=(server,))
            call = Call(chosen.patient, "", {}, server, token, caller=caller) if chosen.patient else None
            return await inspect(server, Inspected(client, watched, records, service, scope), call)
