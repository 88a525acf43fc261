"""``trialcards hook``: plays the EHR, fires a hook at a CDS service, shows the cards and what is wrong with them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cds.cli.access import access_addresses, add_access, token_for
from cds.cli.exits import Exit
from cds.cli.words import Commands, command, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from cds.ehr.calling import Called, Event, Rehearsal, Signer
    from cds.ehr.conformance import Finding
    from cds.ehr.prefetch import Source
    from cds.ehr.templates import Scene

    Fired = tuple[tuple[Called, ...], tuple[Finding, ...]]

_ABOUT = (
    "Prefetch is filled in as the service's templates ask, from a FHIR server or from files; a template that is not "
    "bound to this patient, encounter or user is left out. Everything the service sends is held against CDS Hooks 2.0. "
    "Ends with 1 where an answer breaks it, or there is none."
)
_PAGES = {"all": 100, "first-page": 1}
_GRANT_S = 300


def add_to(commands: Commands) -> None:
    """Add the command."""
    made = command(commands, "hook", _hook, "play the EHR: fire a hook at a CDS service and show its cards", _ABOUT)
    _add_what(made)
    _add_chart(made)
    _add_proof(made)
    add_access(made)
    made.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, default=10.0, help="of each exchange (default: 10)"
    )
    made.add_argument("--json", action="store_true", help="print the answers as they came, with the findings, as JSON")


def _add_what(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--service", metavar="URL", required=True, help="base address of the CDS server, or address of one service")
    add("--id", metavar="ID", help="only the service with this id (default: every service of the hook)")
    hooks = ("patient-view", "order-select", "order-sign", "encounter-start", "encounter-discharge")
    add("--hook", choices=hooks, help="default: patient-view; with draft orders order-sign")
    add("--draft-orders", metavar="FILE", type=Path, help="Bundle or resources of the orders that are being written")
    add("--select", metavar="TYPE/ID", action="append", help="an order chosen just now (default: all of them)")


def _add_chart(made: argparse.ArgumentParser) -> None:
    source = made.add_mutually_exclusive_group()
    source.add_argument("--server", metavar="FHIR", help="base address of the FHIR server; the service is told of it")
    source.add_argument("--bundle", metavar="FILE", nargs="+", type=Path, help="take prefetch from files instead")
    add = made.add_argument
    add("--patient", metavar="ID", help="needed unless the files hold one patient")
    add(
        "--user",
        metavar="TYPE/ID",
        default="Practitioner/rehearsal",
        help="who looks (default: Practitioner/rehearsal)",
    )
    add("--encounter", metavar="ID", help="the encounter, where there is one")
    add(
        "--prefetch",
        choices=(*_PAGES, "none"),
        default="all",
        help="send whole search results (default), their first pages, or no prefetch at all",
    )
    add(
        "--tell-failures", action="store_true", help="send an OperationOutcome where a search failed, instead of no key"
    )


def _add_proof(made: argparse.ArgumentParser) -> None:
    proof = made.add_argument_group("who calls, proved to the service by a token (JWT) with every call")
    proof.add_argument("--issuer", metavar="URL", help="the token's iss, as the service lists it")
    proof.add_argument("--caller-key", metavar="FILE", type=Path, help="private key that signs it (JWK or PEM)")
    proof.add_argument("--jku", metavar="URL", help="where its public key is published, if it is")
    proof.add_argument("--tenant", metavar="NAME", help="the token's tenant, if the service asks for one")
    handed = made.add_argument_group("the FHIR server's token, handed to the service")
    handed.add_argument(
        "--send-token", action="store_true", help="send it as fhirAuthorization; think whom you give it"
    )
    handed.add_argument("--token-scope", metavar="SCOPES", help="what it permits; needed with --send-token")
    handed.add_argument("--token-subject", metavar="ID", help="the service's client id; needed with --send-token")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 600:  # noqa: PLR2004 - ten minutes
        raise argparse.ArgumentTypeError("must be a number of seconds, up to 600")
    return value


def _hook(chosen: argparse.Namespace) -> int:
    import asyncio

    from cds.cli.cards import as_json, show

    fired = asyncio.run(_fired(chosen))
    if chosen.json:
        write(as_json(*fired))
    else:
        show(*fired)
    called, findings = fired
    broken = any(each.weight.value == "must" for each in findings) or not all(each.conforms for each in called)
    return Exit.FAULTS if broken else Exit.OK


async def _fired(chosen: argparse.Namespace, network: httpx.AsyncBaseTransport | None = None) -> Fired:
    """Fire the hook; tests give the ``network``."""
    from dataclasses import replace

    from cds.ehr.discovery import read_address
    from cds.plugs import http_client
    from cds.settings import Settings

    address = read_address(chosen.service)
    address = replace(address, service_id=chosen.id or address.service_id)
    _check(chosen)
    resources = _resources(chosen.bundle or ())
    scene = _scene(chosen, resources)
    settings = Settings.read(os.environ)
    named = (address.base, *filter(None, [chosen.server]), *access_addresses(chosen))
    async with http_client(settings, network, named) as client:
        rehearsal = _rehearsal(chosen, client)
        token = await token_for(chosen, client, chosen.server) if chosen.server else None
        event = _event(chosen, scene, _grant(chosen, token))
        source = _source(chosen, rehearsal, token, resources)
        return await rehearsal.fire(address, event, source, tell_failures=chosen.tell_failures)


def _check(chosen: argparse.Namespace) -> None:
    """Refuse options that do not belong together; raise ``BadCall``."""
    from cds.errors import BadCall
    from cds.fhir.addresses import base_of

    hook = _hook_of(chosen)
    if bool(chosen.issuer) != bool(chosen.caller_key):
        raise BadCall("--issuer, --caller-key: go together")
    if chosen.send_token and not (chosen.server and chosen.token_scope and chosen.token_subject):
        raise BadCall("--send-token: needs --server, --token-scope and --token-subject")
    if hook.startswith("order-") != bool(chosen.draft_orders):
        raise BadCall("--draft-orders: is for order-select and order-sign, and needed there")
    if hook.startswith("encounter-") and not chosen.encounter:
        raise BadCall(f"--encounter: is needed for {hook}")
    if chosen.select and hook != "order-select":
        raise BadCall("--select: is for order-select")
    if chosen.server and base_of(chosen.server) is None:
        raise BadCall("--server: must be the base address of a FHIR server")


def _hook_of(chosen: argparse.Namespace) -> str:
    return chosen.hook or ("order-sign" if chosen.draft_orders else "patient-view")


def _resources(paths: Sequence[Path]) -> tuple[dict[str, Any], ...]:
    from cds.cli.files import read_resources

    return tuple(each for path in paths for each in read_resources(path) if isinstance(each, dict))


def _scene(chosen: argparse.Namespace, resources: tuple[dict[str, Any], ...]) -> Scene:
    from cds.ehr.from_files import only_patient
    from cds.ehr.templates import Scene
    from cds.errors import BadCall

    if not chosen.patient and not chosen.bundle:
        raise BadCall("--patient: is needed where no file names the patient")
    return Scene(chosen.patient or only_patient(resources), chosen.user, chosen.encounter)


def _rehearsal(chosen: argparse.Namespace, client: httpx.AsyncClient) -> Rehearsal:
    import logging

    from cds.app import RandomIds, SystemClock
    from cds.ehr.calling import Rehearsal
    from cds.ehr.exchange import Limits

    for name in ("httpx", "httpcore"):  # their log of requests would hold patients' ids
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = Limits(seconds=chosen.timeout)
    return Rehearsal(client, RandomIds().new, SystemClock().now, _signer(chosen), limits)


def _signer(chosen: argparse.Namespace) -> Signer | None:
    from cds.ehr.calling import Signer
    from cds.errors import BadSetting
    from cds.fhir.backend.keys import keys_in

    if not chosen.caller_key:
        return None
    keys = [key for key in keys_in([chosen.caller_key]) if key.signs]
    if not keys:
        raise BadSetting(f"{chosen.caller_key.name}: holds no private key")
    return Signer(chosen.issuer, keys[0], chosen.jku, chosen.tenant)


def _grant(chosen: argparse.Namespace, token: str | None) -> dict[str, Any] | None:
    """Give the ``fhirAuthorization`` (#passing-the-access-token-to-the-cds-service), where the person wants it sent."""
    from cds.errors import BadCall

    if not chosen.send_token:
        return None
    if token is None:
        raise BadCall("--send-token: there is no token to send; the FHIR server is asked without one")
    said = {"access_token": token, "token_type": "Bearer", "expires_in": _GRANT_S}
    said |= {"scope": chosen.token_scope, "subject": chosen.token_subject}
    return said | ({"patient": chosen.patient} if "patient/" in chosen.token_scope else {})


def _event(chosen: argparse.Namespace, scene: Scene, grant: dict[str, Any] | None) -> Event:
    from cds.ehr.calling import Event

    hook = _hook_of(chosen)
    context: dict[str, Any] = {}
    if chosen.draft_orders:
        orders = _resources([chosen.draft_orders])
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": each} for each in orders],
        }
        if hook == "order-select":
            named = [f"{each.get('resourceType')}/{each.get('id')}" for each in orders if each.get("id")]
            context["selections"] = chosen.select or named
    return Event(hook, scene, context, chosen.server, grant)


def _source(
    chosen: argparse.Namespace, rehearsal: Rehearsal, token: str | None, resources: tuple[dict[str, Any], ...]
) -> Source | None:
    from cds.ehr.from_files import FromFiles
    from cds.ehr.from_server import FromServer

    if chosen.prefetch == "none":
        return None
    if chosen.server:
        return FromServer(rehearsal.client, chosen.server, token, rehearsal.limits, _PAGES[chosen.prefetch])
    return FromFiles(resources) if chosen.bundle else None
