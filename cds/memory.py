"""What the site remembers of its cards: which were told, what was said to them, and which are not to be told again.

Remembering is never in the way of telling: where the store does not answer in time, cards go out as if nothing had been
dismissed, and that is counted. Without keys (``CDS_PSEUDONYM_KEYS``) no patient can be told from another, so nothing is
quieted; cards and feedback are then kept for the counts alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Self

from cds.circuit import Circuit
from cds.core.finding import CriterionFinding
from cds.core.trial import OFFERED
from cds.core.verdict import Standing, Verdict
from cds.errors import StoreDown
from cds.hooks.feedback import Feedback
from cds.hooks.pseudonyms import Pseudonyms
from cds.hooks.quiet import material, rule_of, still_quiet
from cds.hooks.reasons import OTHER_REASON, REASON_SYSTEM
from cds.hooks.topics import CLOSES, trial_in
from cds.hooks.wire import Card
from cds.ports import Ledger
from cds.store.values import Dismissal, GivenFeedback, Recorded, Shown, ToldCard
from cds.telemetry import event

__all__ = ["Grounds", "Memory", "Occasion", "Parties", "topic_of"]

_PATIENT, _VIEWER, _FINDINGS = "patient", "viewer", "findings"
_TELLABLE = {Standing.CANDIDATE, Standing.NEAR, Standing.POSSIBLE}


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose chart is open, and who looks: all keyed hashes they may be known by, the current key's first."""

    patients: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patients)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, to which caller, by which service and to whom cards may be told.

    ``orders``: it is about an order that would close a trial. That is another question than whether the trial is worth
    a look now, so only dismissals that hold for everyone answer it.
    """

    now: dt.datetime
    caller: str
    service: str
    parties: Parties = Parties()
    orders: bool = False


@dataclass(frozen=True, slots=True)
class Grounds:
    """What cards are told on, by trial; a card of several trials, or of none, is told on all that was found.

    Such a card is dismissed as what it is, not for its trials. ``silent`` are trials that could not be told anyway.
    What a card is told on is written down when it is asked for: most calls ask for a few trials, or for none.
    """

    found: Mapping[str, Sequence[CriterionFinding]]
    silent: frozenset[str]
    _written: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, verdicts: Sequence[Verdict], statuses: Collection[str] = OFFERED) -> Self:
        """Give the grounds; ``statuses`` are those of trials that are told."""
        return cls(
            {each.trial.nct_id: each.findings for each in verdicts if each.standing is not Standing.NOT_RELEVANT},
            frozenset(
                each.trial.nct_id
                for each in verdicts
                if each.standing not in _TELLABLE or not each.trial.offered(statuses)
            ),
        )

    def __bool__(self) -> bool:
        """Whether any trial is relevant: in most calls none is, and no ledger need be asked."""
        return bool(self.found)

    def on(self, topic: str) -> str:
        """Give what a card on this topic is told on."""
        name = trial_in(topic) or topic
        alone = self.found.get(name)
        place = "" if alone is None else name
        if place not in self._written:
            self._written[place] = material(chain.from_iterable(self.found.values()) if alone is None else alone)
        return self._written[place]


@dataclass(frozen=True, slots=True)
class Memory:
    """A ledger, the keys to read and write it with, and what the site has chosen.

    ``cool_down``: how long a trial that was told is not told again to the same clinician for the same patient on the
    same findings. ``patience_s``: how long a call waits for the ledger. One that did not answer is left alone by
    ``circuit`` for some seconds; feedback is always tried.
    """

    ledger: Ledger
    pseudonyms: Pseudonyms | None = None
    cool_down: dt.timedelta = dt.timedelta(0)
    keep_comments: bool = False
    patience_s: float = 0.5
    circuit: Circuit = field(default_factory=lambda: Circuit(failures=1, rest_s=5.0), repr=False, compare=False)

    def parties(self, place: Sequence[str], patient_id: str, viewer: str) -> Parties:
        """Say by which hashes a patient and a viewer are known.

        ``place`` is where their ids are from. Ids are unique nowhere else, so without a place nobody is known.
        """
        if self.pseudonyms is None or not any(place):
            return Parties()
        return Parties(
            self.pseudonyms.every(_PATIENT, *place, patient_id), self.pseudonyms.every(_VIEWER, *place, viewer)
        )

    async def quieted(self, occasion: Occasion, told: Grounds) -> frozenset[str] | None:
        """Give the topics (NCT numbers, mostly) that are not told to this viewer for this patient now.

        A reason that was given to the warning of an order is one about the trial, if it holds for everyone. ``None``:
        the ledger does not answer, so nothing is known of dismissals.
        """
        parties, now = occasion.parties, occasion.now
        if self.pseudonyms is None or not parties or not told:
            return frozenset()
        if self.circuit.open():
            return None
        shown: Sequence[Shown] = ()
        try:
            async with asyncio.timeout(self.patience_s):
                dismissed = await self.ledger.dismissals(parties.patients)
                if self.cool_down and not occasion.orders:
                    shown = await self.ledger.shown(parties.patients, parties.viewers, now - self.cool_down)
        except (StoreDown, TimeoutError):
            self.circuit.note(failed=True)
            event("the store does not answer: dismissals are not heeded")
            return None
        self.circuit.note(failed=False)
        quieted = {trial_in(each.nct_id) or each.nct_id for each in dismissed if self._silences(each, occasion, told)}
        quieted |= {each.nct_id for each in shown if not _of_orders(each.nct_id) and not self._news(each, told)}
        return frozenset(quieted - told.silent)

    def _silences(self, dismissed: Dismissal, occasion: Occasion, told: Grounds) -> bool:
        rule = rule_of(dismissed.reason, of_one_trial=trial_in(dismissed.nct_id) is not None)
        if (occasion.orders or _of_orders(dismissed.nct_id)) and not rule.for_all:
            return False
        same_viewer = dismissed.viewer in occasion.parties.viewers
        news = self._news(dismissed, told)
        return still_quiet(rule, dismissed.at, occasion.now, same_viewer=same_viewer, news=news)

    def _news(self, before: Dismissal | Shown, told: Grounds) -> bool:
        """Say whether the findings are others than those that a card was told on."""
        keys = self.pseudonyms
        return keys is None or not keys.same(before.fingerprint, _FINDINGS, before.nct_id, told.on(before.nct_id))

    async def keep(self, cards: Sequence[Card], told_on: Mapping[str, str], occasion: Occasion) -> bool:
        """Keep cards before they leave, so that whatever is said to them later is known to be about them.

        ``told_on`` gives what each is told on, by topic. Says whether they were kept.
        """
        if not cards:
            return True
        if self.circuit.open():
            return False
        rows = [self._row(each.uuid, topic_of(each), told_on, occasion) for each in cards if each.uuid is not None]
        try:
            async with asyncio.timeout(self.patience_s):
                await self.ledger.told(rows)
        except (StoreDown, TimeoutError):
            self.circuit.note(failed=True)
            event("the store does not answer: told cards are not kept", cards=len(cards))
            return False
        self.circuit.note(failed=False)
        return True

    def _row(self, uuid: str, topic: str, told_on: Mapping[str, str], occasion: Occasion) -> ToldCard:
        parties = occasion.parties
        return ToldCard(
            uuid=uuid,
            nct_id=topic,
            service=occasion.service,
            caller=occasion.caller,
            patient=parties.patients[0] if parties else "",
            viewer=parties.viewers[0] if parties else "",
            told_at=occasion.now,
            fingerprint=self.pseudonyms.current(_FINDINGS, topic, told_on[topic]) if self.pseudonyms else "",
        )

    async def hear(self, feedback: Sequence[Feedback], caller: str, now: dt.datetime) -> Recorded:
        """Keep what a caller tells of cards; raises ``StoreDown`` where it cannot be kept.

        What cannot be about a card of ours is counted as orphaned, and not kept.
        """
        given = [self._given(each, each.card, caller, now) for each in feedback if each.card is not None]
        recorded = await self.ledger.record(given)
        strays = len(feedback) - len(given)
        return Recorded(recorded.new, recorded.repeated, recorded.orphaned + strays)

    def _given(self, said: Feedback, card: str, caller: str, now: dt.datetime) -> GivenFeedback:
        return GivenFeedback(
            card=card,
            outcome=said.outcome,
            at=said.at,
            received_at=now,
            caller=caller,
            reason_system=REASON_SYSTEM if said.reason not in {None, OTHER_REASON} else None,
            reason_code=said.reason,
            comment=said.comment if self.keep_comments else None,
            accepted=said.accepted,
        )


def _of_orders(topic: str) -> bool:
    return topic.startswith(CLOSES)


def topic_of(card: Card) -> str:
    """Say what a card is about: the NCT number of its trial, or one of our own topics."""
    return card.source.topic.code if card.source.topic else ""
