"""The registry's records as the store keeps them, as values: one JSON document each, with what tells versions apart."""

from __future__ import annotations

import datetime as dt
import enum
import gzip
import hashlib
import zlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec

__all__ = ["Asked", "Became", "Head", "NewRecord", "SavedDraft", "StoredRecord", "new_record"]

_ORDERED: Final = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to keep. ``updated`` is the day of its last posting, or empty; ``packed`` its JSON, compressed."""

    nct_id: str
    updated: str
    sha256: str
    packed: bytes


def new_record(nct_id: str, updated: str, record: dict[str, Any]) -> NewRecord:
    """Make a record ready to be kept. Two are the same where they say the same, in whatever order.

    The day of the registry's own data set (``versionHolder``), which it writes anew into each record every working day,
    is no difference. Raises ``ValueError`` for a value that JSON cannot hold. Source: ``MiscInfoModule`` of the API v2.
    """
    try:
        body = _ORDERED.encode(record)
        told = _ORDERED.encode(_undated(record))
    except (TypeError, OverflowError, RecursionError, UnicodeEncodeError, msgspec.MsgspecError):
        raise ValueError("holds a value that cannot be kept") from None
    return NewRecord(nct_id, updated, hashlib.sha256(told).hexdigest(), gzip.compress(body, 6, mtime=0))


def _undated(record: dict[str, Any]) -> dict[str, Any]:
    derived = record.get("derivedSection")
    misc = derived.get("miscInfoModule") if isinstance(derived, dict) else None
    if not isinstance(derived, dict) or not isinstance(misc, dict) or "versionHolder" not in misc:
        return record
    left = {name: value for name, value in misc.items() if name != "versionHolder"}
    return {**record, "derivedSection": {**derived, "miscInfoModule": left}}


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One version of a trial's record: number 1 is the first that was seen, ``packed`` its JSON, compressed."""

    nct_id: str
    number: int
    sha256: str
    updated: str
    imported_at: dt.datetime
    packed: bytes

    @property
    def body(self) -> bytes:
        """Give the JSON document."""
        return gzip.decompress(self.packed)

    def record(self) -> dict[str, Any]:
        """Read the document; raise ``ValueError`` for one that is broken."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (OSError, EOFError, zlib.error, RecursionError, UnicodeDecodeError, msgspec.MsgspecError):
            raise ValueError("the stored record cannot be read") from None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a trial stands: its newest version, and when it was first seen, last changed, last seen, and found gone."""

    nct_id: str
    number: int
    sha256: str
    updated: str
    first_seen: dt.datetime
    changed_at: dt.datetime
    seen_at: dt.datetime
    gone_at: dt.datetime | None


class Became(enum.Enum):
    """What became of a record that came in."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    OLDER = "older"
    """It was posted before the one that is held, which stays."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was put to the registry: how far it came, and from which day on to ask again.

    ``page_token`` names the next page of one that was cut short. ``newest`` is the last posting among the records that
    came so far, and ``since`` the day found when all had come; both may be empty.
    """

    key: str
    query: str
    began_at: dt.datetime
    page_token: str | None = None
    taken: int = 0
    newest: str = ""
    since: str = ""
    finished_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """What was made by machine of one record, as JSON text, and with what: another fingerprint, and it is made anew."""

    nct_id: str
    record_sha256: str
    made_with: str
    text: str
