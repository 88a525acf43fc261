"""``trialcards trials changes``: what became of the imported trials since a day, as text, JSON or a feed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, remark, write

if TYPE_CHECKING:
    import argparse

_ABOUT = (
    "Status, title, phase, places, conditions, interventions, and the eligibility text line by line: one entry for "
    "each version of a record that `import` and `sync` brought in. The day is one of the site's (CDS_TIME_ZONE). Reads "
    "the database of CDS_STORE_URL; the ids of the feed hold the address of CDS_PUBLIC_URL."
)


def add_to(trials: Commands) -> None:
    """Add the command to those of ``trialcards trials``."""
    made = command(trials, "changes", _changes, "tell what changed in the trials since a day", _ABOUT)
    made.add_argument("--since", metavar="DAY", required=True, help="tell what came from this day on (YYYY-MM-DD)")
    made.add_argument(
        "--format", choices=("text", "json", "atom"), default="text", help="text (default), JSON, or an Atom feed"
    )


def _changes(chosen: argparse.Namespace) -> int:
    import json

    from cds.api.feedback import day_begins
    from cds.catalogue.reading import news_of
    from cds.cli.imported import imported
    from cds.settings import Settings
    from cds.trials.news import as_atom, as_json, as_text

    settings = Settings.read(os.environ)
    since = day_begins("since", chosen.since, settings.time_zone)
    with imported(settings) as studies:
        news = news_of(studies, since, remark)
    match chosen.format:
        case "json":
            write(json.dumps(as_json(news, since), indent=2))
        case "atom":
            write(as_atom(news, since, settings.public_url).rstrip("\n"))
        case _:
            write(as_text(news) or "Nothing changed.")
    return Exit.OK
