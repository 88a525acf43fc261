"""The tables as the code of today sees them; how a database gets there is in :mod:`cds.store.migrations`.

Moments are kept as whole microseconds since 1970 (UTC): exact, comparable, and the same in every database.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Moment(TypeDecorator[dt.datetime]):
    """A moment with its time zone, kept as a number."""

    impl = BigInteger  # type: ignore[mutable-override] # how SQLAlchemy documents it
    cache_ok = True  # type: ignore[mutable-override] # the same

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - SQLAlchemy's type
        """Give the microseconds of a moment."""
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401 - SQLAlchemy's type
        """Give the moment back, in UTC."""
        del dialect
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


METADATA = MetaData()

TOLD = Table(
    "told_cards",
    METADATA,
    Column("uuid", String(36), primary_key=True),
    Column("nct_id", String(32), nullable=False),
    Column("service", String(64), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("patient", String(96), nullable=False),
    Column("viewer", String(96), nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("fingerprint", String(96), nullable=False),
    Index("told_cards_patient", "patient"),
    Index("told_cards_told_at", "told_at"),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("card", String(36), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("caller", String(64), nullable=False),
    Column("reason_system", String(255)),
    Column("reason_code", String(64)),
    Column("comment", Text),
    Column("accepted", Text, nullable=False),
    Index("feedback_card", "card"),
    Index("feedback_received_at", "received_at"),
)

USED_TOKENS = Table(
    "used_tokens",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    Index("used_tokens_until", "until"),
)

# ------------------------------------------------------------------------------------------- the registry's own words

RECORDS = Table(
    "registry_records",
    METADATA,
    Column("nct_id", String(11), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("updated", String(10), nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("gone_at", Moment),
    Index("registry_records_changed_at", "changed_at"),
)
"""Where each trial stands: the number of its newest version, and when it was first, last and differently seen."""

VERSIONS = Table(
    "registry_versions",
    METADATA,
    Column("nct_id", String(11), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("updated", String(10), nullable=False),
    Column("imported_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Every version of every record, packed; number 1 is the first that was seen."""

QUERIES = Table(
    "registry_queries",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("query", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("page_token", Text),
    Column("taken", Integer, nullable=False),
    Column("newest", String(10), nullable=False),
    Column("since", String(10), nullable=False),
    Column("finished_at", Moment),
)
"""What was asked of the registry, how far it came, and from which day on it is to be asked again."""

DRAFTS = Table(
    "drafts",
    METADATA,
    Column("nct_id", String(11), primary_key=True),
    Column("record_sha256", String(64), nullable=False),
    Column("made_with", String(96), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What was made of each trial's newest record by machine, packed, and with what it was made."""
