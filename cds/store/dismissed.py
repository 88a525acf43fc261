"""Which of the cards told for a patient stand as dismissed, after all that was said to each."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cds.store.values import Dismissal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row

__all__ = ["dismissals_in"]


def dismissals_in(rows: Iterable[Row[Any]]) -> tuple[Dismissal, ...]:
    """Give at most one dismissal per told card, by the last that was said to it.

    A wrong reason can be mended by the right one, and a card that was accepted after all is dismissed no more. An
    override without a reason takes none back: some EHRs send one when a chart is closed.
    """
    by_card: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_card[row.uuid].append(row)
    last = (_last(sorted(said, key=_order)) for said in by_card.values())
    return tuple(
        Dismissal(each.nct_id, each.patient, each.viewer, each.reason_code, _moment(each), each.fingerprint)
        for each in last
        if each is not None
    )


def _last(said: Sequence[Row[Any]]) -> Row[Any] | None:
    """Give the override that counts, if one does."""
    counts: Row[Any] | None = None
    for row in said:
        if row.outcome == "accepted":
            counts = None
        elif counts is None or counts.reason_code is None or row.reason_code is not None:
            counts = row
    return counts


def _moment(row: Row[Any]) -> dt.datetime:
    """Give when it was said; a moment that lies after its receipt is a wrong clock, and the receipt counts then."""
    moment: dt.datetime = min(row.at, row.received_at)
    return moment


def _order(row: Row[Any]) -> tuple[dt.datetime, dt.datetime, bool, str]:
    """Sort by moment and receipt; at the very same moment an acceptance comes last, so that the trial is told."""
    return _moment(row), row.received_at, row.outcome == "accepted", row.reason_code or ""
