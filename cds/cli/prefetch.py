"""``trialcards prefetch``: what an EHR is asked to send along, ready to paste where discovery is not read."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, write

if TYPE_CHECKING:
    import argparse


def add_to(commands: Commands) -> None:
    """Add the command."""
    made = command(
        commands,
        "prefetch",
        _prefetch,
        "show the prefetch templates of a service, ready to paste",
        "They depend on the trials and tables of the settings. Every template keeps to what CDS Hooks 2.0.1 lets a "
        "service ask for.",
    )
    made.add_argument("--service", metavar="ID", help="the service's id (default: the first of CDS_SERVICES)")
    made.add_argument("--json", action="store_true", help="print the service's whole entry in discovery, as JSON")


def _prefetch(chosen: argparse.Namespace) -> int:
    from cds.app import load_plan
    from cds.errors import UnknownService
    from cds.fhir.searches import searches_for
    from cds.hooks.services import OFFERS, service_id
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    by_id = {each.id: each for each in OFFERS.values()}
    wanted = chosen.service or service_id(settings.services[0])
    if wanted not in by_id:
        raise UnknownService(f"{wanted}: there is no such service; there are {', '.join(by_id)}")
    plan = load_plan(settings).told(drafts=settings.show_drafts)
    templates = {each.key: each.template for each in searches_for(plan.needs, plan.vocabulary)}
    offer = by_id[wanted]
    if chosen.json:
        write(json.dumps(offer.entry(templates).model_dump(exclude_none=True), indent=2, ensure_ascii=False))
        return Exit.OK
    if offer.hook not in settings.services:
        write(f"# {wanted} is not switched on: CDS_SERVICES does not name {offer.hook}")
    widest = max(map(len, templates))
    for key, template in templates.items():
        write(f"{key:<{widest}}  {template}")
    return Exit.OK
