"""What an installation says of itself, and the account that it keeps of what it told.

The middle part of :class:`cds.settings.Settings`; the rules that ask for it are told in docs/intervention.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cds.settings import readers
from cds.settings.calls import Calls, about


@dataclass(frozen=True, slots=True)
class Account(Calls):
    """Who answers for the rules that are used here, who paid for them, and where each call is written down."""

    developer: str = field(
        default="The Trialcards project",
        metadata=about(
            "Who wrote the rules out of the trials' criteria and answers for them, as `/api/about` tells it: your own "
            "name besides where you changed definitions or tables.",
            readers.one_line,
            "The Trialcards project",
        ),
    )
    funding: str | None = field(
        default=None,
        metadata=about(
            "Who paid for making and running this, as `/api/about` tells it (docs/intervention.md). Empty: it says "
            "that no source of funding was stated.",
            readers.one_line,
        ),
    )
    audit_log: Path | None = field(
        default=None,
        metadata=about(
            "File to which each call that sends something is written down, a line of JSON each: who called, which "
            "trials were told, by which rules; nothing else of the patient (docs/intervention.md). `-`: standard "
            "error, among the logs. Several processes may share a file on one machine. Empty: none.",
            Path,
        ),
    )
