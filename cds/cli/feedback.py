"""``trialcards feedback report``: how the cards fared, per trial, from the store."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, group, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from cds.settings import Settings


def add_to(commands: Commands) -> None:
    """Add the command."""
    parts = group(commands, "feedback", "what clinicians did with the cards")
    report = command(
        parts,
        "report",
        _report,
        "count the cards per trial: told, accepted, overridden by reason, unanswered",
        "Reads the database of CDS_STORE_URL; the cards of all callers are counted. Unanswered is no rejection: an EHR "
        "sends nothing for a card that is left alone.",
    )
    report.add_argument("--since", metavar="DAY", help="count cards told from this day on (YYYY-MM-DD)")
    report.add_argument("--until", metavar="DAY", help="count cards told up to this day")
    report.add_argument("--json", action="store_true", help="print JSON, as /api/feedback/summary answers")


def _report(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings

    document = asyncio.run(_document(Settings.read(os.environ), chosen.since, chosen.until))
    if chosen.json:
        write(json.dumps(document, indent=2))
    else:
        _show(document)
    return Exit.OK


async def _document(settings: Settings, since: str | None, until: str | None) -> dict[str, Any]:
    from cds.api.feedback import period, told_summary
    from cds.plugs import store_url
    from cds.store.store import Store

    first, end = period(since, until, settings.time_zone)
    store = Store.open(store_url(settings))
    try:
        return told_summary(await store.summary(first, end), since, until)
    finally:
        store.close()


def _show(document: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console(highlight=False)
    if not document["trials"]:
        out.print("No card was told in this time.")
        return
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    table.add_column("Trial", no_wrap=True)
    for name in ("Told", "Accepted", "Overridden", "Unanswered"):
        table.add_column(name, justify="right")
    table.add_column("Reasons", overflow="fold")
    for each in document["trials"]:
        reasons = ", ".join(f"{reason} {number}" for reason, number in each["reasons"].items())
        counts = (each["told"], each["accepted"], each["overridden"], each["unanswered"])
        table.add_row(each["topic"], *map(str, counts), reasons)
    out.print(table)
