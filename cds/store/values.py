"""What is kept between calls, as values. None of it names a patient or a clinician: both are keyed hashes.

A keyed hash reads ``key-id:hex`` (made in :mod:`cds.hooks.pseudonyms`); an empty one says that none could be made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Dismissal", "GivenFeedback", "Recorded", "Shown", "ToldCard", "TrialSummary"]


@dataclass(frozen=True, slots=True)
class ToldCard:
    """One card as it left: which trial it told, by which service, to whom (hashed), and on what findings (hashed)."""

    uuid: str
    nct_id: str
    service: str
    caller: str
    patient: str
    viewer: str
    told_at: dt.datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """What a clinician did with a card, at the moment the EHR gives, to the fraction of a second."""

    card: str
    outcome: str
    at: dt.datetime
    received_at: dt.datetime
    caller: str
    reason_system: str | None = None
    reason_code: str | None = None
    comment: str | None = None
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: new, sent before (nothing is counted twice), about cards that are not known here."""

    new: int = 0
    repeated: int = 0
    orphaned: int = 0


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A trial's card overridden for a patient: by whom, why, when, and on what findings it had been told."""

    nct_id: str
    patient: str
    viewer: str
    reason: str | None
    at: dt.datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A trial that was told to a viewer for a patient, and on what findings."""

    nct_id: str
    patient: str
    viewer: str
    told_at: dt.datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """How a trial's cards fared. Unanswered is no rejection: most EHRs send nothing for a card that is left alone."""

    nct_id: str
    told: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    unanswered: int = 0
