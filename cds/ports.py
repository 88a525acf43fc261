"""What the use cases need of the world: the ports that the composition root plugs the real things into.

Each is a ``Protocol``: whoever has these methods will do, in tests a fake written by hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from cds.core.codes import Code
from cds.core.vocabulary import Meaning, Vocabulary
from cds.fhir.answer import Answer
from cds.fhir.searches import Search
from cds.store.records import SavedDraft
from cds.store.values import Dismissal, GivenFeedback, Recorded, Shown, ToldCard, TrialSummary
from cds.trials.study import Study

__all__ = ["Clock", "Drafter", "Ids", "Ledger", "Records", "Terminology"]


class Records(Protocol):
    """Where the rest of a patient's record is read from."""

    async def fetch(
        self, searches: Sequence[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Run searches for a patient, all under one deadline, and give each key's answer; a failure is an answer."""
        ...

    async def read(self, references: Sequence[str], *, server: str, token: str | None, deadline_s: float) -> Answer:
        """Read the Medications that entries refer to, as far as they are on this server; a failure is an answer."""
        ...


class Terminology(Protocol):
    """Where codes are asked about that the tables do not hold."""

    async def meanings(self, codes: Sequence[Code], vocabulary: Vocabulary) -> Mapping[Code, tuple[Meaning, ...]]:
        """Give what they mean, as far as that is sure, under a deadline of its own; a failure gives less."""
        ...


class Ledger(Protocol):
    """Where told cards, and what clinicians said to them, are kept. What a method has returned from is kept.

    Patients and viewers are keyed hashes. Every method raises ``StoreDown`` where the store does not answer.
    """

    async def told(self, cards: Sequence[ToldCard]) -> None:
        """Keep cards that are about to leave."""
        ...

    async def record(self, feedback: Sequence[GivenFeedback]) -> Recorded:
        """Keep a batch of feedback, whole or not at all, and say what of it is new."""
        ...

    async def dismissals(self, patients: Sequence[str]) -> Sequence[Dismissal]:
        """Give what was overridden for a patient, who may go by several hashes."""
        ...

    async def shown(self, patients: Sequence[str], viewers: Sequence[str], since: dt.datetime) -> Sequence[Shown]:
        """Give what was told to a viewer for a patient since a moment."""
        ...

    async def summary(
        self,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        caller: str | None = None,
        topic: str | None = None,
    ) -> Sequence[TrialSummary]:
        """Count per topic how the cards fared that were told in a time, to one caller or all, on one topic or all."""
        ...


class Drafter(Protocol):
    """What makes a draft of a registry record, by machine."""

    @property
    def made_with(self) -> str:
        """What tells its drafts from those of other tables or another version of the program."""
        ...

    def is_current(self, told: tuple[str, str] | None, sha256: str | None) -> bool:
        """Say whether a draft, told by its record's digest and by what made it, need not be made anew."""
        ...

    def made(self, study: Study, sha256: str, bad: Callable[[str], None]) -> SavedDraft | None:
        """Draft the record of this digest; nothing where that cannot be done, of which ``bad`` is told."""
        ...


class Clock(Protocol):
    """What time it is."""

    def now(self) -> dt.datetime:
        """Give this moment, with its time zone."""
        ...


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str:
        """Give a UUID that was never given before, in lower case."""
        ...
