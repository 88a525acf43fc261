"""Cards and feedback to keep."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cds.store.values import GivenFeedback, ToldCard

NOW = dt.datetime(2026, 6, 15, 9, 0, 0, 123456, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def card(number: int = 1, **changes: Any) -> ToldCard:  # noqa: ANN401 - any part of a card
    given: dict[str, Any] = {
        "uuid": uuid(number),
        "nct_id": "NCT00000001",
        "service": "trialcards-patient-view",
        "caller": "ehr",
        "patient": "k1:aa",
        "viewer": "k1:bb",
        "told_at": NOW,
        "fingerprint": "k1:cc",
    }
    return ToldCard(**(given | changes))


def feedback(number: int = 1, **changes: Any) -> GivenFeedback:  # noqa: ANN401 - any part of a feedback
    given: dict[str, Any] = {
        "card": uuid(number),
        "outcome": "overridden",
        "at": NOW + HOUR,
        "received_at": NOW + HOUR,
        "caller": "ehr",
    }
    return GivenFeedback(**(given | changes))
