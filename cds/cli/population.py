"""``trialcards population``: a whole population held against the trials."""

from __future__ import annotations

from cds.cli import bulk, screening
from cds.cli.words import Commands, group


def add_to(commands: Commands) -> None:
    """Add the commands about populations."""
    inner = group(commands, "population", "hold a whole population against the trials")
    screening.add_to(inner)
    bulk.add_to(inner)
