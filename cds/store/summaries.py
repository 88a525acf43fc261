"""How the cards fared, counted per trial."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, select

from cds.store.tables import FEEDBACK, TOLD
from cds.store.values import TrialSummary

if TYPE_CHECKING:
    from sqlalchemy import Connection

NO_REASON: Final = "none"
"""Stands among the reasons for cards that were overridden without one."""


@dataclass(slots=True)
class _Fate:
    """What happened to one card, as far as it was told."""

    nct_id: str
    accepted: bool = False
    overridden: bool = False
    reason: str = NO_REASON
    last: dt.datetime | None = None


@dataclass(slots=True)
class _Count:
    told: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def summaries(
    connection: Connection,
    since: dt.datetime | None,
    until: dt.datetime | None,
    caller: str | None,
    topic: str | None = None,
) -> tuple[TrialSummary, ...]:
    """Count each told card once: accepted if ever, else overridden if ever (by its last reason), else unanswered.

    Of all cards, or of those told in a time, to one caller, or on one topic.
    """
    counts: defaultdict[str, _Count] = defaultdict(_Count)
    for fate in _fates(connection, since, until, caller, topic).values():
        count = counts[fate.nct_id]
        count.told += 1
        if fate.accepted:
            count.accepted += 1
        elif fate.overridden:
            count.overridden += 1
            count.reasons[fate.reason] += 1
    return tuple(_summary(nct_id, counts[nct_id]) for nct_id in sorted(counts))


def _fates(
    connection: Connection,
    since: dt.datetime | None,
    until: dt.datetime | None,
    caller: str | None,
    topic: str | None,
) -> dict[str, _Fate]:
    wanted = select(TOLD.c.uuid, TOLD.c.nct_id, FEEDBACK.c.outcome, FEEDBACK.c.at, FEEDBACK.c.reason_code)
    wanted = wanted.select_from(
        TOLD.outerjoin(FEEDBACK, and_(FEEDBACK.c.card == TOLD.c.uuid, FEEDBACK.c.caller == TOLD.c.caller))
    )
    if since is not None:
        wanted = wanted.where(TOLD.c.told_at >= since)
    if until is not None:
        wanted = wanted.where(TOLD.c.told_at < until)
    if caller is not None:
        wanted = wanted.where(TOLD.c.caller == caller)
    if topic is not None:
        wanted = wanted.where(TOLD.c.nct_id == topic)
    fates: dict[str, _Fate] = {}
    for row in connection.execute(wanted.execution_options(yield_per=1000)):
        _take(fates.setdefault(row.uuid, _Fate(row.nct_id)), row.outcome, row.at, row.reason_code)
    return fates


def _take(fate: _Fate, outcome: str | None, at: dt.datetime, reason: str | None) -> None:
    """Add one feedback to what is known of a card; of several reasons the last one said counts."""
    if outcome == "accepted":
        fate.accepted = True
    elif outcome is not None:
        fate.overridden = True
        if fate.last is None or at >= fate.last:
            fate.last, fate.reason = at, reason or NO_REASON


def _summary(nct_id: str, count: _Count) -> TrialSummary:
    unanswered = count.told - count.accepted - count.overridden
    reasons = dict(sorted(count.reasons.items()))
    return TrialSummary(nct_id, count.told, count.accepted, count.overridden, reasons, unanswered)
